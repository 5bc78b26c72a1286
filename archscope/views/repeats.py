"""Folding: equal groups that stand one after the other become one group with a count."""

from collections.abc import Callable, Hashable, Sequence
from itertools import pairwise
from typing import NamedTuple

from archscope.graph import kinds
from archscope.views.fusion import Piece, Pieces
from archscope.views.module_groups import (
    Group,
    contents,
    in_series,
    is_anonymous,
    is_series,
    joined,
    path_of,
    signature,
    sources,
    type_of,
    works,
)
from archscope.views.runs_again import repeated

_LONGEST_PERIOD = 8
_FEW = 2  # times that are not worth folding what is not equal


def fold(cut: Pieces, groups: Sequence[Group], longest: int = _LONGEST_PERIOD) -> list[Group]:
    """Folds equals, and equal pairs, triples ... up to eight, that pass one result on: A A A -> 3 x A, A B A B -> 2 x (A B).

    Arguments:
        longest: period; 1 folds equals only.
    """
    numbers: dict[object, int] = {}
    keys = [numbers.setdefault(signature(cut, group), len(numbers)) for group in groups]
    found: list[Group] = []
    at = 0
    while at < len(groups):
        period, times = _repeat(cut, groups, keys, at, longest)
        if times > 1:
            members = tuple(joined(groups[at + n * period : at + (n + 1) * period]) for n in range(times))
            found.append(Group(members[0].start, members[-1].stop, members=members))
        else:
            found.append(groups[at])
        at += period * times
    return _alike_joined(cut, found) if longest > 1 else found


def fold_loops(cut: Pieces, groups: Sequence[Group]) -> list[Group]:
    """Folds the steps of a loop: the same modules run over and over, whatever each step hands to whom (a decoder's cell hands its
    state to the next step, and its result to what collects all of them).

    A step ends with the last of its modules that hold parameters, or with what the last step does behind that as every other step
    does (a residual sum); the first may do without what the others do before.
    """
    steps = [_step(cut, group) for group in groups]
    modules = [at for at, step in enumerate(steps) if step is not None and step.module]
    known = [(step.module, step.shape) if (step := steps[at]) is not None else ("", ()) for at in modules]
    # By what it hands on, in whatever order, not by what it does: in its first step a loop adds to zeros, or finds no state yet.
    loops = _loops([(module, tuple(sorted(shape))) for module, shape in known])
    if not loops:  # a text that grows by a word in every step
        loops = [loop for loop in _loops([module for module, _ in known]) if _grows([shape for _, shape in known], *loop)]
    found: list[Group] = []
    done = 0
    for at, period, times in loops:
        bounds = [modules[at + n * period] for n in range(times)], [modules[at + n * period - 1] + 1 for n in range(1, times + 1)]
        starts, ends = _rounds(steps, done, *bounds)
        members = tuple(joined(groups[start:end]) for start, end in zip(starts, ends, strict=True))
        alike = len({tuple(steps[start:end]) for start, end in zip(starts, ends, strict=True)}) == 1
        found += groups[done : starts[0]]
        found.append(Group(members[0].start, members[-1].stop, members=members, equal=alike, again=True))
        done = ends[-1]
    return [*found, *groups[done:]]


def _loops(keys: Sequence[Hashable]) -> list[tuple[int, int, int]]:
    """Where the same keys come again and again in the same order: where that begins, how many there are, how often they come."""
    later: dict[Hashable, int] = {}
    ahead = [0] * len(keys)  # how many keys later the same one comes again
    for at in reversed(range(len(keys))):
        ahead[at] = later.get(keys[at], at) - at
        later[keys[at]] = at
    found: list[tuple[int, int, int]] = []
    at = 0
    while at < len(keys):
        period = ahead[at]
        times = repeated(keys, at, period)
        if times > _FEW:
            found.append((at, period, times))
        at += period * times if times > _FEW else 1
    return found


def _grows(shapes: Sequence[tuple[int, ...]], at: int, period: int, times: int) -> bool:
    """Whether each round of a loop hands on as much more than the one before it, along one dimension, as every other."""
    for place in range(at, at + period):
        sizes = shapes[place : place + period * times : period]
        if len({len(shape) for shape in sizes}) > 1:
            return False
        more = {tuple(b - a for a, b in zip(before, after, strict=True)) for before, after in pairwise(sizes)}
        if len(more) > 1 or sum(size != 0 for size in next(iter(more))) > 1:
            return False
    return True


class _Step(NamedTuple):
    """What a part of a loop's step is known by.

    Attributes:
        module: its path, where it holds parameters.
        shape: of what it hands on.
        does: its operators, wherever their inputs come from.
    """

    module: str
    shape: tuple[int, ...]
    does: tuple[object, ...]


def _step(cut: Pieces, group: Group) -> _Step | None:
    """None for what was folded before."""
    if group.members:
        return None
    pieces = cut.items[group.start : group.stop]
    holds = any(node.params for piece in pieces for node in piece.nodes)
    inside = (tuple(max(source - group.start, -1) for source in piece.inputs) for piece in pieces)
    does = tuple(zip((cut.signatures[piece.id] for piece in pieces), inside, strict=True))
    return _Step(path_of(cut, group) if holds else "", cut.graph.tensors[pieces[-1].output].shape, does)


def _rounds(steps: Sequence[_Step | None], least: int, firsts: Sequence[int], ends: Sequence[int]) -> tuple[list[int], list[int]]:
    """Where the rounds of a loop begin and end.

    Arguments:
        least: where it may begin.
        firsts, ends: of each round its first module, and one past its last one.
    """
    start = _first(steps, least, firsts[0], firsts[1])
    missing = firsts[1] - ends[0] - (firsts[0] - start)  # what lies between two rounds, and is not there before the first one
    last = steps[ends[-1] : ends[-1] + missing]
    plain = all(step is not None and not step.module for step in last)
    if plain and all(steps[end : end + missing] == last for end in ends):
        ends = [end + missing for end in ends]
    return [start, *ends[:-1]], list(ends)


def _first(steps: Sequence[_Step | None], least: int, start: int, second: int) -> int:
    """Where a loop begins whose first module stands at `start` and comes again at `second`: with the operators before it that are
    there before the second one too.
    """
    back = 0
    while start - back > least and second - back - 1 > start and steps[start - back - 1] == steps[second - back - 1]:
        if (step := steps[start - back - 1]) is None or step.module:
            break
        back += 1
    return start - back


def _alike_joined(cut: Pieces, groups: Sequence[Group]) -> list[Group]:
    """Where a series of modules repeats (a block and one with shifted windows), a single such series elsewhere is joined too."""
    patterns = {}
    for group in groups:
        if group.count > 1 and group.equal and is_series(cut, group.unit):
            parts = contents(cut, group.unit)
            patterns[tuple(_operators(cut, part) for part in parts)] = len(parts)
    found: list[Group] = []
    at = 0
    while at < len(groups):
        size = next((n for pattern, n in patterns.items() if _matches(cut, groups[at : at + n], pattern)), 1)
        found.append(joined(groups[at : at + size]))
        at += size
    return found


def _matches(cut: Pieces, groups: Sequence[Group], pattern: Sequence[Hashable]) -> bool:
    same = [_operators(cut, group) for group in groups] == list(pattern) and all(group.count == 1 for group in groups)
    return same and all(in_series(cut, a, b) for a, b in pairwise(groups))


def _operators(cut: Pieces, group: Group) -> tuple[str, ...]:
    """What a module runs, whatever the sizes are."""
    nodes = (node for piece in cut.items[group.start : group.stop] for node in piece.nodes if node.id in cut.live)
    return (type_of(cut, group), *(node.name for node in nodes))


def _repeat(cut: Pieces, groups: Sequence[Group], keys: Sequence[int], at: int, longest: int) -> tuple[int, int]:
    """The period that covers most from `at` on, and how often it repeats: (1, 1) if nothing does."""
    best = (1, 1)
    for period in range(1, min(longest, (len(keys) - at) // 2) + 1):
        unit, times = keys[at : at + period], 1
        while keys[at + times * period : at + (times + 1) * period] == unit:
            here = joined(groups[at + (times - 1) * period : at + times * period])
            after = joined(groups[at + times * period : at + (times + 1) * period])
            if not in_series(cut, here, after):
                break
            times += 1
        if times > 1 and period * times > best[0] * best[1]:
            best = (period, times)
    return best


def fold_alike(cut: Pieces, groups: Sequence[Group], shape: Callable[[Group], tuple[int, ...]]) -> list[Group]:
    """Folds neighbours that a reader would call by the same name though their widths differ: one class at one resolution.

    Arguments:
        shape: the shape that leaves a group.
    """
    found: list[Group] = []
    previous: Hashable = None
    for group in groups:
        key = None if group.parallel else _likeness(cut, group.unit, shape(group))
        if found and key is not None and key == previous and in_series(cut, found[-1], group):
            members = (*(found[-1].members or (found[-1],)), *(group.members or (group,)))
            found[-1] = Group(members[0].start, members[-1].stop, members=members, equal=False)
        else:
            found.append(group)
        previous = key
    return found


def fold_alike_series(cut: Pieces, groups: Sequence[Group], shape: Callable[[Group], tuple[int, ...]]) -> list[Group]:
    """Folds pairs and triples that a reader would call by the same names: a block with other dilations, and what adds up what it
    says.
    """
    keys = [_likeness(cut, group.unit, shape(group)) for group in groups]
    found: list[Group] = []
    at = 0
    while at < len(groups):
        period, times = next(((p, n) for p in (2, 3) if (n := _times(cut, groups, keys, at, p)) > _FEW), (1, 1))
        members = tuple(joined(groups[at + n * period : at + (n + 1) * period]) for n in range(times))
        found.append(Group(members[0].start, members[-1].stop, members=members, equal=False) if times > 1 else groups[at])
        at += period * times
    return found


def _times(cut: Pieces, groups: Sequence[Group], keys: Sequence[Hashable], at: int, period: int) -> int:
    """How often what begins at a place repeats, each handing what it makes to the next alone."""
    times, unit = 1, keys[at : at + period]
    while len(set(unit)) > 1 and keys[at + times * period : at + (times + 1) * period] == unit:
        here, after = (joined(groups[at + n * period : at + (n + 1) * period]) for n in (times - 1, times))
        if not in_series(cut, here, after):
            break
        times += 1
    return times


def fold_streams(cut: Pieces, groups: Sequence[Group]) -> list[Group]:
    """Folds layers that hand on several results: what a stream carries and what is added up beside it, as in WaveNet. They do the
    same at other dilations, and each reads of the one before it what that one reads of its own predecessor.
    """
    keys = _stream_keys(cut, groups)
    found: list[Group] = []
    at = 0
    while at < len(groups):
        mixed = [period for period in range(2, _LONGEST_STREAM + 1) if len(set(keys[at : at + period])) > 1]
        tried = [(period, repeated(keys, at, period)) for period in mixed]
        period, times = max(tried, key=lambda pair: (pair[0] * pair[1], pair[1]), default=(1, 1))
        if times > _FEW and any(works(cut, group) for group in groups[at : at + period]):
            members = tuple(joined(groups[at + n * period : at + (n + 1) * period]) for n in range(times))
            found.append(Group(members[0].start, members[-1].stop, members=members, equal=False))
            at += period * times
        else:
            found.append(groups[at])
            at += 1
    return found


_LONGEST_STREAM = 16


def _stream_keys(cut: Pieces, groups: Sequence[Group]) -> list[Hashable]:
    """By group what it does, how wide the result is, and how far before it, in groups, that stands which it reads."""
    where = {piece: at for at, group in enumerate(groups) for piece in range(group.start, group.stop)}
    keys: list[Hashable] = []
    for at, group in enumerate(groups):
        pieces = cut.items[group.start : group.stop]
        does = tuple((piece.kind, piece.word, piece.activation, str(piece.main.attrs.get("kernel"))) for piece in pieces)
        output = pieces[-1].output
        wide = cut.graph.tensors[output].shape[1:2] if output >= 0 else ()
        reads = tuple(at - where[source] if source in where else source for source in sources(cut, group))
        keys.append((group.count, does, wide, reads))
    return keys


def _likeness(cut: Pieces, group: Group, shape: tuple[int, ...]) -> Hashable:
    if group.size == 1:
        piece = cut.items[group.start]
        return (piece.kind, piece.word, kinds.window(piece.main.attrs), piece.activation, shape)
    if not is_anonymous(cut, group):
        return (type_of(cut, group), shape[2:])
    return (tuple(_shape_free(piece) for piece in cut.items[group.start : group.stop]), shape[2:])


def _shape_free(piece: Piece) -> tuple[str, str, str]:
    return (piece.word, kinds.window(piece.main.attrs), piece.activation)
