"""fvcore's FlopCountAnalysis: a function per operator of a torch.jit.trace."""

from collections.abc import Iterator
from math import prod

from archscope.conventions.convention import Part, convention
from archscope.conventions.patched_functions import einsum, operands
from archscope.conventions.python_names import Names
from archscope.graph import Graph
from archscope.graph.spelling import FunctionCall, Group, TensorArgument, numel, shape_of

FVCORE_OPERATORS = {
    "conv": "convolution", **dict.fromkeys(("addmm", "mm", "bmm", "matmul", "linear", "einsum"), "matmul"),
    "batch_norm": "batch_norm", "instance_norm": "instance_norm", "layer_norm": "layer_norm", "group_norm": "group_norm",
    "adaptive_avg_pool2d": "adaptive_avg_pool2d", "upsample_nearest2d": "upsample_nearest2d",
    "upsample_bilinear2d": "upsample_bilinear2d", "grid_sampler": "grid_sampler",
}  # fmt: skip
"""fvcore's names of the operators it counts -> our label of them."""

_CELLS = {"lstm_cell", "gru_cell", "rnn_tanh_cell", "rnn_relu_cell"}
_MAC = "1 per multiply-accumulate"
_NORMS = {"layer_norm": (2, "weight"), "group_norm": (2, "weight"), "instance_norm": (1, "weight")}
_SIZED = {
    "adaptive_avg_pool2d": (1, 0, "1 per input"), "upsample_nearest2d": (0, 1, "1 per output"),
    "upsample_bilinear2d": (0, 4, "4 per output"), "grid_sampler": (0, 4, "4 per output"),
}  # fmt: skip


@convention(
    "fvcore",
    "MACs",
    "As fvcore's FlopCountAnalysis: multiply-accumulates, plus 2 per element of a batch norm (5 in train mode), 5 per element of "
    "other norms, the inputs of adaptive average pooling, 1 or 4 per output of nearest or bilinear resizing; fused attention, "
    "recurrent layers, tensordot and padding='same' 0.",
    needs_spelling=True,
)
def fvcore(graph: Graph) -> Iterator[Part]:
    """Source: fvcore/nn/flop_count.py (`_DEFAULT_SUPPORTED_OPS`) and jit_handles.py, 0.1.5."""
    for call in Names(graph).innermost():
        part = _part(call)
        if part is not None:
            yield part


def _part(call: FunctionCall) -> Part | None:
    name = call.operator
    if name.startswith("conv"):
        return _convolution(call)
    if name in _CELLS:
        state = call.argument(1, "hx")
        state = state.items[0] if isinstance(state, Group) else state  # an LSTM's state comes with its memory
        products = prod(call.shape(0, "input")) * call.shape(2, "w_ih")[0] + numel(state) * call.shape(3, "w_hh")[0]
        return Part(call.node, "matmul", products, _MAC)
    if name in ("addmm", "mm", "bmm", "matmul", "linear", "einsum"):
        return Part(call.node, "matmul", _product(call), _MAC, _wrong(call))
    if name == "batch_norm":
        return _batch_norm(call)
    if name in _NORMS:
        per = 5 if isinstance(call.argument(*_NORMS[name]), TensorArgument) else 4
        return Part(call.node, name, per * prod(call.shape(0, "input")), f"{per} per element")
    if name in _SIZED:
        inputs, outputs, rule = _SIZED[name]
        return Part(call.node, name, inputs * prod(call.shape(0, "input")) + outputs * numel(call.output), rule)
    return None


def _product(call: FunctionCall) -> int:
    one, other = call.shape(0, "input"), call.shape(1, "other") or call.shape(1, "weight") or call.shape(1, "mat2")
    match call.operator:
        case "addmm":
            return prod(call.shape(1, "mat1")) * call.shape(2, "mat2")[-1]
        case "linear":
            return prod(one) * other[0]
        case "einsum":
            return _einsum(call)
    return prod(one) * other[-1]


def _einsum(call: FunctionCall) -> int:
    equation = str(call.args[0]).replace(" ", "")
    letters = dict(
        zip(dict.fromkeys(letter for letter in equation if letter.isalpha()), "abcdefghijklmnopqrstuvwxyz", strict=False)
    )
    shapes = operands(call)
    match "".join(letters.get(letter, letter) for letter in equation):
        case "abc,abd->acd":
            return prod(shapes[0]) * shapes[-1][-1]
        case "abc,adc->adb":
            return prod(shapes[0]) * shapes[-1][1]
    return einsum(call) // 2


def _wrong(call: FunctionCall) -> str:
    one, other = call.shape(0, "input"), call.shape(1, "other")
    if call.operator == "matmul" and len(other) > len(one):
        return "a product that is repeated for each matrix of the second operand is counted once"
    return "the figure has only four digits" if call.operator == "einsum" else ""


def _batch_norm(call: FunctionCall) -> Part:
    affine = isinstance(call.argument(1, "weight"), TensorArgument)
    per = (5 if affine else 4) if call.argument(5, "training") else (2 if affine else 1)
    return Part(call.node, "batch_norm", per * prod(call.shape(0, "input")), f"{per} per element")


def _convolution(call: FunctionCall) -> Part | None:
    if isinstance(call.argument(4, "padding"), str):
        return None  # another operator to torch.jit.trace, `_convolution_mode`, for which there is no function
    transposed = "transpose" in call.operator
    into, weight = call.shape(0, "input"), call.shape(1, "weight")
    places = (into if transposed else shape_of(call.output))[2:]
    return Part(call.node, "convolution", into[0] * prod(weight) * prod(places), _MAC)
