"""What `archscope chart` draws, as data for a browser: every kind of chart that is made of graphs."""

from collections.abc import Sequence
from typing import Any

from archscope.charts import KINDS
from archscope.charts.chart import Bar, Chart, Line
from archscope.graph import Graph

MOST = 4000  # points of one line; a screen has fewer columns


def chart_series(graphs: Sequence[Graph]) -> list[dict[str, Any]]:
    """The charts, each with one series for each graph that has something to show in it; `network` is the graph's position."""
    kinds = [kind for kind in KINDS.values() if kind.takes == "graphs"]
    return [made for kind in kinds if graphs and (made := _series(kind.of(graphs), [kind.of([graph]) for graph in graphs]))]


def _series(whole: Chart, single: Sequence[Chart]) -> dict[str, Any]:
    lines = [
        {"network": number, **_item(item)}
        for number, chart in enumerate(single)
        for item in chart.items
        if isinstance(item, Bar | Line)
    ]
    if not lines:
        return {}
    return {
        "kind": whole.kind,
        "title": whole.title,
        "subtitle": whole.subtitle,
        "x": whole.x,
        "panels": list(whole.panels),
        "units": [*whole.units, *[whole.units[-1]] * (len(whole.panels) - len(whole.units))],
        "reference": whole.reference,
        "series": lines,
    }


def _item(item: Bar | Line) -> dict[str, Any]:
    if isinstance(item, Bar):
        return {
            "segments": [
                {"name": part.stage, "number": part.number, "made_of": part.made_of, "values": [part.macs, part.params]}
                for part in item.segments
            ]
        }
    kept = _kept(item)
    tips: dict[str, int] = {}
    return {
        "points": len(item.xs),
        "xs": [item.xs[at] for at in kept],
        "ys": [[ys[at] for at in kept] for ys in item.ys],
        "tips": [tips.setdefault(item.tips[at], len(tips)) for at in kept],
        "texts": list(tips),
        "peak": None if item.peak is None else kept.index(item.peak),
    }


def _kept(line: Line) -> list[int]:
    """The points that are drawn: all, or of each stretch of a long line its ends and what is lowest and highest there."""
    count = len(line.xs)
    if count <= MOST:
        return list(range(count))
    step = -(-4 * count // MOST)
    kept = {0, count - 1, *([] if line.peak is None else [line.peak])}
    for begin in range(0, count, step):
        stretch = range(begin, min(begin + step, count))
        kept |= {stretch[0], stretch[-1]}
        for ys in line.ys:
            kept |= {min(stretch, key=ys.__getitem__), max(stretch, key=ys.__getitem__)}
    return sorted(kept)
