"""The cost of a training step: forward and backward, by stage, layer or operator."""

from collections.abc import Iterable, Iterator, Sequence

from archscope.graph import Graph, Node, total
from archscope.metrics.weights_only import needs_forward
from archscope.registry import unknown
from archscope.tables.common import Totals, at_least, by_data_sign, facts, head, output_shape, share, warnings
from archscope.tables.table import Column, Line, Row, Table, Value
from archscope.training.backward import Plan, Step, backward, moved
from archscope.views.layers import layers
from archscope.views.outline import outline

_COLUMNS = (
    Column("macs", "forward MACs", "count"),
    Column("backward_macs", "backward MACs", "count"),
    Column("share", "share", "share", rank=1),
    Column("kept_for_backward", "kept", "bytes", rank=2),
    Column("bytes_moved", "moved forward", "bytes", rank=4),
    Column("backward_bytes_moved", "moved backward", "bytes", rank=4),
    Column("forward_intensity", "FLOPs/B", "number", rank=5),
    Column("backward_intensity", "backward FLOPs/B", "number", rank=5),
    Column("unknown", "without a rule", "count", rank=1),
)

BY = ("stage", "layer", "operator")


def training_table(graph: Graph, by: str = "stage", depth: int | None = None, top: int | None = None) -> Table:
    """Multiply-accumulates of forward and backward, what is kept between them, and the bytes that both move.

    Arguments:
        by: one of `BY`.
        depth: of the outline.
        top: only so many rows, the dearest first.

    Raises `UsageError` for a `by` that does not exist, or a graph that was not traced in train mode.
    """
    if by not in BY:
        raise unknown("grouping", by, BY, list_all=True)
    needs_forward(graph, "there is no forward to count")
    plan = backward(graph)
    costs = Costs(graph, plan)
    first, rows = _FIRST[by], [Row({**words, **costs.of(nodes)}, level) for words, nodes, level in _rows(graph, by, depth)]
    if by == "operator":
        rows.sort(key=lambda row: (-_sum(row), str(row.values["operator"])))
    if top is not None:
        rows = [Row(row.values) for row in sorted(rows, key=lambda row: -_sum(row))[:top]]
    whole = costs.of(graph.nodes)
    least = "≥ " if plan.unknown else at_least(graph)
    sign = least + by_data_sign(graph, "training_macs")
    columns = _COLUMNS if plan.unknown else _COLUMNS[:-1]
    forward, back = graph.cost.macs, whole["backward_macs"]
    assert isinstance(back, int)
    summary: list[Line] = [
        (f"{sign}forward MACs", forward, "count"),
        (f"{sign}backward MACs", back, "count"),
        (f"{sign}training step", forward + back, "count"),
        (f"{least}{by_data_sign(graph, 'kept_for_backward')}kept for the backward pass", whole["kept_for_backward"], "bytes"),
        (f"{by_data_sign(graph, 'bytes_moved')}moved by the forward", whole["bytes_moved"], "bytes"),
        (f"{least}{by_data_sign(graph, 'backward_bytes_moved')}moved by the backward", whole["backward_bytes_moved"], "bytes"),
    ]
    return Table(
        name=graph.name,
        title=f"{graph.name}: cost of training by {by}{f', the {len(rows)} dearest' if top else ''}",
        facts=facts(graph),
        columns=(*first, *columns),
        rows=tuple(rows),
        totals={**Totals(graph), **{key: whole[key] for key in whole if key != "share"}, "training_macs": forward + back},
        summary=tuple(summary),
        notes=(_NOTE, *unruled(graph, plan), *warnings(graph)),
        head=head(graph),
    )


_NOTE = (
    "Backward MACs: of the products that make the gradients which are wanted; frozen parameters and the input want none. kept: "
    "what an operator keeps for its backward, each piece of memory at the first that keeps it. Attention runs as one fused "
    "operator, an LSTM layer by oneDNN, as on the CPU. FLOPs/B: 2 per MAC, by the bytes read and written."
)

_FIRST = {
    "stage": (Column("module", "module", "path"), Column("type", "type"), Column("output", "output", "shape", rank=3)),
    "layer": (Column("path", "layer", "path"), Column("kind", "kind", rank=4), Column("output", "output", "shape", rank=3)),
    "operator": (Column("operator", "operator", "path"), Column("runs", "runs", "count", rank=3)),
}


def _rows(graph: Graph, by: str, depth: int | None) -> Iterator[tuple[dict[str, Value], Sequence[Node], int]]:
    if by == "stage":
        for part in outline(graph, depth):
            if part.graph.nodes:
                words: dict[str, Value] = {"module": part.name, "type": part.label, "output": output_shape(part.graph)}
                yield words, part.graph.nodes, part.depth
    elif by == "layer":
        for layer in layers(graph):
            yield {"path": layer.path, "kind": " + ".join(layer.words), "output": layer.shape}, layer.nodes, 0
    else:
        groups: dict[str, list[Node]] = {}
        for node in graph.nodes:
            groups.setdefault(node.op, []).append(node)
        for op, nodes in groups.items():
            yield {"operator": op, "runs": len(nodes)}, nodes, 0


class Costs:
    """Sums over parts of one network, so that the parts add up to the whole."""

    def __init__(self, graph: Graph, plan: Plan) -> None:
        self.graph, self.plan = graph, plan
        self.step: dict[int, Step] = {step.node.id: step for step in plan.steps}
        self.first: dict[int, int] = {}  # storage -> the node that keeps it first
        for step in plan.steps:
            for storage in step.kept:
                self.first.setdefault(storage, step.node.id)
        self.all = graph.cost.macs + sum(step.macs or 0 for step in plan.steps)

    def kept(self, nodes: Sequence[Node]) -> int:
        """Bytes that these nodes are the first to keep."""
        steps = [self.step[node.id] for node in nodes if node.id in self.step]
        return sum(self.plan.size[s] for step in steps for s in step.kept if self.first[s] == step.node.id)

    def of(self, nodes: Sequence[Node]) -> dict[str, Value]:
        """The columns of a row."""
        steps = [self.step[node.id] for node in nodes if node.id in self.step]
        macs, back = total(node.cost for node in nodes).macs, sum(step.macs or 0 for step in steps)
        here, there = sum(node.bytes for node in nodes), sum(moved(self.graph, step) for step in steps)
        return {
            "macs": macs,
            "backward_macs": back,
            "share": share(macs + back, self.all),
            "kept_for_backward": self.kept(nodes),
            "bytes_moved": here,
            "backward_bytes_moved": there,
            "forward_intensity": 2 * macs / here if here else None,
            "backward_intensity": 2 * back / there if there else None,
            "unknown": sum(step.rule is None or step.macs is None for step in steps) or None,
        }


def _sum(row: Row) -> int:
    return sum(value for key in ("macs", "backward_macs") if isinstance(value := row.values[key], int))


def unruled(graph: Graph, plan: Plan) -> list[str]:
    """Notes that name the operators whose backward is not known."""
    unruled = [node for node in plan.unknown if not node.unseen]
    unseen = [node for node in plan.unknown if node.unseen]
    notes = {
        "operators without a rule for the backward pass of this torch are not in the sums, or not whole": unruled,
        "a backward that a torch.autograd.Function, or what is built like one, computes by itself is not in the sums": unseen,
    }
    lines = [f"≥: {says}: {_named(graph, nodes)}." for says, nodes in notes.items() if nodes]
    return lines + _checkpointed(graph)


def _checkpointed(graph: Graph) -> list[str]:
    parts = graph.meta.checkpoints
    if not parts:
        return []
    return [
        f"The forward hands {parts} {'part' if parts == 1 else 'parts'} to torch.utils.checkpoint: what is kept, and what runs a "
        "second time, is said as if it did not. memory --checkpoint shows every block checkpointed."
    ]


def _named(graph: Graph, nodes: Iterable[Node]) -> str:
    places: dict[str, str] = {}
    for node in nodes:
        places.setdefault(node.op, graph.path(node) or "the network")
    return "; ".join(f"{op} in {path}" for op, path in places.items())
