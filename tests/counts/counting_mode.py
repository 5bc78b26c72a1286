"""A dispatch mode that only counts: what each operator that a function runs costs, on any device, in any mode."""

from typing import Any

import torch
from torch.utils._python_dispatch import TorchDispatchMode

from archscope.counts import cost_of
from archscope.graph import Cost, Tensor, total

_PLAIN = {int, float, bool, str, type(None)}


def shapes(value: Any) -> Any:
    """An argument or result as `cost_of` takes it."""
    if isinstance(value, torch.Tensor):
        return Tensor(tuple(value.shape), str(value.dtype).removeprefix("torch."))
    if isinstance(value, list | tuple):
        return [shapes(v) for v in value]
    return value if type(value) in _PLAIN else str(value).removeprefix("torch.")


class Counting(TorchDispatchMode):
    """Collects (operator, cost, reason why it is free) of everything that runs inside."""

    def __init__(self):
        super().__init__()
        self.runs: list[tuple[str, Cost, str]] = []

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        out = func(*args, **kwargs)
        op = func._schema.name.replace("::", ".")
        cost, reason = cost_of(op, shapes(args), {name: shapes(value) for name, value in kwargs.items()}, shapes(out))
        self.runs.append((op, cost, reason))
        return out

    @property
    def cost(self) -> Cost:
        return total(cost for _, cost, _ in self.runs)

    @property
    def ops(self) -> list[str]:
        return [op for op, _, _ in self.runs]


def counted(function, *inputs) -> Counting:
    """`function(*inputs)`, run as it is."""
    with torch.no_grad(), Counting() as counting:
        function(*inputs)
    return counting
