"""What a chart shows, as plain values: Graph -> Chart. No plotting library, no torch."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import wraps
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from archscope import units
from archscope.graph import Graph, legible
from archscope.metrics.weights_only import needs_forward
from archscope.printable import printable
from archscope.registry import Registry

if TYPE_CHECKING:
    from archscope.charts.canvas import Canvas
    from archscope.charts.style import Theme


@dataclass(frozen=True)
class Ball:
    """A network in the field.

    Attributes:
        x, y: where it is; size: what its area is in proportion to.
        family: decides the colour.
        usual: whether a published error that it shows is of a single crop.
        tip: name and values, in words.
    """

    name: str
    x: float
    y: float
    size: float
    family: str
    usual: bool
    tip: str


@dataclass(frozen=True)
class Segment:
    """A stage in a bar."""

    stage: str
    number: int
    made_of: str
    macs: int
    params: int


@dataclass(frozen=True)
class Bar:
    """A network by its stages."""

    name: str
    segments: tuple[Segment, ...]


@dataclass(frozen=True)
class Line:
    """A network along its depth or time.

    Attributes:
        xs: where; ys: one tuple of values per panel.
        tips: what each point is: path and shape.
        peak: index of the point to be marked; None for none.
    """

    name: str
    xs: tuple[int, ...]
    ys: tuple[tuple[int, ...], ...]
    tips: tuple[str, ...]
    peak: int | None = None


Range = tuple[float, float, float]  # smallest, median, largest


@dataclass(frozen=True)
class Track:
    """A network along its depth, each figure with its spread.

    Attributes:
        xs: depth of each place.
        panels: for each panel, what each place has; None where it has nothing.
        tips: what each place is.
        stages: where a stage begins, and its name.
    """

    name: str
    xs: tuple[int, ...]
    panels: tuple[tuple[Range | None, ...], ...]
    tips: tuple[str, ...]
    stages: tuple[tuple[int, str], ...] = ()


@dataclass(frozen=True)
class Point:
    """A network in a field of two columns.

    Attributes:
        x, y: its values.
        best: whether no other network beats it in both.
        tip: name and values, in words.
    """

    name: str
    x: float
    y: float
    best: bool
    tip: str


@dataclass(frozen=True)
class Chart:
    """A picture to be drawn.

    Attributes:
        title, subtitle: above it; the subtitle says the conventions.
        items: balls, bars, lines, points or tracks.
        x, panels: titles of the axes, the panels from left to right.
        units: of each panel's values: "" for a count, "B" for bytes, "px".
        reference: a value to compare with, and its name; None for none.
        x_unit: of the values along x, where they are no plain count of layers or operators.
        stairs: of a Pareto front, whether x and y are the better the greater they are.
        size: of balls, title and unit of what their area is in proportion to.
        notes: what the picture does not show, and why: "vit_b_16: no receptive field".
    """

    kind: str
    title: str
    subtitle: str
    items: tuple[Ball, ...] | tuple[Bar, ...] | tuple[Line, ...] | tuple[Point, ...] | tuple[Track, ...]
    x: str
    panels: tuple[str, ...]
    units: tuple[str, ...] = ("",)
    reference: tuple[int, str] | None = None
    x_unit: str = ""
    stairs: tuple[bool, bool] = (False, False)
    size: tuple[str, str] = ("", "")
    notes: tuple[str, ...] = ()

    @property
    def description(self) -> str:
        """What the picture shows, in words, for those who cannot see it."""
        told = [self.title, self.subtitle, *self.notes]
        return f"{'. '.join(told)}. {' '.join(filter(None, map(_told, self.items)))}"


def _told(item: Ball | Bar | Line | Point | Track) -> str:
    match item:
        case Point():
            return f"{item.tip}." if item.best else ""
        case Ball():
            return f"{item.tip}."
        case Bar():
            parts = ", ".join(
                f"{part.stage} {units.count(part.macs)} MACs {units.count(part.params)} params" for part in item.segments
            )
            return f"{item.name}: {parts}."
        case Line():
            at = len(item.xs) - 1 if item.peak is None else item.peak
            return f"{item.name}: {' and '.join(f'{ys[at]:,}' for ys in item.ys)} at {item.xs[at]}."
        case Track():
            found = [[at for at in panel if at is not None] for panel in item.panels]
            return f"{item.name}: {', '.join(f'{ys[0][1]:.3g} to {ys[-1][1]:.3g}' for ys in found if ys)}."


Takes = Literal["graphs", "rows", "signals", "lengths", "batches"]


class ChartKind(NamedTuple):
    """A kind of chart.

    Attributes:
        of: what it shows: what `takes` says -> Chart.
        draw: how it is drawn: (chart, theme, whether points have tooltips) -> Canvas.
        takes: "graphs"; "rows", of a comparison; "signals", as `archscope signal` saves them; "lengths", each network's name with
            what it is at several lengths of text; or "batches", of each network its Graph at several sizes of the batch.
    """

    of: Callable[[Sequence[Any]], Chart]
    draw: "Callable[[Chart, Theme, bool], Canvas]"
    takes: Takes = "graphs"

    @property
    def says(self) -> str:
        """The first sentence of the docstring of `of`."""
        return (self.of.__doc__ or "").strip().splitlines()[0]


_LONGEST = 60  # of a network's name

KINDS: Registry[ChartKind] = Registry("kind of chart")
Of = Callable[[Sequence[Any]], Chart]


def chart_kind(name: str, draw: "Callable[[Chart, Theme, bool], Canvas]", takes: Takes = "graphs") -> Callable[[Of], Of]:
    """Registers a function that makes a Chart, under the word for `archscope chart --kind`. See `ChartKind`."""

    def register(of: Of) -> Of:
        @wraps(of)
        def shown(subjects: Sequence[Any]) -> Chart:
            for graph in subjects if takes == "graphs" else ():
                needs_forward(graph, "there is nothing to draw")
            return of([legible(graph) for graph in subjects] if takes == "graphs" else subjects)

        KINDS.add(name, ChartKind(shown, draw, takes))
        return shown

    return register


def label(words: str) -> str:
    """A network's name as it stands beside its mark: a very long one ends in an ellipsis, so that the drawing has room."""
    words = printable(words)
    return words if len(words) <= _LONGEST else words[: _LONGEST - 1] + "…"


def inputs_of(graphs: Sequence[Graph]) -> str:
    """The inputs and dtypes of these networks, for a subtitle."""
    shapes = dict.fromkeys(units.shape(shape) for graph in graphs for shape in graph.shapes(graph.inputs))
    dtypes = dict.fromkeys(graph.meta.dtype for graph in graphs)
    return f"input {' or '.join(shapes)}, {' and '.join(dtypes)}"
