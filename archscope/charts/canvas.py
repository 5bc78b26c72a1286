"""What the pictures have in common: the figure, its heading, sizes in pixels, marks with a tooltip."""

from collections.abc import Callable, Sequence
from textwrap import wrap
from typing import TYPE_CHECKING, Any

from archscope import units
from archscope.charts.label_placement import Box
from archscope.charts.style import Theme

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.text import Text

DPI = 100
TOP = 58  # pixels of the heading
FOOTNOTE = 14  # pixels of a line below the axes
_COLUMNS, _LINES = 190, 4  # of the footnotes


def footnotes(notes: Sequence[str]) -> list[str]:
    """What a picture does not show, in a few lines below the axes."""
    lines = wrap("; ".join(notes), _COLUMNS)
    left = "; archscope compare shows all"
    return lines if len(lines) <= _LINES else [*lines[: _LINES - 1], lines[_LINES - 1][: _COLUMNS - len(left)] + "…" + left]


class Canvas:
    """A figure of a size in pixels, with room for a heading, and the tooltips of what is drawn on it.

    Attributes:
        tips: text by the id of a drawn element.
    """

    def __init__(self, theme: Theme, width: int, height: int, title: str, subtitle: str) -> None:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure

        self.theme, self.width, self.height = theme, width, height
        self.figure: Figure = Figure(figsize=(width / DPI, height / DPI), dpi=DPI)
        FigureCanvasAgg(self.figure)
        self.tips: dict[str, str] = {}
        self.figure.text(18 / width, 1 - 24 / height, title, fontsize=13, fontweight="bold", va="baseline")
        self.figure.text(18 / width, 1 - 43 / height, subtitle, fontsize=9, color=theme.quiet, va="baseline")

    def axes(self, left: float, bottom: float, right: float, top: float = TOP) -> "Axes":
        """Axes with these margins in pixels, the top one below the heading."""
        box = (left / self.width, bottom / self.height, 1 - (left + right) / self.width, 1 - (bottom + top) / self.height)
        return self.figure.add_axes(box)

    def disc(self, x: float, y: float, radius: float, **how: Any) -> Any:
        """A circle in pixels."""
        from matplotlib.patches import Circle

        scale = self.figure.dpi_scale_trans
        return self.figure.add_artist(Circle((x / DPI, y / DPI), radius / DPI, transform=scale, clip_on=False, **how))

    def stroke(self, start: tuple[float, float], end: tuple[float, float], **how: Any) -> Any:
        """A straight line in pixels."""
        from matplotlib.lines import Line2D

        xs, ys = zip(start, end, strict=True)
        scale = self.figure.dpi_scale_trans
        return self.figure.add_artist(Line2D([x / DPI for x in xs], [y / DPI for y in ys], transform=scale, **how))

    def foot(self, lines: Sequence[str]) -> None:
        """Lines at the bottom, 14 pixels each; see `footnotes`."""
        for at, line in enumerate(reversed(lines)):
            self.write(Box(18, 6 + FOOTNOTE * at, 0, 18 + FOOTNOTE * at), line, fontsize=8, color=self.theme.quiet)

    def tip(self, artist: Any, text: str) -> None:
        """Gives what was drawn a tooltip."""
        name = f"tip{len(self.tips)}"
        artist.set_gid(name)
        self.tips[name] = text

    def extent(self, text: "Text") -> Box:
        """Where a text is, in pixels."""
        renderer = self.figure.canvas.get_renderer()  # type: ignore[attr-defined]
        found = text.get_window_extent(renderer)
        return Box(found.x0, found.y0, found.x1, found.y1)

    def size(self, words: str, **how: Any) -> tuple[float, float]:
        """Width and height of a text, in pixels."""
        text = self.figure.text(0, 0, words, **how)
        box = self.extent(text)
        text.remove()
        return box.right - box.left, box.top - box.bottom

    def write(self, box: Box, words: str, **how: Any) -> "Text":
        """A text in a box in pixels."""
        return self.figure.text(
            box.left / self.width, (box.bottom + box.top) / 2 / self.height, words, va="center_baseline", ha="left", **how
        )  # fmt: skip


def trimmed(words: str) -> str:
    """A round number without the zeros behind its point: "5.00 G" -> "5 G", "1.50 GiB" -> "1.5 GiB"."""
    number, _, scale = words.partition(" ")
    return f"{number.rstrip('0').rstrip('.') if '.' in number else number} {scale}".strip()


def formatter(unit: str) -> Callable[[float, Any], str]:
    """How an axis of this unit writes its numbers: "5 G", "64 MiB"."""

    def write(value: float, position: Any) -> str:
        if unit == "px" or value < 1000:
            return f"{value:,.0f} B" if unit == "B" else f"{value:,.0f}"
        return trimmed(units.size(round(value), 2) if unit == "B" else units.count(round(value), 2))

    return write


def steps(largest: float, unit: str) -> list[float]:
    """Round places for the ticks from 0 to `largest`: about five of them; powers of two for bytes."""
    if largest <= 0:
        return [0, 1]
    if unit == "B":
        step = 2.0 ** max(0, (round(largest / 5)).bit_length())
        step = step if largest / step >= 3 else step / 2
    else:
        power = 10.0 ** (len(str(int(largest / 5))) - 1)
        step = next(power * factor for factor in (1, 2, 5, 10) if largest / (power * factor) <= 6)
    return [step * n for n in range(int(largest / step) + 2) if step * n <= largest * 1.06]
