"""What a forward is given and what it gives: tensors in nests of containers, mappings, dataclasses and plain objects (a cache of
keys and values).
"""

import inspect
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from itertools import chain, repeat
from types import ModuleType
from typing import Any

import torch
from torch import nn
from torch.nn.utils.rnn import PackedSequence
from torch.utils._pytree import tree_map_only

from archscope.tracing.containers import CONTAINERS, put_back


def leaves(value: Any, seen: set[int] | None = None) -> Iterator[torch.Tensor]:
    """Every tensor in a nest, in order; the nest may have cycles."""
    seen = set() if seen is None else seen
    if isinstance(value, torch.Tensor):
        yield value
        return
    items = _inside(value)
    if items and id(value) not in seen:
        seen.add(id(value))
        for item in items:
            yield from leaves(item, seen)


def named_leaves(
    forward: Callable[..., Any], args: tuple[Any, ...], kwargs: Mapping[str, Any]
) -> Iterator[tuple[str, torch.Tensor]]:
    """Every tensor that a forward is given, in order, by its parameter's name: "ids"; in a nest with its place: "pair.0",
    "cond.size". "" where the forward does not tell the names of its parameters.
    """
    try:
        parameters = [p.name for p in inspect.signature(forward).parameters.values() if p.kind is not p.VAR_POSITIONAL]
    except (TypeError, ValueError):
        parameters = []
    for name, value in (*zip(chain(parameters, repeat("")), args, strict=False), *kwargs.items()):
        found = [*leaves(value)]
        keys = value.keys() if isinstance(value, Mapping) and len(value) == len(found) else range(len(found))
        for key, tensor in zip(keys, found, strict=True):
            yield (f"{name}.{key}" if name and tensor is not value else name), tensor


def _inside(value: Any) -> list[Any]:
    """What a container or an object holds; nothing for a module, a function, a class."""
    if isinstance(value, Mapping):
        return list(value.values())
    if isinstance(value, (list, tuple, set, frozenset, deque)):
        return list(value)
    if isinstance(value, (type, nn.Module, ModuleType)) or callable(value):
        return []
    return [*getattr(value, "__dict__", {}).values(), *(getattr(value, name) for name in _slots(value) if hasattr(value, name))]


def _slots(value: Any) -> list[str]:
    found: list[str] = []
    for kind in type(value).__mro__:
        names: str | Iterable[str] = vars(kind).get("__slots__", ())
        found += [names] if isinstance(names, str) else list(names)
    return [name for name in found if not name.startswith("__")]


def moved(nest: Any, device: Callable[[torch.Tensor], torch.Tensor]) -> Any:
    """The nest with `device` of every tensor in its containers; the lengths of packed sequences stay where they are, for torch
    wants them on the CPU.
    """

    def move(value: Any) -> Any:
        if not isinstance(value, PackedSequence):
            return device(value)
        orders = [None if order is None else device(order) for order in (value.sorted_indices, value.unsorted_indices)]
        return PackedSequence(device(value.data), value.batch_sizes, *orders)

    return tree_map_only((torch.Tensor, PackedSequence), move, nest, is_leaf=lambda value: isinstance(value, PackedSequence))


@contextmanager
def kept(nest: Any, device: Callable[[torch.Tensor], torch.Tensor] | None) -> Iterator[None]:
    """Lends the objects among the arguments: afterwards they hold what they held before, whatever the forward stored on them.

    Arguments:
        device: of the tensors that these objects hold meanwhile; None leaves them.
    """
    held = list(_holders(nest, set()))
    saved = [(holder, holder.copy()) for holder in held]
    try:
        for holder in held if device is not None else ():
            for key, value in _places(holder):
                if isinstance(value, torch.Tensor) and device is not None:
                    holder[key] = device(value)
        yield
    finally:
        for holder, content in saved:
            put_back(holder, content)


def _places(holder: Any) -> list[tuple[Any, Any]]:
    """Keys and values of what can be written to by key."""
    if isinstance(holder, dict):
        return list(holder.items())
    return list(enumerate(holder)) if isinstance(holder, (list, deque)) else []


def _holders(value: Any, seen: set[int]) -> Iterator[Any]:
    """The containers in a nest, and the attributes of the objects in it."""
    if isinstance(value, torch.Tensor) or id(value) in seen:
        return
    seen.add(id(value))
    if type(value) in CONTAINERS:
        yield value
    elif isinstance(getattr(value, "__dict__", None), dict) and not isinstance(value, (type, nn.Module, ModuleType)):
        if callable(value):
            return
        yield value.__dict__
    for item in _inside(value):
        yield from _holders(item, seen)
