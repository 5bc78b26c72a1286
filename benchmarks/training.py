"""The peak memory of a training step that the Graph foretells, against the live tensors that the CPU's allocator hands out.

Every built-in network, and a ViT, a U-Net and an LSTM, at batch 1 and 8, in float32 with plain SGD: forward, the mean of the
output as loss, backward, step. What would take more than 3 GiB is not run, and said.
"""

import gc
from collections.abc import Iterator, Sequence

import torch
from torch import nn
from torchvision.models import vit_b_16

from archscope.bench.cpu_allocator import allocator_peak
from archscope.models.loading import load
from archscope.tracing import trace
from archscope.tracing.one_forward import TraceError
from archscope.training.step import footprint
from archscope.zoo import catalog
from benchmarks._networks import LSTMClassifier, UNet

MOST = 3 * 2**30
OTHERS = {"ViT-B/16": (vit_b_16, (3, 224, 224)), "U-Net": (UNet, (3, 128, 128)), "LSTM": (LSTMClassifier, (32, 48))}


def main(names: Sequence[str] | None = None) -> None:
    torch.set_num_threads(1)
    print(f"{'':32s}{'batch':>6s}{'foretold MiB':>14s}{'measured MiB':>14s}{'ratio':>9s}")
    worst = 1.0
    for name, module, shape in _networks(names or [*OTHERS, *(entry.name for entry in catalog.entries())]):
        for batch in (1, 8):
            line = f"{name:32s}{batch:6d}"
            given = torch.randn(batch, *shape)
            try:
                step = footprint(trace(module, given, mode="train"))
            except TraceError as error:  # a batch norm behind global pooling takes no batch of one
                print(f"{line}   not run: {error.failure.error}", flush=True)
                continue
            if step.peak > MOST:
                print(f"{line}{step.peak / 2**20:14.2f}{'not run: more than 3 GiB':>28s}", flush=True)
                continue
            measured = step.state + given.nbytes + _step(module, given)
            ratio = step.peak / measured
            worst = max(worst, ratio, 1 / ratio)
            print(f"{line}{step.peak / 2**20:14.2f}{measured / 2**20:14.2f}{ratio:9.4f}", flush=True)
    print(f"worst: x {worst:.4f}")


def _networks(names: Sequence[str]) -> Iterator[tuple[str, nn.Module, tuple[int, ...]]]:
    for name in names:
        if name in OTHERS:
            make, shape = OTHERS[name]
            yield name, make().train(), shape
        else:
            model = load(name, device="cpu")
            yield name, model.module.train(), model.shapes[0]


def _step(module: nn.Module, given: torch.Tensor) -> int:
    """Most bytes alive in a step beyond what is there before it: parameters, buffers, input."""
    optimizer = torch.optim.SGD([p for p in module.parameters() if p.requires_grad], 1e-6)

    def step() -> None:
        out = module(given)
        sum(t.mean() for t in _floating(out)).backward()
        optimizer.step()

    optimizer.zero_grad(set_to_none=True)
    gc.collect()
    live = allocator_peak(step).live
    optimizer.zero_grad(set_to_none=True)
    return live


def _floating(out: object) -> list[torch.Tensor]:
    if isinstance(out, torch.Tensor):
        return [out]
    return [t for value in out for t in _floating(value)] if isinstance(out, (list, tuple)) else []
