"""Cost by stage: a stacked bar per network, multiply-accumulates on the left and parameters on the right."""

from typing import TYPE_CHECKING, Any

from archscope import units
from archscope.charts.canvas import TOP, Canvas, formatter, steps
from archscope.charts.chart import Bar, Chart, Segment
from archscope.charts.style import Theme
from archscope.views.stages import HEAD, STEM

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_ROW = 46  # pixels of a network
_INSIDE: dict[str, Any] = {"fontsize": 8}


def draw(chart: Chart, theme: Theme, interactive: bool) -> Canvas:
    """Horizontal bars, one colour per stage: the same stage has the same colour in all networks."""
    bars = [bar for bar in chart.items if isinstance(bar, Bar)]
    canvas = Canvas(theme, 1080, TOP + 30 + _ROW * len(bars) + 44, chart.title, chart.subtitle)
    names = max(canvas.size(bar.name, fontsize=9.5)[0] for bar in bars)
    left, gap, right = 24 + names, 34.0, 64.0
    wide = (canvas.width - left - gap - right) / 2
    _legend(canvas, bars, left)
    for panel, title in enumerate(chart.panels):
        start = left + panel * (wide + gap)
        axes = canvas.axes(start, 40, canvas.width - start - wide, TOP + 30)
        _panel(canvas, axes, bars, panel, title, wide)
    return canvas


def _panel(canvas: Canvas, axes: "Axes", bars: list[Bar], panel: int, title: str, wide: float) -> None:
    totals = [sum(_amount(part, panel) for part in bar.segments) for bar in bars]
    most = max(totals, default=1) or 1
    axes.set_xlim(0, most * 1.16)
    axes.set_ylim(len(bars) - 0.5, -0.5)
    axes.set_yticks(range(len(bars)), [bar.name for bar in bars] if panel == 0 else [""] * len(bars))
    axes.tick_params(axis="y", labelsize=9.5, labelcolor=canvas.theme.ink)
    axes.grid(False, axis="y")
    axes.set_xticks([tick for tick in steps(most * 1.1, "") if tick <= most * 1.16])
    axes.xaxis.set_major_formatter(formatter(""))
    axes.set_xlabel(title)
    for row, (bar, total) in enumerate(zip(bars, totals, strict=True)):
        begin = 0
        for part in bar.segments:
            amount = _amount(part, panel)
            colour = colour_of(canvas.theme, part)
            (patch,) = axes.barh(row, amount, left=begin, height=0.62, color=colour, edgecolor=canvas.theme.page, linewidth=0.8)
            share = units.share(amount / total if total else None)
            canvas.tip(patch, f"{bar.name}, {part.stage}: {units.count(amount)} {title}, {share} ({part.made_of})")
            room = amount / (most * 1.16) * wide
            for words in (f"{part.stage} {share}", share):
                if canvas.size(words, **_INSIDE)[0] + 8 <= room:
                    axes.text(
                        begin + amount / 2, row, words, color=_readable(colour), ha="center", va="center_baseline", **_INSIDE
                    )
                    break
            begin += amount
        axes.text(
            total + most * 0.012,
            row,
            units.count(total),
            va="center_baseline",
            fontsize=9,
            bbox={"facecolor": canvas.theme.page, "linewidth": 0, "pad": 1.5},
        )


def _amount(part: Segment, panel: int) -> int:
    return part.params if panel else part.macs


def colour_of(theme: Theme, part: Segment) -> str:
    """The colour of a stage: grey before and behind, then from stage to stage."""
    if part.stage == STEM:
        return theme.ramp[0]
    return theme.ramp[-1] if part.stage == HEAD else theme.ramp[1 + (part.number - 1) % (len(theme.ramp) - 2)]


def _readable(colour: str) -> str:
    """Black or white, whichever has more contrast with a colour (relative luminance of WCAG 2.1)."""
    channels = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    luminance = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
    return "#000000" if (luminance + 0.05) ** 2 > 0.05 * 1.05 else "#ffffff"


def _legend(canvas: Canvas, bars: list[Bar], left: float) -> None:
    from matplotlib.patches import Rectangle

    parts = {(part.stage if not part.number else f"stage {part.number}"): part for bar in bars for part in bar.segments}
    order = sorted(parts, key=lambda name: (name == HEAD, name != STEM, parts[name].number))
    x, y = left, canvas.height - TOP - 14.0
    for name in order:
        box = (x / canvas.width, (y - 5) / canvas.height)
        canvas.figure.add_artist(
            Rectangle(box, 10 / canvas.width, 10 / canvas.height, facecolor=colour_of(canvas.theme, parts[name]), linewidth=0)
        )
        canvas.figure.text(
            (x + 15) / canvas.width, y / canvas.height, name, fontsize=8.5, color=canvas.theme.quiet, va="center_baseline"
        )
        x += 15 + canvas.size(name, fontsize=8.5)[0] + 18
