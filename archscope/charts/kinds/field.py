"""Growth of the receptive field."""

from collections.abc import Sequence

from archscope import metrics
from archscope.charts import draw_lines
from archscope.charts.chart import Chart, Line, chart_kind, label
from archscope.graph import Graph, kinds
from archscope.metrics import Absent
from archscope.metrics.receptive_fields import receptive_fields
from archscope.tables.common import called
from archscope.values import WHOLE_INPUT


@chart_kind("field", draw_lines.draw)
def field(graphs: Sequence[Graph]) -> Chart:
    """The receptive field after each layer, against the convolutions and linear layers on the longest path to it."""
    sizes = {max(shape[2:]) for graph in graphs for shape in graph.shapes(graph.inputs) if len(shape) > 2}
    reference = (sizes.pop(), "input") if len(sizes) == 1 else None
    grown = [(graph, *_grown(graph)) for graph in graphs]
    lines = tuple(line for _, line, _ in grown if line.xs)
    missing = [f"{called(graph)} has none: {_reason(graph)}" for graph, line, _ in grown if not line.xs]
    ending = [f"{called(graph)} sees the whole input from {whole} on" for graph, line, whole in grown if line.xs and whole]
    return Chart(
        "field", "Growth of the receptive field", "the longer side, not cut at the border; joined branches see what either sees",
        lines, "weighted depth: convolutions on the longest path", ("receptive field",), ("px",), reference,
        notes=(*missing, *ending),
    )  # fmt: skip


def _reason(graph: Graph) -> str:
    found = metrics.receptive_field(graph)
    return found.reason if isinstance(found, Absent) else str(found)


def _grown(graph: Graph) -> tuple[Line, str]:
    """The line, and the module where it ends because every place sees the whole input from there on; "" where none does."""
    fields = receptive_fields(graph)
    last = metrics.last_feature_map(graph)
    reached: dict[int, int] = {}
    best: dict[int, tuple[int, str]] = {}
    whole = ""
    for node in graph.nodes:
        weighted = bool(node.params) and kinds.kind(node) in kinds.WEIGHTED
        here = max((reached.get(t, 0) for t in node.inputs), default=0) + weighted
        for tensor in node.outputs:
            reached[tensor] = here
            if tensor in fields:
                if any(axis.size == WHOLE_INPUT for axis in fields[tensor]):
                    whole = whole or graph.path(node) or "the start"
                size = max((axis.size for axis in fields[tensor] if isinstance(axis.size, int)), default=0)
                if size >= best.get(here, (0, ""))[0]:
                    best[here] = (size, graph.path(node))
        if whole or (not isinstance(last, Absent) and last[0] in node.outputs):
            break
    # At equal depth the branches of a block see less than the block before them.
    points: list[tuple[int, tuple[int, str]]] = []
    for x, point in sorted(best.items()):
        points.append((x, max(point, points[-1][1]) if points else point))
    line = Line(
        label(called(graph)),
        tuple(x for x, _ in points),
        (tuple(y for _, (y, _) in points),),
        tuple(tip for _, (_, tip) in points),
    )
    return line, whole
