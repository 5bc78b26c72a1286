"""A file of weights: its parameters are known; what needs a forward is not, for no network is in it."""

from archscope.errors import ArchscopeError
from archscope.graph import Graph
from archscope.values import Absent

OPERATOR = "file.weights"
"""Stands in a Graph where a file holds weights and nothing says what reads them."""

NO_FORWARD = Absent("the file holds weights, not a network", OPERATOR)


def weights_only(graph: Graph) -> bool:
    """Whether a Graph is of weights alone: parameters by module, without a forward."""
    return len(graph.nodes) > 0 and graph.nodes[0].op == OPERATOR


def needs_forward(graph: Graph, what: str) -> None:
    """Raises `ArchscopeError` for weights alone.

    Arguments:
        what: what is wanted: "nothing to draw".
    """
    if weights_only(graph):
        file = graph.meta.source or graph.name
        raise ArchscopeError(
            f"{file} holds weights, not a network: {what}", f"name the network, or see what is there: archscope params {file}"
        )
