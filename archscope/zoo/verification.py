"""Published figures against counts: every claim on a network's card, recomputed from a fresh trace.

archscope verify                    all networks
python -m archscope.zoo.verification    writes what travels with the package: zoo/catalog.json, the counts and claims, and
                                        zoo/graphs/, the Graphs
"""

import importlib
import pkgutil
from collections.abc import Callable, Iterable, Iterator
from functools import cache, partial

import msgspec
import torch
from torch import nn

from archscope import metrics, zoo
from archscope.graph import Graph
from archscope.graph.compact import pack
from archscope.tracing.forward_pass import trace
from archscope.zoo import catalog, packaged
from archscope.zoo.cards import Card, Claim, Entry, OptionValue, Value
from archscope.zoo.network import NETWORKS
from archscope.zoo.quantities import QUANTITIES, number, subject
from archscope.zoo.verdicts import Result, judge


def check(entry: Entry, claim: Claim) -> Result:
    """Recomputes one claim of a network."""
    if claim.expect == "reported":
        return Result(entry.name, claim, None, None, "reported")
    computed = _compute(entry, claim)
    difference = None
    if isinstance(computed, int | float) and isinstance(claim.value, int | float):
        difference = computed / claim.value - 1
    return Result(entry.name, claim, computed, difference, judge(claim, computed))


def verify(entries: Iterable[Entry]) -> Iterator[Result]:
    """Every claim of these networks, recomputed."""
    for entry in entries:
        for claim in entry.claims:
            yield check(entry, claim)


def _compute(entry: Entry, claim: Claim) -> Value:
    quantity, is_ratio, _ = claim.quantity.partition("_ratio")
    count = QUANTITIES.find(quantity)
    mine = count(subject(entry, _traced(entry.name, tuple(claim.options.items()), claim.input), claim.of))
    than = catalog.find(claim.than) if is_ratio else entry
    other = count(subject(than, _traced(than.name), claim.of)) if is_ratio else 1
    return mine / other if is_ratio and isinstance(mine, int | float) and isinstance(other, int | float) else mine


@cache
def _traced(name: str, options: tuple[tuple[str, OptionValue], ...] = (), input: tuple[int, ...] = ()) -> Graph:
    """The network at its canonical input or another, batch 1, eval mode, with what the conventions of other counters need."""
    return _trace(partial(zoo.build, name, **dict(options)), catalog.find(name), input, spelling=True)


def _trace(build: Callable[[], nn.Module], card: Card, input: tuple[int, ...] = (), *, spelling: bool = False) -> Graph:
    with torch.device("meta"):
        module = build()
    inputs = torch.empty(1, *(input or card.input), device="meta")
    return trace(module, inputs, name=card.name, variant=card.variant, source=card.name, spelling=spelling)


def survey() -> tuple[Entry, ...]:
    """Every network of the zoo with its counts, by family in the order of history."""
    for module in pkgutil.iter_modules(zoo.__path__, "archscope.zoo."):
        importlib.import_module(module.name)
    return tuple(sorted((_entry(network.card) for network in NETWORKS.values()), key=_order(NETWORKS)))


def _entry(card: Card) -> Entry:
    graph = _trace(NETWORKS[card.name].build, card)
    fields = {name: getattr(card, name) for name in card.__struct_fields__}
    return Entry(
        **fields,
        params=number(metrics.params, graph),
        trainable_params=number(metrics.trainable_params, graph),
        buffers=number(metrics.buffers, graph),
        macs=number(metrics.macs, graph),
        depth=number(metrics.weighted_depth, graph),
    )


def _order(names: Iterable[str]) -> Callable[[Entry], tuple[int, int, int]]:
    families: dict[str, int] = {}
    for network in NETWORKS.values():
        family = network.card.family
        families[family] = min(families.get(family, 9999), network.card.year)
    place = {name: at for at, name in enumerate(names)}
    rank = {family: at for at, family in enumerate(sorted(families, key=lambda family: (families[family], family)))}
    return lambda entry: (rank[entry.family], entry.year, place[entry.name])


def write_catalog() -> int:
    """Writes `zoo/catalog.json` anew; returns the number of networks."""
    entries = survey()
    catalog.PATH.write_bytes(msgspec.json.format(msgspec.json.encode(entries), indent=1) + b"\n")
    return len(entries)


def write_graphs() -> int:
    """Writes `zoo/graphs/` anew; returns the number of networks. A Graph that is what it was keeps its bytes."""
    packaged.FOLDER.mkdir(exist_ok=True)
    fresh = {packaged.path(entry.name): _portable(_trace(partial(zoo.build, entry.name), entry)) for entry in catalog.entries()}
    for file in packaged.FOLDER.glob("*.graph"):
        if file not in fresh:
            file.unlink()
    for file, graph in fresh.items():
        file.write_bytes(pack(graph))
    packaged.MADE_FROM.write_text(f"torch {_release(torch.__version__)}\nsource {packaged.source_digest()}\n")
    return len(fresh)


def _portable(graph: Graph) -> Graph:
    """The same, whatever torch was built for: shapes without arithmetic do not depend on CUDA."""
    return msgspec.structs.replace(graph, meta=msgspec.structs.replace(graph.meta, torch=_release(graph.meta.torch)))


def _release(version: str) -> str:
    return version.partition("+")[0]


if __name__ == "__main__":
    write_catalog()
    write_graphs()
