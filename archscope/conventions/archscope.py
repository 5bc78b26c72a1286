"""archscope's own count: everything."""

from collections.abc import Iterator

from archscope.conventions.convention import Part, convention
from archscope.conventions.operator_names import label
from archscope.graph import Graph


@convention(
    "archscope",
    "FLOPs",
    "FLOPs = 2 x multiply-accumulates + additions, multiplications, divisions, comparisons and exponentials of everything else.",
)
def archscope(graph: Graph) -> Iterator[Part]:
    """All columns."""
    for node in graph.nodes:
        cost = node.cost
        yield Part(node.id, label(node), 2 * cost.macs, "2 per multiply-accumulate")
        rest = cost.flops - 2 * cost.macs
        if cost.macs and rest:
            yield Part(node.id, "bias", rest, "1 per output")
        else:
            yield Part(node.id, label(node), rest, "every operation")
