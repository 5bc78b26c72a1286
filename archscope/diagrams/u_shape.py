"""The overview of a network that goes down and up again: its encoder on the left, its decoder on the right, each skip a
level line.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import prod

from archscope.diagrams.block_places import Rectangle
from archscope.diagrams.colouring import Paint, amount
from archscope.diagrams.opened_block import Drawing
from archscope.diagrams.overview_page import GAP, SMALL, box_height, box_width, connection, stage_box
from archscope.diagrams.picture import INPUT, Box, Panel
from archscope.diagrams.scene import Element
from archscope.graph import Graph

_APART = 90.0  # between the columns
_LINE = SMALL + 3.5
NOTE = "In each box: what leaves it; parameters · MACs. Encoder on the left, decoder on the right."


@dataclass(frozen=True)
class UShape:
    """How a network goes down and up.

    Attributes:
        skips: (from, to), the outermost first.
        bottom: the box with the lowest resolution, which stands between the columns.
    """

    skips: tuple[tuple[int, int], ...]
    bottom: int


def u_shape(panel: Panel) -> UShape | None:
    """The skips of a U-shaped network; None for any other.

    There are two or more, one inside the other, each between two places of one resolution with a lower one between them.
    """
    skips = sorted((edge for edge in panel.edges if edge[1] != edge[0] + 1), key=lambda edge: (edge[0], -edge[1]))
    if len(skips) < 2 or not all(a < c and d < b for (a, b), (c, d) in pairwise(skips)):
        return None
    areas = [_area(box) for box in panel.boxes]
    inner = range(skips[-1][0] + 1, skips[-1][1])
    bottom = min(inner, key=lambda at: (areas[at], at), default=0)
    last = max((at for at in inner if areas[at] == areas[bottom]), default=bottom)
    level = all(areas[a] == areas[b] > areas[bottom] for a, b in skips)
    falls = all(areas[a] > areas[c] for (a, _), (c, _) in pairwise(skips))
    chain = {(n, n + 1) for n in range(len(panel.boxes) - 1)} <= set(panel.edges)
    return UShape(tuple(skips), last) if level and falls and chain else None


def _area(box: Box) -> int:
    sizes = [int(size) for size in re.findall(r"\d+", box.shape)][:-1]
    return prod(sizes) if sizes else 0


def drawn(graph: Graph, panel: Panel, found: UShape, paint: Paint) -> Drawing:
    """The two columns."""
    width = box_width(panel.boxes)
    height = max(box_height(box, width) for box in panel.boxes) + 2 * _LINE
    rows = _rows(len(panel.boxes), found)
    pitch = height + GAP
    right = width + _APART
    places = []
    for box in panel.boxes:
        x = right / 2 if box.id == found.bottom else right if box.id > found.bottom else 0.0
        places.append(Rectangle(x, rows[box.id] * pitch, width, height))
    elements = [_step(places, a, b, found, paint) for a, b in panel.edges if b == a + 1]
    elements += [_skip(places, a, b, paint) for a, b in found.skips]
    for box in panel.boxes:
        costs = " · ".join((amount(box, "params"), amount(box, "macs"))) if box.costs.params or box.costs.macs else ""
        lines = [text for text in (box.shape, "" if box.kind == INPUT else costs) if text]
        elements.append(stage_box(graph, box, *places[box.id], paint, lines))
    return Drawing(tuple(elements), right + width, (max(rows) + 1) * pitch - GAP + 2)


def _rows(count: int, found: UShape) -> list[int]:
    """The row of each box: both ends of a skip in one, the bottom in the last."""
    rows = [0] * count
    ends = [(-1, count), *found.skips, (found.bottom, found.bottom)]
    at = -1  # row of the last pair of ends
    for (a, b), (c, d) in pairwise(ends):
        room = max(c - a, b - d)  # rows from one pair to the next
        if (c, d) == (found.bottom, found.bottom):
            room = max(c - a, b - d, 1)
        for n in range(a + 1, c):
            rows[n] = at + n - a
        for n in range(d + 1, b):
            rows[n] = at + room - (n - d)
        at += room
        rows[c] = at
        if d < count:
            rows[d] = at
    return rows


def _step(places: Sequence[Rectangle], a: int, b: int, found: UShape, paint: Paint) -> Element:
    """Down on the left, up on the right, around the corner to and from the bottom."""
    start, stop = places[a], places[b]
    from_x, to_x = start.x + start.width / 2, stop.x + stop.width / 2
    if b == found.bottom:
        level = stop.y + stop.height / 2
        return connection([(from_x, start.y + start.height), (from_x, level), (stop.x, level)], paint, a, b)
    if a == found.bottom:
        level = start.y + start.height / 2
        return connection([(start.x + start.width, level), (to_x, level), (to_x, stop.y + stop.height)], paint, a, b)
    if b > found.bottom:
        return connection([(from_x, start.y), (to_x, stop.y + stop.height)], paint, a, b)
    return connection([(from_x, start.y + start.height), (to_x, stop.y)], paint, a, b)


def _skip(places: Sequence[Rectangle], a: int, b: int, paint: Paint) -> Element:
    level = places[a].y + places[a].height / 2
    return connection([(places[a].x + places[a].width, level), (places[b].x, level)], paint, a, b)
