"""GoogLeNet, also called Inception-v1: Szegedy et al., "Going Deeper with Convolutions", arXiv 1409.4842, Table 1 and Figure 3;
and torchvision's network of that name. Sizes are height x width x channels for a 224x224 image.
"""

from typing import Literal, NamedTuple

import torch
from torch import Tensor, nn

from archscope.zoo import papers
from archscope.zoo.claims import googlenet as claims
from archscope.zoo.layers import Concat, ConvBN, ConvReLU, Outputs, initialise
from archscope.zoo.network import network


class Style(NamedTuple):
    """What sets the two networks apart.

    Attributes:
        conv: convolution, bias and ReLU in the paper; torchvision, after TF-slim, normalises every convolution.
        kernel5: of the "5x5" branch; 3 in torchvision, a mistake inherited from TF-slim (pytorch/vision#906).
        response_norm: the paper's two, in the stem.
        pool4: kernel of the pooling before 5a.
        aux_pool: 14x14 -> 4x4, in front of the auxiliary classifiers.
    """

    conv: type[ConvBN] | type[ConvReLU]
    kernel5: int
    response_norm: bool
    pool4: int
    aux_pool: type[nn.Module]


class PaperAuxPool(nn.AvgPool2d):
    """Sec. 5: 5x5/3, 14x14 -> 4x4."""

    def __init__(self) -> None:
        super().__init__(5, 3)


class AdaptiveAuxPool(nn.AdaptiveAvgPool2d):
    """torchvision's: any size -> 4x4."""

    def __init__(self) -> None:
        super().__init__(4)


PAPER = Style(ConvReLU, 5, True, 3, PaperAuxPool)
TORCHVISION = Style(ConvBN, 3, False, 2, AdaptiveAuxPool)


class Inception(Concat):
    """Fig. 2b: HxWxin -> HxWx(n1x1 + n3x3 + n5x5 + pool_proj). The numbers are those of a row of Table 1."""

    def __init__(
        self, style: Style, in_channels: int, n1x1: int, reduce3: int, n3x3: int, reduce5: int, n5x5: int, pool_proj: int
    ) -> None:
        conv = style.conv
        super().__init__(
            conv(in_channels, n1x1, 1),
            nn.Sequential(conv(in_channels, reduce3, 1), conv(reduce3, n3x3, 3)),
            nn.Sequential(conv(in_channels, reduce5, 1), conv(reduce5, n5x5, style.kernel5)),
            nn.Sequential(nn.MaxPool2d(3, 1, 1), conv(in_channels, pool_proj, 1)),
        )


class SeparableConv1(nn.Module):
    """The first convolution as Table 1 counts it (2.7K parameters, 34M operations): 7x7/2 depthwise, 8 maps per channel, then
    1x1.
    """

    def __init__(self, in_channels: int) -> None:
        super().__init__()
        self.depthwise = nn.Conv2d(in_channels, 8 * in_channels, 7, 2, 3, groups=in_channels, bias=False)
        self.pointwise = nn.Conv2d(8 * in_channels, 64, 1)
        self.relu = nn.ReLU(inplace=True)

    def forward(self, x: Tensor) -> Tensor:
        return self.relu(self.pointwise(self.depthwise(x)))


class Stem(nn.Sequential):
    """Table 1, rows 1 to 4: 224x224x3 -> 28x28x192."""

    def __init__(self, style: Style, in_channels: int, separable: bool) -> None:
        super().__init__()
        self.add_module("conv1", SeparableConv1(in_channels) if separable else style.conv(in_channels, 64, 7, 2))  # 112x112x64
        self.add_module("pool1", nn.MaxPool2d(3, 2, ceil_mode=True))  # 56x56x64
        if style.response_norm:
            self.add_module("norm1", nn.LocalResponseNorm(5, alpha=1e-4))
        self.add_module("conv2_reduce", style.conv(64, 64, 1))  # 56x56x64
        self.add_module("conv2", style.conv(64, 192, 3))  # 56x56x192
        if style.response_norm:
            self.add_module("norm2", nn.LocalResponseNorm(5, alpha=1e-4))
        self.add_module("pool2", nn.MaxPool2d(3, 2, ceil_mode=True))  # 28x28x192


class AuxiliaryHead(nn.Module):
    """Sec. 5: a classifier on 14x14xin, for training; its loss counts 0.3."""

    def __init__(self, style: Style, in_channels: int, num_classes: int) -> None:
        super().__init__()
        self.pool = style.aux_pool()
        self.conv = style.conv(in_channels, 128, 1)
        self.fc1 = nn.Linear(4 * 4 * 128, 1024)
        self.relu = nn.ReLU(inplace=True)
        self.dropout = nn.Dropout(0.7)
        self.fc2 = nn.Linear(1024, num_classes)

    def forward(self, x: Tensor) -> Tensor:
        x = self.conv(self.pool(x))  # 4x4x128
        x = self.relu(self.fc1(torch.flatten(x, 1)))  # 1024
        return self.fc2(self.dropout(x))


class GoogLeNet(nn.Module):
    """Table 1: B x in x 224 x 224 -> B x classes; with auxiliary heads on 4a and 4d, in training mode, `Outputs`."""

    def __init__(
        self, style: Style, num_classes: int, in_channels: int, dropout: float, aux_heads: bool, separable: bool = False
    ) -> None:
        super().__init__()
        self.stem = Stem(style, in_channels, separable)
        self.inception_3a = Inception(style, 192, 64, 96, 128, 16, 32, 32)
        self.inception_3b = Inception(style, 256, 128, 128, 192, 32, 96, 64)
        self.pool3 = nn.MaxPool2d(3, 2, ceil_mode=True)
        self.inception_4a = Inception(style, 480, 192, 96, 208, 16, 48, 64)
        self.aux1 = AuxiliaryHead(style, 512, num_classes) if aux_heads else None
        self.inception_4b = Inception(style, 512, 160, 112, 224, 24, 64, 64)
        self.inception_4c = Inception(style, 512, 128, 128, 256, 24, 64, 64)
        self.inception_4d = Inception(style, 512, 112, 144, 288, 32, 64, 64)
        self.aux2 = AuxiliaryHead(style, 528, num_classes) if aux_heads else None
        self.inception_4e = Inception(style, 528, 256, 160, 320, 32, 128, 128)
        self.pool4 = nn.MaxPool2d(style.pool4, 2, ceil_mode=True)
        self.inception_5a = Inception(style, 832, 256, 160, 320, 32, 128, 128)
        self.inception_5b = Inception(style, 832, 384, 192, 384, 48, 128, 128)
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.dropout = nn.Dropout(dropout)
        self.fc = nn.Linear(1024, num_classes)
        # the paper gives none; Glorot's with a small bias, as in the network's Caffe edition
        initialise(
            self, conv=nn.init.xavier_uniform_, linear=nn.init.xavier_uniform_, bias=0.2 if style.conv is ConvReLU else 0.0
        )

    def forward(self, x: Tensor) -> Tensor | Outputs:
        x = self.stem(x)  # 28x28x192
        x = self.inception_3a(x)  # 28x28x256
        x = self.inception_3b(x)  # 28x28x480
        x = self.inception_4a(self.pool3(x))  # 14x14x512
        aux = [self.aux1(x)] if self.aux1 is not None and self.training else []
        x = self.inception_4b(x)  # 14x14x512
        x = self.inception_4c(x)  # 14x14x512
        x = self.inception_4d(x)  # 14x14x528
        aux += [self.aux2(x)] if self.aux2 is not None and self.training else []
        x = self.inception_4e(x)  # 14x14x832
        x = self.inception_5a(self.pool4(x))  # 7x7x832
        x = self.inception_5b(x)  # 7x7x1024
        x = torch.flatten(self.pool(x), 1)  # 1024
        logits = self.fc(self.dropout(x))
        return Outputs(logits, tuple(aux)) if aux else logits


@network(
    "googlenet",
    aliases=("inception_v1", "v1", "inceptionv1", "googlenet_paper"),
    title="GoogLeNet (Inception-v1)",
    family="googlenet",
    paper=papers.GOOGLENET,
    input=(3, 224, 224),
    variant="the paper's: 5x5 branch, biases, response normalisation, without auxiliary heads",
    differs="no batch normalisation; two response normalisations in the stem; a 5x5 in the 5x5 branch",
    claims=claims.GOOGLENET,
)
def googlenet(
    num_classes: int = 1000,
    in_channels: int = 3,
    dropout: float = 0.4,
    aux_heads: bool = False,
    conv1: Literal["dense", "separable"] = "dense",
) -> GoogLeNet:
    """The paper's network. Its text has a dense first convolution, its Table 1 counts a separable one: `conv1`."""
    return GoogLeNet(PAPER, num_classes, in_channels, dropout, aux_heads, conv1 == "separable")


@network(
    "googlenet_torchvision",
    aliases=("googlenet_tv", "inception_v1_torchvision"),
    title="GoogLeNet (torchvision)",
    family="googlenet",
    paper=papers.GOOGLENET,
    input=(3, 224, 224),
    variant="torchvision's: batch normalisation, 3x3 in the 5x5 branch, without auxiliary heads",
    differs="batch normalisation everywhere, no response normalisation, 3x3 in the 5x5 branch, 2x2 pooling before 5a",
    claims=claims.GOOGLENET_TORCHVISION,
)
def googlenet_torchvision(
    num_classes: int = 1000,
    in_channels: int = 3,
    dropout: float = 0.2,
    aux_heads: bool = False,
    kernel5: Literal[3, 5] = 3,
) -> GoogLeNet:
    """What torchvision calls googlenet; `kernel5=5` is what it would be with the paper's 5x5 branch."""
    return GoogLeNet(TORCHVISION._replace(kernel5=kernel5), num_classes, in_channels, dropout, aux_heads)
