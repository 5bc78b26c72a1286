"""Mixtures of experts (Shazeer et al., "Outrageously Large Neural Networks", arXiv 1701.06538): a layer scores the experts for
each token, the best few of the scores decide which of many weights it meets, and what these make is added up again.

The router is the layer and all that is computed from its scores alone: also who goes where, and the way back. The experts are
what is computed from that and from the tokens that the router has seen, up to where it has come together again, as large as
they were.
"""

from collections.abc import Iterable, Iterator, Sequence
from heapq import heappop, heappush
from math import prod

from archscope.graph import Node, kinds
from archscope.views.recognition import attention
from archscope.views.recognition.activations import activation
from archscope.views.recognition.dataflow import Flow
from archscope.views.recognition.found import Experts, Found, Router

NEEDS = frozenset({"topk", "max", "argmax"})
_ATTENDS = attention.NEEDS
_FARTHEST = 24  # operators between the scores and a choice
_WINDOW, _EACH = 128, 48  # operators of a mixture, and more for each expert


def find(flow: Flow) -> Iterator[Found]:
    """Each router, and its experts."""
    choices: dict[int, list[Node]] = {}  # by the layer that scores
    for node in flow.nodes:
        if node.name in NEEDS and node.id in flow.live and (layer := _scoring(flow, node)) is not None:
            choices.setdefault(layer.id, []).append(node)
    for number, chosen in choices.items():
        yield from _mixture(flow, flow.node(number), chosen)


def _scoring(flow: Flow, choice: Node) -> Node | None:
    """The layer whose results a choice among the last dimension is made from."""
    scores = flow.shape(choice.inputs[0])
    dim = choice.attrs.get("dim", -1)
    if len(scores) < 2 or dim not in (-1, len(scores) - 1):
        return None
    waiting, seen = [choice.inputs[0]], 0
    while waiting and seen < _FARTHEST:
        made = flow.maker(waiting.pop())
        seen += 1
        if made is None:
            continue
        if kinds.kind(made) == kinds.LINEAR:
            return made if flow.shape(made.outputs[0])[-1] == scores[-1] and made.inputs else None
        if kinds.kind(made) in kinds.WEIGHTED:
            return None
        waiting += made.inputs
    return None


def _active(flow: Flow, chosen: Sequence[Node]) -> int:
    """To how many experts a token goes: the best k, or the best one again and again."""
    best = [node for node in chosen if node.name == "topk"]
    if best:
        size = best[-1].attrs.get("k")
        return size if isinstance(size, int) else 0
    return sum(node.name == "argmax" or any(flow.reading(t) for t in node.outputs[1:]) for node in chosen)


def _mixture(flow: Flow, layer: Node, chosen: Sequence[Node]) -> Iterator[Found]:
    count, active, wide = flow.shape(layer.outputs[0])[-1], _active(flow, chosen), flow.shape(layer.inputs[0])[-1]
    if not 0 < active < count:
        return
    parts = _Parts(flow, layer, chosen[-1].id, count)
    experts = parts.experts()
    routing = tuple(node for node in parts.routing if experts and node.id < experts[-1].id)
    if not experts or not parts.is_closed(routing, experts) or not _are_many(flow, experts, count):
        return
    if any(node.name in _ATTENDS for node in experts):  # these project queries; what meets them is to be seen
        return
    if any(flow.is_claimed(node) for node in (*experts, *routing)):
        return
    weights = (flow.numel(layer.inputs[0]) // wide * active, (active,))
    written = (t for node in reversed(routing) for t in node.outputs)
    handed_on = next((t for t in written if (flow.numel(t), flow.shape(t)[-1:]) == weights), chosen[-1].outputs[0])
    yield Found(routing, layer, kinds.LINEAR, "router", Router(count, active), handed_on)
    yield Found(experts, experts[-1], kinds.LINEAR, "experts", _facts(flow, experts, count, wide))


class _Parts:
    """What a router's scores lead to.

    Attributes:
        routing: what is computed from the scores alone.
        steps: each operator that reads this and something else, behind those that only prepare the tokens for it.
    """

    def __init__(self, flow: Flow, layer: Node, choice: int, count: int) -> None:
        self.flow = flow
        self.given = flow.origin(layer.inputs[0])
        self.size = flow.numel(layer.inputs[0]), flow.shape(layer.inputs[0])[-1:]
        self.routing: list[Node] = [layer]
        self.steps: list[list[Node]] = []
        self._choice = choice  # id of the last choice: before it, a parameter belongs to the router
        self._routed: set[int] = set(layer.outputs)
        self._worked: set[int] = set()
        waiting, seen = [layer.id], {layer.id}
        while waiting and len(seen) < _WINDOW + _EACH * count:
            node = flow.node(heappop(waiting))
            if node.id == layer.id or self._takes(node):
                for number in self._readers([node]) - seen:
                    seen.add(number)
                    heappush(waiting, number)

    def _takes(self, node: Node) -> bool:
        """Whether an operator behind the layer belongs to the mixture."""
        data = [t for t in node.inputs if not self.flow.is_constant(t)]
        if self._routed.issuperset(data) and (not node.params or node.id <= self._choice):
            self.routing.append(node)
            self._routed.update(node.outputs)
            return True
        brought = self._brought([t for t in data if t not in self._routed])
        if brought is not None:
            self.steps.append([*brought, node])
            self._worked.update(t for one in (*brought, node) for t in one.outputs)
        return brought is not None

    def _brought(self, tensors: Iterable[int]) -> list[Node] | None:
        """The operators that compute these from the tokens; None where they are computed from anything else."""
        found: dict[int, Node] = {}
        waiting = list(tensors)
        while waiting:
            tensor = waiting.pop()
            if tensor in self._worked or self.flow.origin(tensor) == self.given:
                continue
            made = self.flow.maker(tensor)
            if made is None or tensor in self._routed or len(found) > _WINDOW or self.flow.is_claimed(made):
                return None
            if made.id not in found:
                found[made.id] = made
                waiting += [t for t in made.inputs if not self.flow.is_constant(t)]
        return [found[number] for number in sorted(found)]

    def experts(self) -> tuple[Node, ...]:
        """What works on the tokens, up to the first operator in which everything has come together again; () for nothing."""
        within = {node.id for node in self.routing} | {step[-1].id for step in self.steps}
        looked_at = sorted((node.id, max(self._readers([node]) & within, default=0)) for node in self.routing)
        taken: list[Node] = []
        far, works = 0, False
        for step in self.steps:
            end = step[-1]
            while looked_at and looked_at[0][0] < end.id:
                far = max(far, looked_at.pop(0)[1])
            far = max([far, *self._readers(step[:-1])])
            taken += step
            works = works or any(node.cost.macs or node.cost.unknown for node in step)
            shape = self.flow.shape(end.outputs[0]) if end.outputs else ()
            if works and far <= end.id > self._choice and (prod(shape), shape[-1:]) == self.size:
                return tuple(sorted(taken, key=lambda node: node.id))
            far = max([far, *self._readers([end])])
        return ()

    def is_closed(self, routing: Sequence[Node], experts: Sequence[Node]) -> bool:
        """Whether nothing but the end's result leaves the experts, and nobody reads the scores while they are still made."""
        inside = {node.id for node in experts}
        others = self._readers(routing) - inside - {node.id for node in routing}
        return self._readers(experts[:-1]) <= inside and all(number > routing[-1].id for number in others)

    def _readers(self, nodes: Iterable[Node]) -> set[int]:
        """Ids of the operators that read values of what these make."""
        return {reader.id for node in nodes for reader in self.flow.read_by(node)}


def _facts(flow: Flow, nodes: Sequence[Node], count: int, wide: int) -> Experts:
    """What each expert is, where the products tell: two layers, or three of which one is a gate."""
    layers = [at for at, node in enumerate(nodes) if node.cost.macs + node.cost.unknown and _weights(flow, node)]
    if len(layers) < 2:
        return Experts(count, 0, "", False)
    each = len(layers) // count if len(layers) >= 2 * count else len(layers)  # one expert after the other, or all at once
    first, last = layers[-each], layers[-1]
    read = next((t for t in nodes[last].inputs if not flow.is_constant(t)), nodes[last].inputs[0])
    sizes = {prod(shape) // wide for shape in _weights(flow, nodes[last]) if len(shape) > 1}
    width = next((size for size in reversed(flow.shape(read)) if size in sizes | {size // count for size in sizes}), 0)
    inner = nodes[first + 1 : last]
    word = activation(inner)
    gated = any(
        node.name == "mul"
        and len(node.inputs) == 2
        and {flow.numel(t) for t in node.inputs} == {flow.numel(read)}
        and not any(kinds.word(m) == "sigmoid" for t in node.inputs if (m := flow.maker(t)) is not None)
        for node in inner
    )
    return Experts(count, width if word else 0, word, gated)


def _are_many(flow: Flow, nodes: Sequence[Node], count: int) -> bool:
    """Whether there are weights for each of the experts: in a stack of matrices, or in as many products."""
    weights = [_weights(flow, node) for node in nodes if node.cost.macs or node.cost.unknown]
    stacked = any(len(shape) > 2 and count in shape for shapes in weights for shape in shapes)
    return stacked or sum(bool(shapes) for shapes in weights) >= count


def _weights(flow: Flow, node: Node) -> list[tuple[int, ...]]:
    """The shapes of the parameters that a product reads, views of them too."""
    found = [flow.graph.param[name].shape for name in node.params]
    for t in node.inputs:
        made = flow.made_by(t) if flow.is_constant(t) else None
        while made is not None:
            found += [flow.graph.param[name].shape for name in made.params]
            made = flow.made_by(made.inputs[0]) if made.inputs else None
    return found
