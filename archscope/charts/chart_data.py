"""What a chart shows, as plain values: Graph -> Chart. No plotting library, no torch."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from archscope import metrics, units
from archscope.graph import Graph, kinds
from archscope.metrics.receptive_fields import receptive_fields
from archscope.tables.common import called
from archscope.tables.table import Value
from archscope.views.stages import stages as stages_of

Kind = Literal["balls", "stages", "depth", "field", "memory"]
KINDS: tuple[Kind, ...] = ("balls", "stages", "depth", "field", "memory")


@dataclass(frozen=True)
class Ball:
    """A network in the field.

    Attributes:
        macs, params: multiply-accumulates and learnable numbers.
        error: top-1, in percent.
        family: decides the colour.
        protocol: how the error was measured; `usual` where it was with a single crop.
        source: where the error was published.
    """

    name: str
    macs: int
    params: int
    error: float
    family: str
    protocol: str
    source: str

    @property
    def usual(self) -> bool:
        """Whether the error is of a single crop."""
        return "single crop" in self.protocol


@dataclass(frozen=True)
class Segment:
    """A stage in a bar."""

    stage: str
    number: int
    made_of: str
    macs: int
    params: int


@dataclass(frozen=True)
class Bar:
    """A network by its stages."""

    name: str
    segments: tuple[Segment, ...]


@dataclass(frozen=True)
class Line:
    """A network along its depth or time.

    Attributes:
        xs: where; ys: one tuple of values per panel.
        tips: what each point is: path and shape.
        peak: index of the point to be marked; None for none.
    """

    name: str
    xs: tuple[int, ...]
    ys: tuple[tuple[int, ...], ...]
    tips: tuple[str, ...]
    peak: int | None = None


@dataclass(frozen=True)
class Chart:
    """A picture to be drawn.

    Attributes:
        title, subtitle: above it; the subtitle says the conventions.
        items: balls, bars or lines.
        x, panels: titles of the axes, the panels from left to right.
        units: of each panel's values: "" for a count, "B" for bytes, "px".
        reference: a value to compare with, and its name; None for none.
    """

    kind: Kind
    title: str
    subtitle: str
    items: tuple[Ball, ...] | tuple[Bar, ...] | tuple[Line, ...]
    x: str
    panels: tuple[str, ...]
    units: tuple[str, ...] = ("",)
    reference: tuple[int, str] | None = None

    @property
    def description(self) -> str:
        """What the picture shows, in words, for those who cannot see it."""
        return f"{self.title}. {self.subtitle}. {' '.join(_told(item) for item in self.items)}"


def _told(item: Ball | Bar | Line) -> str:
    match item:
        case Ball():
            return (
                f"{item.name}: {units.count(item.macs)} MACs, {units.count(item.params)} params, {item.error}% ({item.protocol})."
            )
        case Bar():
            parts = ", ".join(
                f"{part.stage} {units.count(part.macs)} MACs {units.count(part.params)} params" for part in item.segments
            )
            return f"{item.name}: {parts}."
        case Line():
            at = len(item.xs) - 1 if item.peak is None else item.peak
            return f"{item.name}: {' and '.join(f'{ys[at]:,}' for ys in item.ys)} at {item.xs[at]}."


def balls(rows: Sequence[Mapping[str, Value]]) -> Chart:
    """The field, from the rows of a comparison; a network without a published error or without a trace is not in it."""
    found = [ball for row in rows if (ball := _ball(row))]
    others = "; hollow: another protocol" if any(not ball.usual for ball in found) else ""
    return Chart(
        "balls", "ImageNet error against computation",
        f"published top-1 error on ILSVRC-2012 validation, single crop{others}; ball area: parameters",
        tuple(found), "multiply-accumulates of one image", ("top-1 error, % (lower is better)",),
    )  # fmt: skip


def _ball(row: Mapping[str, Value]) -> Ball | None:
    macs, params, error = row.get("macs"), row.get("params"), row.get("top1_error")
    if not isinstance(macs, int) or not isinstance(params, int) or not isinstance(error, float):
        return None
    family, protocol, source = (str(row.get(key) or "") for key in ("family", "error_protocol", "error_source"))
    return Ball(str(row["model"]), macs, params, error, family, protocol, source)


def stages(graphs: Sequence[Graph]) -> Chart:
    """Multiply-accumulates and parameters by stage."""
    bars = tuple(
        Bar(called(graph), tuple(
            Segment(stage.name, stage.number, stage.structure, metrics.macs(stage.graph) or 0, metrics.params(stage.graph) or 0)
            for stage in stages_of(graph)
        ))
        for graph in graphs
    )  # fmt: skip
    return Chart("stages", "Cost by stage", _inputs(graphs), bars, "", ("multiply-accumulates", "parameters"), ("", ""))


def depth(graphs: Sequence[Graph]) -> Chart:
    """Multiply-accumulates and parameters of all layers so far, after each convolution and linear layer."""
    return Chart(
        "depth", "Cost along the network", f"cumulated in execution order; {_inputs(graphs)}", tuple(_cumulated(graph) for graph
        in graphs),
        "convolutions and linear layers so far", ("multiply-accumulates", "parameters"), ("", ""),
    )  # fmt: skip


def _cumulated(graph: Graph) -> Line:
    seen: set[str] = set()
    xs, macs, params, tips = [0], [0], [0], ["input"]
    done = 0
    spent, held = 0, 0
    for node in graph.nodes:
        spent += node.cost.macs
        new = [name for name in dict.fromkeys(node.params) if name not in seen and not graph.param[name].buffer]
        seen.update(new)
        held += sum(graph.param[name].numel for name in new)
        if node.params and kinds.kind(node) in kinds.WEIGHTED:
            done += node.repeats
            xs.append(done)
            macs.append(spent)
            params.append(held)
            tips.append(graph.path(node))
        else:
            macs[-1], params[-1] = spent, held
    return Line(called(graph), tuple(xs), (tuple(macs), tuple(params)), tuple(tips))


def field(graphs: Sequence[Graph]) -> Chart:
    """The receptive field after each layer, against the convolutions and linear layers on the longest path to it."""
    sizes = {max(shape[2:]) for graph in graphs for shape in graph.shapes(graph.inputs) if len(shape) > 2}
    reference = (sizes.pop(), "input") if len(sizes) == 1 else None
    lines = tuple(line for graph in graphs if (line := _grown(graph)).xs)
    return Chart(
        "field", "Growth of the receptive field", "the longer side, not cut at the border; joined branches see what either sees",
        lines, "weighted depth: convolutions on the longest path", ("receptive field",), ("px",), reference,
    )  # fmt: skip


def _grown(graph: Graph) -> Line:
    fields = receptive_fields(graph)
    last = metrics.last_feature_map(graph)
    reached: dict[int, int] = {}
    best: dict[int, tuple[int, str]] = {}
    for node in graph.nodes:
        weighted = bool(node.params) and kinds.kind(node) in kinds.WEIGHTED
        here = max((reached.get(t, 0) for t in node.inputs), default=0) + weighted
        for tensor in node.outputs:
            reached[tensor] = here
            if tensor in fields:
                size = max(axis.size for axis in fields[tensor])
                if size >= best.get(here, (0, ""))[0]:
                    best[here] = (size, graph.path(node))
        if last is not None and last[0] in node.outputs:
            break
    # At equal depth the branches of a block see less than the block before them.
    points: list[tuple[int, tuple[int, str]]] = []
    for x, point in sorted(best.items()):
        points.append((x, max(point, points[-1][1]) if points else point))
    return Line(
        called(graph), tuple(x for x, _ in points), (tuple(y for _, (y, _) in points),), tuple(tip for _, (_, tip) in points)
    )


def memory(graphs: Sequence[Graph]) -> Chart:
    """Bytes of activations alive while each operator runs."""
    return Chart(
        "memory", "Activation memory over one forward",
        f"bytes alive while each operator runs, parameters not among them; {_inputs(graphs)}",
        tuple(line for graph in graphs if (line := _alive(graph)).xs), "operators so far", ("activations alive",), ("B",),
    )  # fmt: skip


def _alive(graph: Graph) -> Line:
    curve = metrics.liveness(graph)
    values = tuple(alive.bytes for alive in curve)
    tips = tuple(f"{kinds.word(alive.node)} in {graph.path(alive.node) or graph.name}" for alive in curve)
    return Line(called(graph), tuple(range(1, len(values) + 1)), (values,), tips, values.index(max(values)) if values else None)


def _inputs(graphs: Sequence[Graph]) -> str:
    shapes = dict.fromkeys(units.shape(shape) for graph in graphs for shape in graph.shapes(graph.inputs))
    dtypes = dict.fromkeys(graph.meta.dtype for graph in graphs)
    return f"input {' or '.join(shapes)}, {' and '.join(dtypes)}"


def of(kind: str, graphs: Sequence[Graph]) -> Chart:
    """The chart of this kind, of those that need nothing but graphs: stages, depth, field or memory."""
    return {"stages": stages, "depth": depth, "field": field, "memory": memory}[kind](graphs)
