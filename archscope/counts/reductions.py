"""Sums, means, extremes, norms and running sums: many values in, fewer (or as many, in rows) out.

Below, n is the number of values in and r the number of results: reducing n values to r takes n - r steps.
"""

from typing import Any

from archscope.counts.formulas import complex_formula, formula
from archscope.graph import Cost, Tensor


def first(out: Any) -> Tensor:
    """The result itself, where an operator returns it with indices or a second result."""
    return out if type(out) is Tensor else out[0]


@formula("aten.sum", "aten.nansum", "aten.sum_to_size")
def sums(x: Tensor, *_: Any, out: Tensor, **__: Any) -> Cost:
    """n - r additions."""
    return Cost(adds=x.numel - out.numel)


@formula("aten.trace")
def trace(x: Tensor, *, out: Tensor) -> Cost:
    """The sum of the diagonal."""
    return Cost(adds=min(x.shape) - 1)


@complex_formula("aten.sum", "aten.sum_to_size")
def complex_sum(x: Tensor, *_: Any, out: Tensor, **__: Any) -> Cost:
    """Real and imaginary part."""
    return sums(x, out=out) * 2


@formula("aten.mean", "aten.nanmean")
def mean(x: Tensor, *_: Any, out: Tensor, **__: Any) -> Cost:
    """A sum, and one division per result."""
    n, r = x.numel, out.numel
    return Cost(adds=n - r, divs=r)


@complex_formula("aten.mean")
def complex_mean(x: Tensor, *_: Any, out: Tensor, **__: Any) -> Cost:
    """Real and imaginary part."""
    return mean(x, out=out) * 2


@formula("aten.prod")
def product(x: Tensor, *_: Any, out: Tensor, **__: Any) -> Cost:
    """n - r multiplications."""
    return Cost(muls=x.numel - out.numel)


@formula("aten.amax", "aten.amin", "aten.argmax", "aten.argmin", "aten.max", "aten.min")
def extreme(x: Tensor, *args: Any, out: Any, **_: Any) -> Cost:
    """n - r comparisons; of two tensors the larger, one per element."""
    if args and type(args[0]) is Tensor:
        return Cost(comparisons=out.numel)
    return Cost(comparisons=x.numel - first(out).numel)


@formula("aten.aminmax", "aten._aminmax")
def extremes(x: Tensor, *_: Any, out: Any, **__: Any) -> Cost:
    """Both ends."""
    return Cost(comparisons=2 * (x.numel - out[0].numel))


@formula("aten.all", "aten.any", "aten._is_all_true", "aten._is_any_true", "aten.count_nonzero", "aten.nonzero",
         "aten.nonzero_static", "aten.argwhere")  # fmt: skip
def tests(x: Tensor, *_: Any, out: Any, **__: Any) -> Cost:
    """One comparison with zero per value."""
    return Cost(comparisons=x.numel)


@formula("aten.var", "aten.var_mean")
def variance(x: Tensor, *_: Any, out: Any, **__: Any) -> Cost:
    """The mean (n - r additions, r divisions), the differences from it (n), their squares (n), and the mean of those."""
    n, r = x.numel, first(out).numel
    return Cost(adds=3 * n - 2 * r, muls=n, divs=2 * r)


@formula("aten.std", "aten.std_mean")
def deviation(x: Tensor, *_: Any, out: Any, **__: Any) -> Cost:
    """The square root of the variance."""
    return variance(x, out=out) + Cost(exponentials=first(out).numel)


def norm_cost(n: int, r: int, p: Any) -> Cost:
    """The p-norm of n values in r groups: absolute values or squares, their sum or extreme, the root."""
    if p is None or p == 2:
        return Cost(muls=n, adds=n - r, exponentials=r)
    if p == 1:
        return Cost(comparisons=n, adds=n - r)
    if p == 0:
        return Cost(comparisons=n, adds=n - r)
    if p in (float("inf"), float("-inf")):
        return Cost(comparisons=2 * n - r)
    return Cost(comparisons=n, exponentials=n + r, adds=n - r)


@formula("aten.linalg_vector_norm", "aten.norm", "aten.native_norm")
def norm(x: Tensor, p: Any = 2, *_: Any, out: Tensor, **__: Any) -> Cost:
    """The p-norm."""
    return norm_cost(x.numel, out.numel, p)


@complex_formula("aten.linalg_vector_norm", "aten.norm")
def complex_norm(x: Tensor, p: Any = 2, *_: Any, out: Tensor, **__: Any) -> Cost:
    """The p-norm of the absolute values; for p = 2 that of real and imaginary parts."""
    n = x.numel
    return (
        norm_cost(2 * n, out.numel, 2)
        if p in (None, 2)
        else norm_cost(n, out.numel, p) + Cost(muls=2 * n, adds=n, exponentials=n)
    )


@formula("aten.frobenius_norm")
def frobenius_norm(x: Tensor, *_: Any, out: Tensor) -> Cost:
    """The 2-norm of all elements."""
    return norm_cost(x.numel, out.numel, 2)


@formula("aten.norm_except_dim")
def norm_except_dim(v: Tensor, p: int = 2, dim: int = 0, *, out: Tensor) -> Cost:
    """The norm of each slice."""
    return norm_cost(v.numel, out.numel, p)


@formula("aten.dist")
def distance(a: Tensor, b: Tensor, p: float = 2, *, out: Tensor) -> Cost:
    """The norm of the difference."""
    n = max(a.numel, b.numel)
    return norm_cost(n, 1, p) + Cost(adds=n)


@formula("aten._cdist_forward", "aten.cdist", "aten._euclidean_dist")
def pairwise_distances(a: Tensor, b: Tensor, p: float = 2, *_: Any, out: Tensor) -> Cost:
    """The norm of the difference of every row of `a` and every row of `b`, from the definition."""
    # [*, r, s] = cdist([*, r, m], [*, s, m])
    n = out.numel * a.shape[-1]
    return norm_cost(n, out.numel, p) + Cost(adds=n)


@formula("aten.pdist", "aten._pdist_forward")
def own_distances(x: Tensor, p: float = 2, *, out: Tensor) -> Cost:
    """The distances of all pairs of rows."""
    return pairwise_distances(x, x, p, out=out)


@formula("aten.pairwise_distance")
def pairwise_distance(a: Tensor, b: Tensor, p: float = 2, eps: float = 1e-6, *_: Any, out: Tensor) -> Cost:
    """|a - b + eps| row by row."""
    n = max(a.numel, b.numel)
    return norm_cost(n, out.numel, p) + Cost(adds=2 * n)


@formula("aten.cosine_similarity")
def cosine_similarity(a: Tensor, b: Tensor, *_: Any, out: Tensor) -> Cost:
    """An inner product, two norms, their lower bounds, and two divisions."""
    n, r = max(a.numel, b.numel), out.numel
    return Cost(macs=n, muls=a.numel + b.numel, adds=a.numel + b.numel - 2 * r, exponentials=2 * r, comparisons=2 * r, divs=2 * r)


@formula("aten.renorm")
def renorm(x: Tensor, p: float, dim: int, maxnorm: float, *, out: Tensor) -> Cost:
    """The norm of each slice, compared with the largest allowed, and a scale for all."""
    slices = x.shape[dim]
    return norm_cost(x.numel, slices, p) + Cost(comparisons=slices, divs=slices, muls=x.numel)


@formula("aten.embedding_renorm")
def embedding_renorm(weight: Tensor, indices: Tensor, max_norm: float, norm_type: float, *, out: Tensor) -> Cost:
    """The norm of each row that is looked up, compared with the largest allowed, and a scale for all of it."""
    rows = indices.numel
    values = rows * weight.shape[1]
    return norm_cost(values, rows, norm_type) + Cost(comparisons=rows, divs=rows, muls=values)


# -- along rows: as many values out as in --------------------------------------------------------------------------------------


def rows_of(x: Tensor, dim: int) -> tuple[int, int]:
    """(number of rows, length of a row) along `dim`."""
    if not x.shape:
        return 1, 1
    length = x.shape[dim]
    return (x.numel // length if length else 0), length


def _steps(x: Tensor, dim: int) -> int:
    rows, length = rows_of(x, dim)
    return rows * (length - 1)


@formula("aten.cumsum")
def running_sum(x: Tensor, dim: int, *, out: Tensor, **_: Any) -> Cost:
    """A row of n: n - 1 additions."""
    return Cost(adds=_steps(x, dim))


@complex_formula("aten.cumsum")
def complex_running_sum(x: Tensor, dim: int, *, out: Tensor, **_: Any) -> Cost:
    """Real and imaginary part."""
    return Cost(adds=2 * _steps(x, dim))


@formula("aten.cumprod")
def running_product(x: Tensor, dim: int, *, out: Tensor, **_: Any) -> Cost:
    """A row of n: n - 1 multiplications."""
    return Cost(muls=_steps(x, dim))


@formula("aten.diff")
def differences(x: Tensor, n: int = 1, *_: Any, out: Tensor) -> Cost:
    """One subtraction per first difference; higher ones have no formula."""
    if n != 1:
        raise ValueError(n)
    return Cost(adds=out.numel)


@formula("aten.cummax", "aten.cummin", "aten._cummax_helper", "aten._cummin_helper")
def running_extreme(x: Tensor, *args: Any, out: Any) -> Cost:
    """A row of n: n - 1 comparisons."""
    return Cost(comparisons=_steps(x, args[-1]))


@formula("aten.logcumsumexp", "aten._logcumsumexp")
def running_logsumexp(x: Tensor, dim: int, *, out: Tensor) -> Cost:
    """log(exp(a) + exp(b)) with the larger taken out, n - 1 times per row."""
    return Cost(comparisons=1, adds=2, exponentials=2) * _steps(x, dim)


__all__ = ["first", "norm_cost", "rows_of"]
