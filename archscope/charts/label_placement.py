"""Labels that do not overlap: each gets the nearest free place around its point, and a leader line where that is not close by."""

from collections.abc import Iterator, Sequence
from math import cos, hypot, pi, sin
from typing import NamedTuple


class Box(NamedTuple):
    """A rectangle in pixels."""

    left: float
    bottom: float
    right: float
    top: float

    def overlap(self, other: "Box") -> float:
        """The area that both cover."""
        wide = min(self.right, other.right) - max(self.left, other.left)
        high = min(self.top, other.top) - max(self.bottom, other.bottom)
        return wide * high if wide > 0 and high > 0 else 0.0

    def grown(self, by: float) -> "Box":
        """The same with a margin."""
        return Box(self.left - by, self.bottom - by, self.right + by, self.top + by)


class Anchor(NamedTuple):
    """What a label belongs to: a disc in pixels; radius 0 for a point."""

    x: float
    y: float
    radius: float

    def covers(self, box: Box) -> float:
        """How deep the disc reaches into a box, in pixels; 0 where they do not touch."""
        near_x = min(max(self.x, box.left), box.right)
        near_y = min(max(self.y, box.bottom), box.top)
        return max(0.0, self.radius - hypot(self.x - near_x, self.y - near_y))


_ANGLES = tuple(pi / 180 * degrees for degrees in (0, 180, 90, 270, 35, -35, 145, -145, 60, -60, 120, -120))
_GAPS = (3.0, 8.0, 16.0, 26.0, 40.0, 58.0, 80.0)


def placed(anchors: Sequence[Anchor], sizes: Sequence[tuple[float, float]], bounds: Box, taken: Sequence[Box] = ()) -> list[Box]:
    """A box for each label, in the order of the anchors; no two overlap as long as there is room.

    Arguments:
        sizes: width and height of each label, in pixels.
        bounds: where labels may be.
        taken: boxes that they must leave free.
    """
    found: dict[int, Box] = {}
    order = sorted(range(len(anchors)), key=lambda at: (-_crowd(anchors, at), anchors[at].x, anchors[at].y))
    for _ in range(3):  # later rounds move what an early choice has left in a bad place
        for at in order:
            others = [box for other, box in found.items() if other != at]
            candidates = list(_around(anchors[at], sizes[at]))
            found[at] = min(candidates, key=lambda box: _price(box, anchors, at, [*others, *taken], bounds))
    return [found[at] for at in range(len(anchors))]


def _crowd(anchors: Sequence[Anchor], at: int) -> float:
    here = anchors[at]
    return sum(1 / (20 + hypot(here.x - other.x, here.y - other.y)) for n, other in enumerate(anchors) if n != at)


def _around(anchor: Anchor, size: tuple[float, float]) -> Iterator[Box]:
    wide, high = size
    for gap in _GAPS:
        for angle in _ANGLES:
            reach = anchor.radius + gap
            x, y = anchor.x + reach * cos(angle), anchor.y + reach * sin(angle)
            left = x - wide / 2 + cos(angle) * wide / 2
            bottom = y - high / 2 + sin(angle) * high / 2
            yield Box(left, bottom, left + wide, bottom + high)


def _price(box: Box, anchors: Sequence[Anchor], at: int, taken: Sequence[Box], bounds: Box) -> float:
    area = (box.right - box.left) * (box.top - box.bottom)
    outside = area - box.overlap(bounds)
    overlapping = sum(box.grown(2.0).overlap(other) for other in taken)
    covered = sum(anchor.covers(box.grown(2.0)) for anchor in anchors)
    here = anchors[at]
    aslant = min(abs((box.left + box.right) / 2 - here.x), abs((box.bottom + box.top) / 2 - here.y)) > 1
    return 1000 * (outside + overlapping) + 40 * covered + abs(distance(box, here) - _GAPS[0]) + 4 * aslant


def distance(box: Box, anchor: Anchor) -> float:
    """From the edge of the anchor to the nearest point of the box."""
    near_x = min(max(anchor.x, box.left), box.right)
    near_y = min(max(anchor.y, box.bottom), box.top)
    return hypot(anchor.x - near_x, anchor.y - near_y) - anchor.radius


def spread(wanted: Sequence[float], height: float) -> list[float]:
    """Centres of labels in a column, as near as can be to where they are wanted and `height` apart, in the order given."""
    order = sorted(range(len(wanted)), key=lambda at: wanted[at])
    groups: list[tuple[float, list[int]]] = []
    for at in order:
        centre, members = wanted[at], [at]
        while groups and centre - height * (len(members) - 1) / 2 < groups[-1][0] + height * (len(groups[-1][1]) + 1) / 2:
            _, before = groups.pop()
            members = [*before, *members]
            centre = sum(wanted[n] for n in members) / len(members)
        groups.append((centre, members))
    found = dict[int, float]()
    for centre, members in groups:
        for place, at in enumerate(members):
            found[at] = centre + height * (place - (len(members) - 1) / 2)
    return [found[at] for at in range(len(wanted))]
