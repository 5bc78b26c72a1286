"""What gradient checkpointing runs again: the blocks of a network."""

from archscope.graph import Graph
from archscope.training.step import Span
from archscope.views.stages import units


def blocks(graph: Graph) -> tuple[Span, ...]:
    """The blocks in execution order, as spans of positions in `graph.nodes`: the modules with several layers whose class repeats,
    as the stages have them.
    """
    at = {node.id: position for position, node in enumerate(graph.nodes)}
    return tuple((at[unit.nodes[0].id], at[unit.nodes[-1].id] + 1) for unit in units(graph) if unit.is_block)
