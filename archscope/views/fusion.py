"""What a picture draws as one: a convolution with its normalisation and activation function, a sum with its residual scale.

Every operator of the graph belongs to exactly one piece, so what is drawn adds up to the network. A piece is made by
contracting edges whose source has no other reader (or whose target only views memory), which keeps the graph of pieces acyclic.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import prod
from typing import Any

import msgspec

from archscope.graph import Graph, Node, kinds, naming
from archscope.views.composites import Composite, composites
from archscope.views.fusion_units import Atom, atoms, live_nodes, only_looked_at
from archscope.views.recognition import Attention, Facts

NORMS_OF_VECTORS = frozenset({"ln", "layernorm", "rms norm", "rmsnorm"})
ENTRY = -1  # stands for the network's input where a piece's id is expected


@dataclass(frozen=True)
class Piece:
    """One box at the finest level that a picture of blocks has.

    Attributes:
        id: its number in topological order; `ENTRY` for the network's input.
        nodes: the operators, in execution order.
        main: the one that names it.
        kind, word: what it is, as in `graph.kinds`; a small module's class name where its operators have no common word.
        call: the innermost call that holds it and at least one other piece.
        inputs: ids of the pieces that it reads, `ENTRY` among them, in the order in which it reads them. Constants that several
            pieces share are no edges between them.
        output: the tensor that leaves it.
        activation: the function at its end, "relu"; "" if none.
        norm: "bn" or "in" where normalisation is folded in.
        scale: factor of the last summand, where this is a scaled residual sum.
        facts: what there is to say, where it was recognised.
    """

    id: int
    nodes: tuple[Node, ...]
    main: Node
    kind: str
    word: str
    call: int
    inputs: tuple[int, ...]
    output: int
    activation: str = ""
    norm: str = ""
    scale: float | None = None
    facts: Facts | None = None

    @property
    def attention(self) -> Attention | None:
        """What there is to say about attention."""
        return self.facts if isinstance(self.facts, Attention) else None


@dataclass(frozen=True)
class Pieces:
    """A graph cut into pieces.

    Attributes:
        graph: what was cut.
        items: the pieces in topological order; the pieces of one call stand together.
        entry: operators that only view the network's inputs.
        live: ids of the operators whose result depends on the network's inputs.
    """

    graph: Graph
    items: tuple[Piece, ...]
    entry: tuple[Node, ...]
    live: frozenset[int] = frozenset()

    @cached_property
    def readers(self) -> dict[int, tuple[int, ...]]:
        """Ids of the pieces that read each piece, `ENTRY` among the keys."""
        found: dict[int, list[int]] = {}
        for piece in self.items:
            for source in piece.inputs:
                found.setdefault(source, []).append(piece.id)
        return {source: tuple(ids) for source, ids in found.items()}

    @cached_property
    def composites(self) -> dict[tuple[int, int], Composite]:
        """What several neighbouring pieces are together, by the first and one past the last."""
        return {(found.start, found.stop): found for found in composites(self)}

    @cached_property
    def has_tokens(self) -> bool:
        """Whether vectors in a row are tokens to a reader: something looks them up, attends to them, or norms each."""
        kinds_of_tokens = (kinds.ATTENTION, kinds.EMBEDDING, kinds.RECURRENT)
        return any(piece.kind in kinds_of_tokens or piece.word.lower() in NORMS_OF_VECTORS for piece in self.items)

    @cached_property
    def ends(self) -> frozenset[int]:
        """The pieces whose result the network returns and no other piece reads."""
        final = set(self.graph.outputs)
        made = (piece for piece in self.items if not self.readers.get(piece.id))
        return frozenset(piece.id for piece in made if any(t in final for node in piece.nodes for t in node.outputs))

    @cached_property
    def attends(self) -> bool:
        """Whether vectors look at each other in attention."""
        return any(piece.attention is not None or piece.kind == kinds.ATTENTION for piece in self.items)

    @cached_property
    def opened(self) -> dict[tuple[int, int, int | None], Sequence[Any]]:
        """The groups inside groups that were asked for before."""
        return {}

    @cached_property
    def known(self) -> dict[tuple[int, int, int | None], tuple[object, ...]]:
        """The signatures of groups that were asked for before."""
        return {}

    @cached_property
    def signatures(self) -> tuple[int, ...]:
        """A number for each piece, equal for pieces that do the same on the same shapes."""
        numbers: dict[object, int] = {}
        return tuple(numbers.setdefault(_signature(self.graph, piece, self.live), len(numbers)) for piece in self.items)


def _signature(graph: Graph, piece: Piece, live: Collection[int]) -> object:
    """What a piece does, up to the reshapes at its end: these serve the reader, unless its own module rolls or flips its result.
    Constants that it makes are left out: the first of many equal layers often makes the mask for all.
    """
    own = range(piece.call, graph.end(piece.call))
    nodes = [node for node in piece.nodes if node.id in live] or piece.nodes
    moved = (node.name in ("roll", "flip") and node.call in own for node in nodes)
    last = max((n for n, (node, rolls) in enumerate(zip(nodes, moved, strict=True)) if rolls or not _views(node)), default=0)
    return tuple(
        (
            node.op,
            msgspec.json.encode(node.attrs),
            graph.shapes(node.inputs),
            graph.shapes(node.outputs),
            tuple((graph.param[name].shape, graph.param[name].trainable) for name in node.params),
        )
        for node in nodes[: last + 1]
    )


def _views(node: Node) -> bool:
    return kinds.kind(node) == kinds.RESHAPE


def pieces(graph: Graph) -> Pieces:
    """Cuts a graph into pieces."""
    made = atoms(graph)
    head: dict[int, int] = {}  # atom -> the atom that its piece is named after, or ENTRY
    state: dict[int, _State] = {}
    looked_at = only_looked_at(made)
    for atom in made:
        into = _absorbed(atom, made, head, state, looked_at)
        head[atom.id] = atom.id if into is None else into
        if into is None:
            state[atom.id] = _State(atom)
        elif into != ENTRY:
            state[into].take(atom)
    for atom in reversed(made):  # what belongs to the piece that follows
        scaled, joined = _scaled_sum(atom, made, head), _outer_concat(graph, atom, made, head)
        target = scaled if scaled is not None else joined
        if target is not None:
            if scaled is not None:
                state[target].scale = atom.factor
            for inner in state.pop(atom.id).atoms:
                head[inner.id] = target
                state[target].atoms.append(inner)
    return _assemble(graph, made, head, state)


class _State:
    """A piece in the making."""

    def __init__(self, main: Atom) -> None:
        self.main = main
        self.atoms = [main]
        self.activation = main.ending
        self.norm = ""
        self.scale: float | None = None

    def take(self, atom: Atom) -> None:
        self.atoms.append(atom)
        if atom.kind == kinds.NORMALISATION:
            self.norm = atom.word
        elif atom.kind == kinds.ACTIVATION:
            self.activation = atom.word


_FEEDS = frozenset(
    {kinds.CONVOLUTION, kinds.LINEAR, kinds.NORMALISATION, kinds.POOLING, kinds.JOIN, kinds.POINTWISE, kinds.EMBEDDING}
)
_FOLDED = frozenset({"bn", naming.INSTANCE_NORM})  # norms that a reader takes for part of the convolution before them


def _absorbed(
    atom: Atom, made: list[Atom], head: dict[int, int], state: dict[int, _State], looked_at: Collection[int]
) -> int | None:
    """The atom whose piece this one continues; None where it begins its own."""
    sources = list(dict.fromkeys(ENTRY if p == ENTRY else head[p] for p in atom.inputs))
    if len(sources) != 1:
        return None
    source = sources[0]
    if atom.kind == kinds.RESHAPE or atom.id in looked_at:
        return source
    if source == ENTRY or len(atom.inputs) != 1:
        return None
    before, piece = made[atom.inputs[0]], state[source]
    if isinstance(piece.main.facts, Attention) and not atom.readers and atom.kind in (kinds.REDUCTION, kinds.POINTWISE):
        return source  # attention's weights, averaged for somebody who looks at them
    if before.readers != 1 or before.home != atom.home or atom.word.endswith("softmax"):
        return None
    if atom.kind == kinds.NORMALISATION:
        return (
            source
            if piece.main.kind == kinds.CONVOLUTION and atom.word in _FOLDED and not piece.activation and not piece.norm
            else None
        )
    if atom.kind == kinds.ACTIVATION:
        return source if piece.main.kind in _FEEDS and not piece.activation else None
    if atom.kind == kinds.POINTWISE and not atom.opens and atom.word != "rotary embedding":
        return source
    return None


def _scaled_sum(atom: Atom, made: list[Atom], head: dict[int, int]) -> int | None:
    """The sum that an atom scales one summand of."""
    if not atom.opens or head[atom.id] != atom.id or atom.sole_reader is None:
        return None
    reader = made[atom.sole_reader]
    return reader.id if head[reader.id] == reader.id and reader.word == "add" and reader.home == atom.home else None


def _outer_concat(graph: Graph, atom: Atom, made: list[Atom], head: dict[int, int]) -> int | None:
    """The concatenation that a concatenation goes straight into, in a block that holds both: a reader sees one."""
    if atom.word != "concat" or head[atom.id] != atom.id or atom.sole_reader is None:
        return None
    reader = made[atom.sole_reader]
    same = reader.word == "concat" and reader.main.attrs == atom.main.attrs and head[reader.id] != ENTRY
    return head[reader.id] if same and 0 < reader.home <= atom.home < graph.end(reader.home) else None


def _assemble(graph: Graph, made: list[Atom], head: dict[int, int], state: dict[int, _State]) -> Pieces:
    owner = {node.id: head[atom.id] for atom in made for node in atom.nodes}
    entry = tuple(node for node in graph.nodes if owner[node.id] == ENTRY)
    members: dict[int, list[Node]] = {}
    for node in graph.nodes:
        members.setdefault(owner[node.id], []).append(node)
    live = live_nodes(graph)
    made_by = {t: owner[node.id] for node in graph.nodes if node.id in live for t in node.outputs}
    made_by.update(dict.fromkeys(graph.inputs, ENTRY))

    def read(key: int) -> list[tuple[int, int]]:
        """(operator, piece that it reads), for everything that comes from outside."""
        nodes = (node for node in members[key] if node.id in live)
        return [(node.id, made_by[t]) for node in nodes for t in node.inputs if made_by.get(t, key) != key]

    # A piece may run when the last thing that it reads from outside is there: sorted so, it stands behind all that it reads.
    order = sorted(state, key=lambda key: (max((node for node, _ in read(key)), default=members[key][0].id), key))
    number = {key: at for at, key in enumerate(order)} | {ENTRY: ENTRY}
    items = []
    for key in order:
        part, nodes = state[key], tuple(members[key])
        working = tuple(node for node in nodes if node.id in live) or nodes
        inputs = tuple(dict.fromkeys(number[source] for _, source in read(key)))
        items.append(
            Piece(
                number[key],
                nodes,
                part.main.main,
                part.main.kind,
                part.main.word,
                part.main.home,
                inputs,
                part.main.output if part.main.output >= 0 else _output(graph, _leaving(graph, working)),
                part.activation,
                part.norm,
                part.scale,
                part.main.facts,
            )
        )
    return Pieces(graph, tuple(items), entry, frozenset(live))


def _leaving(graph: Graph, nodes: tuple[Node, ...]) -> tuple[Node, ...]:
    """The operators up to the last that others read: what is only looked at (a mean of attention's weights) is no result."""
    inside = {node.id for node in nodes}
    for at in range(len(nodes), 0, -1):
        if any(r.id not in inside for t in nodes[at - 1].outputs for r in graph.consumers.get(t, ())):
            return nodes[:at]
    return nodes


def _output(graph: Graph, nodes: tuple[Node, ...]) -> int:
    """What the last operator wrote; of the reshapes behind it, those that give a matrix its dimensions back, or the maps of all
    examples that were one example's their examples.
    """
    last = -1
    for node in nodes:
        if not node.outputs:
            continue
        if kinds.kind(node) != kinds.RESHAPE or last < 0:
            last = node.outputs[0]
            continue
        before, after = graph.shapes((last, node.outputs[0]))
        rows = len(before) == 2 and prod(before) == prod(after) and before[-1:] == after[-1:]
        if (rows or _side_by_side(before, after)) and node.inputs[:1] == (last,):
            last = node.outputs[0]
    return last


def _side_by_side(before: tuple[int, ...], after: tuple[int, ...]) -> bool:
    """Whether what was the channels of one example are those of several: 1 x NC x H x W -> N x C x H x W."""
    return len(before) == len(after) > 2 and before[:2] == (1, prod(after[:2])) and before[2:] == after[2:]
