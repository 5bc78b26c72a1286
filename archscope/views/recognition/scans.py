"""Recurrences over tokens without a matrix of weights inside: state-space scans (Gu and Dao, "Mamba", arXiv 2312.00752), linear
attention with a decay, the delta rule, gated recurrences.

Spelled token by token, as a loop that reads tensors place by place and hands a state from each place to the next; or in chunks of
tokens, with a decay between any two of them: the exponential of a cumulative sum. Either way it is what lies between the layers
around it.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from heapq import heappop, heappush

from archscope.graph import Node, kinds
from archscope.views.recognition.dataflow import Flow, is_move
from archscope.views.recognition.found import Found, Scan

NEEDS = frozenset({"cumsum", "select", "unbind"})
STATE_SPACE = "state-space scan"
_STEPS = 8  # places of a loop
_NEAR = 8  # operators from a cumulative sum to its exponential
_TRIALS = 4  # beginnings that are tried in one module
_WRITES = frozenset({"copy", "index_put", "slice_scatter", "select_scatter"})  # into a buffer, which is no state
_LAYERS = frozenset({kinds.LINEAR, kinds.CONVOLUTION, kinds.EMBEDDING, kinds.RECURRENT, kinds.ATTENTION, kinds.NORMALISATION})


@dataclass(frozen=True)
class _Seed:
    """Where a recurrence shows.

    Attributes:
        nodes: the operators that read a tensor place by place, in execution order; or one cumulative sum.
    """

    nodes: tuple[Node, ...]

    @property
    def is_loop(self) -> bool:
        return self.nodes[0].name != "cumsum"


def find(flow: Flow) -> Iterator[Found]:
    """The scans, in the order in which they begin."""
    taken: set[int] = set()
    tried: dict[int, int] = {}
    for seed in _seeds(flow):
        call = seed.nodes[0].call
        if seed.nodes[0].id in taken or tried.get(call, 0) >= _TRIALS:
            continue
        tried[call] = tried.get(call, 0) + 1
        found = _scan(flow, seed)
        if found is not None:
            tried[call] = 0
            taken |= {node.id for node in found.nodes}
            yield found


def _seeds(flow: Flow) -> list[_Seed]:
    loops: dict[tuple[int, int, object], list[Node]] = {}
    found: list[_Seed] = []
    for node in flow.nodes:
        if node.id not in flow.live:
            continue
        if node.name == "select" and isinstance(node.attrs.get("index"), int):
            loops.setdefault((node.call, _whole(flow, node.inputs[0]), node.attrs.get("dim")), []).append(node)
        elif (node.name == "unbind" and len(node.outputs) >= _STEPS) or (node.name == "cumsum" and _decays(flow, node)):
            found.append(_Seed((node,)))
    for (_, tensor, _), nodes in loops.items():
        if len({str(node.attrs.get("index")) for node in nodes}) >= _STEPS and not flow.is_constant(tensor):
            found.append(_Seed(tuple(nodes)))
    return sorted(found, key=lambda seed: seed.nodes[0].id)


def _whole(flow: Flow, tensor: int) -> int:
    """A tensor before slices that leave all of it: `x[:, at]` is such a one, and then a place."""
    made = flow.maker(tensor)
    while made is not None and made.name == "slice" and flow.shape(made.inputs[0]) == flow.shape(tensor):
        tensor = made.inputs[0]
        made = flow.maker(tensor)
    return tensor


def _decays(flow: Flow, total: Node) -> bool:
    """Whether an exponential is taken of a cumulative sum, or of differences of it."""
    waiting, seen = [(total.outputs[0], _NEAR)], set()
    while waiting:
        tensor, left = waiting.pop()
        for node in flow.reading(tensor):
            if node.name == "exp":
                return True
            steps = node.name in ("add", "sub", "mul", "masked_fill", "where", "neg", "maximum", "cumsum", "constant_pad_nd")
            if left and node.id not in seen and (is_move(flow, node) or steps):
                seen.add(node.id)
                waiting += [(t, left - (not is_move(flow, node))) for t in node.outputs]
    return False


def _scan(flow: Flow, seed: _Seed) -> Found | None:
    call = seed.nodes[0].call
    held = range(call, flow.graph.end(call))
    core = _led_to(flow, seed, held)
    hull = flow.between(core)
    if hull is None or not all(_may_lie_inside(flow, node, held) for node in hull):
        return None
    inside = _with_preparations(flow, {node.id for node in hull}, held)
    nodes = tuple(flow.node(number) for number in sorted(inside))
    facts = _by_steps(flow, seed, inside) if seed.is_loop else _by_chunks(flow, seed.nodes[0], nodes)
    output = _output(flow, nodes, inside)
    if facts is None or output < 0:
        return None
    main = next(node for node in reversed(nodes) if not is_move(flow, node))
    return Found(nodes, main, kinds.RECURRENT, facts.word, facts, output)


def _may_lie_inside(flow: Flow, node: Node, held: range) -> bool:
    """Whether an operator is in the module and no layer: what has a matrix of weights, and norms, stand around a scan."""
    product = kinds.kind(node) == kinds.PRODUCT
    weights = product and (bool(node.params) or any(flow.is_constant(t) and flow.made_by(t) is None for t in node.inputs))
    return node.call in held and kinds.kind(node) not in _LAYERS and not weights and not flow.is_claimed(node)


def _led_to(flow: Flow, seed: _Seed, held: range) -> set[int]:
    """All that is computed from where the recurrence shows, up to layers, and to the gate that is put on the result."""
    last = max(_steps(flow, seed))[0] if seed.is_loop else seed.nodes[-1].id
    reached = {node.id for node in seed.nodes}
    waiting = list(seed.nodes)
    while waiting:
        for node in flow.read_by(waiting.pop()):
            if node.id in reached or not _may_lie_inside(flow, node, held) or (node.id > last and _is_gate(flow, node, reached)):
                continue
            reached.add(node.id)
            waiting.append(node)
    for number in sorted(reached, reverse=True):
        if not is_move(flow, flow.node(number)) or next(flow.read_by(flow.node(number)), None) is not None:
            break
        reached.remove(number)  # a copy of the last state, for whoever goes on from there
    return reached


def _is_gate(flow: Flow, node: Node, reached: Collection[int]) -> bool:
    """Whether it multiplies by an activation function of something that serves nothing else."""
    if node.name != "mul":
        return False
    for t in node.inputs:
        made = flow.maker(flow.origin(t))
        if made is not None and made.id not in reached and kinds.kind(made) == kinds.ACTIVATION:
            return [reader.id for reader in flow.readers(made.outputs[0])] == [node.id]
    return False


def _with_preparations(flow: Flow, inside: set[int], held: range) -> set[int]:
    """Also what only prepares what is scanned, back to the layers and their activation functions."""
    waiting: list[int] = []
    for number in inside:
        _queue(flow, flow.node(number), waiting)
    while waiting:
        node = flow.node(-heappop(waiting))
        if node.id in inside or not _may_lie_inside(flow, node, held) or _ends_a_layer(flow, node):
            continue
        if flow.is_only_for(node, inside):
            inside.add(node.id)
            _queue(flow, node, waiting)
    return inside


def _queue(flow: Flow, node: Node, waiting: list[int]) -> None:
    for t in node.inputs:
        if (made := flow.maker(t)) is not None:
            heappush(waiting, -made.id)


def _ends_a_layer(flow: Flow, node: Node) -> bool:
    """Whether it is the bias, activation function or scale of a layer whose result nobody else reads."""
    while kinds.kind(node) in (kinds.ACTIVATION, kinds.POINTWISE):
        data = [t for t in node.inputs if not flow.is_constant(t)]
        source = flow.origin(data[0])
        made = flow.maker(source)
        if len(data) > 1 or made is None or [r.id for r in flow.readers(source)] != [node.id]:
            return False
        if kinds.kind(made) in _LAYERS:
            return True
        node = made
    return False


def _output(flow: Flow, nodes: Sequence[Node], inside: Collection[int]) -> int:
    """The largest tensor that is read outside; of a buffer that is written place by place, all of it. -1 for none."""
    leaving = [-1]
    for node in nodes:
        for t in node.outputs:
            for reader in flow.reading(t):
                if reader.id not in inside:
                    storage = flow.graph.tensors[t].storage
                    leaving += [other for other in reader.inputs if flow.graph.tensors[other].storage == storage]
    return max(leaving, key=lambda t: flow.numel(t) if t >= 0 else 0)


def _by_steps(flow: Flow, seed: _Seed, inside: Collection[int]) -> Scan | None:
    """A loop: the largest tensor that one step makes of its place and hands to the next is the state; None where no step does."""
    steps = _steps(flow, seed)
    if len(steps) < _STEPS:
        return None
    at = len(steps) // 2
    (begin, place), (then, _), (end, _) = steps[at : at + 3]
    reached: set[int] = set(_views(flow, place))
    carried: list[int] = []
    for node in flow.between_ids(begin, then):
        if node.id not in inside or reached.isdisjoint(node.inputs) or node.name in _WRITES:
            continue
        reached.update(node.outputs)
        if any(then <= reader.id < end and reader.id in inside for reader in flow.read_by(node)):
            carried += node.outputs
    if not carried:
        return None
    *heads, width, states = (0, 0, *flow.shape(max(carried, key=flow.numel))[1:])[-3:]
    word = _word(flow, inside)
    if not width:
        return Scan(word, 0, states, 0)
    return Scan(word, heads[0], *((width, states) if word == STATE_SPACE else (states, width)))


def _steps(flow: Flow, seed: _Seed) -> list[tuple[int, int]]:
    """The steps: the id of the first operator that reads a place, and the place."""
    read = ((flow.readers(t), t) for node in seed.nodes for t in node.outputs)
    return sorted((readers[0].id, t) for readers, t in read if readers)


def _by_chunks(flow: Flow, total: Node, nodes: Sequence[Node]) -> Scan | None:
    """Chunks: heads from the decays, the width of keys from the first product that compares places with each other."""
    sums = flow.shape(total.inputs[0])
    dim = total.attrs.get("dim")
    if not isinstance(dim, int):
        return None
    places = sums[dim]
    inside = {node.id for node in nodes}
    products = [node for node in nodes if kinds.kind(node) == kinds.PRODUCT and len(node.inputs) == 2]
    compared = (node for node in products if flow.shape(node.outputs[0])[-2:] == (places, places))
    first = next(compared, None)
    if first is None:
        return None
    origin = flow.origin(_output(flow, nodes, inside))
    made = {size for t in _views(flow, origin) for size in flow.shape(t)}
    rest = [size for n, size in enumerate(sums) if n and n != dim % len(sums)]
    heads = next((size for size in rest if size > 1 and size in made), 0)
    return Scan(_word(flow, inside), heads, flow.shape(origin)[-1], flow.shape(first.inputs[0])[-1])


def _views(flow: Flow, tensor: int) -> list[int]:
    """A tensor and all views of it."""
    found = [tensor]
    for t in found:
        found += [other for reader in flow.reading(t) if is_move(flow, reader) for other in reader.outputs]
    return found


def _word(flow: Flow, inside: Collection[int]) -> str:
    """What a field calls it: the delta rule takes a product off the values; a state space has a step size that is a softplus."""
    nodes = [flow.node(number) for number in sorted(inside)]
    corrects = any(
        node.name == "sub" and len(node.inputs) == 2 and any(_is_product(flow, t) for t in node.inputs) for node in nodes
    )
    read = (made for node in nodes for t in node.inputs if (made := flow.maker(flow.origin(t))) is not None)
    if corrects:
        return "delta-rule scan"
    if any(kinds.word(node) == "softplus" for node in (*nodes, *read)):
        return STATE_SPACE
    return "linear-attention scan" if any(kinds.kind(node) == kinds.PRODUCT for node in nodes) else "recurrence over tokens"


def _is_product(flow: Flow, tensor: int) -> bool:
    made = flow.maker(flow.origin(tensor))
    return made is not None and kinds.kind(made) == kinds.PRODUCT
