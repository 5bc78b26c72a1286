"""The best network within a budget: the largest MACs below 600 M, say, over a range of widths.

Where budget and goal grow with the argument, the largest value within the budget is found by halving, after a look at a few
values all over the range; at the first sign that they do not grow (or that a value cannot be built), every value is looked at.
That they grow between the values that were looked at is assumed, and said.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, NamedTuple

from archscope.errors import ArchscopeError, UsageError
from archscope.sweep.columns import UNCOUNTED
from archscope.sweep.grid import Grid

Row = Mapping[str, Any]
Look = Callable[[Iterable[int]], Mapping[int, Row]]
"""Numbers of a grid -> their rows."""

_SPREAD = 9  # values of a range that are looked at before halving
_COSTS = ("macs", "flops")


@dataclass(frozen=True)
class Wish:
    """What is wanted.

    Attributes:
        budgets: the most of each metric, in base units.
        goal: the metric of which the most is wanted.
    """

    budgets: Mapping[str, int]
    goal: str

    def keeps(self, row: Row) -> bool:
        """Whether a row is within every budget; one whose costs are only lower bounds is not known to be."""
        if row.get("failed_in") or (row.get(UNCOUNTED) and any(metric in _COSTS for metric in self.budgets)):
            return False
        if row.get(self.goal) is None:
            return False
        values = [(row.get(metric), most) for metric, most in self.budgets.items()]
        return all(value is not None and value <= most for value, most in values)

    def grows(self, rows: Sequence[Row]) -> bool:
        """Whether every budgeted metric and the goal grow, or stay, from row to row, and all of them are known."""
        for metric in {*self.budgets, self.goal}:
            values = [row.get(metric) for row in rows]
            if any(value is None for value in values) or any(b < a for a, b in pairwise(values)):  # type: ignore[operator]
                return False
        return not any(row.get("failed_in") for row in rows)


class Answer(NamedTuple):
    """What was found.

    Attributes:
        best: the row with the most of the goal within the budgets; None if none is within them.
        looked: how many combinations were looked at; `total`: of how many.
        halved: whether no range had to be looked at value by value.
        axis: the argument whose range was halved.
        bounds: combinations whose costs are lower bounds only.
    """

    best: Row | None
    looked: int
    total: int
    halved: bool
    axis: str
    bounds: int


def search(grid: Grid, wish: Wish, look: Look) -> Answer:
    """The combination with the most of the goal within the budgets; of several, the one that comes first.

    The longest range of the grid is halved, for every combination of the others.

    Raises `UsageError` where the grid has no range.
    """
    ranges = {name: values for name, values in grid.arguments.items() if isinstance(values, range)}
    if not ranges:
        raise UsageError("there is no range to search", "give one: --set width=16..256")
    axis = max(ranges, key=lambda name: len(ranges[name]))
    lines = _lines(grid, axis)
    seen: dict[int, Row] = {}

    def rows(numbers: Iterable[int]) -> None:
        seen.update(look([number for number in dict.fromkeys(numbers) if number not in seen]))

    count = len(ranges[axis])
    spread = sorted({round(at * (count - 1) / (_SPREAD - 1)) for at in range(_SPREAD)})
    rows(line[place] for line in lines for place in spread)
    open_ = [line for line in lines if _grows(line, wish, seen)]
    odd = [line for line in lines if line not in open_]
    while waiting := {id(line): middle for line in open_ if (middle := _middle(line, wish, seen)) is not None}:
        rows(line[waiting[id(line)]] for line in open_ if id(line) in waiting)
        odd += [line for line in open_ if not _grows(line, wish, seen)]
        open_ = [line for line in open_ if _grows(line, wish, seen)]
    rows(number for line in odd for number in line)
    within = [(number, row) for number, row in sorted(seen.items()) if wish.keeps(row)]
    best = max(within, key=lambda found: (found[1][wish.goal], -found[0]), default=None)
    bounds = sum(bool(row.get(UNCOUNTED)) for row in seen.values())
    return Answer(best[1] if best else None, len(seen), len(grid), not odd, axis, bounds)


def _lines(grid: Grid, axis: str) -> list[range]:
    """The numbers of the grid along one argument, for each combination of all others."""
    at = 1 + list(grid.arguments).index(axis)
    lengths = [len(values) for values in grid.axes]
    step = 1
    for length in lengths[at + 1 :]:
        step *= length
    block = step * lengths[at]
    return [range(start + inner, start + inner + block, step) for start in range(0, len(grid), block) for inner in range(step)]


def _known(line: Sequence[int], seen: Mapping[int, Row]) -> list[int]:
    return [place for place, number in enumerate(line) if number in seen]


def _grows(line: Sequence[int], wish: Wish, seen: Mapping[int, Row]) -> bool:
    return wish.grows([seen[line[place]] for place in _known(line, seen)])


def _middle(line: Sequence[int], wish: Wish, seen: Mapping[int, Row]) -> int | None:
    """The place between the last value within the budgets and the first beyond them; None where these are neighbours."""
    known = _known(line, seen)
    within = [place for place in known if wish.keeps(seen[line[place]])]
    beyond = [place for place in known if not wish.keeps(seen[line[place]])]
    if not within or not beyond:
        return None
    middle = (within[-1] + beyond[0]) // 2
    return middle if middle != within[-1] else None


def none_within(wish: Wish, answer: Answer) -> ArchscopeError:
    """The error where nothing keeps to the budgets."""
    told = " and ".join(f"{most:,} {metric}" for metric, most in wish.budgets.items())
    if answer.bounds:
        return ArchscopeError(
            f"none of the {answer.looked:,} networks looked at is known to be within {told}",
            f"operators without a cost formula are in {answer.bounds:,} of them, so that their costs are lower bounds",
        )
    return ArchscopeError(f"none of {answer.total:,} networks is within {told}", "widen the ranges, or raise the budget")
