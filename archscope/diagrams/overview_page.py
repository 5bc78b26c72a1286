"""The overview of one network: a chain of boxes, and beside each box what leaves it and what it costs.

Boxes stand in the order of execution. What a box reads from the one before it is an arrow, everything else an arc beside the
chain, so that any network has an overview, U-shaped ones and those with parallel branches among them.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from archscope import units
from archscope.diagrams import text_width as fonts
from archscope.diagrams.block_places import Direction, Rectangle
from archscope.diagrams.colouring import Paint, amount
from archscope.diagrams.condition_marks import marks
from archscope.diagrams.opened_block import Drawing
from archscope.diagrams.picture import DOWNSAMPLING, INPUT, Box, Panel
from archscope.diagrams.scene import Element, Point, Shape, Text, arrow, line, moved, polygon, rectangle
from archscope.diagrams.tooltips import tooltip
from archscope.graph import Graph

LABEL, SMALL = 11.0, 10.0
HEIGHT, GAP = 26.0, 14.0
_NARROWEST, _WIDEST = 120.0, 214.0
ARC = 9.0  # between two arcs
SUBLINE = SMALL + 3.5  # the same of the smaller lines under it
_LINE = 13.0  # from one line of a label to the next
_WIDEST_CELL = 160.0
SLANT = 9.0  # how much a box that lowers the resolution narrows
_LEAVES, _ENTERS = 0.72, 0.28  # where an arc does, as shares of the box
_ROW_LINES = 4  # of a label in a chain from left to right
_BAR = 64.0  # length of a share of 100%


@dataclass(frozen=True)
class Arc:
    """A connection past other boxes: from, to, and its track beside the chain, 0 the innermost."""

    start: int
    stop: int
    track: int


def arcs(flow: Sequence[tuple[int, int]]) -> list[Arc]:
    """The connections past other boxes, on as few tracks as keep them apart. Several from one box share a track."""
    last: dict[int, int] = {}
    for a, b in flow:
        if b != a + 1:
            last[a] = max(last.get(a, b), b)
    tracks: list[int] = []  # where the last arc on each track ends
    track_of: dict[int, int] = {}
    for a in sorted(last, key=lambda a: (last[a] - a, a)):
        inside = [track_of[other] for other in track_of if not (last[other] <= a or other >= last[a])]
        track_of[a] = max(inside, default=-1) + 1
        tracks.append(track_of[a])
    return [Arc(a, b, track_of[a]) for a, b in flow if b != a + 1]


def overview(graph: Graph, panel: Panel, paint: Paint, direction: Direction = "TB", costs: bool = True) -> Drawing:
    """The chain of a network's boxes.

    Arguments:
        costs: whether parameters, MACs and shares stand beside the boxes.
    """
    if direction == "LR":
        return _row(graph, panel, paint)
    found = arcs(panel.flow)
    left = ARC * (max((arc.track for arc in found), default=-1) + 2) if found else 0.0
    width = box_width(panel.boxes)
    top = SMALL + 8 if costs else 0.0
    places: list[Rectangle] = []
    for box in panel.boxes:
        height = max(box_height(box, width), len(_output_lines(box)) * _LINE)
        places.append(Rectangle(left, top, width, height))
        top += height + GAP
    elements = [_step(places, a, b, paint) for a, b in panel.flow if b == a + 1]
    elements += [_arc(panel, places, arc, paint) for arc in found]
    elements += [stage_box(graph, box, *places[box.id], paint) for box in panel.boxes]
    elements += marks(panel, places, paint)
    columns = _columns(panel, paint, left + width + 12, places, costs)
    return Drawing((*elements, *columns.elements), columns.width, top - GAP + 2)


def box_width(boxes: Sequence[Box], inside: bool = False) -> float:
    """One width for all boxes of a chain, as wide as the longest label within bounds; `inside`: also as the inputs' names."""
    wide = [fonts.width(label(box), LABEL, bold(box)) + 24 for box in boxes]
    wide += [fonts.width(said, SMALL) + 16 for box in boxes for said in box.given if inside]
    return min(max([_NARROWEST, *wide]), _WIDEST)


def box_height(box: Box, width: float) -> float:
    """As high as the lines of its label need."""
    return HEIGHT + (len(label_lines(box, width)) - 1) * _LINE


def _output_lines(box: Box) -> list[str]:
    """What leaves a box, as it stands beside it."""
    return [line for said in box.leaves or ("",) for line in fonts.wrapped(said, SMALL, _WIDEST_CELL)]


def label_lines(box: Box, width: float) -> list[str]:
    """The label in a box of this width, on as many lines as it takes."""
    return fonts.wrapped(label(box), LABEL, width - 14, bold=bold(box))


def lines_inside(box: Box, width: float) -> list[str]:
    """What stands in a box under its label, where no table stands beside it: what leaves it, parameters, MACs."""
    costs = " · ".join((amount(box, "params"), amount(box, "macs"))) if box.costs.params or box.costs.macs else ""
    said = [text for text in (*box.leaves, "" if box.kind == INPUT else costs) if text]
    return [line for text in said for line in fonts.wrapped(text, SMALL, width - 12)]


def label(box: Box) -> str:
    """What stands in a box of the overview."""
    return f"{box.title} {box.mark}".strip()


def bold(box: Box) -> bool:
    """Whether it is a block, and not a single layer."""
    return box.opens is not None or box.count > 1 or box.kind in ("block", DOWNSAMPLING)


def outline(box: Box, x: float, y: float, w: float, h: float) -> Shape:
    """A rounded box; one that lowers the resolution narrows along the flow."""
    if box.kind == DOWNSAMPLING:
        return Shape(polygon([(x, y), (x + w, y), (x + w - SLANT, y + h), (x + SLANT, y + h)]))
    return Shape(rectangle(x, y, w, h, 5.0))


def stage_box(graph: Graph, box: Box, x: float, y: float, w: float, h: float, paint: Paint, lines: Sequence[str] = ()) -> Element:
    """A box of an overview: its label, and smaller `lines` under it."""
    theme, fill = paint.theme, paint.fill(box)
    shape = outline(box, x, y, w, h)
    drawn = Shape(shape.path, fill, theme.stroke, 1.0, dashed=box.kind == INPUT)
    color, middle = theme.on(fill), x + w / 2
    words = label_lines(box, w)
    lines = [part for line in lines for part in fonts.wrapped(line, SMALL, w - 12)]
    block = LABEL + (len(words) - 1) * _LINE + len(lines) * SUBLINE
    first = y + (h - block) / 2 + LABEL * 0.86
    texts = [Text(middle, first + n * _LINE, text, LABEL, color, bold(box), "middle", w - 12) for n, text in enumerate(words)]
    first += (len(words) - 1) * _LINE
    texts += [
        Text(middle, first + (n + 1) * SUBLINE, line, SMALL, color, False, "middle", w - 12) for n, line in enumerate(lines)
    ]
    data = (("box", str(box.id)), ("kind", box.kind), ("label", label(box)), ("count", str(box.count)))
    return Element((drawn, *texts), tooltip(graph, box), "box", data)


def _step(places: Sequence[Rectangle], a: int, b: int, paint: Paint) -> Element:
    x = places[a].x + places[a].width / 2
    return connection([(x, places[a].y + places[a].height), (x, places[b].y)], paint, a, b)


def _arc(panel: Panel, places: Sequence[Rectangle], arc: Arc, paint: Paint) -> Element:
    a, b = places[arc.start], places[arc.stop]
    track = a.x - ARC * (arc.track + 1.2)
    start, stop = a.y + a.height * _LEAVES, b.y + b.height * _ENTERS
    from_x, to_x = a.x + inset(panel.boxes[arc.start], _LEAVES), b.x + inset(panel.boxes[arc.stop], _ENTERS)
    return connection([(from_x, start), (track, start), (track, stop), (to_x, stop)], paint, arc.start, arc.stop)


def inset(box: Box, down: float) -> float:
    """How far the side of a box is from that of its rectangle, at this share of its height."""
    return SLANT * down if box.kind == DOWNSAMPLING else 0.0


def connection(points: list[Point], paint: Paint, a: int, b: int) -> Element:
    """An arrow between two boxes of an overview."""
    shapes = (
        Shape(line(points), stroke=paint.theme.line, width=1.2),
        Shape(arrow(points[-1], points[-2]), fill=paint.theme.line),
    )
    return Element(shapes, role="edge", data=(("from", str(a)), ("to", str(b))))


def _columns(panel: Panel, paint: Paint, x: float, places: Sequence[Rectangle], costs: bool) -> Drawing:
    """The table beside the chain: output, parameters, MACs and their share."""
    theme = paint.theme
    middles = [place.y + place.height / 2 for place in places]
    most = sum(box.costs.macs for box in panel.boxes)
    cells = [("output", [_output_lines(box) for box in panel.boxes], "start")]
    if costs:
        cells += [
            (head, [[_cell(box, name)] for box in panel.boxes], "end")
            for head, name in (("parameters", "params"), ("MACs", "macs"))
        ]
    items: list[Text | Shape] = []
    for head, texts, anchor in cells:
        wide = max(fonts.width(text, SMALL) for text in (head, *(line for lines in texts for line in lines)))
        at = x if anchor == "start" else x + wide
        if costs:
            items.append(Text(at, SMALL, head, SMALL, theme.muted, anchor="start" if anchor == "start" else "end"))
        for box, lines in zip(panel.boxes, texts, strict=True):
            y = middles[box.id] + SMALL * 0.36 - (len(lines) - 1) * _LINE / 2
            items += [
                Text(at, y + n * _LINE, text, SMALL, theme.ink, anchor="start" if anchor == "start" else "end")
                for n, text in enumerate(lines)
            ]
        x += wide + 18
    if not costs or not most:
        return Drawing((Element(tuple(items), role="table"),), x - 18, 0)
    items.append(Text(x, SMALL, "share of MACs", SMALL, theme.muted))
    for box in panel.boxes:
        y, share = middles[box.id], box.costs.macs / most
        if box.costs.macs:
            length = max(share * _BAR / _largest(panel, most), 0.8)
            items.append(Shape(rectangle(x, y - 5, length, 10), theme.ramp[3]))
            items.append(Text(x + length + 5, y + SMALL * 0.36, units.share(share), SMALL, theme.ink))
    return Drawing((Element(tuple(items), role="table"),), x + _BAR + 5 + fonts.width("99.9%", SMALL), 0)


def _cell(box: Box, name: str) -> str:
    return "" if box.kind == INPUT else amount(box, name)


def _largest(panel: Panel, most: int) -> float:
    return max(box.costs.macs for box in panel.boxes) / most


def _row(graph: Graph, panel: Panel, paint: Paint) -> Drawing:
    """From left to right: labels on several lines, what leaves a box and what it costs under it."""
    found, theme = arcs(panel.flow), paint.theme
    top = ARC * (max((arc.track for arc in found), default=-1) + 2) if found else 0.0
    most = sum(box.costs.macs for box in panel.boxes) or 1
    height, x = 62.0, 0.0
    places: list[tuple[float, float]] = []
    elements: list[Element] = []
    for box in panel.boxes:
        notes = [
            box.shape,
            _cell(box, "params"),
            _cell(box, "macs"),
            units.share(box.costs.macs / most) if box.costs.macs else "",
        ]
        words = max((fonts.width(word, LABEL, bold(box)) for word in label(box).split()), default=0)
        wide = max(min(words, 92.0) + 12, *(fonts.width(note, SMALL) for note in notes), 46.0)
        while len(lines := fonts.wrapped(label(box), LABEL, wide - 8, bold=bold(box))) > _ROW_LINES:
            wide *= 1.25
        drawn = outline_row(box, x, top, wide, height)
        fill = paint.fill(box)
        first = top + height / 2 - len(lines) * 6.5 + LABEL * 0.86
        texts = [
            Text(x + wide / 2, first + n * 13.0, text, LABEL, theme.on(fill), bold(box), "middle", wide - 6)
            for n, text in enumerate(lines)
        ]
        data = (("box", str(box.id)), ("kind", box.kind), ("label", label(box)), ("count", str(box.count)))
        shape = Shape(drawn.path, fill, theme.stroke, 1.0, dashed=box.kind == INPUT)
        elements.append(Element((shape, *texts), tooltip(graph, box), "box", data))
        under = [
            Text(x + wide / 2, top + height + 16 + n * 14, note, SMALL, theme.ink if n == 0 else theme.muted, anchor="middle")
            for n, note in enumerate(notes)
        ]
        elements.append(Element(tuple(text for text in under if text.text), role="table"))
        places.append((x, wide))
        x += wide + GAP
    heads = [
        Text(-8, top + height + 16 + n * 14, head, SMALL, theme.muted, anchor="end")
        for n, head in enumerate(("output", "parameters", "MACs", "share"))
    ]
    elements.append(Element(tuple(heads), role="table"))
    for a, b in panel.flow:
        if b == a + 1:
            elements.append(
                connection([(places[a][0] + places[a][1], top + height / 2), (places[b][0], top + height / 2)], paint, a, b)
            )
    for arc in found:
        start, stop = places[arc.start][0] + places[arc.start][1] * 0.7, places[arc.stop][0] + places[arc.stop][1] * 0.3
        track = top - ARC * (arc.track + 1.2)
        elements.append(connection([(start, top), (start, track), (stop, track), (stop, top)], paint, arc.start, arc.stop))
    elements += marks(panel, [Rectangle(x, top, wide, height) for x, wide in places], paint)
    margin = fonts.width("parameters", SMALL) + 10
    return Drawing(tuple(moved(elements, margin, 0)), x - GAP + margin, top + height + 16 + 3 * 14 + 6)


def outline_row(box: Box, x: float, y: float, w: float, h: float) -> Shape:
    """As `outline`, for a chain from left to right."""
    if box.kind == DOWNSAMPLING:
        return Shape(polygon([(x, y), (x + w, y + SLANT), (x + w, y + h - SLANT), (x, y + h)]))
    return Shape(rectangle(x, y, w, h, 5.0))
