"""Which colour a box gets, and what the legend says about it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import log10

from archscope import units
from archscope.diagrams.picture import INPUT, Box, Picture
from archscope.diagrams.theme import THEMES, Theme
from archscope.errors import UsageError

COLORINGS = ("kind", "params", "macs", "activations")
_DECADES = 2  # powers of ten from which on a ramp is logarithmic
_WORDS = {"params": "parameters", "macs": "MACs", "activations": "activations"}


class HandedOn(dict[str, float]):
    """Numbers by module path that do not add up: of what each module hands on. A module without one hands on what the last one
    inside it does, in the order of this dictionary. Over more than two powers of ten the colours follow the logarithm.
    """


@dataclass(frozen=True)
class Paint:
    """Colours for the boxes of one picture.

    Attributes:
        theme: the colours.
        by: "kind", a cost, or the name of what `values` holds.
        values: by module path, where another measurement decides the colour ("latency": seconds by path).
        most: the largest value of a box in the overview, and in the opened blocks.
        least: where the ramp begins: 0, or the smallest value where it is logarithmic.
        logarithmic: whether the ramp is.
    """

    theme: Theme
    by: str = "kind"
    values: Mapping[str, float] | None = None
    most: tuple[float, float] = (1.0, 1.0)
    least: float = 0.0
    logarithmic: bool = False

    def value(self, box: Box) -> float | None:
        """What decides the colour of a box; None where that is not known."""
        if isinstance(self.values, HandedOn):
            found = [value for path in box.paths if (value := _last(self.values, path)) is not None]
            return sum(found) / len(found) if found else None
        if self.values is not None:
            return sum(_at(self.values, path) for path in box.paths)
        return float({"params": box.costs.params, "macs": box.costs.macs, "activations": box.costs.activations}.get(self.by, 0))

    def fill(self, box: Box, opened: bool = False) -> str:
        """The colour of a box, of the overview or of an opened block."""
        if box.kind == INPUT or self.by == "kind":
            return self.theme.fills[box.kind]
        value = self.value(box)
        if value is None:
            return self.theme.fills[INPUT]
        if self.logarithmic:
            span = log10(self.most[0] / self.least)
            return self.theme.shade(log10(max(value, self.least) / self.least) / span)
        return self.theme.shade(value / (self.most[opened] or 1.0))

    @property
    def word(self) -> str:
        """What the colour stands for: "MACs"."""
        return _WORDS.get(self.by, self.by)


def _at(values: Mapping[str, float], path: str) -> float:
    """The value of a module: its own, or else the sum of the outermost modules inside it that have one."""
    if path in values:
        return values[path]
    inside = [name for name in values if name.startswith(f"{path}.")]
    return sum(values[name] for name in inside if not any(name.startswith(f"{other}.") for other in inside))


def _last(values: HandedOn, path: str) -> float | None:
    """What a module hands on: its own value, else that of the last module inside it that has one."""
    if path in values:
        return values[path]
    return next((values[name] for name in reversed(values) if name.startswith(f"{path}.")), None)


def paint(
    pictures: Iterable[Picture], by: str = "kind", theme: str = "light", values: Mapping[str, float] | None = None
) -> Paint:
    """The colours for one or several pictures that are seen together.

    Arguments:
        by: one of `COLORINGS`, or any name with `values`.
        values: a measurement by module path.

    Raises `UsageError` for a colouring or theme that does not exist.
    """
    if by not in COLORINGS and values is None:
        raise UsageError(f"unknown colouring '{by}'", f"choose from {', '.join(COLORINGS)}")
    if theme not in THEMES:
        raise UsageError(f"unknown theme '{theme}'", f"choose from {', '.join(THEMES)}")
    plain = Paint(THEMES.find(theme), by, values)
    shown = list(pictures)
    overview = max((plain.value(box) or 0 for p in shown for box in p.overview.boxes), default=1.0)
    opened = max((plain.value(box) or 0 for p in shown for panel in p.panels for box in panel.boxes), default=1.0)
    if isinstance(values, HandedOn) and shown:  # the same scale for all: an opened block hands on what its box does
        boxes = [box for p in shown for panel in (p.overview, *p.panels) for box in panel.boxes]
        found = [value for box in boxes if (value := plain.value(box)) is not None]
        least, most = min(found, default=0.0), max(found, default=1.0)
        wide = least > 0 and log10(most / least) > _DECADES
        return Paint(plain.theme, by, values, (most, most), least if wide else 0.0, wide)
    return Paint(plain.theme, by, values, (overview, opened))


def amount(box: Box, name: str) -> str:
    """A cost of a box for a reader: "12.25 G"; "≥ 1.2 G" where operators without a formula are among them; "–" for none."""
    value = {"params": box.costs.params, "macs": box.costs.macs, "activations": box.costs.activations}[name]
    bound = "≥ " if name == "macs" and box.costs.uncounted else ""
    return f"{bound}{units.count(value)}" if value or bound else "–"
