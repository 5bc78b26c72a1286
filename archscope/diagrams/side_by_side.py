"""Several networks side by side, what they do at the same resolution on the same height."""

import re
from collections.abc import Sequence
from itertools import pairwise

from archscope.diagrams import text_width as fonts
from archscope.diagrams.block_places import Rectangle
from archscope.diagrams.colouring import Paint, amount
from archscope.diagrams.condition_marks import marks
from archscope.diagrams.mark_notes import convolution_note
from archscope.diagrams.opened_block import Drawing
from archscope.diagrams.overview_page import GAP, SMALL, arcs, box_height, box_width, stage_box
from archscope.diagrams.page import alarm, composed, summary
from archscope.diagrams.picture import INPUT, Box, Picture
from archscope.diagrams.scene import Element, Scene, Shape, Text, arrow, line
from archscope.errors import UsageError
from archscope.graph import window_signs

_APART, _HEAD, _ARC = 34.0, 58.0, 9.0
_HEIGHT, _NOTES = 55.0, 28.0  # of a box at least, and of the lines under its label


def side_by_side(pictures: Sequence[Picture], paint: Paint) -> Scene:
    """The overviews of two or more networks; raises `UsageError` for fewer."""
    if len(pictures) < 2:
        raise UsageError("side by side needs two networks", "archscope diagram inception_v3 inception_v4")
    rows = _rows(pictures)
    needed = [box_height(box, box_width(p.overview.boxes)) + _NOTES for p in pictures for box in p.overview.boxes]
    height = max([_HEIGHT, *needed])
    labels = [name for name, _ in rows]
    gutter = max((fonts.width(name, SMALL + 1, True) for name in labels), default=0.0) + 22
    tops: dict[int, float] = {}
    y = _HEAD
    for at, (_, boxes_high) in enumerate(rows):
        tops[at] = y
        y += boxes_high * (height + GAP) + GAP
    elements: list[Element] = []
    x, bottom = gutter, y
    columns: list[Element] = []
    for picture in pictures:
        column = _column(picture, x, rows, tops, height, paint)
        columns += column.elements
        x += column.width + _APART
    total = x - _APART
    for at, (name, _) in enumerate(rows):
        if name:
            rule = Shape(line([(0, tops[at] - GAP), (total, tops[at] - GAP)]), stroke=paint.theme.muted, width=0.5, dashed=True)
            elements.append(Element((rule, Text(0, tops[at] + 14, name, SMALL + 1, paint.theme.muted, True)), role="resolution"))
    body = Drawing((*elements, *columns), total, bottom)
    warning = "; ".join(filter(None, (alarm(picture) for picture in pictures)))
    boxes = [box for picture in pictures for box in picture.overview.boxes]
    title = " · ".join(picture.title for picture in pictures)
    said = ["In each box: what leaves it; parameters · MACs. Rows: resolution after the box.", *_marks(pictures)]
    return composed(title, f"{len(pictures)} networks by resolution", body, boxes, paint, said, warning)


def _marks(pictures: Sequence[Picture]) -> list[str]:
    """What the marks in the boxes mean; what a convolution is to each network, where they are not agreed."""
    by_note: dict[str, list[str]] = {}
    for picture in pictures:
        by_note.setdefault(convolution_note(picture.overview.boxes, picture.usual), []).append(picture.title)
    found = [note if len(by_note) == 1 else f"{', '.join(titles)}: {note}" for note, titles in by_note.items() if note]
    windows = window_signs.explained(box.mark for picture in pictures for box in picture.overview.boxes)
    return [*found, *([windows] if windows else [])]


def resolution(box: Box) -> str:
    """`"35x35"` of "35x35x384"; "" of what has no places."""
    return box.shape.rpartition("x")[0].strip()


def _area(name: str) -> int:
    total = 1
    for size in re.findall(r"\d+", name):
        total *= int(size)
    return total


def _rows(pictures: Sequence[Picture]) -> list[tuple[str, int]]:
    """The resolutions from fine to coarse, and the most boxes at each; one nameless row where a network goes back up."""
    counts: dict[str, int] = {}
    for picture in pictures:
        here: dict[str, int] = {}
        names = [resolution(box) for box in picture.overview.boxes if box.kind != INPUT]
        if any(_area(a) < _area(b) for a, b in pairwise(names)):
            return [("", max(len(p.overview.boxes) for p in pictures))]
        for name in names:
            here[name] = here.get(name, 0) + 1
        for name, count in here.items():
            counts[name] = max(counts.get(name, 0), count)
    ordered = sorted(counts, key=lambda name: (-_area(name), name))
    return [("input", 1), *((name or "1x1", counts[name]) for name in ordered)]


def _column(
    picture: Picture, x: float, rows: Sequence[tuple[str, int]], tops: dict[int, float], height: float, paint: Paint
) -> Drawing:
    boxes, theme = picture.overview.boxes, paint.theme
    found = arcs(picture.overview.flow)
    inset = _ARC * (max((arc.track for arc in found), default=-1) + 2) if found else 0.0
    texts = [summary(picture).split(" · ")[0], summary(picture).split(" · ")[1]]
    width = max(box_width(boxes), fonts.width(picture.title, 13, True), *(fonts.width(text, SMALL) for text in texts))
    left = x + inset
    elements = [
        Element(
            (
                Text(left + width / 2, 12, picture.title, 13, theme.ink, True, "middle", width),
                *(Text(left + width / 2, 26 + 12 * n, text, SMALL, theme.muted, anchor="middle") for n, text in enumerate(texts)),
            ),
            role="title",
        )
    ]
    row_of = {name: at for at, (name, _) in enumerate(rows)}
    used: dict[int, int] = {}
    places: list[float] = []
    for box in boxes:
        row = 0 if len(rows) == 1 or box.kind == INPUT else row_of[resolution(box) or "1x1"]
        places.append(tops[row] + used.get(row, 0) * (height + GAP))
        used[row] = used.get(row, 0) + 1
    middle = left + width / 2
    for a, b in picture.overview.flow:
        if b == a + 1:
            elements.append(_arrow([(middle, places[a] + height), (middle, places[b])], paint))
    for arc in found:
        track = left - _ARC * (arc.track + 1.2)
        start, stop = places[arc.start] + height * 0.72, places[arc.stop] + height * 0.28
        elements.append(_arrow([(left, start), (track, start), (track, stop), (left, stop)], paint))
    for box, y in zip(boxes, places, strict=True):
        costs = " · ".join((amount(box, "params"), amount(box, "macs"))) if box.costs.params or box.costs.macs else ""
        elements.append(
            stage_box(picture.graph, box, left, y, width, height, paint, [text for text in (box.shape, costs) if text])
        )
    elements += marks(picture.overview, [Rectangle(left, y, width, height) for y in places], paint)
    return Drawing(tuple(elements), width + inset, 0)


def _arrow(points: list[tuple[float, float]], paint: Paint) -> Element:
    shapes = (
        Shape(line(points), stroke=paint.theme.line, width=1.2),
        Shape(arrow(points[-1], points[-2]), fill=paint.theme.line),
    )
    return Element(shapes, role="edge")
