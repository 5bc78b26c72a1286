"""What kind of box something is, which decides its colour and, of a block that lowers the resolution, its shape."""

import re
from math import prod

from archscope.diagrams.picture import BLOCK, DOWNSAMPLING
from archscope.diagrams.shape_labels import first_shape, group_shape_label, read_shape_label, shape_label
from archscope.graph import kinds
from archscope.views.composites import ATTENTION
from archscope.views.fusion import ENTRY, Piece, Pieces
from archscope.views.module_groups import Group, sources, works


def block_kind(cut: Pieces, unit: Group) -> str:
    """Whether it is attention, a few linear layers, or a block, and whether this lowers the resolution."""
    found = cut.composites.get((unit.start, unit.stop))
    if found is not None:
        return kinds.ATTENTION if found.kind == ATTENTION else kinds.LINEAR
    if not works(cut, unit):
        return kinds.OTHER
    return DOWNSAMPLING if _lowers(cut, unit) else BLOCK


def _lowers(cut: Pieces, unit: Group) -> bool:
    """Whether what leaves a block is a smaller map than what it reads; where it reads maps of several sizes, as a feature pyramid
    does, whether the largest that leaves it is smaller than the largest of these. Queries make no map of what they look at.
    """
    inside = cut.items[unit.start : unit.stop]
    before, after = [_sizes(read_shape_label(cut, unit))], [_sizes(group_shape_label(cut, unit))]
    if len(after[0]) == 2 and any(piece.attention is not None and piece.attention.cross for piece in inside):
        return False
    before += [_sizes(shape_label(cut, at)) for at in sources(cut, unit)[1:] if at != ENTRY]
    before = [sizes for sizes in before if len(sizes) == len(after[0])] or before[:1]
    if len({prod(sizes[:-1]) for sizes in before}) > 1:
        final = set(cut.graph.outputs)
        leaving = [piece.id for piece in inside if _leaves(cut, unit, piece, final)]
        after += [sizes for at in leaving if len(sizes := _sizes(shape_label(cut, at))) == len(after[0])]
    several = min(len(before[0]), len(after[0])) > 1
    return several and max(prod(sizes[:-1]) for sizes in after) < max(prod(sizes[:-1]) for sizes in before)


def _leaves(cut: Pieces, unit: Group, piece: Piece, final: set[int]) -> bool:
    """Whether somebody outside reads what a piece of a block makes, or the network returns it."""
    is_read = any(reader >= unit.stop for reader in cut.readers.get(piece.id, ()))
    return is_read or not final.isdisjoint(t for node in piece.nodes for t in node.outputs)


def _sizes(shape: str) -> list[int]:
    return [int(size) for size in re.findall(r"\d+", first_shape(shape))]


def piece_kind(cut: Pieces, piece: Piece) -> str:
    """The kind of one piece: convolution, attention, sum ..."""
    if piece.kind in (kinds.PRODUCT, kinds.ATTENTION):
        return kinds.ATTENTION
    if piece.word.endswith("softmax"):  # between two products it is attention, else it gives probabilities
        beside = (*piece.inputs, *cut.readers.get(piece.id, ()))
        return kinds.ATTENTION if any(at != ENTRY and cut.items[at].kind == kinds.PRODUCT for at in beside) else kinds.OTHER
    if piece.kind in (kinds.LINEAR, kinds.RECURRENT, kinds.EMBEDDING):
        return kinds.LINEAR
    if piece.kind == kinds.JOIN or (piece.kind == kinds.POINTWISE and len(piece.inputs) > 1):
        return kinds.JOIN
    if piece.word.endswith("pool"):
        return kinds.POOLING
    known = (kinds.CONVOLUTION, kinds.POOLING, kinds.NORMALISATION)
    return piece.kind if piece.kind in known else kinds.OTHER
