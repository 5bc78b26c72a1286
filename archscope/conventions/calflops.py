"""calflops counts the Python functions that it patches."""

from math import prod

from archscope.conventions.attention import attention_products
from archscope.conventions.convention import Worth, convention, has_affine, label
from archscope.conventions.module_counters import BOUND_EARLY, POOLS, RECURRENT_MODULES, Sizes, gates, integers, is_relu6
from archscope.graph import Graph, Node


def _transposed(node: Node, size: Sizes) -> int:
    """calflops divides by the groups twice, and gives the bias to the places of a convolution that is not transposed."""
    (groups,) = integers(node, "groups")
    steps = zip(size.into[2:], *(integers(node, name) for name in ("kernel", "stride", "padding", "dilation")), strict=True)
    places = prod((n + 2 * p - (d * (k - 1) + 1)) // s + 1 for n, k, s, p, d in steps)
    bias = size.out[1] // groups * size.out[0] * places if node.cost.adds else 0
    return 2 * node.cost.macs // groups + bias


@convention(
    "calflops",
    "FLOPs",
    "As calflops 0.3.2: 2 per multiply-accumulate and 1 per bias of convolutions, 2 per multiply-accumulate of linear layers, 2 "
    "per element of an affine eval batch norm, 5 of other norms, the inputs of pooling, softmax and activation functions.",
)
def calflops(graph: Graph) -> Worth:
    """Source: calflops/pytorch_ops.py. Resizing counts its input (where a size is given calflops counts less)."""
    fused = attention_products(graph)
    activations = {"relu", "prelu_kernel", "elu", "leaky_relu", "silu", "gelu"}

    def worth(node: Node) -> int:
        name, size = label(node), Sizes(graph, node)
        affine = has_affine(graph, node)
        match name:
            case "convolution" if not node.attrs.get("transposed"):
                return 2 * node.cost.macs + node.cost.adds
            case "convolution":
                return _transposed(node, size)
            case "matmul" if size.module in RECURRENT_MODULES:
                return 2 * node.cost.macs + node.cost.adds - size.written
            case _ if size.module in RECURRENT_MODULES:
                return gates(node, size.module)
            case "matmul":
                unseen = node.id in fused or (node.name == "bmm" and size.module == "MultiheadAttention")
                return 0 if unseen else 2 * node.cost.macs
            case "batch_norm" if not node.attrs.get("training"):
                return (2 if affine else 1) * size.written
            case "batch_norm" | "layer_norm" | "group_norm":
                return (5 if affine else 4) * size.written
            case _ if name in POOLS or name.startswith("upsample_"):
                return size.read
            case "softmax" if node.name != "_safe_softmax":
                return size.written
            case _ if size.module in BOUND_EARLY:
                return 0
            case _ if name in activations or (is_relu6(node, size.module) and size.module != "ReLU6"):
                return size.written  # F.relu6 counts, nn.ReLU6 calls F.hardtanh, which does not
        return 0

    return worth
