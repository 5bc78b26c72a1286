"""A field of points with its Pareto front: stairs through the points that no other beats, each with its name."""

from collections.abc import Sequence
from itertools import pairwise
from math import ceil, floor, log10
from typing import TYPE_CHECKING, Any

from archscope import units
from archscope.charts.canvas import TOP, Canvas, steps
from archscope.charts.chart import Chart, Point
from archscope.charts.label_placement import Anchor, Box, distance, placed
from archscope.charts.style import Theme

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_LABEL: dict[str, Any] = {"fontsize": 8.5}
_LEFT, _FOOT, _RIGHT = 74, 52, 28
_NAMED = 28  # names, at most: more would hide the points; the table has all of them
_WIDE = 20.0  # ratio of the largest to the smallest from which an axis is logarithmic


def draw(chart: Chart, theme: Theme, interactive: bool) -> Canvas:
    """Grey points, and the front in colour.

    Arguments:
        interactive: whether the points that are beaten have tooltips too; those of the front always have.
    """
    canvas = Canvas(theme, 1080, 680, chart.title, chart.subtitle)
    axes = canvas.axes(_LEFT, _FOOT, _RIGHT)
    points = [item for item in chart.items if isinstance(item, Point)]
    _axis(axes, "x", [point.x for point in points], chart.x_unit, chart.x)
    _axis(axes, "y", [point.y for point in points], chart.units[0], chart.panels[0])
    best = sorted((point for point in points if point.best), key=lambda point: (point.x, point.y))
    beaten = [point for point in points if not point.best]
    if interactive:
        for point in beaten:
            _dot(canvas, axes, point, 2.6, theme.quiet, 0.45)
    else:
        axes.plot(
            [p.x for p in beaten], [p.y for p in beaten], "o", color=theme.quiet, alpha=0.4, markersize=4, markeredgewidth=0
        )
    _stairs(axes, best, chart.stairs, theme)
    for point in best:
        _dot(canvas, axes, point, 4.2, theme.series[0], 1.0)
    named = _thinned(best)
    _names(canvas, axes, named, _treads(axes, named, chart.stairs[0]))
    return canvas


def _dot(canvas: Canvas, axes: "Axes", point: Point, radius: float, colour: str, alpha: float) -> None:
    x, y = axes.transData.transform((point.x, point.y))
    canvas.tip(canvas.disc(x, y, radius, facecolor=colour, alpha=alpha, linewidth=0, zorder=3), point.tip)


def _stairs(axes: "Axes", best: Sequence[Point], greater: tuple[bool, bool], theme: Theme) -> None:
    """Between two points of the front the worse of either: what can be had for what."""
    xs, ys = [point.x for point in best], [point.y for point in best]
    where: Any = "pre" if greater[0] else "post"
    axes.step(xs, ys, where=where, color=theme.series[0], linewidth=1.4, alpha=0.7)


def _treads(axes: "Axes", best: Sequence[Point], greater: bool) -> list[Box]:
    """About where the stairs are, in pixels: names go elsewhere."""
    places = [axes.transData.transform((point.x, point.y)) for point in best]
    found = []
    for (x, y), (next_x, next_y) in pairwise(places):
        corner = x if greater else next_x
        level = next_y if greater else y
        found.append(Box(min(x, next_x), level - 1, max(x, next_x), level + 1))
        found.append(Box(corner - 1, min(y, next_y), corner + 1, max(y, next_y)))
    return found


def _thinned(best: Sequence[Point]) -> list[Point]:
    """So many of the front, evenly, as there is room for names; both ends among them."""
    if len(best) <= _NAMED:
        return list(best)
    return [best[round(at * (len(best) - 1) / (_NAMED - 1))] for at in range(_NAMED)]


def _names(canvas: Canvas, axes: "Axes", best: Sequence[Point], taken: Sequence[Box]) -> None:
    from matplotlib.patheffects import withStroke

    halo = [withStroke(linewidth=2.5, foreground=canvas.theme.page)]
    places = [axes.transData.transform((point.x, point.y)) for point in best]
    anchors = [Anchor(x, y, 4.2) for x, y in places]
    sizes = [canvas.size(point.name, **_LABEL) for point in best]
    bounds = Box(_LEFT + 4, _FOOT + 4, canvas.width - _RIGHT, canvas.height - TOP)
    for point, anchor, box in zip(best, anchors, placed(anchors, sizes, bounds, taken), strict=True):
        canvas.write(box, point.name, zorder=5, path_effects=halo, **_LABEL)
        if distance(box, anchor) > 10:
            x, y = min(max(anchor.x, box.left), box.right), min(max(anchor.y, box.bottom), box.top)
            canvas.stroke((anchor.x, anchor.y), (x, y), color=canvas.theme.quiet, linewidth=0.6, alpha=0.7)


def _axis(axes: "Axes", which: str, values: Sequence[float], unit: str, title: str) -> None:
    """Logarithmic where the values need it, with round ticks in their unit."""
    from matplotlib.ticker import MaxNLocator

    low, high = min(values), max(values)
    logarithmic = low > 0 and high / low >= _WIDE
    axis = axes.xaxis if which == "x" else axes.yaxis
    limits = axes.set_xlim if which == "x" else axes.set_ylim
    if logarithmic:
        (axes.set_xscale if which == "x" else axes.set_yscale)("log")
        room = (high / low) ** 0.06
        limits(low / room, high * room)
        powers = range(floor(log10(low)), ceil(log10(high)) + 1)
        factors = (1, 2, 5) if len(powers) <= 5 else (1,)
        ticks = [factor * 10.0**power for power in powers for factor in factors]
        axis.set_ticks([tick for tick in ticks if low / room <= tick <= high * room])
        axis.set_ticks([], minor=True)
    else:
        room = (high - low) * 0.06 or abs(high) * 0.1 or 1.0
        limits(low - room, high + room)
        places = steps(high, unit) if unit == "B" else MaxNLocator(8, steps=[1, 2, 5, 10]).tick_values(low - room, high + room)
        axis.set_ticks([tick for tick in places if low - room <= tick <= high + room])
    axis.set_major_formatter(lambda value, _: _written(value, unit))
    axis.set_label_text(title)


def _written(value: float, unit: str) -> str:
    if unit == "B":
        return units.size(round(value), 0) if value >= 1 else "0 B"
    if abs(value) < 1000:
        return f"{value:,.6g}"
    number, _, scale = units.count(round(value), 2).partition(" ")
    return f"{number.rstrip('0').rstrip('.') if '.' in number else number} {scale}".strip()
