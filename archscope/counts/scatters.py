"""Values into chosen places: moved, added up, or bagged."""

from math import prod
from typing import Any

from archscope.counts.formulas import MOVES, Formula, complex_formula, formula
from archscope.counts.reductions import first
from archscope.graph import Cost, Tensor


@formula("aten.scatter_add", "aten.index_add")
def scatter_add(x: Tensor, dim: int, index: Tensor, source: Tensor, *, alpha: float = 1, out: Tensor) -> Cost:
    """One addition per value of the source."""
    return Cost(adds=source.numel, muls=source.numel if alpha != 1 else 0)


@formula("aten.scatter_reduce", "aten.index_reduce")
def scatter_reduce(
    x: Tensor, dim: int, index: Tensor, source: Tensor, reduce: str, *, include_self: bool = True, out: Tensor
) -> Cost:
    """One step per value of the source; a mean divides every result."""
    n = source.numel
    steps = {"sum": Cost(adds=n), "prod": Cost(muls=n), "amax": Cost(comparisons=n), "amin": Cost(comparisons=n)}
    return Cost(adds=n, divs=out.numel) if reduce == "mean" else steps.get(reduce, Cost(unknown=1))


@formula("aten.scatter")
def scatter(x: Tensor, dim: int, index: Tensor, source: Any, *, reduce: str | None = None, out: Tensor) -> Cost | str:
    """Moves data; with `reduce` one addition or multiplication per value."""
    if reduce is None:
        return MOVES
    return Cost(adds=index.numel) if reduce == "add" else Cost(muls=index.numel)


@formula("aten.put")
def put(x: Tensor, index: Tensor, source: Tensor, accumulate: bool = False, *, out: Tensor) -> Cost | str:
    """Moves data; with `accumulate` one addition per value."""
    return Cost(adds=source.numel) if accumulate else MOVES


@formula("aten.index_put", "aten._index_put_impl", "aten._unsafe_index_put")
def index_put(x: Tensor, indices: Any, values: Tensor, accumulate: bool = False, *_: Any, out: Tensor) -> Cost | str:
    """Moves data; with `accumulate` one addition per value."""
    return Cost(adds=values.numel) if accumulate else MOVES


def _only_moved(count: Formula) -> Formula:
    def moved(*args: Any, **kwargs: Any) -> Cost | str:
        """Complex numbers are moved as real ones are; adding them up in place has no formula."""
        reason = count(*args, **kwargs)
        if not isinstance(reason, str):
            raise ValueError("complex numbers are added up")
        return reason

    return moved


complex_formula("aten.scatter")(_only_moved(scatter))
complex_formula("aten.put")(_only_moved(put))
complex_formula("aten.index_put", "aten._index_put_impl", "aten._unsafe_index_put")(_only_moved(index_put))


@formula("aten._unsafe_masked_index_put_accumulate")
def masked_index_put(x: Tensor, mask: Tensor, indices: Any, values: Tensor, *, out: Tensor) -> Cost:
    """One addition per value."""
    return Cost(adds=values.numel)


@formula("aten.col2im", "aten.unfold_backward", "aten.max_pool2d_with_indices_backward")
def col2im(x: Tensor, *_: Any, out: Tensor) -> Cost:
    """Sums the windows where they overlap: one addition per value."""
    return Cost(adds=x.numel)


@formula("aten.segment_reduce")
def segment_reduce(data: Tensor, reduce: str, *_: Any, out: Tensor, **__: Any) -> Cost:
    """n values in r segments take n - r steps; a mean divides every result."""
    n, r = data.numel, out.numel
    steps = {"sum": Cost(adds=n - r), "mean": Cost(adds=n - r, divs=r), "prod": Cost(muls=n - r)}
    return steps.get(reduce, Cost(comparisons=n - r)) if n > r else Cost()


@formula("aten.bincount")
def bincount(x: Tensor, weights: Tensor | None = None, *_: Any, out: Tensor) -> Cost:
    """One addition per value, of 1 or of its weight."""
    return Cost(adds=x.numel)


@formula("aten.histc")
def histc(x: Tensor, bins: int = 100, min: float = 0, max: float = 0, *, out: Tensor) -> Cost:
    """Where (x - min) / (max - min) * bins lies, inside the two bounds, and 1 more there; no bounds are those of the values."""
    n = x.numel
    found = Cost(comparisons=2 * (n - 1)) if min == max and n else Cost()
    return Cost(comparisons=2, adds=2, divs=1, muls=1) * n + found


@formula("aten.histogram")
def histogram(x: Tensor, bins: Any = 100, *, range: Any = None, weight: Any = None, density: bool = False, out: Any) -> Cost:
    """As `histc` for a number of bins; binary search among edges that are given; a density is divided by its sum and widths."""
    n, count = x.numel, out[0].numel
    if type(bins) is Tensor:
        cost = Cost(comparisons=n * count.bit_length() if count else 0, adds=n)  # ceil(log2(edges)), edges = count + 1
    else:
        cost = histc(x, *_bounds(range), out=out[0])
    return cost + Cost(adds=2 * count - 1, divs=2 * count) if density else cost


def _bounds(range: Any) -> tuple[int, float, float]:
    return (0, range[0], range[1]) if range else (0, 0, 0)


@formula("aten.embedding_bag", "aten._embedding_bag", "aten._embedding_bag_forward_only")
def embedding_bag(
    weight: Tensor, indices: Tensor, offsets: Tensor, scale_grad_by_freq: bool = False, mode: int = 0, sparse: bool = False,
    per_sample_weights: Tensor | None = None, *_: Any, out: Any,
) -> Cost:  # fmt: skip
    """Looks up vectors and sums (0), averages (1) or maximises (2) those of each bag; with weights it is a weighted sum."""
    result = first(out)
    values, results = indices.numel * weight.shape[1], prod(result.shape)
    if mode == 2:
        return Cost(comparisons=values - results)
    if per_sample_weights is not None:
        return Cost(macs=values)
    return Cost(adds=values - results, divs=results if mode == 1 else 0)
