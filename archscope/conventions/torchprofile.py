"""torchprofile: a function per operator of a torch.jit.trace, like fvcore's."""

from collections.abc import Iterator
from math import prod

from archscope.conventions.convention import Part, convention
from archscope.conventions.patched_functions import attention, operands
from archscope.conventions.python_names import Names
from archscope.graph import Graph
from archscope.graph.spelling import FunctionCall, Group, TensorArgument, numel, shape_of

_MAC = "1 per multiply-accumulate"
_AVERAGES = {f"{kind}avg_pool{d}d" for kind in ("", "adaptive_") for d in (1, 2, 3)} | {"mean"}
_WEIGHT = {"batch_norm": 1, "instance_norm": 1, "layer_norm": 2, "group_norm": 2}
_CELLS = {"lstm_cell": 3, "gru_cell": 2, "rnn_tanh_cell": 0, "rnn_relu_cell": 0}  # products of gates, per unit
_PRODUCTS = {"linear", "matmul", "bmm", "addmm", "baddbmm", "addmv"}


@convention(
    "torchprofile",
    "MACs",
    "As torchprofile 0.1: multiply-accumulates, also of attention and LSTM, 1 per element of a norm with weights and of a "
    "product of tensors, the outputs of average pooling and means, 4 per output of bilinear resizing; torch.mm and GRU 0.",
    needs_spelling=True,
)
def torchprofile(graph: Graph) -> Iterator[Part]:
    """Source: torchprofile/handlers.py. It also counts 1 for each product of sizes and scales in its trace, which we do not."""
    for call in Names(graph).innermost():
        if call.operator in _CELLS:
            yield from _cell(call)
        elif (part := _part(call)) is not None:
            yield part


def _part(call: FunctionCall) -> Part | None:
    name, written = call.operator, numel(call.output)
    if name.startswith("conv"):
        return _convolution(call)
    if name in _PRODUCTS:
        return Part(call.node, "matmul", _product(call), _MAC)
    if name in _AVERAGES:
        return Part(call.node, name, written, "1 per output")
    if name in _WEIGHT:
        affine = isinstance(call.argument(_WEIGHT[name], "weight"), TensorArgument)
        return Part(call.node, name, written if affine else 0, "1 per element")
    match name:
        case "mul" | "multiply" | "rtruediv" | "rdiv":
            return Part(call.node, "mul", written, "1 per output")
        case "leaky_relu":
            return Part(call.node, name, written, "1 per output") if not call.argument(2, "inplace") else None
        case "upsample_bilinear2d":
            return Part(call.node, name, 4 * written, "4 per output")
        case "grid_sampler":
            per = {0: 4, 1: 0}.get(call.argument(2, "interpolation_mode"), 16)  # type: ignore[arg-type]
            return Part(call.node, name, per * written, f"{per} per output")
        case "scaled_dot_product_attention":
            return Part(call.node, "matmul", attention(call), _MAC)
        case "einsum":
            return Part(call.node, "matmul", _einsum(call), _MAC)
        case "lstm":
            return Part(call.node, "lstm", _lstm(call), _MAC)
    return None


def _cell(call: FunctionCall) -> Iterator[Part]:
    """A cell's operators one by one: torch.jit.trace does not write down the cell itself."""
    states = call.args[1].items if isinstance(call.args[1], Group) else call.args[1:2]
    units = prod(shape_of(states[0]))
    macs = prod(call.shape(0, "input")) * call.shape(2, "w_ih")[0] + units * call.shape(3, "w_hh")[0]
    yield Part(call.node, "matmul", macs, _MAC)
    yield Part(call.node, "mul", _CELLS[call.operator] * units, "1 per output")


def _product(call: FunctionCall) -> int:
    one, other = call.shape(0, "input"), call.shape(1, "other") or call.shape(1, "weight") or call.shape(1, "mat2")
    match call.operator:
        case "linear":
            return prod(one) * other[0]
        case "addmm" | "baddbmm":
            return prod(call.shape(1, "mat1")) * call.shape(2, "mat2")[-1]
        case "addmv":
            return prod(call.shape(1, "mat"))
    if len(one) == 1 or len(other) == 1:
        return prod(one if len(one) > len(other) else other)
    return numel(call.output) * one[-1]


def _convolution(call: FunctionCall) -> Part | None:
    if isinstance(call.argument(4, "padding"), str):
        return None
    written, weight = shape_of(call.output), call.shape(1, "weight")
    inner = weight[1] if written[1] == weight[0] else weight[0]
    bug = ""
    if "transpose" in call.operator:
        bug = "a transposed convolution does its multiply-accumulates once per input, not per output"
    return Part(call.node, "convolution", prod(written) * inner * prod(weight[2:]), "1 per multiply-accumulate", bug)


def _einsum(call: FunctionCall) -> int:
    equation = str(call.args[0])
    if "..." in equation:
        return 0
    sizes = {
        letter: size
        for letters, operand in zip(equation.split("->")[0].split(","), operands(call), strict=False)
        for letter, size in zip(letters.replace(" ", ""), operand, strict=False)
    }
    return prod(sizes.values())


def _lstm(call: FunctionCall) -> int:
    outputs = call.output.items if isinstance(call.output, Group) else ()
    written, state = shape_of(outputs[0]), shape_of(outputs[1])
    directions = written[-1] // state[-1]
    units, first = state[-1], call.shape(0, "input")[-1]
    layers = state[0] // directions
    macs = sum(4 * units * ((first if layer == 0 else units * directions) + units) for layer in range(layers))
    return written[0] * written[1] * directions * macs
