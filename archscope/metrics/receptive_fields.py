"""Receptive field, effective stride and effective padding of every tensor, through branches.

Along each spatial axis, a place of a convolution or pooling with kernel k, stride s, padding p and dilation d looks at the places
s * i - p + d * j of its input, for j < k; where branches meet, a place sees what either sees. The receptive field is the longest
interval of input positions that a place sees. It is not cut at the input's border: padding is seen like any other place.

An operator that mixes every place of an axis (global pooling, attention over tokens, squeeze-and-excitation) makes it `whole`:
from there on every place sees the whole input. An operator without a rule makes what follows unknown, never the last known value.

Sources: Araujo, Norris and Sim, "Computing Receptive Fields of Convolutional Neural Networks", Distill 2019,
doi:10.23915/distill.00021; for what a place of a resampled map looks at, the formulas of torch.nn.functional.interpolate.
"""

from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from itertools import pairwise
from typing import NamedTuple

from archscope.graph import Graph, Node
from archscope.metrics.field_rules import Rule, Run, Shape, Windows, is_batch_norm, is_constant, keeps_places, rule_of, slid
from archscope.metrics.places import Read, UnclearError, hull, input_read, united
from archscope.values import WHOLE_INPUT, Absent, Whole, after


class Axis(NamedTuple):
    """What the positions of a tensor see of the input along one spatial axis.

    Attributes:
        reads: see `archscope.metrics.places.Read`; one, unless two places meet in one position, as in attention's scores.
        whole: whether every place sees the whole input.
        lost: whether there may be places that are not told: all see the whole input, and an operator without a rule moved them.
    """

    reads: tuple[Read, ...]
    whole: bool = False
    lost: bool = False

    @property
    def dim(self) -> int:
        """Which dimension of the tensor this axis is; -1 if none is, or several are."""
        dims = {digit.dim for read in self.reads for digit in read.digits}
        return dims.pop() if len(dims) == 1 else -1

    @property
    def places(self) -> int:
        """Number of places along it; 1 once all positions see the same."""
        return self.reads[0].places if len(self.reads) == 1 else max(read.places for read in self.reads)

    @property
    def low(self) -> int:
        """First input position that place 0 sees; minus the effective padding."""
        return self._seen(0)[0]

    @property
    def high(self) -> int:
        """Last input position that place 0 sees."""
        return self._seen(0)[1]

    def _seen(self, place: int) -> tuple[int, int]:
        return hull(read.at(place) for read in self.reads) or (0, -1)

    @property
    def stride(self) -> int | Fraction:
        """Input positions from one place to the next, on average; a fraction where it is no whole number."""
        read = max(self.reads, key=lambda read: read.places) if len(self.reads) > 1 else self.reads[0]
        moves, rest = divmod(abs(read.shift), len(read.seen))
        return Fraction(abs(read.shift), len(read.seen)) if rest else moves

    @property
    def size(self) -> int | Whole:
        """The receptive field along this axis, in input positions."""
        if self.whole:
            return WHOLE_INPUT
        if len(self.reads) == 1:
            return max([seen[1] - seen[0] + 1 if seen is not None else 0 for seen in self.reads[0].seen])
        period = max(len(read.seen) for read in self.reads)
        return max(high - low + 1 for low, high in map(self._seen, range(period)))


Field = tuple[Axis, ...]


def receptive_fields(graph: Graph) -> dict[int, Field]:
    """The field of every tensor of which it is known, by tensor id, for the spatial axes of the inputs: [n, c, *spatial]."""
    return {
        tensor: field
        for tensor, field in every_field(graph).items()
        if not isinstance(field, Absent) and all(axis.whole or len(axis.reads) == 1 for axis in field)
    }


def every_field(graph: Graph) -> Mapping[int, Field | Absent]:
    """The field of every tensor that depends on an input with spatial axes, or after which operator it is unknown."""
    # Two metrics ask, and to follow the fields takes as long as all other metrics together: once per Graph, as its properties.
    kept = vars(graph)
    if "_fields" not in kept:
        kept["_fields"] = _followed(graph)
    found: Mapping[int, Field | Absent] = kept["_fields"]
    return found


def _followed(graph: Graph) -> dict[int, Field | Absent]:
    fields: dict[int, Field | Absent] = {}
    for tensor in graph.inputs:
        shape = graph.tensors[tensor].shape
        if len(shape) > 2:
            fields[tensor] = tuple(Axis((input_read(dim, shape[dim]),)) for dim in range(2, len(shape)))
    rewritten: set[int] = set()
    windows: Windows = {}
    for node in graph.nodes:
        if node.op.endswith("_"):  # in place
            rewritten.update(node.outputs)
        quick = _behind(graph, node, fields, windows) if len(node.inputs) == 1 else None
        if quick is not None:
            fields[node.outputs[0]] = quick
            continue
        operands = [(k, fields[t]) for k, t in enumerate(node.inputs) if t in fields]
        if not operands or is_constant(node.op):
            continue
        stale = _stale(graph, node, fields, rewritten) if rewritten else None
        for at, out in enumerate(node.outputs[:1] if is_batch_norm(node.op) else node.outputs):  # its statistics have no places
            field = stale or _field(graph, node, operands, at, windows)
            if field is not None:
                fields[out] = field
    return fields


def _behind(graph: Graph, node: Node, fields: Mapping[int, Field | Absent], windows: Windows) -> Field | None:
    """The field of the only output with places that a node with one input has, where nothing moves, or where a window that was
    read before slides along axes that are one dimension each: most nodes. None where the rules have to look.
    """
    field = fields.get(node.inputs[0])
    if not isinstance(field, tuple) or not node.outputs or (len(node.outputs) > 1 and not is_batch_norm(node.op)):
        return None
    before, out = graph.tensors[node.inputs[0]].shape, graph.tensors[node.outputs[0]].shape
    if keeps_places(node):
        return field if before == out else None
    if len(before) != len(out):  # a file may say of a node what no trace would
        return None
    window = windows.get((node.op, id(node.attrs)))
    if window is None:
        return None
    made: list[Axis] = []
    for axis in field:
        read = slid(window, axis.reads[0], out) if len(axis.reads) == 1 and not axis.whole else None
        if read is None:
            return None
        made.append(axis if read is axis.reads[0] else Axis((read,), False, axis.lost))
    return tuple(made)


def _stale(graph: Graph, node: Node, fields: dict[int, Field | Absent], rewritten: set[int]) -> Absent | None:
    """Why an input is not what it was: since then its memory was written through a view, which the trace names behind it."""
    for tensor, last in pairwise(node.inputs):
        same = graph.tensors[tensor].storage == graph.tensors[last].storage
        if same and last > tensor and last in rewritten and fields.get(tensor) != fields.get(last):
            return after(graph.producer[last].op, graph.path(graph.producer[last]), "it writes through a view")
    return None


def _field(
    graph: Graph, node: Node, operands: Sequence[tuple[int, Field | Absent]], at: int, windows: Windows
) -> Field | Absent | None:
    """The field of one output of a node; None where nothing that is seen goes into it.

    Arguments:
        operands: which of its inputs have a field, and which.
    """
    known = [(k, field) for k, field in operands if not isinstance(field, Absent)]
    if len(known) < len(operands) and not any(all(axis.whole for axis in field) for _, field in known):
        return next(field for _, field in operands if isinstance(field, Absent))
    tensors, first = graph.tensors, known[0][1]
    out, axes = tensors[node.outputs[at]].shape, len(first)
    if len(known) > 1 and any([len(field) != axes for _, field in known]):
        return after(node.op, graph.path(node), "inputs with different axes meet")
    if at == 0 and keeps_places(node) and all([tensors[node.inputs[k]].shape == out for k, _ in known]):  # most: nothing moves
        return tuple(map(_met, *[field for _, field in known]))
    run = Run(node, graph.shapes(node.inputs), out, windows, at)
    try:
        through = rule_of(node)
        field = tuple([_axis(run, through, [(k, field[axis]) for k, field in known]) for axis in range(axes)])
    except UnclearError as error:
        return after(node.op, graph.path(node), str(error))
    except (LookupError, ValueError, ArithmeticError):  # a file may say of a node what no trace would
        return after(node.op, graph.path(node), "its attributes do not fit its shapes")
    return field if all([axis.reads for axis in field]) else None


def _met(*axes: Axis) -> Axis:
    """The axis of what is computed place by place from several tensors."""
    reads = united([read for axis in axes for read in axis.reads])
    return _told(axes[0], reads, any([axis.whole for axis in axes]), any([axis.lost for axis in axes]))


def _told(first: Axis, reads: tuple[Read, ...], whole: bool, lost: bool) -> Axis:
    """An axis; the very one of an input where it is the same."""
    same = len(reads) == len(first.reads) == 1 and reads[0] is first.reads[0] and whole == first.whole and lost == first.lost
    return first if same else Axis(reads, whole, lost)


def _axis(run: Run, through: Rule, operands: Sequence[tuple[int, Axis]]) -> Axis:
    reads: list[Read] = []
    whole = any([axis.whole for _, axis in operands])
    lost = any([axis.lost for _, axis in operands])
    for k, axis in operands:
        for read in axis.reads:
            try:
                more, all_mixed = through(run, k, read)
            except UnclearError:
                if not whole:
                    raise
                more, all_mixed = [Read((), (read.hull(range(min(read.places, len(read.seen)))),), read.shift)], False
                lost = True
            reads += more
            whole = whole or all_mixed
    return _told(operands[0][1], united(reads), whole, lost)


def places(shape: Shape, field: Field) -> int:
    """The most places that a tensor has along one axis."""
    return max((axis.places for axis in field), default=1)


def feature_maps(graph: Graph) -> Iterator[tuple[int, Field | Absent]]:
    """Tensors that have places of their own or may have, the last one first: those that something reads, or that come out."""
    fields = every_field(graph)
    final = set(graph.outputs)
    for node in reversed(graph.nodes):
        for tensor in node.outputs:
            field = fields.get(tensor)
            if field is None or not (tensor in final or tensor in graph.consumers):
                continue
            if isinstance(field, Absent) or places(graph.tensors[tensor].shape, field) > 1 or any([axis.lost for axis in field]):
                yield tensor, field
