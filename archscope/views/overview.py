"""The overview of a network: few enough groups for one page, opened where that tells most, folded where they repeat."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import groupby, pairwise

from archscope.graph import kinds
from archscope.views.fusion import Pieces
from archscope.views.module_groups import (
    ANONYMOUS,
    Group,
    closed,
    in_series,
    is_anonymous,
    is_light,
    joined,
    opened,
    segments,
    type_of,
    whole,
    works,
)
from archscope.views.parallel import fold_parallel
from archscope.views.repeats import fold, fold_alike, fold_alike_series, fold_loops, fold_streams

LIMIT = 19  # boxes of an overview, beside the input's
_FEWEST = 4  # with fewer, cutting by edges hides the network instead of showing it
_BOOKKEEPING = 5  # operations in a row without product or weight
_AROUND = 2, 3  # such operations before the first layer, and behind the last
_NEGLIGIBLE = 0.005  # share of the multiply-accumulates


def overview(cut: Pieces, limit: int = LIMIT) -> list[Group]:
    """The groups of a network's overview, in topological order.

    The network is opened into its modules. Containers, modules that hold a run of equal blocks, and modules that hold most of
    the network are opened further as long as the result, folded, has no more than `limit` groups. What has more from the start
    is folded more freely, then cut where a single tensor crosses, then joined by resolution.
    """
    if not cut.items:
        return []
    return _fitted(cut, whole(cut), limit)


def inside(cut: Pieces, group: Group, limit: int) -> list[Group]:
    """The groups inside one group: its pieces, if there are no more than `limit`, else an overview of it."""
    parts = closed(cut, group, [Group(at, at + 1) for at in range(group.start, group.stop)])
    return parts if len(parts) <= limit else _fitted(cut, group, limit)


def _fitted(cut: Pieces, group: Group, limit: int) -> list[Group]:
    plain = _inside(cut, group)
    plain = _without_bookkeeping(cut, plain, len(plain) > limit)
    shown = _arranged(cut, plain, limit)
    refused: set[Group] = set()
    classes: set[str] = set()  # of the modules that are opened
    while len(shown) <= limit:
        candidate = _to_open(cut, shown, group, limit, refused, classes)
        if candidate is None:
            break
        at = plain.index(candidate)
        trial = [*plain[:at], *_inside(cut, candidate), *plain[at + 1 :]]
        arranged = _arranged(cut, trial, limit)
        if len(arranged) <= limit and trial != plain:
            plain, shown = trial, arranged
            classes.add(type_of(cut, candidate))
        else:
            refused.add(candidate)
    return _coarse(cut, shown, limit)


def _inside(cut: Pieces, group: Group) -> list[Group]:
    """A group opened, with its loops and equal branches folded."""
    return fold_parallel(cut, fold_loops(cut, _with_endings(cut, opened(cut, group))))


def _arranged(cut: Pieces, plain: list[Group], limit: int) -> list[Group]:
    """The sequence folded, as strictly as fits into `limit`."""
    exact = _fold_blocks(cut, plain, limit)
    if len(exact) <= limit:
        return exact
    streams = fold_streams(cut, plain)
    if len(streams) <= limit:
        return streams
    alike = fold_alike(cut, exact, lambda group: _shape(cut, group))
    return alike if len(alike) <= limit else fold_alike_series(cut, alike, lambda group: _shape(cut, group))


def _fold_blocks(cut: Pieces, plain: list[Group], limit: int) -> list[Group]:
    """Folded; where that is not enough, blocks without a module of their own are found by their edges and folded too."""
    direct = fold(cut, plain)
    if len(direct) == 1:
        return direct
    blocks = fold(cut, [joined(part) for part in segments(cut, plain)])
    repeats = [group for group in blocks if group.count > 1 and group.unit.size > 1 and group.unit.call is None]
    if not repeats and len(direct) <= limit:
        return direct
    hidden = max((group.unit.size for group in blocks if group.unit.call is None), default=0)
    if len(blocks) >= len(direct) or len(blocks) < _FEWEST or 2 * hidden > plain[-1].stop - plain[0].start:
        return direct
    loose = [part for group in blocks for part in _unblocked(plain, group)]
    again = fold(cut, loose) if not repeats else loose
    return again if len(again) <= limit else blocks


def _unblocked(plain: list[Group], group: Group) -> list[Group]:
    """What a block that was found by its edges, and does not repeat, was made of."""
    if group.count > 1 or group.call is not None or group.size == 1:
        return [group]
    return [part for part in plain if group.start <= part.start and part.stop <= group.stop] or [group]


def _with_endings(cut: Pieces, groups: Sequence[Group]) -> list[Group]:
    """An activation function that a network applies to a block's result belongs to the block."""
    found: list[Group] = []
    for group in groups:
        piece = cut.items[group.start]
        ends = group.size == 1 and piece.kind in (kinds.ACTIVATION, kinds.POINTWISE) and not piece.word.endswith("softmax")
        if ends and len(piece.inputs) == 1 and found and found[-1].size > 1 and in_series(cut, found[-1], group):
            found[-1] = replace(found[-1], stop=group.stop)
        else:
            found.append(group)
    return found


def _without_bookkeeping(cut: Pieces, groups: Sequence[Group], crowded: bool) -> list[Group]:
    """Runs of operations without a product or weight, as before the first layer and behind the heads of a detector, as one group
    each; those in between only where it is `crowded`.
    """
    found: list[Group] = []
    last = max((n for n, group in enumerate(groups) if works(cut, group)), default=len(groups))
    tail = groups[last + 1 :]
    if len(tail) >= _BOOKKEEPING:  # a detector's: with the probabilities that it makes of scores
        return [*_without_bookkeeping(cut, groups[: last + 1], crowded), joined(tail)]
    for light, run in groupby(groups, lambda group: is_light(cut, group)):
        part = list(run)
        begins, ends = part[0].start == 0, part[-1].stop == len(cut.items)
        enough = _BOOKKEEPING if crowded else len(part) + 1
        if begins != ends:
            enough = min(enough, _AROUND[ends])
        found += [joined(part)] if light and len(part) >= enough else part
    return found


def _to_open(
    cut: Pieces, shown: Sequence[Group], around: Group, limit: int, refused: set[Group], classes: set[str]
) -> Group | None:
    """The group that is worth opening most. What repeats as it is, is a block and stays closed; what is of a class that has been
    opened before is opened too.
    """
    total = around.size
    blocks = {type_of(cut, group.unit) for group in shown if group.count > 1} - ANONYMOUS
    best: tuple[tuple[int, int], Group] | None = None
    for group in shown:
        if group.count > 1 or group.size == 1 or group.call is None or group in refused:
            continue
        dominant = 2 * group.size > total > limit
        if is_anonymous(cut, group):
            shallow = cut.graph.calls[group.call].path.count(".") <= cut.graph.calls[around.call or 0].path.count(".") + (
                around.call not in (0, None)
            )
            wanted = shallow or dominant or any(part.size > 1 for part in opened(cut, group))
        else:
            kind = type_of(cut, group)
            wanted = kind in classes or _has_run(cut, group) or (dominant and len(shown) < 8)
            wanted = wanted and (kind not in blocks or dominant)
        if wanted and (best is None or (is_anonymous(cut, group), group.size) > best[0]):
            best = ((is_anonymous(cut, group), group.size), group)
    return best[1] if best else None


def _has_run(cut: Pieces, group: Group) -> bool:
    """Whether equal blocks stand one after the other somewhere inside."""
    parts = opened(cut, group)
    if any(part.count > 1 and part.unit.size > 1 and part.unit.call is not None for part in fold(cut, parts)):
        return True
    return any(part.size > 3 and part.size < group.size and _has_run(cut, part) for part in parts)


def _shape(cut: Pieces, group: Group) -> tuple[int, ...]:
    output = cut.items[group.stop - 1].output
    return cut.graph.tensors[output].shape if output >= 0 else ()


def _coarse(cut: Pieces, groups: list[Group], limit: int) -> list[Group]:
    """Joins neighbours until `limit` are left: such of which the first is read by the second alone (a skip keeps its ends), then
    where hardly anything is computed, then at one resolution, then small ones.
    """
    if len(groups) > 8 * limit:
        runs: list[list[Group]] = []
        for group in groups:
            if runs and _shape(cut, runs[-1][-1])[2:] == _shape(cut, group)[2:]:
                runs[-1].append(group)
            else:
                runs.append([group])
        groups = [joined(run) for run in runs]
    groups = list(groups)
    negligible = cut.graph.cost.macs * _NEGLIGIBLE
    while len(groups) > limit:
        resolution = [_shape(cut, group)[2:] for group in groups]
        macs = [sum(node.cost.macs for piece in cut.items[group.start : group.stop] for node in piece.nodes) for group in groups]
        price = [
            (not in_series(cut, a, b), True, resolution[n] != resolution[n + 1], a.size + b.size, n)
            if macs[n] + macs[n + 1] > negligible
            else (not in_series(cut, a, b), False, False, 0, n)
            for n, (a, b) in enumerate(pairwise(groups))
        ]
        at = min(price)[-1]
        pair = _pair(cut, groups, at)
        alike = [n for n in range(len(price)) if n == at or (price[n][:3] == price[at][:3] and _pair(cut, groups, n) == pair)]
        last = len(groups)
        for n in reversed(alike):  # one step of a decoder is joined as the other ones are
            if n + 1 < last:
                groups[n : n + 2] = [Group(groups[n].start, groups[n + 1].stop)]
                last = n
    return groups


def _pair(cut: Pieces, groups: Sequence[Group], at: int) -> tuple[object, ...]:
    """What two neighbours do, whatever their widths are."""
    both = [piece for group in groups[at : at + 2] for piece in cut.items[group.start : group.stop]]
    return tuple((piece.kind, piece.word, piece.activation, kinds.window(piece.main.attrs)) for piece in both)
