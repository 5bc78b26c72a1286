"""Shapes that the onnx package does not infer: of onnxruntime's own operators, and of classical models."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from archscope.registry import Registry

Shape = tuple[int, ...]

SHAPES: Registry[Callable[[Sequence[Shape], Mapping[str, Any]], list[Shape]]] = Registry("shape")
"""From the shapes of the inputs and the attributes to those of the outputs."""
STANDARD_NAMES = {"FusedConv": "Conv", "FusedGemm": "Gemm"}
"""Operators of onnxruntime whose result has the shape of one of ONNX's."""


@SHAPES.register(
    "SkipLayerNormalization", "SkipSimplifiedLayerNormalization", "SimplifiedLayerNormalization", "FastGelu", "BiasGelu",
    "QuickGelu", "Gelu", "RotaryEmbedding", "GroupQueryAttention", "Scaler", "Normalizer", "Imputer", "Binarizer",
)  # fmt: skip
def same(inputs: Sequence[Shape], attrs: Mapping[str, Any]) -> list[Shape]:
    """As the first input."""
    return [inputs[0]]


@SHAPES.register("FusedMatMul", "TransposeMatMul")
def product(inputs: Sequence[Shape], attrs: Mapping[str, Any]) -> list[Shape]:
    """[*, n, k] x [*, k, m], either turned."""
    a, b = inputs[:2]
    rows = a[-1] if attrs.get("transA", 0) else a[-2]
    columns = b[-2] if attrs.get("transB", 0) else b[-1]
    return [(*(a if len(a) >= len(b) else b)[:-2], rows, columns)]


@SHAPES.register("MatMulNBits")
def packed_product(inputs: Sequence[Shape], attrs: Mapping[str, Any]) -> list[Shape]:
    """[*, k] x [k, n]."""
    return [(*inputs[0][:-1], int(attrs["N"]))]


@SHAPES.register("Attention")
def attention(inputs: Sequence[Shape], attrs: Mapping[str, Any]) -> list[Shape]:
    """[n, l, values]."""
    width = (attrs.get("qkv_hidden_sizes") or [inputs[1][1] // 3])[-1]
    return [(*inputs[0][:-1], int(width))]


@SHAPES.register("MultiHeadAttention")
def heads(inputs: Sequence[Shape], attrs: Mapping[str, Any]) -> list[Shape]:
    """[n, l, values]."""
    return [(*inputs[0][:-1], inputs[2][-1] if len(inputs) > 2 and len(inputs[2]) == 3 else inputs[0][-1])]


@SHAPES.register("LinearRegressor")
def regressor(inputs: Sequence[Shape], attrs: Mapping[str, Any]) -> list[Shape]:
    """[n, targets]."""
    return [(inputs[0][0], int(attrs.get("targets", 1)))]


@SHAPES.register("LinearClassifier", "TreeEnsembleClassifier", "SVMClassifier")
def classifier(inputs: Sequence[Shape], attrs: Mapping[str, Any]) -> list[Shape]:
    """Labels [n] and scores [n, classes]."""
    labels = attrs.get("classlabels_ints") or attrs.get("classlabels_int64s") or attrs.get("classlabels_strings") or [0]
    return [(inputs[0][0],), (inputs[0][0], len(labels))]


@SHAPES.register("TreeEnsembleRegressor", "SVMRegressor")
def ensemble(inputs: Sequence[Shape], attrs: Mapping[str, Any]) -> list[Shape]:
    """[n, targets]."""
    return [(inputs[0][0], int(attrs.get("n_targets", 1)))]
