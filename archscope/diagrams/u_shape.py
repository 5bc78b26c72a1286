"""The overview of a network that goes down and up again: its encoder on the left, its decoder on the right, each skip a
level line.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import prod

from archscope.diagrams.block_places import Rectangle
from archscope.diagrams.colouring import Paint
from archscope.diagrams.condition_marks import marks
from archscope.diagrams.opened_block import Drawing
from archscope.diagrams.overview_page import GAP, SUBLINE, box_height, box_width, connection, inset, lines_inside, stage_box
from archscope.diagrams.picture import Box, Panel
from archscope.diagrams.scene import Element
from archscope.diagrams.shape_labels import first_shape
from archscope.graph import Graph

_APART = 90.0  # between the columns
_ASIDE = 34.0  # between the encoder and what only prepares conditions
NOTE = "In each box: what leaves it; parameters · MACs. Encoder on the left, decoder on the right."


@dataclass(frozen=True)
class UShape:
    """How a network goes down and up.

    Attributes:
        chain: the boxes on the way, in order; the others only prepare conditions.
        skips: (from, to), the outermost first, each drawn level.
        others: more skips: a step of the encoder may hand on what it has before and after it lowers the resolution.
        bottom: the box with the lowest resolution, which stands between the columns.
        between: boxes on skips, by the skip: what is handed on goes through one more block, as in an hourglass.
    """

    chain: tuple[int, ...]
    skips: tuple[tuple[int, int], ...]
    others: tuple[tuple[int, int], ...]
    bottom: int
    between: Mapping[tuple[int, int], int]


def u_shape(panel: Panel) -> UShape | None:
    """The skips of a U-shaped network; None for any other.

    There are two or more, one inside the other, and the resolution falls from the outermost to a bottom inside the innermost,
    and rises again.
    """
    between = _between(panel)
    chain = [box.id for box in panel.boxes if box.id not in panel.aside and box.id not in between.values()]
    steps, off = set(pairwise(chain)), panel.aside | set(between.values())
    jumps = [*(edge for edge in panel.flow if edge not in steps and off.isdisjoint(edge)), *between]
    nearest: dict[int, int] = {}
    for a, b in jumps:
        nearest[b] = max(a, nearest.get(b, a))
    skips = sorted((a, b) for b, a in nearest.items())
    if len(skips) < 2 or not all(a < c and d < b for (a, b), (c, d) in pairwise(skips)) or not steps <= set(panel.flow):
        return None
    areas = [_area(box) for box in panel.boxes]
    inner = [at for at in chain if skips[-1][0] < at < skips[-1][1]]
    if not inner:
        return None
    lowest = min(areas[at] for at in inner)
    bottom = max(at for at in inner if areas[at] == lowest)
    down, up = [areas[a] for a, _ in skips], [areas[b] for _, b in skips]
    falls = all(a >= b for ends in (down, up) for a, b in pairwise([*ends, lowest])) and down[0] > lowest
    crosses = all(a < bottom < b for a, b in jumps)
    others = tuple(edge for edge in jumps if edge not in skips)
    is_u = falls and crosses and len({*up, lowest}) > 2 and set(between) <= set(skips)
    return UShape(tuple(chain), tuple(skips), others, bottom, between) if is_u else None


def _between(panel: Panel) -> dict[tuple[int, int], int]:
    """The boxes that lie on a way of their own from one box to another, past which the network goes on, by those two."""
    into = {box.id: [a for a, b in panel.flow if b == box.id] for box in panel.boxes}
    ways = []
    for box in panel.boxes[1:-1]:
        before, after = into[box.id], panel.readers[box.id]
        past = (box.id - 1, box.id + 1) in panel.flow
        if past and len(before) == len(after) == 1 and (before[0], after[0]) != (box.id - 1, box.id + 1):
            ways.append((after[0] - before[0], box.id, (before[0], after[0])))
    found: dict[tuple[int, int], int] = {}
    for _, number, ends in sorted(ways, reverse=True):  # beside the longest way, its neighbour is what the network goes on with
        if {number - 1, number + 1}.isdisjoint(found.values()):
            found[ends] = number
    return found


def _area(box: Box) -> int:
    sizes = [int(size) for size in re.findall(r"\d+", first_shape(box.shape))][:-1]
    return prod(sizes) if sizes else 0


def drawn(graph: Graph, panel: Panel, found: UShape, paint: Paint) -> Drawing:
    """The two columns, and to their left what only prepares conditions."""
    width = box_width(panel.boxes)
    lines = {box.id: lines_inside(box, width) for box in panel.boxes}
    needed = [box_height(box, width) + len(lines[box.id]) * SUBLINE for box in panel.boxes]
    height = max(needed[1:])  # of every box but the input's, which may have more to say
    heights = [max(height, needed[0]), *([height] * (len(needed) - 1))]
    rows = _rows(found)
    aside = sorted(panel.aside)
    rows |= {box: at + 1 for at, box in enumerate(aside)} | {box: rows[a] for (a, _), box in found.between.items()}
    tops = [0.0]  # of the rows
    for row in range(max(rows.values()) + 1):
        tops.append(tops[-1] + max([height, *(heights[box] for box, at in rows.items() if at == row)]) + GAP)
    left = width + _ASIDE if aside else 0.0
    right = left + width + (width + _APART if found.between else _APART)
    places = []
    for box in panel.boxes:
        middle = box.id == found.bottom or box.id in found.between.values()
        x = (left + right) / 2 if middle else right if box.id > found.bottom else left
        y, room = tops[rows[box.id]], tops[rows[box.id] + 1] - GAP - tops[rows[box.id]]
        high = heights[box.id]
        places.append(Rectangle(0.0 if box.id in panel.aside else x, y + (room - high) / 2, width, high))
    elements = [_step(places, a, b, found, paint) for a, b in pairwise(found.chain)]
    skips = [(a, b) for a, b in found.skips if (a, b) not in found.between]
    skips += [end for (a, b), box in found.between.items() for end in ((a, box), (box, b))]
    elements += [_skip(panel, places, a, b, paint) for a, b in skips]
    elements += [_stepped(panel, places, a, b, paint) for a, b in found.others]
    elements += [_beside(places, a, b, paint) for a, b in panel.flow if b in panel.aside]
    elements += [stage_box(graph, box, *places[box.id], paint, lines[box.id]) for box in panel.boxes]
    elements += marks(panel, places, paint)
    return Drawing(tuple(elements), right + width, tops[-1] - GAP + 2)


def _rows(found: UShape) -> dict[int, int]:
    """The row of each box on the way: both ends of a skip in one, the bottom in the last."""
    count, place = len(found.chain), {box: at for at, box in enumerate(found.chain)}
    rows = [0] * count
    bottom = (place[found.bottom], place[found.bottom])
    ends = [(-1, count), *((place[a], place[b]) for a, b in found.skips), bottom]
    at = -1  # row of the last pair of ends
    for (a, b), (c, d) in pairwise(ends):
        room = max(c - a, b - d)  # rows from one pair to the next
        if (c, d) == bottom:
            room = max(c - a, b - d, 1)
        for n in range(a + 1, c):
            rows[n] = at + n - a
        for n in range(d + 1, b):
            rows[n] = at + room - (n - d)
        at += room
        rows[c] = at
        if d < count:
            rows[d] = at
    return {box: rows[at] for box, at in place.items()}


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


def _skip(panel: Panel, places: Sequence[Rectangle], a: int, b: int, paint: Paint) -> Element:
    level = places[a].y + places[a].height / 2
    return connection([(_right(panel, places, a, 0.5), level), (places[b].x, level)], paint, a, b)


def _right(panel: Panel, places: Sequence[Rectangle], box: int, down: float) -> float:
    """Where the right side of a box is, at this share of its height."""
    return places[box].x + places[box].width - inset(panel.boxes[box], down)


def _stepped(panel: Panel, places: Sequence[Rectangle], a: int, b: int, paint: Paint) -> Element:
    """A skip between two rows, down or up the corridor between the columns."""
    start, stop = places[a], places[b]
    x = stop.x - _APART / 2
    from_y, to_y = start.y + start.height * 0.82, stop.y + stop.height * 0.22
    return connection([(_right(panel, places, a, 0.82), from_y), (x, from_y), (x, to_y), (stop.x, to_y)], paint, a, b)


def _beside(places: Sequence[Rectangle], a: int, b: int, paint: Paint) -> Element:
    """To a box that only prepares conditions: from the one above it, or around the corner from the encoder."""
    start, stop = places[a], places[b]
    x = stop.x + stop.width / 2
    if start.x == stop.x:
        return connection([(x, start.y + start.height), (x, stop.y)], paint, a, b)
    level = start.y + start.height / 2
    return connection([(start.x, level), (x, level), (x, stop.y)], paint, a, b)
