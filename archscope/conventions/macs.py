"""Multiply-accumulates alone, as in the papers."""

from collections.abc import Iterator

from archscope.conventions.convention import Part, convention
from archscope.conventions.operator_names import label
from archscope.graph import Graph


@convention(
    "macs",
    "MACs",
    'Multiply-accumulates only (a multiplication and its addition = 1), as in the papers and torchvision\'s "GFLOPS": no biases, '
    "norms, activation functions or pooling.",
)
def macs(graph: Graph) -> Iterator[Part]:
    """One column."""
    for node in graph.nodes:
        yield Part(node.id, label(node), node.cost.macs, "1 per multiply-accumulate")
