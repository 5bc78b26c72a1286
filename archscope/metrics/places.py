"""Places: how the positions of a tensor lie along one axis of the input, and which input positions each of them sees.

A place is a position along an axis: row 5 of a feature map. What it sees is an interval of input positions. Places repeat
themselves: after `period` of them the intervals are the same again, `shift` input positions further. After convolutions and
pooling the period is 1; nearest-neighbour upsampling by 2 makes it 2.

The places of an axis need not lie along one dimension. A digit says how a dimension counts them: tokens in rows of 14 are two
axes in one dimension, windows of 7x7 are one axis in two dimensions.
"""

from collections.abc import Callable, Iterable, Sequence
from itertools import product
from math import gcd, lcm, prod
from typing import NamedTuple

Interval = tuple[int, int]
MOST = 1 << 14  # places of one axis that are looked at one by one


class UnclearError(Exception):
    """What a place sees after this operator is not an interval that can be told; the message says why."""


class Digit(NamedTuple):
    """One dimension's part in the number of a place: (position // inner) % size * weight; in an unknown order if inner is 0."""

    dim: int
    inner: int
    size: int
    weight: int


class Read(NamedTuple):
    """What the places along one axis see of the input, on one way through the network.

    Attributes:
        digits: how a place is numbered, the coarsest digit first; empty where every position sees the same.
        seen: the intervals of one period; None for a place that sees nothing.
        shift: input positions from one period to the next.
        apart: whether this was picked out of several places: beside others of these it would be a place again.
    """

    digits: tuple[Digit, ...]
    seen: tuple[Interval | None, ...]
    shift: int
    apart: bool = False

    @property
    def places(self) -> int:
        """Number of places."""
        return 1 + sum([(d.size - 1) * d.weight for d in self.digits])

    def at(self, place: int) -> Interval | None:
        """What a place sees; places go on beyond the border of the tensor."""
        turn, of = divmod(place, len(self.seen))
        found = self.seen[of]
        return None if found is None else (found[0] + turn * self.shift, found[1] + turn * self.shift)

    def hull(self, places: Iterable[int]) -> Interval | None:
        """What several places see together."""
        return hull(self.at(place) for place in places)

    @property
    def is_plain(self) -> bool:
        """Whether the places are the positions along one dimension."""
        return len(self.digits) == 1 and self.digits[0].inner == 1 and self.digits[0].weight == 1


def hull(found: Iterable[Interval | None]) -> Interval | None:
    """The smallest interval around these."""
    there = [one for one in found if one is not None]
    return (min([low for low, _ in there]), max([high for _, high in there])) if there else None


def input_read(dim: int, size: int) -> Read:
    """Of the input itself: every place sees itself."""
    return Read((Digit(dim, 1, size, 1),) if size > 1 else (), ((0, 0),), 1)


def resampled(read: Read, size: int, taps: Callable[[int], Iterable[int]], turn: int, moves: int) -> Read:
    """Places that each look at some places of `read`.

    Arguments:
        size: how many there are.
        taps: the places of `read` that a new place looks at.
        turn, moves: `turn` places further, the taps are `moves` places further.
    """
    (digit,) = read.digits or (Digit(-1, 1, 1, 1),)
    if digit.size > 1 << 24:
        raise UnclearError("there are too many places")
    times = len(read.seen) // gcd(len(read.seen), abs(moves)) if moves else 1
    period = turn * times
    if period > MOST:
        raise UnclearError("too many places are different")
    seen = tuple(read.hull(taps(place)) for place in range(period))
    shift = read.shift * (moves * times // len(read.seen))
    return Read((digit._replace(size=size),) if size > 1 and digit.dim >= 0 else (), seen, shift, read.apart)


def mixed(read: Read, dims: set[int]) -> tuple[Read, bool]:
    """The read once all positions along these dimensions have been mixed; and whether that was every place."""
    if not any([d.dim in dims for d in read.digits]):
        return read, False
    kept = tuple(d for d in read.digits if d.dim not in dims)
    gone = tuple(d for d in read.digits if d.dim in dims)
    if kept and any(d.inner == 0 for d in read.digits):
        raise UnclearError("it mixes some of the places, and their order is not known")
    if prod(d.size for d in read.digits) > MOST:
        raise UnclearError("there are too many places")
    if not kept:
        last = read.places - 1
        all_places = (0, last) if len(read.seen) == 1 else range(last + 1)
        return Read((), (read.hull(all_places),), _total(read)), True
    offsets = [sum(values) for values in product(*(_steps(d) for d in gone))]
    seen = tuple(read.hull(sum(values) + off for off in offsets) for values in product(*(_steps(d) for d in kept)))
    # From one coarsest digit to the next one of a copy beside it.
    turn = kept[0].weight * kept[0].size
    return Read(_numbered(kept), seen, read.shift * turn // len(read.seen)), False


def _steps(digit: Digit) -> range:
    return range(0, digit.size * digit.weight, digit.weight)


def _total(read: Read) -> int:
    """Input positions from the first place to the one behind the last."""
    return read.shift * read.places // len(read.seen)


def _numbered(digits: Sequence[Digit]) -> tuple[Digit, ...]:
    """The digits with the weights of a plain count."""
    weight, made = 1, []
    for digit in reversed(digits):
        made.append(digit._replace(weight=weight))
        weight *= digit.size
    return tuple(reversed(made))


def picked(read: Read, dim: int, position: int) -> Read:
    """The read of what one position along a dimension holds."""
    here = [d for d in read.digits if d.dim == dim]
    if not here:
        return read
    if any(d.inner == 0 for d in read.digits):
        raise UnclearError("it picks a place, and their order is not known")
    kept = tuple(d for d in read.digits if d.dim != dim)
    fixed = sum((position // d.inner) % d.size * d.weight for d in here)
    seen = tuple(read.at(fixed + sum(values)) for values in product(*(_steps(d) for d in kept)))
    return Read(_numbered(kept), seen, _total(read), apart=True)


def together(read: Read) -> Read:
    """The read beside others, along a dimension that is no place of it. Raises `UnclearError` for one that was picked apart."""
    if read.apart and not read.digits:
        raise UnclearError("it puts places side by side that were picked apart")
    return read


def plain(read: Read, dim: int, size: int) -> Read:
    """The same with its places numbered as the positions of one dimension, of this size."""
    if not read.digits or (read.is_plain and read.digits[0].dim == dim):
        return read
    if any(d.dim != dim for d in read.digits):
        raise UnclearError("the places lie along several dimensions")
    if any(d.inner == 0 for d in read.digits):
        raise UnclearError("the order of the places is not known")
    if size > MOST:
        raise UnclearError("there are too many places")
    places = [sum((at // d.inner) % d.size * d.weight for d in read.digits) for at in range(size)]
    here = read._replace(digits=(Digit(dim, 1, size, 1),))
    if places == list(range(size)):
        return here
    repeat = next((at for at, place in enumerate(places) if place), size)
    if places == [at // repeat for at in range(size)]:
        return resampled(here, size, lambda at: (at // repeat,), repeat, 1)
    return Read(here.digits, tuple(read.at(place) for place in places), _total(read))


def reshaped(read: Read, shape: Sequence[int], out: Sequence[int]) -> Read:
    """The read of the same memory under another shape."""
    made: list[Digit] = []
    for digit in reversed(read.digits):
        after = prod(shape[digit.dim + 1 :])
        if digit.inner == 0:
            made.append(_loose(digit, after, shape[digit.dim], out))
            continue
        at, left, weight = after * digit.inner, digit.size, digit.weight
        for dim in range(len(out) - 1, -1, -1):
            step = prod(out[dim + 1 :])
            if left == 1 or out[dim] == 1 or not step <= at < step * out[dim]:
                continue
            room = step * out[dim]
            take = min(left, room // at)
            if at % step or room % at or left % take:
                raise UnclearError("the view cuts the places")
            made.append(Digit(dim, at // step, take, weight))
            at, left, weight = at * take, left // take, weight * take
        if left > 1:
            raise UnclearError("the view cuts the places")
    return read._replace(digits=tuple(sorted(made, key=lambda d: -d.weight)))


def _loose(digit: Digit, step: int, size: int, out: Sequence[int]) -> Digit:
    for dim in range(len(out)):
        inner = prod(out[dim + 1 :])
        if inner <= step and step * size <= inner * out[dim]:
            return digit._replace(dim=dim)
    raise UnclearError("the view cuts places whose order is not known")


def loosened(read: Read, dim: int) -> Read:
    """The read after its places along a dimension were put into another order."""
    if not any(d.dim == dim for d in read.digits):
        return read
    if any(d.dim != dim for d in read.digits):
        raise UnclearError("the places lie along several dimensions")
    return read._replace(digits=(Digit(dim, 0, read.places, 1),))


def united(reads: Sequence[Read]) -> tuple[Read, ...]:
    """As few reads as can be: those that number places alike become one."""
    if len(reads) == 1:
        return tuple(reads)
    made: list[Read] = []
    for read in reads:
        for at, other in enumerate(made):
            both = other if other == read else _union(other, read)
            if both is not None:
                made[at] = both
                break
        else:
            made.append(read)
    return tuple(made)


def _union(a: Read, b: Read) -> Read | None:
    if len(a.digits) < len(b.digits):
        a, b = b, a
    if not all([d.inner for d in (a.digits if a.digits is b.digits else (*a.digits, *b.digits))]):
        return None
    if a.digits == b.digits and a.shift == b.shift and len(a.seen) == len(b.seen) == 1:  # mostly
        both, apart = hull((a.seen[0], b.seen[0])), a.apart or b.apart
        return a if (both, apart) == (a.seen[0], a.apart) else Read(a.digits, (both,), a.shift, apart)
    if a.digits == b.digits and a.shift * len(b.seen) == b.shift * len(a.seen):
        period = lcm(len(a.seen), len(b.seen))
        if period <= MOST:
            seen = tuple(hull((a.at(place), b.at(place))) for place in range(period))
            return Read(a.digits, seen, a.shift * (period // len(a.seen)), a.apart or b.apart)
    # Otherwise place by place: b may number by fewer digits, or move at another pace.
    weights = {(d.dim, d.inner, d.size): d.weight for d in b.digits}
    if not set(weights) <= {d[:3] for d in a.digits} or prod(d.size for d in a.digits) > MOST:
        return None
    if not a.digits:
        return Read((), (hull((a.at(0), b.at(0))),), max(a.shift, b.shift), a.apart or b.apart)
    pairs = [
        (sum(v for v, _ in values), sum(v for _, v in values))
        for values in product(*([(i * d.weight, i * weights.get(d[:3], 0)) for i in range(d.size)] for d in a.digits))
    ]
    return Read(_numbered(a.digits), tuple(hull((a.at(p), b.at(q))) for p, q in pairs), _total(a))
