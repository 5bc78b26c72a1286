"""What the boxes of a picture say, in the words of the papers: "3x3 conv, 96 /2 V", "Inception-A", "35x35x384"."""

import re
from collections.abc import Sequence

from archscope.graph import kinds
from archscope.views.fusion import ENTRY, Piece, Pieces
from archscope.views.module_groups import Group, is_anonymous, opened, type_of

_LONG = {
    "bn": "batch norm",
    "ln": "layer norm",
    "gn": "group norm",
    "add": "+",
    "multiply": "×",
    "subtract": "−",
    "avg pool": "average pool",
    "constant pad nd": "pad",
    "AdaptiveAvgPool2d": "average pool",
    "global avg pool": "global average pool",
    "LocalResponseNorm": "local response norm",
    "RMSNorm": "RMS norm",
    "rms norm": "RMS norm",
    "LayerNorm": "layer norm",
    "LayerNorm2d": "layer norm",
    "GroupNorm": "group norm",
}
_LAST = frozenset({kinds.LINEAR, kinds.EMBEDDING, kinds.RECURRENT})
_SECOND = frozenset({kinds.CONVOLUTION, kinds.POOLING, kinds.RESAMPLING})
_NORMS_LAST = frozenset({"ln", "layernorm", "rms norm", "rmsnorm"})


_NAMED = {"+": "sum", "×": "product", "−": "difference"}
_OFTEN = 0.3  # share of the convolutions that makes an activation function the usual one


def piece_label(cut: Pieces, piece: Piece) -> str:
    """`"3x3 conv, 96"`, `"3x3 max pool"`, `"linear, 1000"`, `"layer norm"`, `"+"`."""
    word = _LONG.get(piece.word, piece.word)
    kernel = _kernel(piece)
    if piece.kind == kinds.CONVOLUTION:
        word = f"depthwise {word}" if kinds.is_depthwise(cut.graph, piece.main) else word
        return f"{kernel} {word}, {width(cut, piece)}"
    if piece.kind in (kinds.LINEAR, kinds.RECURRENT, kinds.EMBEDDING):
        return f"{word}, {width(cut, piece)}"
    if piece.kind == kinds.POOLING:
        return f"{kernel} {word}".strip()
    if piece.kind == kinds.JOIN and word == "concat":
        return "filter concat" if not channels_last(cut, piece.id) and _rank(cut, piece) >= 4 else "concat"
    if piece.kind == kinds.POINTWISE and len(piece.inputs) < 2 and piece.main.params:
        return f"{word} {piece.main.params[0].rpartition('.')[2]}"
    return readable(word)


def piece_mark(cut: Pieces, piece: Piece, usual: tuple[str, str]) -> str:
    """Stride, padding and groups as the papers write them, and what is not `usual`: "/2 V", "linear"."""
    marks = []
    if piece.kind in (kinds.CONVOLUTION, kinds.POOLING):
        rest = kinds.window(piece.main.attrs).removeprefix(_kernel(piece)).strip()
        if kinds.is_depthwise(cut.graph, piece.main):
            rest = re.sub(r"\s*\bg\d+$", "", rest)
        marks.append(rest)
    if piece.kind == kinds.CONVOLUTION:
        if piece.activation != usual[1]:
            marks.append(piece.activation or "linear")
        elif piece.norm != usual[0]:
            marks.append(piece.norm or f"no {usual[0]}")
    else:
        marks.append(piece.activation)
    return " ".join(filter(None, marks))


def _kernel(piece: Piece) -> str:
    found = re.match(r"[\dx]+", kinds.window(piece.main.attrs))
    return found[0] if found else ""


def usual(cut: Pieces) -> tuple[str, str]:
    """What stands behind most of a network's convolutions: ("bn", "relu")."""
    counted: dict[tuple[str, str], int] = {}
    for piece in cut.items:
        if piece.kind == kinds.CONVOLUTION:
            counted[piece.norm, piece.activation] = counted.get((piece.norm, piece.activation), 0) + 1
    active = {pair: count for pair, count in counted.items() if pair[1] and count >= _OFTEN * sum(counted.values())}
    return max(active or counted, key=lambda pair: (counted[pair], pair), default=("", ""))


def group_label(cut: Pieces, group: Group) -> str:
    """`"Inception-A"`; what a container without a name of its own holds: "4x4 conv, 96 + layer norm"."""
    unit = group.unit
    if unit.size == 1:
        return piece_label(cut, cut.items[unit.start])
    if unit.call is not None and not is_anonymous(cut, unit):
        return readable(type_of(cut, unit))
    parts = [_NAMED.get(label, label) for label in (group_label(cut, part) for part in _contents(cut, unit))]
    if len(parts) > 1 and len(set(parts)) == 1:
        return f"{len(parts)} {parts[0]}"
    if len(parts) <= 2:
        return " + ".join(parts)
    path = cut.graph.calls[unit.call].path.rpartition(".")[2] if unit.call is not None else ""
    if path and not path.isdigit():
        return readable(path)
    last = cut.items[unit.stop - 1].word
    if not any(piece.kind in kinds.WEIGHTED for piece in cut.items[unit.start : unit.stop]):
        return f"{unit.size} operations"
    return {"add": "residual block", "concat": "block of branches"}.get(last, f"{unit.size} layers")


def _contents(cut: Pieces, unit: Group) -> Sequence[Group]:
    """What a group without a module of its own is made of: modules and pieces inside the innermost call that holds all of it."""
    held = {cut.items[at].call for at in range(unit.start, unit.stop)}
    common = min(held)
    while not all(common <= call < cut.graph.end(common) for call in held):
        common = cut.graph.calls[common].parent or 0
    return opened(cut, Group(unit.start, unit.stop, common))


def readable(name: str) -> str:
    """A class name as readers write it: `"InceptionResNetA"` -> `"Inception-ResNet-A"`, `"_DenseBlock"` -> `"DenseBlock"`."""
    name = name.lstrip("_")
    if name[:1].isupper() and re.search("[Ss]tem", name) and len(name) < 16:
        return "Stem"
    if re.fullmatch(r"(?:[A-Z][a-z]+|ResNet)+[A-Z]", name):
        return "-".join(re.findall(r"ResNet|[A-Z][a-z]+|[A-Z]$", name))
    return name


def _rank(cut: Pieces, piece: Piece) -> int:
    return len(cut.graph.tensors[piece.output].shape) if piece.output >= 0 else 0


def width(cut: Pieces, piece: Piece) -> int:
    """Filters of a convolution, features of a linear layer."""
    shape = cut.graph.tensors[piece.main.outputs[0]].shape or (1,)
    return shape[1] if piece.kind == kinds.CONVOLUTION and len(shape) > 2 else shape[-1]


def channels_last(cut: Pieces, piece_id: int) -> bool:
    """Whether the channels of what a piece leaves are its last dimension: told by the nearest piece before it that fixes them."""
    for _ in range(64):
        if piece_id == ENTRY:
            return False
        piece = cut.items[piece_id]
        rank = _rank(cut, piece)
        if rank == 4 and piece.kind not in (kinds.PRODUCT, kinds.ATTENTION):
            _, a, b, c = cut.graph.tensors[piece.output].shape
            if (a == b) != (b == c):
                return a == b
        if piece.kind in _LAST or piece.word.lower() in _NORMS_LAST or (rank == 3 and piece.kind not in _SECOND):
            return True
        if piece.kind in _SECOND or piece.word in ("bn", "gn") or not piece.inputs or rank < 3:
            return False
        piece_id = piece.inputs[0]
    return False


def shape_label(cut: Pieces, piece_id: int) -> str:
    """The shape that leaves a piece as the papers write it, without the batch and with the channels last: "35x35x384", "1000"."""
    graph = cut.graph
    if piece_id == ENTRY:
        shapes = [list(graph.tensors[t].shape[1:]) for t in graph.inputs]
        return " and ".join(_joined(dims[1:] + dims[:1] if len(dims) > 1 else dims) for dims in shapes)
    tensor = cut.items[piece_id].output
    if tensor < 0:
        return ""
    dims = list(graph.tensors[tensor].shape)
    batch = graph.tensors[graph.inputs[0]].shape[:1] if graph.inputs else ()
    if len(dims) > 1 and tuple(dims[:1]) == batch:
        dims = dims[1:]
        if len(dims) > 1 and not channels_last(cut, piece_id):
            dims = dims[1:] + dims[:1]
    return _joined(dims)


def _joined(dims: list[int]) -> str:
    if len(dims) == 3 and dims[:2] == [1, 1]:
        dims = dims[2:]
    return "x".join(map(str, dims)) or "scalar"
