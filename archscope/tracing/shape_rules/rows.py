"""Rules for normalisation, reductions, matrix products, joining and padding."""

from math import prod
from typing import Any

import torch
from torch import Tensor

from archscope.tracing.shape_rules.pointwise import broadcast
from archscope.tracing.shape_rules.rule import empty, like_channels_last, rule

# -- normalisation and reduction ----------------------------------------------------------------------------------------------


@rule("native_batch_norm")
def _batch_norm(
    x: Tensor, weight: Any, bias: Any, mean: Any, var: Any, training: bool, *args: Any
) -> tuple[Tensor, Tensor, Tensor] | None:
    # [n, c, *hw] -> [n, c, *hw], and the statistics of the batch: [c] in training, else empty
    if x.dim() < 2 or not x.is_contiguous() or x.dtype != torch.float32 or not x.numel():
        return None
    if (mean is None or var is None) if not training else (mean is None) != (var is None):
        return None
    if any(t is not None and (t.dtype != x.dtype or t.shape != (x.shape[1],)) for t in (weight, bias, mean, var)):
        return None
    saved = x.shape[1] if training else 0
    return empty(x.shape, x), empty((saved,), x), empty((saved,), x)


@rule("native_layer_norm")
def _layer_norm(x: Tensor, shape: Any, weight: Any, bias: Any, eps: float) -> tuple[Tensor, Tensor, Tensor] | None:
    # [*lead, *shape] -> [*lead, *shape], mean and reciprocal deviation [*lead, 1 ...]
    axes = len(shape)
    if x.dtype != torch.float32 or not axes or list(x.shape[-axes:]) != list(shape):
        return None
    if any(t is not None and (t.dtype != x.dtype or list(t.shape) != list(shape)) for t in (weight, bias)):
        return None
    saved = (*x.shape[:-axes], *([1] * axes))
    return empty(x.shape, x), empty(saved, x), empty(saved, x)


@rule("native_group_norm")
def _group_norm(
    x: Tensor, weight: Any, bias: Any, n: int, c: int, places: int, groups: int, eps: float
) -> tuple[Tensor, Tensor, Tensor] | None:
    # [n, c, *hw] -> [n, c, *hw], mean and reciprocal deviation [n, groups]
    if x.dim() < 2 or not x.is_contiguous() or x.dtype != torch.float32 or not x.numel():
        return None
    if groups < 1 or c % groups or x.shape[:2] != (n, c) or prod(x.shape[2:]) != places:
        return None
    if any(t is not None and (t.dtype != x.dtype or t.shape != (c,)) for t in (weight, bias)):
        return None
    return empty(x.shape, x), empty((n, groups), x), empty((n, groups), x)


@rule("amax amin")
def _extreme(x: Tensor, dims: Any = (), keepdim: bool = False) -> Tensor | None:
    # [*s] -> [*s] without dims, or with them as 1
    return _reduced(x, dims, keepdim) if dims and x.is_floating_point() and x.numel() else None


@rule("mean.dim sum.dim_IntList")
def _mean(x: Tensor, dims: Any, keepdim: bool = False, **kwargs: Any) -> Tensor | None:
    # [*s] -> [*s] without dims, or with them as 1
    if not dims or not x.is_floating_point() or kwargs.get("dtype") is not None:
        return None
    return _reduced(x, dims, keepdim)


@rule("linalg_vector_norm")
def _vector_norm(x: Tensor, ord: Any = 2, dims: Any = None, keepdim: bool = False, **kwargs: Any) -> Tensor | None:
    # [*s] -> [*s] without dims, or with them as 1; the maximum of nothing (ord inf) is torch's to refuse
    if not dims or not x.is_floating_point() or kwargs.get("dtype") is not None or ord not in (1, 2):
        return None
    return _reduced(x, dims, keepdim)


def _reduced(x: Tensor, dims: Any, keepdim: bool) -> Tensor | None:
    rank = x.dim()
    if not all([-rank <= d < rank for d in dims]):
        return None
    gone = {d % rank for d in dims}
    if len(gone) < len(dims):
        return None
    return empty([1 if at in gone else s for at, s in enumerate(x.shape) if keepdim or at not in gone], x)


# -- products -----------------------------------------------------------------------------------------------------------------


def _product(out: tuple[int, ...], fits: bool, *operands: Tensor) -> Tensor | None:
    first = operands[0]
    return empty(out, first) if fits and first.is_floating_point() and all(t.dtype == first.dtype for t in operands) else None


@rule("mm")
def _mm(a: Tensor, b: Tensor) -> Tensor | None:
    # [n, m], [m, p] -> [n, p]
    return _product((a.shape[0], b.shape[1]), a.shape[1] == b.shape[0], a, b) if a.dim() == b.dim() == 2 else None


@rule("addmm")
def _addmm(bias: Tensor, a: Tensor, b: Tensor, **kwargs: Any) -> Tensor | None:
    # [p] or [n, p], [n, m], [m, p] -> [n, p]
    if a.dim() != 2 or b.dim() != 2:
        return None
    out = (a.shape[0], b.shape[1])
    return _product(out, a.shape[1] == b.shape[0] and broadcast(bias.shape, torch.Size(out)) == out, bias, a, b)


@rule("baddbmm")
def _baddbmm(bias: Tensor, a: Tensor, b: Tensor, **kwargs: Any) -> Tensor | None:
    # what stretches to [b, n, p], [b, n, m], [b, m, p] -> [b, n, p]
    if a.dim() != 3 or b.dim() != 3:
        return None
    out = (a.shape[0], a.shape[1], b.shape[2])
    fits = a.shape[0] == b.shape[0] and a.shape[2] == b.shape[1] and broadcast(bias.shape, torch.Size(out)) == out
    return _product(out, fits, bias, a, b)


@rule("bmm")
def _bmm(a: Tensor, b: Tensor) -> Tensor | None:
    # [b, n, m], [b, m, p] -> [b, n, p]
    if a.dim() != 3 or b.dim() != 3:
        return None
    return _product((a.shape[0], a.shape[1], b.shape[2]), a.shape[0] == b.shape[0] and a.shape[2] == b.shape[1], a, b)


# -- joining ------------------------------------------------------------------------------------------------------------------


@rule("cat")
def _cat(tensors: list[Tensor], dim: int = 0) -> Tensor | None:
    # [*a, c_i, *b] ... -> [*a, sum of c_i, *b]
    if not tensors:
        return None
    first = tensors[0]
    rank = first.dim()
    if (
        not rank
        or not -rank <= dim < rank
        or any([t.dtype != first.dtype or t.dim() != rank or like_channels_last(t) for t in tensors])
    ):
        return None
    at = dim % rank
    before, after = first.shape[:at], first.shape[at + 1 :]
    if any(t.shape[:at] != before or t.shape[at + 1 :] != after for t in tensors):
        return None
    return empty((*before, sum(t.shape[at] for t in tensors), *after), first)


@rule("constant_pad_nd")
def _pad(x: Tensor, pad: Any, value: float = 0) -> Tensor | None:
    # [*s] -> [*s] with pad[0], pad[1] more at the two ends of the last axis, pad[2], pad[3] of the one before ...
    if not x.is_contiguous() or not pad or len(pad) % 2 or len(pad) > 2 * x.dim():
        return None
    shape = list(x.shape)
    for at in range(len(pad) // 2):
        shape[-1 - at] += pad[2 * at] + pad[2 * at + 1]
    return empty(shape, x) if prod(shape) > 0 and min(shape) > 0 and min(pad) >= 0 else None
