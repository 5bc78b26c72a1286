"""A network with its example inputs, ready to be traced or timed."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from math import prod
from typing import TYPE_CHECKING, Any

from archscope import units
from archscope.errors import UsageError, no_exit
from archscope.graph import Batching, Graph
from archscope.graph.input_spec import PYTHON, InputSpec, spec_of
from archscope.models.nests import argument, nested
from archscope.registry import unknown

if TYPE_CHECKING:
    import torch
    from torch import nn

Options = Mapping[str, Any]

_FLOATS = ("float32", "float64", "float16", "bfloat16")


@dataclass(frozen=True)
class Model:
    """A network ready to be traced or timed.

    Attributes:
        name: "inception_v4"; for other sources what stands behind the prefix.
        module: the network.
        shapes: of one example of each input, without the batch: ((3, 299, 299),); an `InputSpec` also says dtype and name.
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

    @property
    def specs(self) -> tuple[InputSpec, ...]:
        """The shapes with what is known of their dtypes and names."""
        return tuple(map(spec_of, self.shapes))

    def _described(self) -> str:
        """The variant, with the inputs that are no tensors: nothing else in a Graph says what they were."""
        given = [f"{spec.name}={spec.told}" for spec in self.specs if spec.dtype == PYTHON]
        return "; ".join(words for words in (self.variant, f"given {', '.join(given)}" if given else "") if words)

    def inputs(self, batch: int = 1, dtype: str = "float32", device: str = "meta") -> tuple[torch.Tensor, ...]:
        """Example inputs by position: [batch, *shape] each; see `example`."""
        return self.example(batch, dtype, device)[0]

    def example(
        self, batch: int = 1, dtype: str = "float32", device: str = "meta"
    ) -> tuple[tuple[torch.Tensor, ...], dict[str, Any]]:
        """Example inputs, by position and by name: random numbers on a real device; zeros where the dtype is an integer, ones
        where it is a truth value. An input whose values were told has them, on the CPU where the others are on the meta device.
        """
        args = tuple(example(spec, spec.batched(batch), dtype, device) for spec in self.specs if not spec.name)
        named = [spec for spec in self.specs if spec.name]
        return args, nested(named, lambda spec, shape: example(spec, shape, dtype, device), batch)

    def trace(
        self,
        batch: int = 1,
        dtype: str = "float32",
        mode: str = "eval",
        spelling: bool = False,
        keep: int | Mapping[str, int] | None = None,
        autocast: str = "",
        more: Mapping[str, Any] | None = None,
    ) -> Graph:
        """One forward of it as a Graph, with the spelling of its Python on request, and with so many rows passing where data
        decide (see `archscope.trace`). Raises `TraceError` when it raises.

        Arguments:
            more: further arguments of forward by name, as they are.
        """
        import torch

        from archscope.tracing.forward_pass import trace_call

        module = self.module
        kind = self.dtype_of_weights(dtype)
        if kind is not torch.float32:  # float32 leaves a network of mixed dtypes as it is
            module = copy.deepcopy(module).to(kind)
        args, kwargs = self.example(batch, dtype)
        known = [argument(spec.name) for spec in self.specs if spec.values and spec.dtype != PYTHON]
        with no_exit(self.source or self.name):
            return trace_call(
                module, args, kwargs | dict(more or {}), name=self.name, mode=mode, variant=self._described(),
                source=self.source, spelling=spelling, keep=keep, autocast=autocast, known=known,
                batching=self._batching(batch),
            )  # fmt: skip

    def dtype_of_weights(self, name: str) -> torch.dtype:
        """What the weights are to be in; raises `UsageError` for what is no dtype, or none of floating-point numbers."""
        kind = torch_dtype(name)
        if kind.is_floating_point:
            return kind
        hint = f"choose from {', '.join(_FLOATS)}"
        if not self.shapes or any(spec.dtype.startswith(("int", "uint", "bool")) for spec in self.specs):
            hint = f"say it of the input: --input {InputSpec(self.shapes[0] if self.shapes else (128,), name)}"
        raise UsageError(f"--dtype {name}: weights are no {'complex' if kind.is_complex else 'whole'} numbers", hint)

    def _batching(self, batch: int) -> Batching | None:
        """Which of the inputs do not stack their examples along a first dimension."""
        named = nested([spec for spec in self.specs if spec.name], lambda spec, _: spec, batch)
        order = [*(spec for spec in self.specs if not spec.name), *_specs(named)]
        tensors = [spec for spec in order if spec.dtype != PYTHON]
        whole = tuple([at for at, spec in enumerate(tensors) if spec.shared or spec.packed or spec.name.endswith("[]")])
        return Batching(batch, whole) if whole else None


def _specs(nest: Any) -> Iterator[InputSpec]:
    """The inputs in a nest of arguments, in order."""
    if isinstance(nest, InputSpec):
        yield nest
    else:
        for inside in nest.values() if isinstance(nest, dict) else nest:
            yield from _specs(inside)


def example(spec: InputSpec, shape: tuple[int, ...], dtype: str, device: str) -> Any:
    """A tensor of this shape for an input, or what else it takes.

    Arguments:
        dtype: where the input says none.
    """
    import torch

    if spec.dtype == PYTHON:
        return spec.values[0]
    kind, where = torch_dtype(spec.dtype or dtype), torch.device(device)
    if spec.values:
        there = where if where.type != "meta" else torch.device("cpu")  # whatever the default is just now
        told = torch.tensor(spec.values, dtype=kind, device=there)
        return (told if len(spec.values) == 1 else told.reshape(tuple(spec))).expand(shape).clone()
    if prod(shape) * kind.itemsize >= 2**63:
        raise UsageError(f"no machine can address an input of {units.shape(shape)}", "give a smaller --input or --batch")
    if where.type == "meta":
        return torch.empty(shape, dtype=kind, device=where)
    if kind is torch.bool:
        return torch.ones(shape, dtype=kind, device=where)
    if not kind.is_floating_point:
        return torch.zeros(shape, dtype=kind, device=where)
    return torch.randn(shape, device=where).to(kind)


def torch_dtype(name: str) -> torch.dtype:
    """`"bfloat16"` -> `torch.bfloat16`; raises `UsageError` with the choices for anything that is not a dtype."""
    import torch

    value = getattr(torch, name, None)
    if not isinstance(value, torch.dtype):
        raise unknown("dtype", name, _FLOATS, list_all=True)
    return value
