"""Pooling of every kind. As with convolutions, every kernel position of a window counts, also where it lies over padding."""

from collections.abc import Sequence
from math import prod
from typing import Any

from archscope.counts.formulas import Formula, formula
from archscope.graph import Cost, Tensor


def _window(kernel: int | Sequence[int], dims: int) -> int:
    """Number of positions of a kernel that is given as one number for all dimensions or one for each."""
    if isinstance(kernel, int):
        return int(kernel**dims)
    return prod(kernel) if len(kernel) > 1 else int(kernel[0] ** dims)


def _first(out: Any) -> Tensor:
    """The result itself, where an operator returns it with the indices."""
    return out if type(out) is Tensor else out[0]


def _max_pool(dims: int) -> Formula:
    def max_pool(x: Tensor, kernel: Sequence[int], *_: Any, out: Any) -> Cost:
        """A window of K values: K - 1 comparisons."""
        return Cost(comparisons=_first(out).numel * (_window(kernel, dims) - 1))

    return max_pool


def _avg_pool(dims: int) -> Formula:
    def avg_pool(x: Tensor, kernel: Sequence[int], *_: Any, out: Tensor) -> Cost:
        """A window of K values: K - 1 additions and one division."""
        outputs = out.numel
        return Cost(adds=outputs * (_window(kernel, dims) - 1), divs=outputs)

    return avg_pool


def adaptive_values(inside: Sequence[int], outside: Sequence[int]) -> int:
    """How many values all windows of one channel read: window i of m over n covers floor(i n / m) up to ceil((i + 1) n / m)."""
    return prod(
        n if n % m == 0 else sum(-(-(i + 1) * n // m) - i * n // m for i in range(m))
        for n, m in zip(inside, outside, strict=True)
    )


def _adaptive(dims: int, average: bool) -> Formula:
    def adaptive_pool(x: Tensor, size: Any, *, out: Any) -> Cost:
        """By the true sizes of the windows, which may differ and overlap."""
        result = _first(out)
        outputs, spatial = result.numel, result.shape[-dims:]
        values = outputs // (prod(spatial) or 1) * adaptive_values(x.shape[-dims:], spatial)
        return Cost(adds=values - outputs, divs=outputs) if average else Cost(comparisons=values - outputs)

    return adaptive_pool


for _d in (1, 2, 3):
    formula(f"aten.max_pool{_d}d", f"aten.max_pool{_d}d_with_indices", f"aten.quantized_max_pool{_d}d",
            *(() if _d == 1 else (f"aten.mkldnn_max_pool{_d}d", f"aten.fractional_max_pool{_d}d")))(_max_pool(_d))  # fmt: skip
    formula(f"aten.avg_pool{_d}d")(_avg_pool(_d))
    formula(f"aten.adaptive_max_pool{_d}d")(_adaptive(_d, average=False))
    formula(f"aten.adaptive_avg_pool{_d}d", *(() if _d == 1 else (f"aten._adaptive_avg_pool{_d}d",)),
            *(("aten.mkldnn_adaptive_avg_pool2d",) if _d == 2 else ()))(_adaptive(_d, average=True))  # fmt: skip
