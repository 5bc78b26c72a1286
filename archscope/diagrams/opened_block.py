"""An opened block: branches side by side, concatenations as bars, sums as a small + with the shortcut beside them."""

from dataclasses import dataclass

from archscope.diagrams.block_places import (
    DOT,
    LABEL,
    LINE,
    Direction,
    Frame,
    Route,
    in_branches,
    in_layers,
    is_bar,
    is_dot,
    lines_of,
    text_of,
)
from archscope.diagrams.colouring import Paint
from archscope.diagrams.condition_marks import marks
from archscope.diagrams.picture import INPUT, Box, Panel
from archscope.diagrams.scene import Element, Segment, Shape, Text, arrow, circle, line, rectangle
from archscope.diagrams.tooltips import tooltip
from archscope.graph import Graph


@dataclass(frozen=True)
class Drawing:
    """Elements with their origin at the top left, and the room they take."""

    elements: tuple[Element, ...]
    width: float
    height: float


def opened_block(graph: Graph, panel: Panel, paint: Paint, direction: Direction = "TB") -> Drawing:
    """A block with all its boxes."""
    frame = Frame(panel, direction)
    there = in_branches(frame) or in_layers(frame)
    elements = [route_element(frame, there.routes[edge], edge, paint) for edge in frame.drawn]
    elements += [box_element(graph, box, *there.boxes[box.id], paint, opened=True) for box in panel.boxes]
    elements += marks(panel, [there.boxes[box.id] for box in panel.boxes], paint)
    x, y, width, height = there.boxes[frame.sink]
    said = Text(x + width / 2, y + height / 2 + LABEL * 0.36, panel.shapes[1], LABEL, paint.theme.muted, anchor="middle")
    elements.append(Element((said,), role="output"))
    return Drawing(tuple(elements), there.width, there.height)


def route_element(frame: Frame, route: Route, edge: tuple[int, int], paint: Paint) -> Element:
    """An arrow between two boxes, with the factor of a residual scale beside it."""
    points, target = route.points, frame.boxes.get(edge[1])
    path: tuple[Segment, ...] = line(points)
    if route.curve:
        bends = range(1, len(points) - 3, 3)
        path = (("M", *points[0]), *(("C", *points[n], *points[n + 1], *points[n + 2]) for n in bends), ("L", *points[-1]))
    items: list[Shape | Text] = [
        Shape(path, stroke=paint.theme.line, width=1.1),
        Shape(arrow(points[-1], points[-2], 5.5), fill=paint.theme.line),
    ]
    if not route.curve and target is not None and target.scale is not None and _scaled(frame, edge[1]) == edge[0]:
        items.append(_factor(frame, route, f"x {target.scale:.4g}", paint))
    return Element(tuple(items), role="edge", data=(("from", str(edge[0])), ("to", str(edge[1]))))


def _factor(frame: Frame, route: Route, words: str, paint: Paint) -> Text:
    """A residual scale beside its arrow; of a flow from left to right, where the arrow is too short for it, at the sum: over the
    arrow, or under it, where it comes from below.
    """
    (x, y), (_, tip), size, color = route.beside, route.points[-1], 9.5, paint.theme.muted
    if frame.direction == "TB":
        return Text(x + 5, y - 7, words, size, color)
    away = size + 2 if tip < y else -4 - (DOT if tip == y else 0)
    return Text(x + DOT, y + away, words, size, color, anchor="middle")


def _scaled(frame: Frame, box: int) -> int:
    """The summand that a residual scale belongs to: the one that was computed, not the shortcut."""
    return max(a for a, b in frame.drawn if b == box)


def box_element(graph: Graph, box: Box, x: float, y: float, w: float, h: float, paint: Paint, opened: bool) -> Element:
    """A box with its label, in the shape of its kind."""
    theme, fill = paint.theme, paint.fill(box, opened)
    middle = (x + w / 2, y + h / 2)
    if box.kind == INPUT:
        return Element((Text(middle[0], middle[1] + LABEL * 0.36, box.shape, LABEL, theme.muted, anchor="middle"),), role="input")
    data = (("box", str(box.id)), ("kind", box.kind), ("label", text_of(box)))
    if is_dot(box):
        sign = Text(middle[0], middle[1] + 4.6, box.label, 13.0, theme.on(fill), True, "middle")
        said = [Text(middle[0] + 5, middle[1] + DOT + 11, box.mark, 9.5, theme.muted)] if box.mark else []
        return Element((Shape(circle(*middle, DOT), fill, theme.stroke), sign, *said), tooltip(graph, box), "box", data)
    path: tuple[Segment, ...] = rectangle(x, y, w, h, 2.5 if is_bar(box) else 4.0)
    lines = lines_of(box)
    first = middle[1] + LABEL * 0.36 - (len(lines) - 1) * LINE / 2
    texts = [
        Text(middle[0], first + n * LINE, line, LABEL, theme.on(fill), False, "middle", w - 8) for n, line in enumerate(lines)
    ]
    return Element((Shape(path, fill, theme.stroke), *texts), tooltip(graph, box), "box", data)
