"""What the graphs inside a node cost: the branches of an If, the body of a Loop or a Scan, where the data do not decide it."""

from collections.abc import Callable, Mapping
from typing import Any

from archscope.graph import UNKNOWN, Cost, Param
from archscope.models.exported.builder import Outside
from archscope.models.exported.onnx_model import attributes
from archscope.models.exported.onnx_values import Types

Measured = tuple[Cost, dict[str, Param]]
"""What one run of a graph costs, and the parameters that it reads."""

Measure = Callable[[Any, Mapping[str, Any]], Measured | None]
"""A graph and the types of its inputs -> its cost; None for one that cannot run."""


def cost_of_graphs(
    node: Any, graphs: Mapping[str, Any], types: Types, measure: Measure, outside: Callable[[str, Any], Outside]
) -> Measured:
    """The cost of a node with graphs inside.

    Arguments:
        graphs: by the attribute that holds them.
        types: what is known of names around the node.
        outside: the size of a tensor, by its name and type.
    """
    found: Measured | None = None
    if node.op_type == "If":
        found = _branches([measure(graph, {}) for graph in graphs.values()])
    elif node.op_type == "Loop":
        found = _loop(node, graphs["body"], types, measure)
    elif node.op_type == "Scan" and types.opsets.get("", 1) >= 9:
        found = _scan(node, graphs["body"], types, measure, outside)
    return found or (UNKNOWN, {})


def _branches(each: list[Measured | None]) -> Measured:
    able = [one for one in each if one is not None]
    params = {name: param for _, read in able for name, param in read.items()}
    alike = len(able) == len(each) == 2 and able[0][0] == able[1][0]
    return (able[0][0] if alike else UNKNOWN), params


def _loop(node: Any, body: Any, types: Types, measure: Measure) -> Measured | None:
    given: dict[str, Any] = {}
    for at, info in enumerate(body.input):
        outer = node.input[at] if at >= 2 else ""
        given[info.name] = types.types[outer] if outer else types.onnx.helper.make_tensor_type_proto(7 if at == 0 else 9, [])
    one = measure(body, given)
    times = types.numbers(node.input[0]) if node.input[0] else None
    goes_on = body.output[0].name in _handed_on(body, body.input[1].name) or _is_true(body)
    started = not node.input[1] or (types.numbers(node.input[1]) or [False])[0]
    if one is None:
        return None
    return (one[0] * int(times[0]) if times and goes_on and started else UNKNOWN), one[1]


def _scan(node: Any, body: Any, types: Types, measure: Measure, outside: Callable[[str, Any], Outside]) -> Measured | None:
    told = attributes(node)
    count = int(told["num_scan_inputs"])
    states = len(node.input) - count
    axes = told.get("scan_input_axes") or [0] * count
    given: dict[str, Any] = {}
    length = 0
    for at, info in enumerate(body.input):
        kind = types.types[node.input[at]]
        shape = list(outside(node.input[at], kind).shape)
        if at >= states:
            length = shape.pop(axes[at - states])
        given[info.name] = types.onnx.helper.make_tensor_type_proto(kind.tensor_type.elem_type, shape)
    one = measure(body, given)
    return (one[0] * length, one[1]) if one is not None else None


def _handed_on(body: Any, name: str) -> set[str]:
    """Names by which a loop's body hands on one of its inputs."""
    names = {name}
    for node in body.node:
        if node.op_type in ("Identity", "Cast") and node.input[0] in names:
            names.add(node.output[0])
    return names


def _is_true(body: Any) -> bool:
    """Whether a loop's body always asks for another round."""
    from onnx import numpy_helper

    name = body.output[0].name
    for node in body.node:
        if name in node.output and node.op_type == "Constant":
            return bool(numpy_helper.to_array(node.attribute[0].t).all())
    tensor = next((t for t in body.initializer if t.name == name), None)
    return tensor is not None and bool(numpy_helper.to_array(tensor).all())
