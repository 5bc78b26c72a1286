"""Small letters in place of arrows, for what conditions many boxes: the embedding of a time step, a text."""

from collections.abc import Sequence

from archscope.diagrams.block_places import Rectangle
from archscope.diagrams.colouring import Paint
from archscope.diagrams.picture import Panel
from archscope.diagrams.scene import Element, Shape, Text, circle

_RADIUS, _SIZE = 6.0, 8.5


def marks(panel: Panel, places: Sequence[Rectangle], paint: Paint) -> list[Element]:
    """Of each condition, at the upper corner of the boxes that read it, and at the lower corner of the one that it comes from."""
    found, used = [], [0] * len(places)
    for one in reversed(panel.conditions):
        for box in (*(() if one.source is None else (one.source,)), *one.readers):
            x, y, w, h = places[box]
            middle = (x + w - _RADIUS - 2 - used[box] * (2 * _RADIUS + 2), y + h + 3 if box == one.source else y - 3)
            used[box] += 1
            letter = Text(middle[0], middle[1] + 2.9, one.mark, _SIZE, paint.theme.ink, True, "middle")
            disc = Shape(circle(*middle, _RADIUS), paint.theme.background, paint.theme.line, 0.9)
            ends = () if one.line or box == one.source else (("from", str(one.source or 0)), ("to", str(box)))
            role = "edge" if ends else "condition"
            found.append(Element((disc, letter), f"{one.name}, {one.shape}", role, (*ends, ("condition", one.mark))))
    return found
