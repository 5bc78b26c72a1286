"""A network with its example inputs, ready to be traced or timed."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass, field
from math import prod
from typing import TYPE_CHECKING, Any

from archscope import units
from archscope.errors import UsageError
from archscope.registry import unknown

if TYPE_CHECKING:
    import torch
    from torch import nn

    from archscope.graph import Graph

Options = Mapping[str, Any]


@dataclass(frozen=True)
class Model:
    """A network ready to be traced or timed.

    Attributes:
        name: "inception_v4"; for other sources what stands behind the prefix.
        module: the network.
        shapes: of one example of each input, without the batch: ((3, 299, 299),).
        usual: the shapes that it is made for, whatever was asked for; empty where that is not known.
        variant: which of the networks of this name it is, in one line.
        source: the words that load it again.
        options: constructor arguments that were given.
    """

    name: str
    module: nn.Module
    shapes: tuple[tuple[int, ...], ...]
    variant: str = ""
    source: str = ""
    options: Options = field(default_factory=dict)
    usual: tuple[tuple[int, ...], ...] = ()

    def inputs(self, batch: int = 1, dtype: str = "float32", device: str = "meta") -> tuple[torch.Tensor, ...]:
        """Example inputs: [batch, *shape] each; random numbers on a real device, token ids where the dtype is an integer."""
        import torch

        kind = torch_dtype(dtype)
        where = torch.device(device)
        if any(batch * prod(shape) * kind.itemsize >= 2**63 for shape in self.shapes):
            sizes = " and ".join(units.shape((batch, *shape)) for shape in self.shapes)
            raise UsageError(f"no machine can address an input of {sizes}", "give a smaller --input or --batch")
        if where.type == "meta":
            return tuple(torch.empty(batch, *shape, dtype=kind, device=where) for shape in self.shapes)
        if not kind.is_floating_point:
            return tuple(torch.zeros(batch, *shape, dtype=kind, device=where) for shape in self.shapes)
        return tuple(torch.randn(batch, *shape, device=where).to(kind) for shape in self.shapes)

    def trace(self, batch: int = 1, dtype: str = "float32", mode: str = "eval") -> Graph:
        """One forward of it as a Graph. Raises `TraceError` when the forward raises."""
        import torch

        from archscope.tracing.forward_pass import trace

        module = self.module
        kind = torch_dtype(dtype)
        if kind.is_floating_point and kind is not torch.float32:  # float32 leaves a network of mixed dtypes as it is
            module = copy.deepcopy(module).to(kind)
        return trace(module, *self.inputs(batch, dtype), name=self.name, mode=mode, variant=self.variant, source=self.source)


def torch_dtype(name: str) -> torch.dtype:
    """`"bfloat16"` -> `torch.bfloat16`; raises `UsageError` with the choices for anything that is not a dtype."""
    import torch

    value = getattr(torch, name, None)
    if not isinstance(value, torch.dtype):
        raise unknown("dtype", name, "float32 float64 float16 bfloat16 int64 int32 int8 uint8".split(), list_all=True)
    return value
