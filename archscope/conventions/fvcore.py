"""fvcore's FlopCountAnalysis."""

from archscope.conventions.attention import attention_products
from archscope.conventions.convention import PRODUCTS, Worth, convention, has_affine, label
from archscope.graph import Graph, Node

FVCORE_OPERATORS = {
    "conv": "convolution", **dict.fromkeys(("addmm", "mm", "bmm", "matmul", "linear", "einsum"), "matmul"),
    "batch_norm": "batch_norm", "instance_norm": "batch_norm", "layer_norm": "layer_norm", "group_norm": "group_norm",
    "adaptive_avg_pool2d": "adaptive_avg_pool2d", "upsample_nearest2d": "upsample_nearest2d",
    "upsample_bilinear2d": "upsample_bilinear2d", "grid_sampler": "grid_sampler",
}  # fmt: skip
"""fvcore's names of the operators it counts -> our `label` of them."""

# Whole layers that fvcore has no handle for; on the meta device torch takes them apart into operators that it has one for.
_BLIND = frozenset({"LSTM", "GRU", "RNN", "Bilinear", "AdaptiveAvgPool1d", "AdaptiveAvgPool3d"})


@convention(
    "fvcore",
    "MACs",
    "As fvcore's FlopCountAnalysis: multiply-accumulates, plus 2 per element of a batch norm (5 in train mode), 5 per element of "
    "other norms, the inputs of adaptive average pooling, 1 or 4 per output of nearest or bilinear resizing; fused attention 0.",
)
def fvcore(graph: Graph) -> Worth:
    """Source: fvcore/nn/flop_count.py (`_DEFAULT_SUPPORTED_OPS`) and jit_handles.py.

    It differs from fvcore where torch has taken apart what fvcore sees whole and does not count, and nothing in the graph tells:
    `padding='same'` and tensordot. fvcore also rounds an einsum to four digits.
    """
    fused = attention_products(graph)

    def norm(node: Node) -> int:
        affine = has_affine(graph, node)
        if label(node) == "batch_norm" and not node.attrs.get("training"):
            return 2 if affine else 1
        return 5 if affine else 4

    def worth(node: Node) -> int:
        name = label(node)
        if node.id in fused or graph.calls[node.call].type in _BLIND:
            return 0
        if name == "convolution" or node.name in PRODUCTS:
            return node.cost.macs
        read, written = (graph.tensors[ids[0]].numel if ids else 0 for ids in (node.inputs, node.outputs))
        match name:
            case "batch_norm" | "layer_norm" | "group_norm":
                return norm(node) * written
            case "adaptive_avg_pool2d":
                return read
            case "upsample_nearest2d":
                return written
            case "upsample_bilinear2d" | "grid_sampler":
                return 4 * written
        return 0

    return worth
