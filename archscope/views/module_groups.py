"""Groups of pieces: the tree of modules as far as a picture cares, with equal neighbours folded."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from archscope.graph import kinds
from archscope.views.fusion import ENTRY, Pieces

ANONYMOUS = frozenset({"Sequential", "SequentialList", "SequentialTuple", "ModuleList", "ModuleDict", "Module"})


@dataclass(frozen=True)
class Group:
    """Consecutive pieces that are drawn as one box.

    Attributes:
        start, stop: the pieces are those with ids in `range(start, stop)`.
        call: the module run that it is; None for pieces that only belong together by their edges.
        count: how many equal members stand one after the other in it.
        members: those members; empty for a group by itself.
        equal: whether the members do exactly the same; otherwise they are of one type and resolution, with other widths.
        again: whether the members are the same modules, run again and again: the steps of a loop.
        parallel: whether the members read the same, and stand beside each other.
    """

    start: int
    stop: int
    call: int | None = None
    members: tuple["Group", ...] = ()
    equal: bool = True
    again: bool = False
    parallel: bool = False

    @property
    def count(self) -> int:
        """How many members it was folded from; 1 for a group by itself."""
        return max(len(self.members), 1)

    @property
    def size(self) -> int:
        """Number of pieces."""
        return self.stop - self.start

    @property
    def unit(self) -> "Group":
        """The first member, or itself; of a loop the second: in the first step there may be no state yet."""
        return self.members[self.again] if self.members else self


def whole(cut: Pieces) -> Group:
    """The network as one group."""
    return Group(0, len(cut.items), 0)


def opened(cut: Pieces, group: Group) -> Sequence[Group]:
    """The child modules and own pieces of `group`, in order. A module with one piece is that piece."""
    key = (group.start, group.stop, group.call)
    if key not in cut.opened:
        children = [_below(cut, piece.call, group.call) for piece in cut.items[group.start : group.stop]]
        starts = [n for n, child in enumerate(children) if not n or child is None or child != children[n - 1]]
        found = [
            Group(group.start + a, group.start + b, children[a] if b - a > 1 else None)
            for a, b in pairwise((*starts, len(children)))
        ]
        found = closed(cut, group, found)
        cut.opened[key] = opened(cut, found[0]) if len(found) == 1 and is_anonymous(cut, found[0]) else found
    return cut.opened[key]


def closed(cut: Pieces, group: Group, parts: Sequence[Group]) -> list[Group]:
    """The parts of a group, those that are one thing together (attention with its projections) as one part."""
    stops: dict[int, list[int]] = {}  # of the composites that begin at a piece, outer ones first
    for start, stop in cut.composites:
        if group.start <= start and stop <= group.stop and (start, stop) != (group.start, group.stop):
            stops.setdefault(start, []).append(stop)
    last = {part.stop: at for at, part in enumerate(parts)}
    found: list[Group] = []
    at = 0
    while at < len(parts):
        part = parts[at]
        around = next((stop for stop in stops.get(part.start, ()) if stop > part.stop), None)
        if around is None or around not in last:
            found.append(part)
            at += 1
        else:
            found.append(Group(part.start, around))
            at = last[around] + 1
    return found


def _below(cut: Pieces, call: int, above: int | None) -> int | None:
    """The child of `above` that holds `call`; None if `call` is `above` itself."""
    if above is None or call == above:
        return None
    at: int | None = call
    while at is not None:
        parent = cut.graph.calls[at].parent
        if parent == above:
            return at
        at = parent
    return None


def is_anonymous(cut: Pieces, group: Group) -> bool:
    """Whether it is a container whose class name says nothing."""
    if (group.start, group.stop) in cut.composites:
        return False
    return group.size > 1 and (group.call is None or cut.graph.calls[group.call].type in ANONYMOUS)


def is_light(cut: Pieces, group: Group) -> bool:
    """Whether it is one operation that has no weight, multiplies no matrices and is no pooling: bookkeeping."""
    kind = cut.items[group.start].kind
    return group.size == 1 and not works(cut, group) and kind not in (kinds.POOLING, kinds.NORMALISATION, kinds.ACTIVATION)


def works(cut: Pieces, group: Group) -> bool:
    """Whether something in it has a weight or multiplies matrices."""
    return any(node.params or node.cost.macs for piece in cut.items[group.start : group.stop] for node in piece.nodes)


def contents(cut: Pieces, unit: Group) -> Sequence[Group]:
    """What a group without a module of its own is made of: modules and pieces inside the innermost call that holds all of it."""
    held = {cut.items[at].call for at in range(unit.start, unit.stop)}
    common = min(held)
    while not all(common <= call < cut.graph.end(common) for call in held):
        common = cut.graph.calls[common].parent or 0
    return opened(cut, Group(unit.start, unit.stop, common))


def is_series(cut: Pieces, unit: Group) -> bool:
    """Whether it is several modules of several pieces one after the other, without a module of its own around them."""
    if unit.call is not None or unit.size < 4 or (unit.start, unit.stop) in cut.composites:
        return False
    parts = contents(cut, unit)
    return len(parts) > 1 and all(part.size > 1 and part.call is not None and not is_anonymous(cut, part) for part in parts)


def type_of(cut: Pieces, group: Group) -> str:
    """Class name of the module that it is; "" for none."""
    return "" if group.call is None else cut.graph.calls[group.call].type


def path_of(cut: Pieces, group: Group) -> str:
    """Path of the module that it is; of one piece without a module of its own, of the one that ran its main operator."""
    return cut.graph.calls[cut.items[group.start].main.call if group.call is None else group.call].path


def signature(cut: Pieces, group: Group) -> tuple[object, ...]:
    """What a group does, without names: equal for groups with the same operators on the same shapes in the same wiring."""
    key = (group.start, group.stop, group.call)
    if key in cut.known:
        return cut.known[key]
    outside: dict[int, int] = {}
    steps = []
    for piece in cut.items[group.start : group.stop]:
        wires = tuple(
            source - group.start if source >= group.start else -1 - outside.setdefault(source, len(outside))
            for source in piece.inputs
        )
        steps.append((cut.signatures[piece.id], wires))
    cut.known[key] = (type_of(cut, group), *steps)
    return cut.known[key]


def structure(cut: Pieces, group: Group) -> tuple[object, ...]:
    """What a group does, whatever the sizes are: equal for blocks that differ in widths, resolution and dilation only."""
    steps = []
    for piece in cut.items[group.start : group.stop]:
        nodes = tuple(node.name for node in piece.nodes if node.id in cut.live and kinds.kind(node) != kinds.RESHAPE)
        wires = tuple(source - group.start if source >= group.start else -1 for source in piece.inputs)
        window = [piece.main.attrs.get(name) for name in ("kernel", "stride")]
        steps.append((nodes, str(window), piece.activation, wires))
    return (type_of(cut, group), *steps)


def sources(cut: Pieces, group: Group) -> list[int]:
    """Ids of the pieces outside that a group reads, `ENTRY` among them, in the order in which it reads them."""
    read = (s for piece in cut.items[group.start : group.stop] for s in piece.inputs if s < group.start)
    return list(dict.fromkeys(read))


def in_series(cut: Pieces, first: Group, then: Group) -> bool:
    """Whether `first` hands its result to `then` and to nobody else: nothing in it is there for the network's results alone."""
    if not any(first.start <= s < first.stop for s in sources(cut, then)):
        return False
    if any(at in cut.ends for at in range(first.start, first.stop)):
        return False
    read_from = {s for at in range(first.start, first.stop) for s in cut.readers.get(at, ()) if s >= first.stop}
    return bool(read_from) and all(then.start <= reader < then.stop for reader in read_from)


def segments(cut: Pieces, groups: Sequence[Group]) -> list[list[Group]]:
    """Splits a sequence wherever a single tensor crosses: what lies between two such places is a block, whoever runs it."""
    at = {piece: index for index, group in enumerate(groups) for piece in range(group.start, group.stop)}
    crossing = [0] * (len(groups) + 1)
    first, final = groups[0].start, set(cut.graph.outputs)
    for source in (*sorted({s for group in groups for s in sources(cut, group) if s < first}), *range(first, groups[-1].stop)):
        begin = at.get(source, 0)
        readers = [at.get(reader, len(groups)) for reader in cut.readers.get(source, ())]
        if source != ENTRY and any(t in final for node in cut.items[source].nodes for t in node.outputs):
            readers.append(len(groups))
        end = max(readers, default=begin)
        if end > begin:
            crossing[begin] += 1
            crossing[end] -= 1
    found: list[list[Group]] = [[]]
    running = 0
    for index, group in enumerate(groups):
        found[-1].append(group)
        running += crossing[index]
        if running == 1 and index + 1 < len(groups):
            found.append([])
    return found


def joined(part: Sequence[Group]) -> Group:
    """Neighbours as one group."""
    return part[0] if len(part) == 1 else Group(part[0].start, part[-1].stop)
