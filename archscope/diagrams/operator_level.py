"""Everything: one box per operator, nested in frames of the modules that ran it. Graphviz places them, we draw them."""

from collections.abc import Iterator
from math import ceil

import graphviz

from archscope import units
from archscope.diagrams import text_width as fonts
from archscope.diagrams.block_places import LABEL, Direction
from archscope.diagrams.colouring import Paint
from archscope.diagrams.graphviz_engine import laid_out
from archscope.diagrams.layered_layout import Placed, read
from archscope.diagrams.opened_block import Drawing
from archscope.diagrams.page import alarm, composed, summary
from archscope.diagrams.picture import INPUT, Box, Costs, Picture
from archscope.diagrams.scene import Element, Point, Scene, Segment, Shape, Text, arrow, rectangle
from archscope.diagrams.tooltips import node_line
from archscope.errors import UsageError
from archscope.graph import Call, Graph, Node, kinds, naming, window_signs

LARGEST_IMAGE = 5000  # boxes of a raster image
_SMALL, _HIGH, _FRAME = 9.0, 33.0, 6.0


def operators(picture: Picture, paint: Paint, direction: Direction = "TB") -> Scene:
    """Every operator of the trace and every tensor that passes between two of them."""
    graph = picture.graph
    placed = read(laid_out(source(graph, direction)))
    elements = [*_frames(graph, placed, paint), *_edges(graph, placed, paint), *_boxes(graph, placed, paint)]
    boxes = [box_of(graph, node) for node in graph.nodes]
    body = Drawing(tuple(elements), placed.width, placed.height)
    words = {box.word for box in boxes}
    said = [naming.norms_explained(words), window_signs.explained(kinds.window(node.attrs) for node in graph.nodes)]
    said = [note for note in said if note]
    head = f"{summary(picture)} · {len(graph.nodes)} operators"
    return composed(picture.title, head, body, boxes, paint, said, alarm(picture))


def check_size(graph: Graph, form: str) -> None:
    """Raises `UsageError` for a picture that no raster image can hold."""
    if form == "png" and len(graph.nodes) > LARGEST_IMAGE:
        raise UsageError(
            f"{len(graph.nodes):,} operators are too many for a png ({LARGEST_IMAGE:,} at most)",
            "choose --out svg, or --level block",
        )


def edges(graph: Graph) -> tuple[tuple[int, int], ...]:
    """(from, to), once each. A node is its id; tensor t of the network's inputs is -1 - t."""
    given = set(graph.inputs)
    pairs = (
        (writer if writer is not None else -1 - t, reader)
        for writer, reader, t in graph.edges
        if writer is not None or t in given
    )
    return tuple(dict.fromkeys(pairs))


def box_of(graph: Graph, node: Node) -> Box:
    """A node as a box: its kind decides the colour, its costs the shade."""
    kind = kinds.kind(node)
    known = {kinds.PRODUCT: kinds.ATTENTION, kinds.RECURRENT: kinds.LINEAR, kinds.EMBEDDING: kinds.LINEAR}
    drawn = known.get(kind, kind)
    if drawn not in (kinds.CONVOLUTION, kinds.POOLING, kinds.LINEAR, kinds.ATTENTION, kinds.NORMALISATION, kinds.JOIN):
        drawn = kinds.OTHER
    params = sum(graph.param[name].numel for name in node.params if not graph.param[name].buffer)
    written = sum(graph.tensors[t].numel for t in node.outputs) if node.bytes else 0
    word = naming.word(graph, node)
    label = f"{word} {kinds.window(node.attrs)}".strip()
    costs = Costs(params, node.cost.macs, written, node.cost.unknown)
    return Box(node.id, label, drawn, word, _shape(graph, node), paths=(graph.path(node),), nodes=(node.id,), costs=costs)


def source(graph: Graph, direction: Direction = "TB") -> str:
    """The graph for Graphviz: sizes, frames and edges, without words."""
    dot = graphviz.Digraph(
        graph_attr={"rankdir": direction, "nodesep": "0.15", "ranksep": "0.22"},
        node_attr={"shape": "box", "fixedsize": "true", "label": ""},
    )
    for t, name in zip(graph.inputs, graph.input_names, strict=True):
        dot.node(str(-1 - t), **_room(name or "input", units.shape(graph.tensors[t].shape)))
    own: dict[int, list[Node]] = {}
    for node in graph.nodes:
        own.setdefault(node.call, []).append(node)
    _fill(dot, graph, graph.calls[0], own)
    for a, b in edges(graph):
        dot.edge(str(a), str(b))
    return str(dot.source)


def _fill(dot: graphviz.Digraph, graph: Graph, call: Call, own: dict[int, list[Node]]) -> None:
    for node in own.get(call.id, ()):
        dot.node(str(node.id), **_room(box_of(graph, node).label, _shape(graph, node)))
    for child in graph.children[call.id]:
        if _is_frame(graph, child):
            with dot.subgraph(name=f"cluster_{child}") as inner:
                inner.attr(label=_label_room(graph, child), fontname="Helvetica", fontsize=str(_FRAME), margin="7")
                _fill(inner, graph, graph.calls[child], own)
        elif graph.inside(child):
            _fill(dot, graph, graph.calls[child], own)


def _is_frame(graph: Graph, call: int) -> bool:
    """Modules that run several operators get a frame; one around a single operator would say nothing."""
    return len(graph.inside(call)) > 1


def _frame_name(graph: Graph, call: int) -> str:
    return graph.calls[call].path.rpartition(".")[2] or graph.calls[call].type


def _label_room(graph: Graph, call: int) -> str:
    """Letters as wide as the name of a frame, which then grows; none where a box inside is wide enough for the name."""
    wide = fonts.width(_frame_name(graph, call), _FRAME)
    boxes = (_width(box_of(graph, node).label, _shape(graph, node)) for node in graph.inside(call))
    return "" if wide <= max(boxes) else "n" * ceil(wide / fonts.width("n", _FRAME))


def _width(label: str, shape: str) -> float:
    return max(fonts.width(label, LABEL), fonts.width(shape, _SMALL)) + 14


def _room(label: str, shape: str) -> dict[str, str]:
    return {"width": f"{_width(label, shape) / 72:.3f}", "height": f"{_HIGH / 72:.3f}"}


def _shape(graph: Graph, node: Node) -> str:
    return units.shape(graph.tensors[node.outputs[0]].shape) if node.outputs else "no output"


def _frames(graph: Graph, placed: Placed, paint: Paint) -> Iterator[Element]:
    for name, (x0, y0, x1, y1) in sorted(placed.clusters.items(), key=lambda item: int(item[0].rpartition("_")[2])):
        call = graph.calls[int(name.rpartition("_")[2])]
        shape = Shape(rectangle(x0, y0, x1 - x0, y1 - y0, 5), "", paint.theme.muted, 0.5)
        label = Text(x0 + 3, y0 + 6, _frame_name(graph, call.id), _FRAME, paint.theme.muted, room=x1 - x0 - 6)
        yield Element((shape, label), f"{call.path}\n{call.type}", "module")


def _edges(graph: Graph, placed: Placed, paint: Paint) -> Iterator[Element]:
    for a, b in edges(graph):
        tip, *curve = placed.curves[a, b]
        path: list[Segment] = [("M", *curve[0])]
        path += [("C", *curve[n], *curve[n + 1], *curve[n + 2]) for n in range(1, len(curve) - 2, 3)]
        shapes = (
            Shape((*path, ("L", *tip)), stroke=paint.theme.line, width=0.9),
            Shape(arrow(tip, curve[-1], 5.0), fill=paint.theme.line),
        )
        yield Element(shapes, role="edge", data=(("from", str(a)), ("to", str(b))))


def _boxes(graph: Graph, placed: Placed, paint: Paint) -> Iterator[Element]:
    for t, name in zip(graph.inputs, graph.input_names, strict=True):
        shape, fill = units.shape(graph.tensors[t].shape), paint.theme.fills[INPUT]
        yield _drawn(name or "input", shape, placed.at[-1 - t], fill, paint, "", -1 - t)
    for node in graph.nodes:
        box = box_of(graph, node)
        said = f"{graph.path(node) or '(the network)'}\n{node_line(graph, node)}\nMACs: {units.exact(node.cost.macs)}"
        yield _drawn(box.label, box.shape, placed.at[node.id], paint.fill(box), paint, said, node.id)


def _drawn(label: str, shape: str, at: Point, fill: str, paint: Paint, said: str, number: int) -> Element:
    width, color = _width(label, shape), paint.theme.on(fill)
    items = (
        Shape(rectangle(at[0] - width / 2, at[1] - _HIGH / 2, width, _HIGH, 4), fill, paint.theme.stroke),
        Text(at[0], at[1] - 3, label, LABEL, color, False, "middle", width - 6),
        Text(at[0], at[1] + 10, shape, _SMALL, color, False, "middle", width - 6),
    )
    return Element(items, said, "box", (("box", str(number)),))
