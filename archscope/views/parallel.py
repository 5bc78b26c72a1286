"""Equal branches: the experts of a mixture, the members of an ensemble, the paths of a ResNeXt block."""

from collections.abc import Sequence

from archscope.views.fusion import Pieces
from archscope.views.module_groups import Group, signature, sources, works

_FEW = 2  # branches that are not worth folding


def fold_parallel(cut: Pieces, groups: Sequence[Group]) -> list[Group]:
    """Folds neighbours that do the same to the same and whose results the same operators read: 6 parallel experts."""
    found: list[Group] = []
    at = 0
    while at < len(groups):
        stop = at + 1
        while stop < len(groups) and _are_parallel(cut, groups[at], groups[stop]):
            stop += 1
        members = tuple(groups[at:stop])
        folds = len(members) > _FEW and works(cut, members[0])
        found += [Group(members[0].start, members[-1].stop, members=members, parallel=True)] if folds else members
        at = stop
    return found


def _are_parallel(cut: Pieces, one: Group, other: Group) -> bool:
    if one.members or other.members or one.size != other.size or sources(cut, one) != sources(cut, other):
        return False
    return signature(cut, one) == signature(cut, other) and _taken(cut, one) == _taken(cut, other)


def _taken(cut: Pieces, group: Group) -> list[tuple[frozenset[int], bool]]:
    """For each of its results, the pieces outside that read it, and whether the network returns it."""
    final = set(cut.graph.outputs)
    return [
        (
            frozenset(reader for reader in cut.readers.get(at, ()) if reader >= group.stop),
            any(t in final for node in cut.items[at].nodes for t in node.outputs),
        )
        for at in range(group.start, group.stop)
    ]
