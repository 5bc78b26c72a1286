"""Tracing against a plain forward on the meta device in the same process, and how it grows with depth."""

import time
from collections.abc import Callable

import torch
from torch import nn

from archscope.models.loading import load
from archscope.tracing.forward_pass import trace
from archscope.zoo import catalog

TURNS, ROUNDS = 5, 3
GOALS = {
    "vgg16": 1.2, "alexnet": 1.2, "inception_v4": 0.3, "resnet50": 0.3, "torchvision:vit_b_16": 0.3, "torchvision:swin_t": 0.4,
    "torchvision:convnext_tiny": 0.4,
}  # fmt: skip
GROWTH = 105  # times the time for 100 times the operators


def best(run: Callable[[], object], rounds: int = ROUNDS) -> float:
    """The fastest of several runs: the one that the machine disturbed least."""
    taken = []
    for _ in range(rounds):
        start = time.process_time()
        run()
        taken.append(time.process_time() - start)
    return min(taken)


def main() -> None:
    print(f"{'':28s}{'operators':>10s}{'forward ms':>12s}{'trace ms':>10s}{'ratio':>7s}{'goal':>6s}")
    names = [entry.name for entry in catalog.entries() if entry.name != "resnet1202_cifar"]
    for name in (*names, "torchvision:vit_b_16", "torchvision:swin_t", "torchvision:convnext_tiny"):
        model = load(name)
        module, inputs = model.module.eval(), model.inputs()
        plain = ours = float("inf")
        for _ in range(TURNS):  # in turn: both meet the same moments of the machine
            with torch.no_grad():
                plain = min(plain, best(lambda module=module, inputs=inputs: module(*inputs)))
            ours = min(ours, best(model.trace))
        count = len(model.trace().nodes)
        goal = f"{GOALS[name]:6.2f}{'' if ours <= GOALS[name] * plain else '  missed'}" if name in GOALS else ""
        print(f"{name:28s}{count:10,d}{plain * 1e3:12.2f}{ours * 1e3:10.2f}{ours / plain:7.2f}{goal}", flush=True)
    print()
    print(
        f"growth: a chain of n blocks (convolution, batch norm, ReLU, addition), one trace, relative to n = 100 (goal: {GROWTH} x for 100 x)"
    )
    base = 0.0
    for blocks in (100, 1000, 10_000):
        with torch.device("meta"):
            chain = Chain(blocks)
        seconds = best(lambda chain=chain: trace(chain, torch.Size((1, 4, 8, 8))), 3)
        base = base or seconds
        print(
            f"  {blocks:6,d} blocks: {seconds * 1e3:9.1f} ms, {seconds / base:6.1f} x the time for {blocks // 100} x the operators"
        )


class Block(nn.Module):
    """Convolution, batch norm, ReLU, residual addition."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(4, 4, 3, padding=1, bias=False)
        self.bn = nn.BatchNorm2d(4)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x + torch.relu(self.bn(self.conv(x)))


class Chain(nn.Module):
    """n blocks in a row."""

    def __init__(self, blocks: int) -> None:
        super().__init__()
        self.blocks = nn.Sequential(*(Block() for _ in range(blocks)))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.blocks(x)
