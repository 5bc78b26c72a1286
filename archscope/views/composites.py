"""Neighbouring pieces that are one thing to a reader, told by their edges: attention with its projections, a gated MLP, a mixture
of experts. Closed, each is one box; opened, it shows its pieces.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from archscope.graph import kinds
from archscope.views.recognition import Experts, Facts, Router

if TYPE_CHECKING:
    from archscope.views.fusion import Piece, Pieces

ATTENTION, GATED, EXPERTS = "attention", "gated MLP", "mixture of experts"
_MOST = 64  # pieces of one composite
_LAYERS = frozenset({kinds.LINEAR, kinds.CONVOLUTION})


@dataclass(frozen=True)
class Composite:
    """Pieces with ids in `range(start, stop)` that are one thing.

    Attributes:
        kind: one of the constants above.
        facts: of the attention, or of the experts.
        width: of a gated MLP inside.
        activation: of its gate.
        active: how many experts each token is sent to.
        shared: whether there is an expert that every token meets.
    """

    start: int
    stop: int
    kind: str
    facts: Facts | None = None
    width: int = 0
    activation: str = ""
    active: int = 0
    shared: bool = False


def composites(cut: "Pieces") -> tuple[Composite, ...]:
    """The composites of a network, outer ones before those inside them."""
    found = [*_attentions(cut), *_gated(cut), *_experts(cut)]
    found.sort(key=lambda one: (one.start, -one.stop))
    kept: list[Composite] = []
    for one in found:
        around = [other for other in kept if other.stop > one.start]
        if all(one.stop <= other.stop and (one.start, one.stop) != (other.start, other.stop) for other in around):
            kept.append(one)
    return tuple(kept)


def _attentions(cut: "Pieces") -> Iterator[Composite]:
    for piece in cut.items:
        if piece.attention is None:
            continue
        inside = {piece.id}
        _take_projections(cut, piece, inside)
        if not any(cut.items[at].kind in _LAYERS for at in inside):
            continue
        after = _output(cut, piece, inside)
        if _is_closed(cut, inside, after):
            yield Composite(min(inside), max(inside) + 1, ATTENTION, facts=piece.attention)


def _take_projections(cut: "Pieces", piece: "Piece", inside: set[int]) -> None:
    """Back from the queries, keys and values to the layers that make them, past norms and rotary embeddings on the way."""
    waiting = [source for source in piece.inputs if source >= 0]
    while waiting and len(inside) < _MOST:
        at = max(waiting)
        waiting = [other for other in waiting if other != at]
        before = cut.items[at]
        if not all(reader in inside for reader in cut.readers[at]):
            continue
        if before.kind in _LAYERS:
            inside.add(at)
        elif _is_on_the_way(before) and all(source >= 0 and _leads_to_layer(cut, source) for source in before.inputs):
            inside.add(at)
            waiting += before.inputs


def _is_on_the_way(piece: "Piece") -> bool:
    return piece.kind == kinds.NORMALISATION or piece.word == "rotary embedding"


def _leads_to_layer(cut: "Pieces", at: int) -> bool:
    for _ in range(4):
        piece = cut.items[at]
        if piece.kind in _LAYERS:
            return True
        if not piece.inputs or piece.inputs[0] < 0 or len(piece.inputs) > 1:
            return False
        at = piece.inputs[0]
    return False


def _output(cut: "Pieces", piece: "Piece", inside: set[int]) -> int:
    """Adds the output projection, behind a gate if there is one; returns the piece whose result leaves."""
    last = piece
    for _ in range(2):
        readers = cut.readers.get(last.id, ())
        if len(readers) != 1:
            break
        after = cut.items[readers[0]]
        alone = all(source in inside for source in after.inputs)
        if after.kind in _LAYERS and alone:
            inside.add(after.id)
            return after.id
        if not (after.kind == kinds.POINTWISE and after.word == "multiply" and alone):
            break
        inside.add(after.id)
        last = after
    return last.id


def _gated(cut: "Pieces") -> Iterator[Composite]:
    """Dauphin et al., arXiv 1612.08083; Shazeer, "GLU Variants Improve Transformer", arXiv 2002.05202."""
    for product in cut.items:
        readers = cut.readers.get(product.id, ())
        if product.word != "multiply" or not product.inputs or min(product.inputs) < 0 or len(readers) != 1:
            continue
        down = cut.items[readers[0]]
        branches = [cut.items[at] for at in product.inputs]
        gate = next((one for one in branches if one.kind == kinds.ACTIVATION), None)
        if gate is not None and gate.inputs and gate.inputs[0] >= 0:  # both from one layer, cut in two
            layers = [cut.items[gate.inputs[0]], *(one for one in branches if one is not gate)]
            activation = gate.word
        else:
            layers, activation = branches, next((one.activation for one in branches if one.activation), "")
        inside = {product.id, down.id, *(one.id for one in (*layers, *branches))}
        sources = {source for one in layers for source in one.inputs}
        linear = all(one.kind == kinds.LINEAR for one in (*layers, down)) and down.inputs == (product.id,)
        if linear and activation and len(sources) == 1 and _is_closed(cut, inside, down.id):
            width = cut.graph.tensors[product.output].shape[-1]
            yield Composite(min(inside), max(inside) + 1, GATED, width=width, activation=activation)


def _experts(cut: "Pieces") -> Iterator[Composite]:
    """A router with its experts, and a shared expert beside them, which every token meets, with the sum of both."""
    for piece in cut.items:
        router = next((cut.items[at] for at in piece.inputs if at >= 0 and isinstance(cut.items[at].facts, Router)), None)
        if not isinstance(piece.facts, Experts) or router is None or not isinstance(router.facts, Router):
            continue
        shared = _shared(cut, router, piece)
        for inside, last in ((shared, max(shared, default=0)), ({router.id, piece.id}, piece.id)):
            if inside and _is_closed(cut, inside, last):
                yield Composite(
                    min(inside), last + 1, EXPERTS, facts=piece.facts, active=router.facts.active, shared=last != piece.id
                )
                break


def _shared(cut: "Pieces", router: "Piece", experts: "Piece") -> set[int]:
    """The pieces of a mixture whose experts' result is added to that of layers which read the same tokens; empty for none."""
    readers = cut.readers.get(experts.id, ())
    total = cut.items[readers[0]] if len(readers) == 1 else experts
    if total.word != "add" or len(total.inputs) != 2:
        return set()
    inside, given, works = {router.id, experts.id, total.id}, set(router.inputs), False
    waiting = [at for at in total.inputs if at != experts.id]
    while waiting:
        at = waiting.pop()
        if at in given or at in inside:
            continue
        if at < 0 or len(inside) > _MOST or total.id - at > _MOST:
            return set()
        inside.add(at)
        works = works or cut.items[at].kind == kinds.LINEAR
        waiting += cut.items[at].inputs
    return inside if works and all(set(cut.items[at].inputs) <= inside | given for at in inside) else set()


def _is_closed(cut: "Pieces", inside: Collection[int], last: int) -> bool:
    """Whether these are neighbours, and only the last hands on what they make (a network may return more: keys for a cache)."""
    if max(inside) - min(inside) + 1 != len(inside) or max(inside) != last:
        return False
    return all(set(cut.readers.get(at, ())) <= set(inside) for at in inside if at != last)
