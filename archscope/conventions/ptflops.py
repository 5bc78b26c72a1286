"""ptflops counts modules by their hooks, and Python functions by patching them."""

from archscope.conventions.attention import attention_products
from archscope.conventions.convention import Worth, convention, has_affine, label
from archscope.conventions.module_counters import (
    BATCH_NORM_MODULES,
    BOUND_EARLY,
    CONVOLUTION_MODULES,
    POOL_MODULES,
    POOLS,
    RECURRENT_MODULES,
    TRANSPOSED_MODULES,
    Sizes,
    gates,
    is_relu6,
)
from archscope.graph import Graph, Node

# An activation's name, the class of the module that is it.
_ACTIVATIONS = {"relu": "ReLU", "prelu_kernel": "PReLU", "elu": "ELU", "gelu": "GELU", "leaky_relu": "LeakyReLU"}


@convention(
    "ptflops",
    "MACs",
    "As ptflops 0.7.5 for one sample: multiply-accumulates and biases of modules, 2 per element of an affine batch norm, the "
    "inputs of pooling and activation functions, and both of these twice where they are modules.",
)
def ptflops(graph: Graph) -> Worth:
    """Source: ptflops/pytorch_ops.py and pytorch_engine.py, the engine "pytorch" with `count_functional=True`, its default."""
    fused = attention_products(graph)
    weighted_sums = attention_products(graph, ("_safe_softmax", "_softmax"), scores=False)

    def twice(node: Node) -> int:
        # Attention written out, in nn.MultiheadAttention: the module's hook counts it and so do torch.bmm and F.softmax.
        return 2 if node.name == "_softmax" or (node.name == "bmm" and node.id not in fused) else 1

    def activation(node: Node, name: str, module: str) -> int:
        if name == "silu" or is_relu6(node, module):
            return 1
        of = None if module in BOUND_EARLY else _ACTIVATIONS.get(name)
        if of == "LeakyReLU":  # hooked as a module only
            return int(module == of)
        return 0 if of is None else 1 + (module == of)

    def worth(node: Node) -> int:
        name, size = label(node), Sizes(graph, node)
        match name:
            case "convolution":
                return node.cost.macs + node.cost.adds if size.module in CONVOLUTION_MODULES | TRANSPOSED_MODULES else 0
            case _ if size.module in RECURRENT_MODULES:
                return gates(node, size.module)
            case "matmul" if size.module == "MultiheadAttention":
                scaled = size.written if node.id in weighted_sums else 0  # as many as the queries have elements
                return node.cost.macs * twice(node) + node.cost.adds + scaled
            case "matmul" if size.module == "Linear":
                return node.cost.macs + node.cost.adds
            case "matmul":
                return node.cost.macs if node.name == "bmm" and node.id not in fused else 0
            case "batch_norm" | "group_norm" if size.module in BATCH_NORM_MODULES or size.module == "GroupNorm":
                return (2 if has_affine(graph, node) else 1) * size.written
            case "layer_norm" if size.module == "LayerNorm":
                return size.written
            case "softmax" if size.module == "MultiheadAttention":
                return size.written * twice(node)
            case "softmax" if node.name != "_safe_softmax":
                return size.written
            case _ if name in POOLS:
                return size.read * (1 + (size.module in POOL_MODULES))
            case _ if name.startswith("upsample_"):
                return size.written * (1 + (size.module == "Upsample"))
        return activation(node, name, size.module) * size.written

    return worth
