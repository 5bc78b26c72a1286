"""Activation memory over one forward: an area per network, all on the same axes, the peak marked."""

from typing import TYPE_CHECKING, Any

from archscope.charts.canvas import TOP, Canvas
from archscope.charts.chart import Chart, Line
from archscope.charts.draw_lines import colour, exact, scales
from archscope.charts.label_placement import Box
from archscope.charts.style import Theme

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_LEFT, _RIGHT, _PANEL, _BETWEEN, _FOOT = 74, 24, 116, 16, 52
_WORDS: dict[str, Any] = {"fontsize": 9}
_TIPS = 120


def draw(chart: Chart, theme: Theme, interactive: bool) -> Canvas:
    """One panel per network.

    Arguments:
        interactive: whether the points are to have tooltips.
    """
    lines = [line for line in chart.items if isinstance(line, Line)]
    high = _PANEL if len(lines) > 1 else 3 * _PANEL
    canvas = Canvas(theme, 1080, TOP + 6 + len(lines) * high + (len(lines) - 1) * _BETWEEN + _FOOT, chart.title, chart.subtitle)
    for at, line in enumerate(lines):
        bottom = _FOOT + (len(lines) - 1 - at) * (high + _BETWEEN)
        axes = canvas.axes(_LEFT, bottom, _RIGHT, canvas.height - bottom - high)
        scales(axes, lines, 0, chart.units[0], head=1.3)
        _area(canvas, axes, line, colour(theme, at), interactive)
        _peak(canvas, axes, line, chart.units[0], colour(theme, at))
        if at == len(lines) - 1:
            axes.set_xlabel(chart.x)
        else:
            axes.set_xticklabels([])
    return canvas


def _area(canvas: Canvas, axes: "Axes", line: Line, shade: str, interactive: bool) -> None:
    xs, ys = _corners(line)
    axes.fill([xs[0], *xs, xs[-1]], [0, *ys, 0], color=shade, alpha=0.25, linewidth=0)
    axes.plot(xs, ys, color=shade, linewidth=1.1, zorder=3)
    for point in range(0, len(line.xs), max(1, -(-len(line.xs) // _TIPS))) if interactive else ():
        (mark,) = axes.plot(line.xs[point], line.ys[0][point], "o", color=shade, markersize=6, alpha=0, zorder=4)
        canvas.tip(mark, f"{line.name}, {line.tips[point]}: {exact(line.ys[0][point], 'B')}")


def _corners(line: Line) -> tuple[list[float], list[int]]:
    """The curve as stairs, a step wide for each operator: only the points at which it turns."""
    xs, ys = [line.xs[0] - 0.5], [line.ys[0][0]]
    for x, y in zip(line.xs, line.ys[0], strict=True):
        if y != ys[-1]:
            xs += [x - 0.5, x - 0.5]
            ys += [ys[-1], y]
    return [*xs, line.xs[-1] + 0.5], [*ys, ys[-1]]


def _peak(canvas: Canvas, axes: "Axes", line: Line, unit: str, shade: str) -> None:
    """The mark on the peak, and beside it what the network needs there."""
    peak = line.peak or 0
    x, y = axes.transData.transform((line.xs[peak], line.ys[0][peak]))
    canvas.disc(x, y, 4, facecolor=shade, edgecolor=canvas.theme.page, linewidth=1)
    words = f"peak {exact(line.ys[0][peak], unit)}, {line.tips[peak]}"
    wide, name = canvas.size(words, **_WORDS)[0], canvas.size(line.name, fontweight="bold", **_WORDS)[0]
    edge = canvas.width - _RIGHT
    box = axes.get_window_extent()
    # The peak's words above everything else, the name in the corner that they leave free.
    level = box.y1 - 9
    left = x + 9 if x + 9 + wide + 30 + name < edge else min(x - 9 - wide, edge - wide - name - 40)
    left = max(left, _LEFT + 4)
    canvas.stroke((x, y), (x, level) if abs(left - x) > 10 else (left - 2, level), color=shade, linewidth=0.8)
    canvas.write(Box(left, level - 6, 0, level + 6), words, **_WORDS)
    canvas.write(Box(edge - name - 4, level - 6, 0, level + 6), line.name, fontweight="bold", **_WORDS)
