"""DeepSpeed's flops profiler, which calflops was made of: it puts functions of its own in the place of torch's."""

from collections.abc import Iterator
from math import prod

from archscope.conventions.calflops import ELEMENTWISE, TWO, common, heard, recurrent_hooks
from archscope.conventions.convention import Part, convention
from archscope.conventions.patched_functions import attention, elementwise, product
from archscope.conventions.python_names import Names
from archscope.graph import Graph
from archscope.graph.spelling import FunctionCall, Group, TensorArgument, numel

_PRODUCTS = {f"{owner}.{name}" for owner in ("torch", "Tensor") for name in ("matmul", "mm", "bmm")} | {"Tensor.__matmul__"}


@convention(
    "deepspeed",
    "FLOPs",
    "As DeepSpeed's flops profiler 0.19: as calflops, and 2 per multiply-accumulate of q @ k, torch.bmm and fused attention.",
    needs_spelling=True,
)
def deepspeed(graph: Graph) -> Iterator[Part]:
    """Source: deepspeed/profiling/flops_profiler/profiler.py, 0.19.8. `einops.einsum` is not seen here."""
    names = Names(graph)
    yield from recurrent_hooks(names, per_place=False)
    for function, _ in heard(names, per_place=False):
        if function.name in _PRODUCTS:
            yield Part(function.node, "matmul", 2 * product(function), TWO)
        elif function.name == "F.scaled_dot_product_attention":
            yield Part(function.node, "matmul", 2 * attention(function), TWO)
        elif function.name in ("F.interpolate", "F.upsample"):
            value, bug = _resized(function)
            yield Part(function.node, "upsample", value, "1 per output", bug)
        elif function.name.startswith("F.conv_transpose"):
            yield from _transposed(function)
        elif function.name in ELEMENTWISE:
            yield Part(function.node, function.operator, elementwise(function, from_the_left=False), "1 per output")
        else:
            yield from common(function, 1)


def _resized(call: FunctionCall) -> tuple[int, str]:
    size, scale = call.argument(1, "size"), call.argument(2, "scale_factor")
    into = call.shape(0, "input")
    if isinstance(size, Group):
        return prod(
            part for part in size.items if isinstance(part, int)
        ), "where a size is given, batch and channels are forgotten"
    if isinstance(size, int):
        return size, "where a size is given, batch, channels and one axis are forgotten"
    if isinstance(scale, Group):
        return int(prod(into) * prod(part for part in scale.items if isinstance(part, (int, float)))), ""
    return int(prod(into) * (scale ** (len(into) - 2) if isinstance(scale, (int, float)) else 1)), ""


def _transposed(call: FunctionCall) -> Iterator[Part]:
    into, weight = call.shape(0, "input"), call.shape(1, "weight")
    macs = prod(weight) * into[0] * prod(into[2:])
    yield Part(call.node, "convolution", 2 * macs, TWO)
    if isinstance(call.argument(2, "bias"), TensorArgument):
        yield Part(call.node, "bias", numel(call.output), "1 per output")
