"""The Pareto front of a field of networks: those that no other beats in both of two columns."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from archscope.charts.chart import Chart, Point, chart_kind
from archscope.charts.columns import said, title, unit
from archscope.charts.draw_front import draw
from archscope.tables.pareto import front as unbeaten


@chart_kind("front", draw, takes="rows")
def of(rows: Sequence[Mapping[str, Any]]) -> Chart:
    """The networks that no other beats in both published top-1 error and multiply-accumulates."""
    return front(rows, "macs", "top1_error")


def front(rows: Sequence[Mapping[str, Any]], x: str, y: str, greater: Collection[str] = ()) -> Chart:
    """The field of two columns, its front marked.

    Arguments:
        rows: with their names under "model"; one without a value is not in the picture.
        greater: which of the two columns is the better the greater it is.
    """
    best = set(unbeaten(rows, x, y, greater))
    points = tuple(
        Point(str(row["model"]), row[x], row[y], at in best, f"{row['model']}: {said(row[x], x)}, {said(row[y], y)}")
        for at, row in enumerate(rows)
        if row.get(x) is not None and row.get(y) is not None
    )
    wishes = [f"{'more' if column in greater else 'less'} is better" for column in (x, y)]
    heading = f"{title(y).partition(',')[0].capitalize()} against {title(x).partition(',')[0]}"
    subtitle = f"{len(points):,} networks; coloured: the {len(best):,} that no other beats in both"
    return Chart(
        "front", heading, subtitle, points, f"{title(x)} ({wishes[0]})", (f"{title(y)} ({wishes[1]})",), (unit(y),),
        x_unit=unit(x), stairs=(x in greater, y in greater),
    )  # fmt: skip
