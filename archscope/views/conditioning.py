"""What conditions a network: one tensor that many blocks read beside what they work on, such as the embedding of a diffusion
model's time step or of its text, a mask, a table of rotary angles. It is told by its edges; no name plays a part.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from archscope.views.fusion import ENTRY, Pieces
from archscope.views.module_groups import Group
from archscope.views.stages import places

_FEWEST = 3  # groups that read it


@dataclass(frozen=True)
class Condition:
    """One tensor that conditions many groups.

    Attributes:
        source: number of the group that makes it; `ENTRY` for an input of the network.
        tensor: the input's, else -1.
        readers: numbers of the groups that read it.
    """

    source: int
    tensor: int
    readers: tuple[int, ...]


@dataclass(frozen=True)
class Conditioning:
    """What conditions the groups of a picture.

    Attributes:
        found: the conditions, inputs of the network first.
        beside: (group that is read or `ENTRY`, group that reads) where nothing else passes.
    """

    found: tuple[Condition, ...]
    beside: frozenset[tuple[int, int]]


def conditioning(cut: Pieces, groups: Sequence[Group]) -> Conditioning:
    """What conditions these groups.

    It is read by three of them or more, each of which reads something else too. An input conditions only beside another input.
    What a group makes is a condition where it does not depend on all inputs that its readers depend on, or where it has no places
    (a vector) and what its readers make has some: what a network hands on and gathers again, as a DenseNet does, is none.
    """
    read = _read(cut, groups)
    found = []
    for source in dict.fromkeys(source for sources in read for source in sources):
        readers = tuple(n for n, sources in enumerate(read) if source in sources)
        if len(readers) < _FEWEST or not all(len(read[n]) > 1 for n in readers):
            continue
        if source < 0:
            if len(cut.graph.inputs) > 1:
                found.append(Condition(ENTRY, -1 - source, readers))
        elif _lacks_an_input(read, source, readers) or _is_vector(cut, groups, source, readers):
            found.append(Condition(source, -1, readers))
    conditional = {-1 - one.tensor if one.source == ENTRY else one.source for one in found}
    passing = {(max(source, ENTRY), n, source in conditional) for n, sources in enumerate(read) for source in sources}
    beside = frozenset((a, b) for a, b, _ in passing if (a, b, False) not in passing)
    return Conditioning(tuple(sorted(found, key=lambda one: (one.source, one.tensor))), beside)


def _read(cut: Pieces, groups: Sequence[Group]) -> list[dict[int, None]]:
    """What each group reads: numbers of groups, and -1 - t for tensor t of the network's inputs."""
    at = {piece: n for n, group in enumerate(groups) for piece in range(group.start, group.stop)}
    given = _given(cut)
    found: list[dict[int, None]] = []
    for n, group in enumerate(groups):
        sources: dict[int, None] = {}
        for piece in cut.items[group.start : group.stop]:
            sources |= {at[source]: None for source in piece.inputs if source != ENTRY and at.get(source, n) != n}
            if ENTRY in piece.inputs:
                read = (t for node in piece.nodes if node.id in cut.live for t in node.inputs)
                sources |= {-1 - root: None for t in read for root in given.get(t, ())}
        found.append(sources)
    return found


def given(cut: Pieces, groups: Sequence[Group]) -> list[tuple[int, ...]]:
    """The network's inputs, as tensors, that each group reads."""
    return [tuple(-1 - source for source in sources if source < 0) for sources in _read(cut, groups)]


def _given(cut: Pieces) -> Mapping[int, tuple[int, ...]]:
    """The network's inputs behind each tensor that only views them."""
    found: dict[int, tuple[int, ...]] = {t: (t,) for t in cut.graph.inputs}
    for node in cut.entry:
        roots = tuple(dict.fromkeys(root for t in node.inputs for root in found.get(t, ())))
        found |= dict.fromkeys(node.outputs, roots)
    return found


def _lacks_an_input(read: Sequence[Mapping[int, None]], source: int, readers: Sequence[int]) -> bool:
    """Whether the readers depend on an input of the network that what they read here does not depend on."""
    roots: list[set[int]] = []
    for sources in read:
        roots.append({one for one in sources if one < 0}.union(*(roots[one] for one in sources if 0 <= one < len(roots))))
    return all(not roots[reader] <= roots[source] for reader in readers)


def _is_vector(cut: Pieces, groups: Sequence[Group], source: int, readers: Sequence[int]) -> bool:
    return not _places(cut, groups[source]) and all(_places(cut, groups[reader]) for reader in readers)


def _places(cut: Pieces, group: Group) -> tuple[int, ...]:
    output = cut.items[group.stop - 1].output
    return places(cut.graph, cut.graph.tensors[output].shape)[0] if output >= 0 else ()
