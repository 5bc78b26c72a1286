"""Einstein sums: each is worked off two operands at a time, as torch does it, and every step is sums and one matrix product."""

from collections.abc import Iterator, Sequence
from math import prod
from typing import Any

from archscope.counts.products import product
from archscope.graph import Cost, Tensor


def _subscripts(equation: str, tensors: Sequence[Tensor]) -> tuple[list[str], str]:
    """The indices of every operand and of the result, one character each; "..." becomes capital Greek letters.

    `("bhld, bhsd", ...)` -> `(["bhld", "bhsd"], "bhls")`: without an arrow the result has the indices that occur once, sorted.
    """
    left, arrow, right = equation.replace(" ", "").partition("->")
    terms = left.split(",")
    broadcast = [len(tensor.shape) - len(term.replace("...", "")) for term, tensor in zip(terms, tensors, strict=True)]
    if any(extra and "..." not in term for extra, term in zip(broadcast, terms, strict=True)) or min(broadcast) < 0:
        raise ValueError(equation)
    dots = [chr(0x391 + at) for at in reversed(range(max(broadcast)))]
    operands = [term.replace("...", "".join(dots[len(dots) - extra :])) for term, extra in zip(terms, broadcast, strict=True)]
    if arrow:
        return operands, right.replace("...", "".join(dots))
    every = "".join(operands)
    return operands, "".join(dots) + "".join(sorted(i for i in set(every) - set(dots) if every.count(i) == 1))


def _pairs(count: int, path: Sequence[int] | None) -> Iterator[tuple[int, int]]:
    """Which two of the operands left are taken next; the result goes to the end. Without a path, from left to right."""
    if path:
        yield from zip(path[::2], path[1::2], strict=True)
    else:
        yield from ((0, 1) if step == 0 else (0, count - 1 - step) for step in range(count - 1))


def _step(a: set[str], b: set[str], keep: set[str], size: dict[str, int]) -> tuple[Cost, set[str]]:
    """Two operands become one with the indices to keep: first the sums within one operand, then the products and sums of both."""
    cost = Cost()
    for mine, other in ((a, b), (b, a)):
        alone = mine - other - keep
        if alone:
            before, mine_left = prod(size[i] for i in mine), mine - alone
            cost += Cost(adds=before - prod(size[i] for i in mine_left))
            mine -= alone
    work = prod(size[i] for i in a | b)
    summed = (a | b) - keep
    return cost + (Cost(macs=work) if summed else Cost(muls=work)), (a | b) - summed


@product("aten.einsum")
def einsum(equation: str, tensors: Sequence[Tensor], *, path: Any = None, out: Tensor) -> Cost:
    """Multiply-accumulates over the indices summed, multiplications where none is, additions for sums within one operand."""
    operands, result = _subscripts(equation, tensors)
    size: dict[str, int] = {}
    for indices, tensor in zip(operands, tensors, strict=True):
        for index, length in zip(indices, tensor.shape, strict=True):
            size[index] = max(size.get(index, 1), length)
    left = [set(indices) for indices in operands]
    if len(left) == 1:
        return Cost(adds=prod(size[i] for i in left[0]) - out.numel)
    cost = Cost()
    for i, j in _pairs(len(left), path):
        a, b = left[i], left[j]
        left = [indices for at, indices in enumerate(left) if at not in (i, j)]
        step, joined = _step(a, b, set(result).union(*left), size)
        cost += step
        left.append(joined)
    return cost
