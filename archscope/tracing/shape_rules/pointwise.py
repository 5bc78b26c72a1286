"""Rules for operators that treat every element alike."""

from typing import Any

import torch
from torch import Tensor

from archscope.tracing.shape_rules.rule import META, aten, dense, empty, rule, same


@rule(
    aten.relu.default, aten.gelu.default, aten.silu.default, aten.hardswish.default, aten.hardsigmoid.default,
    aten.sigmoid.default,
    aten.tanh.default, aten.hardtanh.default, aten.leaky_relu.default, aten.elu.default, aten.mish.default,
    aten.softplus.default,
    aten.exp.default, aten.log.default, aten.sqrt.default, aten.rsqrt.default, aten.neg.default, aten.abs.default,
    aten.erf.default,
    aten.sin.default, aten.cos.default,
)  # fmt: skip
def _unary(x: Tensor, *args: Any, **kwargs: Any) -> Tensor | None:
    # [*s] -> [*s]
    return same(x) if x.is_floating_point() and dense(x) else None


@rule(aten.clamp.default, aten.clamp_min.default, aten.clamp_max.default)
def _clamp(x: Tensor, *bounds: Any, **kwargs: Any) -> Tensor | None:
    # [*s] -> [*s]
    given = [bound for bound in (*bounds, *kwargs.values()) if bound is not None]
    ordinary = given and all([type(bound) in (int, float) for bound in given])
    return same(x) if ordinary and x.is_floating_point() and dense(x) else None


@rule(aten._softmax.default, aten._log_softmax.default, aten._safe_softmax.default)
def _softmax(x: Tensor, dim: int, *args: Any, **kwargs: Any) -> Tensor | None:
    # [*s] -> [*s]; with half_to_float or a dtype torch decides
    ordinary = x.is_floating_point() and x.is_contiguous() and -x.dim() <= dim < x.dim()
    return empty(x.shape, x) if ordinary and not any(args) and not any(kwargs.values()) else None


@rule(
    aten.relu_.default, aten.gelu_.default, aten.silu_.default, aten.hardswish_.default, aten.hardsigmoid_.default,
    aten.sigmoid_.default, aten.tanh_.default, aten.hardtanh_.default, aten.leaky_relu_.default, aten.elu_.default,
    aten.mish_.default, aten.zero_.default,
    aten.neg_.default, aten.exp_.default, aten.uniform_.default, aten.normal_.default, aten.fill_.Scalar,
)  # fmt: skip
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
    aten.add.Tensor, aten.sub.Tensor, aten.mul.Tensor, aten.div.Tensor, aten.mul.Scalar, aten.add.Scalar, aten.div.Scalar,
    aten.sub.Scalar, aten.pow.Tensor_Scalar,
)  # fmt: skip
def _binary(x: Tensor, y: Tensor | float, alpha: Any = 1) -> Tensor | None:
    # [*s], [*t] -> broadcast
    if not x.is_floating_point() or type(alpha) not in (int, float):
        return None
    if not isinstance(y, Tensor):
        return same(x) if not isinstance(y, complex) and dense(x) else None
    if y.dtype != x.dtype:
        return None
    if x.shape == y.shape:
        return same(x) if dense(x) and x.stride() == y.stride() else None
    shape = broadcast(x.shape, y.shape)
    if shape is None:
        return None
    if x.is_contiguous() and y.is_contiguous():
        return empty(shape, x)
    whole, other = (x, y) if tuple(x.shape) == shape else (y, x)
    # An operand with more than one axis of its own may order the strides anew.
    leads = tuple(whole.shape) == shape and sum([size != 1 for size in other.shape]) <= 1 and dense(whole)
    return same(whole) if leads else None


@rule(
    aten.eq.Scalar, aten.ne.Scalar, aten.lt.Scalar, aten.le.Scalar, aten.gt.Scalar, aten.ge.Scalar,
)  # fmt: skip
def _compared(x: Tensor, y: float) -> Tensor | None:
    # [*s] -> [*s] of truth values
    if type(y) not in (int, float) or not x.is_floating_point() or not x.is_contiguous():
        return None
    return torch.empty(x.shape, dtype=torch.bool, device=META)


@rule(aten.masked_fill.Scalar)
def _masked(x: Tensor, mask: Tensor, value: Any) -> Tensor | None:
    # [*s], [*t] that stretches to [*s] -> [*s]
    if type(value) not in (int, float) or mask.dtype is not torch.bool or not x.is_floating_point():
        return None
    fits = x.is_contiguous() and mask.is_contiguous() and broadcast(x.shape, mask.shape) == tuple(x.shape)
    return empty(x.shape, x) if fits else None


@rule(
    aten.add_.Tensor, aten.sub_.Tensor, aten.mul_.Tensor, aten.div_.Tensor, aten.mul_.Scalar, aten.add_.Scalar, aten.div_.Scalar
)
def _binary_in_place(x: Tensor, y: Tensor | float, alpha: Any = 1) -> Tensor | None:
    if not x.is_floating_point() or type(alpha) not in (int, float):
        return None
    if not isinstance(y, Tensor):
        return None if isinstance(y, complex) else x
    return x if y.dtype == x.dtype and broadcast(x.shape, y.shape) == tuple(x.shape) else None


@rule(aten.clone.default)
def _clone(x: Tensor, **kwargs: Any) -> Tensor | None:
    form = kwargs.get("memory_format")
    if form is torch.contiguous_format:
        return empty(x.shape, x)
    return same(x) if form in (None, torch.preserve_format) and dense(x) else None
