"""Convolutions of every kind: grouped, dilated, transposed, deformable, and the kernels of every device."""

from math import prod
from typing import Any

from archscope.counts.products import product
from archscope.graph import Cost, Tensor


@product(
    "aten.conv1d", "aten.conv2d", "aten.conv3d", "aten._convolution_mode", "aten._nnpack_spatial_convolution", "aten.thnn_conv2d",
    "aten._slow_conv2d_forward", "aten.slow_conv3d", "aten.slow_conv3d_forward", "aten.slow_conv_dilated2d",
    "aten.slow_conv_dilated3d", "aten._conv_depthwise2d", "aten.conv_depthwise3d", "aten.mkldnn_convolution",
    "aten.cudnn_convolution", "aten.miopen_convolution", "aten.miopen_depthwise_convolution", "aten._mps_convolution",
)  # fmt: skip
def convolve(x: Tensor, weight: Tensor, *rest: Any, out: Tensor, bias: Any = None, **_: Any) -> Cost:
    """Every output element is an inner product over in_channels / groups and the kernel's positions."""
    # [n, o, *spatial out] = conv([n, c, *spatial], [o, c / groups, *kernel], bias [o])
    has_bias = type(bias) is Tensor or any(type(value) is Tensor for value in rest)
    outputs = out.numel
    return Cost(macs=outputs * prod(weight.shape[1:]), adds=outputs if has_bias else 0)


@product(
    "aten.conv_transpose1d", "aten.conv_transpose2d", "aten.conv_transpose3d", "aten.slow_conv_transpose2d",
    "aten.slow_conv_transpose3d", "aten.cudnn_convolution_transpose", "aten.miopen_convolution_transpose",
    "aten._mps_convolution_transpose",
)  # fmt: skip
def convolve_transposed(x: Tensor, weight: Tensor, *rest: Any, out: Tensor, bias: Any = None, **_: Any) -> Cost:
    """Every input element is multiplied with out_channels / groups kernels and added to the output, whatever the stride."""
    # [n, o, *spatial out] = conv_transpose([n, c, *spatial], [c, o / groups, *kernel], bias [o])
    has_bias = type(bias) is Tensor or any(type(value) is Tensor for value in rest)
    return Cost(macs=x.numel * prod(weight.shape[1:]), adds=out.numel if has_bias else 0)


@product("aten.convolution", "aten._convolution", "aten.convolution_overrideable")
def convolution(
    x: Tensor, weight: Tensor, bias: Tensor | None, stride: Any, padding: Any, dilation: Any, transposed: bool, *_: Any,
    out: Tensor,
) -> Cost:  # fmt: skip
    """A convolution of either kind, of one to three dimensions."""
    outputs = out.numel
    return Cost((x.numel if transposed else outputs) * prod(weight.shape[1:]), outputs if bias is not None else 0)


@product("aten.conv_tbc")
def conv_tbc(x: Tensor, weight: Tensor, bias: Tensor, pad: int = 0, *, out: Tensor) -> Cost:
    """A convolution over time with the batch second."""
    # [t out, n, o] = conv_tbc([t, n, c], [kernel, c, o], [o])
    kernel, channels, _ = weight.shape
    return Cost(macs=out.numel * channels * kernel, adds=out.numel)


@product("aten.cudnn_convolution_relu", "aten.miopen_convolution_relu")
def convolution_relu(x: Tensor, weight: Tensor, bias: Tensor | None, *_: Any, out: Tensor) -> Cost:
    """A convolution and the rectifier behind it, in one."""
    return convolve(x, weight, bias, out=out) + Cost(comparisons=out.numel)


@product("aten.cudnn_convolution_add_relu", "aten.miopen_convolution_add_relu")
def convolution_add_relu(
    x: Tensor, weight: Tensor, z: Tensor, alpha: float | None, bias: Tensor | None, *_: Any, out: Tensor
) -> Cost:
    """relu(convolution + alpha z)."""
    scale = 0 if alpha in (None, 1) else out.numel
    return convolve(x, weight, bias, out=out) + Cost(adds=out.numel, muls=scale, comparisons=out.numel)


@product("torchvision.deform_conv2d")
def deform_conv2d(x: Tensor, weight: Tensor, offset: Tensor, mask: Tensor, bias: Tensor, *rest: Any, out: Tensor) -> Cost:
    """Deformable convolution: every input value is interpolated from four neighbours before the convolution reads it.

    Per sampled value 4 multiplications and 3 additions; per sampling point 2 additions for its place, 4 for the distances to its
    neighbours and 4 multiplications for their weights; the second version multiplies each value with a mask.
    Source: Dai et al., "Deformable Convolutional Networks", 2017, eq. 2 to 4; Zhu et al., "Deformable ConvNets v2", 2019, eq. 1.
    """
    # [n, o, h, w] = deform_conv2d([n, c, ...], [o, c / groups, kh, kw], [n, 2 * offset_groups * kh * kw, h, w], ...)
    n, channels, _, _ = x.shape
    use_mask = bool(rest[-1])
    values = n * channels * prod(weight.shape[2:]) * prod(out.shape[2:])
    points = offset.numel // 2
    sampling = Cost(muls=(4 + use_mask) * values + 4 * points, adds=3 * values + 6 * points)
    return convolve(x, weight, bias, out=out) + sampling
