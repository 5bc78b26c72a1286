"""Inputs whose values are part of what is asked."""

from collections.abc import Collection
from typing import Any

import torch

from archscope.graph.input_spec import InputSpec
from archscope.tracing.arguments import leaves
from archscope.tracing.module_loan import given_on_cpu


def with_its_values(tensor: torch.Tensor) -> torch.Tensor:
    """The tensor with the values that it has, on the CPU."""
    return tensor if tensor.is_meta else given_on_cpu(tensor)


def in_words(args: tuple[Any, ...], kwargs: dict[str, Any], known: Collection[str]) -> tuple[str, ...]:
    """The values of the first example of each input in words; "" for those that are not `known`."""
    words = [""] * len([*leaves(args)])
    for name, value in kwargs.items():
        words += [_one(name, tensor) if name in known and not tensor.is_meta else "" for tensor in leaves(value)]
    return tuple(words) if any(words) else ()


def _one(name: str, tensor: torch.Tensor) -> str:
    """The values of the first example of an input."""
    example = tensor[0] if tensor.dim() else tensor
    flat = example.reshape(-1)
    values = (flat[:1] if flat.numel() > 4 and bool((flat == flat[0]).all()) else flat).tolist()
    dtype = str(example.dtype).removeprefix("torch.")
    return str(InputSpec(example.shape, dtype, name, values if example.is_floating_point() else [*map(int, values)]))
