"""Tracing against a plain forward on the meta device in the same process, and how it grows with depth."""

import statistics
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
SHORT, LONG = 100, 10_000  # blocks
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
    growth()


def growth() -> None:
    """How the time grows with the operators: one chain of 10,000 blocks beside as many blocks in chains of 100.

    In every round all of them are traced, one after the other: a machine that is faster at one moment than at the next is so for
    all, and the fastest moment of a short run would flatter it. Different chains take as much memory as the long one. One chain
    again and again is in the processor's caches, which the long one cannot be: what it gains is theirs.
    """
    with torch.device("meta"):
        long, short = Chain(LONG), [Chain(SHORT) for _ in range(LONG // SHORT)]
    ways = {
        f"1 chain of {LONG:,}": [long],
        f"{len(short)} chains of {SHORT}": short,
        f"1 chain of {SHORT}, {len(short)} times": short[:1] * len(short),
    }
    taken: dict[str, list[float]] = {way: [] for way in ways}
    for chain in (long, *short):  # once beforehand: the first trace of a module learns what it is
        trace(chain, torch.Size((1, 4, 8, 8)))
    for _ in range(TURNS):
        for way, chains in ways.items():
            start = time.process_time()
            for chain in chains:
                trace(chain, torch.Size((1, 4, 8, 8)))
            taken[way].append(time.process_time() - start)
    whole, *parts = taken
    print(
        f"\ngrowth: chains of blocks (convolution, batch norm, ReLU, addition), {LONG:,} blocks in all, median of {TURNS} rounds\n"
        f"  {whole:28s}{statistics.median(taken[whole]) * 1e3:9.1f} ms"
    )
    for way in parts:
        ratios = sorted(LONG // SHORT * long / short for long, short in zip(taken[whole], taken[way], strict=True))
        grows = f"the long one takes {statistics.median(ratios):6.1f} x the time of one of these ({ratios[0]:.1f} to {ratios[-1]:.1f})"
        print(f"  {way:28s}{statistics.median(taken[way]) * 1e3:9.1f} ms   {grows}")
    print(f"  goal: {GROWTH} x for {LONG // SHORT} x the operators")


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
