"""Curves along a network: cumulated cost, receptive field. Each is named at its end."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from archscope import units
from archscope.charts.canvas import FOOTNOTE, TOP, Canvas, footnotes, formatter, steps
from archscope.charts.chart import Chart, Line
from archscope.charts.label_placement import Box, spread
from archscope.charts.style import DASHES, Theme

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_NAME: dict[str, Any] = {"fontsize": 9}
_LEFT, _PANEL, _BETWEEN, _FOOT = 74, 400, 34, 52
_BYTES = 18  # more room on the left for ticks in bytes: "192 MiB"
_TIPS = 120  # marks with a tooltip, at most, for each curve


def draw(chart: Chart, theme: Theme, interactive: bool) -> Canvas:
    """One panel below the other, the names of the curves at the right.

    Arguments:
        interactive: whether the points are to have tooltips.
    """
    lines = [line for line in chart.items if isinstance(line, Line)]
    count = len(chart.panels)
    high = _PANEL if count == 1 else 300
    notes = footnotes(chart.notes)
    foot = _FOOT + FOOTNOTE * len(notes)
    canvas = Canvas(theme, 1080, TOP + 6 + count * high + (count - 1) * _BETWEEN + foot, chart.title, chart.subtitle)
    endings = [_ending(line, panel, unit) for line in lines for panel, unit in enumerate(chart.units)]
    names = max(canvas.size(words, **_NAME)[0] for words in endings) + 42
    left = _LEFT + _BYTES * ("B" in chart.units)
    for panel, title in enumerate(chart.panels):
        unit = chart.units[panel]
        bottom = foot + (count - 1 - panel) * (high + _BETWEEN)
        axes = canvas.axes(left, bottom, names, canvas.height - bottom - high)
        scales(axes, lines, panel, unit)
        axes.set_ylabel(title)
        if panel == count - 1:
            axes.set_xlabel(chart.x)
        for at, line in enumerate(lines):
            _curve(canvas, axes, line, panel, unit, at, interactive)
        if chart.reference is not None:
            _reference(canvas, axes, *chart.reference)
        _endings(canvas, axes, lines, panel, unit, canvas.width - names)
    canvas.foot(notes)
    return canvas


def scales(axes: "Axes", lines: Sequence[Line], panel: int, unit: str, head: float = 1.06) -> None:
    """Both axes from 0, with round ticks that are written in the panel's unit.

    Arguments:
        head: how far above the largest value the panel reaches.
    """
    largest = max((max(line.ys[panel]) for line in lines if line.xs), default=1) or 1
    furthest = max((line.xs[-1] for line in lines if line.xs), default=1) or 1
    axes.set_xlim(0, furthest * 1.01)
    axes.set_ylim(0, largest * head)
    axes.set_yticks([tick for tick in steps(largest, unit) if tick <= largest * head])
    axes.yaxis.set_major_formatter(formatter(unit))
    axes.set_xticks([tick for tick in steps(furthest, "") if tick <= furthest * 1.01])
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")


def colour(theme: Theme, at: int) -> str:
    """Of the line with this number."""
    return theme.series[at % len(theme.series)]


def exact(value: int, unit: str) -> str:
    """A value with its unit: "1,311 px", "17.6 MiB", "5.71 G"."""
    return units.size(value) if unit == "B" else f"{value:,} px" if unit == "px" else units.count(value)


def _curve(canvas: Canvas, axes: "Axes", line: Line, panel: int, unit: str, at: int, interactive: bool) -> None:
    ys = line.ys[panel]
    shade = colour(canvas.theme, at)
    axes.plot(line.xs, ys, color=shade, linestyle=DASHES[at % len(DASHES)], linewidth=1.7, solid_joinstyle="round", zorder=3)
    for point in range(0, len(line.xs), max(1, -(-len(line.xs) // _TIPS))) if interactive else ():
        (mark,) = axes.plot(line.xs[point], ys[point], "o", color=shade, markersize=7, alpha=0, zorder=4)
        canvas.tip(mark, f"{line.name}, {line.tips[point]}: {exact(ys[point], unit)}")


def _ending(line: Line, panel: int, unit: str) -> str:
    return f"{line.name}  {exact(line.ys[panel][-1], unit)}"


def _endings(canvas: Canvas, axes: "Axes", lines: Sequence[Line], panel: int, unit: str, right: float) -> None:
    """The names in a column at the right, each tied to the end of its curve."""
    ends = [axes.transData.transform((line.xs[-1], line.ys[panel][-1])) for line in lines]
    heights = spread([y for _, y in ends], 16.0)
    for at, (line, (x, y), middle) in enumerate(zip(lines, ends, heights, strict=True)):
        shade = colour(canvas.theme, at)
        canvas.stroke((x, y), (right + 20, middle), color=shade, linewidth=0.7, alpha=0.7)
        canvas.disc(x, y, 3, facecolor=shade, linewidth=0)
        canvas.write(Box(right + 25, middle - 6, 0, middle + 6), _ending(line, panel, unit), **_NAME)


def _reference(canvas: Canvas, axes: "Axes", value: int, words: str) -> None:
    """A dotted line across, named at its right end, above which the curves have risen."""
    axes.axhline(value, color=canvas.theme.quiet, linewidth=0.9, linestyle=(0, (1, 2)), zorder=2)
    _, y = axes.transData.transform((0, value))
    says = f"{words}: {value} px"
    left = axes.get_window_extent().x1 - canvas.size(says, fontsize=8.5)[0] - 4
    canvas.write(Box(left, y + 3, 0, y + 15), says, fontsize=8.5, color=canvas.theme.quiet)
