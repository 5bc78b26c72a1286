"""Graph -> Picture: the overview's groups become boxes with labels, colours and costs, and each distinct block is opened once."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from math import prod

from archscope.diagrams import box_labels as wording
from archscope.diagrams.picture import BLOCK, DOWNSAMPLING, INPUT, Box, Costs, Panel, Picture
from archscope.errors import UsageError
from archscope.graph import Graph, Node, kinds
from archscope.metrics import written
from archscope.registry import nearest
from archscope.views.fusion import ENTRY, Piece, Pieces, pieces
from archscope.views.module_groups import Group, signature, sources, type_of
from archscope.views.overview import LIMIT, inside, overview

_PANEL_LIMITS = (
    64,
    32,
    16,
    8,
)  # boxes of one opened block; the fewer, the more arrows there are (DenseNet: to every later layer)
_CROWDED = 120  # arrows that nobody can follow


def picture(graph: Graph, *, title: str = "", opened: bool = False, limit: int = LIMIT) -> Picture:
    """A network as an overview of at most `limit` boxes and its input.

    Arguments:
        title: the network's name for readers; the graph's own if not given.
        opened: also open every distinct block.
    """
    maker = Maker(graph)
    groups = overview(maker.cut, limit)
    blocks = maker.with_composites(maker.distinct(groups)) if opened else []
    panels = [maker.panel(group, blocks) for group in blocks]
    return Picture(graph, title or graph.name, maker.overview(groups, blocks), tuple(panels), maker.usual)


def block_picture(graph: Graph, name: str, *, title: str = "") -> Picture:
    """One block alone, by a module's path ("mixed_5b.branch1") or by what the overview calls it ("Inception-A").

    Raises `UsageError` with the nearest names where there is none.
    """
    maker = Maker(graph)
    groups = maker.distinct(overview(maker.cut))
    found = next(
        (g for g in groups if wording.group_label(maker.cut, g).lower() == name.lower() or type_of(maker.cut, g.unit) == name),
        None,
    )
    found = found or maker.at(name)
    if found is None:
        raise _unknown_block(graph, name, list(dict.fromkeys(wording.group_label(maker.cut, group) for group in groups)))
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
    """

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.cut: Pieces = pieces(graph)
        self.usual = wording.usual(self.cut)
        self.costs = _costs(self.cut)

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
            for member in group.members if not group.equal else (group.unit,):
                if member.size > 1:
                    first.setdefault(signature(self.cut, member), member)
        return list(first.values())

    def with_composites(self, blocks: Sequence[Group]) -> list[Group]:
        """The blocks, and behind each what stands in it as one box and can be opened too: attention, a gated MLP."""
        first: dict[object, Group] = {}
        waiting = list(blocks)
        while waiting:
            group = waiting.pop(0)
            if signature(self.cut, group) in first:
                continue
            first[signature(self.cut, group)] = group
            parts = (part.unit for part in self.parts(group))
            waiting[:0] = [part for part in parts if (part.start, part.stop) in self.cut.composites]
        return list(first.values())

    def overview(self, groups: Sequence[Group], blocks: Sequence[Group] = ()) -> Panel:
        """The network's boxes, its input first.

        Arguments:
            blocks: those that are opened beside it.
        """
        numbers = self._numbers(blocks)
        entry = Box(
            0,
            "Input",
            INPUT,
            "input",
            wording.shape_label(self.cut, ENTRY),
            nodes=tuple(node.id for node in self.cut.entry),
            costs=self.costs[ENTRY],
        )
        boxes = [entry, *(self._box(n + 1, group, numbers) for n, group in enumerate(groups))]
        return Panel("", _told_apart(boxes), self._edges(groups))

    def _numbers(self, blocks: Sequence[Group]) -> dict[object, int]:
        return {signature(self.cut, group): n for n, group in enumerate(blocks)}

    def panel(self, group: Group, blocks: Sequence[Group] = ()) -> Panel:
        """One block, opened; its input is box 0."""
        return self.panel_of(group.unit, self.parts(group.unit), blocks)

    def parts(self, unit: Group) -> Sequence[Group]:
        """What is shown of a block when it is opened."""
        groups: Sequence[Group] = ()
        for limit in _PANEL_LIMITS:
            groups = inside(self.cut, unit, limit)
            if len(self._edges(groups)) <= _CROWDED:
                break
        return groups

    def panel_of(self, group: Group, parts: Sequence[Group], blocks: Sequence[Group] = ()) -> Panel:
        """A group opened into these parts."""
        source = next(iter(sources(self.cut, group)), ENTRY)
        into, numbers = wording.shape_label(self.cut, source), self._numbers(blocks)
        boxes = [Box(0, "input", INPUT, "input", into), *(self._box(n + 1, part, numbers) for n, part in enumerate(parts))]
        return Panel(wording.group_label(self.cut, group), tuple(boxes), self._edges(parts), (into, boxes[-1].shape))

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
            wording.group_label(cut, group),
            _kind(single) if single else self._block_kind(unit),
            single.word if single else self._block_word(unit),
            wording.shape_label(cut, group.stop - 1),
            wording.piece_mark(cut, single, self.usual) if single else "",
            group.count,
            group.equal,
            single.scale if single else None,
            tuple(self._path(member) for member in group.members or (group,)),
            tuple(sorted(nodes)),
            _sum(parts),
            panels.get(signature(cut, unit)),
        )

    def _path(self, group: Group) -> str:
        if group.call is not None:
            return self.graph.calls[group.call].path
        return self.graph.path(self.cut.items[group.start].main)

    def _block_word(self, unit: Group) -> str:
        found = self.cut.composites.get((unit.start, unit.stop))
        return found.kind if found is not None else type_of(self.cut, unit) or "block"

    def _block_kind(self, unit: Group) -> str:
        """Whether it is attention, a few linear layers, or a block, and whether this lowers the resolution."""
        found = self.cut.composites.get((unit.start, unit.stop))
        if found is not None:
            return kinds.ATTENTION if found.attention is not None else kinds.LINEAR
        source = next(iter(sources(self.cut, unit)), ENTRY)
        before, after = _sizes(wording.shape_label(self.cut, source)), _sizes(wording.shape_label(self.cut, unit.stop - 1))
        smaller = len(before) == len(after) > 1 and prod(after[:-1]) < prod(before[:-1])
        return DOWNSAMPLING if smaller else BLOCK


def _sizes(shape: str) -> list[int]:
    return [int(size) for size in re.findall(r"\d+", shape)]


def _kind(piece: Piece) -> str:
    if piece.kind in (kinds.PRODUCT, kinds.ATTENTION) or piece.word.endswith("softmax"):
        return kinds.ATTENTION
    if piece.kind in (kinds.LINEAR, kinds.RECURRENT, kinds.EMBEDDING):
        return kinds.LINEAR
    if piece.kind == kinds.JOIN or (piece.kind == kinds.POINTWISE and len(piece.inputs) > 1):
        return kinds.JOIN
    if piece.word.endswith("pool"):
        return kinds.POOLING
    known = (kinds.CONVOLUTION, kinds.POOLING, kinds.NORMALISATION)
    return piece.kind if piece.kind in known else kinds.OTHER


def _told_apart(boxes: Sequence[Box]) -> tuple[Box, ...]:
    """Boxes of one name get what tells their modules apart, where that is short: "Inception 3a"; layers with a name of a letter
    and a number are called by it: "C1: 5x5 conv, 6".
    """
    labels = [box.label for box in boxes]
    found = []
    for box in boxes:
        rest = box.paths[0].rpartition(".")[2].lower().removeprefix(box.word.lower()).strip("_") if box.paths else ""
        own = (
            labels.count(box.label) > 1
            and box.count == 1
            and box.kind in (BLOCK, DOWNSAMPLING)
            and 0 < len(rest) <= 4
            and not rest.isdigit()
        )
        name = box.paths[0] if box.paths and box.count == 1 else ""
        if re.fullmatch(r"[A-Z]\d{1,2}", name):  # what a paper calls its layers
            box = replace(box, label=f"{name}: {box.label}")
        found.append(replace(box, label=f"{box.label} {rest}") if own and rest != box.label.lower() else box)
    return tuple(found)


def _costs(cut: Pieces) -> dict[int, Costs]:
    """The costs of each piece, and of `ENTRY`."""
    seen: set[str] = set()
    sizes = written(cut.graph)
    order = sorted(((node, piece.id) for piece in cut.items for node in piece.nodes), key=lambda pair: pair[0].id)
    entry = [(node, ENTRY) for node in cut.entry]
    parts: dict[int, Costs] = {}
    for node, piece in (*entry, *order):
        cost = _cost_of(cut.graph, (node,), seen, sizes)
        parts[piece] = _sum((parts.get(piece, Costs()), cost))
    return {at: parts.get(at, Costs()) for at in (ENTRY, *(piece.id for piece in cut.items))}


def _cost_of(graph: Graph, nodes: Sequence[Node], seen: set[str], sizes: dict[int, int]) -> Costs:
    names = [name for node in nodes for name in node.params if name not in seen]
    fresh = {name: graph.param[name] for name in names}
    seen.update(names)
    storages = dict.fromkeys(graph.tensors[t].storage for node in nodes if node.bytes for t in node.outputs)
    return Costs(
        sum(param.numel for param in fresh.values() if not param.buffer),
        sum(node.cost.macs for node in nodes),
        sum(sizes.pop(storage, 0) for storage in storages),
        sum(node.cost.unknown for node in nodes),
    )


def _sum(parts: Sequence[Costs]) -> Costs:
    return Costs(
        sum(p.params for p in parts),
        sum(p.macs for p in parts),
        sum(p.activations for p in parts),
        sum(p.uncounted for p in parts),
    )
