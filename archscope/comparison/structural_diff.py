"""Two networks, structure against structure: what is added, removed, repeated more often, or has another kernel, stride, width
or norm.

    archscope.diff(look("resnet50"), look("resnet101")).changes
    (Change(kind='repeated', paths=('conv4_x',), before='6 x Bottleneck', after='23 x Bottleneck', ...),)

Both networks are taken as trees whose leaves are layers (`layer_tree.py`). Equal subtrees are done with. The children
of two modules that differ are aligned in order, so that the similarity of the pairs is greatest (Needleman and Wunsch 1970);
runs of equals count as one there.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from archscope import metrics
from archscope.comparison.diff_words import census, changed_traits, counted, span, summary, times
from archscope.comparison.layer_tree import Item, tree
from archscope.comparison.matching import akin, aligned, is_class, nearly_equal, runs
from archscope.graph import Graph
from archscope.metrics.weights_only import needs_forward
from archscope.views.stages import STEM, stages

Kind = Literal["added", "removed", "repeated", "replaced", "changed", "rewired", "input", "follows"]


@dataclass(frozen=True)
class Change:
    """One difference between two networks.

    Attributes:
        kind: "added", "removed"; "repeated" for another number of equal blocks or layers; "replaced" for a module that shares
            little with its counterpart; "changed" for a layer; "rewired" for a module whose layers read one another in another
            way; "input" for the shape of what goes in; "follows" for layers that only read other widths or work at other
            resolutions.
        paths: of the modules, in the network that has them: in the second, but for what was removed.
        before, after: what is there, in words; "" where it is missing.
        stage: the stage in the second network, "stage 3, 14x14"; "" where there is none, or more than one.
        params, macs: of the second network less those of the first.
        here, there: ids of the nodes that it is about, in the first and in the second network.
    """

    kind: Kind
    paths: tuple[str, ...]
    before: str
    after: str
    stage: str = ""
    params: int = 0
    macs: int = 0
    here: tuple[int, ...] = field(default=(), repr=False)
    there: tuple[int, ...] = field(default=(), repr=False)


@dataclass(frozen=True)
class Difference:
    """What sets two networks apart.

    Attributes:
        first, second: the networks.
        changes: in the order of the second network; their `params` and `macs` add up to the differences of the totals.
    """

    first: Graph = field(repr=False)
    second: Graph = field(repr=False)
    changes: tuple[Change, ...] = ()

    @property
    def equal(self) -> bool:
        """Whether there is no structural difference. Resolutions, weights and names play no part."""
        return not any(change.kind != "follows" for change in self.changes)


def diff(first: Graph, second: Graph) -> Difference:
    """What differs in structure between two networks. Raises `ArchscopeError` for weights without a network."""
    for graph in (first, second):
        needs_forward(graph, "it has no structure to compare")
    a, b = tree(first), tree(second)
    found = list(_Comparison(first, second).changed(a, b)) if a.key != b.key else []
    inputs = _inputs(first), _inputs(second)
    if inputs[0] != inputs[1]:
        found.insert(0, Change("input", (), *inputs))
    grouped = [*_grouped(found), *_idle(first, second)]
    rest = _rest(first, second, grouped)
    return Difference(first, second, (*grouped, *([rest] if rest else [])))


def _inputs(graph: Graph) -> str:
    return " and ".join("x".join(map(str, shape)) for shape in graph.examples)


class _Comparison:
    """The walk through two trees."""

    def __init__(self, first: Graph, second: Graph) -> None:
        self.first, self.second = first, second
        self.stage_of = {
            unit.path: f"stage {stage.number}, {stage.name}" if stage.number else stage.name
            for stage in stages(second) if stage.name != STEM
            for unit in stage.units
        }  # fmt: skip

    def changed(self, a: Item, b: Item) -> Iterator[Change]:
        """The differences between two items that belong together and are not equal."""
        if a.is_layer and b.is_layer:
            if a.traits != b.traits:
                yield self._change("changed", [a], [b], *changed_traits(a, b))
        elif a.path and b.path and not akin(a, b):
            yield self._change("replaced", [a], [b], summary(a), summary(b))
        else:
            inside = list(self._inside(a, b))
            yield from inside
            if not inside and a.wires != b.wires:
                words = "the same layers, wired in another way"
                yield replace(self._change("rewired", [a], [b], "", words), params=0, macs=0)

    def _inside(self, a: Item, b: Item) -> Iterator[Change]:
        """The differences between the parts of two modules."""
        pairs = aligned(runs(a.children), runs(b.children))
        if a.path and not any(x and y for x, y in pairs):
            yield self._change("replaced", [a], [b], census(a), census(b))
            return
        if any(not (x and y) for x, y in pairs) and nearly_equal(a.leaves, b.leaves):
            # The same layers in other modules.
            pairs = aligned(runs(a.leaves), runs(b.leaves))
        told: set[str] = set()
        for before, after in pairs:
            kind = (before or after)[0].type
            if kind not in told and is_class(kind, pairs):
                told.add(kind)
                yield from self._class(
                    b, [([i for i in x if i.type == kind], [i for i in y if i.type == kind]) for x, y in pairs]
                )
            elif kind not in told:
                yield from self._run(b, before, after)

    def _run(self, parent: Item, before: list[Item], after: list[Item]) -> Iterator[Change]:
        """The differences of two aligned runs of equals."""
        if not after:
            yield self._change("removed", before, [], counted(before), "")
        elif not before:
            yield self._change("added", [], after, "", counted(after))
        else:
            if len(before) != len(after):
                paired = min(len(before), len(after))
                yield self._repeated(parent, before, after, before[paired:], after[paired:])
            for one, other in zip(before, after, strict=False):
                if one.key != other.key:
                    yield from self.changed(one, other)

    def _class(self, parent: Item, pairs: Sequence[tuple[list[Item], list[Item]]]) -> Iterator[Change]:
        """The differences of two sequences of blocks of one class: their number, then those of each pair."""
        matched = [both for x, y in pairs for both in zip(x, y, strict=False)]
        left = [item for x, y in pairs for item in x[len(y) :]]
        right = [item for x, y in pairs for item in y[len(x) :]]
        matched += zip(left, right, strict=False)
        matched.sort(key=lambda both: both[1].nodes[0].id)
        left, right = left[len(right) :], right[len(left) :]
        if left or right:
            yield self._repeated(parent, [i for x, _ in pairs for i in x], [i for _, y in pairs for i in y], left, right)
        for one, other in matched:
            if one.key != other.key:
                yield from self.changed(one, other)
        known = {item.key for both in matched for item in both}
        for item in left + right:
            # Another number of blocks has told what it costs; what sets it apart from the others is left to tell.
            if matched and item.key not in known:
                one, other = (item, matched[-1][1]) if item in left else (matched[-1][0], item)
                yield from (replace(change, params=0, macs=0) for change in self.changed(one, other))

    def _repeated(self, parent: Item, before: list[Item], after: list[Item], left: list[Item], right: list[Item]) -> Change:
        path = parent.path if not after[0].is_layer and parent.path else span([item.path for item in after])
        made = self._change("repeated", left, right, times(before), times(after))
        here, there = (tuple(node.id for item in items for node in item.nodes) for items in (before, after))
        return replace(made, paths=(path,), stage=self._stage(after), here=here, there=there)

    def _change(self, kind: Kind, before: list[Item], after: list[Item], was: str, becomes: str) -> Change:
        here = [node for item in before for node in item.nodes]
        there = [node for item in after for node in item.nodes]
        parts = self.first.select(here), self.second.select(there)
        return Change(
            kind, tuple(item.path for item in after or before), was, becomes, self._stage(after),
            metrics.params(parts[1]) - metrics.params(parts[0]), metrics.macs(parts[1]) - metrics.macs(parts[0]),
            tuple(node.id for node in here), tuple(node.id for node in there),
        )  # fmt: skip

    def _stage(self, items: Sequence[Item]) -> str:
        found = {self.stage_of.get(path, "") for item in items for path in _around(item.path) if path in self.stage_of}
        return next(iter(found)) if len(found) == 1 else ""


def _around(path: str) -> Iterator[str]:
    """A path and those of the modules around it: "a.0.conv", "a.0", "a"."""
    while path:
        yield path
        path = path.rpartition(".")[0]


def _joined(one: Change, other: Change) -> Change:
    return replace(
        one,
        paths=(*one.paths, *other.paths),
        stage=one.stage if one.stage == other.stage else "",
        params=one.params + other.params,
        macs=one.macs + other.macs,
        here=(*one.here, *other.here),
        there=(*one.there, *other.there),
    )


def _grouped(changes: Sequence[Change]) -> list[Change]:
    """Changes that read the same in modules of the same place become one with all their paths."""
    found: dict[object, Change] = {}
    for change in changes:
        last = change.paths[-1] if change.paths else ""
        place = ".".join("#" if step.isdigit() else step for step in last.split("."))
        layer = ".".join(step for step in place.split(".")[1:])
        single = change.kind in ("repeated", "replaced", "input")
        key = (len(found),) if single else (change.kind, layer or place, change.before, change.after)
        old = found.get(key)
        found[key] = change if old is None else _joined(old, change)
    return list(found.values())


def _idle(first: Graph, second: Graph) -> Iterator[Change]:
    """Modules that do not run in this forward, and that the other network does not have either as such."""
    mine, other = _outermost_idle(first), _outermost_idle(second)
    for kind, paths, graph, sign in (("removed", mine, first, -1), ("added", other, second, 1)):
        for path in paths:
            if path not in mine or path not in other:
                params = sign * sum(p.numel for p in graph.unused_params if p.name.startswith(f"{path}."))
                words = f"{graph.meta.idle[path]}, not run in this forward"
                yield Change(kind, (path,), words if sign < 0 else "", words if sign > 0 else "", params=params)  # type: ignore[arg-type]


def _outermost_idle(graph: Graph) -> list[str]:
    return [path for path in graph.meta.idle if not any(path.startswith(f"{other}.") for other in graph.meta.idle)]


def _rest(first: Graph, second: Graph, changes: Sequence[Change]) -> Change | None:
    """What the totals differ by beyond the changes: layers that are the same but read other widths, or work at another
    resolution.
    """
    params = metrics.params(second) - metrics.params(first) - sum(change.params for change in changes)
    macs = metrics.macs(second) - metrics.macs(first) - sum(change.macs for change in changes)
    words = "layers that only read other widths, or work at other resolutions"
    return Change("follows", (), "", words, params=params, macs=macs) if params or macs else None
