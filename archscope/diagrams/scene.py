"""A scene: shapes and texts at their places, in points, the origin at the top left. Every output format draws the same scene."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal

from archscope.printable import printable

Segment = tuple[float | str, ...]  # ("M", x, y), ("L", x, y), ("C", x1, y1, x2, y2, x, y), ("Z",)
Point = tuple[float, float]


@dataclass(frozen=True)
class Shape:
    """A path.

    Attributes:
        fill, stroke: colours "#rrggbb"; "" for none.
        width: of the stroke.
        dashed: whether the stroke is.
    """

    path: tuple[Segment, ...]
    fill: str = ""
    stroke: str = ""
    width: float = 1.0
    dashed: bool = False


@dataclass(frozen=True)
class Text:
    """One line of text; `x` is its start, middle or end by `anchor`, `y` its baseline; `room` the width it may take (0: any)."""

    x: float
    y: float
    text: str
    size: float
    color: str
    bold: bool = False
    anchor: Literal["start", "middle", "end"] = "start"
    room: float = 0.0


@dataclass(frozen=True)
class Element:
    """Shapes and texts that are one thing to a reader, with what is said when a pointer rests on it.

    Attributes:
        role: "box", "edge", "legend" ...
        data: names and values for programs that read the picture.
    """

    items: tuple[Shape | Text, ...]
    tooltip: str = ""
    role: str = ""
    data: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Scene:
    """A whole picture."""

    width: float
    height: float
    title: str
    description: str
    background: str
    elements: tuple[Element, ...] = field(default=())

    def texts(self) -> Iterator[Text]:
        """Every text."""
        return (item for element in self.elements for item in element.items if isinstance(item, Text))


def one_line(text: str) -> str:
    """One line without control characters, which some formats cannot carry."""
    return printable(" ".join(text.split()))


def moved(elements: Sequence[Element], dx: float, dy: float) -> list[Element]:
    """The elements, shifted."""
    return [
        Element(tuple(_moved(item, dx, dy) for item in element.items), element.tooltip, element.role, element.data)
        for element in elements
    ]


def _moved(item: Shape | Text, dx: float, dy: float) -> Shape | Text:
    if isinstance(item, Text):
        return Text(item.x + dx, item.y + dy, item.text, item.size, item.color, item.bold, item.anchor, item.room)
    path = tuple(_shifted(segment, dx, dy) for segment in item.path)
    return Shape(path, item.fill, item.stroke, item.width, item.dashed)


def _shifted(segment: Segment, dx: float, dy: float) -> Segment:
    numbers = [v for v in segment[1:] if not isinstance(v, str)]
    return (segment[0], *(v + (dy if n % 2 else dx) for n, v in enumerate(numbers)))


_ROUND = 0.5523  # of the radius: where the control points of a quarter circle lie


def rectangle(x: float, y: float, w: float, h: float, radius: float = 0.0) -> tuple[Segment, ...]:
    """A rectangle, its corners rounded."""
    r = min(radius, w / 2, h / 2)
    if r <= 0:
        return (("M", x, y), ("L", x + w, y), ("L", x + w, y + h), ("L", x, y + h), ("Z",))
    k = r * (1 - _ROUND)
    return (
        ("M", x + r, y),
        ("L", x + w - r, y),
        ("C", x + w - k, y, x + w, y + k, x + w, y + r),
        ("L", x + w, y + h - r),
        ("C", x + w, y + h - k, x + w - k, y + h, x + w - r, y + h),
        ("L", x + r, y + h),
        ("C", x + k, y + h, x, y + h - k, x, y + h - r),
        ("L", x, y + r),
        ("C", x, y + k, x + k, y, x + r, y),
        ("Z",),
    )


def polygon(points: Sequence[Point]) -> tuple[Segment, ...]:
    """A closed polygon."""
    return (("M", *points[0]), *(("L", *p) for p in points[1:]), ("Z",))


def circle(x: float, y: float, r: float) -> tuple[Segment, ...]:
    """A circle around (x, y)."""
    return rectangle(x - r, y - r, 2 * r, 2 * r, r)


def line(points: Sequence[Point], radius: float = 5.0) -> tuple[Segment, ...]:
    """A line through `points` with rounded corners."""
    found: list[Segment] = [("M", *points[0])]
    for before, at, after in zip(points, points[1:], points[2:], strict=False):
        r = min(radius, _distance(before, at) / 2, _distance(at, after) / 2)
        a, b = _towards(at, before, r), _towards(at, after, r)
        found += [("L", *a), ("C", *_towards(at, a, r * (1 - _ROUND)), *_towards(at, b, r * (1 - _ROUND)), *b)]
    return (*found, ("L", *points[-1]))


def arrow(tip: Point, origin: Point, size: float = 6.0) -> tuple[Segment, ...]:
    """An arrow head at `tip`, for a line that comes from `origin`."""
    length = _distance(origin, tip) or 1.0
    ux, uy = (tip[0] - origin[0]) / length, (tip[1] - origin[1]) / length
    back = (tip[0] - ux * size, tip[1] - uy * size)
    side = size * 0.42
    return polygon([tip, (back[0] - uy * side, back[1] + ux * side), (back[0] + uy * side, back[1] - ux * side)])


def _distance(a: Point, b: Point) -> float:
    return float(((a[0] - b[0]) ** 2 + (a[1] - b[1]) ** 2) ** 0.5)


def _towards(at: Point, to: Point, by: float) -> Point:
    length = _distance(at, to) or 1.0
    return at[0] + (to[0] - at[0]) / length * by, at[1] + (to[1] - at[1]) / length * by
