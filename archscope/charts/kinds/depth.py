"""Cost along the network."""

from collections.abc import Sequence

from archscope.charts import draw_lines
from archscope.charts.chart import Chart, Line, chart_kind, inputs_of, label
from archscope.graph import Graph, kinds
from archscope.tables.common import called


@chart_kind("depth", draw_lines.draw)
def depth(graphs: Sequence[Graph]) -> Chart:
    """Multiply-accumulates and parameters of all layers so far, after each convolution and linear layer."""
    return Chart(
        "depth", "Cost along the network", f"cumulated in execution order; {inputs_of(graphs)}", tuple(_cumulated(graph) for graph
        in graphs),
        "convolutions and linear layers so far", ("multiply-accumulates", "parameters"), ("", ""),
    )  # fmt: skip


def _cumulated(graph: Graph) -> Line:
    seen: set[str] = set()
    xs, macs, params, tips = [0], [0], [0], ["input"]
    done = 0
    spent, held = 0, 0
    for node in graph.nodes:
        spent += node.cost.macs
        new = [name for name in dict.fromkeys(node.params) if name not in seen and not graph.param[name].buffer]
        seen.update(new)
        held += sum(graph.param[name].numel for name in new)
        if node.params and kinds.kind(node) in kinds.WEIGHTED:
            done += node.repeats
            xs.append(done)
            macs.append(spent)
            params.append(held)
            tips.append(graph.path(node))
        else:
            macs[-1], params[-1] = spent, held
    return Line(label(called(graph)), tuple(xs), (tuple(macs), tuple(params)), tuple(tips))
