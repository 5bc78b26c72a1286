"""Shapes as the papers write them, without the batch and with the channels last: "35x35x384", "1024 tokens x 768"."""

import re

from archscope.graph import kinds
from archscope.views.fusion import ENTRY, Piece, Pieces

_LAST = frozenset({kinds.LINEAR, kinds.EMBEDDING, kinds.RECURRENT})
_SECOND = frozenset({kinds.CONVOLUTION, kinds.POOLING, kinds.RESAMPLING})
_NORMS_LAST = frozenset({"ln", "layernorm", "rms norm", "rmsnorm"})


def rank(cut: Pieces, piece: Piece) -> int:
    """How many dimensions what leaves a piece has."""
    return len(cut.graph.tensors[piece.output].shape) if piece.output >= 0 else 0


def channels_last(cut: Pieces, piece_id: int) -> bool:
    """Whether the channels of what a piece leaves are its last dimension: told by the nearest piece before it that fixes them."""
    for _ in range(64):
        if piece_id == ENTRY:
            return False
        piece = cut.items[piece_id]
        dims = rank(cut, piece)
        if dims == 4 and piece.kind not in (kinds.PRODUCT, kinds.ATTENTION):
            _, a, b, c = cut.graph.tensors[piece.output].shape
            if (a == b) != (b == c):
                return a == b
        if piece.kind in _LAST or piece.word.lower() in _NORMS_LAST or (dims == 3 and piece.kind not in _SECOND):
            return True
        if piece.kind in _SECOND or piece.word in ("bn", "gn") or not piece.inputs or dims < 3:
            return False
        piece_id = piece.inputs[0]
    return False


def shape_label(cut: Pieces, piece_id: int) -> str:
    """The shape that leaves a piece as the papers write it, without the batch and with the channels last: "35x35x384", "1000"."""
    graph = cut.graph
    if piece_id == ENTRY:
        given = [input_label(cut, t) for t in graph.inputs]
        return " and ".join(filter(None, (", ".join(given[:-1]), *given[-1:])))
    tensor = cut.items[piece_id].output
    if tensor < 0:
        return ""
    dims = list(graph.tensors[tensor].shape)
    batch = graph.tensors[graph.inputs[0]].shape[:1] if graph.inputs else ()
    if len(dims) > 1 and tuple(dims[:1]) == batch:
        dims = dims[1:]
        if len(dims) > 1 and not channels_last(cut, piece_id):
            dims = dims[1:] + dims[:1]
        elif len(dims) == 2:
            return _tokens(dims)
    return _joined(dims)


def first_shape(label: str) -> str:
    """Of several shapes the first: "64x64x4, scalar and 77 tokens x 1280" -> "64x64x4"."""
    return re.split(", | and ", label)[0]


def input_label(cut: Pieces, tensor: int) -> str:
    """An input: ids are tokens, vectors in a row too where a layer takes them so; anything else has its channels first."""
    given = cut.graph.tensors[tensor]
    dims = list(given.shape[1:])
    looked_up = any(piece.kind == kinds.EMBEDDING and ENTRY in piece.inputs for piece in cut.items)
    if len(dims) == 1 and given.dtype in ("int64", "int32") and looked_up:
        return f"{dims[0]} tokens"
    views = {tensor}
    for node in cut.entry:
        views.update(node.outputs if not views.isdisjoint(node.inputs) else ())
    first = next((piece for piece in cut.items if any(not views.isdisjoint(node.inputs) for node in piece.nodes)), None)
    if len(dims) == 2 and first is not None and first.kind in (kinds.LINEAR, kinds.RECURRENT, kinds.ATTENTION):
        return _tokens(dims)
    return _joined(dims[1:] + dims[:1] if len(dims) > 1 else dims)


def _tokens(dims: list[int]) -> str:
    """`[1024, 768]` -> `"1024 tokens x 768"`."""
    return f"{dims[0]} tokens x {dims[1]}" if dims[0] > 1 else str(dims[1])


def _joined(dims: list[int]) -> str:
    if len(dims) == 3 and dims[:2] == [1, 1]:
        dims = dims[2:]
    return "x".join(map(str, dims)) or "scalar"
