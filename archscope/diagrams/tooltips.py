"""What is said when a pointer rests on a box: where it is, what it is, what it costs."""

from archscope import units
from archscope.diagrams.picture import Box
from archscope.graph import Attr, Graph, Node, naming

_SHOWN = 6


def tooltip(graph: Graph, box: Box) -> str:
    """Path, type, shapes, attributes and costs of a box, one to a line."""
    lines = [f"{box.title} {box.mark}".strip()]
    if box.count > 1:
        lines.append(_several(box))
    if any(box.paths):
        paths = list(dict.fromkeys(box.paths))
        more = f" and {len(paths) - _SHOWN} more" if len(paths) > _SHOWN else ""
        lines.append(f"module: {', '.join(path or '(the network)' for path in paths[:_SHOWN])}{more}")
    if box.scale is not None:
        lines.append(f"residual scale: {box.scale:.4g}")
    if box.shape:
        lines.append(f"output: {box.shape}")
    nodes = [graph.node(node) for node in box.nodes]
    lines += _operators(graph, nodes)
    costs = box.costs
    bound = "≥ " if costs.uncounted else ""
    lines.append(
        f"parameters: {units.exact(costs.params)}, MACs: {bound}{units.exact(costs.macs)}, "
        f"activations: {units.exact(costs.activations)}"
    )
    if costs.uncounted:
        lines.append(f"{costs.uncounted} operators without a cost formula")
    return "\n".join(lines)


def _several(box: Box) -> str:
    if box.again:
        return "the same modules, with the same parameters"
    if box.parallel:
        return "equal blocks beside each other"
    return "equal blocks" if box.equal else "blocks of one type with different widths"


def _operators(graph: Graph, nodes: list[Node]) -> list[str]:
    if len(nodes) > _SHOWN:
        return [f"{len(nodes)} operators"]
    return [node_line(graph, node) for node in nodes]


def node_line(graph: Graph, node: Node) -> str:
    """One operator: name, attributes, shapes."""
    attrs = ", ".join(f"{name}={_plain(value)}" for name, value in node.attrs.items() if value is not None)
    shapes = " ".join(units.shape(shape) for shape in graph.shapes(node.inputs))
    out = " ".join(units.shape(shape) for shape in graph.shapes(node.outputs))
    return f"{naming.word(graph, node)} ({node.op}){f' {attrs}' if attrs else ''}: {shapes} -> {out}"


def _plain(value: Attr) -> str:
    return "x".join(map(str, value)) if isinstance(value, list) else str(value)
