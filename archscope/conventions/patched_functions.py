"""What calflops, DeepSpeed and ptflops make of a function's arguments: formulas that they inherited from each other."""

from math import prod

from archscope.graph.spelling import FunctionCall, Group, TensorArgument, numel, shape_of

POOLS = {
    f"F.{size}{kind}_pool{d}d" for size in ("", "adaptive_") for kind in ("avg", "max") for d in (1, 2, 3)
}  # fmt: skip


def product(call: FunctionCall) -> int:
    """Multiply-accumulates of `matmul(input, other)`: the elements of the first times the columns of the second."""
    return prod(call.shape(0, "input")) * call.shape(1, "other")[-1]


def product_with_sum(call: FunctionCall) -> tuple[int, int]:
    """(multiply-accumulates, additions) of `addmm(input, mat1, mat2)`."""
    return prod(call.shape(1, "mat1")) * call.shape(2, "mat2")[-1], prod(call.shape(0, "input"))


def elementwise(call: FunctionCall, *, from_the_left: bool) -> int:
    """Elements of the result of `add` and `mul`.

    Arguments:
        from_the_left: line shapes up from the left, as calflops and ptflops do; broadcasting does it from the right.
    """
    one, other = call.argument(0, "input"), call.argument(1, "other")
    if not isinstance(one, TensorArgument):
        return numel(other)
    if not isinstance(other, TensorArgument):
        return numel(one)
    return prod(_common(one.shape, other.shape, from_the_left))


def misaligned(call: FunctionCall) -> bool:
    """Whether lining shapes up from the left gives another size than the result has."""
    return elementwise(call, from_the_left=True) != elementwise(call, from_the_left=False)


def _common(one: tuple[int, ...], other: tuple[int, ...], from_the_left: bool) -> tuple[int, ...]:
    axes = max(len(one), len(other))
    fill_one, fill_other = (1,) * (axes - len(one)), (1,) * (axes - len(other))
    if from_the_left:
        pairs = zip(one + fill_one, other + fill_other, strict=True)
    else:
        pairs = zip(fill_one + one, fill_other + other, strict=True)
    return tuple(max(pair) for pair in pairs)


def sizes(call: FunctionCall, position: int, name: str, axes: int) -> tuple[int, ...]:
    """A setting of a convolution, one number per axis; padding "same" as half of what the kernel reaches, rounded down."""
    value = call.argument(position, name, 0 if name == "padding" else 1)
    if isinstance(value, Group):
        numbers = tuple(part for part in value.items if isinstance(part, int))
        return numbers if len(numbers) == axes else numbers * axes
    if value == "same":
        kernel = call.shape(1, "weight")[2:]
        return tuple(d * (k - 1) // 2 for d, k in zip(sizes(call, 5, "dilation", axes), kernel, strict=True))
    return (value if isinstance(value, int) else 0,) * axes


def convolution(call: FunctionCall) -> tuple[int, int]:
    """(multiply-accumulates, biases) of `conv2d(input, weight, bias, stride, padding, dilation, groups)` and its like."""
    into, weight = call.shape(0, "input"), call.shape(1, "weight")
    axes = len(into) - 2
    steps = zip(
        into[2:],
        weight[2:],
        *(sizes(call, *which, axes) for which in ((3, "stride"), (4, "padding"), (5, "dilation"))),
        strict=True,
    )
    places = into[0] * prod((n + 2 * p - (d * (k - 1) + 1)) // s + 1 for n, k, s, p, d in steps)
    (groups,) = sizes(call, 6, "groups", 1)
    macs = prod(weight[2:]) * into[1] * (weight[0] // groups) * places
    return macs, weight[0] * places if isinstance(call.argument(2, "bias"), TensorArgument) else 0


def attention(call: FunctionCall) -> int:
    """Multiply-accumulates of `scaled_dot_product_attention(query, key, value)`: scores and weighted sum."""
    query, key, value = (call.shape(at, name) for at, name in enumerate(("query", "key", "value")))
    return prod(query) * key[-2] + prod(query[:-1]) * key[-2] * value[-1]


def operands(call: FunctionCall) -> list[tuple[int, ...]]:
    """Shapes of the operands of an einsum, which may also come as one list."""
    given = call.args[1:]
    if len(given) == 1 and isinstance(given[0], Group):
        given = given[0].items
    return [shape_of(operand) for operand in given]


def einsum(call: FunctionCall) -> int:
    """Operations of an einsum as numpy's `einsum_path` prints them, with four digits, for the cheapest order."""
    import numpy as np

    arrays = [np.broadcast_to(np.float32(0), shape) for shape in operands(call)]
    printed = np.einsum_path(str(call.args[0]).replace(" ", ""), *arrays, optimize="optimal")[1]
    line = next(line for line in printed.split("\n") if "optimized flop" in line.lower())
    return int(float(line.split(":")[-1]))
