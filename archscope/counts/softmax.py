"""Softmax and its like: as many values out as in, row by row."""

from typing import Any

from archscope.counts.formulas import formula
from archscope.counts.reductions import rows_of
from archscope.graph import Cost, Tensor


def softmax_cost(rows: int, n: int) -> Cost:
    """Rows of n: the largest (n - 1 comparisons), the differences from it (n), their exponentials (n), their sum, n divisions."""
    return Cost(comparisons=n - 1, adds=2 * n - 1, exponentials=n, divs=n) * rows


@formula("aten.softmax", "aten._softmax", "aten._safe_softmax", "aten.special_softmax")
def softmax(x: Tensor, dim: int, *_: Any, out: Tensor) -> Cost:
    """Along `dim`."""
    return softmax_cost(*rows_of(x, dim))


@formula("aten._masked_softmax")
def masked_softmax(x: Tensor, mask: Tensor, dim: int | None = None, *_: Any, out: Tensor) -> Cost:
    """Along `dim`, by default the last; masked values count."""
    return softmax_cost(*rows_of(x, -1 if dim is None else dim))


@formula("aten.log_softmax", "aten._log_softmax", "aten.special_log_softmax")
def log_softmax(x: Tensor, dim: int, *_: Any, out: Tensor) -> Cost:
    """x - max - log(sum(exp(x - max))): per row n - 1 comparisons, 3n - 1 additions, n exponentials and a logarithm."""
    rows, n = rows_of(x, dim)
    return Cost(comparisons=n - 1, adds=3 * n - 1, exponentials=n + 1) * rows


@formula("aten.logsumexp", "aten.special_logsumexp")
def logsumexp(x: Tensor, *_: Any, out: Tensor) -> Cost:
    """max + log(sum(exp(x - max))), per result."""
    n, r = x.numel, out.numel
    return Cost(comparisons=n - r, adds=2 * n, exponentials=n + r)
