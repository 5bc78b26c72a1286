"""LeNet-5: LeCun, Bottou, Bengio and Haffner, "Gradient-Based Learning Applied to Document Recognition", Proc. IEEE 86(11),
1998, section II-B, Figure 2 and Table I; and the dense network that goes by its name today. Sizes are height x width x channels
for a 32x32 image.
"""

from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from archscope.zoo import papers
from archscope.zoo.claims import lenet as claims
from archscope.zoo.lenet_digits import BITMAPS
from archscope.zoo.network import network

# Table I: the S2 maps that each of the 16 C3 maps sees
C3_TABLE = (
    (0, 1, 2), (1, 2, 3), (2, 3, 4), (3, 4, 5), (0, 4, 5), (0, 1, 5),
    (0, 1, 2, 3), (1, 2, 3, 4), (2, 3, 4, 5), (0, 3, 4, 5), (0, 1, 4, 5), (0, 1, 2, 5),
    (0, 1, 3, 4), (1, 2, 4, 5), (0, 2, 3, 5),
    (0, 1, 2, 3, 4, 5),
)  # fmt: skip


class Squash(nn.Module):
    """Eq. 6 and appendix A: f(a) = 1.7159 tanh(2a/3), so that f(1) = 1 and f(-1) = -1."""

    def forward(self, x: Tensor) -> Tensor:
        return 1.7159 * torch.tanh(x * (2 / 3))


class Subsampling(nn.Module):
    """S2 and S4: B x C x H x W -> B x C x H/2 x W/2.

    Each 2x2 window is added, multiplied by one coefficient per map, plus one bias per map.
    """

    def __init__(self, maps: int) -> None:
        super().__init__()
        self.coefficient = nn.Parameter(torch.empty(maps, 1, 1))
        self.bias = nn.Parameter(torch.zeros(maps, 1, 1))

    def forward(self, x: Tensor) -> Tensor:
        window_sum = F.avg_pool2d(x, 2, divisor_override=1)
        return window_sum * self.coefficient + self.bias


class TableConv2d(nn.Module):
    """C3: B x 6 x H x W -> B x 16 x H-4 x W-4. Each map is a 5x5 convolution of the maps that `table` gives it, and of no other.

    Maps with as many inputs stand side by side in the table; each such run is one grouped convolution, a map to a group.
    """

    def __init__(self, table: tuple[tuple[int, ...], ...], kernel: int) -> None:
        super().__init__()
        self.table = table
        self.sizes = tuple(dict.fromkeys(map(len, table)))
        for size in self.sizes:
            maps = sum(len(row) == size for row in table)
            self.register_parameter(f"weight{size}", nn.Parameter(torch.empty(maps, size, kernel, kernel)))
        self.bias = nn.Parameter(torch.zeros(len(table)))

    def forward(self, x: Tensor) -> Tensor:
        maps = x.split(1, dim=1)
        outputs = []
        for size in self.sizes:
            seen = torch.cat([maps[i] for row in self.table if len(row) == size for i in row], 1)
            weight = self.get_parameter(f"weight{size}")
            outputs.append(F.conv2d(seen, weight, groups=len(weight)))
        return torch.cat(outputs, 1) + self.bias[:, None, None]


class RBF(nn.Module):
    """Eq. 7: B x 84 -> B x 10, the squared Euclidean distance of F6 to each digit's code. The nearest is the answer: the
    *smallest* output.

    The codes are fixed: "stylized images of the corresponding character class drawn on a 7x12 bitmap" (Fig. 3), -1 and +1. The
    bitmaps here are our own, in the manner of the figure.
    """

    codes: Tensor

    def __init__(self) -> None:
        super().__init__()
        ink = [[1.0 if pixel == "#" else -1.0 for row in digit for pixel in row] for digit in BITMAPS]
        self.register_buffer("codes", torch.tensor(ink))

    def forward(self, x: Tensor) -> Tensor:
        offset = x[:, None] - self.codes[None]
        return (offset * offset).sum(2)


class LeNet5(nn.Module):
    """The network of 1998: B x in x 32 x 32 -> B x 10 distances. Pixels are -0.1 for the background and 1.175 for ink.

    60,000 trainable.
    """

    def __init__(self, in_channels: int) -> None:
        super().__init__()
        self.C1 = nn.Conv2d(in_channels, 6, 5)
        self.squash1 = Squash()
        self.S2 = Subsampling(6)
        self.squash2 = Squash()
        self.C3 = TableConv2d(C3_TABLE, 5)
        self.squash3 = Squash()
        self.S4 = Subsampling(16)
        self.squash4 = Squash()
        self.C5 = nn.Conv2d(16, 120, 5)
        self.squash5 = Squash()
        self.F6 = nn.Linear(120, 84)
        self.squash6 = Squash()
        self.output = RBF()
        self._initialise()

    def forward(self, x: Tensor) -> Tensor:
        x = self.squash1(self.C1(x))  # 28x28x6
        x = self.squash2(self.S2(x))  # 14x14x6
        x = self.squash3(self.C3(x))  # 10x10x16
        x = self.squash4(self.S4(x))  # 5x5x16
        x = self.squash5(self.C5(x))  # 1x1x120
        x = self.squash6(self.F6(torch.flatten(x, 1)))  # 84
        return self.output(x)  # 10

    def _initialise(self) -> None:
        """Appendix A: uniform between -2.4/F and 2.4/F, F being the inputs of the unit."""
        if self.F6.weight.is_meta:
            return
        for name, values in self.named_parameters():
            if name.endswith("bias"):
                nn.init.zeros_(values)
            else:
                inputs = 4 if name.endswith("coefficient") else values[0].numel()
                nn.init.uniform_(values, -2.4 / inputs, 2.4 / inputs)


class DenseLeNet5(nn.Module):
    """The network that is called LeNet-5 today: C3 sees every map, subsampling has no parameters, a linear layer gives the
    classes.

    Arguments:
        activation: "tanh" with average pooling, as near to 1998 as it gets, or "relu" with max pooling.
    """

    def __init__(self, num_classes: int, in_channels: int, activation: str) -> None:
        super().__init__()
        act, pool = (nn.Tanh, nn.AvgPool2d) if activation == "tanh" else (nn.ReLU, nn.MaxPool2d)
        self.C1 = nn.Conv2d(in_channels, 6, 5)
        self.act1 = act()
        self.S2 = pool(2)
        self.C3 = nn.Conv2d(6, 16, 5)
        self.act3 = act()
        self.S4 = pool(2)
        self.C5 = nn.Linear(400, 120)
        self.act5 = act()
        self.F6 = nn.Linear(120, 84)
        self.act6 = act()
        self.output = nn.Linear(84, num_classes)

    def forward(self, x: Tensor) -> Tensor:
        x = self.act1(self.C1(x))  # 28x28x6
        x = self.S2(x)  # 14x14x6
        x = self.act3(self.C3(x))  # 10x10x16
        x = self.S4(x)  # 5x5x16
        x = self.act5(self.C5(torch.flatten(x, 1)))  # 120
        x = self.act6(self.F6(x))  # 84
        return self.output(x)


@network(
    "lenet5",
    aliases=("lenet", "lenet_5", "lenet5_1998"),
    title="LeNet-5",
    family="lenet",
    paper=papers.LENET,
    input=(1, 32, 32),
    variant="1998: C3 connection table, trainable subsampling, RBF output with fixed codes",
    differs="60 of the 96 kernels in C3; S2 and S4 have 44 parameters; the output layer is not trained",
    claims=claims.LENET5,
)
def lenet5(in_channels: int = 1) -> LeNet5:
    """The paper's network."""
    return LeNet5(in_channels)


@network(
    "lenet5_dense",
    aliases=("lenet5_modern", "lenet_dense"),
    title="LeNet-5 (dense)",
    family="lenet",
    paper=papers.LENET,
    input=(1, 32, 32),
    variant="today's: C3 fully connected to S2, parameter-free pooling, linear output",
    differs="36 more kernels in C3, 850 trained weights in the output layer, no parameters in S2 and S4",
    claims=claims.LENET5_DENSE,
)
def lenet5_dense(num_classes: int = 10, in_channels: int = 1, activation: Literal["tanh", "relu"] = "tanh") -> DenseLeNet5:
    """The usual simplification; weights start as torch's layers draw them."""
    return DenseLeNet5(num_classes, in_channels, activation)
