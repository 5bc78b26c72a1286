"""The overview of an encoder and a decoder, as the Transformer's paper draws them (Vaswani et al., arXiv 1706.03762, figure 1):
side by side, each under what it reads of the network's inputs, and a line from the one to where the other reads what it has made.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from archscope.diagrams.block_places import Rectangle
from archscope.diagrams.colouring import Paint
from archscope.diagrams.condition_marks import marks
from archscope.diagrams.opened_block import Drawing
from archscope.diagrams.overview_page import (
    ARC,
    GAP,
    SUBLINE,
    arcs,
    box_height,
    box_width,
    connection,
    inset,
    lines_inside,
    stage_box,
)
from archscope.diagrams.picture import Box, Panel
from archscope.diagrams.scene import Element, Text
from archscope.graph import Graph
from archscope.views.encoder_decoder import EncoderDecoder

NOTE = "In each box: what leaves it; parameters · MACs."
_APART = 64.0  # between the columns
_TITLE = 13.0
_LEAVES, _ENTERS = 0.72, 0.28  # where what is no step of the chain does, as shares of the box


@dataclass(frozen=True)
class _Column:
    """One part: its boxes from top to bottom, the input's first where it reads it.

    Attributes:
        side: -1 for arcs on the left, 1 for arcs on the right.
        margin: the room that these take.
    """

    boxes: tuple[Box, ...]
    places: Mapping[int, Rectangle]
    lines: Mapping[int, Sequence[str]]
    edges: tuple[tuple[int, int], ...]
    side: int
    margin: float

    def moved(self, x: float, y: float) -> "_Column":
        return replace(self, places={n: Rectangle(r.x + x, r.y + y, r.width, r.height) for n, r in self.places.items()})

    def level(self, box: int, down: float = 0.5) -> float:
        """The height on the page of this share of a box."""
        return self.places[box].y + self.places[box].height * down


def drawn(graph: Graph, panel: Panel, parts: EncoderDecoder, paint: Paint) -> Drawing:
    """The encoder on the left, the decoder on the right; what makes the memory and what reads it first are on one level."""
    width = box_width(panel.boxes, inside=True)
    left, right = _column(panel, parts.encoder, width, -1), _column(panel, parts.decoder, width, 1)
    titles = _title(left, "encoder"), _title(right, "decoder")
    head = _TITLE + 8 if any(titles) else 0.0
    down = left.level(parts.memory) - right.level(parts.readers[0])
    left = left.moved(left.margin, head + max(-down, 0.0))
    right = right.moved(left.margin + width + _APART, head + max(down, 0.0))
    elements = [edge for column in (left, right) for edge in _edges(column, paint)]
    elements += _crossing(panel, left, right, parts.memory, paint)
    for column, title in zip((left, right), titles, strict=True):
        elements += [stage_box(graph, box, *column.places[box.id], paint, column.lines[box.id]) for box in column.boxes]
        first = column.places[column.boxes[0].id]
        words = Text(first.x + width / 2, first.y - 8, title, _TITLE, paint.theme.ink, True, "middle")
        elements += [Element((words,), role="part")] if title else []
    elements += marks(panel, [{**right.places, **left.places}[box.id] for box in panel.boxes], paint)
    bottom = max(place.y + place.height for column in (left, right) for place in column.places.values())
    return Drawing(tuple(elements), left.margin + 2 * width + _APART + right.margin, bottom + 2)


def _column(panel: Panel, members: Sequence[int], width: float, side: int) -> _Column:
    given = dict.fromkeys(name for n in members for name in panel.given.get(n, ()))
    entry = (replace(panel.boxes[0], given=tuple(given)),) if given else ()
    boxes = (*entry, *(panel.boxes[n] for n in members))
    lines = {box.id: lines_inside(box, width) for box in boxes}
    places: dict[int, Rectangle] = {}
    y = 0.0
    for box in boxes:
        height = box_height(box, width) + len(lines[box.id]) * SUBLINE
        places[box.id] = Rectangle(0.0, y, width, height)
        y += height + GAP
    edges = tuple((a, b) for a, b in panel.flow if a in places and b in members)
    at = {box.id: n for n, box in enumerate(boxes)}
    tracks = [arc.track + 1 for arc in arcs([(at[a], at[b]) for a, b in edges])]
    return _Column(boxes, places, lines, edges, side, ARC * (max(tracks) + 1) if tracks else 0.0)


def _title(column: _Column, word: str) -> str:
    """The name of a part in the network, where it says what the part is: "encoder", "speech encoder"."""
    paths = [path for box in column.boxes for path in box.paths if box.costs.macs]
    named = [next((name for name in path.split(".") if re.search("encoder|decoder", name)), "") for path in paths]
    found = [name for name in dict.fromkeys(named) if name]
    return found[0].replace("_", " ") if len(found) == 1 and word in found[0] else ""


def _edges(column: _Column, paint: Paint) -> Iterator[Element]:
    """Steps down the column, and arcs beside it."""
    order = [box.id for box in column.boxes]
    steps, at = set(pairwise(order)), {number: n for n, number in enumerate(order)}
    for a, b in column.edges:
        if (a, b) in steps:
            x = column.places[a].x + column.places[a].width / 2
            yield connection([(x, column.level(a, 1.0)), (x, column.level(b, 0.0))], paint, a, b)
    for arc in arcs([(at[a], at[b]) for a, b in column.edges]):
        leaves, enters = column.boxes[arc.start], column.boxes[arc.stop]
        start, stop = _side(column, leaves, _LEAVES, column.side), _side(column, enters, _ENTERS, column.side)
        x = _side(column, leaves, 0.0, column.side)[0] + column.side * ARC * (arc.track + 1.2)
        yield connection([start, (x, start[1]), (x, stop[1]), stop], paint, leaves.id, enters.id)


def _side(column: _Column, box: Box, down: float, side: int) -> tuple[float, float]:
    """The point on the left or right side of a box, at this share of its height."""
    place, slant = column.places[box.id], inset(box, down)
    return (place.x + slant if side < 0 else place.x + place.width - slant, column.level(box.id, down))


def _crossing(panel: Panel, left: _Column, right: _Column, memory: int, paint: Paint) -> Iterator[Element]:
    """The lines from the encoder to the decoder: the memory's in the middle of the corridor, others beside it."""
    middle = left.places[memory].x + left.places[memory].width + _APART / 2
    others = dict.fromkeys(a for a, b in panel.flow if a and a in left.places and b not in left.places and a != memory)
    lanes = {memory: middle} | {a: middle + ARC * (n + 1) * (-1) ** n for n, a in enumerate(others)}
    for a, b in panel.flow:
        if a in lanes and b not in left.places:
            leaves, enters = (0.5, 0.5) if a == memory else (_LEAVES, _ENTERS)
            start, stop = _side(left, panel.boxes[a], leaves, 1), _side(right, panel.boxes[b], enters, -1)
            bend = [] if start[1] == stop[1] else [(lanes[a], start[1]), (lanes[a], stop[1])]
            yield connection([start, *bend, stop], paint, a, b)
