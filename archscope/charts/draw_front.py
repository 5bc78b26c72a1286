"""A field of points with its Pareto front: stairs through the points that no other beats. A few have their names beside them,
many have numbers and a key on the right: that many names over a thousand points could not be read.
"""

from collections.abc import Sequence
from itertools import pairwise
from math import ceil, floor, log10
from typing import TYPE_CHECKING, Any, NamedTuple

from archscope import units
from archscope.charts.canvas import TOP, Canvas, steps, trimmed
from archscope.charts.chart import Chart, Point, label
from archscope.charts.label_placement import Anchor, Box, distance, placed
from archscope.charts.style import Theme

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_LABEL: dict[str, Any] = {"fontsize": 8.5}
_LEFT, _FOOT, _RIGHT = 74, 52, 28
_NAMED = 12  # names in the field, at most
_LISTED = 44  # lines of the key, at most: so many have room; the table has all of them
_KEY: dict[str, Any] = {"fontsize": 7.5}
_LINE, _GAP = 12.4, 10  # height of a line of the key, and what is between its columns
_SPARE = 1.06  # small letters are hinted: as a picture of more pixels the same words are so much wider
_WIDE = 20.0  # ratio of the largest to the smallest from which an axis is logarithmic


def draw(chart: Chart, theme: Theme, interactive: bool) -> Canvas:
    """Grey points, and the front in colour.

    Arguments:
        interactive: whether the points that are beaten have tooltips too; those of the front always have.
    """
    points = [item for item in chart.items if isinstance(item, Point)]
    best = sorted((point for point in points if point.best), key=lambda point: (point.x, point.y))
    listed = [] if len(best) <= _NAMED else _thinned(best)
    canvas = Canvas(theme, 1080, 680, chart.title, chart.subtitle)
    key = _key(canvas, chart, listed)
    if key:
        canvas = Canvas(theme, 1080 + sum(key.widths) + _GAP * len(key.widths), 680, chart.title, chart.subtitle)
    right = canvas.width - 1080 + _RIGHT
    axes = canvas.axes(_LEFT, _FOOT, right)
    _axis(axes, "x", [point.x for point in points], chart.x_unit, chart.x)
    _axis(axes, "y", [point.y for point in points], chart.units[0], chart.panels[0])
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
    words = [str(number) for number in range(1, len(listed) + 1)] or [point.name for point in best]
    _names(canvas, axes, listed or best, words, _treads(axes, best, chart.stairs[0]), right, _KEY if key else _LABEL)
    if key:
        _write_key(canvas, key)
    return canvas


class _Key(NamedTuple):
    """The numbered points of the front: number, name, both values; the widths of these columns in pixels."""

    lines: list[tuple[str, str, str, str]]
    widths: list[int]
    more: int


def _key(canvas: Canvas, chart: Chart, listed: Sequence[Point]) -> _Key | None:
    if not listed:
        return None
    names = [label(point.name) for point in listed]
    xs, ys = _aligned([point.x for point in listed], chart.x_unit), _aligned([point.y for point in listed], chart.units[0])
    lines = list(zip(map(str, range(1, len(listed) + 1)), names, xs, ys, strict=True))
    widths = [ceil(_SPARE * max(canvas.size(words, **_KEY)[0] for words in column)) for column in zip(*lines, strict=True)]
    return _Key(lines, widths, sum(isinstance(item, Point) and item.best for item in chart.items) - len(listed))


def _write_key(canvas: Canvas, key: _Key) -> None:
    """Number, name and values of each line, the numbers with their ends below each other."""
    top = canvas.height - TOP - _LINE
    lefts = [canvas.width - sum(key.widths[at:]) - _GAP * (len(key.widths) - at) for at in range(len(key.widths))]
    for row, line in enumerate(key.lines):
        for column, words in enumerate(line):
            wide = canvas.size(words, **_KEY)[0]
            left = lefts[column] if column == 1 else lefts[column] + key.widths[column] - wide
            box = Box(left, top - row * _LINE, left + wide, top - row * _LINE + _LINE)
            canvas.write(box, words, color=canvas.theme.ink if column == 1 else canvas.theme.quiet, **_KEY)
    if key.more:
        words = f"and {key.more:,} more, between these"
        low = top - len(key.lines) * _LINE
        canvas.write(Box(lefts[1], low, lefts[1], low + _LINE), words, color=canvas.theme.quiet, **_KEY)


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
    """So many of the front, evenly, as the key has lines; both ends among them."""
    if len(best) <= _LISTED:
        return list(best)
    return [best[round(at * (len(best) - 1) / (_LISTED - 1))] for at in range(_LISTED)]


def _names(
    canvas: Canvas,
    axes: "Axes",
    best: Sequence[Point],
    words: Sequence[str],
    taken: Sequence[Box],
    right: float,
    how: dict[str, Any],
) -> None:
    """Writes each point's words in the nearest free place, with a leader where that is not close by."""
    from matplotlib.patheffects import withStroke

    halo = [withStroke(linewidth=2.5, foreground=canvas.theme.page)]
    places = [axes.transData.transform((point.x, point.y)) for point in best]
    anchors = [Anchor(x, y, 4.2) for x, y in places]
    sizes = [canvas.size(name, **how) for name in words]
    bounds = Box(_LEFT + 4, _FOOT + 4, canvas.width - right, canvas.height - TOP)
    for name, anchor, box in zip(words, anchors, placed(anchors, sizes, bounds, taken), strict=True):
        canvas.write(box, name, zorder=5, path_effects=halo, **how)
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


def _aligned(values: Sequence[float], unit: str) -> list[str]:
    """A column of values, each with as many decimals as the others."""
    if unit == "B":
        return [units.size(round(value)) for value in values]
    if max(map(abs, values)) >= 1000:
        return [units.count(round(value)) for value in values]
    decimals = 0 if all(float(value).is_integer() for value in values) else 2
    return [f"{value:.{decimals}f}" for value in values]


def _written(value: float, unit: str) -> str:
    if unit == "B":
        return units.size(round(value), 0) if value >= 1 else "0 B"
    if abs(value) < 1000:
        return f"{value:,.6g}"
    return trimmed(units.count(round(value), 2))
