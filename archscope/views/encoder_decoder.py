"""The two parts of a network that reads something first, and then makes something else of it (Vaswani et al., arXiv 1706.03762,
figure 1): the encoder, and the decoder that has a beginning of its own and reads what the encoder has made. Told by the edges; no
name plays a part.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from archscope.graph import kinds
from archscope.views.conditioning import given
from archscope.views.fusion import Piece, Pieces
from archscope.views.module_groups import Group

_MUCH = 0.05  # share of the multiply-accumulates
_FARTHEST = 8  # pieces between an attention and what it reads


@dataclass(frozen=True)
class EncoderDecoder:
    """The two parts, as numbers of groups from 1 on; 0 is the network's input.

    Attributes:
        memory: the group that makes what the encoder hands on.
        readers: those of the decoder that read it.
        encoder, decoder: the groups of each, in order; together all there are.
    """

    memory: int
    readers: tuple[int, ...]
    encoder: tuple[int, ...]
    decoder: tuple[int, ...]


def encoder_decoder(cut: Pieces, groups: Sequence[Group], edges: Collection[tuple[int, int]]) -> EncoderDecoder | None:
    """The parts of a network that has them; None for any other.

    Nothing but the memory passes from what is computed in one part to the other. The first that reads it is a block that works;
    it attends to the memory, or what else it reads had a beginning of its own and was hardly worked on.

    Arguments:
        edges: (from, to) between the groups, where data flows.
    """
    numbers = range(1, len(groups) + 1)
    sources = {n: {a for a, b in edges if b == n} for n in numbers}
    macs = {n: _macs(cut, groups[n - 1]) for n in numbers}
    behind: dict[int, set[int]] = {0: set()}  # what each depends on, itself among it
    for n in numbers:
        behind[n] = {n}.union(*(behind[a] for a in sources[n])) - {0}
    much = _MUCH * sum(macs.values())

    def work(of: Collection[int]) -> int:
        return sum(macs[n] for n in of)

    for memory in numbers:
        if work(behind[memory]) < much:
            continue
        for first in (n for n in numbers if memory in sources[n]):
            attends = _attends(cut, groups[first - 1], groups[memory - 1])
            encoder = _closed(sources, behind[memory], first if attends else 0)
            crossing = {(a, b) for a, b in edges if a in encoder and b not in encoder}
            readers = tuple(sorted(b for a, b in crossing if a == memory))
            own = set().union(*(behind[a] for a in sources[first] if a and a not in encoder)) - encoder
            begins = bool(own) and work(own) < much <= macs[first] and not _is_join(cut, groups[first - 1])
            begins = begins and _inputs(cut, groups, own).isdisjoint(_inputs(cut, groups, encoder))  # else they are branches
            if readers[:1] != (first,) or not (attends or begins) or any(work(behind[a]) for a, _ in crossing if a != memory):
                continue
            decoder = tuple(n for n in numbers if n not in encoder)
            return EncoderDecoder(memory, readers, tuple(sorted(encoder)), decoder)
    return None


def _inputs(cut: Pieces, groups: Sequence[Group], of: Collection[int]) -> set[int]:
    """The inputs of the network that these groups read."""
    return {tensor for read in given(cut, [groups[n - 1] for n in of]) for tensor in read}


def _macs(cut: Pieces, group: Group) -> int:
    return sum(node.cost.macs for piece in cut.items[group.start : group.stop] for node in piece.nodes)


def _is_join(cut: Pieces, group: Group) -> bool:
    return group.size == 1 and cut.items[group.start].kind == kinds.JOIN


def _closed(sources: dict[int, set[int]], inside: set[int], beyond: int) -> set[int]:
    """These groups and what reads only them, such as a pooled vector beside the memory; `beyond` is not among them."""
    found = set(inside)
    for n, read in sources.items():
        if n not in found and n != beyond and read and read <= found:
            found.add(n)
    return found


def _attends(cut: Pieces, group: Group, memory: Group) -> bool:
    """Whether cross-attention in a group takes its keys or values from the memory. One query gathers, it does not decode."""
    pieces = cut.items[group.start : group.stop]
    crossed = [piece for piece in pieces if (facts := piece.attention) is not None and facts.cross and facts.queries > 1]
    return any(_reads(cut, group, piece, memory) for piece in crossed)


def _reads(cut: Pieces, group: Group, piece: Piece, memory: Group) -> bool:
    for at in piece.inputs[1:] or piece.inputs:  # behind the queries
        for _ in range(_FARTHEST):
            if at < group.start or len(cut.items[at].inputs) != 1:
                break
            (at,) = cut.items[at].inputs
        if memory.start <= at < memory.stop:
            return True
    return False
