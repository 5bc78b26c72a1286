"""Shapes as the papers write them, without the batch and with the channels last: "35x35x384", "1024 tokens x 768"."""

import re
from math import prod

from archscope.graph import kinds
from archscope.views.conditioning import given
from archscope.views.fusion import ENTRY, NORMS_OF_VECTORS, Piece, Pieces
from archscope.views.module_groups import Group, sources
from archscope.views.stages import is_signal

_LAST = frozenset({kinds.LINEAR, kinds.EMBEDDING, kinds.RECURRENT})
_ELEMENTWISE = frozenset({kinds.JOIN, kinds.POINTWISE, kinds.ACTIVATION})
_CUTS = frozenset({"slice", "split", "split_with_sizes", "chunk", "constant_pad_nd"})
_SECOND = frozenset({kinds.CONVOLUTION, kinds.POOLING, kinds.RESAMPLING})


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
        if _passes_on(cut, piece):
            piece_id = max(piece.inputs)
            continue
        if _turned(cut, piece):
            return True
        if dims == 3 and _convolved(cut, piece):
            return False
        if dims == 3 and piece.kind not in _SECOND and (told := _told_by_transposes(cut, piece.output)) is not None:
            return told
        if piece.kind in _LAST or piece.word.lower() in NORMS_OF_VECTORS or (dims == 3 and piece.kind not in _SECOND):
            return True
        if piece.kind in _SECOND or piece.word in ("bn", "in", "gn") or not piece.inputs or dims < 3:
            return False
        piece_id = piece.inputs[0]
    return False


def _passes_on(cut: Pieces, piece: Piece) -> bool:
    """Whether, in a network of signals, it works element by element on what the piece before it leaves."""
    if piece.kind not in _ELEMENTWISE or not is_signal(cut.graph) or not piece.inputs or max(piece.inputs) == ENTRY:
        return False
    before = cut.items[max(piece.inputs)].output
    shapes = cut.graph.shapes((before, *piece.main.inputs[:1], piece.output)) if min(before, piece.output) >= 0 else ()
    return len(shapes) == 3 and len(set(shapes)) == 1 and len(shapes[0]) == 3


def _of_all_heads(cut: Pieces, piece: Piece) -> int:
    """The width of a token once its heads are side by side, where attention leaves [(n, heads), tokens, d]; else 0."""
    found = piece.attention
    if found is None or found.heads < 2 or found.windows != 1 or rank(cut, piece) < 2:
        return 0
    *apart, tokens, width = cut.graph.tensors[piece.output].shape
    return found.heads * width if tokens == found.queries and prod(apart) == cut.graph.batch * found.heads else 0


def _convolved(cut: Pieces, piece: Piece) -> bool:
    """Whether a convolution of signals reads what leaves a piece, as it is: [n, c, l]."""
    tensors, readers = cut.graph.tensors, [cut.items[at] for at in cut.readers.get(piece.id, ())]
    made = {t for node in piece.nodes for t in node.outputs if tensors[t].shape == tensors[piece.output].shape}
    return any(one.kind == kinds.CONVOLUTION and not made.isdisjoint(one.main.inputs[:1]) for one in readers)


def _turned(cut: Pieces, piece: Piece) -> bool:
    """Whether a convolution's maps have become tokens by the time they leave."""
    if piece.kind != kinds.CONVOLUTION or piece.output < 0:
        return False
    made, leaves = cut.graph.shapes((piece.main.outputs[0], piece.output))
    return len(made) == len(leaves) == 3 and made[1] != made[2] and (made[2], made[1]) == leaves[1:]


def _told_by_transposes(cut: Pieces, tensor: int) -> bool | None:
    """Whether the channels are last, told by the layer that a tensor comes from and how often it was transposed since; None where
    something else lies between.
    """
    graph, turns = cut.graph, 0
    for _ in range(32):
        made = graph.producer.get(tensor)
        if made is None or not made.inputs or made.outputs[0] != tensor:
            made = made if made is not None and made.name in _CUTS else None
        if made is None or len(graph.tensors[tensor].shape) != 3:
            return None
        if kinds.kind(made) == kinds.CONVOLUTION:
            return turns % 2 == 1
        before = graph.producer.get(made.inputs[0]) if made.inputs else None
        if made.name in ("view", "_unsafe_view") and before is not None and kinds.kind(before) == kinds.LINEAR:
            return turns % 2 == 0 if graph.tensors[tensor].shape[-1] == graph.tensors[made.inputs[0]].shape[-1] else None
        if made.name == "transpose":
            turns += {made.attrs.get(name) for name in ("dim0", "dim1")} in ({1, 2}, {-1, -2}, {1, -1}, {2, -2})
        elif made.name not in _CUTS and made.name != "clone" and kinds.kind(made) not in (kinds.ACTIVATION, kinds.POINTWISE):
            return None
        same = (t for t in made.inputs if len(graph.tensors[t].shape) == 3 and graph.producer.get(t) is not None)
        known = [t for t in same if graph.producer[t].name != "stack"]
        if not known:
            return None
        tensor = known[0]
    return None


def group_shape_label(cut: Pieces, group: Group) -> str:
    """The shape that leaves a group: of a module, what it returns, where that is its last result in another order."""
    last = group.members[-1] if group.members else group
    output, graph = cut.items[group.stop - 1].output, cut.graph
    if last.call is None or output < 0:
        return shape_label(cut, group.stop - 1)
    end, final = graph.end(last.call), set(graph.outputs)
    for node in reversed(graph.inside(last.call)):
        read = any(t in final or any(r.call >= end for r in graph.consumers.get(t, ())) for t in node.outputs)
        if not read:
            continue
        return _in_order(cut, output, node.outputs[0]) or shape_label(cut, group.stop - 1)
    return shape_label(cut, group.stop - 1)


def read_shape_label(cut: Pieces, group: Group) -> str:
    """The shape that a group reads, of several the first; with it the order in which the group reads it."""
    source = next(iter(sources(cut, group)), ENTRY)
    if source == ENTRY:
        return next((input_label(cut, tensor) for tensor in given(cut, [group])[0]), shape_label(cut, ENTRY))
    if cut.items[source].output < 0:
        return shape_label(cut, source)
    made = {t for node in cut.items[source].nodes for t in node.outputs}
    read = (t for piece in cut.items[group.start : group.stop] for node in piece.nodes for t in node.inputs if t in made)
    return _in_order(cut, cut.items[source].output, next(read, cut.items[source].output)) or shape_label(cut, source)


def _in_order(cut: Pieces, output: int, handed_on: int) -> str:
    """The shape of a map that is handed on in another order than it was computed in (in windows); "" where that is not so."""
    before, after = cut.graph.shapes((output, handed_on))
    if len(before) != 4 or len(after) != 4 or prod(before) != prod(after) or before == after:
        return ""
    a, b, c = after[1:]
    return "" if (a == b) == (b == c) else _joined([b, c, a] if b == c else [a, b, c])


def shape_label(cut: Pieces, piece_id: int) -> str:
    """The shape that leaves a piece as the papers write it, without the batch and with the channels last: "35x35x384", "1000"."""
    graph = cut.graph
    if piece_id == ENTRY:
        labels = [input_label(cut, t) for t in graph.inputs]
        return " and ".join(filter(None, (", ".join(labels[:-1]), *labels[-1:])))
    tensor = cut.items[piece_id].output
    if tensor < 0:
        return ""
    dims = list(graph.tensors[tensor].shape)
    if width := _of_all_heads(cut, cut.items[piece_id]):
        return _tokens([dims[-2], width])
    if len(dims) > 1 and dims[0] == graph.batch:
        dims = dims[1:]
        if len(dims) > 1 and not channels_last(cut, piece_id):
            dims = dims[1:] + dims[:1]
        elif len(dims) == 2 and cut.has_tokens:
            return _tokens(dims)
    elif len(dims) == 3 and dims[1] == graph.batch and cut.has_tokens:  # the batch behind the tokens
        return _tokens([dims[0], dims[2]])
    elif cut.attends and dims[2:] == [1] * (len(dims) - 2) and len(dims) > 1:  # no batch: the patches of all images in a row
        return _tokens(dims[:2])
    elif len(dims) == 4 and _stacks(cut, piece_id) and not channels_last(cut, piece_id):  # several inputs, one behind another
        return _joined([dims[0], *dims[2:], dims[1]])
    return _joined(dims)


def _stacks(cut: Pieces, piece_id: int) -> bool:
    """Whether what leaves a piece is maps of the batch, several times: both images of a pair were joined along the batch."""
    for _ in range(_FAR):
        if piece_id == ENTRY:
            return False
        piece = cut.items[piece_id]
        shape, made = cut.graph.tensors[piece.output].shape if piece.output >= 0 else (), piece.main
        if len(shape) != 4 or shape[0] % cut.graph.batch or not piece.inputs:
            return False
        if piece.word == "concat":
            return along_batch(cut, piece) and not channels_last(cut, piece_id)
        if kinds.kind(made) in (kinds.PRODUCT, kinds.ATTENTION, kinds.RESHAPE, kinds.OTHER):
            return False
        piece_id = max(piece.inputs)
    return False


_FAR = 256  # pieces


def along_batch(cut: Pieces, piece: Piece) -> bool:
    """Whether a concatenation puts examples behind one another, and no channels."""
    return rank(cut, piece) > 2 and piece.main.attrs.get("dim", 0) in (0, -rank(cut, piece))


def first_shape(label: str) -> str:
    """Of several shapes the first: "64x64x4, scalar and 77 tokens x 1280" -> "64x64x4"."""
    return re.split(", | and ", label)[0]


def input_label(cut: Pieces, tensor: int) -> str:
    """An input: ids are tokens, vectors in a row too where a layer takes them so; anything else has its channels first."""
    graph = cut.graph
    dims = list(graph.examples[graph.inputs.index(tensor)])
    looked_up = any(piece.kind == kinds.EMBEDDING and ENTRY in piece.inputs for piece in cut.items)
    if len(dims) == 1 and graph.tensors[tensor].dtype in ("int64", "int32") and looked_up:
        return f"{dims[0]} tokens"
    stacked = len(dims) < len(graph.tensors[tensor].shape)
    if len(dims) == 4 and stacked and not _is_volume(cut):  # maps in a row: the frames of a video
        return _joined([dims[0], *dims[2:], dims[1]])
    if len(dims) == 2 and (stacked or cut.attends) and _takes_vectors(cut, tensor):
        return _tokens(dims)
    return _joined(dims[1:] + dims[:1] if len(dims) > 1 and stacked else dims)


def _is_volume(cut: Pieces) -> bool:
    """Whether a window of three dimensions slides over something."""
    kernels = (piece.main.attrs.get("kernel") for piece in cut.items if piece.kind in (kinds.CONVOLUTION, kinds.POOLING))
    return any(isinstance(kernel, list) and len(kernel) == 3 for kernel in kernels)


def _takes_vectors(cut: Pieces, tensor: int) -> bool:
    """Whether the first that does more with an input than add to it or scale it takes it as vectors in a row."""
    reached = {tensor}
    for node in cut.entry:
        reached.update(node.outputs if not reached.isdisjoint(node.inputs) else ())
    for piece in cut.items:
        if any(not reached.isdisjoint(node.inputs) for node in piece.nodes):
            if piece.kind not in _ELEMENTWISE:
                layer = piece.kind in (kinds.LINEAR, kinds.RECURRENT, kinds.ATTENTION)
                return layer or (piece.word.lower() in NORMS_OF_VECTORS and cut.has_tokens)
            reached.update(t for node in piece.nodes for t in node.outputs)
    return False


def given_label(cut: Pieces, tensor: int) -> str:
    """An input with its name, where the network has several: "input_ids: 128 tokens"."""
    names = dict(zip(cut.graph.inputs, cut.graph.input_names, strict=True))
    return f"{f'{names[tensor]}: ' if names[tensor] else ''}{input_label(cut, tensor)}"


def _tokens(dims: list[int]) -> str:
    """`[1024, 768]` -> `"1024 tokens x 768"`."""
    return f"{dims[0]} tokens x {dims[1]}" if dims[0] > 1 else str(dims[1])


def _joined(dims: list[int]) -> str:
    if len(dims) == 3 and dims[:2] == [1, 1]:
        dims = dims[2:]
    return "x".join(map(str, dims)) or "scalar"
