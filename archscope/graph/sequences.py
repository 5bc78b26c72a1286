"""Numbers in arrays, and sequences whose items are made when they are asked for."""

from abc import abstractmethod
from array import array
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate, chain, islice, pairwise
from operator import sub
from typing import TYPE_CHECKING, TypeVar, overload

if TYPE_CHECKING:
    Ints = array[int]
else:
    Ints = array  # Python 3.11 has no `array[int]`

T = TypeVar("T")


def ints(values: Iterable[int]) -> Ints:
    """Whole numbers in four bytes each, in eight where one needs it. Raises `ValueError` for one beyond 63 bits."""
    numbers = values if isinstance(values, list) else list(values)
    try:
        return array("i", numbers)
    except OverflowError:
        pass
    try:
        return array("q", numbers)
    except OverflowError:
        raise ValueError("a number is beyond 63 bits") from None


class Made(Sequence[T]):
    """A sequence whose items are made when they are asked for; it equals every sequence of the same items."""

    @abstractmethod
    def _make(self, at: int) -> T: ...

    @overload
    def __getitem__(self, at: int) -> T: ...
    @overload
    def __getitem__(self, at: slice) -> tuple[T, ...]: ...
    def __getitem__(self, at: int | slice) -> T | tuple[T, ...]:
        if isinstance(at, int) and at >= 0:  # by far the most frequent; the columns know where they end
            return self._make(at)
        places = range(len(self))[at]
        return self._make(places) if isinstance(places, int) else tuple(map(self._make, places))

    def __iter__(self) -> Iterator[T]:
        return map(self._make, range(len(self)))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and len(self) == len(other) and all(a == b for a, b in zip(self, other, strict=True))

    __hash__ = None  # type: ignore[assignment]


class Lists(Made[tuple[int, ...]]):
    """Lists of whole numbers, one behind the other.

    Attributes:
        values: the numbers of all lists.
    """

    def __init__(self, lengths: Iterable[int], values: Iterable[int]) -> None:
        self._ends = ints(accumulate(lengths, initial=0))
        self.values = ints(values)

    @staticmethod
    def of(lists: Sequence[Sequence[int]]) -> "Lists":
        """These lists."""
        return Lists(map(len, lists), chain.from_iterable(lists))

    @staticmethod
    def grouped(pairs: Iterable[tuple[int, int]], groups: int) -> "Lists":
        """The second numbers of the pairs, in their order, by the first ones, which are below `groups`."""
        keys, values = array("i"), array("i")
        lengths = array("i", bytes(4 * groups))
        for key, value in pairs:
            keys.append(key)
            values.append(value)
            lengths[key] += 1
        free = array("i", accumulate(lengths, initial=0))
        placed = array("i", bytes(4 * len(values)))
        for key, value in zip(keys, values, strict=True):
            placed[free[key]] = value
            free[key] += 1
        return Lists(lengths, placed)

    def __len__(self) -> int:
        return len(self._ends) - 1

    def _make(self, at: int) -> tuple[int, ...]:
        return tuple(self.values[self._ends[at] : self._ends[at + 1]])

    def __iter__(self) -> Iterator[tuple[int, ...]]:
        return self.along(self.values)

    def lengths(self) -> Iterator[int]:
        """How long each list is."""
        return map(sub, islice(self._ends, 1, None), self._ends)

    def along(self, values: Iterable[T]) -> Iterator[tuple[T, ...]]:
        """The lists with these values in place of their own."""
        whole = tuple(values)
        return (whole[begin:end] for begin, end in pairwise(self._ends))
