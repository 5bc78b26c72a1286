"""What the boxes of a picture say, in the words of the papers: "3x3 conv, 96 /2 V", "Inception-A", "35x35x384"."""

import re
from collections.abc import Sequence

from archscope.graph import kinds
from archscope.views.composites import ATTENTION, GATED, Composite
from archscope.views.fusion import ENTRY, Piece, Pieces
from archscope.views.module_groups import Group, is_anonymous, opened, type_of
from archscope.views.recognition import Attention

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
        word = f"depthwise {word}" if kinds.is_depthwise(cut.graph, piece.main) and not _is_by_table(piece) else word
        return f"{kernel} {word}, {width(cut, piece)}"
    if piece.attention is not None:
        return attention_label(cut, piece)
    if piece.kind == kinds.EMBEDDING:
        return embedding_label(cut, piece)
    if piece.kind == kinds.RECURRENT:
        return recurrent_label(cut, piece)
    if piece.kind == kinds.LINEAR:
        return f"{word}, {width(cut, piece)}"
    if piece.kind == kinds.POOLING:
        return f"{kernel} {word}".strip()
    if piece.kind == kinds.JOIN and word == "concat":
        return "filter concat" if not channels_last(cut, piece.id) and _rank(cut, piece) >= 4 else "concat"
    if piece.kind == kinds.POINTWISE and len(piece.inputs) < 2 and piece.main.params:
        return f"{word} {piece.main.params[0].rpartition('.')[2]}"
    return readable(word)


def attention_label(cut: Pieces, piece: Piece) -> str:
    """`"attention, 12 heads, 197 tokens"`; behind its projections, inside attention, `"softmax attention, 12 heads x 64"`."""
    facts = piece.attention
    if facts is None:
        return _LONG.get(piece.word, piece.word)
    around = any(one.start <= piece.id < one.stop and one.kind == ATTENTION for one in cut.composites.values())
    if not around:
        return attention_words(facts)
    heads = f", {_plural(facts.heads, 'head')} x {facts.width}" if facts.heads else ""
    return f"softmax attention{heads}"


def attention_words(facts: Attention) -> str:
    """Heads, and who looks at what: `"attention, 8 heads, 4096 tokens on 77"`, `"..., 64 windows of 49 tokens"`."""
    words = ["attention" if facts.queries else "attention between channels"]
    if facts.heads:
        words.append(_plural(facts.heads, "head") + (f" on {facts.shared}" if facts.shared else ""))
    if facts.queries:
        apart = f"{facts.windows} windows of " if facts.windows > 1 else ""
        on = f" on {facts.keys}" if facts.keys != facts.queries else ""
        words.append(f"{apart}{_plural(facts.queries, 'token')}{on}")
    return ", ".join(words)


def _plural(count: int, word: str) -> str:
    return f"{count} {word}{'s' * (count != 1)}"


def composite_label(found: Composite) -> str:
    """`"attention, 12 heads, 197 tokens"`, `"gated MLP, 11008 silu"`, `"mixture of experts, 2 of 8"`."""
    if found.attention is not None:
        return attention_words(found.attention)
    if found.kind == GATED:
        return f"{GATED}, {found.width} {found.activation}"
    return f"{found.kind}, {found.active} of {found.experts}"


def embedding_label(cut: Pieces, piece: Piece) -> str:
    """`"embedding, 50257 x 768"`: how many entries there are to look up, and their width."""
    table = [cut.graph.param[name].shape for name in piece.main.params]
    if not table:
        return f"{piece.word}, {width(cut, piece)}"
    added = "".join(f" + {words}" for words in _added_tables(cut, piece))
    return f"{piece.word}, {' x '.join(map(str, table[0]))}{added}"


def _added_tables(cut: Pieces, piece: Piece) -> list[str]:
    """What is looked up in other tables and added, whatever the input is: positions."""
    found = []
    for node in piece.nodes:
        if kinds.kind(node) == kinds.EMBEDDING and node.id not in cut.live and node.params:
            entries = cut.graph.param[node.params[0]].shape[0]
            looked_up = cut.graph.tensors[node.outputs[0]].shape[-2] if len(cut.graph.tensors[node.outputs[0]].shape) > 1 else 1
            found.append(f"{entries} positions" if entries >= looked_up > 1 else f"{_plural(entries, 'type')}")
    return found


def recurrent_label(cut: Pieces, piece: Piece) -> str:
    """`"LSTM, 256, 2 layers, both directions"`."""
    attrs, facts = piece.main.attrs, piece.recurrence
    both = facts.both if facts is not None else bool(attrs.get("bidirectional"))
    wide = facts.width if facts is not None else width(cut, piece) // (2 if both else 1)
    layers = facts.layers if facts is not None else attrs.get("num_layers")
    words = [piece.word, str(wide)]
    words += [f"{layers} layers"] if isinstance(layers, int) and layers > 1 else []
    return ", ".join([*words, *(["both directions"] if both else [])])


def piece_mark(cut: Pieces, piece: Piece, usual: tuple[str, str]) -> str:
    """Stride, padding and groups as the papers write them, and what is not `usual`: "/2 V", "linear"."""
    marks = []
    if piece.kind in (kinds.CONVOLUTION, kinds.POOLING):
        rest = kinds.window(piece.main.attrs).removeprefix(_kernel(piece)).strip()
        by_table = _is_by_table(piece)
        if by_table or kinds.is_depthwise(cut.graph, piece.main):
            rest = re.sub(r"\s*\bg\d+$", "", rest)
        marks.append(rest)
        marks += ["by table"] if by_table else []
    if piece.kind == kinds.CONVOLUTION:
        if piece.activation != usual[1]:
            marks.append(piece.activation or "linear")
        elif piece.norm != usual[0]:
            marks.append(piece.norm or f"no {usual[0]}")
    else:
        marks.append(piece.activation)
    return " ".join(filter(None, marks))


def _is_by_table(piece: Piece) -> bool:
    """Whether it is one convolution of several runs, whose filters each read some of the maps."""
    return sum(kinds.kind(node) == kinds.CONVOLUTION for node in piece.nodes) > 1


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
    if (unit.start, unit.stop) in cut.composites:
        return composite_label(cut.composites[unit.start, unit.stop])
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
    made = piece.output if _is_by_table(piece) else piece.main.outputs[0]
    shape = cut.graph.tensors[made].shape or (1,)
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
        return " and ".join(_input_label(cut, t) for t in graph.inputs)
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


def _input_label(cut: Pieces, tensor: int) -> str:
    """An input: ids are tokens, vectors in a row too where a layer takes them so; anything else has its channels first."""
    given = cut.graph.tensors[tensor]
    dims = list(given.shape[1:])
    looked_up = any(piece.kind == kinds.EMBEDDING and ENTRY in piece.inputs for piece in cut.items)
    if len(dims) == 1 and given.dtype in ("int64", "int32") and looked_up:
        return f"{dims[0]} tokens"
    first = next((piece for piece in cut.items if any(tensor in node.inputs for node in piece.nodes)), None)
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
