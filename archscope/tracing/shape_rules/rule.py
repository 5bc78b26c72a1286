"""The table of rules, and what every rule needs."""

from collections.abc import Callable
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


def same(x: Tensor) -> Tensor:
    """A tensor on the meta device with the shape, strides and dtype of a dense one."""
    if x.is_contiguous():
        return torch.empty(x.shape, dtype=x.dtype, device=META)
    return torch.empty_strided(x.shape, x.stride(), dtype=x.dtype, device=META)
