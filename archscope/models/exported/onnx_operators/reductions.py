"""Sums, means, extremes, running sums, the largest few."""

from typing import Any

from archscope.graph import Cost
from archscope.models.exported.builder import Outside, Value
from archscope.models.exported.onnx_operators.operator import Answer, Operator, Worth, operator

_NAMES = {"ReduceSum": "sum", "ReduceMean": "mean", "ReduceMax": "amax", "ReduceMin": "amin", "ReduceProd": "prod"}
_NORMS = {"ReduceL1": 1.0, "ReduceL2": 2.0}


def _axes(op: Operator) -> list[int] | None:
    """The dimensions that go; None where none does. Raises `ValueError` where they are not known."""
    if "axes" not in op.attrs and op[1] is None:
        return None if op.get("noop_with_empty_axes", 0) else list(range(op.rank))
    found = op.known(1, "axes")
    if found is None:
        raise ValueError("axes")
    if not found:
        return None if op.get("noop_with_empty_axes", 0) else list(range(op.rank))
    axes = [int(axis) for axis in found]
    # As torch has what it makes of an adaptive pooling to 1x1.
    if sorted(axis % op.rank for axis in axes) == list(range(2, op.rank)) and op.rank > 3 and op.get("keepdims", 1):
        return [-1, -2, -3][: op.rank - 2]
    return axes


@operator(*_NAMES, *_NORMS)
def reduce(op: Operator) -> Answer:
    """Over some dimensions."""
    axes = _axes(op)
    if axes is None:
        return 0
    args: dict[str, Any] = {"self": op[0], "dim": axes, "keepdim": bool(op.get("keepdims", 1))}
    if op.type in _NORMS:
        return Worth("aten.linalg_vector_norm", {"self": op[0], "ord": _NORMS[op.type], "dim": axes, "keepdim": args["keepdim"]})
    return Worth(f"aten.{_NAMES[op.type]}", args)


@operator("ReduceLogSum", "ReduceLogSumExp", "ReduceSumSquare")
def reduce_logs(op: Operator) -> Answer:
    """The logarithm of a sum, of a sum of exponentials; a sum of squares."""
    axes = _axes(op)
    if axes is None:
        return Worth("aten.square" if op.type == "ReduceSumSquare" else "aten.log", {"self": op[0]})
    args: dict[str, Any] = {"dim": axes, "keepdim": bool(op.get("keepdims", 1))}
    if op.type == "ReduceLogSumExp":
        return Worth("aten.logsumexp", {"self": op[0], **args})
    if op.type == "ReduceSumSquare":
        return Worth("aten.sum", {"self": op.emit(Worth("aten.square", {"self": op[0]}), _like(op[0])), **args})
    return Worth("aten.log", {"self": op.emit(Worth("aten.sum", {"self": op[0], **args}), op.out)})


def _like(value: Value) -> Outside:
    return Outside(value.shape, value.dtype)


@operator("ArgMax", "ArgMin")
def place(op: Operator) -> Answer:
    """Where the largest is."""
    args = {"self": op[0], "dim": int(op.get("axis", 0)), "keepdim": bool(op.get("keepdims", 1))}
    return Worth(f"aten.{op.type.lower()}", args)


@operator("CumSum", "CumProd")
def running_sum(op: Operator) -> Answer:
    """Along one dimension."""
    axis = op.known(1)
    if not axis:
        raise ValueError("axis")
    return Worth(f"aten.{op.type.lower()}", {"self": op[0], "dim": int(axis[0])})


@operator("TopK")
def largest(op: Operator) -> Answer:
    """The k largest along one dimension."""
    k = op.known(1, "k")
    if not k:
        raise ValueError("k")
    return Worth("aten.topk", {"self": op[0], "k": int(k[0]), "dim": int(op.get("axis", -1))})


@operator("Unique")
def unique(op: Operator) -> Answer:
    """Each value once."""
    return Worth("aten._unique2", {"self": op[0]})


@operator("NonMaxSuppression")
def suppression(op: Operator) -> Answer:
    """Boxes that overlap no better one. How many comparisons that takes depends on the boxes."""
    return Worth("onnx.NonMaxSuppression", {"boxes": op[0], "scores": op[1]}, cost=Cost(unknown=1))
