"""archscope's own count: everything."""

from archscope.conventions.convention import Worth, convention
from archscope.graph import Graph


@convention(
    "archscope",
    "FLOPs",
    "FLOPs = 2 x multiply-accumulates + additions, multiplications, divisions, comparisons and exponentials of everything else.",
)
def archscope(graph: Graph) -> Worth:
    """All columns."""
    return lambda node: node.cost.flops
