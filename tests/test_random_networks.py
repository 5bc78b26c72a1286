"""Networks put together at random, against torch's own counter; and no operator that costs something falls off the path to the output."""

import random

import pytest
import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

import archscope
from archscope import TraceError


class Residual(nn.Module):
    def __init__(self, branch):
        super().__init__()
        self.branch = branch

    def forward(self, x):
        return self.branch(x) + x


class Joined(nn.Module):
    def __init__(self, *branches):
        super().__init__()
        self.branches = nn.ModuleList(branches)

    def forward(self, x):
        return torch.cat([branch(x) for branch in self.branches], 1)


class Gated(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.gate = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Conv2d(width, width, 1), nn.Sigmoid())

    def forward(self, x):
        return self.gate(x) * x


class InPlace(nn.Module):
    def forward(self, x):
        y = x.clone()
        y[:, 0].mul_(2)
        y.relu_()
        return y


def layer(draw: random.Random, width: int) -> tuple[nn.Module, int]:
    """A layer that takes so many channels, and how many it leaves."""
    out = draw.choice([1, 2, 4, 6, 8])
    groups = draw.choice([g for g in (1, 2, 3, 4) if width % g == 0 and out % g == 0])
    return draw.choice(
        [
            lambda: (
                nn.Conv2d(width, out, draw.choice([1, 3]), draw.choice([1, 2]), 1, groups=groups, bias=draw.random() < 0.5),
                out,
            ),
            lambda: (nn.Conv2d(width, width, 3, padding="same", groups=width), width),
            lambda: (nn.ConvTranspose2d(width, out, draw.choice([2, 3]), draw.choice([1, 2])), out),
            lambda: (draw.choice([nn.BatchNorm2d(width), nn.GroupNorm(1, width), nn.Dropout2d()]), width),
            lambda: (
                draw.choice([nn.ReLU(True), nn.GELU(), nn.Hardswish(), nn.PReLU(), nn.ELU(inplace=True), nn.Softmax(1)]),
                width,
            ),
            lambda: (draw.choice([nn.MaxPool2d(2, ceil_mode=True), nn.AvgPool2d(3, 1, 1), nn.LPPool2d(2, 2)]), width),
            lambda: (Residual(nn.Sequential(nn.Conv2d(width, width, 3, padding=1), nn.ReLU())), width),
            lambda: (Joined(nn.Conv2d(width, 2, 1), nn.Identity(), nn.Conv2d(width, 3, 3, padding=1)), width + 5),
            lambda: (Gated(width), width),
            lambda: (InPlace(), width),
            lambda: (nn.Upsample(scale_factor=2, mode=draw.choice(["nearest", "bilinear"])), width),
        ]
    )()


def network(seed: int) -> tuple[nn.Module, torch.Tensor]:
    """A network, and an input that may be too small for it."""
    draw = random.Random(seed)
    width, side = draw.choice([1, 2, 3, 4, 6, 8]), draw.choice([4, 9, 16])
    x = torch.empty(2, width, side, side)
    layers = []
    for _ in range(draw.randint(1, 8)):
        module, width = layer(draw, width)
        layers.append(module)
    return nn.Sequential(*layers).eval(), x.to(memory_format=draw.choice([torch.contiguous_format, torch.channels_last]))


@pytest.mark.parametrize("seed", range(60))
def test_a_random_network(seed):
    module, x = network(seed)
    try:
        with torch.no_grad(), FlopCounterMode(display=False) as counter:
            shape = module.to("meta")(x.to("meta")).shape
    except RuntimeError:
        with pytest.raises(TraceError):
            archscope.trace(module, x)
        return
    graph = archscope.trace(module, x)
    assert graph.meta.device == "meta"
    assert not graph.uncounted
    assert 2 * graph.cost.macs == counter.get_total_flops()
    assert graph.shapes(graph.outputs) == (tuple(shape),)
    reached: set[int] = set()
    todo = list(graph.outputs)
    while todo:
        node = graph.producer.get(todo.pop())
        if node is not None and node.id not in reached:
            reached.add(node.id)
            todo.extend(node.inputs)
    assert all(node.id in reached for node in graph.nodes if node.cost.flops)
