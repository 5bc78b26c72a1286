"""The Pareto front of results as a table, and the columns that it can be of."""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any

from archscope.charts.columns import title
from archscope.comparison.comparison_table import MODEL_COLUMNS
from archscope.errors import UsageError
from archscope.metrics import METRICS
from archscope.registry import unknown
from archscope.sweep.named_rows import lower_bounds
from archscope.tables.common import CONVENTION
from archscope.tables.metrics import metric_column
from archscope.tables.pareto import front
from archscope.tables.table import Column, Kind, Row, Table

_GREATER = re.compile(r"(top_?\d+|acc|accuracy|throughput|m_?ap|m_?iou)", re.IGNORECASE)
_BESIDE = ("params", "macs", "peak_memory", "weighted_depth")
_KNOWN = {column.key: column for column in MODEL_COLUMNS}


def wishes(columns: Sequence[str], maximise: Sequence[str], minimise: Sequence[str], there: Mapping[str, bool]) -> frozenset[str]:
    """Which of the columns are the better the greater they are: those that are asked for, and accuracies and speeds.

    Arguments:
        there: every column, and whether it holds numbers.

    Raises `UsageError` for a column that is not there, holds none, or is to be both greater and less.
    """
    for name in (*columns, *maximise, *minimise):
        if name not in there:
            raise unknown("column", name, there)
        if not there[name]:
            numbers = ", ".join(column for column, holds in there.items() if holds)
            raise UsageError(f"the values of {name} are no numbers", f"choose from {numbers}")
    both = next((name for name in maximise if name in minimise), None)
    if both is not None:
        raise UsageError(f"--maximise {both} and --minimise {both} want opposite things", "leave one of them out")
    greater = {name for name in columns if _GREATER.fullmatch(name)}
    return frozenset((greater | set(maximise)) - set(minimise))


def front_table(
    rows: Sequence[Mapping[str, Any]], x: str, y: str, greater: Collection[str], arguments: Sequence[str], notes: Sequence[str]
) -> Table:
    """The rows that no other row beats, along x from the best to the worst.

    Arguments:
        rows: with their names under "model".
        greater: of the two columns, those that are the better the greater they are.
        arguments: columns of constructor arguments, shown behind the name.
        notes: what else is to be said.
    """
    best = [rows[at] for at in front(rows, x, y, greater)]
    there = sum(row.get(x) is not None and row.get(y) is not None for row in rows)
    keys = dict.fromkeys(("model", *arguments, "input", x, y, *_BESIDE))
    columns = tuple(column(key, [row.get(key) for row in best], key in (x, y)) for key in keys if any(key in row for row in best))
    wanted = " and ".join(f"{'most' if name in greater else 'least'} {title(name).partition(',')[0]}" for name in (x, y))
    told = [*notes, f"{CONVENTION}." if {x, y} & {"macs", "flops"} else "", *lower_bounds(best)]
    return Table(
        name="pareto", title=f"Pareto front: {wanted}", columns=columns,
        rows=tuple(Row({c.key: row.get(c.key) for c in columns}) for row in best),
        facts=(f"{len(best):,} of {there:,} networks; for every other one there is one as good in both and better in one",),
        notes=tuple(filter(None, told)),
    )  # fmt: skip


def column(key: str, values: Sequence[Any], keep: bool) -> Column:
    """How a column of results is shown: as in a comparison, or by what it holds.

    Arguments:
        keep: whether it stays at any width.
    """
    if key in _KNOWN:
        known = _KNOWN[key]
        return Column(
            key,
            title(key) if key == "weighted_depth" else known.title,
            known.kind,
            0 if keep or key == "model" else known.rank or 4,
        )
    seen = {type(value) for value in values if value is not None}
    kind: Kind = "text"
    if key in METRICS:
        return replace(metric_column(key), rank=0 if keep else 3)
    if seen == {int}:
        kind = "count"
    elif seen <= {int, float} and seen:
        kind = "number"
    return Column(key, key.replace("_", " "), kind, 0 if keep else 3)
