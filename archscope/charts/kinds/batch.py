"""Networks by the size of the batch."""

from collections.abc import Sequence
from typing import Any

from archscope import metrics, units
from archscope.charts import draw_lines
from archscope.charts.chart import Chart, Line, chart_kind, label
from archscope.graph import Graph
from archscope.tables.common import called

_PANELS = ("MACs", "peak memory", "KV cache")


@chart_kind("batch", draw_lines.draw, takes="batches")
def batch(subjects: Sequence[Any]) -> Chart:
    """Multiply-accumulates and peak memory of one forward against the size of the batch; of language models also the bytes of the
    keys and values that are kept.

    Arguments:
        subjects: of each network the size of the batch and the Graph at each.
    """
    caches = [[kv_cache(graph) for _, graph in found] for found in subjects]
    count = len(_PANELS) if all(size is not None for sizes in caches for size in sizes) else 2
    first: list[Graph] = [found[0][1] for found in subjects]
    silent = [called(graph) for graph, sizes in zip(first, caches, strict=True) if None in sizes]
    notes = () if len(silent) in (0, len(first)) else (f"no KV cache is drawn: none is known of {', '.join(silent)}",)
    shapes = dict.fromkeys(" and ".join(units.shape(shape) for shape in graph.examples) for graph in first)
    dtypes = " and ".join(dict.fromkeys(graph.meta.dtype for graph in first))
    return Chart(
        "batch", "Networks by the size of the batch",
        f"one forward; peak memory: parameters and the most activations alive at once; input {' or '.join(shapes)}, {dtypes}",
        tuple(_line(found, sizes, count) for found, sizes in zip(subjects, caches, strict=True)),
        "examples in the batch", _PANELS[:count], ("", "B", "B")[:count], notes=notes,
    )  # fmt: skip


def kv_cache(graph: Graph) -> int | None:
    """Bytes of keys and values that a causal network keeps of all its tokens; None where there are none, or it is not known."""
    each, tokens = (metrics.METRICS[name](graph) for name in ("kv_cache_per_token", "tokens"))
    return each * tokens if isinstance(each, int) and isinstance(tokens, int) else None


def _line(found: Sequence[tuple[int, Graph]], caches: Sequence[int | None], count: int) -> Line:
    graphs = [graph for _, graph in found]
    ys = (tuple(metrics.macs(g) for g in graphs), tuple(metrics.peak_memory(g) for g in graphs), tuple(s or 0 for s in caches))
    tips = tuple(f"batch {size:,}" for size, _ in found)
    return Line(label(called(graphs[0])), tuple(size for size, _ in found), ys[:count], tips)
