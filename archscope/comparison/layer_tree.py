"""A network as a tree whose leaves are layers: what two networks are aligned by.

Modules that hold one layer are that layer, whoever wrote them: `Sequential(conv, bn, relu)`, three attributes of a block and a
module of its own class are the same "conv + bn + relu". Resolutions play no part, so a network is equal to itself at another
input size.
"""

from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass, field

from archscope.graph import Graph, Node, kinds, naming
from archscope.views.layers import Layer, layers
from archscope.views.stages import CONTAINERS, places

Traits = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Item:
    """A layer, or a module with several.

    Attributes:
        path, type: of the module; a layer's type is what it does: "conv + bn + relu".
        nodes: what ran in it.
        traits: of a layer, by name: kernel, stride, width, norm ...; () for a module.
        children: of a module, in execution order; () for a layer.
        key: equal for two items that do the same: the same layers in the same wiring, from the same widths.
        wires: equal for two items in which layers of the same kinds read one another in the same way.
        alike: the layers in it by operator, kernel and stride: what similarity is judged by.
    """

    path: str
    type: str
    nodes: tuple[Node, ...] = field(repr=False)
    traits: Traits
    children: tuple["Item", ...] = field(repr=False)
    key: Hashable = field(repr=False)
    wires: Hashable = field(repr=False)
    alike: tuple[Hashable, ...] = field(repr=False)

    @property
    def name(self) -> str:
        """The last step of the path; "" where that is only a number."""
        last = self.path.rpartition(".")[2]
        return "" if last.isdigit() else last

    @property
    def is_layer(self) -> bool:
        """Whether it is a leaf."""
        return not self.children

    @property
    def leaves(self) -> tuple["Item", ...]:
        """The layers in it."""
        return tuple(leaf for child in self.children for leaf in child.leaves) if self.children else (self,)


def tree(graph: Graph) -> Item:
    """The network as an item."""
    wiring = _Wiring(graph)
    return _module(graph, 0, list(wiring.lines), wiring, in_block=False)


_COMMUTATIVE = frozenset({"add", "multiply"})


class _Wiring:
    """The layers of a graph, and which of them each reads."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.lines = [line for line in layers(graph) if any(node.inputs for node in line.nodes)]
        owner = {node.id: at for at, line in enumerate(self.lines) for node in line.nodes}
        maker: dict[int, int] = dict.fromkeys(graph.inputs, -1)
        for node in graph.nodes:
            # A reshape is in no layer: what it hands on is what the layer before it made.
            source = owner.get(node.id, next((maker[t] for t in node.inputs if t in maker), None))
            if source is not None:
                maker.update(dict.fromkeys(node.outputs, source))
        self.number = {id(line): at for at, line in enumerate(self.lines)}
        self.traits = [traits(graph, line) for line in self.lines]
        self.read = [_reads(line, at, maker) for at, line in enumerate(self.lines)]
        for at, line in enumerate(self.lines):
            if naming.word(graph, line.main) in _COMMUTATIVE:
                self.read[at].sort(key=lambda pair: pair[1])
        self.sources = [tuple(source for _, source in read) for read in self.read]
        self.widths = [tuple(places(graph, graph.tensors[t].shape)[1] for t, _ in read) for read in self.read]

    def key(self, lines: Sequence[Layer]) -> Hashable:
        """What these layers do together, without names and resolutions, in whatever order the branches run."""
        return self._digest(lines, lambda at: (self.traits[at], self.widths[at]))

    def wires(self, lines: Sequence[Layer]) -> Hashable:
        """Which kind of layer reads which."""
        return self._digest(lines, lambda at: _alike(self.traits[at]))

    def _digest(self, lines: Sequence[Layer], label: Callable[[int], Hashable]) -> Hashable:
        """A layer is told by its label and by the layers that it reads, in order (Merkle 1987); what is outside by the order of
        reading.
        """
        told: dict[int, int] = {}
        found = []
        for line in lines:
            at = self.number[id(line)]
            for source in self.sources[at]:
                told.setdefault(source, -1 - len(told))
            told[at] = hash((label(at), tuple(told[source] for source in self.sources[at])))
            found.append(told[at])
        return tuple(sorted(found))


def _reads(line: Layer, at: int, maker: dict[int, int]) -> list[tuple[int, int]]:
    """The tensors that a layer reads, each with the layer that made it."""
    inputs = dict.fromkeys(t for node in line.nodes for t in node.inputs)
    return [(t, maker[t]) for t in inputs if t in maker and maker[t] != at]


def traits(graph: Graph, line: Layer) -> Traits:
    """What a layer is, in words: (("layer", "conv"), ("kernel", "3x3"), ("width", "384"), ("norm", "bn, eps 0.001"), ("then",
    "relu")).
    """
    main = line.main
    word = naming.word(graph, main)
    attrs = main.attrs
    found = {"layer": "depthwise conv" if kinds.is_depthwise(graph, main) else word}
    for name in ("kernel", "stride", "padding", "dilation"):
        value = attrs.get(name)
        if isinstance(value, list) and (name != "dilation" or any(v != 1 for v in value)):
            found[name] = "x".join(map(str, value)) if len(set(value)) > 1 or name == "kernel" else str(value[0])
    for name in ("groups", "dim", "pad", "ceil_mode", "exponent"):
        if name in attrs and attrs[name] not in (1, False) and found["layer"] != "depthwise conv":
            found[name] = str(attrs[name])
    if kinds.kind(main) in kinds.WEIGHTED:
        found["width"] = str(places(graph, line.shape)[1])
        found["bias"] = "yes" if sum(not graph.param[name].buffer for name in main.params) > 1 else "no"
    norms = [node for node in line.nodes if kinds.kind(node) == kinds.NORMALISATION]
    if norms:
        found["norm"] = " and ".join(_norm(graph, node) for node in norms)
    rest = [w for w in line.words if w != found["layer"] and w not in {naming.word(graph, node) for node in norms}]
    if rest:
        found["then"] = ", ".join(rest)
    return tuple(found.items())


def _alike(found: Traits) -> Traits:
    return tuple(pair for pair in found if pair[0] in ("layer", "kernel", "stride"))


def _norm(graph: Graph, node: Node) -> str:
    eps = node.attrs.get("eps")
    return f"{naming.word(graph, node)}, eps {eps:g}" if isinstance(eps, float) else naming.word(graph, node)


def _module(graph: Graph, call: int, lines: list[Layer], wiring: _Wiring, in_block: bool) -> Item:
    """The item of a module that holds these layers."""
    children: list[Item] = []
    is_block = call != 0 and graph.calls[call].type not in CONTAINERS
    for child, group in _parts(graph, call, lines):
        if child is None or len(group) == 1:
            children += [_leaf(line, wiring) for line in group]
        else:
            inner = _module(graph, child, group, wiring, in_block or is_block)
            # The branches of a block are its layers, in whatever containers they stand.
            loose = (in_block or is_block) and inner.type in CONTAINERS
            children += inner.children if loose else [inner]
    if len(children) == 1 and children[0].children:
        return children[0]
    nodes = tuple(node for line in lines for node in line.nodes)
    here = graph.calls[call]
    return Item(
        here.path,
        here.type,
        nodes,
        (),
        tuple(children),
        wiring.key(lines),
        wiring.wires(lines),
        tuple(a for c in children for a in c.alike),
    )


def _parts(graph: Graph, call: int, lines: Iterable[Layer]) -> list[tuple[int | None, list[Layer]]]:
    """The layers of a module by the child that holds the whole of each; None for those that no child does."""
    holder = {inner: child for child in graph.children[call] for inner in range(child, graph.end(child))}
    parts: list[tuple[int | None, list[Layer]]] = []
    for line in lines:
        within = {holder.get(node.call) for node in line.nodes}
        child = next(iter(within)) if len(within) == 1 else None
        if parts and child is not None and parts[-1][0] == child:
            parts[-1][1].append(line)
        else:
            parts.append((child, [line]))
    return parts


def _leaf(line: Layer, wiring: _Wiring) -> Item:
    at = wiring.number[id(line)]
    found = wiring.traits[at]
    kind = " + ".join(line.words)
    return Item(line.path, kind, tuple(line.nodes), found, (), wiring.key([line]), (), (_alike(found),))
