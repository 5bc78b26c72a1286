"""Borrowing a module: it runs in eval mode with its state on another device, and comes back exactly as it was, also when its
forward raises.
"""

from collections import OrderedDict, defaultdict, deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from operator import is_
from typing import Any

import torch
from torch import nn

from archscope.tracing.as_in_training import as_in_training
from archscope.tracing.module_contents import Survey
from archscope.tracing.process import undisturbed


@contextmanager
def borrowed(survey: Survey, training: bool, device: Callable[[torch.Tensor], torch.Tensor]) -> Iterator[dict[str, torch.Tensor]]:
    """Lends the network's modules, with their `training` flags set and their state replaced by `device` of it; gives the new
    state by name.

    Afterwards every submodule's attributes, parameters, buffers and children are what they were.

    What a forward stores on its modules (caches, counters, new buffers) is gone afterwards as well: it may hold tensors without
    values. The state of the random generators and the default dtype are kept the same way.
    """
    modules = [m for m in survey.paths if not isinstance(m, torch.jit.ScriptModule)]
    saved = [(attributes := vars(m), attributes.copy()) for m in modules]
    containers, empty = _containers(saved)
    try:
        state = _replace_state(modules, survey, device)
        for attributes, _ in saved:
            attributes["training"] = training
            if device is not on_meta:  # on the meta device the recorder does this on sight
                attributes.update({name: device(value) for name, value in attributes.items() if isinstance(value, torch.Tensor)})
        with as_in_training() if training else torch.no_grad(), undisturbed():
            yield state
    finally:
        for attributes, before in saved:
            attributes["training"] = before.get("training", training)
            _restore(attributes, before)
        for held, content in containers:
            _restore(held, content)
        for held in empty:
            if held:
                held.clear()


_CONTAINERS = {dict, OrderedDict, defaultdict, list, set, deque}


def _containers(saved: list[tuple[dict[str, Any], dict[str, Any]]]) -> tuple[list[tuple[Any, Any]], list[Any]]:
    """The containers among the modules' attributes and inside these: those that hold something, each with a copy, and the empty
    ones. A forward may add to them.
    """
    held = [value for _, attributes in saved for value in attributes.values() if type(value) in _CONTAINERS]
    empty = [value for value in held if not value]  # most: the tables of hooks that every module has
    found: list[tuple[Any, Any]] = []
    waiting = [value for value in held if value]
    seen: set[int] = set()
    for value in waiting:  # grows while it is walked
        if id(value) not in seen:
            seen.add(id(value))
            found.append((value, value.copy()))
            inside = value.values() if isinstance(value, dict) else value
            waiting.extend([v for v in inside if type(v) in _CONTAINERS])
    return found, empty


def _restore(container: Any, content: Any) -> None:
    if not _same(container, content):
        container.clear()
        (container.extend if isinstance(container, (list, deque)) else container.update)(content)


def _same(a: Any, b: Any) -> bool:
    """Whether two containers hold the same objects in the same order; tensors have an == of their own."""
    if len(a) != len(b) or not all(map(is_, a, b)):
        return False
    return not isinstance(a, dict) or all(map(is_, a.values(), b.values()))


def _replace_state(
    modules: list[nn.Module], survey: Survey, device: Callable[[torch.Tensor], torch.Tensor]
) -> dict[str, torch.Tensor]:
    """Replaces every parameter and buffer by `device` of it, tied ones by the same new one."""
    new: dict[int, torch.Tensor] = {}
    for key, held in survey.state.items():
        there = device(held.tensor)
        if isinstance(held.tensor, nn.Parameter) and there is not held.tensor:
            there = nn.Parameter(there, requires_grad=held.tensor.requires_grad)
        new[key] = there
    if any(new[key] is not held.tensor for key, held in survey.state.items()):
        for m in modules:
            for table in (vars(m)["_parameters"], vars(m)["_buffers"]):
                table.update({name: new[id(t)] for name, t in table.items() if t is not None})
    return {held.names[0]: new[key] for key, held in survey.state.items()}


def on_meta(tensor: torch.Tensor) -> torch.Tensor:
    """A twin without values: same shape, strides and dtype, no memory."""
    return tensor if tensor.is_meta else torch.empty_strided(tensor.shape, tensor.stride(), dtype=tensor.dtype, device="meta")


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
