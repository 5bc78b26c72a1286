"""What an operator is, in the words of the papers: `aten.convolution` with a 3x3 kernel, stride 2 and no padding is a `conv 3x3/2 V`."""

from collections.abc import Mapping, Sequence
from typing import Any

from archscope.graph import Graph, Node

CONVOLUTION, LINEAR, PRODUCT, ATTENTION, RECURRENT = "convolution", "linear", "product", "attention", "recurrent"
POOLING, NORMALISATION, ACTIVATION, JOIN, RESAMPLING = "pooling", "normalisation", "activation function", "join", "resampling"
POINTWISE, REDUCTION, RESHAPE, EMBEDDING, OTHER = "pointwise", "reduction", "reshape", "embedding", "other"

WEIGHTED = frozenset({CONVOLUTION, LINEAR, PRODUCT, ATTENTION, RECURRENT})

_WORDS: dict[str, dict[str, str]] = {
    CONVOLUTION: {
        "convolution": "conv", "_convolution": "conv", "convolution_overrideable": "conv", "conv1d": "conv", "conv2d": "conv", "conv3d": "conv",
        "mkldnn_convolution": "conv", "cudnn_convolution": "conv", "deform_conv2d": "deformable conv",
    },
    LINEAR: {"addmm": "linear", "linear": "linear", "mm": "linear", "addmv": "linear", "mv": "linear", "_addmm_activation": "linear"},
    PRODUCT: {"bmm": "matmul", "baddbmm": "matmul", "matmul": "matmul", "dot": "dot", "einsum": "einsum", "_trilinear": "bilinear"},
    ATTENTION: {
        name: "attention" for name in (
            "scaled_dot_product_attention", "_scaled_dot_product_flash_attention", "_scaled_dot_product_flash_attention_for_cpu",
            "_scaled_dot_product_efficient_attention", "_scaled_dot_product_cudnn_attention", "_scaled_dot_product_attention_math",
            "_scaled_dot_product_fused_attention_overrideable", "_native_multi_head_attention", "_transformer_encoder_layer_fwd",
        )
    },
    RECURRENT: {"lstm": "LSTM", "gru": "GRU", "rnn_tanh": "RNN", "rnn_relu": "RNN", "mkldnn_rnn_layer": "LSTM", "_thnn_fused_lstm_cell": "LSTM cell"},
    POOLING: {
        **{f"max_pool{n}d{rest}": "max pool" for n in (1, 2, 3) for rest in ("", "_with_indices")},
        **{f"avg_pool{n}d": "avg pool" for n in (1, 2, 3)},
        **{f"{u}adaptive_avg_pool{n}d": "avg pool" for n in (1, 2, 3) for u in ("", "_")},
        **{f"adaptive_max_pool{n}d": "max pool" for n in (1, 2, 3)},
    },
    NORMALISATION: {
        "native_batch_norm": "bn", "_native_batch_norm_legit": "bn", "_native_batch_norm_legit_no_training": "bn", "cudnn_batch_norm": "bn",
        "_batch_norm_with_update": "bn", "batch_norm": "bn", "native_layer_norm": "ln", "layer_norm": "ln", "native_group_norm": "gn",
        "group_norm": "gn", "rms_norm": "rms norm", "_fused_rms_norm": "rms norm",
    },
    ACTIVATION: {
        name: word for word, names in {
            "relu": ("relu",), "relu6": ("relu6", "hardtanh"), "gelu": ("gelu",), "silu": ("silu",), "sigmoid": ("sigmoid",), "tanh": ("tanh",),
            "hardswish": ("hardswish",), "hardsigmoid": ("hardsigmoid",), "leaky relu": ("leaky_relu",), "elu": ("elu",), "prelu": ("prelu", "_prelu_kernel"),
            "mish": ("mish",), "softplus": ("softplus",), "softmax": ("_softmax", "softmax", "_safe_softmax"), "log softmax": ("_log_softmax", "log_softmax"),
            "glu": ("glu",), "selu": ("selu",), "celu": ("celu",), "logsigmoid": ("log_sigmoid_forward",),
        }.items() for name in names
    },
    JOIN: {"cat": "concat", "stack": "stack"},
    RESAMPLING: {"pixel_shuffle": "pixel shuffle", "grid_sampler": "grid sample", "grid_sampler_2d": "grid sample"},
    REDUCTION: {"mean": "mean", "sum": "sum", "amax": "max", "max": "max", "min": "min", "var": "variance", "argmax": "argmax"},
    EMBEDDING: {"embedding": "embedding", "_embedding_bag": "embedding bag", "_embedding_bag_forward_only": "embedding bag"},
}  # fmt: skip

_BY_OP = {op: (kind, word) for kind, words in _WORDS.items() for op, word in words.items()}
_ARITHMETIC = {"add": "add", "sub": "subtract", "mul": "multiply", "div": "divide", "dropout": "dropout", "native_dropout": "dropout"}


def kind(node: Node) -> str:
    """The kind of operator: one of the constants above."""
    name = node.name
    if name in _BY_OP:
        return _BY_OP[name][0]
    if name.startswith("upsample_"):
        return RESAMPLING
    if name in _ARITHMETIC:
        return POINTWISE
    if not node.bytes and node.free:
        return RESHAPE
    if node.op.partition(".")[0] not in ("aten", "prims"):
        return OTHER if "." in node.op else "module"
    return RESHAPE if name in _MOVES else OTHER


_MOVES = {"clone", "copy", "_reshape_copy", "contiguous", "_unsafe_view", "_to_copy", "permute_copy", "roll", "flip", "index_select"}


def word(node: Node) -> str:
    """What a paper would call it: "conv", "max pool", "concat", "relu"; the operator's own name where there is no such word."""
    name = node.name
    if name.startswith("upsample_"):
        return "upsample"
    if name == "hardtanh" and (node.attrs.get("min_val"), node.attrs.get("max_val")) != (0, 6):
        return "hardtanh"
    if name == "mean" and node.attrs.get("dim") in ([-1, -2], [-2, -1], [2, 3]):
        return "global avg pool"
    found = _BY_OP[name][1] if name in _BY_OP else _ARITHMETIC.get(name, name.strip("_").replace("_", " "))
    if found == "conv":
        return f"{'transposed ' if node.attrs.get('transposed') else ''}{found}"
    return found


def is_depthwise(graph: Graph, node: Node) -> bool:
    """Whether a convolution looks at each channel by itself."""
    groups = node.attrs.get("groups", 1)
    if kind(node) != CONVOLUTION or not isinstance(groups, int) or groups == 1 or not node.inputs:
        return False
    return groups == graph.tensors[node.inputs[0]].shape[1]


def window(attrs: Mapping[str, Any]) -> str:
    """Kernel, stride and padding as the papers write them: "3x3/2 V", "1x7", "7x7/2", "3x3 d2 g32"; "" where there is no kernel.

    V (valid) means no padding; a window without a mark is padded so that stride alone decides the output size (SAME); any other padding is
    written out: "11x11/4 p2".
    """
    kernel, stride = _sizes(attrs, "kernel"), _sizes(attrs, "stride")
    if not kernel:
        return ""
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
