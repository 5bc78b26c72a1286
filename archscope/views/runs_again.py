"""Where a list of layers goes round in a loop: a decoder's cell for every token, a refinement again and again."""

from bisect import bisect_right
from collections.abc import Hashable, Sequence
from typing import NamedTuple

_FEW = 2  # times that are not worth folding
_MOST = 8  # times that one layer runs in a round


class Round(NamedTuple):
    """Layers that run again and again, one round directly behind the other.

    Attributes:
        start: place of the first layer of the first round.
        length: layers in a round.
        times: how many rounds there are.
    """

    start: int
    length: int
    times: int

    @property
    def stop(self) -> int:
        """One past the last layer of the last round."""
        return self.start + self.length * self.times


def rounds(keys: Sequence[Hashable], anchors: Sequence[bool]) -> list[Round]:
    """The loops in a list of layers, those that begin first; of several that begin together the one that covers most.

    Arguments:
        keys: what a layer is known by: two of one key do the same.
        anchors: whether only a loop runs a layer twice: one with parameters. Every round has one.
    """
    again: dict[Hashable, list[int]] = {}
    for at, key in enumerate(keys):
        if anchors[at]:
            again.setdefault(key, []).append(at)
    ahead = [at for at, key in enumerate(keys) if anchors[at] and len(again[key]) > _FEW]
    found: list[Round] = []
    at = 0
    for anchor in ahead:
        same = again[keys[anchor]]
        first = bisect_right(same, anchor)
        lengths = [place - anchor for place in same[first : first + _MOST]]
        while at <= anchor:
            likely = [length for length in lengths if anchor - at < length and keys[at] == keys[at + length]]
            tried = [Round(at, length, repeated(keys, at, length)) for length in likely]
            best = max(tried, key=lambda one: (one.length * one.times, one.times), default=None)
            if best is not None and best.times > _FEW:
                found.append(best)
                at = best.stop
            else:
                at += 1
    return found


def repeated(keys: Sequence[Hashable], at: int, length: int) -> int:
    """How often the `length` keys from `at` on stand one directly behind the other."""
    times, unit = 1, keys[at : at + length]
    while unit and keys[at + times * length : at + (times + 1) * length] == unit:
        times += 1
    return times
