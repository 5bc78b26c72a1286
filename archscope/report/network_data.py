"""One network as the page carries it: columns of plain numbers, every text once.

Operators, tensors and modules are their positions in the lists of the Graph. A sum over operators or pieces is left to the
browser; whole numbers below 2**53 add up to the same there.
"""

from collections import Counter
from collections.abc import Mapping
from typing import Any

from archscope import units
from archscope.diagrams.operator_level import box_of
from archscope.diagrams.picture import totals as drawn_totals
from archscope.graph import Attr, Graph, Node
from archscope.metrics import Absent
from archscope.metrics.memory import liveness
from archscope.metrics.receptive_fields import Field, receptive_fields
from archscope.report.folding import Folding
from archscope.tables.common import Totals, called, facts, warnings
from archscope.tables.shapes import shapes_table
from archscope.views.layers import layers

Columns = dict[str, Any]


class Texts:
    """Texts by number, each once."""

    def __init__(self) -> None:
        self.numbers: dict[str, int] = {}

    def __getitem__(self, text: str) -> int:
        """The number of a text."""
        return self.numbers.setdefault(text, len(self.numbers))

    def listed(self) -> list[str]:
        """All of them, in the order of their numbers."""
        return list(self.numbers)


def network_data(graph: Graph, title: str, times: Mapping[str, float] | None = None) -> Columns:
    """A network with everything that the page can tell of it.

    Arguments:
        title: its name for readers.
        times: measured seconds by module path.
    """
    texts = Texts()
    folding = Folding(graph)
    failure = graph.meta.failure
    drawn = drawn_totals(graph)
    return {
        "name": called(graph),
        "title": title,
        "variant": graph.meta.variant,
        "circumstances": list(facts(graph)),
        "warnings": list(warnings(graph)),
        "failure": None if failure is None else f"{failure.path or failure.type}: {failure.error}",
        "bound": bool(graph.cost.unknown or failure),
        "totals": plain(dict(Totals(graph))),
        "drawn": {"params": drawn.params, "macs": drawn.macs, "activations": drawn.activations, "uncounted": drawn.uncounted},
        "calls": _calls(graph, texts),
        "tensors": _tensors(graph, texts),
        "nodes": _nodes(graph, texts),
        "pieces": _pieces(graph, folding),
        "insides": folding.insides,
        "layers": _layers(graph, texts),
        "times": None if times is None else _times(graph, times),
        "texts": texts.listed(),
    }


def _times(graph: Graph, times: Mapping[str, float]) -> list[float | None]:
    """Seconds of each call; None for a module that ran more than once, whose runs were not timed apart."""
    runs = Counter(call.path for call in graph.calls)
    return [times.get(call.path) if runs[call.path] == 1 else None for call in graph.calls]


def _calls(graph: Graph, texts: Texts) -> Columns:
    """`parent` (-1 for none), `type`, and `step`: what a path adds to its parent's; `whole`: paths that do not begin with it."""
    steps, whole = [], {}
    for call in graph.calls:
        above = graph.calls[call.parent].path if call.parent is not None else ""
        prefix = f"{above}." if above else ""
        if call.path.startswith(prefix):
            steps.append(texts[call.path[len(prefix) :]])
        else:
            steps.append(texts[call.path])
            whole[call.id] = 1
    return {
        "parent": [-1 if call.parent is None else call.parent for call in graph.calls],
        "step": steps,
        "type": [texts[call.type] for call in graph.calls],
        "whole": whole,
    }


def _tensors(graph: Graph, texts: Texts) -> Columns:
    fields = receptive_fields(graph)
    return {
        "shape": [texts[units.shape(tensor.shape)] for tensor in graph.tensors],
        "dtype": [texts[tensor.dtype] for tensor in graph.tensors],
        "field": [texts[_field(fields.get(t, ()))] for t in range(len(graph.tensors))],
        "inputs": list(graph.inputs),
        "outputs": list(graph.outputs),
    }


def _field(axes: Field) -> str:
    """The receptive field as the table of shapes has it: "11", "7x1"; "" where there is none."""
    sizes = [axis.size for axis in axes]
    return "" if not sizes else str(sizes[0]) if len(set(sizes)) == 1 else "x".join(map(str, sizes))


def _nodes(graph: Graph, texts: Texts) -> Columns:
    alive = {one.node.id: one.bytes for one in liveness(graph)}
    boxes = [box_of(graph, node) for node in graph.nodes]
    return {
        "op": [texts[node.op] for node in graph.nodes],
        "label": [texts[box.label] for box in boxes],
        "kind": [texts[box.kind] for box in boxes],
        "call": [node.call for node in graph.nodes],
        "inputs": [list(dict.fromkeys(node.inputs)) for node in graph.nodes],
        "outputs": [list(node.outputs) for node in graph.nodes],
        "attrs": [texts[_attributes(node)] for node in graph.nodes],
        "free": [texts[node.free] for node in graph.nodes],
        "params": [box.costs.params for box in boxes],
        "macs": [node.cost.macs for node in graph.nodes],
        "flops": [node.cost.flops for node in graph.nodes],
        "activations": [box.costs.activations for box in boxes],
        "uncounted": [node.cost.unknown for node in graph.nodes],
        "bytes": [node.bytes for node in graph.nodes],
        "alive": [alive[node.id] for node in graph.nodes],
    }


def _attributes(node: Node) -> str:
    return ", ".join(f"{name} {_written(value)}" for name, value in node.attrs.items() if value is not None)


def _written(value: Attr) -> str:
    return "x".join(map(str, value)) if isinstance(value, list) else str(value)


def _pieces(graph: Graph, folding: Folding) -> Columns:
    """Pieces by their operators (`count` of each, then `nodes` of all) and costs, a parameter where it is first used."""
    items = folding.maker.cut.items
    costs = [folding.maker.costs[piece.id] for piece in items]
    at = _positions(graph)
    return {
        "count": [len(piece.nodes) for piece in items],
        "nodes": [at[node.id] for piece in items for node in piece.nodes],
        "main": [at[piece.main.id] for piece in items],
        "params": [cost.params for cost in costs],
        "macs": [cost.macs for cost in costs],
        "activations": [cost.activations for cost in costs],
        "uncounted": [cost.uncounted for cost in costs],
    }


def _positions(graph: Graph) -> dict[int, int]:
    return {node.id: position for position, node in enumerate(graph.nodes)}


def _layers(graph: Graph, texts: Texts) -> Columns:
    """The rows of `archscope shapes`, in columns; `nodes` are the operators of each row."""
    table = shapes_table(graph)
    at = _positions(graph)
    rows = [row.values for row in table.rows]
    members = [[at[node.id] for node in layer.nodes] for layer in layers(graph)]
    return {
        "nodes": [[] for _ in range(len(rows) - len(members))] + members,
        **{
            column.key: [_cell(row.get(column.key), texts) if column.kind in _WORDS else row.get(column.key) for row in rows]
            for column in table.columns
        },
    }


_WORDS = ("path", "text", "shape")


def _cell(value: Any, texts: Texts) -> int | None:
    if value is None:
        return None
    if isinstance(value, tuple | list):
        return texts["x".join(f"{size:g}" if isinstance(size, float) else str(size) for size in value)]
    return texts[f"{value:g}" if isinstance(value, float) else str(value)]


def plain(value: Any) -> Any:
    """A value as JSON has it; one that is not known, with its reason: `{"unknown": "..."}`."""
    if isinstance(value, Absent):
        return {"unknown": str(value), "sign": value.sign}
    if isinstance(value, tuple | list):
        return [plain(one) for one in value]
    if isinstance(value, dict):
        return {key: plain(one) for key, one in value.items()}
    return value
