"""The shapes table: one row per layer in execution order, with what each place sees of the input."""

from collections.abc import Mapping, Sequence

from archscope import metrics
from archscope.graph import Graph, naming, window_signs
from archscope.metrics import WHOLE_INPUT, Absent
from archscope.metrics.receptive_fields import Axis, Field, every_field
from archscope.metrics.weights_only import needs_forward
from archscope.tables.common import CONVENTION, Totals, facts, head, warnings
from archscope.tables.metrics import unknowns
from archscope.tables.table import Column, Line, Row, Table, Value
from archscope.views.layers import Layer, layers
from archscope.views.runs_again import Round, rounds

COLUMNS = (
    Column("path", "layer", "path"),
    Column("kind", "kind"),
    Column("window", "window"),
    Column("output", "output", "shape"),
    Column("params", "params", "count", rank=2),
    Column("macs", "MACs", "count", rank=1),
    Column("receptive_field", "field", "shape", rank=3),
    Column("effective_stride", "stride", "shape", rank=4),
)


def shapes_table(graph: Graph, fuse: bool = True) -> Table:
    """The output shape of every layer.

    Arguments:
        fuse: False gives every operator a row of its own, reshapes among them.
    """
    needs_forward(graph, "no shape is known but those of the weights")
    fields = every_field(graph)
    given = zip(graph.inputs, graph.input_names, strict=True)
    rows = [
        Row({"path": f"input {name}".strip(), "kind": graph.tensors[t].dtype, "output": graph.tensors[t].shape})
        for t, name in given
    ]
    found = layers(graph, fuse)
    made = [_row(layer, fields) for layer in found]
    shown = _folded(graph, found, made) if fuse else made
    rows += shown
    counts = Totals(graph)
    summary: tuple[Line, ...] = (
        ("layers", len(found), "count"),
        ("parameters", counts["params"], "count"),
        ("MACs", counts["macs"], "count"),
    )
    return Table(
        name=graph.name,
        title=f"{graph.name}: shapes",
        facts=facts(graph),
        columns=COLUMNS,
        rows=tuple(rows),
        totals=counts,
        summary=summary,
        notes=(
            f"{_signs(found)}field: input positions that one place sees; stride: input positions from one place to the next.",
            *([_LOOPS] if len(shown) < len(made) else []),
            *unknowns(((graph.name, row.values) for row in rows), COLUMNS),
            f"{CONVENTION}.",
            *warnings(graph),
        ),
        head=head(graph),
    )


def _signs(found: Sequence[Layer]) -> str:
    """What the signs of these layers mean."""
    words = {word for layer in found for word in layer.words}
    windows = {layer.window for layer in found if layer.window}
    kernels = ["window: kernel, padded so that only the stride shrinks the map, unless marked."] if windows else []
    return "".join(f"{said} " for said in (naming.norms_explained(words), *kernels, window_signs.explained(windows)) if said)


def _row(layer: Layer, fields: Mapping[int, Field | Absent]) -> Row:
    field, cost = fields.get(layer.output, ()), layer.cost
    whole = not cost.unknown and layer.whole.meta.failure is None
    return Row(
        {
            "path": layer.path or "(network)",
            "kind": " + ".join(layer.words),
            "window": layer.window or None,
            "output": layer.shape,
            "params": layer.params,
            "macs": cost.macs if whole else metrics.macs(layer.graph),
            "receptive_field": _size(field),
            "effective_stride": field if isinstance(field, Absent) else _alike([_stride(a) for a in field if a.places > 1]),
        }
    )


_LOOPS = "A loop shows its first round; what a place sees may grow with every other. --every shows each operator of each round."


def _folded(graph: Graph, found: Sequence[Layer], rows: Sequence[Row]) -> list[Row]:
    """The rows; of the same layers that run again and again, alike in all but what a place sees, those of the first round."""
    keys = [tuple([row.values[column.key] for column in COLUMNS[:6]]) for row in rows]
    made: list[Row] = []
    done = 0
    for loop in rounds(keys, [bool(row.values["params"]) for row in rows]):
        second = loop.start + loop.length
        made += rows[done : loop.start]
        made += _folded(graph, found[loop.start : second], rows[loop.start : second])
        nodes = [node for layer in found[second : loop.stop] for node in layer.nodes]
        made.append(Row({"path": _again(loop), "macs": metrics.macs(graph.select(nodes))}, quiet=True))
        done = loop.stop
    return [*made, *rows[done:]]


def _again(loop: Round) -> str:
    if loop.length == 1:
        return f"({loop.times - 1} more runs of this layer)"
    return f"({loop.times - 1} more rounds of these {loop.length} layers)"


def _stride(axis: Axis) -> int | float:
    stride = axis.stride
    return stride if isinstance(stride, int) else float(stride)


def _size(field: Field | Absent) -> Value:
    """The field of a tensor: "whole input" where some axis has no window; nothing where two places meet in one position."""
    if isinstance(field, Absent):
        return field
    sizes = [axis.size for axis in field if axis.whole or len(axis.reads) == 1]
    if len(sizes) < len(field):
        return None
    return WHOLE_INPUT if sizes and set(sizes) == {WHOLE_INPUT} else _alike(sizes)


def _alike(values: Sequence[int | float | str]) -> Value:
    """One value where the axes agree: 11; (7, 1) where they do not."""
    if not values:
        return None
    return values[0] if len(set(values)) == 1 else list(values)
