"""The layers of a network in execution order: each convolution with the normalisation and activation function behind it as one
line.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from archscope.graph import Cost, Graph, Node, kinds, naming, total


class Layer(NamedTuple):
    """One line: an operator, or a chain of operators that belong together.

    Attributes:
        path: of the outermost module that ran nothing else; else of the module that ran its main operator.
        words: what it does, in order: ("conv", "bn", "relu").
        main: the operator that the rest of the chain belongs to.
        window: kernel, stride and padding of its convolution or pooling as the papers write them: "3x3/2 V"; without the groups
            where its convolutions differ in them.
        nodes: the chain.
        output: id of the tensor that it leaves.
        whole: the Graph that it is a layer of.
    """

    path: str
    words: tuple[str, ...]
    main: Node
    window: str
    nodes: tuple[Node, ...]
    output: int
    whole: Graph

    @property
    def graph(self) -> Graph:
        """The chain as a Graph, for the metrics."""
        return self.whole.select(self.nodes)

    @property
    def cost(self) -> Cost:
        """The arithmetic of the chain."""
        return self.nodes[0].cost if len(self.nodes) == 1 else total([node.cost for node in self.nodes])

    @property
    def params(self) -> int:
        """Learnable numbers that it reads, each tensor once."""
        read = dict.fromkeys([name for node in self.nodes for name in node.params])
        return sum([param.numel for param in map(self.whole.param.__getitem__, read) if not param.buffer])

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the tensor that it leaves."""
        return self.whole.tensors[self.output].shape


def layers(graph: Graph, fuse: bool = True) -> list[Layer]:
    """The network as a list of layers.

    Arguments:
        fuse: False gives every operator a line of its own, reshapes among them.

    With `fuse`, what a small module computes is one line, and a normalisation, activation function, scaling or dropout joins
    the layer whose only reader it is. Reshapes are left out.
    """
    kind = {node.id: kinds.kind(node) for node in graph.nodes}
    atoms = _Atoms.of(graph, kind)
    if not fuse:
        return [_layer(graph, [node], atoms) for node in graph.nodes if node.outputs]
    maker: dict[int, list[Node]] = {}  # tensor -> the chain that made it
    chains: list[list[Node]] = []
    for unit in _units(graph, atoms.around):
        moves = all([kind[node.id] == kinds.RESHAPE and not node.params for node in unit])
        chain = _continued(graph, unit, moves, maker, kind)
        if chain is None:
            chain = []
            chains.append(chain)
        if not moves:
            chain.extend(unit)
        for node in unit:
            for tensor in node.outputs:
                maker[tensor] = chain
    return [_layer(graph, chain, atoms) for chain in chains if any([node.outputs for node in chain])]


# Modules that are one layer to a reader, whatever runs inside.
_ATOMS = {"MultiheadAttention", "LSTM", "GRU", "RNN", "LSTMCell", "GRUCell", "RNNCell"}
_FOLLOWS = {kinds.NORMALISATION, kinds.ACTIVATION}
_PRODUCTS = kinds.WEIGHTED - {kinds.CONVOLUTION}
_RANK = {kinds.POOLING: 1} | dict.fromkeys(kinds.WEIGHTED, 2)


@dataclass(frozen=True)
class _Atoms:
    """The calls that are one layer to a reader: known ones, and modules without modules inside and with no more than one product.

    Attributes:
        around: by call, the one that it is or is inside of.
        named: those whose name says more than their operators do, of which there are several.
        kind: of each node, by its id.
        windows: in words, by id of the attributes: equal nodes share these.
    """

    around: Sequence[int | None]
    named: Collection[int]
    kind: Mapping[int, str]
    windows: dict[int, str] = field(default_factory=dict)

    @staticmethod
    def of(graph: Graph, kind: Mapping[int, str]) -> "_Atoms":
        products = Counter([node.call for node in graph.nodes if kind[node.id] in _PRODUCTS])
        working = Counter([node.call for node in graph.nodes if kind[node.id] != kinds.RESHAPE])
        parents = {call.parent for call in graph.calls}
        around: list[int | None] = []
        for call in graph.calls:
            above = around[call.parent] if call.parent is not None else None
            is_small = call.parent is not None and call.id not in parents and products[call.id] <= 1
            around.append(call.id if call.type in _ATOMS or (above is None and is_small) else above)
        known = {call.id for call in graph.calls if call.type in _ATOMS}
        return _Atoms(around, known | {call for call, count in working.items() if count > 1}, kind)


def _units(graph: Graph, around: Sequence[int | None]) -> Iterable[list[Node]]:
    """Neighbouring nodes that one small module ran together; every other node by itself."""
    unit: list[Node] = []
    current: int | None = None
    for node in graph.nodes:
        atom = around[node.call]
        if unit and (atom is None or atom != current):
            yield unit
            unit = []
        unit.append(node)
        current = atom
    if unit:
        yield unit


def _continued(
    graph: Graph, unit: list[Node], moves: bool, maker: dict[int, list[Node]], kind: Mapping[int, str]
) -> list[Node] | None:
    """The chain that `unit` continues, if it does not begin one; `moves`: it only reshapes."""
    if not (moves or _follows(unit, kind)):
        return None
    made = {t for node in unit for t in node.outputs}
    read = {t for node in unit for t in node.inputs} - made
    if len(read) != 1:
        return None
    (tensor,) = read
    alone = graph.reads[tensor] == sum([tensor in node.inputs for node in unit])
    return maker.get(tensor) if moves or alone else None


def _follows(unit: list[Node], kind: Mapping[int, str]) -> bool:
    """Whether it only changes what another layer made: normalisation, activation function, scaling, or a module of pointwise
    operators.
    """
    return all([
        (of := kind[node.id]) in _FOLLOWS
        or of == kinds.RESHAPE
        or not node.inputs  # counts the batches, in train mode
        or (not node.params and len(node.inputs) == 1 and of == kinds.POINTWISE)
        for node in unit
    ])  # fmt: skip


def _layer(graph: Graph, chain: list[Node], atoms: _Atoms) -> Layer:
    kind = atoms.kind
    main = chain[0]
    if len(chain) > 1:
        main = max(chain, key=lambda node: (_RANK.get(kind[node.id], 0), node.cost.macs, -node.id))
    last = next(node for node in reversed(chain) if node.outputs)
    words, window = _words(graph, chain, atoms), _window(main, chain, atoms)
    return Layer(_path(graph, chain, kind), words, main, window, tuple(chain), last.outputs[0], graph)


def _window(main: Node, chain: list[Node], atoms: _Atoms) -> str:
    kind, attrs = atoms.kind[main.id], main.attrs
    if not all([node.attrs is attrs or node.attrs == attrs for node in chain if atoms.kind[node.id] == kind]):
        return kinds.window({**attrs, "groups": 1})
    found = atoms.windows.get(id(attrs))
    if found is None:
        found = atoms.windows[id(attrs)] = kinds.window(attrs)
    return found


def _path(graph: Graph, chain: list[Node], kind: Mapping[int, str]) -> str:
    first = next((node for node in chain if kind[node.id] != kinds.RESHAPE), chain[0])
    inside = {node.id for node in chain}
    best = graph.calls[first.call]
    at = best
    while at.parent is not None and (runs := graph.count(at.id)) <= len(chain):
        if runs > 1 and not all([node.id in inside for node in graph.inside(at.id)]):
            break
        best, at = at, graph.calls[at.parent]
    return best.path


def _words(graph: Graph, chain: list[Node], atoms: _Atoms) -> tuple[str, ...]:
    words: list[str] = []
    seen: set[int] = set()
    for node in chain:
        atom = atoms.around[node.call]
        if atom is None or atom not in atoms.named:
            if atoms.kind[node.id] != kinds.RESHAPE or len(chain) == 1:
                words.append(_word(graph, node, atoms.kind[node.id]))
        elif atom not in seen:
            seen.add(atom)
            words.append(graph.calls[atom].type)
    return tuple(words)


def _word(graph: Graph, node: Node, kind: str) -> str:
    if kind == kinds.CONVOLUTION and kinds.is_depthwise(graph, node):
        return "depthwise conv"
    factor = node.attrs.get("other") if kind == kinds.POINTWISE else None
    if isinstance(factor, (int, float)) and node.name in ("mul", "div"):
        return f"scale {factor:.4g}" if node.name == "mul" else f"scale 1/{factor:.4g}"
    return naming.word(graph, node)
