"""The ball chart: error against computation, the area of a ball for the parameters (after Canziani, Paszke and Culurciello, "An
Analysis of Deep Neural Network Models for Practical Applications", arXiv 1605.07678, Figure 2).
"""

from collections.abc import Mapping, Sequence
from math import hypot, sqrt
from typing import TYPE_CHECKING, Any

from archscope import units
from archscope.charts.canvas import TOP, Canvas
from archscope.charts.chart import Ball, Chart
from archscope.charts.label_placement import Anchor, Box, distance, placed
from archscope.charts.style import FAMILIES, Theme

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_LARGEST = 36.0  # radius in pixels
_MARGIN = 170  # of the legend
_LABEL: dict[str, Any] = {"fontsize": 8.5}


def draw(chart: Chart, theme: Theme, interactive: bool) -> Canvas:
    """Balls on a logarithmic axis of multiply-accumulates."""
    canvas = Canvas(theme, 1080, 640, chart.title, chart.subtitle)
    axes = canvas.axes(58, 52, _MARGIN)
    balls = [ball for ball in chart.items if isinstance(ball, Ball)]
    _scales(axes, chart, balls)
    colours = _colours(theme, balls)
    most = max((ball.params for ball in balls), default=1)
    ordered = sorted(balls, key=lambda ball: -ball.params)
    anchors = []
    for ball in ordered:
        x, y = axes.transData.transform((ball.macs, ball.error))
        anchors.append(Anchor(x, y, _LARGEST * sqrt(ball.params / most)))
        _ball(canvas, ball, anchors[-1], colours[ball.family])
    _legend(canvas, most, colours, balls)
    sizes = [canvas.size(ball.name, **_LABEL) for ball in ordered]
    bounds = Box(62, 56, canvas.width - _MARGIN, canvas.height - TOP)
    for ball, anchor, box in zip(ordered, anchors, placed(anchors, sizes, bounds), strict=True):
        canvas.write(box, ball.name, **_LABEL)
        if distance(box, anchor) > 10:
            _leader(canvas, anchor, box)
    return canvas


def _scales(axes: "Axes", chart: Chart, balls: list[Ball]) -> None:
    axes.set_xscale("log")
    low, high = min((ball.macs for ball in balls), default=10**9), max((ball.macs for ball in balls), default=10**10)
    axes.set_xlim(low / 1.45, high * 1.75)
    errors = [ball.error for ball in balls] or [0.0, 100.0]
    room = max(2.0, 0.14 * (max(errors) - min(errors)))
    axes.set_ylim(min(errors) - room, max(errors) + room)
    apart = 5 if max(errors) - min(errors) > 12 else 1
    axes.set_yticks([tick for tick in range(0, 101, apart) if min(errors) - room <= tick <= max(errors) + room])
    ticks = [factor * 10**power for power in range(3, 15) for factor in (1, 2, 5)]
    axes.set_xticks([tick for tick in ticks if low / 1.45 <= tick <= high * 1.75], minor=False)
    axes.set_xticks([], minor=True)
    axes.xaxis.set_major_formatter(lambda value, _: units.count(round(value), 0))
    axes.set_xlabel(chart.x)
    axes.set_ylabel(chart.panels[0])


def _colours(theme: Theme, balls: list[Ball]) -> dict[str, str]:
    families = [*FAMILIES, *(ball.family for ball in balls)]
    return {family: theme.series[at % len(theme.series)] for at, family in enumerate(dict.fromkeys(families))}


def _ball(canvas: Canvas, ball: Ball, anchor: Anchor, colour: str) -> None:
    if ball.usual:
        canvas.disc(*anchor, facecolor=colour, alpha=0.45, linewidth=0)
    rim = canvas.disc(*anchor, facecolor="none", edgecolor=colour, linewidth=1.3, linestyle="-" if ball.usual else (0, (3, 2)))
    cost = f"{units.count(ball.macs)} MACs, {units.count(ball.params)} parameters"
    canvas.tip(rim, f"{ball.name}: {cost}, top-1 error {ball.error}% ({ball.protocol}; {ball.source})")


def _leader(canvas: Canvas, anchor: Anchor, box: Box) -> None:
    """From the label to the edge of its ball."""
    x, y = min(max(anchor.x, box.left), box.right), min(max(anchor.y, box.bottom), box.top)
    away = hypot(x - anchor.x, y - anchor.y)
    edge = anchor.x + (x - anchor.x) * anchor.radius / away, anchor.y + (y - anchor.y) * anchor.radius / away
    canvas.stroke(edge, (x, y), color=canvas.theme.quiet, linewidth=0.7)


def _legend(canvas: Canvas, most: int, colours: Mapping[str, str], balls: Sequence[Ball]) -> None:
    """In the right margin: the families, and what the sizes mean."""
    left, y = canvas.width - _MARGIN + 26.0, canvas.height - TOP - 10.0
    words: dict[str, Any] = {"fontsize": 9, "color": canvas.theme.quiet}
    for family in (family for family in colours if any(ball.family == family for ball in balls)):
        canvas.disc(left + 5, y, 5.5, facecolor=colours[family], alpha=0.6, linewidth=0)
        canvas.write(Box(left + 18, y - 6, 0, y + 6), family, **words)
        y -= 19
    sizes = [size for size in (125_000_000, 25_000_000, 5_000_000) if size <= most] or [most]
    radii = [_LARGEST * sqrt(size / most) for size in sizes]
    canvas.write(Box(left, y - 30, 0, y - 18), "parameters", **words)
    y -= 42 + radii[0]
    for size, radius in zip(sizes, radii, strict=True):
        bottom = y - radii[0]
        canvas.disc(left + radii[0], bottom + radius, radius, facecolor="none", edgecolor=canvas.theme.quiet, linewidth=0.9)
        top = bottom + 2 * radius
        canvas.stroke((left + radii[0], top), (left + 2 * radii[0] + 8, top), color=canvas.theme.quiet, linewidth=0.6)
        canvas.write(Box(left + 2 * radii[0] + 12, top - 6, 0, top + 6), units.count(size, 0), **words)
