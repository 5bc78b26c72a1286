"""Where the boxes and arrows of an opened block are: numbers only, for whoever draws them, on paper or in a browser."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

from archscope.diagrams import text_width as fonts
from archscope.diagrams.layered_layout import Placed, layered
from archscope.diagrams.picture import INPUT, Box, Panel
from archscope.diagrams.scene import Point
from archscope.diagrams.series_layout import GAP, Laid, Size, series_parallel
from archscope.graph import kinds

Direction = Literal["TB", "LR"]

LABEL = 10.5
DOT = 9.0  # radius
ABOVE = 13.0  # over a dot of a flow from left to right: the factor of a residual scale
_HEIGHT, _PAD, _BAR = 24.0, 9.0, 18.0
_WIDEST = 300.0
LINE = 12.5  # from one line of a label to the next


class Rectangle(NamedTuple):
    """A box: its upper left corner and its size."""

    x: float
    y: float
    width: float
    height: float


class Route(NamedTuple):
    """An arrow.

    Attributes:
        points: of its line; for a `curve`, the begin and then three points for each Bezier segment, and the tip at last.
        beside: where a word about it stands.
    """

    points: tuple[Point, ...]
    curve: bool
    beside: Point


@dataclass(frozen=True)
class Places:
    """The geometry of an opened block, its origin at the top left.

    Attributes:
        boxes: by id; the id behind the last box is that of the result.
        routes: by (from, to).
    """

    boxes: Mapping[int, Rectangle]
    routes: Mapping[tuple[int, int], Route]
    width: float
    height: float


def is_dot(box: Box) -> bool:
    """Whether a box is drawn as a small circle: a sum or product of activations."""
    return box.kind == kinds.JOIN and len(box.label) == 1


def is_bar(box: Box) -> bool:
    """Whether a box is drawn as a bar: a concatenation."""
    return box.kind == kinds.JOIN and box.word == "concat"


def text_of(box: Box) -> str:
    """What stands in a box."""
    return f"{box.title} {box.mark}".strip()


def lines_of(box: Box) -> list[str]:
    """The same on the lines that it takes in an opened block."""
    return fonts.wrapped(text_of(box), LABEL, _WIDEST - 2 * _PAD)


class Frame:
    """Sizes and edges of a panel as the layouts want them.

    Attributes:
        sink: the id of the result, one behind the last box.
        drawn: the edges that have an arrow.
        edges: those and some that only keep the boxes in their places.
    """

    def __init__(self, panel: Panel, direction: Direction = "TB") -> None:
        self.direction = direction
        self.boxes = {box.id: box for box in panel.boxes}
        self.sink = len(panel.boxes)
        self.drawn = list(panel.flow)
        read = {a for a, _ in panel.flow}
        reads = {b for _, b in panel.flow}
        ends = [(box.id, self.sink) for box in panel.boxes if box.id not in read]
        self.drawn += [edge for edge in ends if edge[0]]
        starts = [(0, box.id) for box in panel.boxes[1:] if box.id not in reads]  # constants: placed, but nothing flows
        self.edges = [*panel.flow, *starts, *ends]
        self.sizes = {box.id: self._size(box) for box in panel.boxes}
        self.sizes[self.sink] = self._oriented(fonts.width(panel.shapes[1], LABEL) + 6, 13.0)

    def _size(self, box: Box) -> Size:
        if is_dot(box):  # across the flow there is room for the word above it
            return Size(2 * DOT, DOT if self.direction == "TB" or box.scale is None else DOT + ABOVE)
        lines = lines_of(box)
        room = max(fonts.width(line, LABEL) for line in lines) + 2 * _PAD
        more = (len(lines) - 1) * LINE
        if box.kind == INPUT:
            return self._oriented(fonts.width(box.shape, LABEL) + 6, 13.0)
        if is_bar(box):
            return self._oriented(max(room, 60.0), _BAR + more, bar=True)
        return self._oriented(max(room, 58.0), _HEIGHT + more)

    def _oriented(self, width: float, height: float, bar: bool = False) -> Size:
        return Size(height, width / 2, bar) if self.direction == "TB" else Size(width, height / 2, bar)

    def rooms(self) -> dict[int, Point]:
        """Width and height of every box and of the result."""
        if self.direction == "TB":
            return {number: (2 * size.side, size.length) for number, size in self.sizes.items()}
        return {number: (size.length, 2 * size.side) for number, size in self.sizes.items()}


def in_branches(frame: Frame) -> Places | None:
    """The places of a block that is made of series and branches; None for any other."""
    laid = series_parallel(frame.sizes, frame.edges, 0, frame.sink)
    if laid is None:
        return None

    def place(across: float, along: float) -> Point:
        return (across + laid.left, along) if frame.direction == "TB" else (along, across + laid.left)

    boxes = {}
    for number, (axis, begin) in laid.at.items():
        left, right = laid.sides[number]
        (x0, y0), (x1, y1) = place(axis - left, begin), place(axis + right, begin + frame.sizes[number].length)
        boxes[number] = Rectangle(x0, y0, x1 - x0, y1 - y0)
    routes = {}
    for a, b in frame.drawn:
        points = tuple(place(*point) for point in _path(frame, laid, a, b))
        routes[a, b] = Route(points, False, place(laid.lanes[a, b], laid.at[b][1]))
    across, along = laid.left + laid.right, laid.length
    return Places(boxes, routes, *((across, along) if frame.direction == "TB" else (along, across)))


def _path(frame: Frame, laid: Laid, a: int, b: int) -> list[Point]:
    """The arrow from a to b, across and along the flow."""
    lane = laid.lanes[a, b]
    (from_axis, from_begin), (to_axis, reach) = laid.at[a], laid.at[b]
    leave = from_begin + frame.sizes[a].length
    start = lane if frame.sizes[a].bar else from_axis
    path: list[Point] = [(start, leave)]
    if start != lane:
        path += [(start, leave + GAP * 0.38), (lane, leave + GAP * 0.38)]
    target = frame.boxes.get(b)
    if frame.sizes[b].bar or lane == to_axis:
        path.append((lane, reach))
    elif target is not None and is_dot(target):
        side = DOT if lane > to_axis else -DOT
        path += [(lane, reach + DOT), (to_axis + side, reach + DOT)]
    else:
        path += [(lane, reach - GAP * 0.5), (to_axis, reach - GAP * 0.5), (to_axis, reach)]
    return path


def in_layers(frame: Frame) -> Places:
    """The places of any block, in layers, by Graphviz."""
    return layer_places(frame, layered(frame.rooms(), frame.edges, frame.direction))


def layer_places(frame: Frame, placed: Placed) -> Places:
    """The places of a block that Graphviz has laid out."""
    boxes = {}
    for number, (w, h) in frame.rooms().items():
        x, y = placed.at[number]
        boxes[number] = Rectangle(x - w / 2, y - h / 2, w, h)
    routes = {edge: _curve(placed.curves[edge]) for edge in frame.drawn}
    return Places(boxes, routes, placed.width, placed.height)


def _curve(points: Sequence[Point]) -> Route:
    tip, *curve = points
    return Route((*curve, tip), True, tip)


def places(panel: Panel, direction: Direction = "TB") -> Places:
    """Where everything in an opened block is."""
    frame = Frame(panel, direction)
    return in_branches(frame) or in_layers(frame)
