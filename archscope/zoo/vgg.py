"""VGG: Simonyan and Zisserman, "Very Deep Convolutional Networks for Large-Scale Image Recognition", arXiv 1409.1556, Table 1.
Sizes are height x width x channels for a 224x224 image.
"""

from typing import NamedTuple

import torch
from torch import Tensor, nn

from archscope.zoo import papers
from archscope.zoo.claims import vgg as claims
from archscope.zoo.layers import initialise
from archscope.zoo.network import network

WIDTHS = (64, 128, 256, 512, 512)


class Config(NamedTuple):
    """A column of Table 1: its letter, the kernels of each of the five blocks, and whether the first convolution is
    normalised (A-LRN).
    """

    letter: str
    kernels: tuple[tuple[int, ...], ...]
    response_norm: bool = False


A = Config("A", ((3,), (3,), (3, 3), (3, 3), (3, 3)))
A_LRN = Config("A-LRN", A.kernels, response_norm=True)
B = Config("B", ((3, 3), (3, 3), (3, 3), (3, 3), (3, 3)))
C = Config("C", ((3, 3), (3, 3), (3, 3, 1), (3, 3, 1), (3, 3, 1)))
D = Config("D", ((3, 3), (3, 3), (3, 3, 3), (3, 3, 3), (3, 3, 3)))
E = Config("E", ((3, 3), (3, 3), (3, 3, 3, 3), (3, 3, 3, 3), (3, 3, 3, 3)))

NOTES = {"A-LRN": " with response normalisation", "C": " with 1x1 convolutions"}


class Conv(nn.Module):
    """Convolution with bias, ReLU; between them batch normalisation where `batch_norm`: B x in x H x W -> B x out x H x W."""

    def __init__(self, in_channels: int, out_channels: int, kernel: int, batch_norm: bool) -> None:
        super().__init__()
        self.conv = nn.Conv2d(in_channels, out_channels, kernel, padding=kernel // 2)
        if batch_norm:
            self.bn = nn.BatchNorm2d(out_channels)
        self.relu = nn.ReLU(inplace=True)

    def forward(self, x: Tensor) -> Tensor:
        for layer in self.children():
            x = layer(x)
        return x


class VGG(nn.Module):
    """B x in x 224 x 224 -> B x classes.

    Arguments:
        batch_norm: after every convolution, as torchvision's `_bn` networks have it; the paper is older than batch normalisation.
    """

    def __init__(self, config: Config, batch_norm: bool, num_classes: int, in_channels: int, dropout: float) -> None:
        super().__init__()
        self.block1, self.block2, self.block3, self.block4, self.block5 = _blocks(config, batch_norm, in_channels)
        # changes nothing at 224x224; torchvision's way of letting other sizes through
        self.resize = nn.AdaptiveAvgPool2d(7)
        self.fc6 = nn.Linear(7 * 7 * 512, 4096)
        self.relu6 = nn.ReLU(inplace=True)
        self.dropout6 = nn.Dropout(dropout)
        self.fc7 = nn.Linear(4096, 4096)
        self.relu7 = nn.ReLU(inplace=True)
        self.dropout7 = nn.Dropout(dropout)
        self.fc8 = nn.Linear(4096, num_classes)
        # Glorot's, with which the deep configurations train from scratch (sec. 3.1); the authors first grew them from a trained A
        initialise(self, conv=nn.init.xavier_normal_, linear=nn.init.xavier_normal_)

    def forward(self, x: Tensor) -> Tensor:
        x = self.block1(x)  # 112x112x64
        x = self.block2(x)  # 56x56x128
        x = self.block3(x)  # 28x28x256
        x = self.block4(x)  # 14x14x512
        x = self.block5(x)  # 7x7x512
        x = torch.flatten(self.resize(x), 1)  # 25088
        x = self.dropout6(self.relu6(self.fc6(x)))  # 4096
        x = self.dropout7(self.relu7(self.fc7(x)))  # 4096
        return self.fc8(x)


def _blocks(config: Config, batch_norm: bool, in_channels: int) -> list[nn.Sequential]:
    """The five columns of convolutions, a 2x2 pooling after each."""
    blocks = []
    for width, kernels in zip(WIDTHS, config.kernels, strict=True):
        convs = [
            Conv(before, width, kernel, batch_norm)
            for before, kernel in zip((in_channels, width, width, width), kernels, strict=False)
        ]
        blocks.append(nn.Sequential(*convs, nn.MaxPool2d(2, 2)))
        in_channels = width
    if config.response_norm:
        # "the parameters are those of" AlexNet (sec. 2.2)
        blocks[0].insert(1, nn.LocalResponseNorm(5, alpha=5 * 1e-4, beta=0.75, k=2.0))
    return blocks


def _register(name: str, config: Config, aliases: tuple[str, ...] = (), *, batch_norm: bool = False, differs: str = "") -> None:
    layers = sum(map(len, config.kernels)) + 3
    added = "after every convolution" if batch_norm else ""

    def build(num_classes: int = 1000, in_channels: int = 3, dropout: float = 0.5) -> VGG:
        return VGG(config, batch_norm, num_classes, in_channels, dropout)

    network(
        name,
        aliases=aliases,
        title=f"VGG-{layers}{NOTES.get(config.letter, '')}{' with batch normalisation' if batch_norm else ''}",
        family="vgg",
        paper=papers.VGG,
        input=(3, 224, 224),
        variant=f"configuration {config.letter}" + (f", batch normalisation {added} (not in the paper)" if batch_norm else ""),
        differs=differs or f"{layers - 3} convolutions, {', '.join(str(len(block)) for block in config.kernels)} to a block",
        claims=claims.VGG.get(name, ()),
    )(build)


_register("vgg11", A, ("vgg_11", "vgg_a"))
_register("vgg11_lrn", A_LRN, ("vgg_a_lrn",), differs="vgg11 with one response normalisation after its first convolution")
_register("vgg13", B, ("vgg_13", "vgg_b"))
_register("vgg16_1x1", C, ("vgg_c", "vgg16_c"), differs="vgg16 with 1x1 in place of 3x3 at the end of blocks 3, 4 and 5")
_register("vgg16", D, ("vgg_16", "vgg_d"))
_register("vgg19", E, ("vgg_19", "vgg_e"))
_register("vgg11_bn", A, ("vgg_11_bn",), batch_norm=True)
_register("vgg13_bn", B, ("vgg_13_bn",), batch_norm=True)
_register("vgg16_bn", D, ("vgg_16_bn",), batch_norm=True)
_register("vgg19_bn", E, ("vgg_19_bn",), batch_norm=True)
