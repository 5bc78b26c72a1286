"""The operators by what they are in the words of the papers."""

from archscope.graph import Graph, Node, kinds
from archscope.views.grouping import grouping


@grouping("kind")
def kind(graph: Graph) -> dict[str, list[Node]]:
    """Operators by kind: convolution, normalisation, pooling ..."""
    groups: dict[str, list[Node]] = {}
    for node in graph.nodes:
        groups.setdefault(kinds.kind(node), []).append(node)
    return groups
