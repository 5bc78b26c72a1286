"""Matrix products and the other inner products: the operators whose cost is multiply-accumulates."""

from collections.abc import Callable, Sequence
from math import prod
from typing import Any

from archscope.counts.formulas import F, complex_formula, formula
from archscope.graph import Cost, Tensor


def product(*names: str) -> Callable[[F], F]:
    """A decorator as `formula`, for inner products: integers count too, and a complex multiply-accumulate is four real ones."""

    def register(function: F) -> F:
        formula(*names, integers=True)(function)

        def complex_cost(*args: Any, **kwargs: Any) -> Cost | str:
            cost = function(*args, **kwargs)
            if isinstance(cost, str):
                return cost
            return Cost(macs=4 * cost.macs, adds=2 * cost.adds + 2 * cost.muls, muls=4 * cost.muls)

        complex_formula(*names)(complex_cost)
        return function

    return register


def multiply(rows: int, inner: int, columns: int, bias: bool = False) -> Cost:
    """[rows, inner] times [inner, columns], and a bias on every element of the result."""
    return Cost(macs=rows * inner * columns, adds=rows * columns if bias else 0)


def _scaled(result: int, beta: float, alpha: float) -> Cost:
    """beta * self + alpha * product: the additions, and the multiplications where a factor is not 1."""
    if beta == 0:
        return Cost(muls=result * (alpha != 1))
    return Cost(adds=result, muls=result * ((alpha != 1) + (beta != 1)))


@product("aten.mm", "aten._int_mm", "aten.smm", "aten._weight_int8pack_mm")
def mm(a: Tensor, b: Tensor, *_: Any, out: Tensor) -> Cost:
    """A matrix product."""
    # [n, m] = mm([n, k], [k, m])
    n, k = a.shape
    return multiply(n, k, out.shape[-1])


@product("aten.addmm", "aten.sspaddmm")
def addmm(bias: Tensor, a: Tensor, b: Tensor, *, beta: float = 1, alpha: float = 1, out: Tensor) -> Cost:
    """A matrix product and a bias: the linear layer on two dimensions."""
    # [n, m] = addmm([m], [n, k], [k, m])
    n, k = a.shape
    k, m = b.shape
    return multiply(n, k, m) + _scaled(n * m, beta, alpha)


@product("aten._addmm_activation")
def addmm_activation(
    bias: Tensor, a: Tensor, b: Tensor, *, beta: float = 1, alpha: float = 1, use_gelu: bool = False, out: Tensor
) -> Cost:
    """A linear layer and the rectifier, or the tanh form of GELU, behind it."""
    activation = Cost(muls=6, adds=2, exponentials=1) if use_gelu else Cost(comparisons=1)
    return addmm(bias, a, b, beta=beta, alpha=alpha, out=out) + activation * out.numel


@product("aten.bmm")
def bmm(a: Tensor, b: Tensor, *_: Any, out: Tensor) -> Cost:
    """A matrix product per sample."""
    # [b, n, m] = bmm([b, n, k], [b, k, m])
    batch, n, k = a.shape
    batch, k, m = b.shape
    return multiply(batch * n, k, m)


@product("aten.baddbmm")
def baddbmm(bias: Tensor, a: Tensor, b: Tensor, *_: Any, beta: float = 1, alpha: float = 1, out: Tensor) -> Cost:
    """A matrix product per sample, and a bias."""
    # [b, n, m] = baddbmm([b, n, m], [b, n, k], [b, k, m])
    return bmm(a, b, out=out) + _scaled(out.numel, beta, alpha)


@product("aten.addbmm")
def addbmm(bias: Tensor, a: Tensor, b: Tensor, *, beta: float = 1, alpha: float = 1, out: Tensor) -> Cost:
    """The sum of the samples' matrix products, which is one product with a longer inner side, and a bias."""
    # [n, m] = addbmm([n, m], [b, n, k], [b, k, m])
    return bmm(a, b, out=out) + _scaled(out.numel, beta, alpha)


@product("aten.mv")
def mv(a: Tensor, v: Tensor, *, out: Tensor) -> Cost:
    """A matrix times a vector."""
    # [n] = mv([n, k], [k])
    n, k = a.shape
    return multiply(n, k, 1)


@product("aten.addmv")
def addmv(bias: Tensor, a: Tensor, v: Tensor, *, beta: float = 1, alpha: float = 1, out: Tensor) -> Cost:
    """A matrix times a vector, and a bias."""
    return mv(a, v, out=out) + _scaled(out.numel, beta, alpha)


@product("aten.dot", "aten.vdot")
def dot(a: Tensor, b: Tensor, *, out: Tensor) -> Cost:
    """One inner product."""
    # [] = dot([n], [n])
    (n,) = a.shape
    return Cost(macs=n)


@product("aten.linalg_vecdot")
def vecdot(a: Tensor, b: Tensor, *, dim: int = -1, out: Tensor) -> Cost:
    """Inner products along one dimension."""
    return Cost(macs=out.numel * max(a.shape[dim], b.shape[dim]))


@product("aten.matmul", "aten.linalg_matmul", "aten.inner")
def matmul(a: Tensor, b: Tensor, *, out: Tensor) -> Cost:
    """Every element of the result is an inner product over the last dimension of `a`, whatever the ranks."""
    # [*, n, m] = matmul([*, n, k], [*, k, m]);  [*a, *b] = inner([*a, k], [*b, k])
    if not a.shape or not b.shape:
        return Cost(muls=out.numel)
    return Cost(macs=out.numel * a.shape[-1])


@product("aten.linear", "aten.mkldnn_linear", "aten._mixed_dtypes_linear")
def linear(x: Tensor, weight: Tensor, bias: Tensor | None = None, *_: Any, out: Tensor) -> Cost:
    """A linear layer on any number of leading dimensions."""
    # [*, m] = linear([*, k], [m, k], [m])
    return Cost(macs=out.numel * x.shape[-1], adds=out.numel if bias is not None else 0)


@product("quantized.linear", "quantized.linear_relu", "quantized.linear_dynamic", "quantized.linear_relu_dynamic")
def quantized_linear(x: Tensor, packed: Any, *_: Any, out: Tensor, **__: Any) -> Cost:
    """A quantised linear layer: the inner products. Its packed weight does not tell of a bias, which is not counted."""
    return Cost(macs=out.numel * x.shape[-1])


@product("aten._scaled_mm", "aten._scaled_mm_v2")
def scaled_mm(
    a: Tensor, b: Tensor, scale_a: Any, scale_b: Any, bias: Tensor | None = None, *_: Any, out: Tensor, **__: Any
) -> Cost:
    """A matrix product of scaled 8-bit numbers: one multiplication per element of the result undoes the scales."""
    # [n, m] = _scaled_mm([n, k], [k, m], scale, scale, [m])
    n, k = a.shape
    k, m = b.shape
    return multiply(n, k, m, bias=type(bias) is Tensor) + Cost(muls=n * m)


@product("aten._grouped_mm")
def grouped_mm(
    a: Tensor, b: Tensor, offsets: Tensor | None = None, bias: Tensor | None = None, *_: Any, out: Tensor, **__: Any
) -> Cost:
    """Matrix products of groups of rows, each with a matrix of its own: a mixture of experts."""
    # [n, m] = ([n, k], [g, k, m]);  [g, n, m] = ([g, n, k], [g, k, m]);  [n, m] = ([g, n, k], [k, m])
    # [g, n, m] = ([n, k], [k, m])
    if len(a.shape) == 2 and len(b.shape) == 2:  # the groups divide the inner side: each term belongs to one group
        macs = a.shape[0] * a.shape[1] * b.shape[1]
    else:
        macs = out.numel * a.shape[-1]
    return Cost(macs=macs, adds=out.numel if bias is not None else 0)


@product("aten._scaled_grouped_mm", "aten._scaled_grouped_mm_v2")
def scaled_grouped_mm(a: Tensor, b: Tensor, *_: Any, out: Tensor, **__: Any) -> Cost:
    """As `grouped_mm`, of scaled 8-bit numbers."""
    return grouped_mm(a, b, out=out) + Cost(muls=out.numel)


@product("aten.tensordot")
def tensordot(a: Tensor, b: Tensor, dims_a: Sequence[int], dims_b: Sequence[int], *, out: Tensor) -> Cost:
    """Inner products over the dimensions named."""
    return Cost(macs=out.numel * prod(a.shape[d] for d in dims_a))


@product("aten.outer", "aten.ger", "aten.kron")
def outer(a: Tensor, b: Tensor, *, out: Tensor) -> Cost:
    """Every product of two elements; nothing is accumulated."""
    return Cost(muls=out.numel)


@product("aten.addr")
def addr(bias: Tensor, a: Tensor, b: Tensor, *, beta: float = 1, alpha: float = 1, out: Tensor) -> Cost:
    """An outer product added to a matrix."""
    return Cost(muls=out.numel) + _scaled(out.numel, beta, alpha)


@product("aten.chain_matmul", "aten.linalg_multi_dot")
def chain_matmul(matrices: Sequence[Tensor], *, out: Tensor) -> Cost:
    """A product of several matrices in the cheapest order.

    Source: Cormen et al., "Introduction to Algorithms", matrix-chain multiplication by dynamic programming.
    """
    sides = [(1, *m.shape) if len(m.shape) == 1 and not at else (*m.shape, 1)[:2] for at, m in enumerate(matrices)]
    sizes = [sides[0][0], *(columns for _, columns in sides)]
    count = len(matrices)
    best = {(i, i): 0 for i in range(count)}
    for length in range(1, count):
        for i in range(count - length):
            j = i + length
            best[i, j] = min(best[i, k] + best[k + 1, j] + sizes[i] * sizes[k + 1] * sizes[j + 1] for k in range(i, j))
    return Cost(macs=best[0, count - 1])


@product("aten.bilinear")
def bilinear(a: Tensor, b: Tensor, weight: Tensor, bias: Tensor | None = None, *, out: Tensor) -> Cost:
    """y_o = a W_o b: the products a_i b_j once per sample, then one inner product with W_o per output."""
    # [*, o] = bilinear([*, i], [*, j], [o, i, j], [o])
    outputs, i, j = weight.shape
    samples = out.numel // outputs
    return Cost(macs=out.numel * i * j, muls=samples * i * j, adds=out.numel if bias is not None else 0)


@product("aten._trilinear")
def trilinear(
    a: Tensor, b: Tensor, c: Tensor, expand_a: Sequence[int], expand_b: Sequence[int], expand_c: Sequence[int],
    sumdim: Sequence[int], unroll_dim: int = 1, *, out: Tensor,
) -> Cost:  # fmt: skip
    """The sum over some dimensions of a b c, each spread over its `expand` dimensions: what `bilinear` becomes."""

    def spread(tensor: Tensor, dims: Sequence[int]) -> list[int]:
        shape = list(tensor.shape)
        for d in sorted(dims):
            shape.insert(d, 1)
        return shape

    shape_a, shape_b, shape_c = spread(a, expand_a), spread(b, expand_b), spread(c, expand_c)
    pairs = prod(map(max, shape_a, shape_c))
    return Cost(macs=prod(map(max, shape_a, shape_b, shape_c)), muls=pairs)


@product("aten.affine_grid_generator")
def affine_grid(theta: Tensor, size: Sequence[int], align_corners: bool, *, out: Tensor) -> Cost:
    """Every grid point [x, y, 1] times a 2x3 matrix (in three dimensions 3x4)."""
    # [n, h, w, 2] = affine_grid([n, 2, 3], [n, c, h, w])
    return Cost(macs=out.numel * theta.shape[-1])


__all__ = ["multiply", "product"]
