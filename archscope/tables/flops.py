"""The cost table: where the arithmetic is, by stage, by operator, by layer, or by any other grouping of operators."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import archscope.views.groupings  # noqa: F401  registers the groupings
from archscope.conventions.convention import CONVENTIONS, Worth
from archscope.errors import UsageError
from archscope.graph import Graph, Node, total
from archscope.metrics import varying
from archscope.metrics.weights_only import needs_forward
from archscope.registry import unknown
from archscope.tables.common import CONVENTION, Totals, by_data_sign, facts, head, output_shape, share, sign, warnings
from archscope.tables.table import Column, Line, Row, Table, Value
from archscope.views.grouping import GROUPINGS
from archscope.views.layers import layers
from archscope.views.outline import outline

Rows = tuple[tuple[Column, ...], list[Row]]

_COSTS = (
    Column("macs", "MACs", "count"),
    Column("share", "share", "share", rank=1),
    Column("flops", "FLOPs", "count", rank=2),
    Column("adds", "add", "count", rank=5),
    Column("muls", "mul", "count", rank=5),
    Column("divs", "div", "count", rank=6),
    Column("comparisons", "compare", "count", rank=6),
    Column("exponentials", "exp", "count", rank=6),
    Column("uncounted", "uncounted", "count", rank=1),
)


def flops_table(
    graph: Graph, by: str = "stage", depth: int | None = None, top: int | None = None, convention: str | None = None
) -> Table:
    """MACs, FLOPs and the operations that FLOPs are made of.

    Arguments:
        by: "stage" for the outline, "operator" for a line per operator, "layer" for a line per layer in execution order, or one
            of `GROUPINGS`.
        depth: of the outline.
        top: only so many rows, the dearest first.
        convention: adds a column in which each part is worth what it is worth to another tool.

    Raises `UsageError` for a `by` or a `convention` that does not exist.
    """
    if by not in _BY and by not in GROUPINGS:
        raise unknown("grouping", by, (*_BY, *GROUPINGS), list_all=True)
    if top is not None and top < 1:
        raise UsageError(f"--top {top} shows nothing", "give 1 or more")
    needs_forward(graph, "there is no forward to count")
    other = CONVENTIONS.find(convention) if convention is not None else None
    worth = other.worth(graph) if other is not None else None
    first, rows = _BY[by](graph, depth, worth) if by in _BY else _by_group(graph, by, worth)
    if top is not None:
        rows = sorted(rows, key=lambda row: (-_number(row, "macs"), -_number(row, "flops")))[:top]
        rows = [Row(row.values) for row in rows]
    cost = graph.cost
    counts: Mapping[str, Any] = Totals(graph)
    if other is not None:
        counts = {**counts, f"{other.name}_convention": other.count(graph)}
    summary: list[Line] = [
        (f"{sign(graph, 'macs')}MACs", cost.macs, "count"),
        (f"{sign(graph, 'flops')}FLOPs = 2 x MACs + the rest", cost.flops, "count"),
        *((f"  {label}", counts[key], "count") for key, label in _PARTS if counts[key]),
        (f"{by_data_sign(graph, 'activations')}activations written", int(counts["activations"]), "count"),
    ]
    if other is not None:
        summary.append((f"{other.unit} as {other.name} counts", counts[f"{other.name}_convention"], "count"))
    return Table(
        name=graph.name,
        title=f"{graph.name}: cost by {by}{f', the {len(rows)} dearest' if top else ''}",
        facts=facts(graph),
        columns=(*first, *_COSTS[:1], *([Column(_WORTH, f"as {other.name}", "count")] if other else []), *_COSTS[1:]),
        rows=tuple(rows),
        totals=counts,
        summary=tuple(summary),
        notes=(_convention(graph), *([f"as {other.name}: {other.says}"] if other else []), *warnings(graph)),
        head=head(graph),
    )


_PARTS = (
    ("adds", "additions"), ("muls", "multiplications"), ("divs", "divisions"), ("comparisons", "comparisons"),
    ("exponentials", "exponentials"),
)  # fmt: skip


def _convention(graph: Graph) -> str:
    return f"{CONVENTION}, batch {graph.batch}."


def _number(row: Row, key: str) -> int:
    value = row.values.get(key)
    return value if isinstance(value, int) else 0


_WORTH = "convention"


def _cost(graph: Graph, nodes: Sequence[Node], worth: Worth | None) -> dict[str, Value]:
    cost, whole = total(node.cost for node in nodes), graph.cost
    part = graph.select(nodes) if graph.meta.decided is not None else graph
    return {
        "macs": varying(part, "macs", cost.macs),
        # A network without multiply-accumulates still has a dearest part.
        "share": share(cost.macs, whole.macs) if whole.macs else share(cost.flops, whole.flops),
        "flops": varying(part, "flops", cost.flops),
        "adds": cost.adds,
        "muls": cost.muls,
        "divs": cost.divs,
        "comparisons": cost.comparisons,
        "exponentials": cost.exponentials,
        "uncounted": cost.unknown or None,
        _WORTH: int(sum(map(worth, nodes))) if worth is not None else None,
    }


def _by_stage(graph: Graph, depth: int | None, worth: Worth | None) -> Rows:
    columns = (
        Column("module", "module", "path"),
        Column("type", "type"),
        Column("output", "output", "shape", rank=3),
        Column("path", "path", file_only=True),
    )
    rows = [
        Row(
            {
                "module": part.name,
                "type": part.label,
                "output": output_shape(part.graph),
                "path": part.path,
                **_cost(graph, part.graph.nodes, worth),
            },
            part.depth,
        )
        for part in outline(graph, depth)
        if part.graph.cost.flops or part.graph.cost.unknown
    ]
    return columns, rows


def _by_layer(graph: Graph, depth: int | None, worth: Worth | None) -> Rows:
    columns = (
        Column("path", "layer", "path"),
        Column("kind", "kind", rank=4),
        Column("window", "window", rank=3),
        Column("output", "output", "shape", rank=3),
    )
    rows = [
        Row(
            {
                "path": layer.path,
                "kind": " + ".join(layer.words),
                "window": layer.window or None,
                "output": layer.shape,
                **_cost(graph, layer.nodes, worth),
            }
        )
        for layer in layers(graph)
    ]
    return columns, rows


def _by_operator(graph: Graph, depth: int | None, worth: Worth | None) -> Rows:
    """One row per operator, the dearest first; the free ones with the reason."""
    groups: dict[str, list[Node]] = {}
    for node in graph.nodes:
        groups.setdefault(node.op, []).append(node)
    columns = (
        Column("operator", "operator", "path"),
        Column("runs", "runs", "count"),
        Column("free", "costs nothing because", rank=4),
    )
    rows = [
        Row({"operator": op, "runs": sum(node.repeats for node in nodes), "free": _why(nodes), **_cost(graph, nodes, worth)})
        for op, nodes in groups.items()
    ]  # fmt: skip
    return columns, sorted(rows, key=lambda row: (-_number(row, "flops"), str(row.values["operator"])))


def _by_group(graph: Graph, by: str, worth: Worth | None) -> Rows:
    """One row per group, the dearest first."""
    columns = (Column(by, by, "path"), Column("runs", "runs", "count"))
    rows = [
        Row({by: name, "runs": sum(node.repeats for node in nodes), **_cost(graph, nodes, worth)})
        for name, nodes in GROUPINGS[by].of(graph).items()
    ]
    return columns, sorted(rows, key=lambda row: (-_number(row, "flops"), str(row.values[by])))


def _why(nodes: list[Node]) -> str | None:
    return "; ".join(dict.fromkeys(node.free for node in nodes if node.free)) or None


_BY: dict[str, Callable[[Graph, int | None, Worth | None], Rows]] = {
    "stage": _by_stage,
    "operator": _by_operator,
    "layer": _by_layer,
}
