"""Linear algebra beyond products: factorisations and the solution of linear systems.

Source: Golub and Van Loan, "Matrix Computations", 4th edition, 2013: LU with partial pivoting section 3.4, triangular systems
3.1, Cholesky 4.2, Householder QR 5.2; summed exactly over the loops rather than by their leading term. Singular values,
eigenvalues and matrix exponentials iterate until they converge: their cost depends on the values, and they are unknown.
"""

from math import prod
from typing import Any

from archscope.counts.formulas import formula
from archscope.graph import Cost, Tensor


def _square(a: Tensor) -> tuple[int, int]:
    """(number of matrices, their side)."""
    *batch, n, m = a.shape
    if n != m:
        raise ValueError("not square")
    return prod(batch), n


def lu_cost(m: int, n: int) -> Cost:
    """LU of [m, n] with row exchanges: at step k one pivot search, m - k divisions, and (m - k)(n - k) multiply-accumulates."""
    steps = range(1, min(m, n) + 1)
    below = sum(m - k for k in steps)
    return Cost(macs=sum((m - k) * (n - k) for k in steps), divs=below, comparisons=below)


def triangular_cost(n: int, columns: int) -> Cost:
    """A triangular system of n equations: n(n - 1)/2 multiply-accumulates and n divisions per right-hand side."""
    return Cost(macs=n * (n - 1) // 2, divs=n) * columns


def _solve_cost(n: int, columns: int) -> Cost:
    # With the factors at hand: L has ones on its diagonal and needs no divisions.
    return Cost(macs=n * (n - 1), divs=n) * columns


@formula("aten.linalg_cholesky_ex", "aten.linalg_cholesky", "aten.cholesky")
def cholesky(a: Tensor, *_: Any, out: Any, **__: Any) -> Cost:
    """n(n^2 - 1)/6 multiply-accumulates, n(n - 1)/2 divisions, n square roots."""
    count, n = _square(a)
    return Cost(macs=n * (n * n - 1) // 6, divs=n * (n - 1) // 2, exponentials=n) * count


@formula("aten.linalg_lu_factor_ex", "aten.linalg_lu_factor", "aten.linalg_lu", "aten._lu_with_info")
def lu(a: Tensor, *_: Any, out: Any, **__: Any) -> Cost:
    """LU with partial pivoting."""
    *batch, m, n = a.shape
    return lu_cost(m, n) * prod(batch)


@formula("aten.linalg_inv_ex", "aten.linalg_inv", "aten.inverse")
def inverse(a: Tensor, *_: Any, out: Any, **__: Any) -> Cost:
    """LU, then n right-hand sides."""
    count, n = _square(a)
    return (lu_cost(n, n) + _solve_cost(n, n)) * count


@formula("aten._linalg_solve_ex", "aten.linalg_solve_ex", "aten.linalg_solve")
def solve(a: Tensor, b: Tensor, *_: Any, out: Any, **__: Any) -> Cost:
    """LU, then the right-hand sides."""
    count, n = _square(a)
    return lu_cost(n, n) * count + _solve_cost(n, 1) * (b.numel // n)


@formula("aten.linalg_solve_triangular")
def solve_triangular(a: Tensor, b: Tensor, *_: Any, out: Tensor, **__: Any) -> Cost:
    """Substitution, per right-hand side."""
    n = a.shape[-1]
    return triangular_cost(n, out.numel // n)


@formula("aten.cholesky_solve", "aten._cholesky_solve_helper")
def cholesky_solve(b: Tensor, a: Tensor, upper: bool = False, *, out: Tensor) -> Cost:
    """Two triangular systems."""
    n = a.shape[-1]
    return 2 * triangular_cost(n, out.numel // n if n else 0)


@formula("aten.cholesky_inverse")
def cholesky_inverse(a: Tensor, upper: bool = False, *, out: Tensor) -> Cost:
    """Two triangular systems for each column of the identity."""
    count, n = _square(a)
    return 2 * triangular_cost(n, n) * count


@formula("aten.triangular_solve")
def triangular_solve(
    b: Tensor, a: Tensor, upper: bool = True, transpose: bool = False, unitriangular: bool = False, *, out: Any
) -> Cost:
    """Substitution, per right-hand side; no divisions where the diagonal is ones."""
    n = a.shape[-1]
    cost = triangular_cost(n, out[0].numel // n if n else 0)
    return Cost(macs=cost.macs) if unitriangular else cost


@formula("aten.linalg_lu_solve")
def lu_solve(factors: Tensor, pivots: Tensor, b: Tensor, *, left: bool = True, adjoint: bool = False, out: Tensor) -> Cost:
    """The right-hand sides, with the factors at hand."""
    n = factors.shape[-1]
    return _solve_cost(n, out.numel // n if n else 0)


@formula("aten.geqrf")
def householder(a: Tensor, *, out: Any) -> Cost:
    """The reflections of a QR, and R."""
    return qr(a, "r", out=out)


@formula("aten.linalg_householder_product")
def householder_product(a: Tensor, tau: Tensor, *, out: Tensor) -> Cost:
    """Q from k reflections, applied from the last to the first to the columns of the identity that they reach."""
    *batch, m, n = a.shape
    cost = Cost()
    for k in range(tau.shape[-1]):
        cost += _reflection(m - k, n - k)
    return cost * prod(batch)


@formula("aten.ormqr")
def ormqr(a: Tensor, tau: Tensor, b: Tensor, left: bool = True, transpose: bool = False, *, out: Tensor) -> Cost:
    """Q times a matrix, or a matrix times Q: k reflections, each on all of its columns or rows."""
    *batch, m, n = out.shape
    length, others = (m, n) if left else (n, m)
    cost = Cost()
    for k in range(tau.shape[-1]):
        cost += _reflection(length - k, others)
    return cost * prod(batch)


def _reflection(length: int, columns: int) -> Cost:
    """A reflection of some length on so many columns: an inner product, a product with its factor, and an update for each."""
    return Cost(macs=2 * length, muls=1) * columns


@formula("aten._linalg_det", "aten.linalg_det", "aten.det")
def determinant(a: Tensor, *_: Any, out: Any) -> Cost:
    """LU, and the product of the diagonal."""
    count, n = _square(a)
    return (lu_cost(n, n) + Cost(muls=n - 1)) * count


@formula("aten._linalg_slogdet", "aten.linalg_slogdet", "aten.slogdet", "aten.logdet")
def log_determinant(a: Tensor, *_: Any, out: Any) -> Cost:
    """LU, and the sum of the logarithms of the diagonal."""
    count, n = _square(a)
    return (lu_cost(n, n) + Cost(adds=n - 1, exponentials=n, comparisons=n)) * count


@formula("aten.linalg_qr")
def qr(a: Tensor, mode: str = "reduced", *, out: Any) -> Cost:
    """Householder QR of [m, n]: reflection k works on [m - k, n - k]; forming Q applies the reflections to its columns.

    A reflection of length l is its norm (l multiply-accumulates, a square root), l divisions, and for every column to its right
    an inner product and an update (2 l multiply-accumulates, one multiplication).
    """
    *batch, m, n = a.shape
    columns = {"r": 0, "reduced": min(m, n), "complete": m}[mode]
    cost = Cost()
    for k in range(min(m, n)):
        length, right = m - k, n - k - 1
        formed = max(columns - k, 0)
        cost += Cost(macs=length + 2 * length * (right + formed), muls=right + formed, divs=length, exponentials=1)
    return cost * prod(batch)
