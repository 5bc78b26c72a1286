"""The table of rules, and what every rule needs."""

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor

Rule = Callable[..., Any]

RULES: dict[str, Rule] = {}
"""By the overload's name as torch prints it, "aten.relu.default": a torch that has no such operator never asks for its rule."""

META = torch.device("meta")


def rule(names: str) -> Callable[[Rule], Rule]:
    """Registers the function below it for these overloads of aten's operators, separated by blanks: "relu add.Tensor"; without a
    dot it is the default one.
    """

    def decorate(function: Rule) -> Rule:
        for name in names.split():
            RULES[f"aten.{name}" if "." in name else f"aten.{name}.default"] = function
        return function

    return decorate


def empty(shape: Any, like: Tensor) -> Tensor:
    """A contiguous tensor on the meta device with the dtype of `like`."""
    return torch.empty(shape, dtype=like.dtype, device=META)


def dense(x: Tensor) -> bool:
    """Whether its elements fill their memory, each place once, in whatever order of the axes: what a permutation leaves."""
    if x.is_contiguous():
        return True
    filled = 1
    for stride, size in sorted(zip(x.stride(), x.shape, strict=True)):
        if size != 1:
            if stride != filled:
                return False
            filled *= size
    return True


def elementwise(shape: Sequence[int], *operands: Tensor) -> Tensor | None:
    """What an operator that treats every element alike makes of operands that stretch to this shape, in the order of axes that
    torch gives it: that of the operands' strides, the first one's where they disagree.

    Source: TensorIterator's `fast_set_up` and `reorder_dimensions` in aten/src/ATen/TensorIterator.cpp.
    """
    rank, first = len(shape), operands[0]
    if rank < 2:
        return empty(shape, first)
    if 0 in shape:
        return None
    if all([x.shape == shape for x in operands]):
        if all([x.is_contiguous() for x in operands]):
            return empty(shape, first)
        if rank == 4 and all([x.is_contiguous(memory_format=torch.channels_last) for x in operands]):
            return _filled(shape, (0, 2, 3, 1), first)
        if all([x.stride() == first.stride() for x in operands]) and dense(first):
            return torch.empty_strided(shape, first.stride(), dtype=first.dtype, device=META)
    return _filled(shape, _by_strides(shape, [x.expand(shape).stride() for x in operands]), first)


def _filled(shape: Sequence[int], order: Sequence[int], like: Tensor) -> Tensor:
    """A tensor whose axes lie in this order, the one with the largest stride first."""
    strides, filled = [0] * len(shape), 1
    for dim in reversed(order):
        strides[dim] = filled
        filled *= shape[dim]
    return torch.empty_strided(shape, strides, dtype=like.dtype, device=META)


def _by_strides(shape: Sequence[int], strides: Sequence[Sequence[int]]) -> list[int]:
    """The dimensions in the order of their strides, the largest first."""

    def follows(a: int, b: int) -> int:
        for stride in strides:
            if stride[a] and stride[b]:
                if stride[a] != stride[b]:
                    return 1 if stride[a] > stride[b] else -1
                if shape[a] > shape[b]:
                    return 1
        return 0

    order = list(reversed(range(len(shape))))
    for at in range(1, len(shape)):  # an insertion sort in which some do not mind where they stand
        for before in reversed(range(at)):
            found = follows(order[before], order[at])
            if found > 0:
                order[before], order[at] = order[at], order[before]
                at = before
            elif found < 0:
                break
    return list(reversed(order))


def like_channels_last(x: Tensor) -> bool:
    """Whether torch may take a tensor for one in which the channels lie side by side; the same as `suggest_memory_format`."""
    orders = {4: (1, 3, 2, 0), 5: (1, 4, 3, 2, 0)}
    shape, strides, least = x.shape, x.stride(), 0
    if len(shape) not in orders or not strides[1]:
        return False
    for dim in orders[len(shape)]:
        if not shape[dim] or strides[dim] < least or (dim == 0 and least == strides[1]):
            return False
        least = strides[dim] * shape[dim]
    return True


def same(x: Tensor) -> Tensor:
    """A tensor on the meta device with the shape, strides and dtype of a dense one."""
    if x.is_contiguous():
        return torch.empty(x.shape, dtype=x.dtype, device=META)
    return torch.empty_strided(x.shape, x.stride(), dtype=x.dtype, device=META)
