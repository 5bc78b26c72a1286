"""Everything on the page as plain data. Each number comes from the function that the command for the same thing asks."""

import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING, Any

from archscope import __version__
from archscope.charts.style import THEMES as CHART_THEMES
from archscope.comparison.comparison_table import MODEL_COLUMNS, Line, summed_up
from archscope.comparison.diff_table import sentence
from archscope.comparison.side_by_side import Subject, lines
from archscope.comparison.structural_diff import Change, diff
from archscope.diagrams.colouring import COLORINGS
from archscope.diagrams.theme import KINDS, THEMES
from archscope.errors import ArchscopeError
from archscope.graph import Graph
from archscope.metrics import METRICS, AtLeast, Varies
from archscope.printable import printable
from archscope.report.cards import card
from archscope.report.chart_series import chart_series
from archscope.report.network_data import network_data, plain
from archscope.tables.common import CONVENTION, called
from archscope.tables.metrics import metric_column
from archscope.values import reason, signs

if TYPE_CHECKING:
    from archscope.bench.results.records import Bench

PAIRED = 6  # networks; of more, each is set beside the first only

# What a comparison begins with; the reader adds the others.
_SHOWN = (
    "params", "macs", "flops", "activations", "peak_memory", "weighted_depth", "receptive_field", "top1_error",
    "top5_error", "latency_seconds",
)  # fmt: skip


@dataclass(frozen=True)
class Request:
    """What the page is asked to show.

    Attributes:
        look: the keyword arguments of the traces.
        baseline: the network that ratios refer to; the first if None.
        bench: a saved benchmark, for times.
        command: the words that made the page.
    """

    look: Mapping[str, Any]
    baseline: str | None = None
    bench: "Bench | None" = None
    command: str = ""


def page_data(subjects: Sequence[Subject], request: Request) -> dict[str, Any]:
    """The page's data; see `network_data` for that of one network."""
    rows = lines(subjects, "model", request.look, request.baseline, None, request.bench, others())
    graphs = [subject.graph for subject in subjects]
    facts, notes = summed_up(rows, "model", graphs, request.baseline)
    networks = [_network(subject, row, request) for subject, row in zip(subjects, rows, strict=True)]
    baseline = next((at for at, row in enumerate(rows) if row.get("params_ratio") == 1.0), 0)
    return {
        "title": " · ".join(dict.fromkeys(str(network["title"]) for network in networks)),
        "command": printable(request.command),
        "versions": {
            "archscope": __version__, "python": platform.python_version(), "system": platform.system(),
        },
        "facts": [printable(fact) for fact in facts],
        "notes": [printable(note) for note in notes if not note.startswith("x: ")],
        "convention": f"{CONVENTION}.",
        "columns": columns(rows),
        "rows": [_row(row) for row in rows],
        "baseline": baseline,
        "networks": networks,
        "charts": _charts(graphs),
        "pairs": _pairs(graphs),
        "colourings": list(COLORINGS),
        "themes": themes(),
    }  # fmt: skip


# -- the comparison --------------------------------------------------------------------------------------------------------------


def columns(rows: Sequence[Line]) -> list[dict[str, Any]]:
    """The columns that a reader may choose: those of `archscope compare` that have a value here, then every other metric."""
    usual = [
        c for c in MODEL_COLUMNS if c.key != "model" and c.kind != "ratio" and any(row.get(c.key) is not None for row in rows)
    ]
    made = [*usual, *(metric_column(name) for name in others() if any(name in row for row in rows))]
    return [
        {"key": c.key, "title": c.title, "kind": c.kind, "says": METRICS[c.key].says if c.key in METRICS else "",
         "shown": c.key in _SHOWN}
        for c in made
    ]  # fmt: skip


def others() -> tuple[str, ...]:
    """The metrics that are no columns of a comparison already."""
    known = {column.key for column in MODEL_COLUMNS}
    return tuple(name for name in METRICS if name not in known)


def _row(row: Line) -> dict[str, Any]:
    """A row as plain values; `signs` has what stands before a number that is not the whole truth, and why."""
    values = {key: plain(value) for key, value in row.items() if not key.endswith("_ratio")}
    told = {key: (signs(value), reason(value)) for key, value in row.items() if isinstance(value, AtLeast | Varies)}
    return {**values, "signs": told}


# -- the networks ----------------------------------------------------------------------------------------------------------------


def _network(subject: Subject, row: Line, request: Request) -> dict[str, Any]:
    graph, entry = subject.graph, subject.entry
    unchanged = entry is not None and (graph is None or row.get("params") == entry.params)
    title = entry.title if entry is not None and subject.name == entry.name else subject.name
    shown: dict[str, Any] = {"title": title, "name": subject.name, "error": subject.error.message if subject.error else None}
    shown["hint"] = subject.error.hint if subject.error else None
    shown["card"] = card(entry) if entry is not None and unchanged else None
    if graph is None or not graph.nodes:
        return {**shown, "insides": []}
    return {**network_data(graph, title, _times(request, graph)), **shown}


def _times(request: Request, graph: Graph) -> dict[str, float] | None:
    """Measured seconds by module path, where a benchmark has them."""
    if request.bench is None:
        return None
    from archscope.bench.results.files import latencies

    try:
        return latencies(request.bench, called(graph))
    except ArchscopeError:
        return None


def _charts(graphs: Sequence[Graph | None]) -> list[dict[str, Any]]:
    places = [at for at, graph in enumerate(graphs) if graph is not None and graph.nodes]
    made = chart_series([graph for graph in graphs if graph is not None and graph.nodes])
    for chart in made:
        for series in chart["series"]:
            series["network"] = places[series["network"]]
    return made


# -- pairs -----------------------------------------------------------------------------------------------------------------------


def _pairs(graphs: Sequence[Graph | None]) -> list[dict[str, Any]]:
    """What `archscope diff` finds between two networks, for every two of a few, else for each and the first."""
    there = [(at, graph) for at, graph in enumerate(graphs) if graph is not None and graph.nodes]
    every = list(combinations(there, 2)) if len(there) <= PAIRED else [(there[0], other) for other in there[1:]]
    return [{"first": a, "second": b, "changes": _changes(one, other)} for (a, one), (b, other) in every]


def _changes(first: Graph, second: Graph) -> list[dict[str, Any]]:
    here, there = ({node.id: at for at, node in enumerate(graph.nodes)} for graph in (first, second))
    return [_change(change, here, there) for change in diff(first, second).changes]


def _change(change: Change, here: Mapping[int, int], there: Mapping[int, int]) -> dict[str, Any]:
    return {
        "kind": change.kind,
        "paths": list(change.paths[:8]),
        "before": change.before,
        "after": change.after,
        "stage": change.stage,
        "params": change.params,
        "macs": change.macs,
        "says": sentence(change),
        "here": _spans([here[node] for node in change.here]),
        "there": _spans([there[node] for node in change.there]),
    }


def _spans(positions: Sequence[int]) -> list[int]:
    """Positions as begin, end, begin, end ...: [3, 4, 5, 9] -> [3, 6, 9, 10]."""
    found: list[int] = []
    for at in sorted(positions):
        if found and found[-1] == at:
            found[-1] = at + 1
        else:
            found += [at, at + 1]
    return found


# -- colours ---------------------------------------------------------------------------------------------------------------------


def themes() -> dict[str, Any]:
    """The colours of the pictures and charts, light and dark."""
    return {name: _theme(name) for name in ("light", "dark")}


def _theme(name: str) -> dict[str, Any]:
    theme, charts = THEMES.find(name), CHART_THEMES[name]
    return {
        "background": theme.background, "panel": theme.panel, "ink": theme.ink, "muted": theme.muted, "line": theme.line,
        "stroke": theme.stroke, "fills": {kind: theme.fills[kind] for kind in KINDS}, "ramp": list(theme.ramp),
        "alarm": theme.alarm, "series": list(charts.series), "stages": list(charts.ramp),
    }  # fmt: skip
