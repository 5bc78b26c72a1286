"""Colours. Each is told apart in grey and by the colour-blind: neighbours in the legend differ in lightness, and blocks that
lower the
resolution have a shape of their own."""

from collections.abc import Mapping
from dataclasses import dataclass

from archscope.diagrams.picture import BLOCK, DOWNSAMPLING, INPUT
from archscope.graph import kinds
from archscope.registry import Registry

# In the order of the legend.
KINDS = (
    INPUT, kinds.CONVOLUTION, BLOCK, DOWNSAMPLING, kinds.POOLING, kinds.JOIN, kinds.NORMALISATION, kinds.ATTENTION, kinds.LINEAR,
    kinds.OTHER,
)  # fmt: skip


@dataclass(frozen=True)
class Theme:
    """The colours of a picture.

    Attributes:
        background, panel: of the page, and behind an opened block.
        ink, muted, line: of text, of what is said by the way, and of arrows.
        fills: of a box, by its kind.
        stroke: of boxes.
        ramp: from nothing to the most, for `--color-by`.
        alarm: of a warning.
    """

    background: str
    panel: str
    ink: str
    muted: str
    line: str
    stroke: str
    fills: Mapping[str, str]
    ramp: tuple[str, ...]
    alarm: str

    def on(self, fill: str) -> str:
        """The text colour that is readable on `fill`: the theme's own where the contrast is 4.5 to 1 (WCAG 2.1, 1.4.3)."""
        choices = (self.ink, self.background, "#000000", "#ffffff")
        return next((color for color in choices if contrast(color, fill) >= 4.5), self.ink)

    def shade(self, share: float) -> str:
        """The colour of a share between 0 and 1 of the most."""
        at = min(max(share, 0.0), 1.0) * (len(self.ramp) - 1)
        low = min(int(at), len(self.ramp) - 2)
        a, b = self.ramp[low], self.ramp[low + 1]
        mixed = (round(int(a[n : n + 2], 16) + (int(b[n : n + 2], 16) - int(a[n : n + 2], 16)) * (at - low)) for n in (1, 3, 5))
        return "#" + "".join(f"{value:02x}" for value in mixed)


def luminance(color: str) -> float:
    """Relative luminance of "#rrggbb", 0 to 1 (WCAG 2.1)."""
    parts = [int(color[n : n + 2], 16) / 255 for n in (1, 3, 5)]
    r, g, b = (v / 12.92 if v <= 0.03928 else ((v + 0.055) / 1.055) ** 2.4 for v in parts)
    return 0.2126 * r + 0.7152 * g + 0.0722 * b


def contrast(a: str, b: str) -> float:
    """Contrast of two colours, 1 to 21 (WCAG 2.1)."""
    low, high = sorted((luminance(a), luminance(b)))
    return (high + 0.05) / (low + 0.05)


def _fills(*colors: str) -> dict[str, str]:
    return dict(zip(KINDS, colors, strict=True))


THEMES: Registry[Theme] = Registry("theme")
THEMES.add("light", Theme(
    "#ffffff", "#f6f7f9", "#14181d", "#5b6570", "#4a545f", "#39434d",
    _fills("#ffffff", "#d3e6f7", "#a5cdf0", "#f0a04b", "#fbe0a8", "#cfe8cd", "#e9e9ee", "#f3bfd0", "#cdb7e6", "#f1efe9"),
    ("#f4f8fb", "#cfe1f2", "#93c3df", "#4b97c9", "#1764ab", "#083573"), "#b3261e",
))  # fmt: skip
THEMES.add("dark", Theme(
    "#14181d", "#1d232a", "#eef1f4", "#a3adb8", "#9aa5b1", "#aab4bf",
    _fills("#14181d", "#27496b", "#33709f", "#b3611a", "#7a6320", "#2f5d3a", "#3d434c", "#7c3550", "#573f80", "#35332e"),
    ("#1b222a", "#173a5e", "#1d5d94", "#2f86bf", "#6fb3dd", "#c4e2f4"), "#ff8a80",
))  # fmt: skip
THEMES.add("paper", Theme(
    "#ffffff", "#ffffff", "#000000", "#444444", "#000000", "#000000",
    _fills("#ffffff", "#ffffff", "#e2e2e2", "#bdbdbd", "#f4f4f4", "#ffffff", "#ffffff", "#ececec", "#d6d6d6", "#ffffff"),
    ("#ffffff", "#e6e6e6", "#c6c6c6", "#9a9a9a", "#686868", "#333333"), "#000000",
))  # fmt: skip
