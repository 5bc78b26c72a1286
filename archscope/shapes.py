"""Output shapes of the commonest operators, without torch's own meta kernels.

Most of torch's meta kernels are Python: 0.1 to 2 ms an operator, and the first of them to run imports `torch._dynamo` and
sympy, more than a second of work before the first number. The rules here answer the ordinary case from the shapes alone, in a
few microseconds.
A rule
that meets anything out of the ordinary (a memory format other than contiguous, mixed dtypes, sizes that do not fit) returns
None, and torch answers, or raises its own error. Every rule is tested against torch's kernel over random shapes, strides and
dtypes.
"""

from collections.abc import Callable
from math import prod
from typing import Any

import torch
from torch import Tensor

aten = torch.ops.aten
Rule = Callable[..., Any]

RULES: dict[Any, Rule] = {}

_META = torch.device("meta")


def _rule(*overloads: Any) -> Callable[[Rule], Rule]:
    def decorate(rule: Rule) -> Rule:
        for overload in overloads:
            RULES[overload] = rule
        return rule

    return decorate


def _empty(shape: Any, like: Tensor) -> Tensor:
    return torch.empty(shape, dtype=like.dtype, device=_META)


def _plain(*tensors: Tensor) -> bool:
    return all(t.is_contiguous() for t in tensors)


# -- elementwise --------------------------------------------------------------------------------------------------------------


@_rule(
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
    return _empty(x.shape, x) if x.is_floating_point() and x.is_contiguous() else None


@_rule(aten._softmax.default, aten._log_softmax.default, aten._safe_softmax.default)
def _softmax(x: Tensor, dim: int, *args: Any, **kwargs: Any) -> Tensor | None:
    # [*s] -> [*s]; with half_to_float or a dtype torch decides
    ordinary = x.is_floating_point() and x.is_contiguous() and -x.dim() <= dim < x.dim()
    return _empty(x.shape, x) if ordinary and not any(args) and not any(kwargs.values()) else None


@_rule(
    aten.relu_.default, aten.gelu_.default, aten.silu_.default, aten.hardswish_.default, aten.hardsigmoid_.default,
    aten.sigmoid_.default, aten.tanh_.default, aten.hardtanh_.default, aten.leaky_relu_.default, aten.elu_.default,
    aten.mish_.default, aten.zero_.default,
    aten.neg_.default, aten.exp_.default, aten.uniform_.default, aten.normal_.default, aten.fill_.Scalar,
)  # fmt: skip
def _unary_in_place(x: Tensor, *args: Any, **kwargs: Any) -> Tensor | None:
    return x if x.is_floating_point() else None


def _broadcast(a: torch.Size, b: torch.Size) -> tuple[int, ...] | None:
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


@_rule(
    aten.add.Tensor, aten.sub.Tensor, aten.mul.Tensor, aten.div.Tensor, aten.mul.Scalar, aten.add.Scalar, aten.div.Scalar,
    aten.sub.Scalar, aten.pow.Tensor_Scalar,
)  # fmt: skip
def _binary(x: Tensor, y: Tensor | float, alpha: Any = 1) -> Tensor | None:
    # [*s], [*t] -> broadcast
    if not x.is_floating_point() or not x.is_contiguous() or type(alpha) not in (int, float):
        return None
    if not isinstance(y, Tensor):
        return None if isinstance(y, complex) else _empty(x.shape, x)
    if y.dtype != x.dtype or not y.is_contiguous():
        return None
    if x.shape == y.shape:
        return _empty(x.shape, x)
    # A scalar tensor takes part in type promotion by its own rules, and two tensors that both stretch may order strides anew.
    shape = _broadcast(x.shape, y.shape)
    return _empty(shape, x) if shape is not None and shape in (tuple(x.shape), tuple(y.shape)) else None


@_rule(
    aten.add_.Tensor, aten.sub_.Tensor, aten.mul_.Tensor, aten.div_.Tensor, aten.mul_.Scalar, aten.add_.Scalar, aten.div_.Scalar
)
def _binary_in_place(x: Tensor, y: Tensor | float, alpha: Any = 1) -> Tensor | None:
    if not x.is_floating_point() or type(alpha) not in (int, float):
        return None
    if not isinstance(y, Tensor):
        return None if isinstance(y, complex) else x
    return x if y.dtype == x.dtype and _broadcast(x.shape, y.shape) == tuple(x.shape) else None


@_rule(aten.clone.default)
def _clone(x: Tensor, **kwargs: Any) -> Tensor | None:
    return (
        _empty(x.shape, x)
        if x.is_contiguous() and kwargs.get("memory_format") in (None, torch.preserve_format, torch.contiguous_format)
        else None
    )


# -- convolution and pooling --------------------------------------------------------------------------------------------------


def _window(size: int, kernel: int, stride: int, padding: int, dilation: int, ceil: bool = False) -> int:
    """Positions of a window along one axis, as torch counts them: with `ceil`, the last one must begin inside the input or its
    left padding.
    """
    span = size + 2 * padding - dilation * (kernel - 1) - 1
    out = (span + (stride - 1 if ceil else 0)) // stride + 1
    return out - 1 if ceil and (out - 1) * stride >= size + padding else out


def _each(value: Any, axes: int) -> list[int]:
    values = [value] if isinstance(value, int) else list(value)
    return values * axes if len(values) == 1 else values


def _sensible(axes: int, stride: list[int], padding: list[int], dilation: list[int]) -> bool:
    """Whether there is one value per axis, and each is one that torch takes."""
    ordered = len(stride) == len(padding) == len(dilation) == axes
    return ordered and min(stride) > 0 and min(padding) >= 0 and min(dilation) > 0


@_rule(aten.convolution.default)
def _convolution(
    x: Tensor,
    weight: Tensor,
    bias: Tensor | None,
    stride: Any,
    padding: Any,
    dilation: Any,
    transposed: bool,
    output_padding: Any,
    groups: int,
) -> Tensor | None:
    # [n, c, *hw], [k, c / groups, *rs] -> [n, k, *pq]; transposed: [n, c, *hw], [c, k / groups, *rs] -> [n, k, *pq]
    axes = x.dim() - 2
    if axes < 1 or weight.dim() != x.dim() or x.dtype != weight.dtype or not _plain(x, weight) or not x.is_floating_point():
        return None
    if bias is not None and bias.dtype != x.dtype:
        return None
    stride, padding, dilation, extra = (_each(value, axes) for value in (stride, padding, dilation, output_padding))
    n, c, *sizes = x.shape
    first, second, *kernel = weight.shape
    if groups < 1 or not _sensible(axes, stride, padding, dilation) or len(extra) != axes:
        return None
    if transposed:
        if c != first or c % groups:
            return None
        out = [
            (s - 1) * st - 2 * p + d * (k - 1) + o + 1
            for s, k, st, p, d, o in zip(sizes, kernel, stride, padding, dilation, extra, strict=True)
        ]
        channels = second * groups
    else:
        if c != second * groups or first % groups:
            return None
        out = [_window(*axis) for axis in zip(sizes, kernel, stride, padding, dilation, strict=True)]
        channels = first
    if min(out) < 1 or n < 1 or (bias is not None and bias.shape != (channels,)):
        return None
    return _empty((n, channels, *out), x)


def _pooled(x: Tensor, axes: int, kernel: Any, stride: Any, padding: Any, dilation: Any, ceil: bool) -> list[int] | None:
    if x.dim() != axes + 2 or not x.is_contiguous() or not x.is_floating_point():
        return None
    kernel, padding, dilation = _each(kernel, axes), _each(padding, axes), _each(dilation, axes)
    stride = _each(stride, axes) if stride else kernel
    if len(kernel) != axes or min(kernel) < 1 or not _sensible(axes, stride, padding, dilation):
        return None
    if any(p > k // 2 for p, k in zip(padding, kernel, strict=True)):
        return None
    out = [_window(*axis, ceil) for axis in zip(x.shape[2:], kernel, stride, padding, dilation, strict=True)]
    return [*x.shape[:2], *out] if min(out) > 0 and x.numel() else None


@_rule(aten.max_pool2d_with_indices.default)
def _max_pool2d(
    x: Tensor, kernel: Any, stride: Any = (), padding: Any = 0, dilation: Any = 1, ceil: bool = False
) -> tuple[Tensor, Tensor] | None:
    # [n, c, h, w] -> [n, c, p, q] and the positions of the maxima
    shape = _pooled(x, 2, kernel, stride, padding, dilation, ceil)
    return None if shape is None else (_empty(shape, x), torch.empty(shape, dtype=torch.int64, device=_META))


@_rule(aten.avg_pool2d.default, aten.avg_pool3d.default)
def _avg_pool(
    x: Tensor,
    kernel: Any,
    stride: Any = (),
    padding: Any = 0,
    ceil: bool = False,
    include_pad: bool = True,
    divisor: int | None = None,
) -> Tensor | None:
    # [n, c, *hw] -> [n, c, *pq]
    if divisor == 0 or len(kernel) != x.dim() - 2:
        return None
    if len(kernel) == 3 and any(size < k for size, k in zip(x.shape[2:], kernel, strict=True)):
        return None  # in three dimensions torch refuses this, padded or not
    shape = _pooled(x, len(kernel), kernel, stride, padding, 1, ceil)
    return None if shape is None else _empty(shape, x)


@_rule(aten._adaptive_avg_pool2d.default, aten.adaptive_avg_pool2d.default)
def _adaptive_avg_pool2d(x: Tensor, size: Any) -> Tensor | None:
    # [n, c, h, w] -> [n, c, *size]
    ordinary = x.dim() == 4 and x.is_contiguous() and x.is_floating_point() and x.numel() and len(size) == 2 and min(size) > 0
    return _empty((*x.shape[:2], *size), x) if ordinary else None


# -- normalisation and reduction ----------------------------------------------------------------------------------------------


@_rule(aten.native_batch_norm.default)
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
    return _empty(x.shape, x), _empty((saved,), x), _empty((saved,), x)


@_rule(aten.native_layer_norm.default)
def _layer_norm(x: Tensor, shape: Any, weight: Any, bias: Any, eps: float) -> tuple[Tensor, Tensor, Tensor] | None:
    # [*lead, *shape] -> [*lead, *shape], mean and reciprocal deviation [*lead, 1 ...]
    axes = len(shape)
    if not x.is_contiguous() or x.dtype != torch.float32 or not axes or list(x.shape[-axes:]) != list(shape):
        return None
    if any(t is not None and (t.dtype != x.dtype or list(t.shape) != list(shape)) for t in (weight, bias)):
        return None
    saved = (*x.shape[:-axes], *([1] * axes))
    return _empty(x.shape, x), _empty(saved, x), _empty(saved, x)


@_rule(aten.mean.dim, aten.sum.dim_IntList)
def _mean(x: Tensor, dims: Any, keepdim: bool = False, **kwargs: Any) -> Tensor | None:
    # [*s] -> [*s] without dims, or with them as 1
    if not dims or not x.is_floating_point() or kwargs.get("dtype") is not None or not all(-x.dim() <= d < x.dim() for d in dims):
        return None
    gone = {d % x.dim() for d in dims}
    if len(gone) < len(dims):
        return None
    return _empty([1 if at in gone else s for at, s in enumerate(x.shape) if keepdim or at not in gone], x)


# -- products -----------------------------------------------------------------------------------------------------------------


def _product(out: tuple[int, ...], fits: bool, *operands: Tensor) -> Tensor | None:
    first = operands[0]
    return _empty(out, first) if fits and first.is_floating_point() and all(t.dtype == first.dtype for t in operands) else None


@_rule(aten.mm.default)
def _mm(a: Tensor, b: Tensor) -> Tensor | None:
    # [n, m], [m, p] -> [n, p]
    return _product((a.shape[0], b.shape[1]), a.shape[1] == b.shape[0], a, b) if a.dim() == b.dim() == 2 else None


@_rule(aten.addmm.default)
def _addmm(bias: Tensor, a: Tensor, b: Tensor, **kwargs: Any) -> Tensor | None:
    # [p] or [n, p], [n, m], [m, p] -> [n, p]
    if a.dim() != 2 or b.dim() != 2:
        return None
    out = (a.shape[0], b.shape[1])
    return _product(out, a.shape[1] == b.shape[0] and _broadcast(bias.shape, torch.Size(out)) == out, bias, a, b)


@_rule(aten.bmm.default)
def _bmm(a: Tensor, b: Tensor) -> Tensor | None:
    # [b, n, m], [b, m, p] -> [b, n, p]
    if a.dim() != 3 or b.dim() != 3:
        return None
    return _product((a.shape[0], a.shape[1], b.shape[2]), a.shape[0] == b.shape[0] and a.shape[2] == b.shape[1], a, b)


# -- joining ------------------------------------------------------------------------------------------------------------------


@_rule(aten.cat.default)
def _cat(tensors: list[Tensor], dim: int = 0) -> Tensor | None:
    # [*a, c_i, *b] ... -> [*a, sum of c_i, *b]
    if not tensors:
        return None
    first = tensors[0]
    rank = first.dim()
    if (
        not rank
        or not -rank <= dim < rank
        or any(t.dtype != first.dtype or t.dim() != rank or not t.is_contiguous() for t in tensors)
    ):
        return None
    at = dim % rank
    before, after = first.shape[:at], first.shape[at + 1 :]
    if any(t.shape[:at] != before or t.shape[at + 1 :] != after for t in tensors):
        return None
    if rank > 3 and any(t.stride(1) == 1 for t in tensors):  # one channel is contiguous and channels last at once
        return None
    return _empty((*before, sum(t.shape[at] for t in tensors), *after), first)


@_rule(aten.constant_pad_nd.default)
def _pad(x: Tensor, pad: Any, value: float = 0) -> Tensor | None:
    # [*s] -> [*s] with pad[0], pad[1] more at the two ends of the last axis, pad[2], pad[3] of the one before ...
    if not x.is_contiguous() or not pad or len(pad) % 2 or len(pad) > 2 * x.dim():
        return None
    shape = list(x.shape)
    for at in range(len(pad) // 2):
        shape[-1 - at] += pad[2 * at] + pad[2 * at + 1]
    return _empty(shape, x) if prod(shape) > 0 and min(shape) > 0 and min(pad) >= 0 else None
