"""ai.onnx.ml: classical models. Their learned numbers stand in attributes."""

from collections.abc import Callable

from archscope.counts.softmax import softmax_cost
from archscope.graph import Cost
from archscope.models.exported.onnx_operators.operator import Answer, Operator, Worth, operator

_TRANSFORMS: dict[str, Callable[[int, int], Cost]] = {
    "NONE": lambda rows, n: Cost(),
    "LOGISTIC": lambda rows, n: Cost(exponentials=1, adds=1, divs=1) * (rows * n),
    "SOFTMAX": softmax_cost,
    "SOFTMAX_ZERO": softmax_cost,
    "PROBIT": lambda rows, n: Cost(exponentials=1) * (rows * n),
}
"""What a classifier makes of its scores."""


@operator("LinearRegressor", "LinearClassifier")
def linear(op: Operator) -> Answer:
    """A linear map, and for a classifier the largest of the scores."""
    rows, features = op[0].shape[0] if op.rank > 1 else 1, op[0].shape[-1] if op[0].shape else 1
    outputs = len(op.attrs["coefficients"]) // max(features, 1)
    cost = Cost(macs=rows * features * outputs, adds=rows * outputs if op.get("intercepts", None) else 0)
    if op.type == "LinearClassifier":
        cost += Cost(comparisons=rows * max(outputs - 1, 1))
        cost += _TRANSFORMS[op.get("post_transform", "NONE")](rows, outputs)
    return Worth(f"ai.onnx.ml.{op.type}", {"self": op[0]}, cost=cost)


@operator("Scaler")
def scaler(op: Operator) -> Answer:
    """(x - offset) scale."""
    return Worth("ai.onnx.ml.Scaler", {"self": op[0]}, cost=Cost(adds=1, muls=1) * op[0].record.numel)


@operator("Imputer")
def imputer(op: Operator) -> Answer:
    """Puts numbers where some are missing."""
    return Worth("ai.onnx.ml.Imputer", {"self": op[0]}, cost=Cost(comparisons=op[0].record.numel))


@operator("Normalizer")
def normalizer(op: Operator) -> Answer:
    """Each row divided by its largest, its sum of absolute values, or its length."""
    n = op[0].record.numel
    rows = n // max(op[0].shape[-1] if op[0].shape else 1, 1)
    norms = {
        "MAX": Cost(comparisons=2 * n - rows), "L1": Cost(comparisons=n, adds=n - rows),
        "L2": Cost(muls=n, adds=n - rows, exponentials=rows),
    }  # fmt: skip
    return Worth("ai.onnx.ml.Normalizer", {"self": op[0]}, cost=norms[op.get("norm", "MAX")] + Cost(divs=n))
