"""How much a forward computes, and through how many layers."""

from archscope.graph import Graph, kinds
from archscope.metrics.metric import metric
from archscope.metrics.weights_only import NO_FORWARD, weights_only
from archscope.values import AtLeast

_LAYERS = frozenset({kinds.CONVOLUTION, kinds.LINEAR, kinds.RECURRENT})


def missing(graph: Graph) -> str:
    """What a sum over the operators lacks: "" where it lacks nothing."""
    if weights_only(graph):
        return NO_FORWARD.reason
    failure = graph.meta.failure
    if failure is None and not graph.cost.unknown:
        return ""
    names = dict.fromkeys(node.op for node in graph.uncounted)
    lacks = [f"without a cost formula: {', '.join(names)}"] if names else []
    return "; ".join([*lacks, *([f"the forward stopped in {failure.path or failure.type}"] if failure else [])])


def _of_costs(graph: Graph, value: int) -> int:
    """A sum over the costs, marked where it is only a lower bound."""
    lacks = missing(graph)
    return AtLeast(value, lacks) if lacks else value


@metric(title="MACs")
def macs(graph: Graph) -> int:
    """Multiply-accumulates of one forward: of convolutions, matrix products and attention. At least so many where an operator has
    no formula.
    """
    return _of_costs(graph, graph.cost.macs)


@metric(title="FLOPs")
def flops(graph: Graph) -> int:
    """Floating-point operations of one forward: 2 per multiply-accumulate, 1 per other operation."""
    return _of_costs(graph, graph.cost.flops)


@metric(title="convs")
def convolutions(graph: Graph) -> int:
    """Convolutions that ran."""
    return sum(node.repeats for node in graph.nodes if kinds.kind(node) == kinds.CONVOLUTION)


@metric(title="depth", source="He et al. 2015, sec. 4.1: layers with weights, along the longest path; the 50 of ResNet-50")
def weighted_depth(graph: Graph) -> int:
    """Convolutions and linear layers with learnable weights on the longest path from input to output, also where the weights
    are computed first: standardised, normalised, composed.
    """
    learnable = {param.name for param in graph.params if not param.buffer}
    depth: dict[int, int] = {}
    weights, constants = set[int](), set[int]()  # tensors that no input decides: computed from parameters, or from nothing
    for node in graph.nodes:
        made = own = bool(node.params) and not learnable.isdisjoint(node.params)
        if not node.inputs or weights or constants:
            made = own or not weights.isdisjoint(node.inputs)
            drawn = not (node.inputs or own or graph.inputs)  # a generator that makes its own input
            if not drawn and all([tensor in weights or tensor in constants for tensor in node.inputs]):
                (weights if made else constants).update(node.outputs)
                continue
        here = max([depth.get(tensor, 0) for tensor in node.inputs], default=0)
        if made and kinds.kind(node) in _LAYERS:
            here += node.repeats
        for tensor in node.outputs:
            depth[tensor] = here
    return max(depth.values(), default=0)
