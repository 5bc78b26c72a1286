"""Fourier transforms, sorting and searching: operators that cost n log n."""

from math import log2
from typing import Any

from archscope.counts.formulas import formula
from archscope.counts.reductions import rows_of
from archscope.graph import Cost, Tensor


def fft_cost(n: int, points: int, real: bool) -> Cost:
    """Transforms over `points` points, `n` values in all.

    The radix-2 algorithm: n/2 log2(points) butterflies of one complex product (4 multiplications, 2 additions) and two complex
    additions, 5 n log2(points) operations; half of that where one side is real. Where `points` is no power of two the same
    expression stands, rounded, as in the usual benchmark figure (Frigo and Johnson, "The Design and Implementation of FFTW3",
    Proc. IEEE 93(2), 2005).
    Source: Cooley and Tukey, "An Algorithm for the Machine Calculation of Complex Fourier Series", 1965.
    """
    steps = n * log2(points) / (2 if real else 1)
    return Cost(muls=round(2 * steps), adds=round(3 * steps))


def _points(x: Tensor, dims: Any) -> int:
    points = 1
    for d in dims:
        points *= x.shape[d]
    return points


def _scale(normalization: int, values: int) -> Cost:
    """One multiplication per real number of the result where it is normalised."""
    return Cost(muls=values) if normalization else Cost()


@formula("aten._fft_c2c", complexes=True)
def fft_complex(x: Tensor, dims: Any, normalization: int, forward: bool, *, out: Tensor) -> Cost:
    """Complex to complex."""
    return fft_cost(x.numel, _points(x, dims), real=False) + _scale(normalization, 2 * out.numel)


@formula("aten._fft_r2c", complexes=True)
def fft_real(x: Tensor, dims: Any, normalization: int, onesided: bool, *, out: Tensor) -> Cost:
    """Real to complex: half of a complex transform of that length."""
    return fft_cost(x.numel, _points(x, dims), real=True) + _scale(normalization, 2 * out.numel)


@formula("aten._fft_c2r", complexes=True)
def fft_to_real(x: Tensor, dims: Any, normalization: int, last_dim_size: int, *, out: Tensor) -> Cost:
    """Complex to real: half of a complex transform of that length."""
    return fft_cost(out.numel, _points(out, dims), real=True) + _scale(normalization, out.numel)


def _levels(n: int) -> int:
    """ceil(log2 n)."""
    return (n - 1).bit_length() if n > 0 else 0


def sort_cost(rows: int, n: int) -> Cost:
    """Rows of n: at most n ceil(log2 n) comparisons each (merge sort: Knuth, "The Art of Computer Programming" 3, 5.2.4)."""
    return Cost(comparisons=rows * n * _levels(n))


@formula("aten.sort", "aten.argsort", "aten.msort")
def sort(x: Tensor, *args: Any, stable: Any = None, dim: int | None = None, descending: bool = False, out: Any) -> Cost:
    """By the bound of merge sort."""
    if dim is None:
        dim = next((value for value in args if type(value) is int), -1)
    return sort_cost(*rows_of(x, dim))


@formula("aten.topk")
def topk(x: Tensor, k: int, dim: int = -1, *_: Any, out: Any) -> Cost:
    """By the bound of a full sort; the single largest of n takes n - 1 comparisons."""
    rows, n = rows_of(x, dim)
    return Cost(comparisons=rows * (n - 1)) if k == 1 else sort_cost(rows, n)


@formula("aten.kthvalue")
def kthvalue(x: Tensor, k: int, dim: int = -1, *_: Any, out: Any) -> Cost:
    """By the bound of a full sort."""
    return sort_cost(*rows_of(x, dim))


@formula("aten.median", "aten.nanmedian", "aten.mode")
def median(x: Tensor, dim: int | None = None, *_: Any, out: Any) -> Cost:
    """By the bound of a full sort."""
    return sort_cost(1, x.numel) if dim is None else sort_cost(*rows_of(x, dim))


@formula("aten._unique2", "aten._unique", "aten.unique_dim")
def unique(x: Tensor, *_: Any, out: Any) -> Cost:
    """A sort, and every value compared with the one before."""
    n = x.numel
    return sort_cost(1, n) + Cost(comparisons=max(n - 1, 0))


@formula("aten.unique_consecutive")
def unique_consecutive(x: Tensor, *_: Any, out: Any, **__: Any) -> Cost:
    """Every value compared with the one before."""
    return Cost(comparisons=max(x.numel - 1, 0))


@formula("aten.isin")
def isin(elements: Any, tests: Any, *_: Any, out: Tensor, **__: Any) -> Cost:
    """Every element with every test element, or a sort of both together: the cheaper."""
    n, m = (value.numel if type(value) is Tensor else 1 for value in (elements, tests))
    return Cost(comparisons=min(n * m, sort_cost(1, n + m).comparisons))


@formula("aten.searchsorted")
def searchsorted(boundaries: Tensor, values: Any, *_: Any, out: Tensor, **__: Any) -> Cost:
    """Binary search: ceil(log2(n + 1)) comparisons per value."""
    return Cost(comparisons=out.numel * _levels(boundaries.shape[-1] + 1))


@formula("aten.bucketize")
def bucketize(values: Any, boundaries: Tensor, *_: Any, out: Tensor, **__: Any) -> Cost:
    """Binary search: ceil(log2(n + 1)) comparisons per value."""
    return searchsorted(boundaries, values, out=out)
