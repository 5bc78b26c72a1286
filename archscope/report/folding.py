"""How the diagram of a network opens: every group of it with its boxes and arrows, each at the place that it has when all boxes
in it are closed. The browser makes room for a box that is opened; no layout runs there.

A group that does the same as another has the same inside, so that a network of 50,000 operators has a few dozen insides. What is
inside is said in pieces, counted from the first piece of the group.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from archscope.diagrams.block_places import Frame, Places, in_branches, is_bar, is_dot, layer_places, text_of
from archscope.diagrams.composition import Maker
from archscope.diagrams.layered_layout import layered_each
from archscope.diagrams.operator_level import box_of
from archscope.diagrams.picture import INPUT, Box, Panel
from archscope.diagrams.shape_labels import shape_label
from archscope.graph import Graph, Node
from archscope.views.fusion import ENTRY, Piece
from archscope.views.module_groups import Group, signature
from archscope.views.overview import overview

MOST = 64  # boxes of one opened group

Inside = dict[str, Any]
Key = tuple[object, ...]


class Folding:
    """The insides of a network.

    Attributes:
        maker: its pieces, their costs and their labels.
        insides: what opens; the first is the network's overview. See `_plain` for the keys.
    """

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.maker = Maker(graph)
        self.insides: list[Inside] = []
        self._numbers: dict[Key, int] = {}
        self._final = set(graph.outputs)
        self._frames: list[tuple[int, Panel, Frame]] = []  # those that are left to the engine
        top = overview(self.maker.cut)
        panel = self.maker.overview(top)
        whole = Group(0, len(self.maker.cut.items), 0)
        self._add(("network",), whole, top, replace(panel, shapes=(panel.boxes[0].shape, panel.boxes[-1].shape)))
        self._lay_out_rest()

    def _add(self, key: Key, around: Group, parts: Sequence[Group], panel: Panel) -> int:
        """Adds a group that opens into `parts`, and everything inside these; returns its number."""
        number = self._numbers[key] = len(self.insides)
        self.insides.append({})
        frame = Frame(panel)
        there = in_branches(frame)
        if there is None:
            self._frames.append((number, panel, frame))
        made = self.insides[number] = _plain(panel, there, frame)
        made["at"] = [[part.start - around.start, part.stop - around.start] for part in parts]
        made["opens"] = [self._opened(part, around) for part in parts]
        made["up"] = [self._up(part) for part in parts]
        return number

    def _opened(self, group: Group, around: Group) -> int:
        """The number of what is inside a group; -1 for a single operator."""
        cut = self.maker.cut
        if group.members:
            key: Key = ("members", *(signature(cut, member) for member in group.members))
            if key in self._numbers:
                return self._numbers[key]
            parts = _chunks(group)
            return self._add(key, group, parts, self.maker.panel_of(group, parts))
        if group.size == 1:
            return self._piece(cut.items[group.start])
        key = ("group", signature(cut, group))
        if key in self._numbers:
            return self._numbers[key]
        parts = list(self.maker.parts(group))
        if len(parts) == 1 and (parts[0].start, parts[0].stop) == (group.start, group.stop) and not parts[0].members:
            parts = _cut(group)  # a module around nothing but itself
        return self._add(key, group, parts, self.maker.panel_of(group, parts))

    def _piece(self, piece: Piece) -> int:
        """The operators of a piece; those that nobody reads and that cost nothing are left out, unless there are no others."""
        cut = self.maker.cut
        members = [at for at, node in enumerate(piece.nodes) if self._counts(node)] or list(range(len(piece.nodes)))
        if len(members) < 2:
            return -1
        key = ("piece", cut.signatures[piece.id], len(piece.nodes), tuple(members))
        if key in self._numbers:
            return self._numbers[key]
        number = self._numbers[key] = len(self.insides)
        shapes = shape_label(cut, piece.inputs[0] if piece.inputs else ENTRY), shape_label(cut, piece.id)
        panel = _operators(self.graph, [piece.nodes[at] for at in members], shapes)
        frame = Frame(panel)
        there = in_branches(frame)
        self.insides.append({**_plain(panel, there, frame), "members": members})
        if there is None:
            self._frames.append((number, panel, frame))
        return number

    def _counts(self, node: Node) -> bool:
        read = any(t in self.graph.consumers or t in self._final for t in node.outputs)
        return bool(read or node.cost.flops or node.cost.unknown or not node.outputs)

    def _up(self, group: Group) -> int:
        """How many modules lie between the one that ran a group's first operator and the one that the group is named after."""
        unit = group.unit
        if unit.call is None:
            return 0
        at, steps = self.maker.cut.items[unit.start].main.call, 0
        while at != unit.call:
            parent = self.graph.calls[at].parent
            if parent is None:
                return 0
            at, steps = parent, steps + 1
        return steps

    def _lay_out_rest(self) -> None:
        """What is not made of series and branches, in one run of the engine."""
        placed = layered_each([(frame.rooms(), frame.edges) for _, _, frame in self._frames])
        for (number, panel, frame), one in zip(self._frames, placed, strict=True):
            self.insides[number] |= _geometry(panel, layer_places(frame, one), frame)


def _chunks(group: Group) -> list[Group]:
    """The members of a group, or runs of them where they are too many for one picture."""
    members = list(group.members)
    if len(members) <= MOST:
        return members
    size = max(MOST, -(-len(members) // MOST))
    runs = [tuple(members[at : at + size]) for at in range(0, len(members), size)]
    return [Group(run[0].start, run[-1].stop, members=run, equal=group.equal) for run in runs]


def _cut(group: Group) -> list[Group]:
    """A group without modules inside, in runs of pieces."""
    size = max(1, -(-group.size // MOST))
    return [Group(at, min(at + size, group.stop)) for at in range(group.start, group.stop, size)]


def _operators(graph: Graph, nodes: Sequence[Node], shapes: tuple[str, str]) -> Panel:
    """A piece opened into its operators; box 0 is what they read from elsewhere."""
    at = {node.id: n + 1 for n, node in enumerate(nodes)}
    boxes = [Box(0, "input", INPUT, "input", shapes[0]), *(replace(box_of(graph, node), id=at[node.id]) for node in nodes)]
    edges = dict.fromkeys((_source(graph, at, t), at[node.id]) for node in nodes for t in node.inputs)
    return Panel("", tuple(boxes), tuple(edges), shapes)


def _source(graph: Graph, at: dict[int, int], tensor: int) -> int:
    made: Node | None = graph.producer.get(tensor)
    return at.get(made.id, 0) if made is not None else 0


def _plain(panel: Panel, there: Places | None, frame: Frame) -> Inside:
    """An inside as data.

    Keys: `name`; `shapes` in and out; of each box but the input: `labels`, `kinds`, `words`, `outs` (shape that leaves it),
    `counts`, `forms` (0 a box, 1 a bar, 2 a circle); what `_geometry` says; and of a group's boxes `at` (pieces), `opens` (number
    of the inside, -1 for none) and `up` (see `Folding._up`); of a piece's `members`: which of its operators they are.
    """
    boxes = panel.boxes[1:]
    found: Inside = {
        "name": panel.title,
        "shapes": list(panel.shapes),
        "labels": [text_of(box) for box in boxes],
        "kinds": [box.kind for box in boxes],
        "words": [box.word for box in boxes],
        "outs": [box.shape for box in boxes],
        "counts": [box.count for box in boxes],
        "equal": [box.equal for box in boxes],
        "forms": [2 if is_dot(box) else 1 if is_bar(box) else 0 for box in boxes],
    }
    return found if there is None else found | _geometry(panel, there, frame)


def _geometry(panel: Panel, there: Places, frame: Frame) -> Inside:
    """`size`; `boxes` as x, y, width, height, the input's first and the result's last; `edges` as from, to, and `lines` as
    x, y, x, y ...; `curves`: whether the lines are Bezier curves; `scales`: what a summand is multiplied by, by edge number.
    """
    edges = list(there.routes)
    by_id = {box.id: box for box in panel.boxes}
    scales: dict[int, float] = {}
    for number, (a, b) in enumerate(edges):
        box = by_id.get(b)
        if box is not None and box.scale is not None and a == max(x for x, y in edges if y == b):
            scales[number] = box.scale
    return {
        "size": [_n(there.width), _n(there.height)],
        "boxes": [[_n(v) for v in there.boxes[number]] for number in range(frame.sink + 1)],
        "edges": edges,
        "lines": [[_n(v) for point in there.routes[edge].points for v in point] for edge in edges],
        "curves": any(route.curve for route in there.routes.values()),
        "scales": scales,
    }


def _n(value: float) -> float | int:
    """A place to a tenth of a point."""
    rounded = round(value, 1)
    return int(rounded) if rounded == int(rounded) else rounded
