"""Picture -> DOT, for Graphviz and everything that reads its language: the `graphviz` package writes it."""

import graphviz

from archscope.diagrams import operator_level as ops
from archscope.diagrams.block_places import Direction, is_dot, text_of
from archscope.diagrams.colouring import Paint, amount
from archscope.diagrams.picture import INPUT, Box, Panel, Picture
from archscope.diagrams.text_width import wrapped
from archscope.diagrams.tooltips import node_line, tooltip
from archscope.printable import printable

_LONGEST = 320.0  # of a label, in points


def dot(picture: Picture, paint: Paint, direction: Direction = "TB") -> str:
    """The overview; opened blocks as clusters beside it."""
    graph = _digraph(picture.title, paint, direction)
    _add(graph, picture, picture.overview, "", paint, costs=bool(picture.overview.shapes == ("", "")))
    for number, panel in enumerate(picture.panels):
        with graph.subgraph(name=f"cluster_{number}") as cluster:
            cluster.attr(label=_said(panel.title), color=paint.theme.muted, fontcolor=paint.theme.ink, style="rounded")
            _add(cluster, picture, panel, f"b{number}_", paint, costs=False)
    return str(graph.source)


def operators_dot(picture: Picture, paint: Paint, direction: Direction = "TB") -> str:
    """Every operator and every edge of the trace."""
    graph, dot_graph = picture.graph, _digraph(picture.title, paint, direction)
    for t in graph.inputs:
        dot_graph.node(
            _name("", -1 - t),
            graphviz.escape(f"input {'x'.join(map(str, graph.tensors[t].shape))}"),
            fillcolor=paint.theme.fills[INPUT],
        )
    for node in graph.nodes:
        box = ops.box_of(graph, node)
        fill = paint.fill(box)
        dot_graph.node(
            _name("", node.id),
            _said(f"{box.label}\n{box.shape}"),
            fillcolor=fill,
            fontcolor=paint.theme.on(fill),
            tooltip=_tip(f"{graph.path(node)}\n{node_line(graph, node)}"),
        )
    for a, b in ops.edges(graph):
        dot_graph.edge(_name("", a), _name("", b))
    return str(dot_graph.source)


def _digraph(title: str, paint: Paint, direction: Direction) -> graphviz.Digraph:
    theme = paint.theme
    return graphviz.Digraph(
        graph_attr={
            "rankdir": direction,
            "label": _said("\n".join(wrapped(title, 14, _LONGEST))),
            "labelloc": "t",
            "bgcolor": theme.background,
            "fontname": "Helvetica",
            "fontcolor": theme.ink,
            "nodesep": "0.2",
            "ranksep": "0.3",
        },
        node_attr={
            "shape": "box",
            "style": "rounded,filled",
            "fontname": "Helvetica",
            "fontsize": "11",
            "color": theme.stroke,
            "height": "0.35",
            "margin": "0.12,0.04",
            "fontcolor": theme.ink,
        },
        edge_attr={"color": theme.line, "arrowsize": "0.7"},
    )


def _add(graph: graphviz.Digraph, picture: Picture, panel: Panel, prefix: str, paint: Paint, costs: bool) -> None:
    for box in panel.boxes:
        fill = paint.fill(box, opened=not costs)
        shape = {"shape": "circle", "margin": "0", "width": "0.25"} if is_dot(box) else {}
        graph.node(
            _name(prefix, box.id),
            _label(box, costs),
            fillcolor=fill,
            fontcolor=paint.theme.on(fill),
            tooltip=_tip(tooltip(picture.graph, box)),
            **shape,
        )
    for a, b in panel.edges:
        scale = next((box.scale for box in panel.boxes if box.id == b), None)
        shown = scale is not None and a == max(x for x, y in panel.edges if y == b)
        graph.edge(_name(prefix, a), _name(prefix, b), label=f"x {scale:.4g}" if shown else "")


def _name(prefix: str, number: int) -> str:
    return f"{prefix}{'i' if number < 0 else 'n'}{abs(number)}"


def _label(box: Box, costs: bool) -> str:
    if is_dot(box):
        return _said(box.label)
    lines = wrapped(text_of(box), 11, _LONGEST)
    if costs:
        lines.append(box.shape)
        if box.kind != INPUT:
            lines.append(f"{amount(box, 'params')} params, {amount(box, 'macs')} MACs")
    elif box.kind == INPUT:
        lines = [box.shape]
    return _said("\n".join(lines))


def _tip(text: str) -> str:
    return _said(text)


def _said(text: str) -> str:
    """Text as Graphviz reads it: no escapes, no characters that a terminal or XML would obey or stumble over."""
    return str(graphviz.escape(printable(text, keep="\n")))
