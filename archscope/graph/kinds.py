"""What an operator is, in the words of the papers: `aten.convolution` with a 3x3 kernel, stride 2 and no padding is a `conv
3x3/2 V`.
"""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from archscope.graph.graph import Graph
from archscope.graph.records import Node, bare

CONVOLUTION, LINEAR, PRODUCT, ATTENTION, RECURRENT = "convolution", "linear", "product", "attention", "recurrent"
POOLING, NORMALISATION, ACTIVATION, JOIN, RESAMPLING = "pooling", "normalisation", "activation function", "join", "resampling"
POINTWISE, REDUCTION, RESHAPE, EMBEDDING, OTHER = "pointwise", "reduction", "reshape", "embedding", "other"

WEIGHTED = frozenset({CONVOLUTION, LINEAR, PRODUCT, ATTENTION, RECURRENT})

_WORDS = (
    # kind, word, operators
    (CONVOLUTION, "conv", "convolution _convolution convolution_overrideable conv1d conv2d conv3d"),
    (CONVOLUTION, "conv", "mkldnn_convolution cudnn_convolution"),
    (CONVOLUTION, "deformable conv", "deform_conv2d"),
    (LINEAR, "linear", "addmm linear mm addmv mv _addmm_activation"),
    (PRODUCT, "matmul", "bmm baddbmm matmul"),
    (PRODUCT, "dot", "dot vdot"),
    (PRODUCT, "einsum", "einsum"),
    (PRODUCT, "bilinear", "_trilinear"),
    (ATTENTION, "attention", "scaled_dot_product_attention _scaled_dot_product_attention_math"),
    (ATTENTION, "attention", "_scaled_dot_product_flash_attention"),
    (ATTENTION, "attention", "_scaled_dot_product_flash_attention_for_cpu _scaled_dot_product_efficient_attention"),
    (ATTENTION, "attention", "_scaled_dot_product_cudnn_attention _scaled_dot_product_fused_attention_overrideable"),
    (ATTENTION, "attention", "_native_multi_head_attention _transformer_encoder_layer_fwd"),
    (RECURRENT, "LSTM", "lstm mkldnn_rnn_layer"),
    (RECURRENT, "LSTM cell", "_thnn_fused_lstm_cell"),
    (RECURRENT, "GRU", "gru"),
    (RECURRENT, "RNN", "rnn_tanh rnn_relu"),
    (POOLING, "max pool", "max_pool1d max_pool2d max_pool3d max_pool2d_with_indices max_pool3d_with_indices"),
    (POOLING, "max pool", "adaptive_max_pool1d adaptive_max_pool2d adaptive_max_pool3d"),
    (POOLING, "avg pool", "avg_pool1d avg_pool2d avg_pool3d adaptive_avg_pool1d _adaptive_avg_pool2d _adaptive_avg_pool3d"),
    (POOLING, "avg pool", "adaptive_avg_pool2d adaptive_avg_pool3d"),
    (NORMALISATION, "bn", "native_batch_norm _native_batch_norm_legit _native_batch_norm_legit_no_training batch_norm"),
    (NORMALISATION, "bn", "cudnn_batch_norm _batch_norm_with_update"),
    (NORMALISATION, "in", "instance_norm"),
    (NORMALISATION, "ln", "native_layer_norm layer_norm"),
    (NORMALISATION, "gn", "native_group_norm group_norm"),
    (NORMALISATION, "rms norm", "rms_norm _fused_rms_norm"),
    (ACTIVATION, "relu6", "relu6 hardtanh"),
    (ACTIVATION, "leaky relu", "leaky_relu"),
    (ACTIVATION, "prelu", "prelu _prelu_kernel"),
    (ACTIVATION, "softmax", "_softmax softmax _safe_softmax"),
    (ACTIVATION, "log softmax", "_log_softmax log_softmax"),
    (ACTIVATION, "logsigmoid", "log_sigmoid_forward"),
    *(
        (ACTIVATION, name, name)
        for name in "relu gelu silu sigmoid tanh hardswish hardsigmoid elu mish softplus glu selu celu".split()
    ),
    (JOIN, "concat", "cat"),
    (JOIN, "stack", "stack"),
    (RESAMPLING, "pixel shuffle", "pixel_shuffle"),
    (RESAMPLING, "grid sample", "grid_sampler grid_sampler_2d grid_sampler_3d"),
    (REDUCTION, "max", "amax max"),
    (REDUCTION, "variance", "var"),
    *((REDUCTION, name, name) for name in ["mean", "sum", "min", "argmax"]),
    (EMBEDDING, "embedding", "embedding"),
    (EMBEDDING, "embedding bag", "_embedding_bag _embedding_bag_forward_only"),
)  # fmt: skip

_BY_OP = {op: (kind, word) for kind, word, operators in _WORDS for op in operators.split()}
_ARITHMETIC = {
    "add": "add",
    "sub": "subtract",
    "mul": "multiply",
    "div": "divide",
    "dropout": "dropout",
    "native_dropout": "dropout",
}


def names(of: str) -> list[str]:
    """The operators of this kind that have a word of their own: "relu", "gelu" ... of `ACTIVATION`."""
    return [name for name, (kind, _) in _BY_OP.items() if kind == of]


def words(of: str) -> set[str]:
    """What operators of this kind are called: "matmul", "einsum" ... of `PRODUCT`."""
    return {word for kind, word in _BY_OP.values() if kind == of}


def kind(node: Node) -> str:
    """The kind of operator: one of the constants above."""
    return _kind(node.op, not node.bytes and bool(node.free))


@cache
def _kind(op: str, shows_memory: bool) -> str:
    name = bare(op)
    if name in _BY_OP:
        return _BY_OP[name][0]
    if name.startswith("upsample_"):
        return RESAMPLING
    if name in _ARITHMETIC:
        return POINTWISE
    if shows_memory:
        return RESHAPE
    if op.partition(".")[0] not in ("aten", "prims"):
        return OTHER if "." in op else "module"
    return RESHAPE if name in _MOVES else OTHER


_MOVES = {
    "clone",
    "copy",
    "_reshape_copy",
    "contiguous",
    "_unsafe_view",
    "_to_copy",
    "permute_copy",
    "roll",
    "flip",
    "index_select",
}


_ALL_PLACES = ([-1, -2], [-2, -1], [2, 3], [-1, -2, -3], [-3, -2, -1], [2, 3, 4])


def word(node: Node) -> str:
    """What a paper would call it: "conv", "max pool", "concat", "relu"; the operator's own name where there is no such word."""
    found = _word(node.op)
    if found == "conv" and node.attrs.get("transposed"):
        return "transposed conv"
    if found == "relu6" and node.name == "hardtanh" and (node.attrs.get("min_val"), node.attrs.get("max_val")) != (0, 6):
        return "hardtanh"
    if found == "mean" and node.attrs.get("dim") in _ALL_PLACES:
        return "global avg pool"
    return found


@cache
def _word(op: str) -> str:
    name = bare(op)
    if name.startswith("upsample_"):
        return "upsample"
    return _BY_OP[name][1] if name in _BY_OP else _ARITHMETIC.get(name, name.strip("_").replace("_", " "))


def is_depthwise(graph: Graph, node: Node) -> bool:
    """Whether a convolution looks at each channel by itself."""
    groups = node.attrs.get("groups", 1)
    if kind(node) != CONVOLUTION or not isinstance(groups, int) or groups == 1 or not node.inputs:
        return False
    return groups == graph.tensors[node.inputs[0]].shape[1]


def window(attrs: Mapping[str, Any]) -> str:
    """Kernel, stride and padding as the papers write them: "3x3/2 V", "1x7", "7x7/2", "3x3 d2 g32"; "" where there is no kernel.

    V (valid) means no padding; a window without a mark is padded so that stride alone decides the output size (SAME); any other
    padding is
    written out: "11x11/4 p2".
    """
    kernel = _sizes(attrs, "kernel")
    if not kernel:
        return ""
    stride = _sizes(attrs, "stride")
    padding, dilation = _sizes(attrs, "padding") or [0] * len(kernel), _sizes(attrs, "dilation") or [1] * len(kernel)
    text = "x".join(map(str, kernel))
    if any(s != 1 for s in stride):
        text += "/" + _common(stride)
    extents = [d * (k - 1) for k, d in zip(kernel, dilation, strict=True)]
    if any(extents):
        if not any(padding):
            text += " V"
        elif any(2 * p != e for p, e in zip(padding, extents, strict=True)):
            text += f" p{_common(padding)}"
    if any(d != 1 for d in dilation):
        text += f" d{_common(dilation)}"
    groups = attrs.get("groups", 1)
    return f"{text} g{groups}" if groups != 1 else text


def _sizes(attrs: Mapping[str, Any], name: str) -> list[int]:
    value = attrs.get(name)
    return [v for v in value if isinstance(v, int)] if isinstance(value, list) else []


def _common(values: Sequence[int]) -> str:
    return str(values[0]) if len(set(values)) == 1 else "x".join(map(str, values))
