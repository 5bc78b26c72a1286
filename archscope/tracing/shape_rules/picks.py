"""Rules for operators that pick elements, move them or make room for them."""

from typing import Any

import torch
from torch import Tensor

from archscope.tracing.shape_rules.rule import META, empty, rule


@rule("embedding")
def _embedding(weight: Tensor, indices: Tensor, *args: Any) -> Tensor | None:
    # [v, d], [*s] -> [*s, d]
    are_ids = indices.dtype in (torch.int64, torch.int32)
    if weight.dim() == 2 and not are_ids:  # some releases let it pass on the meta device; no kernel takes it
        raise RuntimeError("Expected tensor for argument #1 'indices' to have one of the following scalar types: Long, Int")
    ordinary = weight.dim() == 2 and weight.is_contiguous()
    return empty((*indices.shape, weight.shape[1]), weight) if ordinary and indices.is_contiguous() and weight.numel() else None


@rule("index.Tensor")
def _index(x: Tensor, indices: Any) -> Tensor | None:
    # [n, *s], one list of places [*t] -> [*t, *s]
    if len(indices) != 1 or not isinstance(indices[0], Tensor) or not x.dim() or not x.numel() or not x.is_contiguous():
        return None
    places = indices[0]
    return empty((*places.shape, *x.shape[1:]), x) if places.dtype is torch.int64 and places.is_contiguous() else None


@rule("roll")
def _roll(x: Tensor, shifts: Any, dims: Any = ()) -> Tensor | None:
    # [*s] -> [*s]
    if not x.is_contiguous() or not x.numel() or not dims or len(dims) != len(shifts):
        return None
    return empty(x.shape, x) if all([-x.dim() <= dim < x.dim() for dim in dims]) else None


@rule("stack")
def _stack(tensors: list[Tensor], dim: int = 0) -> Tensor | None:
    # n times [*a, *b] -> [*a, n, *b]
    if not tensors:
        return None
    first = tensors[0]
    rank = first.dim() + 1
    if not -rank <= dim < rank or any(t.dtype != first.dtype or t.shape != first.shape or not t.is_contiguous() for t in tensors):
        return None
    at = dim % rank
    return empty((*first.shape[:at], len(tensors), *first.shape[at:]), first)


@rule("empty.memory_format")
def _empty(
    shape: Any, dtype: Any = None, layout: Any = None, device: Any = None, pin_memory: Any = None, memory_format: Any = None
) -> Tensor | None:
    # sizes -> [*sizes]
    if device != META or layout not in (None, torch.strided) or memory_format not in (None, torch.contiguous_format):
        return None
    return torch.empty(shape, dtype=dtype, device=META) if all([size >= 0 for size in shape]) else None
