"""Cost by stage."""

from collections.abc import Sequence

from archscope import metrics
from archscope.charts import draw_stages
from archscope.charts.chart import Bar, Chart, Segment, chart_kind, inputs_of, label
from archscope.graph import Graph
from archscope.tables.common import called
from archscope.views.stages import stages as stages_of


@chart_kind("stages", draw_stages.draw)
def stages(graphs: Sequence[Graph]) -> Chart:
    """Multiply-accumulates and parameters by stage."""
    bars = tuple(
        Bar(label(called(graph)), tuple(
            Segment(stage.name, stage.number, stage.structure, metrics.macs(stage.graph) or 0, metrics.params(stage.graph) or 0)
            for stage in stages_of(graph)
        ))
        for graph in graphs
    )  # fmt: skip
    return Chart("stages", "Cost by stage", inputs_of(graphs), bars, "", ("multiply-accumulates", "parameters"), ("", ""))
