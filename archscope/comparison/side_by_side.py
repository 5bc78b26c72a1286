"""Many networks side by side: one row each, with what is counted, what was published and what was measured.

    archscope.compare()                                   the networks of the Inception-v4 paper
    archscope.compare(["resnet50", "timm:convnext_tiny"], baseline="resnet50")
    archscope.compare(by="stage")                         what each does at 35x35, 17x17, 8x8

A network that cannot be traced keeps its row, with the reason and with what is known of it without a trace.
"""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import PurePath
from typing import TYPE_CHECKING, Any, NamedTuple

from archscope import metrics, units
from archscope.comparison.comparison_table import (
    MODEL_COLUMNS,
    RATIOS,
    STAGE_COLUMNS,
    Line,
    asked_metrics,
    known_columns,
    stage_rows,
)
from archscope.errors import ArchscopeError, UsageError
from archscope.graph import Graph
from archscope.metrics import WHOLE_INPUT, Absent
from archscope.metrics.weights_only import NO_FORWARD, weights_only
from archscope.models.look_up import look
from archscope.models.words import is_file
from archscope.registry import unknown
from archscope.tables.table import Value
from archscope.zoo import catalog
from archscope.zoo.cards import Entry
from archscope.zoo.published_errors import published

if TYPE_CHECKING:
    import pandas as pd

    from archscope.bench.results.records import Bench

# Szegedy et al., "Inception-v4, Inception-ResNet and the Impact of Residual Connections on Learning", arXiv 1602.07261:
# Inception-ResNet-v2 both as it was released and as its figures show it.
DEFAULT = ("inception_v3", "inception_v4", "inception_resnet_v1", "inception_resnet_v2", "inception_resnet_v2_paper")

# One of each kind, with errors that can be compared.
FIELD = (
    "alexnet", "googlenet", "bn_inception", "vgg11", "vgg13", "vgg16", "vgg19", "resnet18", "resnet34", "resnet50_v1_5",
    "resnet101_v1_5", "resnet152_v1_5", "inception_v3", "inception_v4", "inception_resnet_v1", "inception_resnet_v2",
)  # fmt: skip


class Subject(NamedTuple):
    """A network of a comparison.

    Attributes:
        name: as it is to be called in a table.
        graph: its trace; None where there is none.
        entry: what the zoo knows of it; None for a network from elsewhere.
        error: why there is no trace, or not all of it.
        line: what was counted before, by column key, in the place of a trace; see `archscope.sweep`.
    """

    name: str
    graph: Graph | None
    entry: Entry | None = None
    error: ArchscopeError | None = None
    line: Line | None = None


def compare(
    models: Sequence[str | Graph] = DEFAULT,
    *,
    by: str = "model",
    input: Sequence[Sequence[int]] = (),
    batch: int = 1,
    dtype: str = "float32",
    mode: str = "eval",
    options: Mapping[str, Any] | None = None,
    keep: int | Mapping[str, int] | None = None,
    autocast: str = "",
    baseline: str | None = None,
    protocol: str | None = None,
    bench: "Bench | None" = None,
    columns: Sequence[str] = (),
) -> "pd.DataFrame":
    """The networks as a frame: one row per network, or per stage of each.

    Arguments:
        models: names as for `load`, or graphs.
        by: "model" or "stage".
        input, batch, dtype, mode, options, keep, autocast: of the traces; see `look`.
        baseline: the network that ratios refer to; the first if not given.
        protocol: words that stand in the protocol of the published errors: "single crop", "144 crops". Without it: a single
            crop where one was published, else what was.
        bench: a saved benchmark (see `archscope.bench.results.files.load`), joined on model, batch and dtype.
        columns: further metrics, by name, behind the columns that are always there.

    Whole numbers are int64, Int64 where one is missing, objects where one is "whole input". Raises `UsageError` for a grouping,
    baseline or metric that is not there.

    >>> compare(["vgg16", "resnet50"])[["model", "params", "macs_ratio"]]
          model     params  macs_ratio
    0     vgg16  138357544     1.00000
    1  resnet50   25557032     0.24938
    """
    request = {
        "input": input,
        "batch": batch,
        "dtype": dtype,
        "mode": mode,
        "options": options,
        "keep": keep,
        "autocast": autocast,
    }
    more = asked_metrics(by, columns)
    subjects = list(gather(models, request))
    rows = lines(subjects, by, request, baseline, protocol, bench, more)
    return frame(rows, by, more)


def gather(models: Iterable[str | Graph | Line], request: Mapping[str, Any]) -> Iterable[Subject]:
    """Traces each network; a failure is part of the answer. A file goes by the name of the network in it, and by its own where
    another has that name already: `net.pt2` and `net.onnx` are "net" and "net.onnx".

    Arguments:
        models: names, graphs, or lines that were counted before: `model` is what to call it, `source` the words that load it.
        request: the keyword arguments of `look`.
    """
    taken: set[str] = set()
    for model in models:
        if isinstance(model, dict):
            yield Subject(str(model["model"]), None, _entry(str(model.get("source", ""))), None, model)
            continue
        if isinstance(model, Graph):
            taken.add(model.name)
            yield Subject(model.name, model, _entry(model.meta.source or model.name))
            continue
        entry = _entry(model)
        name = entry.name if entry else model
        try:
            graph = look(model, **request)
            if is_file(model):
                name = graph.name if graph.name not in taken else PurePath(model).name
            taken.add(name)
            yield Subject(name, graph, entry or _entry(graph.meta.source))
        except ArchscopeError as error:
            yield Subject(name, getattr(error, "graph", None), entry, error)


def _entry(name: str) -> Entry | None:
    try:
        return catalog.find(name) if name and ":" not in name else None
    except UsageError:
        return None


def lines(
    subjects: Sequence[Subject],
    by: str,
    request: Mapping[str, Any],
    baseline: str | None = None,
    protocol: str | None = None,
    bench: "Bench | None" = None,
    more: Sequence[str] = (),
) -> list[Line]:
    """The rows of a comparison, as plain values by column key; see `compare`.

    Arguments:
        more: metrics beside those that are always there; see `asked_metrics`.
    """
    if by == "stage":
        return [row for subject in subjects for row in _stages(subject, more)]
    if by != "model":
        raise unknown("grouping", by, ("model", "stage"), list_all=True)
    rows = [model_line(subject, request, protocol, more) for subject in subjects]
    if bench is not None:
        for row in rows:
            row.update(timed(bench, str(row["model"]), request))
    return _with_ratios(rows, baseline)


def _stages(subject: Subject, more: Sequence[str]) -> list[Line]:
    if subject.graph is None or subject.error is not None:
        return [_failed(subject)]
    if weights_only(subject.graph):
        return [{"model": subject.name, "failure": NO_FORWARD.reason}]
    return stage_rows(subject.name, subject.graph, more)


def _failed(subject: Subject) -> Line:
    return {"model": subject.name, "failure": subject.error.message if subject.error else None}


def model_line(subject: Subject, request: Mapping[str, Any], protocol: str | None = None, more: Sequence[str] = ()) -> Line:
    """The row of one network. Of a forward that stopped half-way, only what does not depend on the rest is in it."""
    line: Line = {"model": subject.name, "batch": request["batch"], "dtype": request["dtype"], **_failed(subject)}
    if subject.line is not None:
        return line | _counted_before(subject, protocol)
    # A saved graph may be of other arguments than the network that was published.
    changed = subject.graph is not None and subject.entry is not None and metrics.params(subject.graph) != subject.entry.params
    if subject.entry is not None:
        line |= _known(subject.entry, request, protocol, changed=changed or bool(request["options"]))
    if subject.graph is not None:
        line |= _counted(subject.graph, more) if subject.error is None else {"params": metrics.params(subject.graph)}
    return line


def _counted_before(subject: Subject, protocol: str | None) -> Line:
    """The line of a network that was counted before, with what the zoo knows of it if it is the published one."""
    assert subject.line is not None
    line, entry = {**subject.line, "uncounted": subject.line.get("uncounted") or None}, subject.entry
    if entry is None:
        return line
    known: Line = {"family": entry.family, "variant": entry.variant, "year": entry.year}
    if line.get("params") == entry.params and line.get("input") == units.shape(entry.input):
        known |= published(entry, protocol)
    return known | line


def _known(entry: Entry, request: Mapping[str, Any], protocol: str | None, changed: bool) -> Line:
    line: Line = {"family": entry.family, "variant": entry.variant, "year": entry.year}
    if not request["input"]:
        line["input"] = units.shape(entry.input)
    if not changed:
        line["params"] = entry.params
        line |= published(entry, protocol)
    return line


_METRICS = tuple(column.key for column in MODEL_COLUMNS if column.key in metrics.METRICS)


def _counted(graph: Graph, more: Sequence[str] = ()) -> Line:
    counted = metrics.measure(graph, (*_METRICS, *more))
    return {
        "variant": graph.meta.variant or None,
        "input": " and ".join(units.shape(shape) for shape in graph.examples),
        "batch": graph.batch,
        "dtype": graph.meta.dtype,
        "uncounted": graph.cost.unknown or None,
        "decided_by_data": " ".join(name for name, value in counted.items() if isinstance(value, metrics.Varies)) or None,
        **counted,
    }


# -- measured times --------------------------------------------------------------------------------------------------------------


def timed(bench: "Bench", model: str, request: Mapping[str, Any]) -> Line:
    """Latency and throughput of a network, from the plainest timing of its name, batch and dtype: neither compiled nor for
    training.
    """
    from archscope.bench.results.summary import summarise

    shapes = tuple(map(tuple, request["input"]))
    found = [
        (session, timing, summary)
        for session, timing, summary in summarise(bench)
        if (timing.model, timing.settings.batch, timing.settings.dtype) == (model, request["batch"], request["dtype"])
        and not timing.settings.train
        and summary.median is not None
        and (not shapes or timing.shapes == shapes)
    ]
    if not found:
        return {}
    session, _, best = min(
        found, key=lambda item: (item[1].settings.compiled, item[1].settings.channels_last, item[1].settings.threads)
    )
    where = session.environment
    device = where.gpu if where.gpu and where.device != "cpu" else where.cpu
    return {"latency_seconds": best.median, "throughput": best.throughput, "device": f"{where.device}: {device}"}


# -- ratios and frames -----------------------------------------------------------------------------------------------------------


def _with_ratios(rows: list[Line], baseline: str | None) -> list[Line]:
    if not rows:
        return rows
    if baseline is not None:
        entry = _entry(baseline)
        wanted = entry.name if entry else baseline
        base = next((row for row in rows if row["model"] == wanted), None)
        if base is None:
            raise unknown("baseline", baseline, (str(row["model"]) for row in rows), list_all=True)
    else:
        base = rows[0]
    for row in rows:
        row.update({ratio: _ratio(row.get(of), base.get(of)) for ratio, of in RATIOS.items()})
    return rows


def _ratio(value: Value, base: Value) -> float | None:
    return value / base if isinstance(value, int | float) and isinstance(base, int | float) and base else None


_WHOLE = ("count", "bytes", "year")
_REAL = ("number", "percent", "seconds", "ratio", "share")


def frame(rows: Sequence[Line], by: str, more: Sequence[str] = ()) -> "pd.DataFrame":
    """The rows as a frame. Whole numbers are int64, Int64 where one is missing, objects where one is "whole input"; the rest are
    float64 and str.
    """
    import pandas as pd

    known = known_columns(by)
    columns = (*(MODEL_COLUMNS if by == "model" else STAGE_COLUMNS), *(known[name] for name in more))
    made: dict[str, Any] = {}
    for column in columns:
        cells = [row.get(column.key) for row in rows]
        values = pd.Series([None if isinstance(cell, Absent) else cell for cell in cells], dtype="object")
        if WHOLE_INPUT in cells:
            made[column.key] = values
        elif column.kind in _WHOLE and not any([isinstance(cell, float) and cell % 1 for cell in cells]):
            made[column.key] = values.astype("Int64" if values.isna().any() else "int64")
        elif column.kind in (*_WHOLE, *_REAL):
            made[column.key] = values.astype("float64")
        else:
            made[column.key] = values.astype("str").where(values.notna())  # before pandas 3 nothing becomes the word None
    return pd.DataFrame(made, columns=[column.key for column in columns])


__all__ = ["DEFAULT", "FIELD", "Subject", "compare", "frame", "gather", "lines", "published", "timed"]
