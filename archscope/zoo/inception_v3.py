"""Inception-v3: Szegedy et al., "Rethinking the Inception Architecture for Computer Vision", arXiv 1512.00567, as released
(TF-slim, torchvision, Keras agree). The paper's Table 1 outlines a relative with another stem; its filter banks were never
printed in the paper. Sizes are height x width x channels for a 299x299 image.
"""

import torch
from torch import Tensor, nn

from archscope.zoo import papers
from archscope.zoo.claims import inception_v3 as claims
from archscope.zoo.inception_parts import AuxiliaryHead, ReductionA, initialise_inception
from archscope.zoo.layers import VALID, Concat, ConvBN, Outputs
from archscope.zoo.network import network


def average_pool() -> nn.AvgPool2d:
    """3x3/1 that keeps the size.

    The padding counts in the average, as in torchvision; in the released TF-slim code it does not.
    """
    return nn.AvgPool2d(3, 1, 1)


class Stem(nn.Module):
    """299x299x3 -> 35x35x192."""

    def __init__(self, in_channels: int) -> None:
        super().__init__()
        self.conv1 = ConvBN(in_channels, 32, 3, 2, VALID)
        self.conv2 = ConvBN(32, 32, 3, 1, VALID)
        self.conv3 = ConvBN(32, 64, 3)
        self.pool1 = nn.MaxPool2d(3, 2)
        self.conv4 = ConvBN(64, 80, 1)
        self.conv5 = ConvBN(80, 192, 3, 1, VALID)
        self.pool2 = nn.MaxPool2d(3, 2)

    def forward(self, x: Tensor) -> Tensor:
        x = self.conv1(x)  # 149x149x32
        x = self.conv2(x)  # 147x147x32
        x = self.conv3(x)  # 147x147x64
        x = self.pool1(x)  # 73x73x64
        x = self.conv4(x)  # 73x73x80
        x = self.conv5(x)  # 71x71x192
        return self.pool2(x)  # 35x35x192


class InceptionA(Concat):
    """Fig. 5, with a 5x5 where the figure has two 3x3 (branch 2): 35x35xin -> 35x35x(224 + pool_channels)."""

    def __init__(self, in_channels: int, pool_channels: int) -> None:
        super().__init__(
            ConvBN(in_channels, 64, 1),
            nn.Sequential(ConvBN(in_channels, 48, 1), ConvBN(48, 64, 5)),
            nn.Sequential(ConvBN(in_channels, 64, 1), ConvBN(64, 96, 3), ConvBN(96, 96, 3)),
            nn.Sequential(average_pool(), ConvBN(in_channels, pool_channels, 1)),
        )


class InceptionB(Concat):
    """Fig. 6, n = 7: 17x17x768 -> 17x17x768. `width` is that of the convolutions inside the 7x7 branches."""

    def __init__(self, width: int) -> None:
        super().__init__(
            ConvBN(768, 192, 1),
            nn.Sequential(ConvBN(768, width, 1), ConvBN(width, width, (1, 7)), ConvBN(width, 192, (7, 1))),
            nn.Sequential(
                ConvBN(768, width, 1),
                ConvBN(width, width, (7, 1)),
                ConvBN(width, width, (1, 7)),
                ConvBN(width, width, (7, 1)),
                ConvBN(width, 192, (1, 7)),
            ),
            nn.Sequential(average_pool(), ConvBN(768, 192, 1)),
        )


class ReductionB(Concat):
    """17x17x768 -> 8x8x1280."""

    def __init__(self) -> None:
        super().__init__(
            nn.Sequential(ConvBN(768, 192, 1), ConvBN(192, 320, 3, 2, VALID)),
            nn.Sequential(ConvBN(768, 192, 1), ConvBN(192, 192, (1, 7)), ConvBN(192, 192, (7, 1)), ConvBN(192, 192, 3, 2, VALID)),
            nn.MaxPool2d(3, 2),
        )


class InceptionC(Concat):
    """Fig. 7: 8x8xin -> 8x8x2048."""

    def __init__(self, in_channels: int) -> None:
        super().__init__(
            ConvBN(in_channels, 320, 1),
            nn.Sequential(ConvBN(in_channels, 384, 1), Concat(ConvBN(384, 384, (1, 3)), ConvBN(384, 384, (3, 1)))),
            nn.Sequential(
                ConvBN(in_channels, 448, 1),
                ConvBN(448, 384, 3),
                Concat(ConvBN(384, 384, (1, 3)), ConvBN(384, 384, (3, 1))),
            ),
            nn.Sequential(average_pool(), ConvBN(in_channels, 192, 1)),
        )


class InceptionV3(nn.Module):
    """B x in x 299 x 299 -> B x classes; with its auxiliary head (Fig. 8), in training mode, `Outputs`.

    Arguments:
        dropout: share dropped before the classifier: 0.2 in the released code, 0.5 in torchvision, none in Keras; the paper says
            nothing.
    """

    def __init__(self, num_classes: int, in_channels: int, dropout: float, aux_heads: bool) -> None:
        super().__init__()
        self.stem = Stem(in_channels)
        self.inception_a = nn.Sequential(InceptionA(192, 32), InceptionA(256, 64), InceptionA(288, 64))
        self.reduction_a = ReductionA(288, k=64, l=96, m=96, n=384)
        self.inception_b = nn.Sequential(InceptionB(128), InceptionB(160), InceptionB(160), InceptionB(192))
        self.aux = AuxiliaryHead(768, num_classes) if aux_heads else None
        self.reduction_b = ReductionB()
        self.inception_c = nn.Sequential(InceptionC(1280), InceptionC(2048))
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.dropout = nn.Dropout(dropout)
        self.fc = nn.Linear(2048, num_classes)
        initialise_inception(self)

    def forward(self, x: Tensor) -> Tensor | Outputs:
        x = self.stem(x)  # 35x35x192
        x = self.inception_a(x)  # 35x35x288
        x = self.reduction_a(x)  # 17x17x768
        x = self.inception_b(x)  # 17x17x768
        aux = self.aux(x) if self.aux is not None and self.training else None
        x = self.reduction_b(x)  # 8x8x1280
        x = self.inception_c(x)  # 8x8x2048
        x = torch.flatten(self.pool(x), 1)  # 2048
        logits = self.fc(self.dropout(x))
        return logits if aux is None else Outputs(logits, (aux,))


@network(
    "inception_v3",
    aliases=("v3", "inceptionv3"),
    title="Inception-v3",
    family="inception",
    paper=papers.INCEPTION_V3,
    input=(3, 299, 299),
    variant="the released network, without auxiliary head",
    differs="3, 4 and 2 Inception modules at 35x35, 17x17 and 8x8; a plain stem of five convolutions and two poolings",
    claims=claims.INCEPTION_V3,
)
def inception_v3(num_classes: int = 1000, in_channels: int = 3, dropout: float = 0.2, aux_heads: bool = False) -> InceptionV3:
    """The network that TF-slim, torchvision and Keras share."""
    return InceptionV3(num_classes, in_channels, dropout, aux_heads)
