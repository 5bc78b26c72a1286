"""An opened block: branches side by side, concatenations as bars, sums as a small + with the shortcut beside them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from archscope.diagrams import text_width as fonts
from archscope.diagrams.colouring import Paint
from archscope.diagrams.layered_layout import layered
from archscope.diagrams.picture import INPUT, Box, Panel
from archscope.diagrams.scene import Element, Point, Segment, Shape, Text, arrow, circle, line, moved, rectangle
from archscope.diagrams.series_layout import GAP, Laid, Size, series_parallel
from archscope.diagrams.tooltips import tooltip
from archscope.graph import Graph, kinds

Direction = Literal["TB", "LR"]

LABEL = 10.5
_HEIGHT, _PAD, _BAR, _DOT = 24.0, 9.0, 18.0, 9.0
_WIDEST = 230.0


@dataclass(frozen=True)
class Drawing:
    """Elements with their origin at the top left, and the room they take."""

    elements: tuple[Element, ...]
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


def opened_block(graph: Graph, panel: Panel, paint: Paint, direction: Direction = "TB") -> Drawing:
    """A block with all its boxes."""
    frame = _Frame(panel, direction)
    laid = series_parallel(frame.sizes, frame.edges, 0, frame.sink)
    if laid is None:
        return _by_engine(graph, panel, frame, paint, direction)
    elements: list[Element] = []
    for a, b in frame.drawn:
        elements.append(_connection(frame, laid, a, b, paint))
    elements += [_box(graph, frame, laid, box, paint) for box in panel.boxes]
    elements.append(_result(frame, laid, panel, paint))
    width, height = laid.left + laid.right, laid.length
    if direction == "LR":
        return Drawing(tuple(moved(elements, 0, laid.left)), height, width)
    return Drawing(tuple(moved(elements, laid.left, 0)), width, height)


class _Frame:
    """Sizes and edges as the layout wants them."""

    def __init__(self, panel: Panel, direction: Direction) -> None:
        self.direction = direction
        self.boxes = {box.id: box for box in panel.boxes}
        self.sink = len(panel.boxes)
        self.drawn = list(panel.edges)
        read = {a for a, _ in panel.edges}
        reads = {b for _, b in panel.edges}
        ends = [(box.id, self.sink) for box in panel.boxes if box.id not in read]
        self.drawn += [edge for edge in ends if edge[0]]
        starts = [(0, box.id) for box in panel.boxes[1:] if box.id not in reads]  # constants: placed, but nothing flows
        self.edges = [*panel.edges, *starts, *ends]
        self.sizes = {box.id: self._size(box) for box in panel.boxes}
        self.sizes[self.sink] = self._oriented(fonts.width(panel.shapes[1], LABEL) + 6, 13.0)

    def _size(self, box: Box) -> Size:
        if is_dot(box):
            return Size(2 * _DOT, _DOT)
        room = fonts.width(text_of(box), LABEL) + 2 * _PAD
        if box.kind == INPUT:
            return self._oriented(fonts.width(box.shape, LABEL) + 6, 13.0)
        if is_bar(box):
            return self._oriented(max(room, 60.0), _BAR, bar=True)
        return self._oriented(min(max(room, 58.0), _WIDEST), _HEIGHT)

    def _oriented(self, width: float, height: float, bar: bool = False) -> Size:
        return Size(height, width / 2, bar) if self.direction == "TB" else Size(width, height / 2, bar)

    def place(self, across: float, along: float) -> Point:
        return (across, along) if self.direction == "TB" else (along, across)


def _connection(frame: _Frame, laid: Laid, a: int, b: int, paint: Paint) -> Element:
    lane = laid.lanes[a, b]
    (from_axis, from_begin), (to_axis, to_begin) = laid.at[a], laid.at[b]
    leave, reach = from_begin + frame.sizes[a].length, to_begin
    start = lane if frame.sizes[a].bar else from_axis
    path: list[Point] = [(start, leave)]
    if start != lane:
        path += [(start, leave + GAP * 0.38), (lane, leave + GAP * 0.38)]
    target = frame.boxes.get(b)
    if frame.sizes[b].bar or lane == to_axis:
        path.append((lane, reach))
    elif target is not None and is_dot(target):
        side = _DOT if lane > to_axis else -_DOT
        path += [(lane, reach + _DOT), (to_axis + side, reach + _DOT)]
    else:
        path += [(lane, reach - GAP * 0.5), (to_axis, reach - GAP * 0.5), (to_axis, reach)]
    points = [frame.place(*point) for point in path]
    items: list[Shape | Text] = [
        Shape(line(points), stroke=paint.theme.line, width=1.1),
        Shape(arrow(points[-1], points[-2], 5.5), fill=paint.theme.line),
    ]
    if target is not None and target.scale is not None and _scaled(frame, b) == a:
        x, y = frame.place(lane, reach)
        items.append(
            Text(
                x + (5 if frame.direction == "TB" else -3),
                y - 7,
                f"x {target.scale:.4g}",
                9.5,
                paint.theme.muted,
                anchor="start" if frame.direction == "TB" else "end",
            )
        )
    return Element(tuple(items), role="edge", data=(("from", str(a)), ("to", str(b))))


def _scaled(frame: _Frame, box: int) -> int:
    """The summand that a residual scale belongs to: the one that was computed, not the shortcut."""
    return max(a for a, b in frame.drawn if b == box)


def _box(graph: Graph, frame: _Frame, laid: Laid, box: Box, paint: Paint) -> Element:
    axis, begin = laid.at[box.id]
    left, right = laid.sides[box.id]
    length = frame.sizes[box.id].length
    x0, y0 = frame.place(axis - left, begin)
    x1, y1 = frame.place(axis + right, begin + length)
    return box_element(graph, box, x0, y0, x1 - x0, y1 - y0, paint, opened=True)


def box_element(
    graph: Graph, box: Box, x: float, y: float, w: float, h: float, paint: Paint, opened: bool, size: float = LABEL
) -> Element:
    """A box with its label, in the shape of its kind."""
    theme, fill = paint.theme, paint.fill(box, opened)
    middle = (x + w / 2, y + h / 2)
    if box.kind == INPUT:
        return Element((Text(middle[0], middle[1] + size * 0.36, box.shape, size, theme.muted, anchor="middle"),), role="input")
    data = (("box", str(box.id)), ("kind", box.kind), ("label", text_of(box)))
    if is_dot(box):
        sign = Text(middle[0], middle[1] + 4.6, box.label, 13.0, theme.on(fill), True, "middle")
        said = [Text(middle[0] + 5, middle[1] + _DOT + 11, box.mark, 9.5, theme.muted)] if box.mark else []
        return Element((Shape(circle(*middle, _DOT), fill, theme.stroke), sign, *said), tooltip(graph, box), "box", data)
    path: tuple[Segment, ...] = rectangle(x, y, w, h, 2.5 if is_bar(box) else 4.0)
    label = fonts.fitted(text_of(box), size, w - 10)
    text = Text(middle[0], middle[1] + size * 0.36, label, size, theme.on(fill), False, "middle", w - 8)
    return Element((Shape(path, fill, theme.stroke), text), tooltip(graph, box), "box", data)


def _result(frame: _Frame, laid: Laid, panel: Panel, paint: Paint) -> Element:
    axis, begin = laid.at[frame.sink]
    x, y = frame.place(axis, begin + frame.sizes[frame.sink].length / 2)
    return Element((Text(x, y + LABEL * 0.36, panel.shapes[1], LABEL, paint.theme.muted, anchor="middle"),), role="output")


def _by_engine(graph: Graph, panel: Panel, frame: _Frame, paint: Paint, direction: Direction) -> Drawing:
    """The same for graphs that are not made of series and branches: layers, placed by Graphviz."""
    rooms: dict[int, Point] = {}
    for number, size in frame.sizes.items():
        rooms[number] = (2 * size.side, size.length) if direction == "TB" else (size.length, 2 * size.side)
    placed = layered(rooms, frame.edges, direction)
    elements = [_curve(placed.curves[a, b], paint, (a, b)) for a, b in frame.drawn]
    for box in panel.boxes:
        (w, h), (x, y) = rooms[box.id], placed.at[box.id]
        elements.append(box_element(graph, box, x - w / 2, y - h / 2, w, h, paint, opened=True))
    x, y = placed.at[frame.sink]
    elements.append(
        Element((Text(x, y + LABEL * 0.36, panel.shapes[1], LABEL, paint.theme.muted, anchor="middle"),), role="output")
    )
    return Drawing(tuple(elements), placed.width, placed.height)


def _curve(points: Sequence[Point], paint: Paint, edge: tuple[int, int]) -> Element:
    tip, *curve = points
    path: list[Segment] = [("M", *curve[0])]
    path += [("C", *curve[n], *curve[n + 1], *curve[n + 2]) for n in range(1, len(curve) - 2, 3)]
    path.append(("L", *tip))
    shapes = (Shape(tuple(path), stroke=paint.theme.line, width=1.1), Shape(arrow(tip, curve[-1], 5.5), fill=paint.theme.line))
    return Element(shapes, role="edge", data=(("from", str(edge[0])), ("to", str(edge[1]))))
