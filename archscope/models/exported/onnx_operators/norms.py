"""Normalisation and softmax."""

from math import prod

from archscope.counts.softmax import softmax_cost
from archscope.graph import Cost
from archscope.models.exported.builder import Outside, Value
from archscope.models.exported.onnx_operators.operator import Answer, Operator, Worth, operator


@operator("BatchNormalization")
def batch_norm(op: Operator) -> Answer:
    """By given statistics, or those of the batch."""
    training = bool(op.get("training_mode", 0)) or (op.version < 7 and not op.get("is_test", 0) and len(op.outs) > 1)
    return Worth(
        "aten.native_batch_norm",
        {
            "input": op[0], "weight": op[1], "bias": op[2], "running_mean": op[3], "running_var": op[4], "training": training,
            "momentum": float(op.get("momentum", 0.9)), "eps": float(op.get("epsilon", 1e-5)),
        },
    )  # fmt: skip


@operator("InstanceNormalization", "GroupNormalization")
def group_norm(op: Operator) -> Answer:
    """Over groups of channels; of one channel each where it is an instance norm."""
    n, channels, *spatial = op[0].shape
    groups = int(op.attrs["num_groups"]) if op.type == "GroupNormalization" else channels
    args = {"input": op[0], "weight": op[1], "bias": op[2], "N": n, "C": channels, "HxW": prod(spatial), "group": groups}
    return Worth("aten.native_group_norm", {**args, "eps": float(op.get("epsilon", 1e-5))})


def _last(op: Operator, value: Value) -> list[int]:
    axis = int(op.get("axis", -1))
    return list(value.shape[axis:] if axis < 0 else value.shape[axis - len(value.shape) :])


@operator("LayerNormalization")
def layer_norm(op: Operator) -> Answer:
    """Over the last dimensions."""
    return _layer_norm(op, op[0], op[1], op[2])


def _layer_norm(op: Operator, x: Value, weight: Value | None, bias: Value | None) -> Worth:
    args = {"input": x, "normalized_shape": _last(op, x), "weight": weight, "bias": bias, "eps": float(op.get("epsilon", 1e-5))}
    return Worth("aten.native_layer_norm", args)


@operator("RMSNormalization", "SimplifiedLayerNormalization")
def rms_norm(op: Operator) -> Answer:
    """By the root of the mean of the squares."""
    return Worth("aten.rms_norm", {"input": op[0], "normalized_shape": _last(op, op[0]), "weight": op[1], "eps": 1e-5})


@operator("SkipLayerNormalization", "SkipSimplifiedLayerNormalization")
def skip_norm(op: Operator) -> Answer:
    """onnxruntime's: a residual sum, perhaps a bias, and the norm of it."""
    simple = op.type.startswith("SkipSimplified")
    x = op.emit(Worth("aten.add", {"self": op[0], "other": op[1]}), Outside(op[0].shape, op[0].dtype))
    bias = op[3] if simple else op[4]
    if bias is not None:
        x = op.emit(Worth("aten.add", {"self": x, "other": bias}), Outside(op[0].shape, op[0].dtype))
    if simple:
        return Worth("aten.rms_norm", {"input": x, "normalized_shape": list(x.shape[-1:]), "weight": op[2], "eps": 1e-5})
    return _layer_norm(op, x, op[2], op[3])


@operator("LRN")
def response_norm(op: Operator) -> Answer:
    """x / (bias + alpha mean(x^2))^beta over neighbouring channels.

    Source: Krizhevsky, Sutskever and Hinton, "ImageNet Classification with Deep Convolutional Neural Networks", 2012, sec. 3.3.
    """
    each = Cost(muls=2, adds=int(op.attrs["size"]), divs=2, exponentials=1)
    return Worth("onnx.LRN", {"self": op[0], "size": int(op.attrs["size"])}, cost=each * op[0].record.numel)


@operator("LpNormalization")
def lp_norm(op: Operator) -> Answer:
    """Each row divided by its norm."""
    n, length = op[0].record.numel, op[0].shape[int(op.get("axis", -1))]
    rows = n // max(length, 1)
    norm = Cost(comparisons=n, adds=n - rows) if op.get("p", 2) == 1 else Cost(muls=n, adds=n - rows, exponentials=rows)
    return Worth("onnx.LpNormalization", {"self": op[0]}, cost=norm + Cost(divs=n))


@operator("MeanVarianceNormalization")
def mean_variance(op: Operator) -> Answer:
    """Mean 0 and variance 1 over some dimensions."""
    axes = op.get("axes", None) or [0, 2, 3]
    n = op[0].record.numel
    groups = n // max(prod(op[0].shape[axis] for axis in axes), 1)
    cost = Cost(adds=3 * n - groups, muls=2 * n, divs=2 * groups, exponentials=groups)
    return Worth("onnx.MeanVarianceNormalization", {"self": op[0]}, cost=cost)


@operator("Softmax", "LogSoftmax")
def softmax(op: Operator) -> Answer:
    """Along one dimension; before version 13 along it and all behind it together."""
    name = "aten._softmax" if op.type == "Softmax" else "aten._log_softmax"
    axis = int(op.get("axis", -1 if op.version >= 13 else 1))
    axis = axis % max(op.rank, 1)
    args = {"self": op[0], "dim": axis, "half_to_float": False}
    if op.version >= 13 or axis == op.rank - 1 or op.type != "Softmax":
        return Worth(name, args)
    return Worth(name, args, cost=softmax_cost(prod(op[0].shape[:axis]), prod(op[0].shape[axis:])))


@operator("Hardmax")
def hardmax(op: Operator) -> Answer:
    """1 at the largest of each row."""
    n, length = op[0].record.numel, op[0].shape[int(op.get("axis", -1))]
    return Worth("onnx.Hardmax", {"self": op[0]}, cost=Cost(comparisons=n - n // max(length, 1)))


@operator("Binarizer")
def binarizer(op: Operator) -> Answer:
    """0 up to a threshold, 1 above it."""
    return Worth("aten.gt", {"self": op[0], "other": float(op.get("threshold", 0.0))})
