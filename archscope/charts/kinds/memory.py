"""Memory over one forward, or over a training step."""

from collections.abc import Sequence

from archscope import metrics
from archscope.charts import draw_memory
from archscope.charts.chart import Chart, Line, chart_kind, inputs_of, label
from archscope.graph import Graph, naming
from archscope.metrics.weights_only import needs_forward
from archscope.tables.common import called
from archscope.training.step import footprint


@chart_kind("memory", draw_memory.draw)
def memory(graphs: Sequence[Graph]) -> Chart:
    """Bytes of activations alive while each operator runs."""
    return Chart(
        "memory", "Activation memory over one forward",
        f"bytes alive while each operator runs, parameters not among them; {inputs_of(graphs)}",
        tuple(line for graph in graphs if (line := _alive(graph)).xs), "operators so far", ("activations alive",), ("B",),
    )  # fmt: skip


def _alive(graph: Graph) -> Line:
    curve = metrics.liveness(graph)
    values = tuple(alive.bytes for alive in curve)
    tips = tuple(f"{naming.word(graph, alive.node)} in {graph.path(alive.node) or graph.name}" for alive in curve)
    return Line(
        label(called(graph)), tuple(range(1, len(values) + 1)), (values,), tips, values.index(max(values)) if values else None
    )


def training_step(graphs: Sequence[Graph]) -> Chart:
    """Bytes alive over a training step: forward, then backward, then the optimizer. Raises `UsageError` for a
    graph that was not traced in train mode, `ArchscopeError` for weights without a network.
    """
    for graph in graphs:
        needs_forward(graph, "there is nothing to draw")
    return Chart(
        "memory", "Memory over a training step",
        f"bytes alive while each operator runs, forward and then backward: activations and gradients; {inputs_of(graphs)}",
        tuple(line for graph in graphs if (line := _step(graph)).xs), "operators so far, forward and backward",
        ("activations and gradients alive",), ("B",),
    )  # fmt: skip


def _step(graph: Graph) -> Line:
    curve = footprint(graph).curve
    values = tuple(moment.bytes for moment in curve)
    tips = tuple(
        f"{naming.word(graph, m.node)} in {graph.path(m.node) or graph.name}, {m.phase}" if m.node else "optimizer" for m in curve
    )
    return Line(
        label(called(graph)), tuple(range(1, len(values) + 1)), (values,), tips, values.index(max(values)) if values else None
    )
