"""Receptive field, effective stride and effective padding of every tensor, through branches.

Along each spatial axis, the value at output position i depends on input positions [low + i * stride, high + i * stride]: a
convolution or pooling with kernel k, stride s, padding p and dilation d turns (low, high, stride) into

    low - p * stride,   high + (d * (k - 1) - p) * stride,   stride * s

and where branches meet, the field is the union of theirs. The receptive field is high - low + 1 and is not cut at the input's
border, the effective padding is -low.

Source: Araujo, Norris and Sim, "Computing Receptive Fields of Convolutional Neural Networks", Distill 2019,
doi:10.23915/distill.00021.
"""

from collections.abc import Callable
from fractions import Fraction
from math import ceil, prod
from typing import NamedTuple

from archscope.graph import Graph, Node, kinds

Position = int | Fraction
"""Where on the input: whole numbers (which are faster) until something stretches it."""


class Axis(NamedTuple):
    """What one position along one spatial axis sees of the input.

    Attributes:
        dim: which dimension of the tensor this axis is; -1 once it has been summed away.
        low, high: first and last input position that output position 0 depends on.
        stride: input positions from one output position to the next.
    """

    dim: int
    low: Position
    high: Position
    stride: Position

    @property
    def size(self) -> int:
        """The receptive field along this axis, in input positions."""
        return ceil(self.high - self.low) + 1


Field = tuple[Axis, ...]


def receptive_fields(graph: Graph) -> dict[int, Field]:
    """The field of every tensor, by tensor id, for the spatial axes of the network's inputs: [n, c, *spatial].

    A tensor has none where what it sees is not a window around a place (attention over tokens, shuffles, recurrence), or is not
    known to be.
    """
    fields: dict[int, Field | None] = {}
    for tensor in graph.inputs:
        rank = len(graph.tensors[tensor].shape)
        fields[tensor] = tuple(Axis(dim, 0, 0, 1) for dim in range(2, rank)) or None
    for node in graph.nodes:
        read = [t for t in node.inputs if t in fields]
        if not read:
            continue
        known = [(fields[t], graph.tensors[t].shape) for t in read]
        for out in node.outputs:
            shape = graph.tensors[out].shape
            field = _through(node, [(f, s) for f, s in known if f], shape) if all(f for f, _ in known) else None
            # A side product, such as the statistics of a batch norm, has no places.
            fields[out] = field if field and all(axis.dim < len(shape) for axis in field) else None
    return {tensor: field for tensor, field in fields.items() if field}


Shape = tuple[int, ...]


def _through(node: Node, known: list[tuple[Field, Shape]], out: Shape) -> Field | None:
    """The field of an output of `node`, given the fields and shapes of its inputs."""
    field, shape = known[0]
    name, kind = node.name, kinds.kind(node)
    if "kernel" in node.attrs:
        return _windowed(node, field, shape)
    if name in _RULES:
        return _RULES[name](node, field, shape, out)
    if kind == kinds.NORMALISATION:
        return field if kinds.word(node) == "bn" else _normalised(node, field, shape)
    if kind in (kinds.LINEAR, kinds.PRODUCT):
        # A product mixes the last dimension only; the others keep their places.
        return field if len(known) == 1 and all(axis.dim < len(shape) - 1 for axis in field) and len(out) == len(shape) else None
    if name.startswith("upsample_"):
        return _upsampled(node, field, shape, out)
    if shape != out and len(known) == 1 and prod(shape) == prod(out):
        return _reshaped(node, field, shape, out)
    if kind in (kinds.ACTIVATION, kinds.POINTWISE, kinds.JOIN) or name in _COPIES or _per_element(name):
        if kinds.word(node).endswith("softmax") and _dim(node, shape) in {axis.dim for axis in field}:
            return None
        return _met([_aligned(f, s, out) for f, s in known])
    return None


def _per_element(name: str) -> bool:
    from archscope.counts.elementwise import PER_ELEMENT  # the formulas take longer to import than most Graphs to read

    return name in PER_ELEMENT


_COPIES = {
    "clone",
    "_to_copy",
    "detach",
    "alias",
    "copy",
    "dropout",
    "contiguous",
    "lift_fresh",
    "view",
    "_unsafe_view",
    "expand",
}


def _dim(node: Node, shape: Shape) -> int:
    dim = node.attrs.get("dim", -1)
    return dim % len(shape) if isinstance(dim, int) else -1


def _windowed(node: Node, field: Field, shape: Shape) -> Field | None:
    """A convolution or pooling over the last dimensions."""
    attrs = node.attrs
    lists = [attrs.get(name) for name in ("kernel", "stride", "padding", "dilation")]
    new = []
    for axis in field:
        at = axis.dim - len(shape)
        if axis.dim < 0 or any(isinstance(values, list) and at < -len(values) for values in lists):
            new.append(axis)
            continue
        window = [values[at] for values in lists if isinstance(values, list)]
        if len(window) != len(lists):
            return None
        k, s, p, d = (v if type(v) is int else Fraction(v) for v in window)  # type: ignore[arg-type]
        if attrs.get("transposed"):
            # Output o is fed by the inputs (o + p - d * j) / s, for the kernel positions j that make it whole.
            low, high = axis.low + Fraction(axis.stride) * (p - d * (k - 1)) / s, axis.high + Fraction(axis.stride) * p / s
            new.append(Axis(axis.dim, low, high, Fraction(axis.stride) / s))
        else:
            new.append(Axis(axis.dim, axis.low - p * axis.stride, axis.high + (d * (k - 1) - p) * axis.stride, axis.stride * s))
    return tuple(new)


def _permuted(node: Node, field: Field, shape: Shape, out: Shape) -> Field | None:
    order = node.attrs.get("dims")
    if not isinstance(order, list):
        return None
    to = {int(old or 0) % len(shape): new for new, old in enumerate(order)}
    return tuple(axis._replace(dim=to[axis.dim] if axis.dim >= 0 else -1) for axis in field)


def _transposed(node: Node, field: Field, shape: Shape, out: Shape) -> Field | None:
    a, b = node.attrs.get("dim0"), node.attrs.get("dim1")
    if not isinstance(a, int) or not isinstance(b, int):
        return None
    swap = {a % len(shape): b % len(shape), b % len(shape): a % len(shape)}
    return tuple(axis._replace(dim=swap.get(axis.dim, axis.dim)) for axis in field)


def _reduced(node: Node, field: Field, shape: Shape, out: Shape) -> Field | None:
    """A mean, sum or maximum over whole axes."""
    dims = node.attrs.get("dim")
    gone = (
        {int(d or 0) % len(shape) for d in (dims if isinstance(dims, list) else [dims])}
        if dims not in (None, [])
        else set(range(len(shape)))
    )
    kept = len(out) == len(shape)
    new = []
    for axis in field:
        if axis.dim in gone:
            size = shape[axis.dim]
            new.append(Axis(axis.dim if kept else -1, axis.low, axis.high + (size - 1) * axis.stride, axis.stride * size))
        else:
            new.append(axis._replace(dim=axis.dim if kept or axis.dim < 0 else axis.dim - sum(g < axis.dim for g in gone)))
    return tuple(new)


def _adaptive(node: Node, field: Field, shape: Shape, out: Shape) -> Field | None:
    """Adaptive pooling: the largest of its windows."""
    new = []
    for axis in field:
        if axis.dim < 0:
            return None
        size, count = shape[axis.dim], out[axis.dim]
        window = max(-(-(i + 1) * size // count) - i * size // count for i in range(count))
        new.append(Axis(axis.dim, axis.low, axis.high + (window - 1) * axis.stride, axis.stride * Fraction(size, count)))
    return tuple(new)


def _padded(node: Node, field: Field, shape: Shape, out: Shape) -> Field | None:
    pad = node.attrs.get("pad") or node.attrs.get("padding")
    if not isinstance(pad, list):
        return None
    new = []
    for axis in field:
        at = 2 * (len(shape) - 1 - axis.dim)
        before = Fraction(pad[at] or 0) if axis.dim >= 0 and at < len(pad) else 0
        new.append(axis._replace(low=axis.low - before * axis.stride, high=axis.high - before * axis.stride))
    return tuple(new)


def _sliced(node: Node, field: Field, shape: Shape, out: Shape) -> Field | None:
    dim, start, step = (node.attrs.get(name, default) for name, default in (("dim", 0), ("start", 0), ("step", 1)))
    if not isinstance(dim, int) or not isinstance(step, int):
        return None
    dim %= len(shape)
    first = start if isinstance(start, int) else 0
    first = max(0, first + shape[dim]) if first < 0 else first
    return tuple(
        Axis(a.dim, a.low + first * a.stride, a.high + first * a.stride, a.stride * step) if a.dim == dim else a for a in field
    )  # fmt: skip


def _selected(node: Node, field: Field, shape: Shape, out: Shape) -> Field | None:
    """Picking and copying channels moves no place."""
    dim = node.attrs.get("dim")
    return field if isinstance(dim, int) and dim % len(shape) not in {axis.dim for axis in field} else None


_RULES: dict[str, Callable[[Node, Field, Shape, Shape], Field | None]] = {
    "permute": _permuted, "transpose": _transposed, "mean": _reduced, "sum": _reduced, "amax": _reduced,
    "adaptive_avg_pool2d": _adaptive, "_adaptive_avg_pool2d": _adaptive, "adaptive_max_pool2d": _adaptive,
    "constant_pad_nd": _padded, "slice": _sliced, "index_select": _selected, "repeat_interleave": _selected,
    "split": _selected, "split_with_sizes": _selected, "chunk": _selected,
}  # fmt: skip


def _normalised(node: Node, field: Field, shape: Shape) -> Field:
    """Layer, group and instance norm: where the statistics run over places, every place sees all of them."""
    over = node.attrs.get("normalized_shape")
    first = len(shape) - len(over) if isinstance(over, list) else 2
    new = []
    for axis in field:
        reach = (shape[axis.dim] - 1) * axis.stride if axis.dim >= first else 0
        new.append(Axis(axis.dim, axis.low - reach, axis.high + reach, axis.stride))
    return tuple(new)


def _upsampled(node: Node, field: Field, shape: Shape, out: Shape) -> Field:
    """Nearest looks at one input position, linear at two, cubic at four along each axis."""
    name = node.name
    before, after = (0, 0) if "nearest" in name else (1, 2) if "cubic" in name else (0, 1)
    new = []
    for axis in field:
        scale = Fraction(shape[axis.dim], out[axis.dim]) if axis.dim >= 0 else Fraction(1)
        reach = axis.stride if axis.dim >= 0 else 0
        new.append(Axis(axis.dim, axis.low - before * reach, axis.high + after * reach, axis.stride * scale))
    return tuple(new)


def _reshaped(node: Node, field: Field, shape: Shape, out: Shape) -> Field | None:
    """A view keeps an axis whose size and whose product of sizes before it stand in the output too; flattening all merges what
    all see.
    """
    starts = {prod(out[:at]): at for at in range(len(out) - 1, -1, -1) if out[at] != 1} | {prod(out): len(out)}
    new = []
    for axis in field:
        at = starts.get(prod(shape[: axis.dim])) if axis.dim >= 0 else -1
        if axis.dim >= 0 and shape[axis.dim] == 1:
            new.append(axis._replace(dim=-1))
        elif at is not None and at < len(out) and (at < 0 or out[at] == shape[axis.dim]):
            new.append(axis._replace(dim=at))
        else:
            break
    if len(new) == len(field):
        return tuple(new)
    if len(out) == 2 and out[0] == shape[0]:
        sizes = [shape[axis.dim] if axis.dim >= 0 else 1 for axis in field]
        return tuple(
            Axis(-1, a.low, a.high + (size - 1) * a.stride, a.stride * size) for a, size in zip(field, sizes, strict=True)
        )
    return None


def _aligned(field: Field, shape: Shape, out: Shape) -> Field | None:
    """The field of one operand of a pointwise operator or concatenation; None if its places are not the output's places."""
    lead = len(out) - len(shape)
    if lead < 0 or any(axis.dim >= 0 and shape[axis.dim] not in (1, out[axis.dim + lead]) for axis in field):
        return None
    return tuple(axis._replace(dim=axis.dim + lead if axis.dim >= 0 and shape[axis.dim] > 1 else -1) for axis in field)


def _met(fields: list[Field | None]) -> Field | None:
    """The union of what several operands see."""
    present = [field for field in fields if field is not None]
    if len(present) != len(fields) or len({len(field) for field in present}) != 1:
        return None
    return tuple(
        Axis(max(a.dim for a in axes), min(a.low for a in axes), max(a.high for a in axes), max(a.stride for a in axes))
        for axes in zip(*present, strict=True)
    )
