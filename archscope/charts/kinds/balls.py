"""The ball chart: error against computation, or any two metrics against each other, a third as the area."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from archscope.charts import draw_balls
from archscope.charts.chart import Ball, Chart, chart_kind, label
from archscope.charts.columns import PUBLISHED, said, title, titled, unit
from archscope.metrics import METRICS
from archscope.printable import printable
from archscope.registry import unknown
from archscope.tables.table import Value
from archscope.values import WHOLE_INPUT, Absent, reason

Line = Mapping[str, Value]


class Axes(NamedTuple):
    """Which column is along x, which along y, and which is the area of a ball: a metric each, or a published error."""

    x: str = "macs"
    y: str = "top1_error"
    size: str = "params"

    @property
    def published(self) -> bool:
        """Whether one of them is a published error."""
        return any(column in PUBLISHED for column in self)

    def check(self) -> None:
        """Raises `UsageError` for a column that cannot be an axis."""
        for column in self:
            if column not in METRICS and column not in PUBLISHED:
                raise unknown("metric", column, (*METRICS, *PUBLISHED))


@chart_kind("balls", draw_balls.draw, takes="rows")
def balls(rows: Sequence[Line]) -> Chart:
    """Published top-1 error against multiply-accumulates, the area of a ball for the parameters."""
    return field(rows, Axes())


def field(rows: Sequence[Line], axes: Axes) -> Chart:
    """The field by any columns, from the rows of a comparison. A network that lacks a value is not drawn at 0: a note names it,
    with the reason. Raises `UsageError` for a column that cannot be an axis.
    """
    axes.check()
    found = [ball for row in rows if (ball := _ball(row, axes))]
    notes = [note for row in rows for column in axes if (note := _note(row, column))]
    others = "; hollow: another protocol" if any(not ball.usual for ball in found) else ""
    errors = " and ".join(_plain(column) for column in axes if column in PUBLISHED)
    protocol = f"; {errors} as published, ILSVRC-2012 validation, single crop{others}" if errors else ""
    return Chart(
        "balls", f"{_plain(axes.y).capitalize()} against {_plain(axes.x)}" if axes[:2] != Axes()[:2] else _USUAL,
        f"{len(found)} networks{protocol}; ball area: {_plain(axes.size)}", tuple(found), titled(axes.x),
        (titled(axes.y) + (" (lower is better)" if axes.y in PUBLISHED else ""),), (unit(axes.y),), x_unit=unit(axes.x),
        size=(_plain(axes.size), unit(axes.size)), notes=tuple(dict.fromkeys(notes)),
    )  # fmt: skip


_USUAL = "ImageNet error against computation"


def _plain(column: str) -> str:
    return title(column).removesuffix(", %")


def _ball(row: Line, axes: Axes) -> Ball | None:
    values = [value for column in axes if isinstance(value := row.get(column), int | float)]
    if len(values) < len(axes):
        return None
    family, protocol, source = (printable(str(row.get(key) or "")) for key in ("family", "error_protocol", "error_source"))
    name = label(str(row["model"]))
    where = f" ({protocol}; {source})" if axes.published else ""
    tip = f"{name}: {', '.join(said(value, column) for value, column in zip(values, axes, strict=True))}{where}"
    x, y, size = values
    return Ball(name, x, y, size, family, not axes.published or "single crop" in protocol, tip)


def _note(row: Line, column: str) -> str:
    """What is to be said of a value that is no plain number: "alexnet: receptive field unknown: after aten.foo in conv1"."""
    value = row.get(column)
    name = label(str(row["model"]))
    if isinstance(value, int | float):
        why = reason(value)
        return f"{name}: {title(column)} {why}" if why else ""
    if value == WHOLE_INPUT:
        return f"not drawn: {name}, whose {title(column)} is the whole input"
    why = str(value) if isinstance(value, Absent) else "not known"
    return f"not drawn: {name}, {title(column).removesuffix(', %')} {why}"
