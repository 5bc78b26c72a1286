"""The table of rules, and what every rule needs."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

aten = torch.ops.aten
Rule = Callable[..., Any]

RULES: dict[Any, Rule] = {}

META = torch.device("meta")


def rule(*overloads: Any) -> Callable[[Rule], Rule]:
    """Registers the function below it for these overloads."""

    def decorate(function: Rule) -> Rule:
        for overload in overloads:
            RULES[overload] = function
        return function

    return decorate


def empty(shape: Any, like: Tensor) -> Tensor:
    """A contiguous tensor on the meta device with the dtype of `like`."""
    return torch.empty(shape, dtype=like.dtype, device=META)


def plain(*tensors: Tensor) -> bool:
    """Whether all of them are contiguous."""
    return all(t.is_contiguous() for t in tensors)
