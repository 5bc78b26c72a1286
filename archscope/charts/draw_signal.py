"""Signal propagation plots: figures along the depth on logarithmic axes, the spread shaded, the stages marked."""

from math import ceil, floor, log10
from typing import TYPE_CHECKING, Any

from archscope.charts.canvas import TOP, Canvas, steps
from archscope.charts.chart import Chart, Track
from archscope.charts.draw_lines import colour
from archscope.charts.label_placement import Box
from archscope.charts.style import DASHES, Theme

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_NAME: dict[str, Any] = {"fontsize": 9}
_LEFT, _RIGHT, _BETWEEN, _HIGH, _UNDER, _FOOT = 70, 22, 74, 270, 40, 50
_DEEPEST = 14  # powers of ten that an axis shows: what lies further below the most is nothing
_TIPS = 60  # marks with a tooltip for each curve and panel
_APART = 8.0  # from this ratio of depths on, the depth is drawn on a logarithmic axis


def draw(chart: Chart, theme: Theme, interactive: bool) -> Canvas:
    """Two panels side by side in each row, a legend above.

    Arguments:
        interactive: whether the points are to have tooltips.
    """
    tracks = [track for track in chart.items if isinstance(track, Track)]
    rows = -(-len(chart.panels) // 2)
    legend = _legend_rows(tracks)
    head = TOP + 26 + 18 * legend
    canvas = Canvas(theme, 1080, head + rows * (_HIGH + _UNDER) + _FOOT - _UNDER + 8, chart.title, chart.subtitle)
    _legend(canvas, tracks)
    wide = (canvas.width - _LEFT - _RIGHT - _BETWEEN) / 2
    for panel, title in enumerate(chart.panels):
        row, column = divmod(panel, 2)
        left = _LEFT + column * (wide + _BETWEEN)
        top = head + row * (_HIGH + _UNDER)
        axes = canvas.axes(left, canvas.height - top - _HIGH, canvas.width - left - wide, top)
        axes.set_title(title, fontsize=9.5, loc="left", pad=5)
        _scales(axes, tracks, panel)
        if panel + 2 >= len(chart.panels):
            axes.set_xlabel(chart.x)
        for at, track in enumerate(tracks):
            _curve(canvas, axes, track, panel, at, interactive)
        _stages(canvas, axes, tracks)
    return canvas


def _values(track: Track, panel: int) -> list[tuple[int, float, float, float]]:
    """(place, smallest, median, largest) wherever the figure exists and is positive."""
    return [
        (n, low, middle, high)
        for n, found in enumerate(track.panels[panel])
        if found is not None and (middle := found[1]) > 0 and (high := found[2]) > 0 and (low := max(found[0], 0.0)) >= 0
    ]


def _scales(axes: "Axes", tracks: list[Track], panel: int) -> None:
    depths = [track.xs[-1] for track in tracks if track.xs]
    if depths and max(depths) > _APART * min(depths):
        axes.set_xscale("log")
    elif depths:
        axes.set_xlim(0, max(depths) * 1.02)
        axes.set_xticks(steps(max(depths), ""))
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
    found = [value for track in tracks for _, _, value, _ in _values(track, panel)]
    axes.set_yscale("log")
    if found:
        high = max(found)
        low = max(min(found), high * 10.0**-_DEEPEST)
        bottom, top = floor(log10(low) * 2) / 2, ceil(log10(high) * 2) / 2
        if top - bottom < 1:
            bottom, top = bottom - 0.5, top + 0.5
        axes.set_ylim(10**bottom, 10**top)
        axes.set_yticks(_ticks(bottom, top))
        axes.set_yticks([], minor=True)
    axes.yaxis.set_major_formatter(lambda value, _: _number(value))


def _ticks(bottom: float, top: float) -> list[float]:
    """Round places between two powers of ten: powers where there is room for several, else also 2 and 5 times these."""
    if top - bottom >= 2:
        return [10.0**power for power in range(ceil(bottom), floor(top) + 1, max(1, round((top - bottom) / 6)))]
    found = [factor * 10.0**power for power in range(floor(bottom), ceil(top) + 1) for factor in (1, 2, 5)]
    return [tick for tick in found if bottom <= log10(tick) <= top]


def _number(value: float) -> str:
    """`0.01` -> "0.01", `1e-6` -> "1e-6"."""
    if 1e-3 <= value < 1e4:
        return f"{value:.2g}" if value < 100 else f"{value:,.0f}"
    return f"{value:.1e}".replace("e-0", "e-").replace("e+0", "e").replace("e+", "e").replace(".0e", "e")


def _curve(canvas: Canvas, axes: "Axes", track: Track, panel: int, at: int, interactive: bool) -> None:
    found = _values(track, panel)
    if not found:
        return
    shade, floor_ = colour(canvas.theme, at), axes.get_ylim()[0]
    xs = [track.xs[n] for n, *_ in found]
    lows, middles, highs = (
        [max(value, floor_) for value in column] for column in zip(*(rest for _, *rest in found), strict=True)
    )
    axes.fill_between(xs, lows, highs, color=shade, alpha=0.18, linewidth=0, zorder=2)
    axes.plot(xs, middles, color=shade, linestyle=DASHES[at % len(DASHES)], linewidth=1.6, solid_joinstyle="round", zorder=3)
    if len(xs) == 1:
        axes.plot(xs, middles, "o", color=shade, markersize=4, zorder=3)
    for n in range(0, len(found), max(1, -(-len(found) // _TIPS))) if interactive else ():
        (mark,) = axes.plot(xs[n], middles[n], "o", color=shade, markersize=7, alpha=0, zorder=4)
        place, low, middle, high = found[n]
        canvas.tip(mark, f"{track.name}, {track.tips[place]}: {middle:.3g} ({low:.3g} to {high:.3g})")


def _stages(canvas: Canvas, axes: "Axes", tracks: list[Track]) -> None:
    """Where a stage begins: a line across with its name where all networks have the same stages, else a tick on the axis each."""
    marks = {track.stages for track in tracks}
    low, high = axes.get_ylim()
    if len(marks) == 1:
        for x, name in next(iter(marks)):
            axes.axvline(x, color=canvas.theme.quiet, linewidth=0.7, linestyle=(0, (1, 2)), zorder=1)
            axes.annotate(
                name, (x, high), xytext=(2, -2), textcoords="offset points", fontsize=7, color=canvas.theme.quiet, va="top",
                rotation=90,
            )  # fmt: skip
        return
    for at, track in enumerate(tracks):
        for x, _ in track.stages:
            bottom = low * (high / low) ** (0.018 * (at % 6))
            ends = [bottom, bottom * (high / low) ** 0.018]
            axes.plot([x, x], ends, color=colour(canvas.theme, at), linewidth=1.4, zorder=2)


def _legend_rows(tracks: list[Track]) -> int:
    return -(-len(tracks) // _columns(tracks))


def _columns(tracks: list[Track]) -> int:
    longest = max((len(track.name) for track in tracks), default=1)
    return max(1, min(4, 1040 // (7 * longest + 60)))


def _legend(canvas: Canvas, tracks: list[Track]) -> None:
    columns = _columns(tracks)
    wide = (canvas.width - _LEFT - _RIGHT) / columns
    for at, track in enumerate(tracks):
        row, column = divmod(at, columns)
        x, y = 20 + column * wide, canvas.height - TOP - 6 - 18 * row
        canvas.stroke((x, y), (x + 34, y), color=colour(canvas.theme, at), linestyle=DASHES[at % len(DASHES)], linewidth=1.8)
        canvas.write(Box(x + 41, y - 6, 0, y + 6), track.name, **_NAME)
