"""Which items of two networks are counterparts: alignment in order, by likeness."""

from collections import Counter
from collections.abc import Sequence
from itertools import groupby

from archscope.comparison.layer_tree import Item
from archscope.views.stages import CONTAINERS


def aligned(first: list[list[Item]], second: list[list[Item]]) -> list[tuple[list[Item], list[Item]]]:
    """Pairs of runs in order, an empty list where one has no counterpart: the alignment with the greatest sum of similarities."""
    best = [[0.0] * (len(second) + 1) for _ in range(len(first) + 1)]
    like = [[likeness(a[0], b[0]) for b in second] for a in first]
    for i in range(len(first) - 1, -1, -1):
        for j in range(len(second) - 1, -1, -1):
            best[i][j] = max(best[i + 1][j], best[i][j + 1], like[i][j] + best[i + 1][j + 1] if like[i][j] else 0.0)
    pairs: list[tuple[list[Item], list[Item]]] = []
    i = j = 0
    while i < len(first) or j < len(second):
        both = i < len(first) and j < len(second)
        if both and like[i][j] and best[i][j] == like[i][j] + best[i + 1][j + 1]:
            pairs.append((first[i], second[j]))
            i, j = i + 1, j + 1
        elif i < len(first) and (j == len(second) or best[i][j] == best[i + 1][j]):
            pairs.append((first[i], []))
            i += 1
        else:
            pairs.append(([], second[j]))
            j += 1
    return pairs


def likeness(a: Item, b: Item) -> float:
    """How well two items fit together: 0 where they cannot be counterparts, the more the better."""
    named = 0.5 if a.name and a.name == b.name else 0.0
    if a.key == b.key:
        return 4.0 + named
    if a.is_layer != b.is_layer:
        return 0.0
    if a.is_layer:
        mine, other = dict(a.traits), dict(b.traits)
        if mine["layer"] != other["layer"]:
            return 0.0
        names = {*mine, *other}
        common = sum(mine.get(name) == other.get(name) for name in names) / len(names)
        return 1.0 + named + common if common > 0.3 else 0.0
    return 1.0 + named + (0.5 if a.type == b.type else 0.0) + overlap(a, b) if named or akin(a, b) else 0.0


def overlap(a: Item, b: Item) -> float:
    """The share that two items have in common of the kinds of layers in them."""
    mine, other = set(a.alike), set(b.alike)
    return len(mine & other) / len(mine | other) if mine or other else 1.0


def akin(a: Item, b: Item) -> bool:
    """Whether two modules may be counterparts: of one class; else containers of the same kinds of layers, or blocks of nearly
    the same layers.
    """
    if a.type in CONTAINERS or b.type in CONTAINERS:
        return overlap(a, b) >= 0.5
    common = Counter(a.alike) & Counter(b.alike)
    return a.type == b.type or common.total() >= 0.75 * max(len(a.alike), len(b.alike))


def is_class(kind: str, pairs: Sequence[tuple[list[Item], list[Item]]]) -> bool:
    """Whether both sides have blocks of this class."""
    return kind not in CONTAINERS and all(
        any(not item.is_layer and item.type == kind for pair in pairs for item in pair[side]) for side in (0, 1)
    )


def runs(items: Sequence[Item]) -> list[list[Item]]:
    """Neighbours that do the same, together."""
    return [list(run) for _, run in groupby(items, key=lambda item: (item.key, item.name))]


def nearly_equal(first: Sequence[Item], second: Sequence[Item]) -> bool:
    """Whether four of five layers are the same."""
    common = Counter(item.traits for item in first) & Counter(item.traits for item in second)
    return common.total() >= 0.8 * max(len(first), len(second))
