"""Inception-ResNet-v1 and -v2: Szegedy, Ioffe, Vanhoucke and Alemi, "Inception-v4, Inception-ResNet and the Impact of Residual
Connections on Learning", arXiv 1602.07261, Figure 15. Sizes are height x width x channels for a 299x299 image.

What the world calls Inception-ResNet-v2 is the network that the authors released (TF-slim; Keras and timm have it too), not the
one of the paper's figures. `inception_resnet_v2` is the released one, `inception_resnet_v2_paper` the figures'; the comments say
each difference.
"""

from collections.abc import Iterable

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from archscope.zoo import papers
from archscope.zoo.claims import inception_resnet as claims
from archscope.zoo.inception_parts import AuxiliaryHead, ReductionA, StemV4, initialise_inception
from archscope.zoo.inception_resnet_blocks import (
    InceptionResNetA,
    InceptionResNetB,
    InceptionResNetC,
    Linear,
    ReductionB,
    ReleasedStem,
    Stem,
)
from archscope.zoo.layers import ConvBN, Outputs
from archscope.zoo.network import network


class InceptionResNet(nn.Module):
    """Fig. 15: B x in x 299 x 299 -> B x classes; with an auxiliary head, in training mode, `Outputs`.

    Arguments:
        a, b, c: the Inception-ResNet-A, -B and -C blocks.
        fc: the classifier on the pooled features.
        conv: a convolution before the pooling; only the released v2 has one.
        aux: a classifier on the output of the B blocks; only the released code has one.
    """

    def __init__(
        self,
        stem: nn.Module,
        a: Iterable[nn.Module],
        reduction_a: nn.Module,
        b: Iterable[nn.Module],
        reduction_b: nn.Module,
        c: Iterable[nn.Module],
        fc: nn.Module,
        *,
        dropout: float,
        conv: nn.Module | None = None,
        aux: nn.Module | None = None,
    ) -> None:
        super().__init__()
        self.stem = stem
        self.inception_resnet_a = nn.Sequential(*a)
        self.reduction_a = reduction_a
        self.inception_resnet_b = nn.Sequential(*b)
        self.aux = aux
        self.reduction_b = reduction_b
        self.inception_resnet_c = nn.Sequential(*c)
        self.conv = conv
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.dropout = nn.Dropout(dropout)
        self.fc = fc
        initialise_inception(self)

    def forward(self, x: Tensor) -> Tensor | Outputs:
        x = self.stem(x)  # 35x35
        x = self.inception_resnet_a(x)  # 35x35
        x = self.reduction_a(x)  # 17x17
        x = self.inception_resnet_b(x)  # 17x17
        aux = self.aux(x) if self.aux is not None and self.training else None
        x = self.reduction_b(x)  # 8x8
        x = self.inception_resnet_c(x)  # 8x8
        x = x if self.conv is None else self.conv(x)  # 8x8
        x = torch.flatten(self.pool(x), 1)
        logits = self.fc(self.dropout(x))
        return logits if aux is None else Outputs(logits, (aux,))


def scales(residual_scale: float | None) -> tuple[float, float, float]:
    """The scale in the A, B and C blocks: the one given, or those of the released code ("between 0.1 and 0.3", sec. 3.3)."""
    return (0.17, 0.10, 0.20) if residual_scale is None else (residual_scale,) * 3


@network(
    "inception_resnet_v1",
    aliases=("irv1", "inceptionresnetv1", "inception_resnet_v1_paper"),
    title="Inception-ResNet-v1",
    family="inception-resnet",
    paper=papers.INCEPTION_V4,
    input=(3, 299, 299),
    variant="the paper's, Figures 10 to 15: 5, 10 and 5 blocks, linear 1x1 with bias",
    differs="narrower blocks than v2 and a stem of its own; costs about as much as Inception-v3",
    claims=claims.INCEPTION_RESNET_V1,
)
def inception_resnet_v1(
    num_classes: int = 1000,
    in_channels: int = 3,
    dropout: float = 0.2,
    residual_scale: float | None = None,
    linear: Linear = "bias",
) -> InceptionResNet:
    """The paper's network; nobody released it."""
    a, b, c = scales(residual_scale)
    return InceptionResNet(
        Stem(in_channels),  # 35x35x256
        (InceptionResNetA(256, 32, 32, a, linear) for _ in range(5)),
        ReductionA(256, k=192, l=192, m=256, n=384),  # 17x17x896
        (InceptionResNetB(896, 128, 128, b, linear) for _ in range(10)),
        ReductionB(896, 256, 256, 256),  # 8x8x1792
        (InceptionResNetC(1792, 192, 192, c, linear) for _ in range(5)),
        nn.Linear(1792, num_classes),
        dropout=dropout,
    )


class FaceEmbedding(nn.Module):
    """B x in -> B x width: a linear layer without bias, batch normalisation, and each row scaled to length 1."""

    def __init__(self, in_features: int, width: int) -> None:
        super().__init__()
        self.linear = nn.Linear(in_features, width, bias=False)
        self.bn = nn.BatchNorm1d(width, eps=1e-3)

    def forward(self, x: Tensor) -> Tensor:
        return F.normalize(self.bn(self.linear(x)))


@network(
    "inception_resnet_v1_facenet",
    aliases=("irv1_facenet", "facenet"),
    title="Inception-ResNet-v1 (FaceNet)",
    family="inception-resnet",
    paper=papers.INCEPTION_V4,
    year=2017,
    input=(3, 160, 160),
    variant="D. Sandberg's facenet: a sixth C block without ReLU, a face embedding of length 1 instead of classes, 160x160",
    differs="the network in wide use for faces; its blocks are inception_resnet_v1's",
    claims=claims.INCEPTION_RESNET_V1_FACENET,
)
def inception_resnet_v1_facenet(
    width: int = 512, in_channels: int = 3, dropout: float = 0.6, residual_scale: float | None = None
) -> InceptionResNet:
    """`width` is that of the embedding: 512, or 128 in facenet's first releases."""
    a, b, c = scales(residual_scale)
    return InceptionResNet(
        Stem(in_channels),  # 17x17x256 (at 160x160)
        (InceptionResNetA(256, 32, 32, a) for _ in range(5)),
        ReductionA(256, k=192, l=192, m=256, n=384),  # 8x8x896
        (InceptionResNetB(896, 128, 128, b) for _ in range(10)),
        ReductionB(896, 256, 256, 256),  # 3x3x1792
        [*(InceptionResNetC(1792, 192, 192, c) for _ in range(5)), InceptionResNetC(1792, 192, 192, 1.0, relu=False)],
        FaceEmbedding(1792, width),
        dropout=dropout,
    )


@network(
    "inception_resnet_v2",
    aliases=("irv2", "inceptionresnetv2"),
    title="Inception-ResNet-v2",
    family="inception-resnet",
    paper=papers.INCEPTION_V4,
    input=(3, 299, 299),
    variant="the released network (TF-slim, Keras, timm): 10, 20 and 10 blocks, without auxiliary head",
    differs="twice the blocks of the figures, Inception-v3's stem instead of Inception-v4's, a 1x1 convolution of 1536 last",
    claims=claims.INCEPTION_RESNET_V2,
)
def inception_resnet_v2(
    num_classes: int = 1000,
    in_channels: int = 3,
    dropout: float = 0.2,
    residual_scale: float | None = None,
    aux_heads: bool = False,
    linear: Linear = "bias",
    width: float = 1.0,
) -> InceptionResNet:
    """The authors' released network. The last C block has scale 1 and no ReLU.

    Arguments:
        width: factor of the channels that the reductions add to the 320 of the stem: 1088 and 2080 become 512 and 760 with 0.25,
            all below the 1,000 filters from which on the paper saw residual networks die (sec. 3.3).
    """
    a, b, c = scales(residual_scale)
    n, first, second, third = (max(1, round(channels * width)) for channels in (384, 384, 288, 320))
    middle = 320 + 2 * n  # 1088
    wide = middle + first + second + third  # 2080
    last = InceptionResNetC(wide, 224, 256, 1.0, linear, relu=False)
    return InceptionResNet(
        ReleasedStem(in_channels),  # 35x35x320; the figures: 384
        (InceptionResNetA(320, 48, 64, a, linear) for _ in range(10)),  # the figures: 5
        ReductionA(320, k=256, l=256, m=n, n=n),  # 17x17x1088
        (InceptionResNetB(middle, 160, 192, b, linear) for _ in range(20)),  # the figures: 10
        ReductionB(middle, second, 288, third, first),  # 8x8x2080
        [*(InceptionResNetC(wide, 224, 256, c, linear) for _ in range(9)), last],  # the figures: 5
        nn.Linear(1536, num_classes),
        dropout=dropout,
        conv=ConvBN(wide, 1536, 1),  # 8x8x1536; not in the figures
        aux=AuxiliaryHead(middle, num_classes) if aux_heads else None,
    )


@network(
    "inception_resnet_v2_paper",
    aliases=("irv2_paper",),
    title="Inception-ResNet-v2 (figures)",
    family="inception-resnet",
    paper=papers.INCEPTION_V4,
    input=(3, 299, 299),
    variant="the paper's figures 3, 7 and 15 to 19: 5, 10 and 5 blocks on Inception-v4's stem, widths 1152 and 2144",
    differs="half the blocks of the released network and Inception-v4's stem",
    claims=claims.INCEPTION_RESNET_V2_PAPER,
)
def inception_resnet_v2_paper(
    num_classes: int = 1000,
    in_channels: int = 3,
    dropout: float = 0.2,
    residual_scale: float | None = None,
    linear: Linear = "bias",
) -> InceptionResNet:
    """Figures 17 and 19 print linear convolutions of 1154 and 2048, to which nothing can be added: x has 1152 and 2144
    channels there.
    """
    a, b, c = scales(residual_scale)
    return InceptionResNet(
        StemV4(in_channels, "paper"),  # 35x35x384
        (InceptionResNetA(384, 48, 64, a, linear) for _ in range(5)),
        ReductionA(384, k=256, l=256, m=384, n=384),  # 17x17x1152
        (InceptionResNetB(1152, 160, 192, b, linear) for _ in range(10)),
        ReductionB(1152, 288, 288, 320),  # 8x8x2144
        (InceptionResNetC(2144, 224, 256, c, linear) for _ in range(5)),
        nn.Linear(2144, num_classes),
        dropout=dropout,
    )
