"""Colours and type of the charts. The series colours are those of Okabe and Ito, "Color Universal Design" (2008), told apart by
colour-blind readers too; lines also differ in their dashes.
"""

from dataclasses import dataclass
from typing import Any

from archscope.registry import unknown


@dataclass(frozen=True)
class Theme:
    """The colours of a page.

    Attributes:
        page, ink, quiet, grid: background, text, secondary text, grid lines.
        series: in the order in which they are used; all of them readable on the page.
        ramp: of the stages of a network, from the stem to the head.
    """

    name: str
    page: str
    ink: str
    quiet: str
    grid: str
    series: tuple[str, ...]
    ramp: tuple[str, ...]


LIGHT = Theme(
    "light", "#ffffff", "#1f2328", "#59636e", "#e3e7eb",
    ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#b07f00", "#3fa0dc", "#4d4d4d"),
    ("#b8bec6", "#12356f", "#3b6fb5", "#7fa8d1", "#c9a227", "#e3c65b", "#f1e2a0", "#d9d9d9"),
)  # fmt: skip
DARK = Theme(
    "dark", "#0d1117", "#e6edf3", "#9198a1", "#262c36",
    ("#56b4e9", "#ff8c42", "#2fc898", "#e69fc8", "#f0c23c", "#9bd1f5", "#c8c8c8"),
    ("#59636e", "#8fb8e8", "#5b93d3", "#3566a8", "#f2d16b", "#c9a227", "#8a6d10", "#484f58"),
)  # fmt: skip
THEMES = {"light": LIGHT, "dark": DARK}

DASHES: tuple[Any, ...] = ("-", (0, (6, 2)), (0, (2, 1.5)), (0, (6, 2, 1.5, 2)), (0, (1, 1)))

FAMILIES = ("inception", "inception-resnet", "resnet", "vgg", "googlenet", "alexnet")


def theme(name: str) -> Theme:
    """A theme by name. Raises `UsageError` for one that does not exist."""
    if name not in THEMES:
        raise unknown("theme", name, THEMES, list_all=True)
    return THEMES[name]


def settings(theme: Theme) -> dict[str, Any]:
    """The plotting library's settings; together with its defaults they decide every byte, whatever a user has set."""
    return {
        "figure.facecolor": theme.page, "axes.facecolor": theme.page, "savefig.facecolor": theme.page, "text.color": theme.ink,
        "axes.labelcolor": theme.ink, "axes.edgecolor": theme.grid, "xtick.color": theme.quiet, "ytick.color": theme.quiet,
        "grid.color": theme.grid, "grid.linewidth": 0.8, "axes.grid": True, "axes.axisbelow": True, "axes.spines.top": False,
        "axes.spines.right": False, "axes.spines.left": False, "xtick.major.size": 0, "ytick.major.size": 0, "xtick.minor.size":
        0,
        "ytick.minor.size": 0, "font.family": "DejaVu Sans", "font.size": 9.5, "axes.labelsize": 9.5, "xtick.labelsize": 9,
        "ytick.labelsize": 9, "svg.hashsalt": "archscope", "svg.fonttype": "path", "svg.id": "archscope", "path.simplify": False,
        "text.parse_math": False,
    }  # fmt: skip
