"""calflops counts the functions in whose place it puts its own."""

from collections.abc import Iterator
from math import prod

from archscope.conventions.convention import Part, convention
from archscope.conventions.patched_functions import (
    POOLS,
    convolution,
    einsum,
    elementwise,
    misaligned,
    product,
    product_with_sum,
    sizes,
)
from archscope.conventions.python_names import SHARED, Names
from archscope.conventions.recurrent_layers import RECURRENT, recurrent
from archscope.graph import Graph
from archscope.graph.spelling import FunctionCall, Group, TensorArgument

TWO = "2 per multiply-accumulate"
_PER_INPUT = {f"F.{name}" for name in ("relu", "prelu", "elu", "leaky_relu", "relu6", "silu", "gelu", "softmax")} | POOLS
_PRODUCTS = {"torch.matmul", "Tensor.matmul"}
_SUMS = {"torch.addmm", "Tensor.addmm", "torch.baddbmm"}
ELEMENTWISE = {f"{owner}.{name}" for owner in ("torch", "Tensor") for name in ("mul", "add")}
_NORMS = {"F.layer_norm": (2, "weight"), "F.group_norm": (2, "weight"), "F.instance_norm": (3, "weight")}


@convention(
    "calflops",
    "FLOPs",
    "As calflops 0.3.2: 2 per multiply-accumulate and 1 per bias of convolutions, 2 per multiply-accumulate of linear layers, 2 "
    "per element of an affine eval batch norm, 5 of other norms, the inputs of pooling, softmax and activation functions; q @ k, "
    "torch.bmm and fused attention 0.",
    needs_spelling=True,
)
def calflops(graph: Graph) -> Iterator[Part]:
    """Source: calflops/pytorch_ops.py and calculate_pipline.py."""
    names = Names(graph)
    yield from recurrent_hooks(names, per_place=True)
    for function, places in heard(names, per_place=True):
        if function.name in _PRODUCTS:
            yield Part(function.node, "matmul", 2 * product(function) * places, TWO)
        elif function.name in ("F.interpolate", "F.upsample"):
            value, bug = _resized(function)
            yield Part(function.node, "upsample", value * places, "1 per input", bug)
        elif function.name.startswith("F.conv_transpose"):
            yield from _transposed(function, places)
        elif function.name in ELEMENTWISE:
            bug = "shapes are lined up from the left" if misaligned(function) else ""
            yield Part(function.node, function.operator, elementwise(function, from_the_left=True) * places, "1 per output", bug)
        else:
            yield from common(function, places)


def recurrent_hooks(names: Names, *, per_place: bool) -> Iterator[Part]:
    """LSTM, GRU, RNN and their cells, which have hooks of their own."""
    for module, call in names.modules():
        if module.torch_type in RECURRENT:
            value = recurrent(module, call, per_mac=2) * (len(module.paths) if per_place else 1)
            yield Part(call.node, module.type.lower(), value, "products, biases and sums of the gates")


def heard(names: Names, *, per_place: bool) -> Iterator[tuple[FunctionCall, int]]:
    """The functions that are put down to some module, and how often that module is summed up: once, or once per place."""
    for function in names.patched():
        owner = names.owner(function.call)
        if owner is not None and owner.torch_type not in RECURRENT:
            yield function, len(owner.paths) if per_place else 1


def common(call: FunctionCall, places: int) -> Iterator[Part]:
    """What calflops and DeepSpeed count alike."""
    bug = SHARED if places > 1 else ""

    def part(label: str, value: int, rule: str) -> Part:
        return Part(call.node, label, value * places, rule, bug)

    name, read = call.name, prod(call.shape(0, "input"))
    if name == "F.linear":
        yield part("matmul", 2 * read * call.shape(1, "weight")[0], TWO)
    elif name in ("F.conv1d", "F.conv2d", "F.conv3d"):
        macs, bias = convolution(call)
        yield part("convolution", 2 * macs, TWO)
        yield part("bias", bias, "1 per output")
    elif name in _SUMS:
        macs, added = product_with_sum(call)
        yield part("matmul", 2 * macs, TWO)
        yield part("bias", added, "1 per output")
    elif name == "torch.einsum":
        yield Part(call.node, "matmul", einsum(call) * places, TWO, bug or "the figure has only four digits")
    elif name == "F.batch_norm":
        affine = isinstance(call.argument(3, "weight"), TensorArgument)
        per = (5 if affine else 4) if call.argument(5, "training") else (2 if affine else 1)
        yield part("batch_norm", per * read, f"{per} per element")
    elif name in _NORMS:
        per = 5 if isinstance(call.argument(*_NORMS[name]), TensorArgument) else 4
        yield part(call.operator, per * read, f"{per} per element")
    elif name in _PER_INPUT:
        yield part(call.operator, read, "1 per input")


def _resized(call: FunctionCall) -> tuple[int, str]:
    size = call.argument(1, "size")
    if isinstance(size, Group):
        return prod(
            part for part in size.items if isinstance(part, int)
        ), "where a size is given, batch and channels are forgotten"
    if isinstance(size, int):
        return size, "where a size is given, batch, channels and one axis are forgotten"
    return prod(call.shape(0, "input")), "the scale factor is multiplied, and the product thrown away"


def _transposed(call: FunctionCall, places: int) -> Iterator[Part]:
    into, weight = call.shape(0, "input"), call.shape(1, "weight")
    axes = len(into) - 2
    (groups,) = sizes(call, 6, "groups", 1)
    macs = prod(weight[2:]) * into[1] * (weight[1] // groups) * into[0] * prod(into[2:])
    yield Part(call.node, "convolution", 2 * macs * places, TWO, "divided by the groups twice" if groups > 1 else "")
    if isinstance(call.argument(2, "bias"), TensorArgument):
        stride, padding, dilation = (sizes(call, *which, axes) for which in ((3, "stride"), (4, "padding"), (7, "dilation")))
        steps = zip(into[2:], weight[2:], stride, padding, dilation, strict=True)
        outputs = prod((n + 2 * p - (d * (k - 1) + 1)) // s + 1 for n, k, s, p, d in steps)
        bug = "the places are those of a convolution that is not transposed"
        yield Part(call.node, "bias", weight[1] * into[0] * outputs * places, "1 per output", bug)
