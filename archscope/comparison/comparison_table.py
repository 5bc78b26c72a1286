"""The tables of a comparison: a row per network, or per stage of each."""

from collections.abc import Iterable, Mapping, Sequence
from math import inf

from archscope import metrics
from archscope.errors import ArchscopeError
from archscope.graph import Graph
from archscope.metrics import METRICS, WHOLE_INPUT, Absent
from archscope.registry import unknown
from archscope.tables.common import CONVENTION, called, share, told_rows, warnings
from archscope.tables.metrics import metric_column, unknowns
from archscope.tables.table import Column, Row, Table, Value

MODEL_COLUMNS = (
    Column("model", "model", "path"),
    Column("family", "family", file_only=True),
    Column("variant", "variant", file_only=True),
    Column("year", "year", "year", rank=8),
    Column("input", "input", rank=7),
    Column("batch", "batch", "count", file_only=True),
    Column("dtype", "dtype", file_only=True),
    metric_column("params"),
    metric_column("macs"),
    metric_column("flops", rank=6),
    Column("uncounted", "uncounted", "count", rank=1),
    Column("decided_by_data", "decided by data", file_only=True),
    metric_column("activations", rank=5),
    metric_column("peak_memory", rank=4),
    metric_column("weighted_depth", rank=3),
    metric_column("convolutions", rank=6),
    metric_column("receptive_field", rank=6),
    metric_column("effective_stride", rank=7),
    Column("top1_error", "top-1 %", "percent", rank=2),
    Column("top5_error", "top-5 %", "percent", rank=5),
    Column("error_protocol", "protocol", file_only=True),
    Column("error_source", "source of the errors", file_only=True),
    Column("latency_seconds", "latency", "seconds", rank=1),
    Column("throughput", "images/s", "number", rank=2),
    Column("device", "device", file_only=True),
    Column("params_ratio", "params x", "ratio", rank=1),
    Column("macs_ratio", "MACs x", "ratio", rank=1),
    Column("activations_ratio", "activations x", "ratio", file_only=True),
    Column("peak_memory_ratio", "memory x", "ratio", file_only=True),
    Column("depth_ratio", "depth x", "ratio", file_only=True),
    Column("latency_ratio", "latency x", "ratio", rank=2),
    Column("failure", "failed because"),
)

RATIOS = {
    "params_ratio": "params", "macs_ratio": "macs", "activations_ratio": "activations", "peak_memory_ratio": "peak_memory",
    "depth_ratio": "weighted_depth", "latency_ratio": "latency_seconds",
}  # fmt: skip

STAGE_COLUMNS = (
    Column("model", "model", "path"),
    Column("stage", "stage"),
    Column("resolution", "resolution", rank=3, file_only=True),
    Column("blocks", "blocks", "count", rank=2),
    Column("structure", "made of", rank=3),
    Column("width", "width", "count", rank=1),
    Column("params", "params", "count"),
    Column("params_share", "of params", "share", rank=4),
    Column("macs", "MACs", "count"),
    Column("macs_share", "of MACs", "share", rank=4),
    Column("failure", "failed because"),
)

# What fits across the page of a paper.
PAGE = ("model", "params", "macs", "weighted_depth", "receptive_field", "top1_error", "top5_error", "params_ratio", "macs_ratio")

Line = dict[str, Value]


def known_columns(by: str) -> dict[str, Column]:
    """Every column that a comparison by "model" or "stage" can have, by key: its own, and every other metric."""
    own = {column.key: column for column in (MODEL_COLUMNS if by == "model" else STAGE_COLUMNS)}
    return own | {name: metric_column(name) for name in METRICS if name not in own}


def asked_metrics(by: str, keys: Iterable[str]) -> tuple[str, ...]:
    """Of these keys of columns, the metrics that a comparison does not have anyway. Raises `UsageError` for a key that no column
    has.
    """
    own = {column.key for column in (MODEL_COLUMNS if by == "model" else STAGE_COLUMNS)}
    known = known_columns(by)
    for key in keys:
        if key not in known:
            raise unknown("column", key, known)
    return tuple(dict.fromkeys(key for key in keys if key not in own))


def stage_rows(name: str, graph: Graph, more: Sequence[str] = ()) -> list[Line]:
    """A row per stage, and one for the parameters that the forward did not read.

    Arguments:
        more: further metrics, by name.
    """
    from archscope.views.stages import stages  # a comparison by model has no use for them

    whole = metrics.params(graph), metrics.macs(graph)
    rows: list[Line] = []
    for stage in stages(graph):
        params, macs = metrics.params(stage.graph), metrics.macs(stage.graph)
        rows.append(
            {
                "model": name, "stage": stage.name, "resolution": "x".join(map(str, stage.resolution)) or None, "blocks":
                stage.blocks,
                "structure": stage.structure, "width": stage.width, "params": params, "params_share": share(params, whole[0]),
                "macs": macs, "macs_share": share(macs, whole[1]), **metrics.measure(stage.graph, more),
            }
        )  # fmt: skip
    idle = metrics.unused_params(graph)
    if idle:
        rows.append({"model": name, "stage": "not run", "params": idle, "params_share": share(idle, whole[0])})
    return rows


def comparison_table(
    rows: Sequence[Line],
    by: str,
    columns: Sequence[str] = (),
    sort: str | None = None,
    facts: Sequence[str] = (),
    notes: Sequence[str] = (),
    more: Sequence[Column] = (),
) -> Table:
    """The rows as a table.

    Arguments:
        by: "model" or "stage".
        columns: keys of the columns to show, all if empty; the model always comes first.
        sort: key of the column to sort by; with a "-" before it, largest first. Rows without a value stand at the end.
        more: columns that only these rows have, shown behind the model.

    Raises `UsageError` for a column that does not exist.
    """
    known = known_columns(by) | {column.key: column for column in more}
    failed = ("failure",) if any(row.get("failure") for row in rows) else ()
    first, *others = MODEL_COLUMNS if by == "model" else STAGE_COLUMNS
    shown = chosen(known, (*columns, *failed)) if columns else (first, *more, *others)
    if sort is not None:
        rows = arranged(rows, known, sort)
    return Table(
        name="compare",
        title="Comparison by stage" if by == "stage" else "Comparison",
        columns=shown,
        rows=tuple(Row(row) for row in rows),
        facts=tuple(facts),
        notes=(*notes, *unknowns([(str(row["model"]), row) for row in rows], shown)),
    )


def chosen(known: Mapping[str, Column], keys: Sequence[str]) -> tuple[Column, ...]:
    """The columns of these keys behind the model's, none of them left to files only. Raises `UsageError` for a key that no
    column has.
    """
    wanted = dict.fromkeys(("model", *keys))
    for key in wanted:
        if key not in known:
            raise unknown("column", key, known)
    return tuple(Column(c.key, c.title, c.kind) for key in wanted for c in (known[key],))


def arranged(rows: Sequence[Line], known: Mapping[str, Column], sort: str) -> list[Line]:
    """The rows sorted by a column; those without a value at the end. Raises `UsageError` for a column that does not exist."""
    key = sort.removeprefix("-")
    if key not in known:
        raise unknown("column", key, known)
    absent = [row for row in rows if isinstance(row.get(key), Absent | None)]
    there = [row for row in rows if not isinstance(row.get(key), Absent | None)]
    there.sort(key=lambda row: _place(row[key]), reverse=sort.startswith("-"))
    return there + absent


def _place(value: Value) -> tuple[float, str]:
    """Where a value sorts: "whole input" behind every number."""
    return (float(value), "") if isinstance(value, int | float) else (inf if value == WHOLE_INPUT else 0.0, str(value))


def wanted_columns(words: str | None, by: str, form: str | None, out: str | None) -> tuple[str, ...]:
    """The columns that were asked for; where none were and a page of paper is the place, those that fit on it.

    Arguments:
        words: "params,macs".
        form, out: as the command line has them.
    """
    if words is not None:
        return tuple(word.strip() for word in words.split(",") if word.strip())
    paper = form == "latex" or (form is None and (out or "").rpartition(".")[2] in ("tex", "latex"))
    return PAGE if paper and by == "model" else ()


def summed_up(
    rows: Sequence[Line], by: str, graphs: Sequence[Graph | None], baseline: str | None
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """What has to be said above a comparison and below it."""
    there = [graph for graph in graphs if graph is not None and graph.meta.failure is None]
    if not there and all(row.get("macs") is None for row in rows):
        return (), ()
    circumstances = [
        " and ".join(dict.fromkeys(f"{word}{mode}" for mode in values))
        for word, values in (
            ("", [f"{graph.meta.mode} mode" for graph in there]),
            ("", [f"{g.meta.dtype}, autocast to {g.meta.autocast}" if g.meta.autocast else g.meta.dtype for g in there]),
            ("traced on the ", [f"{graph.meta.device} device" for graph in there if graph.meta.device != "file"]),
            ("torch ", [graph.meta.torch for graph in there if graph.meta.torch]),
        )
        if values
    ]
    batches = dict.fromkeys(graph.batch for graph in there)
    batches |= dict.fromkeys(int(str(row["batch"])) for row in rows if row.get("macs") is not None and row.get("batch"))
    notes = [f"{CONVENTION}, batch {' and '.join(map(str, batches))}."]
    if by == "stage":
        notes.append(
            "A block counts to the resolution that it hands on; stem: all before the first block; head: what has no places left; "
            "not run: parameters that this forward did not read."
        )
    else:
        first = baseline or str(rows[0]["model"])
        notes.append(
            f"x: times {first}. depth: convolutions and linear layers on the longest path. field, stride: of the last feature "
            "map, in pixels. peak memory: parameters, buffers and the most activations alive at once. top-1, top-5: published "
            "errors of one trained network."
        )
        notes += [*_protocols(rows), *_devices(rows)]
        notes += [f"{called(graph)}: {graph.meta.variant}." for graph in there if graph.meta.variant]
    notes += [f"{called(graph)}: {told}." for graph in there if (told := told_rows(graph.meta.decided))]
    notes += [f"{called(graph)}: {line}" for graph in there for line in warnings(graph)]
    return (" · ".join(circumstances),) if there else (), tuple(notes)


def _protocols(rows: Sequence[Line]) -> list[str]:
    """Which protocol each published error was found by, the networks of one protocol together."""
    groups: dict[str, list[str]] = {}
    for row in rows:
        if row.get("error_protocol"):
            groups.setdefault(str(row["error_protocol"]), []).append(f"{row['model']} ({row['error_source']})")
    return [f"Errors on {protocol}: {', '.join(models)}." for protocol, models in groups.items()]


def _devices(rows: Sequence[Line]) -> list[str]:
    """What the latencies were measured on, and a warning where that differs."""
    devices = list(dict.fromkeys(str(row["device"]) for row in rows if row.get("device")))
    if not devices:
        return []
    warning = " These are different machines: the latencies cannot be compared." if len(devices) > 1 else ""
    return [f"latency: median of a forward on {'; '.join(devices)}.{warning}"]


def failures(errors: Sequence[ArchscopeError | None]) -> ArchscopeError | None:
    """The first of several errors."""
    return next((error for error in errors if error is not None), None)
