"""Graph -> Picture: the overview's groups become boxes with labels, colours and costs, and each distinct block is opened once."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from string import ascii_lowercase
from types import MappingProxyType

from archscope.diagrams import box_labels as wording
from archscope.diagrams.box_costs import added, piece_costs
from archscope.diagrams.box_kinds import block_kind, piece_kind
from archscope.diagrams.letters import Letters
from archscope.diagrams.picture import BLOCK, DOWNSAMPLING, INPUT, Box, Condition, Panel, Picture
from archscope.diagrams.shape_labels import (
    given_label,
    group_shape_label,
    input_label,
    shape_label,
)
from archscope.errors import UsageError
from archscope.graph import Graph
from archscope.registry import nearest
from archscope.views.conditioning import Condition as Conditional
from archscope.views.conditioning import conditioning, given
from archscope.views.encoder_decoder import encoder_decoder
from archscope.views.fusion import ENTRY, Pieces, pieces
from archscope.views.module_groups import Group, contents, is_series, path_of, signature, sources, structure, type_of
from archscope.views.overview import LIMIT, inside, overview
from archscope.views.repeats import fold

_PANEL_LIMITS = (
    64,
    32,
    16,
    8,
)  # boxes of one opened block; the fewer, the more arrows there are (DenseNet: to every later layer)
_NONE: Mapping[object, int] = MappingProxyType({})
_SHORT = 9  # letters of what tells two boxes apart
_MANY, _MANY_BOXES, _FEW = 12, 160, 4  # blocks to open, boxes in them, and blocks in a row that are not equal
_CROWDED = 120  # arrows that nobody can follow


def picture(graph: Graph, *, title: str = "", opened: bool = False, limit: int = LIMIT) -> Picture:
    """A network as an overview of at most `limit` boxes and its input.

    Arguments:
        title: the network's name for readers; the graph's own if not given.
        opened: also open every distinct block.
    """
    maker = Maker(graph)
    groups = overview(maker.cut, limit)
    maker.told = wording.told_apart(maker.cut, groups)
    maker.overview(groups, opened=opened)
    blocks = maker.with_composites(maker.distinct(groups)) if opened else []
    shown, numbers, alike = maker.each_once(blocks)
    panels = [maker.panel(group, numbers) for group in shown]
    return Picture(graph, title or graph.name, maker.overview(groups, numbers, opened), tuple(panels), maker.usual, alike)


def block_picture(graph: Graph, name: str, *, title: str = "") -> Picture:
    """One block alone, by a module's path ("mixed_5b.branch1") or by what the overview calls it ("Inception-A").

    Raises `UsageError` with the nearest names where there is none.
    """
    maker = Maker(graph)
    shown = overview(maker.cut)
    maker.told = wording.told_apart(maker.cut, shown)
    maker.overview(shown, opened=True)
    groups = maker.distinct(shown)
    found = next((g for g in groups if maker.label(g).lower() == name.lower() or type_of(maker.cut, g.unit) == name), None)
    found = found or maker.at(name)
    if found is None:
        raise _unknown_block(graph, name, list(dict.fromkeys(maker.label(group) for group in groups)))
    panel = maker.panel(found)
    return Picture(graph, f"{title or graph.name}: {panel.title}", panel, (), maker.usual)


def _unknown_block(graph: Graph, name: str, blocks: Sequence[str]) -> UsageError:
    close = nearest(name, [*blocks, *(call.path for call in graph.calls if call.path)])
    known = ", ".join(blocks) or "none"
    hint = f"did you mean {' or '.join(close)}? " if close else ""
    return UsageError(f"unknown block '{name}'", f"{hint}blocks of {graph.name}: {known}; or the path of any module")


class Maker:
    """Boxes of one graph.

    Attributes:
        cut: its pieces.
        usual: what stands behind most of its convolutions.
        costs: of each piece.
        told: names of blocks that are told apart from others of their class.
        letters: of the conditions of the overview that was made last.
    """

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.cut: Pieces = pieces(graph)
        self.usual = wording.usual(self.cut)
        self.costs = piece_costs(self.cut)
        self.told: dict[object, str] = {}
        self.letters = Letters(self.cut)

    def label(self, group: Group) -> str:
        """What a group is called."""
        return wording.group_label(self.cut, group, self.told)

    def at(self, path: str) -> Group | None:
        """The pieces of the first run of a module."""
        for call in self.graph.calls:
            if call.path == path:
                ids = [
                    piece.id
                    for piece in self.cut.items
                    if any(call.id <= node.call < self.graph.end(call.id) for node in piece.nodes)
                ]
                return Group(ids[0], ids[-1] + 1, call.id) if ids else None
        return None

    def distinct(self, groups: Sequence[Group]) -> list[Group]:
        """The blocks that are worth opening, each once."""
        first: dict[object, Group] = {}
        for group in groups:
            few = group.equal or len(group.members) <= _FEW
            key = signature if few else structure
            for member in (group.unit,) if group.equal or group.again else group.members:
                if member.size > 1:
                    first.setdefault(key(self.cut, member), member)
        return list(first.values())

    def with_composites(self, blocks: Sequence[Group]) -> list[Group]:
        """The blocks, and behind each what stands in it as one box and can be opened too: attention, a gated MLP, the blocks of a
        repeated pair.
        """
        first: dict[object, Group] = {}
        waiting = list(blocks)
        while waiting:
            group = waiting.pop(0)
            if signature(self.cut, group) in first:
                continue
            first[signature(self.cut, group)] = group
            parts, series = (part.unit for part in self.parts(group)), is_series(self.cut, group)
            waiting[:0] = [part for part in parts if series or (part.start, part.stop) in self.cut.composites]
        return list(first.values())

    def each_once(self, blocks: Sequence[Group]) -> tuple[list[Group], dict[object, int], bool]:
        """The blocks to open; for the signature of each block the number of the one that shows it; and whether blocks are shown
        by others that differ from them in their sizes. Those that look the same are shown once, and where there are many, or
        many boxes in them, those that differ in their sizes too.
        """
        panels = [self.panel(block) for block in blocks]
        crowded = len(blocks) > _MANY or sum(len(panel.boxes) for panel in panels) > _MANY_BOXES
        shown: list[Group] = []
        numbers: dict[object, int] = {}
        known: dict[object, int] = {}
        for block, panel in zip(blocks, panels, strict=True):
            looks = (
                panel.title,
                panel.shapes,
                panel.edges,
                panel.conditions,
                tuple((box.title, box.mark, box.scale) for box in panel.boxes),
            )
            key = structure(self.cut, block) if crowded else looks
            number = known.get(looks, known.get(key, len(shown)))
            known[looks] = known[key] = numbers[signature(self.cut, block)] = number
            shown += [block] if number == len(shown) else []
        return shown, numbers, crowded and len(shown) < len(blocks)

    def overview(self, groups: Sequence[Group], numbers: Mapping[object, int] = _NONE, opened: bool = False) -> Panel:
        """The network's boxes, its input first.

        Arguments:
            numbers: of the panels that show the blocks, by the signature of each.
            opened: whether there are such: then what an encoder makes has a letter too.
        """
        entry = Box(
            0,
            "Input",
            INPUT,
            "input",
            shape_label(self.cut, ENTRY),
            given=tuple(given_label(self.cut, t) for t in self.graph.inputs) if len(self.graph.inputs) > 1 else (),
            nodes=tuple(node.id for node in self.cut.entry),
            costs=self.costs[ENTRY],
        )
        boxes = [entry, *(self._box(n + 1, group, numbers) for n, group in enumerate(groups))]
        named = _told_apart(boxes)
        found = conditioning(self.cut, groups)
        marked = tuple(self._condition(*pair, named) for pair in zip(ascii_lowercase, found.found, strict=False))
        beside = frozenset((a + 1, b + 1) for a, b in found.beside)
        read = enumerate(given(self.cut, groups), 1)
        inputs = {n: tuple(given_label(self.cut, t) for t in tensors) for n, tensors in read if tensors}
        panel = Panel("", named, self._edges(groups), conditions=marked, beside=beside, given=inputs)
        parts = encoder_decoder(self.cut, groups, panel.flow)
        made = [one.tensor if one.source == ENTRY else groups[one.source] for one in found.found]
        if parts is not None and opened and len(marked) < len(ascii_lowercase):
            made.append(groups[parts.memory - 1])
            shape, mark = named[parts.memory].shape, ascii_lowercase[len(marked)]
            marked += (Condition(mark, "what the encoder makes", shape, parts.memory, parts.readers, line=True),)
        self.letters = Letters(self.cut, [*zip(marked, made, strict=False)])
        return replace(panel, parts=parts, conditions=marked)

    def _condition(self, mark: str, found: Conditional, boxes: Sequence[Box]) -> Condition:
        box, is_input = boxes[found.source + 1], found.source == ENTRY
        if is_input:
            at = self.graph.inputs.index(found.tensor)
            name, shape = self.graph.input_names[at] or f"input {at + 1}", input_label(self.cut, found.tensor)
        else:
            name, shape = box.label, box.shape
        return Condition(mark, name, shape, box.id, tuple(reader + 1 for reader in found.readers))

    def panel(self, group: Group, numbers: Mapping[object, int] = _NONE) -> Panel:
        """One block, opened; its input is box 0."""
        return self.panel_of(group.unit, self.parts(group.unit), numbers)

    def parts(self, unit: Group) -> Sequence[Group]:
        """What is shown of a block when it is opened."""
        if is_series(self.cut, unit):
            return fold(self.cut, contents(self.cut, unit), longest=1)
        groups: Sequence[Group] = ()
        for limit in _PANEL_LIMITS:
            groups = inside(self.cut, unit, limit)
            if len(self._edges(groups)) <= _CROWDED:
                break
        return groups

    def panel_of(self, group: Group, parts: Sequence[Group], numbers: Mapping[object, int] = _NONE) -> Panel:
        """A group opened into these parts."""
        into, out = self.letters.read(group), group_shape_label(self.cut, group.unit)
        conditions, beside = self.letters.conditions(group, parts)
        boxes = [Box(0, "input", INPUT, "input", into), *(self._box(n + 1, part, numbers) for n, part in enumerate(parts))]
        return Panel(self.label(group), tuple(boxes), self._edges(parts), (into, out), conditions, beside)

    def _edges(self, groups: Sequence[Group]) -> tuple[tuple[int, int], ...]:
        at = {piece: n + 1 for n, group in enumerate(groups) for piece in range(group.start, group.stop)}
        found: dict[tuple[int, int], None] = {}
        for n, group in enumerate(groups):
            for source in sources(self.cut, group):
                found[at.get(source, 0), n + 1] = None
        return tuple(found)

    def _box(self, number: int, group: Group, panels: Mapping[object, int]) -> Box:
        cut, unit = self.cut, group.unit
        single = cut.items[unit.start] if unit.size == 1 else None
        nodes = [node.id for piece in cut.items[group.start : group.stop] for node in piece.nodes]
        parts = [self.costs[at] for at in range(group.start, group.stop)]
        return Box(
            number,
            self.label(group),
            piece_kind(cut, single) if single else block_kind(cut, unit),
            single.word if single else self._block_word(unit),
            group_shape_label(cut, group),
            wording.piece_mark(cut, single, self.usual) if single else "",
            group.count,
            group.equal,
            scale=single.scale if single else None,
            paths=tuple(path_of(self.cut, member) for member in group.members or (group,)),
            nodes=tuple(sorted(nodes)),
            costs=added(parts),
            opens=panels.get(signature(cut, unit)),
            again=group.again,
            parallel=group.parallel,
        )

    def _block_word(self, unit: Group) -> str:
        found = self.cut.composites.get((unit.start, unit.stop))
        return found.kind if found is not None else type_of(self.cut, unit) or "block"


def _told_apart(boxes: Sequence[Box]) -> tuple[Box, ...]:
    """Boxes of one name get what tells their modules apart, where that is short: "Inception 3a"; layers with a name of a letter
    and a number are called by it: "C1: 5x5 conv, 6".
    """
    labels = [box.label for box in boxes]
    rests = [
        box.paths[0].rpartition(".")[2].lower().removeprefix(box.word.lower()).strip("_") if box.paths else "" for box in boxes
    ]
    found = []
    for box, rest in zip(boxes, rests, strict=True):
        alike = [other for other, label in zip(rests, labels, strict=True) if label == box.label]
        own = (
            len(alike) > 1
            and box.count == 1
            and box.kind in (BLOCK, DOWNSAMPLING)
            and all(len(other) <= _SHORT and not other.isdigit() for other in alike)
            and rest
            and " + " not in box.label
        )
        name = box.paths[0] if box.paths and box.count == 1 else ""
        if re.fullmatch(r"[A-Z]\d{1,2}", name):  # what a paper calls its layers
            box = replace(box, label=f"{name}: {box.label}")
        found.append(replace(box, label=f"{box.label} {rest}") if own and rest != box.label.lower() else box)
    return tuple(found)
