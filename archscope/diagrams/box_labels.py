"""What the boxes of a picture say, in the words of the papers: "3x3 conv, 96 /2 V", "Inception-A", "35x35x384"."""

import re
from collections.abc import Mapping, Sequence
from types import MappingProxyType

from archscope.diagrams.loop_labels import step_label
from archscope.diagrams.mark_notes import BY_TABLE, behind_mark
from archscope.diagrams.shape_labels import along_batch, channels_last, rank
from archscope.graph import kinds, naming
from archscope.views.composites import ATTENTION, GATED, Composite
from archscope.views.fusion import Piece, Pieces
from archscope.views.module_groups import Group, contents, is_anonymous, is_light, is_series, signature, type_of
from archscope.views.recognition import STATE_SPACE, Attention, Experts, Recurrence, Router, Scan
from archscope.views.variants import PLAIN, in_series, variants

_LONG = {
    **naming.NORMS,
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
    "fft c2c": "Fourier transform",
    "fft r2c": "Fourier transform",
}


_NAMED = {"+": "sum", "×": "product", "−": "difference"}
_CORE = 0.9  # share of the multiply-accumulates of a group that names it
_OFTEN = 0.3  # share of the convolutions that makes an activation function the usual one


def piece_label(cut: Pieces, piece: Piece) -> str:
    """`"3x3 conv, 96"`, `"3x3 max pool"`, `"linear, 1000"`, `"layer norm"`, `"+"`."""
    word = _LONG.get(piece.word, piece.word)
    if piece.kind == kinds.CONVOLUTION:
        word = f"depthwise {word}" if kinds.is_depthwise(cut.graph, piece.main) and not _is_by_table(piece) else word
        return f"{_windowed(piece, word)}, {width(cut, piece)}"
    if piece.attention is not None:
        return attention_label(cut, piece)
    if isinstance(piece.facts, Router):
        return f"router, {piece.facts.active} of {piece.facts.experts} experts"
    if isinstance(piece.facts, Experts):
        return ", ".join([f"{piece.facts.count} experts", *expert_words(piece.facts)])
    if isinstance(piece.facts, Scan):
        return scan_label(piece.facts)
    if piece.kind == kinds.EMBEDDING:
        return embedding_label(cut, piece)
    if piece.kind == kinds.RECURRENT:
        return recurrent_label(cut, piece)
    if piece.kind == kinds.LINEAR:
        return f"{word}, {width(cut, piece)}"
    if piece.kind == kinds.POOLING:
        return _windowed(piece, word)
    if piece.kind == kinds.JOIN and word == "concat":
        return concat_label(cut, piece)
    if len(piece.inputs) < 2 and (number := _number(piece)):
        return f"{number} − x" if word == "rsub" else f"{word} {number}"
    if piece.kind == kinds.POINTWISE and len(piece.inputs) < 2 and piece.main.params:
        return f"{word} {piece.main.params[0].rpartition('.')[2]}"
    if word == "mean" and cut.has_tokens and piece.main.attrs.get("dim") in (1, [1]) and rank_of_input(cut, piece) == 3:
        return "mean of the tokens"
    return readable(word)


_ARITHMETIC = {"add", "sub", "mul", "div", "rsub"}


def _number(piece: Piece) -> str:
    """The constant of a sum, a product or their like with a number; "" for none."""
    other = piece.main.attrs.get("other")
    is_number = isinstance(other, (int, float)) and not isinstance(other, bool)
    return f"{other:.4g}" if is_number and piece.main.name in _ARITHMETIC and not piece.main.params else ""


def concat_label(cut: Pieces, piece: Piece) -> str:
    """`"filter concat"` of maps along their channels, `"batch concat"` of the examples of several inputs."""
    dims = rank(cut, piece)
    if dims < 4 or channels_last(cut, piece.id):
        return "concat"
    if along_batch(cut, piece):
        return "batch concat"
    return "filter concat" if piece.main.attrs.get("dim", 0) in (1, 1 - dims) else "concat"


def rank_of_input(cut: Pieces, piece: Piece) -> int:
    """How many dimensions what its main operator reads has."""
    return len(cut.graph.tensors[piece.main.inputs[0]].shape) if piece.main.inputs else 0


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
    """Heads, and who looks at what: `"cross-attention, 8 heads, 4096 tokens on 77"`, `"..., 64 windows of 49 tokens"`."""
    words = [("cross-attention" if facts.cross else "attention") if facts.queries else "attention between channels"]
    if facts.heads:
        words.append(_plural(facts.heads, "head") + (f" on {facts.shared}" if facts.shared else ""))
    if facts.queries:
        apart = f"{facts.windows} windows of " if facts.windows > 1 else ""
        on = f" on {facts.keys}" if facts.cross or facts.keys != facts.queries else ""
        words.append(f"{apart}{_plural(facts.queries, 'token')}{on}")
    return ", ".join(words)


def _plural(count: int, word: str) -> str:
    return f"{count} {word}{'s' * (count != 1)}"


def composite_label(found: Composite) -> str:
    """`"attention, 12 heads, 197 tokens"`, `"gated MLP, 11008 silu"`, `"mixture of experts, 2 of 8, gated MLP 14336 silu"`."""
    if isinstance(found.facts, Attention):
        return attention_words(found.facts)
    if isinstance(found.facts, Experts):
        counted = f"{found.active} of {found.facts.count}{' + shared' if found.shared else ''}"
        return ", ".join([found.kind, counted, *expert_words(found.facts)])
    return f"{GATED}, {found.width} {found.activation}"


def expert_words(facts: Experts) -> list[str]:
    """What each expert is, where that is known: `["gated MLP 14336 silu"]`."""
    name = GATED if facts.gated else "MLP"
    return [f"{name} {facts.width} {facts.activation}".strip()] if facts.width else []


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
    attrs = piece.main.attrs
    facts = piece.facts if isinstance(piece.facts, Recurrence) else None
    both = facts.both if facts is not None else bool(attrs.get("bidirectional"))
    wide = facts.width if facts is not None else width(cut, piece) // (2 if both else 1)
    layers = facts.layers if facts is not None else attrs.get("num_layers")
    words = [piece.word, str(wide)]
    words += [f"projected to {facts.projected}"] if facts is not None and facts.projected else []
    words += [f"{layers} layers"] if isinstance(layers, int) and layers > 1 else []
    return ", ".join([*words, *(["both directions"] if both else [])])


def scan_label(facts: Scan) -> str:
    """`"state-space scan, 1536 channels, 16 states"`, `"linear-attention scan, 8 heads, state 256x512"`."""
    heads = [_plural(facts.heads, "head")] if facts.heads else []
    if not facts.states:
        return ", ".join([facts.word, *heads, f"{facts.width} wide"])
    if facts.word == STATE_SPACE:
        channels = f"{heads[0]} x {facts.width}" if heads else f"{facts.width} channels"
        return f"{facts.word}, {channels}, {facts.states} states"
    return ", ".join([facts.word, *heads, f"state {facts.states}x{facts.width}"])


def piece_mark(cut: Pieces, piece: Piece, usual: tuple[str, str]) -> str:
    """Stride, padding and groups as the papers write them, and what is not `usual`: "/2 V", "linear", "/4 V no bn, linear"."""
    marks = []
    if piece.kind in (kinds.CONVOLUTION, kinds.POOLING):
        rest = kinds.window(piece.main.attrs).removeprefix(_kernel(piece)).strip()
        by_table = _is_by_table(piece)
        if by_table or kinds.is_depthwise(cut.graph, piece.main):
            rest = re.sub(r"\s*\bg\d+$", "", rest)
        marks.append(rest)
        marks += [BY_TABLE] if by_table else []
    if piece.kind == kinds.CONVOLUTION:
        marks.append(behind_mark(piece.norm, piece.activation, usual))
    else:
        marks.append(piece.activation)
    return " ".join(filter(None, marks))


def _is_by_table(piece: Piece) -> bool:
    """Whether it is one convolution of several runs, whose filters each read some of the maps."""
    return sum(kinds.kind(node) == kinds.CONVOLUTION for node in piece.nodes) > 1


def _windowed(piece: Piece, word: str) -> str:
    """`"3x3 conv"`; along one axis `"1D conv 3"`, where a number alone would look like a count."""
    kernel = _kernel(piece)
    return f"1D {word} {kernel}" if kernel.isdigit() else f"{kernel} {word}".strip()


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


def told_apart(cut: Pieces, groups: Sequence[Group]) -> dict[object, str]:
    """What blocks of one class are called that take turns somewhere in these groups, by their signatures: "shifted SwinBlock"."""
    found: dict[object, str] = {}
    for group in groups:
        if is_series(cut, group.unit):
            members = contents(cut, group.unit)
            told = zip(variants(cut, members), members, strict=True)
            found |= {signature(cut, part): one.of(group_label(cut, part)) for one, part in told if one != PLAIN}
    return found


def group_label(cut: Pieces, group: Group, told: Mapping[object, str] = MappingProxyType({})) -> str:
    """`"Inception-A"`; what a container without a name of its own holds: "4x4 conv, 96 + layer norm".

    Arguments:
        told: names of blocks that are told apart.
    """
    unit = group.unit
    if told and signature(cut, unit) in told:
        return told[signature(cut, unit)]
    if group.again and unit.call is None and unit.size > 1:
        return step_label(cut, unit)
    if is_series(cut, unit):
        return in_series([group_label(cut, member, told) for member in contents(cut, unit)])
    if unit.size == 1:
        return piece_label(cut, cut.items[unit.start])
    if (unit.start, unit.stop) in cut.composites:
        return composite_label(cut.composites[unit.start, unit.stop])
    if unit.call is not None and not is_anonymous(cut, unit):
        return readable(type_of(cut, unit))
    parts = [_NAMED.get(label, label) for label in (group_label(cut, part) for part in contents(cut, unit))]
    if unit.call is None and unit.start == 0 and all(is_light(cut, Group(at, at + 1)) for at in range(unit.stop)):
        named = [label for label in parts if label[:1].isupper()]
        return named[0] if len(named) == 1 else "pre-processing"
    if len(parts) > 1 and len(set(parts)) == 1:
        return f"{len(parts)} {parts[0]}"
    if len(parts) <= 2:
        return " + ".join(parts)
    core = [part for part in contents(cut, unit) if part.size > 1 and part.call is not None]
    if len(core) == 1 and unit.call is None and _macs(cut, core[0]) > _CORE * _macs(cut, unit):
        return f"{group_label(cut, core[0], told)} + {len(parts) - 1} operations"
    path = cut.graph.calls[unit.call].path.rpartition(".")[2] if unit.call is not None else ""
    if path and not path.isdigit():
        return readable(path)
    last = cut.items[unit.stop - 1].word
    if not any(piece.kind in kinds.WEIGHTED for piece in cut.items[unit.start : unit.stop]):
        return "post-processing" if unit.stop == len(cut.items) else f"{unit.size} operations"
    return {"add": "residual block", "concat": "block of branches"}.get(last, f"{unit.size} layers")


def _macs(cut: Pieces, group: Group) -> int:
    return sum(node.cost.macs for piece in cut.items[group.start : group.stop] for node in piece.nodes)


def readable(name: str) -> str:
    """A class name as readers write it: `"InceptionResNetA"` -> `"Inception-ResNet-A"`, `"_DenseBlock"` -> `"DenseBlock"`."""
    name = name.lstrip("_")
    if name[:1].isupper() and re.search("[Ss]tem", name) and len(name) < 16:
        return "Stem"
    if re.fullmatch(r"(?:[A-Z][a-z]+|ResNet)+[A-Z]", name):
        return "-".join(re.findall(r"ResNet|[A-Z][a-z]+|[A-Z]$", name))
    return name


def width(cut: Pieces, piece: Piece) -> int:
    """Filters of a convolution, features of a linear layer."""
    made = piece.output if _is_by_table(piece) else piece.main.outputs[0]
    shape = cut.graph.tensors[made].shape or (1,)
    return shape[1] if piece.kind == kinds.CONVOLUTION and len(shape) > 2 else shape[-1]
