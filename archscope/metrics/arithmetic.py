"""How much a forward computes, and through how many layers."""

from archscope.graph import Graph, kinds
from archscope.metrics.metric import metric


@metric()
def macs(graph: Graph) -> int:
    """Multiply-accumulates of one forward."""
    return graph.cost.macs


@metric()
def flops(graph: Graph) -> int:
    """Floating-point operations of one forward: 2 per multiply-accumulate, 1 per other operation."""
    return graph.cost.flops


@metric()
def convolutions(graph: Graph) -> int:
    """Convolutions that ran."""
    return sum(node.repeats for node in graph.nodes if kinds.kind(node) == kinds.CONVOLUTION)


@metric()
def weighted_depth(graph: Graph) -> int:
    """Convolutions and linear layers with weights on the longest path from input to output."""
    depth: dict[int, int] = {}
    deepest = 0
    for node in graph.nodes:
        weighted = bool(node.params) and kinds.kind(node) in (kinds.CONVOLUTION, kinds.LINEAR, kinds.RECURRENT)
        here = max((depth.get(t, 0) for t in node.inputs), default=0) + weighted * node.repeats
        depth.update(dict.fromkeys(node.outputs, here))
        deepest = max(deepest, here)
    return deepest
