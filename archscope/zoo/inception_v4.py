"""Inception-v4: Szegedy, Ioffe, Vanhoucke and Alemi, "Inception-v4, Inception-ResNet and the Impact of Residual Connections on
Learning", arXiv 1602.07261, Figures 3 to 9. Sizes are height x width x channels for a 299x299 image; every convolution is
followed by batch normalisation and ReLU, and padded to keep its size unless VALID.
"""

from typing import Literal

import torch
from torch import Tensor, nn

from archscope.zoo import papers
from archscope.zoo.claims import inception_v4 as claims
from archscope.zoo.inception_parts import AuxiliaryHead, ReductionA, StemV4, initialise_inception
from archscope.zoo.layers import VALID, Concat, ConvBN, Outputs
from archscope.zoo.network import network

Factors = Literal["released", "paper"]


def average_pool() -> nn.AvgPool2d:
    """3x3/1 that keeps the size; pixels of the padding do not enter the average."""
    return nn.AvgPool2d(3, 1, 1, count_include_pad=False)


class InceptionA(Concat):
    """Fig. 4: 35x35x384 -> 35x35x384."""

    def __init__(self) -> None:
        super().__init__(
            ConvBN(384, 96, 1),
            nn.Sequential(ConvBN(384, 64, 1), ConvBN(64, 96, 3)),
            nn.Sequential(ConvBN(384, 64, 1), ConvBN(64, 96, 3), ConvBN(96, 96, 3)),
            nn.Sequential(average_pool(), ConvBN(384, 96, 1)),
        )


class InceptionB(Concat):
    """Fig. 5: 17x17x1024 -> 17x17x1024. The figure prints 1x7 twice in the shorter branch; the second is 7x1 in all code."""

    def __init__(self, factors: Factors) -> None:
        first, second = ((7, 1), (1, 7)) if factors == "released" else ((1, 7), (7, 1))
        super().__init__(
            ConvBN(1024, 384, 1),
            nn.Sequential(ConvBN(1024, 192, 1), ConvBN(192, 224, (1, 7)), ConvBN(224, 256, (7, 1))),
            nn.Sequential(
                ConvBN(1024, 192, 1),
                ConvBN(192, 192, first),
                ConvBN(192, 224, second),
                ConvBN(224, 224, first),
                ConvBN(224, 256, second),
            ),
            nn.Sequential(average_pool(), ConvBN(1024, 128, 1)),
        )


class ReductionB(Concat):
    """Fig. 8: 17x17x1024 -> 8x8x1536."""

    def __init__(self) -> None:
        super().__init__(
            nn.Sequential(ConvBN(1024, 192, 1), ConvBN(192, 192, 3, 2, VALID)),
            nn.Sequential(
                ConvBN(1024, 256, 1), ConvBN(256, 256, (1, 7)), ConvBN(256, 320, (7, 1)), ConvBN(320, 320, 3, 2, VALID)
            ),
            nn.MaxPool2d(3, 2),
        )


class InceptionC(Concat):
    """Fig. 6: 8x8x1536 -> 8x8x1536."""

    def __init__(self, factors: Factors) -> None:
        first, second = ((3, 1), (1, 3)) if factors == "released" else ((1, 3), (3, 1))
        super().__init__(
            ConvBN(1536, 256, 1),
            nn.Sequential(ConvBN(1536, 384, 1), Concat(ConvBN(384, 256, (1, 3)), ConvBN(384, 256, (3, 1)))),
            nn.Sequential(
                ConvBN(1536, 384, 1),
                ConvBN(384, 448, first),
                ConvBN(448, 512, second),
                Concat(ConvBN(512, 256, (1, 3)), ConvBN(512, 256, (3, 1))),
            ),
            nn.Sequential(average_pool(), ConvBN(1536, 256, 1)),
        )


class InceptionV4(nn.Module):
    """Fig. 9: B x in x 299 x 299 -> B x classes; with auxiliary heads, in training mode, `Outputs`.

    Arguments:
        dropout: share dropped before the classifier (the paper keeps 0.8).
        aux_heads: the classifier that the released code puts after the last Inception-B; Fig. 9 has none.
        factors: order of the factorised convolutions in the stem, Inception-B and Inception-C. The released code, and so every
            set of weights, has 1x7 and 7x1 (3x1 and 1x3) the other way round than Figures 3, 5 and 6; sizes and counts are the
            same.
    """

    def __init__(self, num_classes: int, in_channels: int, dropout: float, aux_heads: bool, factors: Factors) -> None:
        super().__init__()
        self.stem = StemV4(in_channels, factors)
        self.inception_a = nn.Sequential(*(InceptionA() for _ in range(4)))
        self.reduction_a = ReductionA(384, k=192, l=224, m=256, n=384)
        self.inception_b = nn.Sequential(*(InceptionB(factors) for _ in range(7)))
        self.aux = AuxiliaryHead(1024, num_classes) if aux_heads else None
        self.reduction_b = ReductionB()
        self.inception_c = nn.Sequential(*(InceptionC(factors) for _ in range(3)))
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.dropout = nn.Dropout(dropout)
        self.fc = nn.Linear(1536, num_classes)
        initialise_inception(self)

    def forward(self, x: Tensor) -> Tensor | Outputs:
        x = self.stem(x)  # 35x35x384
        x = self.inception_a(x)  # 35x35x384
        x = self.reduction_a(x)  # 17x17x1024
        x = self.inception_b(x)  # 17x17x1024
        aux = self.aux(x) if self.aux is not None and self.training else None
        x = self.reduction_b(x)  # 8x8x1536
        x = self.inception_c(x)  # 8x8x1536
        x = torch.flatten(self.pool(x), 1)  # 1536
        logits = self.fc(self.dropout(x))
        return logits if aux is None else Outputs(logits, (aux,))


@network(
    "inception_v4",
    aliases=("v4", "inceptionv4"),
    title="Inception-v4",
    family="inception",
    paper=papers.INCEPTION_V4,
    input=(3, 299, 299),
    variant="the paper's, Figures 3 to 9, without auxiliary head",
    differs="4, 7 and 3 Inception modules and no residual connections; its stem is that of the paper's Inception-ResNet-v2",
    claims=claims.INCEPTION_V4,
)
def inception_v4(
    num_classes: int = 1000, in_channels: int = 3, dropout: float = 0.2, aux_heads: bool = False, factors: Factors = "released"
) -> InceptionV4:
    """The paper's network."""
    return InceptionV4(num_classes, in_channels, dropout, aux_heads, factors)
