"""The blocks of the residual networks: He et al., "Deep Residual Learning for Image Recognition", arXiv 1512.03385, Figure 5,
and the shortcuts of section 3.3. Shared by the networks for ImageNet (`resnet.py`) and for CIFAR (`resnet_cifar.py`).
"""

from typing import Literal

from torch import Tensor, nn
from torch.nn import functional as F

from archscope.zoo.layers import ConvBN

Shortcut = Literal["A", "B", "C"]
EPS = 1e-5


class ConvNorm(nn.Module):
    """Convolution without bias and batch normalisation, without ReLU: the last layer of a branch, and the projection shortcut."""

    def __init__(self, in_channels: int, out_channels: int, kernel: int, stride: int = 1, *, bias: bool = False) -> None:
        super().__init__()
        self.conv = nn.Conv2d(in_channels, out_channels, kernel, stride, kernel // 2, bias=bias)
        self.bn = nn.BatchNorm2d(out_channels, eps=EPS)

    def forward(self, x: Tensor) -> Tensor:
        return self.bn(self.conv(x))


class PaddedShortcut(nn.Module):
    """Option A: every `stride`-th pixel, and zeros for the channels that are missing. No parameters."""

    def __init__(self, in_channels: int, out_channels: int, stride: int) -> None:
        super().__init__()
        self.stride = stride
        self.missing = out_channels - in_channels

    def forward(self, x: Tensor) -> Tensor:
        x = x[:, :, :: self.stride, :: self.stride]
        return F.pad(x, (0, 0, 0, 0, 0, self.missing))


def shortcut(option: Shortcut, in_channels: int, out_channels: int, stride: int, *, bias: bool = False) -> nn.Module:
    """Sec. 3.3 and 4.1: A pads with zeros, B projects where the shape changes, C projects always; where it does not change, A
    and B pass x on.
    """
    changes = stride != 1 or in_channels != out_channels
    if option == "C" or (option == "B" and changes):
        return ConvNorm(in_channels, out_channels, 1, stride, bias=bias)
    return PaddedShortcut(in_channels, out_channels, stride) if changes else nn.Identity()


class BasicBlock(nn.Module):
    """Fig. 5, left: ReLU(shortcut(x) + 3x3(3x3(x))). B x in x H x W -> B x width x H/stride x W/stride.

    Arguments:
        option: of the shortcut; None for the plain twin, which has none.
    """

    expansion = 1

    def __init__(
        self,
        in_channels: int,
        width: int,
        stride: int,
        option: Shortcut | None,
        *,
        stride_in_1x1: bool = False,
        bias: bool = False,
    ) -> None:
        super().__init__()
        self.conv1 = ConvBN(in_channels, width, 3, stride, eps=EPS, bias=bias)
        self.conv2 = ConvNorm(width, width, 3, bias=bias)
        self.shortcut = None if option is None else shortcut(option, in_channels, width, stride, bias=bias)
        self.relu = nn.ReLU(inplace=True)

    def forward(self, x: Tensor) -> Tensor:
        residual = self.conv2(self.conv1(x))
        return self.relu(residual if self.shortcut is None else residual + self.shortcut(x))


class Bottleneck(nn.Module):
    """Fig. 5, right: 1x1 reduces, 3x3, 1x1 restores. B x in x H x W -> B x 4 width x H/stride x W/stride.

    Arguments:
        stride_in_1x1: the paper's networks (v1) stride in the first 1x1. v1.5 (torchvision, timm, NVIDIA) strides in the 3x3,
            which costs 6% more in ResNet-50 and is half a percent more accurate.
        bias: before every normalisation, as in Keras.
    """

    expansion = 4

    def __init__(
        self,
        in_channels: int,
        width: int,
        stride: int,
        option: Shortcut | None,
        *,
        stride_in_1x1: bool = True,
        bias: bool = False,
    ) -> None:
        super().__init__()
        first, second = (stride, 1) if stride_in_1x1 else (1, stride)
        self.conv1 = ConvBN(in_channels, width, 1, first, eps=EPS, bias=bias)
        self.conv2 = ConvBN(width, width, 3, second, eps=EPS, bias=bias)
        self.conv3 = ConvNorm(width, 4 * width, 1, bias=bias)
        self.shortcut = None if option is None else shortcut(option, in_channels, 4 * width, stride, bias=bias)
        self.relu = nn.ReLU(inplace=True)

    def forward(self, x: Tensor) -> Tensor:
        residual = self.conv3(self.conv2(self.conv1(x)))
        return self.relu(residual if self.shortcut is None else residual + self.shortcut(x))
