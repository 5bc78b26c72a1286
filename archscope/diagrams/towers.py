"""The overview of a network whose branches each do much (two towers, twins that share their weights): side by side, and under
them what joins them.
"""

from itertools import combinations, pairwise

from archscope.diagrams.block_places import Frame, Places, in_branches, in_layers, is_bar, is_dot
from archscope.diagrams.colouring import Paint
from archscope.diagrams.condition_marks import marks
from archscope.diagrams.opened_block import Drawing, box_element, route_element
from archscope.diagrams.overview_page import SUBLINE, box_height, box_width, lines_inside, stage_box
from archscope.diagrams.picture import Box, Panel
from archscope.diagrams.series_layout import Size
from archscope.graph import Graph

NOTE = "In each box: what leaves it; parameters · MACs."
_MUCH = 0.05  # share of the multiply-accumulates
_MOST = 14  # boxes, where branches cross


class _Stages(Frame):
    """The boxes of an overview, each with what leaves it and what it costs."""

    def __init__(self, panel: Panel) -> None:
        self.width = box_width(panel.boxes, inside=True)
        self.lines = {box.id: lines_inside(box, self.width) for box in panel.boxes}
        super().__init__(panel)
        self.sizes[self.sink] = Size(1.0, 1.0)

    def _size(self, box: Box) -> Size:
        if is_dot(box) or is_bar(box):
            return super()._size(box)
        return Size(box_height(box, self.width) + len(self.lines[box.id]) * SUBLINE, self.width / 2)


def towers(panel: Panel) -> Places | None:
    """Where the boxes of a network with such branches are; None for any other.

    There are two boxes of which neither depends on the other, each with a twentieth of the multiply-accumulates or more.
    """
    if panel.aside or set(panel.flow) <= set(pairwise(range(len(panel.boxes)))):
        return None
    total = sum(box.costs.macs for box in panel.boxes)
    heavy = [box.id for box in panel.boxes if box.costs.macs > _MUCH * total]
    behind: list[set[int]] = [{box.id} for box in panel.boxes]  # what each box depends on
    for a, b in sorted(panel.flow, key=lambda edge: edge[1]):
        behind[b] |= behind[a]
    if all(a in behind[b] for a, b in combinations(heavy, 2)):
        return None
    frame = _Stages(panel)
    return in_branches(frame) or (in_layers(frame) if len(panel.boxes) <= _MOST else None)


def drawn(graph: Graph, panel: Panel, found: Places, paint: Paint) -> Drawing:
    """The branches side by side."""
    frame = _Stages(panel)
    elements = [route_element(frame, found.routes[edge], edge, paint) for edge in frame.drawn if edge[1] != frame.sink]
    for box in panel.boxes:
        place = found.boxes[box.id]
        small = is_dot(box) or is_bar(box)
        elements.append(
            box_element(graph, box, *place, paint, opened=False)
            if small
            else stage_box(graph, box, *place, paint, frame.lines[box.id])
        )
    elements += marks(panel, [found.boxes[box.id] for box in panel.boxes], paint)
    bottom = max(place.y + place.height for number, place in found.boxes.items() if number != frame.sink)
    return Drawing(tuple(elements), found.width, bottom + 2)
