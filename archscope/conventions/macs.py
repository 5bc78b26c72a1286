"""Multiply-accumulates alone, as in the papers."""

from archscope.conventions.convention import Worth, convention
from archscope.graph import Graph


@convention(
    "macs",
    "MACs",
    'Multiply-accumulates only (a multiplication and its addition = 1), as in the papers and torchvision\'s "GFLOPS": no biases, '
    "norms, activation functions or pooling.",
)
def macs(graph: Graph) -> Worth:
    """One column."""
    return lambda node: node.cost.macs
