"""What Inception-v3, -v4 and the Inception-ResNets share.

The figures draw the branches of a module in no order that matters to "Filter concat"; here they stand as in the authors'
released code (TF-slim), whose weights fit. Its normalisations have no scale (gamma); here, as in every PyTorch port, they have
one.
"""

import torch
from torch import Tensor, nn

from archscope.zoo.layers import VALID, Concat, ConvBN, he_truncated_, initialise


class ReductionA(Concat):
    """Inception-v4, Fig. 7: 35x35 -> 17x17. k, l, m, n as in its Table 1; n + m + in_channels channels leave it."""

    def __init__(self, in_channels: int, k: int, l: int, m: int, n: int) -> None:  # noqa: E741
        super().__init__(
            ConvBN(in_channels, n, 3, 2, VALID),
            nn.Sequential(ConvBN(in_channels, k, 1), ConvBN(k, l, 3), ConvBN(l, m, 3, 2, VALID)),
            nn.MaxPool2d(3, 2),
        )


class StemV4(nn.Module):
    """Inception-v4, Fig. 3: 299x299x3 -> 35x35x384. The stem of Inception-v4 and of the paper's Inception-ResNet-v2.

    The figure leaves the stride 2 out of the last "3x3 Conv (192 V)", without which the sizes beside it do not come about. It
    factorises the 7x7 into 7x1, then 1x7; the released code into 1x7, then 7x1.

    Arguments:
        factors: "paper" or "released": the order of the two.
    """

    def __init__(self, in_channels: int, factors: str) -> None:
        super().__init__()
        first, second = ((1, 7), (7, 1)) if factors == "released" else ((7, 1), (1, 7))
        self.conv1 = ConvBN(in_channels, 32, 3, 2, VALID)
        self.conv2 = ConvBN(32, 32, 3, 1, VALID)
        self.conv3 = ConvBN(32, 64, 3)
        self.mixed1 = Concat(nn.MaxPool2d(3, 2), ConvBN(64, 96, 3, 2, VALID))
        self.mixed2 = Concat(
            nn.Sequential(ConvBN(160, 64, 1), ConvBN(64, 96, 3, 1, VALID)),
            nn.Sequential(ConvBN(160, 64, 1), ConvBN(64, 64, first), ConvBN(64, 64, second), ConvBN(64, 96, 3, 1, VALID)),
        )
        self.mixed3 = Concat(ConvBN(192, 192, 3, 2, VALID), nn.MaxPool2d(3, 2))

    def forward(self, x: Tensor) -> Tensor:
        x = self.conv1(x)  # 149x149x32
        x = self.conv2(x)  # 147x147x32
        x = self.conv3(x)  # 147x147x64
        x = self.mixed1(x)  # 73x73x160
        x = self.mixed2(x)  # 71x71x192
        return self.mixed3(x)  # 35x35x384


class AuxiliaryHead(nn.Module):
    """Inception-v3, Fig. 8, as released: B x in x 17 x 17 -> B x classes. For training; its loss counts 0.4 in the released code.

    The figure has a fully connected layer of 1024 where the released code has a 5x5 convolution of 768.
    """

    def __init__(self, in_channels: int, num_classes: int) -> None:
        super().__init__()
        self.pool = nn.AvgPool2d(5, 3)
        self.conv1 = ConvBN(in_channels, 128, 1)
        self.conv2 = ConvBN(128, 768, 5, 1, VALID)
        self.global_pool = nn.AdaptiveAvgPool2d(1)
        self.fc = nn.Linear(768, num_classes)

    def forward(self, x: Tensor) -> Tensor:
        x = self.pool(x)  # 5x5
        x = self.conv1(x)  # 5x5x128
        x = self.conv2(x)  # 1x1x768
        return self.fc(torch.flatten(self.global_pool(x), 1))


def initialise_inception(network: nn.Module) -> None:
    """Convolutions He, truncated, linear layers Glorot, biases 0: the released code's; the papers give no initialisation."""
    initialise(network, conv=he_truncated_, linear=nn.init.xavier_uniform_)
