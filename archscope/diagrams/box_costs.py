"""What each piece of a picture costs: a parameter counts where it is first used, a piece of memory where it is first written."""

from collections.abc import Sequence

from archscope.diagrams.picture import Costs
from archscope.graph import Graph, Node
from archscope.metrics import written
from archscope.views.fusion import ENTRY, Pieces


def piece_costs(cut: Pieces) -> dict[int, Costs]:
    """The costs of each piece, and of `ENTRY`."""
    seen: set[str] = set()
    sizes = written(cut.graph)
    order = sorted(((node, piece.id) for piece in cut.items for node in piece.nodes), key=lambda pair: pair[0].id)
    entry = [(node, ENTRY) for node in cut.entry]
    parts: dict[int, Costs] = {}
    for node, piece in (*entry, *order):
        cost = _cost_of(cut.graph, (node,), seen, sizes)
        parts[piece] = added((parts.get(piece, Costs()), cost))
    return {at: parts.get(at, Costs()) for at in (ENTRY, *(piece.id for piece in cut.items))}


def _cost_of(graph: Graph, nodes: Sequence[Node], seen: set[str], sizes: dict[int, int]) -> Costs:
    names = [name for node in nodes for name in node.params if name not in seen]
    fresh = {name: graph.param[name] for name in names}
    seen.update(names)
    storages = dict.fromkeys(graph.tensors[t].storage for node in nodes if node.bytes for t in node.outputs)
    return Costs(
        sum(param.numel for param in fresh.values() if not param.buffer),
        sum(node.cost.macs for node in nodes),
        sum(sizes.pop(storage, 0) for storage in storages),
        sum(node.cost.unknown for node in nodes),
    )


def added(parts: Sequence[Costs]) -> Costs:
    """The sum, column by column."""
    return Costs(
        sum(p.params for p in parts),
        sum(p.macs for p in parts),
        sum(p.activations for p in parts),
        sum(p.uncounted for p in parts),
    )
