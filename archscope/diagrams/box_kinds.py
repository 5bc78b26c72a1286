"""What kind of box something is, which decides its colour and, of a block that lowers the resolution, its shape."""

import re
from math import prod

from archscope.diagrams.picture import BLOCK, DOWNSAMPLING
from archscope.diagrams.shape_labels import first_shape, group_shape_label, read_shape_label
from archscope.graph import kinds
from archscope.views.composites import ATTENTION
from archscope.views.fusion import ENTRY, Piece, Pieces
from archscope.views.module_groups import Group, works


def block_kind(cut: Pieces, unit: Group) -> str:
    """Whether it is attention, a few linear layers, or a block, and whether this lowers the resolution."""
    found = cut.composites.get((unit.start, unit.stop))
    if found is not None:
        return kinds.ATTENTION if found.kind == ATTENTION else kinds.LINEAR
    if not works(cut, unit):
        return kinds.OTHER
    before, after = _sizes(read_shape_label(cut, unit)), _sizes(group_shape_label(cut, unit))
    smaller = min(len(before), len(after)) > 1 and prod(after[:-1]) < prod(before[:-1])
    return DOWNSAMPLING if smaller else BLOCK


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
