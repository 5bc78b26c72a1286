"""Language models by the length of the text."""

from collections.abc import Sequence
from typing import Any

from archscope.charts import draw_lines
from archscope.charts.chart import Chart, Line, chart_kind, label
from archscope.graph import Graph
from archscope.tables.common import called

_PANELS = ("MACs to read it", "MACs of the next token", "kept of it: keys, values, states")


@chart_kind("tokens", draw_lines.draw, takes="lengths")
def tokens(subjects: Sequence[Any]) -> Chart:
    """What reading a text costs, what the next token costs, and the bytes kept of it, against the length of the text."""
    whole = all(at.step is not None for _, found in subjects for at in found)
    first: list[Graph] = [found[0].read for _, found in subjects]
    batch = max(graph.batch for graph in first)
    dtypes = " and ".join(dict.fromkeys(graph.meta.dtype for graph in first))
    count = len(_PANELS) if whole else 1
    return Chart(
        "tokens", "Language models by the length of the text",
        f"MACs: multiply-accumulates, causal attention in full; batch {batch}, {dtypes}",
        tuple(_line(graph, found, count) for graph, (_, found) in zip(first, subjects, strict=True)),
        "tokens of the text", _PANELS[:count], ("", "", "B")[:count],
    )  # fmt: skip


def _line(graph: Graph, found: Sequence[Any], count: int) -> Line:
    steps = tuple(at.step.cost.macs if at.step is not None else 0 for at in found)
    ys = (tuple(at.read.cost.macs for at in found), steps, tuple(at.kept_bytes or 0 for at in found))
    tips = tuple(f"{at.tokens:,} tokens" for at in found)
    return Line(label(called(graph)), tuple(at.tokens for at in found), ys[:count], tips)
