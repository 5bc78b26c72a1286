"""Borrowing a module: it runs in eval mode with its state on another device, and comes back exactly as it was, also when its
forward raises.
"""

import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import nn

from archscope.tracing.as_in_training import as_in_training
from archscope.tracing.containers import CONTAINERS, put_back
from archscope.tracing.module_contents import Survey
from archscope.tracing.process import undisturbed


@contextmanager
def borrowed(survey: Survey, training: bool, device: Callable[[torch.Tensor], torch.Tensor]) -> Iterator[list[torch.Tensor]]:
    """Lends the network's modules, with their `training` flags set and their state replaced by `device` of it; gives the new
    state in the same order; where all of it stays as it is, `survey.state` itself.

    Afterwards every submodule's attributes, parameters, buffers and children are what they were.

    What a forward stores on its modules (caches, counters, new buffers) is gone afterwards as well: it may hold tensors without
    values. The state of the random generators and the default dtype are kept the same way.
    """
    state = [_twin(tensor, device) for tensor in survey.state]
    twins = {id(tensor): twin for tensor, twin in zip(survey.state, state, strict=True) if twin is not tensor}
    lent: list[tuple[dict[str, Any], dict[str, Any]]] = []
    kept = _Containers()
    try:
        # All that is done to a module at once: of a large network each one has left the processor's cache before the next pass.
        for m in survey.paths:
            if isinstance(m, torch.jit.ScriptModule):
                continue
            attributes = vars(m)
            lent.append((attributes, attributes.copy()))
            kept.add(attributes.values())
            for table in (attributes["_parameters"], attributes["_buffers"]):
                if table and twins:
                    table.update({name: twins.get(id(t), t) for name, t in table.items()})
            attributes["training"] = training
            if isinstance(m, nn.DataParallel):  # with no GPUs to spread to it runs its module as it is
                attributes["device_ids"] = []
            if device is not on_meta:  # on the meta device the recorder does this on sight
                attributes.update({name: device(value) for name, value in attributes.items() if isinstance(value, torch.Tensor)})
        with as_in_training() if training else torch.no_grad(), undisturbed():
            yield state if twins else survey.state
    finally:
        for attributes, before in lent:
            attributes["training"] = before.get("training", training)
            put_back(attributes, before)
        kept.restore()


_PLAIN = {int, float, bool, str, bytes, complex, type(None), torch.Tensor, nn.Parameter, torch.dtype, torch.device, torch.Size}


class _Containers:
    """What modules' attributes hold, and what is inside it, in containers and in plain objects (a cache of keys and values): a
    forward may add to them.
    """

    def __init__(self) -> None:
        self._filled: dict[int, tuple[Any, Any]] = {}  # by id(), with a copy
        self._empty: list[Any] = []  # most: the tables of hooks that every module has
        self._inert = set(_PLAIN)  # types whose values a forward cannot change, or has no reason to

    def add(self, values: Iterable[Any]) -> None:
        """Remembers what the containers among these values, and those inside them, hold now."""
        inert, waiting = self._inert, [values]
        while waiting:
            for held in [value for value in waiting.pop() if type(value) not in inert]:
                kind = type(held)
                if kind in CONTAINERS:
                    if not held:
                        self._empty.append(held)
                    elif id(held) not in self._filled:
                        self._filled[id(held)] = (held, held.copy())
                        waiting.append(held.values() if isinstance(held, dict) else held)
                elif kind is tuple:
                    if held and type(held[0]) not in _PLAIN:
                        waiting.append(held)
                elif _is_inert(kind):
                    inert.add(kind)
                elif type(attributes := getattr(held, "__dict__", None)) is dict:
                    waiting.append((attributes,))

    def restore(self) -> None:
        """They hold again what they held."""
        for held, content in self._filled.values():
            put_back(held, content)
        for held in filter(None, self._empty):
            held.clear()


def _is_inert(kind: type) -> bool:
    """A module is lent by itself; Python's own (a function, a lock, a logger) are left alone."""
    package = str(kind.__module__).partition(".")[0]
    return issubclass(kind, (type, nn.Module, torch.Tensor)) or package in sys.stdlib_module_names


def _twin(tensor: torch.Tensor, device: Callable[[torch.Tensor], torch.Tensor]) -> torch.Tensor:
    """What stands in the place of a parameter or buffer; itself where `device` leaves it as it is."""
    there = device(tensor)
    if there is not tensor and isinstance(tensor, nn.Parameter):
        return nn.Parameter(there, requires_grad=tensor.requires_grad)
    return there


def on_meta(tensor: torch.Tensor) -> torch.Tensor:
    """A twin without values: same shape, strides and dtype, no memory."""
    if tensor.is_meta and not tensor.is_inference():
        return tensor
    return torch.empty_strided(tensor.shape, tensor.stride(), dtype=tensor.dtype, device="meta")


def on_cpu(tensor: torch.Tensor) -> torch.Tensor:
    """A tensor of a network with values: a copy of what it holds, or random numbers where it holds none. Weights have a variance
    of one by the number of their inputs, so that what passes through many layers neither dies out nor overflows (LeCun et al.,
    "Efficient BackProp", 1998, section 4.6); scales, shifts and statistics are positive.
    """
    if tensor.is_meta and tensor.dim() > 1 and tensor.is_floating_point():
        bound = (3 * tensor.shape[0] / max(1, tensor.numel())) ** 0.5
        return _uniform(tensor, -bound, bound)
    return given_on_cpu(tensor)


def given_on_cpu(tensor: torch.Tensor) -> torch.Tensor:
    """A tensor with values: a copy of what it holds; where it holds none, random numbers between 0 and 1, whole ones 0."""
    if not tensor.is_meta:
        return tensor.detach().to("cpu", copy=True)
    if tensor.is_floating_point() or tensor.is_complex():
        return _uniform(tensor, 0.0, 1.0)
    return torch.zeros(tensor.shape, dtype=tensor.dtype, device="cpu")


def _uniform(tensor: torch.Tensor, low: float, high: float) -> torch.Tensor:
    filled = torch.empty_strided(tensor.shape, tensor.stride(), dtype=tensor.dtype, device="cpu")
    return filled.uniform_(low, high, generator=torch.Generator().manual_seed(tensor.numel()))
