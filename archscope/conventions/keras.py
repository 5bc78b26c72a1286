"""Keras-style: what TensorFlow's profiler (`float_operation`), and keras-flops with it, would say of the same operators."""

from collections.abc import Iterator
from math import prod

from archscope.conventions.convention import Part, convention
from archscope.conventions.operator_names import CONVOLUTIONS, PRODUCTS, label
from archscope.graph import Graph, Node

_TWO = "2 per multiply-accumulate"
_PER_OUTPUT = {
    **dict.fromkeys(("add", "sub", "rsub", "mul", "div", "maximum", "minimum", "pow", "eq", "ne", "ge", "gt", "le", "lt"), 1),
    **dict.fromkeys(("reciprocal", "square", "log", "neg"), 1),
    "rsqrt": 2, "softmax": 5,
}  # fmt: skip


@convention(
    "keras",
    "FLOPs",
    "Keras-style, by the rules of TensorFlow's profiler: 2 per multiply-accumulate, 1 per bias and per output of sums and "
    "products of elements, the window per output of pooling, 5 per element of a softmax; norms and activation functions 0.",
)
def keras(graph: Graph) -> Iterator[Part]:
    """Source: tensorflow/python/profiler/internal/flops_registry.py and the statistics in ops/nn_ops.py and math_ops.py.

    The operators are torch's: where Keras would compose a layer of others, its figure differs.
    """
    for node in graph.nodes:
        name = label(node)
        if node.name in CONVOLUTIONS:
            yield _convolution(graph, node)
            yield Part(node.id, "bias", node.cost.adds, "1 per output")
        elif node.name in PRODUCTS or name == "matmul":
            yield Part(node.id, name, 2 * node.cost.macs, _TWO)
            yield Part(node.id, "bias", node.cost.adds, "1 per output")
        elif node.cost.macs:
            yield Part(node.id, name, 2 * node.cost.macs, _TWO)
        else:
            yield from _other(graph, node, name)


def _convolution(graph: Graph, node: Node) -> Part:
    if not node.attrs.get("transposed"):
        return Part(node.id, "convolution", 2 * node.cost.macs, _TWO)
    # The gradient of a convolution: its formula goes by the larger side and divides by the strides.
    into, out = (graph.tensors[ids[0]] for ids in (node.inputs, node.outputs))
    stride = node.attrs.get("stride")
    steps = prod(s for s in stride if isinstance(s, int)) if isinstance(stride, list) else 1
    return Part(node.id, "convolution", 2 * node.cost.macs * prod(out.shape[2:]) // (prod(into.shape[2:]) * steps), _TWO)


def _other(graph: Graph, node: Node, name: str) -> Iterator[Part]:
    if not node.outputs:
        return
    written = graph.tensors[node.outputs[0]].numel
    read = graph.tensors[node.inputs[0]].numel if node.inputs else 0
    if name in _PER_OUTPUT and node.cost.flops:
        yield Part(node.id, name, _PER_OUTPUT[name] * written, f"{_PER_OUTPUT[name]} per output")
    elif node.name == "mean" or name.startswith("adaptive_avg_pool"):
        yield Part(node.id, name, read, "1 per input")
    elif name in ("sum", "argmax", "argmin"):
        yield Part(node.id, name, read - written, "1 per input, less 1 per output")
    elif name.startswith(("max_pool", "avg_pool")):
        kernel = node.attrs.get("kernel")
        window = prod(k for k in kernel if isinstance(k, int)) if isinstance(kernel, list) else 1
        yield Part(node.id, name, window * written, "the window per output")
