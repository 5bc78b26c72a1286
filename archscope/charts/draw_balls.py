"""The ball chart: one column against another, the area of a ball for a third (after Canziani, Paszke and Culurciello, "An
Analysis of Deep Neural Network Models for Practical Applications", arXiv 1605.07678, Figure 2).
"""

from collections.abc import Callable, Mapping, Sequence
from math import hypot, log10, sqrt
from typing import TYPE_CHECKING, Any

from archscope.charts.canvas import FOOTNOTE, TOP, Canvas, footnotes, trimmed
from archscope.charts.chart import Ball, Chart
from archscope.charts.columns import logarithmic, ticks, written
from archscope.charts.label_placement import Anchor, Box, distance, placed
from archscope.charts.style import FAMILIES, Theme

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_LARGEST, _SMALLEST = 36.0, 1.5  # radius in pixels
_MARGIN = 170  # of the legend
_LABEL: dict[str, Any] = {"fontsize": 8.5}


def draw(chart: Chart, theme: Theme, interactive: bool) -> Canvas:
    """Balls on axes that are logarithmic where the values differ much."""
    notes = footnotes(chart.notes)
    below = 52 + FOOTNOTE * len(notes)
    canvas = Canvas(theme, 1080, 640 + FOOTNOTE * len(notes), chart.title, chart.subtitle)
    axes = canvas.axes(66, below, _MARGIN)
    balls = [ball for ball in chart.items if isinstance(ball, Ball)]
    _scales(axes, chart, balls)
    colours = _colours(theme, balls)
    most = max((ball.size for ball in balls), default=1) or 1
    ordered = sorted(balls, key=lambda ball: -ball.size)
    anchors = []
    for ball in ordered:
        x, y = axes.transData.transform((ball.x, ball.y))
        anchors.append(Anchor(x, y, max(_SMALLEST, _LARGEST * sqrt(max(0, ball.size) / most))))
        _ball(canvas, ball, anchors[-1], colours[ball.family])
    _legend(canvas, chart.size, most, colours, balls)
    sizes = [canvas.size(ball.name, **_LABEL) for ball in ordered]
    bounds = Box(70, below + 4, canvas.width - _MARGIN, canvas.height - TOP)
    for ball, anchor, box in zip(ordered, anchors, placed(anchors, sizes, bounds), strict=True):
        canvas.write(box, ball.name, **_LABEL)
        if distance(box, anchor) > 10:
            _leader(canvas, anchor, box)
    canvas.foot(notes)
    return canvas


def _scales(axes: "Axes", chart: Chart, balls: list[Ball]) -> None:
    for axis, values, unit in (
        (axes.xaxis, [ball.x for ball in balls], chart.x_unit),
        (axes.yaxis, [ball.y for ball in balls], chart.units[0]),
    ):
        log = logarithmic(values, unit)
        low, high = _limits(values or [0.0, 100.0], unit, log=log)
        name = axis.axis_name
        axes.set(**{f"{name}scale": "log" if log else "linear", f"{name}lim": (low, high)})
        axis.set_ticks(ticks(low, high, unit, log=log))
        axis.set_ticks([], minor=True)
        axis.set_major_formatter(_tick(unit))
    axes.set_xlabel(chart.x)
    axes.set_ylabel(chart.panels[0])


def _limits(values: Sequence[float], unit: str, *, log: bool) -> tuple[float, float]:
    """The ends of an axis: room for the balls at both."""
    low, high = min(values), max(values)
    if log:
        room = 10 ** (0.12 * log10(high / low) + 0.02)
        return low / room, high * room
    room = max(2.0 if unit == "%" else 0.05 * abs(high) or 1.0, 0.14 * (high - low))
    return low - room, high + room


def _tick(unit: str) -> Callable[[float, Any], str]:
    """A round number on an axis whose title has the unit, if it is none of bytes: "5 G", "64 MiB", "299"."""

    def write(value: float, position: Any) -> str:
        if unit not in ("", "B") or abs(value) < 1000:
            return written(value, "B") if unit == "B" else f"{value:,g}"
        return trimmed(written(value, unit))

    return write


def _colours(theme: Theme, balls: list[Ball]) -> dict[str, str]:
    families = [*FAMILIES, *(ball.family for ball in balls)]
    return {family: theme.series[at % len(theme.series)] for at, family in enumerate(dict.fromkeys(families))}


def _ball(canvas: Canvas, ball: Ball, anchor: Anchor, colour: str) -> None:
    if ball.usual:
        canvas.disc(*anchor, facecolor=colour, alpha=0.45, linewidth=0)
    rim = canvas.disc(*anchor, facecolor="none", edgecolor=colour, linewidth=1.3, linestyle="-" if ball.usual else (0, (3, 2)))
    canvas.tip(rim, ball.tip)


def _leader(canvas: Canvas, anchor: Anchor, box: Box) -> None:
    """From the label to the edge of its ball."""
    x, y = min(max(anchor.x, box.left), box.right), min(max(anchor.y, box.bottom), box.top)
    away = hypot(x - anchor.x, y - anchor.y)
    edge = anchor.x + (x - anchor.x) * anchor.radius / away, anchor.y + (y - anchor.y) * anchor.radius / away
    canvas.stroke(edge, (x, y), color=canvas.theme.quiet, linewidth=0.7)


def _legend(canvas: Canvas, size_of: tuple[str, str], most: float, colours: Mapping[str, str], balls: Sequence[Ball]) -> None:
    """In the right margin: the families, and what the sizes mean."""
    title, unit = size_of
    left, y = canvas.width - _MARGIN + 26.0, canvas.height - TOP - 10.0
    words: dict[str, Any] = {"fontsize": 9, "color": canvas.theme.quiet}
    for family in (family for family in colours if any(ball.family == family for ball in balls)):
        canvas.disc(left + 5, y, 5.5, facecolor=colours[family], alpha=0.6, linewidth=0)
        canvas.write(Box(left + 18, y - 6, 0, y + 6), family, **words)
        y -= 19
    sizes = _round_sizes(most, unit)
    radii = [_LARGEST * sqrt(size / most) for size in sizes]
    canvas.write(Box(left, y - 30, 0, y - 18), title, **words)
    y -= 42 + radii[0]
    for size, radius in zip(sizes, radii, strict=True):
        bottom = y - radii[0]
        canvas.disc(left + radii[0], bottom + radius, radius, facecolor="none", edgecolor=canvas.theme.quiet, linewidth=0.9)
        top = bottom + 2 * radius
        canvas.stroke((left + radii[0], top), (left + 2 * radii[0] + 8, top), color=canvas.theme.quiet, linewidth=0.6)
        canvas.write(
            Box(left + 2 * radii[0] + 12, top - 6, 0, top + 6),
            _tick(unit)(size, None) + (f" {unit}" if unit not in ("", "B", "%") else "%" * (unit == "%")),
            **words,
        )


def _round_sizes(most: float, unit: str) -> list[float]:
    """The largest round size that a ball has, a fifth of it and a fifth of that; for bytes quarters."""
    if unit == "B":
        largest, apart = 2.0 ** (int(most).bit_length() - 1), 4
    else:
        power = 10.0 ** (log10(most) // 1)
        largest, apart = max(power * factor for factor in (1, 2, 5) if power * factor <= most), 5
    sizes = [largest, largest / apart, largest / apart**2]
    return [size for size in sizes if size >= 1 or unit not in ("", "B", "px")]
