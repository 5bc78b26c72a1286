"""Convolution, pooling, resizing and sampling."""

from math import prod
from typing import Any

from archscope.graph import Cost
from archscope.models.exported.builder import Value
from archscope.models.exported.onnx_operators.operator import Answer, Operator, Worth, operator, seen_as


def window(op: Operator, kernel: list[int], x: tuple[int, ...], out: tuple[int, ...]) -> dict[str, Any]:
    """Stride, padding (what lies before the map) and dilation of a window, whichever way the file tells them."""
    axes = len(kernel)
    stride, dilation = op.get("strides", None) or [1] * axes, op.get("dilations", None) or [1] * axes
    pads = op.get("pads", None) or [0] * (2 * axes)
    padding = pads[:axes]
    auto = op.get("auto_pad", "NOTSET")
    if auto.startswith("SAME"):
        sizes = zip(kernel, stride, dilation, x[2:], out[2:], strict=True)
        totals = [max((o - 1) * s + d * (k - 1) + 1 - n, 0) for k, s, d, n, o in sizes]
        padding = [t // 2 if auto == "SAME_UPPER" else -(-t // 2) for t in totals]
    elif auto == "VALID":
        padding = [0] * axes
    return {"stride": list(stride), "padding": list(padding), "dilation": list(dilation)}


def convolution(op: Operator, x: Value, weight: Value, bias: Value | None, transposed: bool = False) -> Worth:
    """A convolution of either kind."""
    kernel = list(weight.shape[2:])
    if x.shape[1] != (weight.shape[0] if transposed else weight.shape[1] * int(op.get("group", 1))):
        raise ValueError("channels")
    told = window(op, kernel, x.shape, op.out.shape) if not transposed else window(op, kernel, op.out.shape, x.shape)
    args = {"input": x, "weight": weight, "bias": bias, **told, "transposed": transposed}
    args |= {"output_padding": list(op.get("output_padding", None) or [0] * len(kernel)), "groups": int(op.get("group", 1))}
    return Worth("aten.convolution", args)


@operator("Conv")
def conv(op: Operator) -> Answer:
    """Of one to three dimensions."""
    return convolution(op, op[0], op[1], op[2])


@operator("ConvTranspose")
def conv_transposed(op: Operator) -> Answer:
    """The same the other way round."""
    return convolution(op, op[0], op[1], op[2], transposed=True)


@operator("ConvInteger")
def conv_integer(op: Operator) -> Answer:
    """Of 8-bit numbers."""
    return convolution(op, op[0], op[1], None)


@operator("QLinearConv")
def conv_quantised(op: Operator) -> Answer:
    """Of 8-bit numbers with scales: one multiplication per result undoes them."""
    x = op.emit(convolution(op, op[0], op[3], op[8]), op.out)
    return Worth("aten.quantize_per_tensor", {"self": x})


@operator("DeformConv")
def conv_deformed(op: Operator) -> Answer:
    """With offsets for every point of the kernel, and a mask."""
    weight, n = op[1], op[0].shape[0]
    mask = op[4] if op[4] is not None else seen_as(op[0], (n, 0))
    bias = op[3] if op[3] is not None else seen_as(weight, (weight.shape[0],))
    args = {"input": op[0], "weight": weight, "offset": op[2], "mask": mask, "bias": bias, "use_mask": op[4] is not None}
    return Worth("torchvision.deform_conv2d", args)


@operator("MaxPool", "AveragePool")
def pool(op: Operator) -> Answer:
    """The largest of a window, or the mean."""
    kernel = list(op.attrs["kernel_shape"])
    told = window(op, kernel, op[0].shape, op.out.shape)
    ceil_mode = bool(op.get("ceil_mode", 0))
    first = {"self": op[0], "kernel_size": kernel, "stride": told["stride"], "padding": told["padding"]}
    if op.type == "AveragePool":
        return Worth(f"aten.avg_pool{len(kernel)}d", {**first, "ceil_mode": ceil_mode})
    args = {**first, "dilation": told["dilation"], "ceil_mode": ceil_mode}
    return Worth(f"aten.max_pool{len(kernel)}d_with_indices", args)


@operator("GlobalAveragePool")
def pool_global(op: Operator) -> Answer:
    """The mean of every channel."""
    return Worth("aten.mean", {"self": op[0], "dim": [-1, -2, -3][: op.rank - 2], "keepdim": True})


@operator("GlobalMaxPool")
def pool_global_max(op: Operator) -> Answer:
    """The largest of every channel."""
    return Worth("aten.amax", {"self": op[0], "dim": [-1, -2, -3][: op.rank - 2], "keepdim": True})


@operator("LpPool", "GlobalLpPool")
def pool_norm(op: Operator) -> Answer:
    """The p-norm of a window: p = 2 by squares, any other p by powers."""
    outputs = prod(op.out.shape)
    values = outputs * prod(op.attrs["kernel_shape"]) if op.type == "LpPool" else op[0].record.numel
    each = Cost(muls=1) if op.get("p", 2) == 2 else Cost(comparisons=1, exponentials=1)
    return Worth(f"onnx.{op.type}", {"self": op[0]}, cost=each * values + Cost(adds=values - outputs, exponentials=outputs))


@operator("MaxUnpool")
def unpool(op: Operator) -> Answer:
    """Back to where the largest were."""
    return Worth("aten.max_unpool2d", {"self": op[0], "indices": op[1]})


@operator("RoiAlign")
def roi_align(op: Operator) -> Answer:
    """Regions as maps of one size; how many samples each takes may depend on the boxes."""
    boxes = seen_as(op[1], (op[1].shape[0], 5))
    args = {
        "input": op[0], "rois": boxes, "spatial_scale": float(op.get("spatial_scale", 1.0)),
        "pooled_height": int(op.get("output_height", 1)), "pooled_width": int(op.get("output_width", 1)),
        "sampling_ratio": int(op.get("sampling_ratio", 0)),
    }  # fmt: skip
    return Worth("torchvision.roi_align", args)


_RESIZED: dict[str, dict[int, str]] = {
    "linear": {1: "upsample_linear1d", 2: "upsample_bilinear2d", 3: "upsample_trilinear3d"},
    "cubic": {2: "upsample_bicubic2d"},
}  # fmt: skip


@operator("Resize", "Upsample")
def resize(op: Operator) -> Answer:
    """Interpolation of every mode along the spatial dimensions."""
    before, after = op[0].shape, op.out.shape
    axes = len(before) - 2
    if before[:2] != after[:2] or axes < 1:
        return _resize_other(op)
    if before == after:
        return 0
    mode = op.get("mode", "nearest")
    name = _RESIZED.get(mode)
    place = op.get("coordinate_transformation_mode", "half_pixel" if op.type == "Resize" and op.version > 10 else "asymmetric")
    if mode == "nearest":
        exact = place != "asymmetric"
        return Worth(f"aten.{'_' if exact else ''}upsample_nearest{'_exact' if exact else ''}{axes}d", _sizes(op, False))
    if not name or axes not in name or place == "tf_crop_and_resize":
        return _resize_other(op)
    aa = bool(op.get("antialias", 0)) and axes == 2
    return Worth(f"aten.{'_' if aa else ''}{name[axes]}{'_aa' if aa else ''}", _sizes(op, place == "align_corners"))


def _sizes(op: Operator, corners: bool) -> dict[str, Any]:
    return {"self": op[0], "output_size": list(op.out.shape[2:]), "align_corners": corners}


def _resize_other(op: Operator) -> Worth:
    """Along other dimensions too: nearest moves data; per dimension that changes 2 multiplications and 1 addition."""
    mode, changed = op.get("mode", "nearest"), sum(a != b for a, b in zip(op[0].shape, op.out.shape, strict=True))
    if mode == "nearest":
        return Worth("onnx.Resize", {"self": op[0]}, free="moves data, no arithmetic")
    if mode != "linear":
        return Worth("onnx.Resize", {"self": op[0]})
    return Worth("onnx.Resize", {"self": op[0]}, cost=Cost(muls=2, adds=1) * ((2**changed - 1) * prod(op.out.shape)))


@operator("GridSample")
def grid_sample(op: Operator) -> Answer:
    """At points that are given."""
    mode = {"bilinear": 0, "linear": 0, "nearest": 1, "bicubic": 2, "cubic": 2}[op.get("mode", "linear")]
    corners = bool(op.get("align_corners", 0))
    args = {"input": op[0], "grid": op[1], "interpolation_mode": mode, "padding_mode": 0, "align_corners": corners}
    return Worth(f"aten.grid_sampler_{op.rank - 2}d", args)


@operator("AffineGrid")
def affine_grid(op: Operator) -> Answer:
    """Points of a map, moved and turned."""
    return Worth("aten.affine_grid_generator", {"theta": op[0], "size": None, "align_corners": bool(op.get("align_corners", 0))})


@operator("DepthToSpace", "SpaceToDepth")
def shuffle(op: Operator) -> Answer:
    """Channels to places, or back."""
    block = int(op.attrs["blocksize"])
    if op.type == "DepthToSpace":
        return Worth("aten.pixel_shuffle", {"self": op[0], "upscale_factor": block})
    return Worth("aten.pixel_unshuffle", {"self": op[0], "downscale_factor": block})


@operator("FusedConv")
def conv_fused(op: Operator) -> Answer:
    """onnxruntime's: a convolution, a summand, an activation function."""
    x = op.emit(convolution(op, op[0], op[1], op[2]), op.out)
    if op[3] is not None:
        x = op.emit(Worth("aten.add", {"self": x, "other": op[3]}), op.out)
    name = {"Relu": "relu", "LeakyRelu": "leaky_relu", "Tanh": "tanh", "Sigmoid": "sigmoid", "Clip": "hardtanh"}
    activation = op.get("activation", "")
    if activation == "HardSigmoid":
        return Worth("aten.hardsigmoid", {"self": x})
    return Worth(f"aten.{name[activation]}" if activation in name else f"com.microsoft.FusedConv.{activation}", {"self": x})
