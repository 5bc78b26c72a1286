"""Whole pictures: title, overview, opened blocks, legend and notes on one page."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from archscope import metrics, units
from archscope.diagrams import text_width as fonts
from archscope.diagrams import towers, two_parts
from archscope.diagrams.block_places import Direction
from archscope.diagrams.colouring import Paint
from archscope.diagrams.mark_notes import mark_notes
from archscope.diagrams.opened_block import Drawing, opened_block
from archscope.diagrams.overview_page import SMALL, overview
from archscope.diagrams.picture import BLOCK, DOWNSAMPLING, INPUT, Box, Condition, Picture
from archscope.diagrams.scene import Element, Scene, Shape, Text, moved, rectangle
from archscope.diagrams.theme import KINDS
from archscope.diagrams.u_shape import NOTE, drawn, u_shape
from archscope.graph import kinds
from archscope.tables.common import by_data, by_data_sign, sign, told_rows

MARGIN = 22.0
TITLE = 16.0


def page(picture: Picture, paint: Paint, direction: Direction = "TB") -> Scene:
    """A network's overview; where the picture has opened blocks, these beside it."""
    body, note = _overview(picture, paint, direction)
    said = [*notes(picture), *([note] if note else [])]
    if picture.panels:
        inside = {box.opens for panel in picture.panels for box in panel.boxes}
        outside = () if picture.alike else tuple(box for box in picture.overview.boxes if box.opens not in inside)
        names = {box.opens: box.title for box in reversed(outside)}
        opened = [opened_block(picture.graph, panel, paint, direction) for panel in picture.panels]
        blocks = [framed(drawing, names.get(n, picture.panels[n].title), paint) for n, drawing in enumerate(opened)]
        body = _set_in_columns([replace(body, width=body.width + 16, height=body.height + 10), *blocks])
    boxes = [*picture.overview.boxes, *(box for panel in picture.panels for box in panel.boxes)]
    return composed(picture.title, summary(picture), body, boxes, paint, said, alarm(picture))


def _overview(picture: Picture, paint: Paint, direction: Direction) -> tuple[Drawing, str]:
    """The overview in the form that suits the network, and what must be said of it."""
    graph, panel = picture.graph, picture.overview
    if direction == "TB" and (both_ways := u_shape(panel)) is not None:
        return drawn(graph, panel, both_ways, paint), NOTE
    if direction == "TB" and panel.parts is not None:
        return two_parts.drawn(graph, panel, panel.parts, paint), two_parts.NOTE
    if direction == "TB" and (places := towers.towers(panel)) is not None:
        return towers.drawn(graph, panel, places, paint), towers.NOTE
    return overview(graph, panel, paint, direction), ""


def block_page(picture: Picture, paint: Paint, direction: Direction = "TB") -> Scene:
    """One opened block by itself: the overview of `picture` is that block."""
    body = opened_block(picture.graph, picture.overview, paint, direction)
    into, out = picture.overview.shapes
    return composed(picture.title, f"{into} to {out}", body, picture.overview.boxes, paint, notes(picture), alarm(picture))


def summary(picture: Picture) -> str:
    """The line under the title: parameters, MACs, input."""
    graph = picture.graph
    bound = sign(graph, "macs")
    entry = picture.overview.boxes[0]
    given = f"input{'s' * bool(entry.given)} {', '.join(entry.leaves)}"
    return f"{units.count(metrics.params(graph))} parameters · {bound}{units.count(graph.cost.macs)} MACs · {given}"


def notes(picture: Picture, letters: bool = True) -> list[str]:
    """What the picture leaves unsaid in its boxes.

    Arguments:
        letters: whether boxes are marked by the letters of the conditions that they read.
    """
    boxes = [box for panel in (picture.overview, *picture.panels) for box in panel.boxes]
    found = mark_notes(boxes, picture.usual)
    if picture.alike:
        found.append("Of blocks that differ in sizes and dilations only, the first is opened.")
    found += [_condition(one, picture.overview.boxes, letters) for one in picture.overview.conditions]
    idle = metrics.unused_params(picture.graph)
    if idle:
        found.append(f"{units.count(idle)} parameters took no part in this forward.")
    decided = picture.graph.meta.decided
    told = told_rows(decided)
    signed = bool(by_data_sign(picture.graph, "macs"))
    return [*found, *([f"{told[:1].upper()}{told[1:]}."] if told else []), *by_data(decided, signed)]


def _condition(one: Condition, boxes: Sequence[Box], letters: bool) -> str:
    """What a condition goes into, by its letter or by the names of the boxes."""
    if letters:
        return f"{one.mark}: {one.name}, {one.shape}, goes into each box with this letter at its upper corner."
    readers = dict.fromkeys(boxes[reader].title for reader in one.readers)
    return f"{one.name}, {one.shape}, goes into {', '.join(readers)}."


def alarm(picture: Picture) -> str:
    """What a reader must know first: the trace stopped early."""
    return f"Incomplete: the forward stopped in {picture.failure}" if picture.failure else ""


def framed(drawing: Drawing, name: str, paint: Paint) -> Drawing:
    """An opened block with its name, on a ground of its own."""
    theme = paint.theme
    wide = max(drawing.width, min(fonts.width(name, 12.0, True), 420.0))
    width, words = wide + 24, fonts.wrapped(name, 12.0, wide + 4, bold=True)
    head = 26.0 + (len(words) - 1) * 14.5
    height = drawing.height + head + 12
    ground = Shape(rectangle(0, 0, width, height, 7), theme.panel, theme.muted, 0.6)
    head_lines = [Text(12, 18 + n * 14.5, line, 12.0, theme.ink, True) for n, line in enumerate(words)]
    inside = moved(drawing.elements, (width - drawing.width) / 2, head)
    return Drawing((Element((ground, *head_lines), role="panel"), *inside), width, height)


def _set_in_columns(parts: Sequence[Drawing]) -> Drawing:
    """Parts in columns, read from top to bottom and then from left to right, on a page somewhat wider than high."""
    gap = 14.0
    best: tuple[float, list[list[Drawing]]] | None = None
    for count in range(1, len(parts) + 1):
        columns = _columns(parts, count, gap)
        width = sum(max(part.width for part in column) + gap for column in columns)
        height = max(sum(part.height + gap for part in column) for column in columns)
        size = max(width / _ASPECT, height)
        if best is None or size < best[0]:
            best = (size, columns)
    elements: list[Element] = []
    x = bottom = 0.0
    for column in best[1] if best else []:
        y = 0.0
        for part in column:
            elements += moved(part.elements, x, y)
            y += part.height + gap
        x, bottom = x + max(part.width for part in column) + gap, max(bottom, y)
    return Drawing(tuple(elements), x - gap, bottom - gap)


_ASPECT = 1.35


def _columns(parts: Sequence[Drawing], count: int, gap: float) -> list[list[Drawing]]:
    """The parts in `count` columns or fewer, the highest of them as low as it can be."""
    low, high = max(part.height for part in parts), sum(part.height + gap for part in parts)
    for _ in range(24):
        middle = (low + high) / 2
        if len(_filled(parts, middle, gap)) <= count:
            high = middle
        else:
            low = middle
    return _filled(parts, high, gap)


def _filled(parts: Sequence[Drawing], room: float, gap: float) -> list[list[Drawing]]:
    columns: list[list[Drawing]] = [[]]
    used = 0.0
    for part in parts:
        if columns[-1] and used + part.height > room + 0.01:
            columns.append([])
            used = 0.0
        columns[-1].append(part)
        used += part.height + gap
    return columns


def composed(
    title: str, subtitle: str, body: Drawing, boxes: Iterable[Box], paint: Paint, said: Sequence[str], warning: str = ""
) -> Scene:
    """Title, body, legend and notes one under the other."""
    theme = paint.theme
    room = max(body.width, min(fonts.width(title, TITLE, True), 480.0), 300.0)
    names, under = fonts.wrapped(title, TITLE, room, bold=True), fonts.wrapped(subtitle, SMALL + 1, room)
    head: list[Text | Shape] = [Text(0, TITLE + n * 20, text, TITLE, theme.ink, True) for n, text in enumerate(names)]
    y = TITLE + (len(names) - 1) * 20 + 17
    head += [Text(0, y + n * 15, text, SMALL + 1, theme.muted) for n, text in enumerate(under)]
    y += (len(under) - 1) * 15
    for text in fonts.wrapped(warning, SMALL + 1, room, bold=True) if warning else []:
        y += 16
        head.append(Text(0, y, text, SMALL + 1, theme.alarm, True))
    elements: list[Element] = [Element(tuple(head), role="title")]
    y += 16
    elements += moved(body.elements, 0, y)
    y += body.height + 18
    legend = _legend(boxes, paint, room)
    elements += moved(legend.elements, 0, y)
    y += legend.height
    for note in said:
        for text in fonts.wrapped(note, SMALL, room):
            y += 14
            elements.append(Element((Text(0, y, text, SMALL, theme.muted),), role="note"))
    described = f"{title}: {subtitle}" + (f". {warning}" if warning else "")
    return Scene(room + 2 * MARGIN, y + 2 * MARGIN, title, described, theme.background, tuple(moved(elements, MARGIN, MARGIN)))


_NAMES = {
    DOWNSAMPLING: "block that lowers the resolution",
    BLOCK: "block",
    kinds.JOIN: "sum, concatenation",
    kinds.LINEAR: "linear",
}


def _legend(boxes: Iterable[Box], paint: Paint, room: float) -> Drawing:
    """The colours that occur and what they mean."""
    theme = paint.theme
    if paint.by != "kind":
        return _scale(paint)
    boxes = list(boxes)
    present = {box.kind for box in boxes} - {INPUT}
    products = kinds.words(kinds.PRODUCT)
    only_products = all(box.title in products for box in boxes if box.kind == kinds.ATTENTION)
    items: list[Text | Shape] = []
    x, y = 0.0, 8.0
    for kind in (kind for kind in KINDS if kind in present):
        name = "matrix product" if kind == kinds.ATTENTION and only_products else _NAMES.get(kind, kind)
        wide = 17 + fonts.width(name, SMALL) + 16
        if x and x + wide - 16 > room:
            x, y = 0.0, y + 16
        items.append(Shape(rectangle(x, y - 8, 12, 10, 2), theme.fills[kind], theme.stroke, 0.8))
        items.append(Text(x + 17, y, name, SMALL, theme.ink))
        x += wide
    return Drawing((Element(tuple(items), role="legend"),), room, y + 2)


def _scale(paint: Paint) -> Drawing:
    """The ramp from nothing to the most."""
    theme, steps, wide = paint.theme, 24, 6.0
    items: list[Text | Shape] = [Text(0, 8, paint.word, SMALL, theme.ink, True)]
    x = fonts.width(paint.word, SMALL, True) + 10
    least = f"{paint.least:.2g}" if paint.logarithmic else "0"
    items.append(Text(x, 8, least, SMALL, theme.ink))
    x += fonts.width(least, SMALL) + 6
    items += [Shape(rectangle(x + n * wide, 0, wide + 0.4, 10), theme.shade(n / (steps - 1))) for n in range(steps)]
    items.append(Shape(rectangle(x, 0, steps * wide, 10), "", theme.stroke, 0.6))
    most = f"{paint.most[0]:.3g}" if paint.values is not None else units.count(round(paint.most[0]))
    beside = (
        " (opened blocks: their own most)" if paint.most[1] != 1.0 and paint.most[1] != paint.most[0] and paint.most[1] else ""
    )
    beside = " (logarithmic)" if paint.logarithmic else beside
    items.append(Text(x + steps * wide + 6, 8, f"{most}{beside}", SMALL, theme.ink))
    return Drawing((Element(tuple(items), role="legend"),), x + 200, 10)
