"""Rules for convolutions and pooling."""

from typing import Any

import torch
from torch import Tensor

from archscope.graph.attributes import per_axis
from archscope.tracing.shape_rules.rule import META, empty, rule


def _window(size: int, kernel: int, stride: int, padding: int, dilation: int, ceil: bool = False) -> int:
    """Positions of a window along one axis, as torch counts them: with `ceil`, the last one must begin inside the input or its
    left padding.
    """
    span = size + 2 * padding - dilation * (kernel - 1) - 1
    out = (span + (stride - 1 if ceil else 0)) // stride + 1
    return out - 1 if ceil and (out - 1) * stride >= size + padding else out


def _sensible(axes: int, stride: list[int], padding: list[int], dilation: list[int]) -> bool:
    """Whether there is one value per axis, and each is one that torch takes."""
    ordered = len(stride) == len(padding) == len(dilation) == axes
    return ordered and min(stride) > 0 and min(padding) >= 0 and min(dilation) > 0


@rule("convolution")
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
    if axes < 1 or weight.dim() != x.dim() or x.dtype != weight.dtype or not weight.is_contiguous() or not x.is_floating_point():
        return None
    if bias is not None and bias.dtype != x.dtype:
        return None
    stride, padding, dilation, extra = (per_axis(value, axes) for value in (stride, padding, dilation, output_padding))
    n, c, *sizes = x.shape
    first, second, *kernel = weight.shape
    if groups < 1 or not _sensible(axes, stride, padding, dilation) or len(extra) != axes:
        return None
    if transposed:
        if c != first or c % groups or any([o >= max(s, d) for o, s, d in zip(extra, stride, dilation, strict=True)]):
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
        if min(out) < 1 <= min(n, *sizes, *kernel):
            raise _too_small(sizes, kernel, padding, dilation)
        channels = first
    if min(out) < 1 or not x.numel() or (bias is not None and bias.shape != (channels,)):
        return None
    return empty((n, channels, *out), x)


def _too_small(sizes: list[int], kernel: list[int], padding: list[int], dilation: list[int]) -> RuntimeError:
    """torch's own error: its meta kernel has it only in newer releases, and answered with a tensor of nothing before."""
    given = " x ".join(str(s + 2 * p) for s, p in zip(sizes, padding, strict=True))
    needed = " x ".join(str(d * (k - 1) + 1) for k, d in zip(kernel, dilation, strict=True))
    return RuntimeError(
        f"Calculated padded input size per channel: ({given}). Kernel size: ({needed}). "
        "Kernel size can't be greater than actual input size"
    )


def _pooled(x: Tensor, axes: int, kernel: Any, stride: Any, padding: Any, dilation: Any, ceil: bool) -> list[int] | None:
    if x.dim() != axes + 2 or not x.is_contiguous() or not x.is_floating_point():
        return None
    kernel, padding, dilation = per_axis(kernel, axes), per_axis(padding, axes), per_axis(dilation, axes)
    stride = per_axis(stride, axes) if stride else kernel
    if len(kernel) != axes or min(kernel) < 1 or not _sensible(axes, stride, padding, dilation):
        return None
    if any(p > k // 2 for p, k in zip(padding, kernel, strict=True)):
        return None
    out = [_window(*axis, ceil) for axis in zip(x.shape[2:], kernel, stride, padding, dilation, strict=True)]
    return [*x.shape[:2], *out] if min(out) > 0 and x.numel() else None


@rule("max_pool2d_with_indices")
def _max_pool2d(
    x: Tensor, kernel: Any, stride: Any = (), padding: Any = 0, dilation: Any = 1, ceil: bool = False
) -> tuple[Tensor, Tensor] | None:
    # [n, c, h, w] -> [n, c, p, q] and the positions of the maxima
    shape = _pooled(x, 2, kernel, stride, padding, dilation, ceil)
    return None if shape is None else (empty(shape, x), torch.empty(shape, dtype=torch.int64, device=META))


@rule("avg_pool2d avg_pool3d")
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
    if divisor == 0 or len(kernel) != x.dim() - 2 or len(kernel) < 2:
        return None
    if len(kernel) == 3 and any(size < k for size, k in zip(x.shape[2:], kernel, strict=True)):
        return None  # in three dimensions torch refuses this, padded or not
    shape = _pooled(x, len(kernel), kernel, stride, padding, 1, ceil)
    return None if shape is None else empty(shape, x)


def _clearly_contiguous(x: Tensor) -> bool:
    """Where one channel, or one place, is contiguous and channels last at once, torch may take it for the latter."""
    return x.stride(1) > 1 and x.shape[1] > 1


@rule("_adaptive_avg_pool2d adaptive_avg_pool2d")
def _adaptive_avg_pool2d(x: Tensor, size: Any) -> Tensor | None:
    # [n, c, h, w] -> [n, c, *size]
    ordinary = x.dim() == 4 and x.is_contiguous() and x.is_floating_point() and x.numel() and len(size) == 2 and min(size) > 0
    return empty((*x.shape[:2], *size), x) if ordinary and _clearly_contiguous(x) else None


@rule("upsample_nearest2d upsample_bilinear2d upsample_bicubic2d")
def _upsample2d(x: Tensor, size: Any, *args: Any, **kwargs: Any) -> Tensor | None:
    # [n, c, h, w] -> [n, c, *size]
    ordinary = x.dim() == 4 and x.is_contiguous() and x.is_floating_point() and x.numel() and len(size) == 2 and min(size) > 0
    return empty((*x.shape[:2], *size), x) if ordinary and _clearly_contiguous(x) else None
