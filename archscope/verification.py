"""Published figures against counts: every claim on a network's card, recomputed from a fresh trace.

archscope verify             all networks
python -m archscope.verification   writes the counts and claims into zoo/catalog.json, which travels with the package
"""

import importlib
import pkgutil
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from math import prod
from typing import Literal, NamedTuple

import msgspec
import torch
from torch import nn

from archscope import kinds, metrics, zoo
from archscope.graph import Graph, Node
from archscope.registry import Registry
from archscope.tracer import trace
from archscope.zoo import catalog
from archscope.zoo.cards import Card, Claim, Entry, OptionValue, Value
from archscope.zoo.network import NETWORKS

Verdict = Literal["holds", "holds under this convention", "differs", "reported", "FAILS"]


class Subject(NamedTuple):
    """What a claim is about: the part of the network, the whole, its card, and the path of the part."""

    part: Graph
    whole: Graph
    card: Card
    path: str


class Result(NamedTuple):
    """A claim and what became of it.

    Attributes:
        computed: the same quantity, counted; None for what was only reported.
        difference: computed / claimed - 1; None where the two are no numbers.
    """

    network: str
    claim: Claim
    computed: Value | None
    difference: float | None
    verdict: Verdict


Quantity = Callable[[Subject], Value]
QUANTITIES: Registry[Quantity] = Registry("quantity")


def _number(metric: Callable[[Graph], int | None], graph: Graph) -> int:
    return metric(graph) or 0


@QUANTITIES.register("params")
def _params(subject: Subject) -> int:
    return _number(metrics.params, subject.part)


@QUANTITIES.register("trainable_params")
def _trainable_params(subject: Subject) -> int:
    return _number(metrics.trainable_params, subject.part)


@QUANTITIES.register("buffers")
def _buffers(subject: Subject) -> int:
    return _number(metrics.buffers, subject.part)


def _elements(part: Graph, *names: str) -> int:
    """Of these tensors of the batch normalisations."""
    return sum(p.numel for p in part.params if p.module.startswith("BatchNorm") and p.name.rpartition(".")[2] in names)


@QUANTITIES.register("params_without_gamma")
def _params_without_gamma(subject: Subject) -> int:
    """Parameters, had the batch normalisations no scale."""
    return _number(metrics.params, subject.part) - _elements(subject.part, "weight")


@QUANTITIES.register("params_and_statistics")
def _params_and_statistics(subject: Subject) -> int:
    """Parameters and the moving means and variances of the batch normalisations, as Keras counts."""
    return _number(metrics.params, subject.part) + _elements(subject.part, "running_mean", "running_var")


@QUANTITIES.register("keras_params")
def _keras_params(subject: Subject) -> int:
    """As Keras counts, where the batch normalisations have no scale."""
    statistics = _elements(subject.part, "running_mean", "running_var")
    return _number(metrics.params, subject.part) - _elements(subject.part, "weight") + statistics


@QUANTITIES.register("macs")
def _macs(subject: Subject) -> int:
    return _number(metrics.macs, subject.part)


@QUANTITIES.register("conv_macs")
def _conv_macs(subject: Subject) -> int:
    """Multiply-accumulates of the convolutions alone."""
    return sum(node.cost.macs for node in subject.part.nodes if kinds.kind(node) == kinds.CONVOLUTION)


@QUANTITIES.register("depth")
def _depth(subject: Subject) -> int:
    return _number(metrics.weighted_depth, subject.part)


@QUANTITIES.register("convolutions")
def _convolutions(subject: Subject) -> int:
    return _number(metrics.convolutions, subject.part)


@QUANTITIES.register("neurons")
def _neurons(subject: Subject) -> int:
    """Outputs of the layers with weights: the "activations" that metrics.py counts."""
    return _number(metrics.layer_activations, subject.part)


@QUANTITIES.register("blocks")
def _blocks(subject: Subject) -> int:
    """Modules that the part runs directly."""
    part = next(call.id for call in subject.whole.calls if call.path == subject.path)
    return len(subject.whole.children[part])


@QUANTITIES.register("shape")
def _shape(subject: Subject) -> Value:
    """Of the part's last output, without the batch."""
    return _last_shape(subject.part)


def _last_shape(part: Graph) -> tuple[int, ...]:
    return part.tensors[part.nodes[-1].outputs[0]].shape[1:]


@QUANTITIES.register("width")
def _width(subject: Subject) -> int:
    """Channels of the part's last output."""
    return _last_shape(subject.part)[0]


@QUANTITIES.register("inputs")
def _inputs(subject: Subject) -> int:
    """Elements of the part's first input."""
    return prod(subject.part.tensors[subject.part.inputs[0]].shape[1:])


def _window(subject: Subject, attribute: str) -> int:
    """The first operator's that has one; the windows of the claims are square."""
    return next(size for node in subject.part.nodes for size in _sizes(node, attribute))


def _sizes(node: Node, attribute: str) -> list[int]:
    value = node.attrs.get(attribute)
    return [size for size in value if isinstance(size, int)] if isinstance(value, list) else []


@QUANTITIES.register("stride")
def _stride(subject: Subject) -> int:
    return _window(subject, "stride")


@QUANTITIES.register("kernel")
def _kernel(subject: Subject) -> int:
    return _window(subject, "kernel")


def _connections_of(part: Graph, node: Node) -> int:
    if kinds.kind(node) == kinds.POOLING:
        return part.tensors[node.outputs[0]].numel * prod(_sizes(node, "kernel"))
    return node.cost.macs


@QUANTITIES.register("connections")
def _connections(subject: Subject) -> int:
    """As LeCun et al. 1998 count: one for each product with a weight, comparison with a code, pooled pixel and bias."""
    part = subject.part
    added = [node for node in part.nodes if any(name.endswith(("bias", "codes")) for name in node.params)]
    return sum(_connections_of(part, node) for node in part.nodes) + sum(part.tensors[node.outputs[0]].numel for node in added)


@QUANTITIES.register("title")
def _title(subject: Subject) -> str:
    return subject.card.title


@QUANTITIES.register("dropout")
def _dropout(subject: Subject) -> float:
    """Share that is dropped, where nothing else is asked for."""
    default = next(option.default for option in subject.card.options if option.name == "dropout")
    return float(default or 0.0)


def check(entry: Entry, claim: Claim) -> Result:
    """Recomputes one claim of a network."""
    if claim.expect == "reported":
        return Result(entry.name, claim, None, None, "reported")
    computed = _compute(entry, claim)
    difference = None
    if isinstance(computed, int | float) and isinstance(claim.value, int | float):
        difference = computed / claim.value - 1
    return Result(entry.name, claim, computed, difference, _verdict(claim, computed))


def verify(entries: Iterable[Entry]) -> Iterator[Result]:
    """Every claim of these networks, recomputed."""
    for entry in entries:
        for claim in entry.claims:
            yield check(entry, claim)


def _verdict(claim: Claim, computed: Value) -> Verdict:
    if claim.expect == "differs":
        right = claim.correct is not None and _equal(claim.correct, computed)
        return "differs" if right and not holds(claim, computed) else "FAILS"
    if not holds(claim, computed):
        return "FAILS"
    return "holds" if claim.expect == "holds" else "holds under this convention"


def _equal(right: Value, computed: Value) -> bool:
    if isinstance(right, float) and isinstance(computed, int | float):
        return abs(right - computed) <= 0.005
    return right == computed


def holds(claim: Claim, computed: Value) -> bool:
    """Whether the computed value is what the claim's words say, to the digits that it gives."""
    value = claim.value
    if not isinstance(value, int | float) or not isinstance(computed, int | float):
        return value == computed
    match claim.relation:
        case "<":
            return computed < value
        case ">":
            return computed > value
        case "about":
            return abs(computed / value - 1) <= claim.unit
        case "cut":
            return value <= computed < value + claim.unit
    return abs(computed - value) <= claim.unit / 2 + 1e-9 * abs(value)


def _compute(entry: Entry, claim: Claim) -> Value:
    quantity, is_ratio, _ = claim.quantity.partition("_ratio")
    count = QUANTITIES.find(quantity)
    mine = count(_subject(entry, claim.of, **claim.options))
    other = count(_subject(catalog.find(claim.than), claim.of)) if is_ratio else 1
    return mine / other if is_ratio and isinstance(mine, int | float) and isinstance(other, int | float) else mine


def _subject(entry: Entry, part: str, **options: OptionValue) -> Subject:
    whole = _traced(entry.name, tuple(options.items()))
    return Subject(whole.within(part) if part else whole, whole, entry, part)


@cache
def _traced(name: str, options: tuple[tuple[str, OptionValue], ...] = ()) -> Graph:
    """The network at its canonical input, batch 1, eval mode."""
    return _trace(lambda: zoo.build(name, **dict(options)), catalog.find(name))


def _trace(build: Callable[[], nn.Module], card: Card) -> Graph:
    with torch.device("meta"):
        module = build()
    return trace(module, torch.empty(1, *card.input, device="meta"), name=card.name)


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
        params=_number(metrics.params, graph),
        trainable_params=_number(metrics.trainable_params, graph),
        buffers=_number(metrics.buffers, graph),
        macs=_number(metrics.macs, graph),
        depth=_number(metrics.weighted_depth, graph),
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


if __name__ == "__main__":
    write_catalog()
