"""Rules for operators that treat every element alike."""

from typing import Any

import torch
from torch import Tensor

from archscope.tracing.shape_rules.rule import META, dense, elementwise, empty, rule, same


@rule(
    """
    relu gelu silu hardswish hardsigmoid sigmoid tanh hardtanh leaky_relu elu mish softplus exp log sqrt rsqrt neg abs
    erf sin cos
    """
)
def _unary(x: Tensor, *args: Any, **kwargs: Any) -> Tensor | None:
    # [*s] -> [*s]
    return elementwise(x.shape, x) if x.is_floating_point() else None


@rule("clamp clamp_min clamp_max")
def _clamp(x: Tensor, *bounds: Any, **kwargs: Any) -> Tensor | None:
    # [*s] -> [*s]
    given = [bound for bound in (*bounds, *kwargs.values()) if bound is not None]
    ordinary = given and all([type(bound) in (int, float) for bound in given])
    return elementwise(x.shape, x) if ordinary and x.is_floating_point() else None


@rule("_softmax _log_softmax _safe_softmax")
def _softmax(x: Tensor, dim: int, *args: Any, **kwargs: Any) -> Tensor | None:
    # [*s] -> [*s]; with half_to_float or a dtype torch decides
    ordinary = x.is_floating_point() and x.is_contiguous() and -x.dim() <= dim < x.dim()
    return empty(x.shape, x) if ordinary and not any(args) and not any(kwargs.values()) else None


@rule(
    """
    relu_ gelu_ silu_ hardswish_ hardsigmoid_ sigmoid_ tanh_ hardtanh_ leaky_relu_ elu_ mish_ zero_ neg_ exp_ uniform_
    normal_ fill_.Scalar
    """
)
def _unary_in_place(x: Tensor, *args: Any, **kwargs: Any) -> Tensor | None:
    return x if x.is_floating_point() else None


def broadcast(a: torch.Size, b: torch.Size) -> tuple[int, ...] | None:
    """The common shape of two operands, aligned at the last dimension; None if they do not fit."""
    if len(a) < len(b):
        a, b = b, a
    lead = len(a) - len(b)
    tail = []
    for m, n in zip(a[lead:], b, strict=True):
        if m != n and m != 1 and n != 1:
            return None
        tail.append(n if m == 1 else m)
    return (*a[:lead], *tail)


@rule(
    """
    add.Tensor sub.Tensor mul.Tensor div.Tensor mul.Scalar add.Scalar div.Scalar sub.Scalar pow.Tensor_Scalar
    """
)
def _binary(x: Tensor | float, y: Tensor | float, alpha: Any = 1) -> Tensor | None:
    # [*s], [*t] -> broadcast; torch.add(1e-6, x) hands its number on as it is
    if not isinstance(x, Tensor) or not x.is_floating_point() or type(alpha) not in (int, float):
        return None
    if not isinstance(y, Tensor):
        return None if isinstance(y, complex) else elementwise(x.shape, x)
    if y.dtype != x.dtype:
        return None
    shape = broadcast(x.shape, y.shape)
    return None if shape is None else elementwise(shape, x, y)


@rule("eq.Scalar ne.Scalar lt.Scalar le.Scalar gt.Scalar ge.Scalar")
def _compared(x: Tensor, y: float) -> Tensor | None:
    # [*s] -> [*s] of truth values
    if type(y) not in (int, float) or not x.is_floating_point() or not x.is_contiguous():
        return None
    return torch.empty(x.shape, dtype=torch.bool, device=META)


@rule("masked_fill.Scalar")
def _masked(x: Tensor, mask: Tensor, value: Any) -> Tensor | None:
    # [*s], [*t] that stretches to [*s] -> [*s]
    if type(value) not in (int, float) or mask.dtype is not torch.bool or not x.is_floating_point():
        return None
    fits = x.is_contiguous() and mask.is_contiguous() and broadcast(x.shape, mask.shape) == tuple(x.shape)
    return empty(x.shape, x) if fits else None


@rule("add_.Tensor sub_.Tensor mul_.Tensor div_.Tensor mul_.Scalar add_.Scalar div_.Scalar")
def _binary_in_place(x: Tensor, y: Tensor | float, alpha: Any = 1) -> Tensor | None:
    if not x.is_floating_point() or type(alpha) not in (int, float):
        return None
    if not isinstance(y, Tensor):
        return None if isinstance(y, complex) else x
    return x if y.dtype == x.dtype and broadcast(x.shape, y.shape) == tuple(x.shape) else None


@rule("clone")
def _clone(x: Tensor, **kwargs: Any) -> Tensor | None:
    form = kwargs.get("memory_format")
    if form is torch.contiguous_format:
        return empty(x.shape, x)
    return same(x) if form in (None, torch.preserve_format) and dense(x) else None
