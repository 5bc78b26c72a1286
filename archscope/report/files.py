"""The report as a folder: the page, and beside it the comparison as a table, the pictures and the charts."""

from collections.abc import Iterator, Sequence

from archscope.charts import KINDS, Chart
from archscope.charts import render as render_chart
from archscope.comparison.comparison_table import comparison_table
from archscope.comparison.side_by_side import Subject, lines
from archscope.diagrams.diagram import draw
from archscope.graph import Graph
from archscope.printable import file_stem
from archscope.render import render
from archscope.report.page import page
from archscope.report.page_data import Request, page_data
from archscope.tables.common import called


def folder(subjects: Sequence[Subject], request: Request) -> Iterator[tuple[str, str | bytes]]:
    """The files by their names in the folder: `index.html`, `compare.csv`, `diagrams/NAME.svg`, `charts/KIND.svg`."""
    data = page_data(subjects, request)
    yield "index.html", page(data)
    rows = lines(subjects, "model", request.look, request.baseline, None, request.bench)
    yield "compare.csv", render([comparison_table(rows, "model")], "csv")
    graphs = [subject.graph for subject in subjects if subject.graph is not None and subject.graph.nodes]
    names: set[str] = set()
    for graph, network in zip(graphs, (one for one in data["networks"] if one["insides"]), strict=True):
        name = _free(called(graph), names)
        yield f"diagrams/{name}.svg", draw([graph], [str(network["title"])]).svg()
        yield f"diagrams/{name}-block.svg", draw([graph], [str(network["title"])], level="block").svg()
    for chart in _charts(graphs, subjects, request):
        yield f"charts/{chart.kind}.svg", render_chart(chart, "svg")


def _free(name: str, taken: set[str]) -> str:
    """A file name for a network: its name without what file systems do not take, and a number where two have the same."""
    stem = file_stem(name)
    found, number = stem, 1
    while found.lower() in taken:
        number += 1
        found = f"{stem}-{number}"
    taken.add(found.lower())
    return found


def _charts(graphs: Sequence[Graph], subjects: Sequence[Subject], request: Request) -> Iterator[Chart]:
    """The charts that have something to show."""
    rows = lines(subjects, "model", request.look, request.baseline, None, request.bench)
    for kind in KINDS.values():
        if not graphs or kind.takes not in ("rows", "graphs"):  # the others need measurements or runs of their own
            continue
        chart = kind.of(rows if kind.takes == "rows" else graphs)
        if chart.items:
            yield chart
