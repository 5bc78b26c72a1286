"""The rows that no other row beats: the Pareto front of two columns."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any


def front(rows: Sequence[Mapping[str, Any]], x: str, y: str, greater: Collection[str] = ()) -> list[int]:
    """The places of the rows that no other row beats, along x from the best to the worst.

    A row beats another if it is at least as good in both columns and better in one; of two that are equal in both, neither
    does. Rows without one of the values are beaten by nobody and stand on no front.

    Arguments:
        greater: which of the two columns is the better the greater it is.

    >>> front([{"macs": 1, "error": 30}, {"macs": 2, "error": 20}, {"macs": 3, "error": 25}], "macs", "error")
    [0, 1]
    """
    signs = [-1 if column in greater else 1 for column in (x, y)]
    there = [at for at, row in enumerate(rows) if row.get(x) is not None and row.get(y) is not None]
    places = {at: (signs[0] * rows[at][x], signs[1] * rows[at][y]) for at in there}
    found: list[int] = []
    for at in sorted(there, key=lambda at: (*places[at], at)):
        if not found or places[at][1] < places[found[-1]][1] or places[at] == places[found[-1]]:
            found.append(at)
    return found
