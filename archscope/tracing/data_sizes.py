"""What data decide in a network whose forward looks at values: which sizes, between which bounds, and what Python looked at.

The bounds are two more traces on the meta device, in which nothing passes, and everything (`Passing`). What differs between them
depends on the data; a metric that does not differ is the network's own. Where Python looks at whole numbers, the forward runs
once more with other ones, and sizes that change depend on them.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Protocol

import msgspec

from archscope.graph import Decided, Graph, Meta, Node
from archscope.graph.kinds import WEIGHTED, kind
from archscope.tracing.looks import Looks, larger, smaller
from archscope.tracing.passing_rows import ALL, Passing

_DIFFERENT = ("aten._unique2", "aten.unique_dim", "aten.unique_consecutive", "aten.unique_dim_consecutive")
_READS = ("aten._local_scalar_dense", "aten.is_nonzero", "aten.equal", *_DIFFERENT)
_WHOLE = ("int64", "int32", "int16", "int8", "uint8")


class Run(Protocol):
    """Runs the forward once and writes it down."""

    def __call__(self, meta: Meta, passing: Passing | None = None, looks: "Looks | None" = None) -> Graph:
        """The Graph. Raises `TraceError`."""


def with_values(run: Run, meta: Meta, kept: Mapping[str, int]) -> Graph:
    """The Graph of a forward on the CPU, with what data decided in it in its meta; as it is where they decide nothing.

    Arguments:
        kept: rows that pass, by module path, whatever the data.
    """
    passing, looks = Passing(kept), Looks()
    graph = run(msgspec.structs.replace(meta, decided=None), passing, looks)
    decided, reads = passing.decided(), _reads(graph, looks)
    if not decided and not reads and not kept:
        return graph
    free = {path: rows for path, rows in decided.items() if path in passing.free or path not in passing.found}
    # Where all numbers are told, the extremes are one: without values, they show that what was looked at were constants.
    devices = ("meta", "cpu") if free else ("meta",) if reads else ()
    extremes = _extremes(run, meta, kept, passing.sorts(), devices)
    known = not free or (extremes is not None and _between(graph, *extremes))
    totals: dict[str, tuple[int, ...]] = dict(_differing(*extremes)) if extremes is not None else {}
    paths = set(_paths(*extremes)) if extremes is not None else set()
    if extremes is None or extremes[0].meta.device == "cpu":
        other = _with_other_numbers(run, meta, kept, graph, looks)
        behind = graph.nodes[_first_look(graph, looks) :]
        totals |= dict.fromkeys(_names(graph, other, behind), ())
        paths |= set(_paths(graph, other)) if other is not None else {graph.path(node) for node in behind}
    else:  # what both extremes looked at without values was a constant
        reads = {place: times for place, times in reads.items() if place.startswith(_DIFFERENT)}
    found = Decided(
        kept=dict(kept),
        operators=len(graph.nodes),
        idle=tuple(path for path in kept if path not in passing.used),
        reads=reads,
        known=known,
        rows=_handed_on(graph, free, extremes),
        totals=totals,
        paths=tuple(sorted(paths)),
    )
    if not (found.kept or found.reads or found.varies):
        return graph  # it sorts rows into groups, at most
    return msgspec.structs.replace(graph, meta=msgspec.structs.replace(graph.meta, decided=found))


def _extremes(
    run: Run, meta: Meta, kept: Mapping[str, int], sorting: frozenset[str], devices: tuple[str, ...]
) -> tuple[Graph, Graph] | None:
    """The forward with nothing passing, or as little as it can do with, and with everything, on the first of these devices that
    it runs on; None where it runs on none.
    """
    for device in devices:
        there = msgspec.structs.replace(meta, device=device, reason="", decided=None)
        least = next(_tried(run, there, kept, sorting, (0, 1)), None)
        most = next(_tried(run, there, kept, sorting, (ALL,)), None) if least is not None else None
        if least is not None and most is not None:
            return least, most
    return None


def _tried(run: Run, meta: Meta, kept: Mapping[str, int], sorting: frozenset[str], tries: tuple[int, ...]) -> Iterator[Graph]:
    for others in tries:
        with suppress(Exception):  # whatever the user's own code raises where nothing is left
            yield run(meta, Passing(kept, others, sorting))


def _differing(least: Graph, most: Graph) -> dict[str, tuple[int, int]]:
    """The whole numbers among the metrics that are not the same in both."""
    from archscope.metrics import METRICS, measure

    low, high = measure(least), measure(most)
    pairs = {name: (low[name], high[name]) for name in METRICS}
    return {name: (int(a), int(b)) for name, (a, b) in pairs.items() if isinstance(a, int) and isinstance(b, int) and a != b}


def _between(graph: Graph, least: Graph, most: Graph) -> bool:
    """Whether the extremes bound what was found: without values a forward may go another way, and its numbers bound nothing."""
    return least.cost.macs <= graph.cost.macs <= most.cost.macs


def _shapes(graph: Graph) -> Counter[tuple[str, str, tuple[tuple[int, ...], ...]]]:
    """What ran where on what: module, operator, the shapes that it wrote."""
    return Counter((graph.path(node), node.op, graph.shapes(node.outputs)) for node in graph.nodes)


def _paths(least: Graph, most: Graph) -> tuple[str, ...]:
    """The modules that did not do the same in both."""
    one, other = _shapes(least), _shapes(most)
    return tuple(dict.fromkeys(path for path, _, _ in ((one - other) + (other - one))))


def _handed_on(
    graph: Graph, decided: Mapping[str, list[int]], extremes: tuple[Graph, Graph] | None
) -> dict[str, tuple[int, ...]]:
    """How many rows each deciding module handed on: found, with nothing and with everything passing. Where the extremes are not
    known, the most that one of its selections found; a module whose results are of one size, whatever passes, is left out.
    """
    if extremes is None:
        return {path: (max(rows),) for path, rows in decided.items()}
    rows = {path: _sizes(*[_results(g, path) for g in (graph, *extremes)]) for path in decided}
    return {path: sizes for path, sizes in rows.items() if sizes}


_Shapes = tuple[tuple[int, ...], ...]


def _sizes(found: _Shapes, least: _Shapes, most: _Shapes) -> tuple[int, ...]:
    """The first size that is not the same at the extremes."""
    for here, low, high in zip(found, least, most, strict=False):
        axis = next((at for at, (a, b) in enumerate(zip(low, high, strict=False)) if a != b), None)
        if axis is not None and len(here) == len(low) == len(high):
            return here[axis], low[axis], high[axis]
    return ()


def _results(graph: Graph, path: str) -> _Shapes:
    return graph.shapes(graph.within(path).outputs) if any(call.path == path for call in graph.calls) else ()


def _reads(graph: Graph, looks: Looks) -> dict[str, int]:
    inside = Counter(f"{node.op} in {graph.path(node) or 'the network'}" for node in _looking(graph, *_READS))
    return dict(inside + looks.reads)


def _looking(graph: Graph, *operators: str) -> list[Node]:
    """The runs of these operators on something that comes from the input or a parameter; a constant is the same always."""
    known, found = set(graph.inputs), []
    for node in graph.nodes:
        if node.params or not known.isdisjoint(node.inputs):
            known.update(node.outputs)
            if node.op in operators:
                found.append(node)
    return found


def _with_other_numbers(run: Run, meta: Meta, kept: Mapping[str, int], graph: Graph, looks: Looks) -> Graph | None:
    """The forward once more, with larger or else smaller whole numbers where Python looked at some: the same where sizes do not
    depend on them; None where nothing runs with others.
    """
    read = _looking(graph, "aten._local_scalar_dense")
    if not looks.whole and not any(graph.tensors[t].dtype in _WHOLE for node in read for t in node.inputs):
        return graph
    try:
        for seen in (larger, smaller):
            other = run(msgspec.structs.replace(meta, decided=None), Passing(kept, seen=seen), Looks(seen))
            if _shapes(other) != _shapes(graph):
                return other
    except Exception:  # the user's own code may raise anything
        return None
    return graph


def _first_look(graph: Graph, looks: Looks) -> int:
    """Position of the first operator that looks at a value; 0 where one left torch, which none tells of."""
    inside = _looking(graph, "aten._local_scalar_dense")
    return inside[0].id if inside and not looks.reads else 0


def _names(graph: Graph, other: Graph | None, behind: Sequence[Node]) -> list[str]:
    """The metrics that are not the same in both. Where there is no other: those that depend on sizes, without those of products
    where none is among what ran `behind` the first look.
    """
    from archscope.metrics.data_sizes import OF_PRODUCTS, ON_SIZES

    if other is not None:
        return [] if other is graph else [*_differing(graph, other)]
    products = any(kind(node) in WEIGHTED for node in behind)
    return [name for name in ON_SIZES if products or name not in OF_PRODUCTS]
