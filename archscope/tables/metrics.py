"""The table of metrics, read from their registry; a metric as a column; what is said of values that are not known."""

from collections.abc import Iterable, Mapping, Sequence

from archscope.metrics import METRICS, Absent, Metric
from archscope.tables.table import Column, Kind, Row, Table, Value

COLUMNS = (
    Column("metric", "metric", "path"),
    Column("title", "in tables", rank=3),
    Column("unit", "unit"),
    Column("definition", "what it is"),
    Column("source", "source", rank=2),
)

_KINDS: dict[str, Kind] = {"": "count", "B": "bytes", "px": "count", "s": "seconds"}


def kind_of(metric: Metric) -> Kind:
    """How the numbers of a metric are to be read."""
    return _KINDS.get(metric.unit, "number")


def metric_column(name: str, rank: int = 0) -> Column:
    """The column of a metric, under the metric's name."""
    metric = METRICS[name]
    return Column(name, metric.title, kind_of(metric), rank)


def metrics_table(found: Iterable[Metric]) -> Table:
    """Every metric with its unit, its definition and where that comes from."""
    rows = tuple(
        Row({"metric": m.name, "title": m.title, "unit": m.unit or None, "definition": m.definition, "source": m.source})
        for m in found
    )
    return Table(
        name="metrics",
        title=f"Metrics, {len(rows)}",
        columns=COLUMNS,
        rows=rows,
        notes=(
            "The name is the column of compare, the key in JSON, the argument of archscope.measure and the budget of check: "
            "--max NAME=AMOUNT. One forward at batch 1, unless asked otherwise.",
            "unit: none is a count, B bytes, px positions of the input. What cannot be known is ? in a table, and null with the "
            "reason in JSON.",
        ),
    )


def unknowns(rows: Iterable[tuple[str, Mapping[str, Value]]], columns: Sequence[Column]) -> list[str]:
    """A note for every value that is not known: of what, and after which operator. Values with one reason share a note.

    Arguments:
        rows: name and values of each.
    """
    groups: dict[tuple[str, str], list[str]] = {}
    for name, values in rows:
        if Absent not in map(type, values.values()):
            continue
        for column in columns:
            value = values.get(column.key)
            if isinstance(value, Absent) and value.sign:
                groups.setdefault((name, value.reason), []).append(column.title)
    told = [
        (name, reason if reason.startswith("after ") else f"as {reason}", titles) for (name, reason), titles in groups.items()
    ]
    return [f"?: {' and '.join(dict.fromkeys(titles))} of {name}: unknown {reason}." for name, reason, titles in told]
