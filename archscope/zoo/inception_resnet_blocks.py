"""The blocks of Inception-ResNet-v1 and -v2: Szegedy, Ioffe, Vanhoucke and Alemi, arXiv 1602.07261, Figures 10 to 20.
`inception_resnet.py` puts them together. Sizes are height x width x channels for a 299x299 image.
"""

from typing import Literal

from torch import Tensor, nn

from archscope.zoo.layers import VALID, Concat, ConvBN

Linear = Literal["bias", "bn", "bare"]


class Residual(nn.Module):
    """Fig. 20: ReLU(x + scale * linear(branches(x))), same shape out as in.

    Arguments:
        branches: what Inception does to x.
        width: channels that leave the branches.
        channels: channels of x, restored by the linear 1x1 convolution.
        linear: that convolution is followed by nothing: with a bias as in the released code ("bias"), batch-normalised ("bn"),
            or "bare". The paper normalises "the traditional layers, but not the summations" and leaves this open.
        relu: False only in the last block of the released networks.
    """

    def __init__(
        self, branches: Concat, width: int, channels: int, scale: float, linear: Linear = "bias", relu: bool = True
    ) -> None:
        super().__init__()
        self.scale = scale
        self.branches = branches
        conv = nn.Conv2d(width, channels, 1, bias=linear == "bias")
        self.linear = nn.Sequential(conv, nn.BatchNorm2d(channels, eps=1e-3)) if linear == "bn" else conv
        self.relu = nn.ReLU(inplace=True) if relu else nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        return self.relu(x + self.scale * self.linear(self.branches(x)))

    def extra_repr(self) -> str:
        """The scale, which no child shows."""
        return f"scale={self.scale}"


class InceptionResNetA(Residual):
    """Fig. 10 (v1: widths 32, 32) and Fig. 16 (v2: 48, 64), at 35x35."""

    def __init__(self, channels: int, middle: int, last: int, scale: float, linear: Linear = "bias") -> None:
        branches = Concat(
            ConvBN(channels, 32, 1),
            nn.Sequential(ConvBN(channels, 32, 1), ConvBN(32, 32, 3)),
            nn.Sequential(ConvBN(channels, 32, 1), ConvBN(32, middle, 3), ConvBN(middle, last, 3)),
        )
        super().__init__(branches, 32 + 32 + last, channels, scale, linear)


class InceptionResNetB(Residual):
    """Fig. 11 (v1: widths 128, 128) and Fig. 17 (v2: 160, 192), at 17x17."""

    def __init__(self, channels: int, middle: int, last: int, scale: float, linear: Linear = "bias") -> None:
        branches = Concat(
            ConvBN(channels, last, 1),
            nn.Sequential(ConvBN(channels, 128, 1), ConvBN(128, middle, (1, 7)), ConvBN(middle, last, (7, 1))),
        )
        super().__init__(branches, 2 * last, channels, scale, linear)


class InceptionResNetC(Residual):
    """Fig. 13 (v1: widths 192, 192) and Fig. 19 (v2: 224, 256), at 8x8."""

    def __init__(self, channels: int, middle: int, last: int, scale: float, linear: Linear = "bias", relu: bool = True) -> None:
        branches = Concat(
            ConvBN(channels, 192, 1),
            nn.Sequential(ConvBN(channels, 192, 1), ConvBN(192, middle, (1, 3)), ConvBN(middle, last, (3, 1))),
        )
        super().__init__(branches, 192 + last, channels, scale, linear, relu)


class ReductionB(Concat):
    """Fig. 12 (v1: widths 256, 256, 256) and Fig. 18 (v2: 288, 288, 320): 17x17xin -> 8x8x(384 + n + m + in).

    Fig. 18's caption says "the wider Inception-ResNet-v1 network"; it is v2's.
    """

    def __init__(self, in_channels: int, n: int, k: int, m: int, first: int = 384) -> None:
        super().__init__(
            nn.Sequential(ConvBN(in_channels, 256, 1), ConvBN(256, first, 3, 2, VALID)),
            nn.Sequential(ConvBN(in_channels, 256, 1), ConvBN(256, n, 3, 2, VALID)),
            nn.Sequential(ConvBN(in_channels, 256, 1), ConvBN(256, k, 3), ConvBN(k, m, 3, 2, VALID)),
            nn.MaxPool2d(3, 2),
        )


class Stem(nn.Sequential):
    """Fig. 14, the stem of Inception-ResNet-v1: 299x299x3 -> 35x35x256.

    Inception-v3's, with a convolution for the last pooling.
    """

    def __init__(self, in_channels: int) -> None:
        super().__init__(
            ConvBN(in_channels, 32, 3, 2, VALID),  # 149x149x32
            ConvBN(32, 32, 3, 1, VALID),  # 147x147x32
            ConvBN(32, 64, 3),  # 147x147x64
            nn.MaxPool2d(3, 2),  # 73x73x64
            ConvBN(64, 80, 1),  # 73x73x80
            ConvBN(80, 192, 3, 1, VALID),  # 71x71x192
            ConvBN(192, 256, 3, 2, VALID),  # 35x35x256
        )


class ReleasedStem(nn.Sequential):
    """The stem of the released Inception-ResNet-v2: 299x299x3 -> 35x35x320.

    Inception-v3's and one Inception module ("Mixed_5b").
    """

    def __init__(self, in_channels: int) -> None:
        super().__init__(
            ConvBN(in_channels, 32, 3, 2, VALID),  # 149x149x32
            ConvBN(32, 32, 3, 1, VALID),  # 147x147x32
            ConvBN(32, 64, 3),  # 147x147x64
            nn.MaxPool2d(3, 2),  # 73x73x64
            ConvBN(64, 80, 1),  # 73x73x80
            ConvBN(80, 192, 3, 1, VALID),  # 71x71x192
            nn.MaxPool2d(3, 2),  # 35x35x192
            InceptionA(),  # 35x35x320
        )


class InceptionA(Concat):
    """ "Mixed_5b" of the released Inception-ResNet-v2: 35x35x192 -> 35x35x320."""

    def __init__(self) -> None:
        super().__init__(
            ConvBN(192, 96, 1),
            nn.Sequential(ConvBN(192, 48, 1), ConvBN(48, 64, 5)),
            nn.Sequential(ConvBN(192, 64, 1), ConvBN(64, 96, 3), ConvBN(96, 96, 3)),
            nn.Sequential(nn.AvgPool2d(3, 1, 1, count_include_pad=False), ConvBN(192, 64, 1)),
        )
