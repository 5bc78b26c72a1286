"""Pieces that several families share. Shapes are batch first, channels second."""

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor, nn

Size = int | tuple[int, int]
SAME = None  # the output has the size of the input divided by the stride: an odd kernel k is padded by k // 2 on every side
VALID = 0  # no padding; marked "V" in the figures of the Inception papers


class Outputs(NamedTuple):
    """What a network with auxiliary classifiers returns in training mode: B x classes each.

    In eval mode it returns `logits` alone.
    """

    logits: Tensor
    aux: tuple[Tensor, ...]


def same_padding(kernel: Size) -> tuple[int, int]:
    """Padding that keeps the size at stride 1: 3 -> (1, 1), (1, 7) -> (0, 3)."""
    height, width = kernel if isinstance(kernel, tuple) else (kernel, kernel)
    return height // 2, width // 2


class ConvBN(nn.Module):
    """Convolution without bias, batch normalisation, ReLU: B x in x H x W -> B x out x H/stride x W/stride.

    Arguments:
        kernel: k or (height, width).
        padding: SAME (the default, as in the figures of the Inception papers) or VALID, or a number of pixels.
        eps: of the normalisation; 1e-3 in all Inceptions, 1e-5 in ResNets.
        bias: a bias before the normalisation, where an implementation has one (it changes nothing that the network can compute).
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel: Size,
        stride: int = 1,
        padding: Size | None = SAME,
        *,
        eps: float = 1e-3,
        bias: bool = False,
    ) -> None:
        super().__init__()
        pixels = same_padding(kernel) if padding is None else padding
        self.conv = nn.Conv2d(in_channels, out_channels, kernel, stride, pixels, bias=bias)
        self.bn = nn.BatchNorm2d(out_channels, eps=eps)
        self.relu = nn.ReLU(inplace=True)

    def forward(self, x: Tensor) -> Tensor:
        return self.relu(self.bn(self.conv(x)))


class ConvReLU(nn.Module):
    """Convolution with bias, ReLU, as before batch normalisation: B x in x H x W -> B x out x H/stride x W/stride."""

    def __init__(
        self, in_channels: int, out_channels: int, kernel: Size, stride: int = 1, padding: Size | None = SAME, *, groups: int = 1
    ) -> None:
        super().__init__()
        pixels = same_padding(kernel) if padding is None else padding
        self.conv = nn.Conv2d(in_channels, out_channels, kernel, stride, pixels, groups=groups)
        self.relu = nn.ReLU(inplace=True)

    def forward(self, x: Tensor) -> Tensor:
        return self.relu(self.conv(x))


class Concat(nn.Module):
    """Runs its branches, branch1, branch2 ..., on the same input and concatenates their outputs along the channels."""

    def __init__(self, *branches: nn.Module) -> None:
        super().__init__()
        for number, branch in enumerate(branches, 1):
            self.add_module(f"branch{number}", branch)

    def forward(self, x: Tensor) -> Tensor:
        return torch.cat([branch(x) for branch in self.children()], 1)


Init = Callable[[Tensor], object]


def initialise(network: nn.Module, *, conv: Init, linear: Init, bias: float = 0.0) -> None:
    """Draws the weights of every convolution and linear layer and sets their biases; normalisations start as the identity.

    On the meta device there is nothing to draw, and it returns at once.
    """
    if next(network.parameters()).is_meta:
        return
    for module in network.modules():
        if isinstance(module, nn.Conv2d | nn.Linear):
            (conv if isinstance(module, nn.Conv2d) else linear)(module.weight)
            if module.bias is not None:
                nn.init.constant_(module.bias, bias)


def he_truncated_(weight: Tensor) -> Tensor:
    """He et al. 2015 by fan-in, truncated at two standard deviations: `variance_scaling_initializer` of the Inceptions'
    released code.
    """
    fan_in = weight[0].numel()
    std = (2.0 / fan_in) ** 0.5 / 0.87962566103423978  # the deviation of a normal distribution that is cut at two deviations
    return nn.init.trunc_normal_(weight, std=std, a=-2 * std, b=2 * std)


def he_fan_out_(weight: Tensor) -> Tensor:
    """He et al. 2015, "Delving Deep into Rectifiers", eq. 14: normal, variance 2 / (kernel area x output channels)."""
    return nn.init.kaiming_normal_(weight, mode="fan_out", nonlinearity="relu")
