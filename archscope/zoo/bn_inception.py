"""BN-Inception: Ioffe and Szegedy, "Batch Normalization: Accelerating Deep Network Training by Reducing Internal Covariate
Shift", arXiv 1502.03167, Figure 5. Often called Inception-v2, though the Inception-v3 paper uses that name for another network.
Sizes are height x width x channels for a 224x224 image.
"""

from collections.abc import Callable
from functools import partial
from typing import Literal

import torch
from torch import Tensor, nn

from archscope.zoo import papers
from archscope.zoo.claims import bn_inception as claims
from archscope.zoo.layers import Concat, ConvBN, he_truncated_, initialise
from archscope.zoo.network import network

Conv = Callable[..., ConvBN]


class SeparableConv1(nn.Module):
    """ "convolution*" of Fig. 5: 7x7/2 depthwise with 8 maps per channel, then 1x1: 224x224x3 -> 112x112x64."""

    def __init__(self, in_channels: int) -> None:
        super().__init__()
        self.depthwise = nn.Conv2d(in_channels, 8 * in_channels, 7, 2, 3, groups=in_channels, bias=False)
        self.pointwise = ConvBN(8 * in_channels, 64, 1)

    def forward(self, x: Tensor) -> Tensor:
        return self.pointwise(self.depthwise(x))


class Inception(Concat):
    """A row of Fig. 5: HxWxin -> HxWx(n1x1 + n3x3 + double3 + pool_proj), the double branch being two 3x3 in a row."""

    def __init__(
        self,
        conv: Conv,
        in_channels: int,
        n1x1: int,
        reduce3: int,
        n3x3: int,
        reduce_double: int,
        double3: int,
        pool: nn.Module,
        pool_proj: int,
    ) -> None:
        super().__init__(
            conv(in_channels, n1x1, 1),
            nn.Sequential(conv(in_channels, reduce3, 1), conv(reduce3, n3x3, 3)),
            nn.Sequential(conv(in_channels, reduce_double, 1), conv(reduce_double, double3, 3), conv(double3, double3, 3)),
            nn.Sequential(pool, conv(in_channels, pool_proj, 1)),
        )


class Reduction(Concat):
    """Rows 3c and 4e of Fig. 5: HxWxin -> H/2xW/2x(n3x3 + double3 + in). The pooled input passes through."""

    def __init__(self, conv: Conv, in_channels: int, reduce3: int, n3x3: int, reduce_double: int, double3: int) -> None:
        super().__init__(
            nn.Sequential(conv(in_channels, reduce3, 1), conv(reduce3, n3x3, 3, 2)),
            nn.Sequential(conv(in_channels, reduce_double, 1), conv(reduce_double, double3, 3), conv(double3, double3, 3, 2)),
            nn.MaxPool2d(3, 2, ceil_mode=True),
        )


class BNInception(nn.Module):
    """Fig. 5: B x in x 224 x 224 -> B x classes.

    Arguments:
        pool_proj: of 4c and 4d. The figure prints 128, but also 576 channels for what leaves them, which takes 96: the authors'
            released code has 96; the Caffe edition has 128, and 608 channels.
        separable: the first convolution as in the figure; the Caffe edition has a dense 7x7.
        conv: the normalised convolution; the Caffe edition's has a bias, and another eps.
        pad_counts: whether the padding enters the average of a pooling.
    """

    def __init__(
        self, num_classes: int, in_channels: int, dropout: float, pool_proj: int, separable: bool, conv: Conv, pad_counts: bool
    ) -> None:
        super().__init__()

        def average() -> nn.AvgPool2d:
            return nn.AvgPool2d(3, 1, 1, ceil_mode=True, count_include_pad=pad_counts)

        wide = 480 + pool_proj  # 576 or 608: what leaves 4c (160 + 160 + 160) and 4d (96 + 192 + 192)
        self.conv1 = SeparableConv1(in_channels) if separable else conv(in_channels, 64, 7, 2)
        self.pool1 = nn.MaxPool2d(3, 2, ceil_mode=True)
        self.conv2_reduce = conv(64, 64, 1)
        self.conv2 = conv(64, 192, 3)
        self.pool2 = nn.MaxPool2d(3, 2, ceil_mode=True)
        self.inception_3a = Inception(conv, 192, 64, 64, 64, 64, 96, average(), 32)
        self.inception_3b = Inception(conv, 256, 64, 64, 96, 64, 96, average(), 64)
        self.inception_3c = Reduction(conv, 320, 128, 160, 64, 96)
        self.inception_4a = Inception(conv, 576, 224, 64, 96, 96, 128, average(), 128)
        self.inception_4b = Inception(conv, 576, 192, 96, 128, 96, 128, average(), 128)
        self.inception_4c = Inception(conv, 576, 160, 128, 160, 128, 160, average(), pool_proj)
        self.inception_4d = Inception(conv, wide, 96, 128, 192, 160, 192, average(), pool_proj)
        self.inception_4e = Reduction(conv, wide, 128, 192, 192, 256)
        self.inception_5a = Inception(conv, wide + 448, 352, 192, 320, 160, 224, average(), 128)
        self.inception_5b = Inception(conv, 1024, 352, 192, 320, 192, 224, nn.MaxPool2d(3, 1, 1), 128)
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.dropout = nn.Dropout(dropout)
        self.fc = nn.Linear(1024, num_classes)
        initialise(self, conv=he_truncated_, linear=nn.init.xavier_uniform_)

    def forward(self, x: Tensor) -> Tensor:
        x = self.pool1(self.conv1(x))  # 56x56x64
        x = self.pool2(self.conv2(self.conv2_reduce(x)))  # 28x28x192
        x = self.inception_3a(x)  # 28x28x256
        x = self.inception_3b(x)  # 28x28x320
        x = self.inception_3c(x)  # 14x14x576
        x = self.inception_4a(x)  # 14x14x576
        x = self.inception_4b(x)  # 14x14x576
        x = self.inception_4c(x)  # 14x14x576 (Caffe: 608)
        x = self.inception_4d(x)  # 14x14x576 (Caffe: 608)
        x = self.inception_4e(x)  # 7x7x1024 (Caffe: 1056)
        x = self.inception_5a(x)  # 7x7x1024
        x = self.inception_5b(x)  # 7x7x1024
        x = torch.flatten(self.pool(x), 1)  # 1024
        return self.fc(self.dropout(x))


@network(
    "bn_inception",
    aliases=("inception_v2", "v2", "inceptionv2", "bninception", "googlenet_bn"),
    title="BN-Inception (Inception-v2)",
    family="googlenet",
    paper=papers.BN_INCEPTION,
    input=(3, 224, 224),
    variant="the paper's Figure 5: separable first convolution, pool projection 96 in 4c and 4d as released",
    differs="GoogLeNet with two 3x3 for each 5x5, normalisation everywhere, and strided modules instead of poolings",
    claims=claims.BN_INCEPTION,
)
def bn_inception(
    num_classes: int = 1000,
    in_channels: int = 3,
    dropout: float = 0.0,
    pool_proj: Literal[96, 128] = 96,
    conv1: Literal["separable", "dense"] = "separable",
) -> BNInception:
    """The paper's network, its contradiction resolved as the authors' released code (TF-slim inception_v2) does."""
    return BNInception(num_classes, in_channels, dropout, pool_proj, conv1 == "separable", ConvBN, pad_counts=False)


@network(
    "bn_inception_caffe",
    aliases=("bninception_caffe", "inception_v2_caffe"),
    title="BN-Inception (Caffe)",
    family="googlenet",
    paper=papers.BN_INCEPTION,
    input=(3, 224, 224),
    variant="the Caffe edition (Cadene's bninception): dense first convolution, pool projection 128, biased convolutions",
    differs="7x7 dense instead of separable, 608 channels out of 4c and 4d instead of 576, a bias before every normalisation",
    claims=claims.BN_INCEPTION_CAFFE,
)
def bn_inception_caffe(num_classes: int = 1000, in_channels: int = 3, dropout: float = 0.0) -> BNInception:
    """The edition whose weights are in wide use."""
    conv = partial(ConvBN, eps=1e-5, bias=True)
    return BNInception(num_classes, in_channels, dropout, 128, separable=False, conv=conv, pad_counts=True)
