"""Operators that move, select and make data: no arithmetic."""

from archscope.counts.formulas import MOVES
from archscope.models.exported.builder import Outside
from archscope.models.exported.onnx_operators.operator import Answer, Operator, Worth, operator

_FAR = 2**62


@operator("Reshape", "Flatten", "Squeeze", "Unsqueeze")
def view(op: Operator) -> Answer:
    """The same elements by another shape."""
    return 0 if op.out.shape == op[0].shape else Worth("aten.view", {"self": op[0], "size": list(op.out.shape)})


@operator("Transpose")
def transpose(op: Operator) -> Answer:
    """Dimensions in another order."""
    order = [int(dim) for dim in op.get("perm", None) or range(op.rank - 1, -1, -1)]
    return Worth("aten.permute", {"self": op[0], "dims": order})


@operator("Slice")
def cut(op: Operator) -> Answer:
    """Some places of some dimensions, one after the other."""
    starts, ends = op.known(1, "starts"), op.known(2, "ends")
    if starts is None or ends is None:
        return Worth("aten.slice", {"self": op[0]})
    axes = op.known(3, "axes") or list(range(len(starts)))
    steps = op.known(4) or [1] * len(starts)
    value, written = op[0], False
    for start, end, axis, step in zip(map(int, starts), map(int, ends), map(int, axes), map(int, steps), strict=True):
        axis %= max(len(value.shape), 1)
        length = value.shape[axis]
        size = len(range(*slice(start, end, step).indices(length)))
        if size == length and step == 1:
            continue
        args = {"self": value, "dim": axis, "start": start, "end": min(end, _FAR), "step": step}
        worth = Worth("aten.flip", {"self": value, "dims": [axis]}) if step < 0 else Worth("aten.slice", args)
        value = op.emit(worth, Outside((*value.shape[:axis], size, *value.shape[axis + 1 :]), value.dtype))
        written = True
    return op.hand_on(value) if written else 0


@operator("Split")
def split(op: Operator) -> Answer:
    """Pieces along one dimension."""
    axis = int(op.get("axis", 0))
    return Worth("aten.split_with_sizes", {"self": op[0], "split_sizes": [out.shape[axis] for out in op.outs], "dim": axis})


@operator("Concat", "ConcatFromSequence")
def concat(op: Operator) -> Answer:
    """One after the other along one dimension."""
    return Worth("aten.cat", {"tensors": [v for v in op.inputs if v is not None], "dim": int(op.get("axis", 1))})


@operator("Expand")
def expand(op: Operator) -> Answer:
    """The same places over and over, in the same memory."""
    return 0 if op.out.shape == op[0].shape else Worth("aten.expand", {"self": op[0], "size": list(op.out.shape)})


@operator("Tile")
def tile(op: Operator) -> Answer:
    """The same places over and over."""
    return Worth("aten.repeat", {"self": op[0]})


@operator("Pad")
def pad(op: Operator) -> Answer:
    """Zeros, a mirror or the border again around a map."""
    mode, pads, axes = op.get("mode", "constant"), op.known(1, "pads") or op.get("paddings", None), op.known(3)
    if not pads:
        return Worth("aten.constant_pad_nd", {"self": op[0]})
    around: list[tuple[int, int]] = [(0, 0)] * op.rank
    for at, axis in enumerate(axes or range(op.rank)):
        around[int(axis)] = (int(pads[at]), int(pads[len(pads) // 2 + at]))
    if not any(map(any, around)):
        return 0
    spatial = around if mode == "constant" else around[2:]
    told = [size for pair in reversed(spatial) for size in pair]
    kind = {"reflect": "reflection_pad", "edge": "replication_pad"}.get(mode)
    if kind and 1 <= len(spatial) <= 3:
        return Worth(f"aten.{kind}{len(spatial)}d", {"self": op[0], "padding": told})
    if mode != "constant":
        return Worth("onnx.Pad", {"self": op[0]}, free=MOVES)
    return Worth("aten.constant_pad_nd", {"self": op[0], "pad": told})


@operator("Gather")
def gather(op: Operator) -> Answer:
    """A table of parameters is an embedding; one index selects, several pick."""
    table, axis = op[0], int(op.get("axis", 0))
    if isinstance(table.key, str) and axis == 0 and len(table.shape) == 2 and isinstance(op[1].key, int):
        return Worth("aten.embedding", {"weight": table, "indices": op[1]})
    if not op[1].shape:
        index = (op.numbers(1) or [0])[0]
        return Worth("aten.select", {"self": table, "dim": axis, "index": int(index)})
    return Worth("aten.index_select", {"self": table, "dim": axis, "index": op[1]})


@operator("GatherElements", "ArrayFeatureExtractor")
def gather_elements(op: Operator) -> Answer:
    """Element by element."""
    return Worth("aten.gather", {"self": op[0], "dim": int(op.get("axis", 0)), "index": op[1]})


@operator("GatherND")
def gather_nd(op: Operator) -> Answer:
    """By indices into several dimensions."""
    return Worth("aten.index", {"self": op[0], "indices": [op[1]]})


@operator("Scatter", "ScatterElements")
def scatter(op: Operator) -> Answer:
    """Element by element; added up where it says so."""
    reduction = {"add": "add", "mul": "multiply"}.get(op.get("reduction", "none"))
    args = {"self": op[0], "dim": int(op.get("axis", 0)), "index": op[1], "src": op[2]}
    if op.get("reduction", "none") in ("max", "min"):
        return Worth("aten.scatter_reduce", {**args, "reduce": f"a{op.attrs['reduction']}"})
    return Worth("aten.scatter", args, {"reduce": reduction} if reduction else None)


@operator("ScatterND")
def scatter_nd(op: Operator) -> Answer:
    """By indices into several dimensions."""
    if op.get("reduction", "none") not in ("none", "add"):
        return Worth("onnx.ScatterND", {"self": op[0], "indices": op[1], "updates": op[2]})
    args = {"self": op[0], "indices": [op[1]], "values": op[2], "accumulate": op.get("reduction", "none") == "add"}
    return Worth("aten.index_put", args)


@operator("TensorScatter")
def scatter_cache(op: Operator) -> Answer:
    """What is new into a cache."""
    return Worth("aten.index_put", {"self": op[0], "indices": [op[2]], "values": op[1], "accumulate": False})


_MAKES = {"ConstantOfShape": "full", "Range": "arange", "EyeLike": "eye", "HannWindow": "hann_window",
          "HammingWindow": "hamming_window",
          "BlackmanWindow": "blackman_window"}  # fmt: skip


@operator(*_MAKES)
def made(op: Operator) -> Answer:
    """Fills memory."""
    return Worth(f"aten.{_MAKES[op.type]}", {"size": list(op.out.shape)})


@operator("Shape", "Size")
def asked(op: Operator) -> Answer:
    """Asks for sizes."""
    return Worth("aten.size", {"self": op[0]})


@operator("OneHot")
def one_hot(op: Operator) -> Answer:
    """A row per index."""
    return Worth("aten.one_hot", {"self": op[0]})


@operator("Compress")
def compress(op: Operator) -> Answer:
    """What a condition selects."""
    return Worth("aten.masked_select", {"self": op[0], "mask": op[1]})


@operator("Trilu")
def triangle(op: Operator) -> Answer:
    """One half of a matrix."""
    return Worth("aten.triu" if op.get("upper", 1) else "aten.tril", {"self": op[0]})


@operator("ReverseSequence", "Col2Im", "CenterCropPad", "SequenceConstruct", "SequenceAt", "SequenceEmpty", "SequenceInsert",
          "SplitToSequence", "SequenceLength", "SequenceErase", "ZipMap", "LabelEncoder", "CategoryMapper", "FeatureVectorizer",
          "DictVectorizer", "OneHotEncoder", "StringNormalizer", "StringSplit", "StringConcat", "TfIdfVectorizer")  # fmt: skip
def moved(op: Operator) -> Answer:
    """Moves data."""
    if op.type == "Col2Im":
        return Worth("aten.col2im", {"self": op[0]})
    reason = MOVES if not op.type.startswith(("String", "Tf", "Label", "Category")) else "looks up words"
    return Worth(f"onnx.{op.type}", {"inputs": [v for v in op.inputs if v is not None]}, free=reason)
