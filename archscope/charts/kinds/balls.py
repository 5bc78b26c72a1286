"""The ball chart: error against computation."""

from collections.abc import Mapping, Sequence

from archscope.charts import draw_balls
from archscope.charts.chart import Ball, Chart, chart_kind, label
from archscope.printable import printable
from archscope.tables.table import Value


@chart_kind("balls", draw_balls.draw, takes="rows")
def balls(rows: Sequence[Mapping[str, Value]]) -> Chart:
    """The field, from the rows of a comparison; a network without a published error or without a trace is not in it."""
    found = [ball for row in rows if (ball := _ball(row))]
    others = "; hollow: another protocol" if any(not ball.usual for ball in found) else ""
    return Chart(
        "balls", "ImageNet error against computation",
        f"published top-1 error on ILSVRC-2012 validation, single crop{others}; ball area: parameters",
        tuple(found), "multiply-accumulates of one image", ("top-1 error, % (lower is better)",),
    )  # fmt: skip


def _ball(row: Mapping[str, Value]) -> Ball | None:
    macs, params, error = row.get("macs"), row.get("params"), row.get("top1_error")
    if not isinstance(macs, int) or not isinstance(params, int) or not isinstance(error, float):
        return None
    family, protocol, source = (printable(str(row.get(key) or "")) for key in ("family", "error_protocol", "error_source"))
    return Ball(label(str(row["model"])), macs, params, error, family, protocol, source)
