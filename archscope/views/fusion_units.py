"""What fusing starts from: operators, small modules whose operators make sense only together, and what several operators are
together (attention, a norm that is written out)."""

from bisect import bisect_right
from collections import Counter
from dataclasses import dataclass, field, replace
from itertools import accumulate

from archscope.graph import Graph, Node, kinds, naming
from archscope.views.recognition import Facts, Found, recognised
from archscope.views.recognition.activations import spelled_out
from archscope.views.recognition.dataflow import Flow, is_move


@dataclass
class Atom:
    """One operator with the constants made for it, all operators of a small module, or several that were recognised as one thing.

    Attributes:
        id: its number in execution order.
        nodes: its operators, in execution order.
        main: the operator that names it.
        kind, word: as in `graph.kinds`; a small module of pointwise operators is an activation function by its class name.
        inputs: ids of the atoms that it reads, once each; -1 for the network's inputs.
        readers: how many atoms read it (one more if the network returns it).
        sole_reader: the only one, if there is one.
        home: the innermost call that holds it and at least one other atom of weight.
        opens: whether it scales one summand of a sum, and so belongs to what follows.
        factor: what it multiplies by.
        ending: the activation function inside it, where it is a module that ends in one.
        facts: what there is to say about it, where it was recognised.
        output: the tensor that it hands on, where that is not what its last operator writes.
    """

    id: int
    nodes: list[Node]
    main: Node
    kind: str
    word: str
    inputs: list[int] = field(default_factory=list)
    readers: int = 0
    sole_reader: int | None = None
    home: int = 0
    opens: bool = False
    factor: float | None = None
    ending: str = ""
    facts: Facts | None = None
    output: int = -1


def atoms(graph: Graph) -> list[Atom]:
    """Every operator of the graph, each in one atom."""
    live = live_nodes(graph)
    made: list[Atom] = []
    small: dict[int, Atom] = {}  # by call
    constants: list[Node] = []
    is_small = _small_modules(graph, live)
    whole, last = _recognised(graph, live, is_small)
    nothing = _joins_nothing(graph, live)
    for node in graph.nodes:
        if node.id not in live:
            constants.append(node)
        elif node.id in whole:
            if node.id in last:  # what it reads is there by then, and nobody reads it before
                made.append(_atom(len(made), last[node.id]))
        elif node.id in nothing:
            made.append(Atom(len(made), [node], node, kinds.RESHAPE, naming.word(graph, node)))
        elif node.call in is_small:
            if node.call not in small:
                small[node.call] = Atom(len(made), [], node, "", "")
                made.append(small[node.call])
            small[node.call].nodes.append(node)
        else:
            made.append(Atom(len(made), [node], node, kinds.kind(node), naming.word(graph, node)))
    for call, atom in small.items():
        _name(graph, call, atom)
    _wire(graph, made)
    _place_constants(graph, made, constants)
    _settle(graph, made)
    for atom in made:
        _scales(atom, made)
    return made


def _atom(number: int, found: Found) -> Atom:
    return Atom(number, list(found.nodes), found.main, found.kind, found.word, facts=found.facts, output=found.output)


def _recognised(graph: Graph, live: set[int], is_small: set[int]) -> tuple[set[int], dict[int, Found]]:
    """The ids of all operators that are part of something larger, and each such thing by the id of its last operator. A small
    module in which something was recognised is that thing, with all that it runs; not a norm with a gate, which reads two things.
    """
    whole: set[int] = set()
    last: dict[int, Found] = {}
    for found in recognised(graph, live):
        call = found.nodes[0].call
        if call in is_small and all(node.call == call for node in found.nodes):
            inside = tuple(node for node in graph.inside(call) if node.id in live)
            gated = found.kind == kinds.NORMALISATION and len(_read(graph, live, inside)) > 1
            if not gated and all(kinds.kind(node) in _PLAIN or node in found.nodes for node in inside):
                found = replace(found, nodes=inside)
        is_small -= {node.call for node in found.nodes}
        whole |= {node.id for node in found.nodes}
        last[found.nodes[-1].id] = found
    return whole, last


def _read(graph: Graph, live: set[int], nodes: tuple[Node, ...]) -> set[int]:
    """The tensors that operators read from outside, constants left out."""
    made = {t for node in nodes for t in node.outputs}
    read = {t for node in nodes for t in node.inputs} - made
    return {t for t in read if t in graph.inputs or ((maker := graph.producer.get(t)) is not None and maker.id in live)}


def _joins_nothing(graph: Graph, live: set[int]) -> set[int]:
    """Concatenations with an empty tensor: a cache of keys before its first token."""
    cats = [node for node in graph.nodes if node.name == "cat" and node.id in live]
    if not any(not graph.tensors[t].numel for node in cats for t in node.inputs):
        return set()
    flow = Flow(graph, frozenset(live))
    return {node.id for node in cats if is_move(flow, node)}


def live_nodes(graph: Graph) -> set[int]:
    """Ids of the nodes whose result depends on the network's inputs (all of them, if it has none)."""
    reached = set(graph.inputs)
    live = set()
    for node in graph.nodes:
        if not graph.inputs or (not reached.isdisjoint(node.inputs) and not _takes_shape_only(node)):
            live.add(node.id)
            reached.update(node.outputs)
    return live


def _takes_shape_only(node: Node) -> bool:
    """Whether an operator reads no values: `zeros_like`, `new_full`."""
    return node.name.startswith("new_") or node.name.endswith("_like")


def _small_modules(graph: Graph, live: set[int]) -> set[int]:
    """Calls without calls inside that run several operators, of which at most one has weights."""
    heavy: Counter[int] = Counter()
    working: Counter[int] = Counter()
    for node in graph.nodes:
        if node.id in live and kinds.kind(node) != kinds.RESHAPE:
            working[node.call] += 1
            heavy[node.call] += kinds.kind(node) in kinds.WEIGHTED
    return {call for call, count in working.items() if count > 1 and heavy[call] <= 1 and call and not graph.children[call]}


_PLAIN = frozenset({kinds.ACTIVATION, kinds.POINTWISE, kinds.RESHAPE, kinds.OTHER})


def _name(graph: Graph, call: int, atom: Atom) -> None:
    """What a small module is: its one operator of weight, else its one pooling, else its class name."""
    kind_of = {node.id: kinds.kind(node) for node in atom.nodes}
    type_name = graph.calls[call].type
    if "norm" in type_name.lower() and kinds.WEIGHTED.isdisjoint(kind_of.values()):
        atom.kind, atom.word = kinds.NORMALISATION, type_name
        return
    for wanted in (kinds.WEIGHTED, {kinds.POOLING}, {kinds.EMBEDDING}):
        found = [node for node in atom.nodes if kind_of[node.id] in wanted]
        if len(found) == 1:
            atom.main, atom.kind, atom.word = found[0], kind_of[found[0].id], naming.word(graph, found[0])
            after = [node for node in atom.nodes if node.id > found[0].id and kind_of[node.id] == kinds.ACTIVATION]
            atom.ending = naming.word(graph, after[-1]) if after else ""
            return
    means = [node for node in atom.nodes if naming.word(graph, node) == "global avg pool"]
    if len(means) == 1 and set(kind_of.values()) <= {*_PLAIN, kinds.REDUCTION}:
        atom.main, atom.kind, atom.word = means[0], kinds.REDUCTION, "global avg pool"
        return
    first, last = graph.shapes(atom.nodes[0].inputs[:1]), graph.shapes(atom.nodes[-1].outputs[:1])
    if set(kind_of.values()) <= _PLAIN and first == last and not any(node.params for node in atom.nodes):
        working = [node for node in atom.nodes if kind_of[node.id] != kinds.RESHAPE]
        atom.kind, atom.word = kinds.ACTIVATION, spelled_out(working) or type_name.lower()
    else:
        atom.kind, atom.word = kinds.OTHER, type_name


def _wire(graph: Graph, made: list[Atom]) -> None:
    maker = {t: atom.id for atom in made for node in atom.nodes for t in node.outputs} | dict.fromkeys(graph.inputs, -1)
    final = set(graph.outputs)
    reading: dict[int, list[int]] = {}
    for atom in made:
        found = (maker[t] for node in atom.nodes for t in node.inputs if maker.get(t, atom.id) != atom.id)
        atom.inputs = list(dict.fromkeys(found))
        for source in atom.inputs:
            reading.setdefault(source, []).append(atom.id)
    for atom in made:
        by = reading.get(atom.id, [])
        returned = any(t in final for node in atom.nodes for t in node.outputs)
        atom.readers = len(by) + returned
        atom.sole_reader = by[0] if len(by) == 1 and not returned else None


def only_looked_at(made: list[Atom]) -> set[int]:
    """Ids of what is computed only for Python to look at: whether a mask hides anything."""
    readers: dict[int, set[int]] = {}
    for atom in made:
        for source in atom.inputs:
            readers.setdefault(source, set()).add(atom.id)
    found: set[int] = set()
    for atom in reversed(made):
        only = readers.get(atom.id, set()) <= found if atom.id in readers else atom.main.name == "_local_scalar_dense"
        if only and atom.kind not in kinds.WEIGHTED and atom.readers == len(readers.get(atom.id, ())):
            found.add(atom.id)
    return found


def _place_constants(graph: Graph, made: list[Atom], constants: list[Node]) -> None:
    """A constant belongs to the first atom that reads it, directly or not; an unread one to its call's next atom."""
    owner = {node.id: atom for atom in made for node in atom.nodes}
    if not made:
        made.extend(Atom(at, [node], node, kinds.kind(node), naming.word(graph, node)) for at, node in enumerate(constants))
        return
    furthest = list(accumulate((atom.main.id for atom in made), max))
    for node in reversed(constants):
        readers = [reader for t in node.outputs for reader in graph.consumers.get(t, ()) if reader.id in owner]
        if readers:
            atom = min((owner[reader.id] for reader in readers), key=lambda a: a.id)
        else:
            at = min(bisect_right(furthest, node.id), len(made) - 1)  # the first atom behind it
            behind = [a for a in made[at : at + 8] if a.main.id > node.id] or [made[at]]
            atom = next((a for a in behind if a.main.call == node.call), behind[0])
        atom.nodes.append(node)
        atom.nodes.sort(key=lambda n: n.id)
        owner[node.id] = atom


def _settle(graph: Graph, made: list[Atom]) -> None:
    """Finds each atom's home: its call, or the first one around it that holds more than one atom of weight."""
    weight: Counter[int] = Counter()
    for atom in made:
        if _has_weight(atom, made):
            at: int | None = atom.main.call
            while at is not None:
                weight[at] += 1
                at = graph.calls[at].parent
    for atom in made:
        home = atom.main.call
        while weight[home] <= 1 and graph.calls[home].parent is not None:
            home = graph.calls[home].parent or 0
        atom.home = home


def _has_weight(atom: Atom, made: list[Atom]) -> bool:
    if atom.kind == kinds.RESHAPE:
        return False
    alone = len(atom.inputs) == 1 and atom.inputs[0] >= 0
    if atom.kind == kinds.ACTIVATION or (atom.kind == kinds.POINTWISE and len(atom.inputs) <= 1):
        return atom.word.endswith("softmax") or not alone
    if atom.kind == kinds.NORMALISATION and alone:
        before = _before_views(atom, made) if atom.word == naming.INSTANCE_NORM else made[atom.inputs[0]]
        return not (before.kind == kinds.CONVOLUTION and before.readers == 1)
    return True


def _before_views(atom: Atom, made: list[Atom]) -> Atom:
    """What an atom reads, before it was only viewed in another shape, as an instance norm does."""
    before = made[atom.inputs[0]]
    while before.kind == kinds.RESHAPE and before.readers == 1 and len(before.inputs) == 1 and before.inputs[0] >= 0:
        before = made[before.inputs[0]]
    return before


def _scales(atom: Atom, made: list[Atom]) -> None:
    """Marks a factor whose product goes straight into a sum of several activations."""
    factor = atom.main.attrs.get("other")
    if (
        atom.word in ("multiply", "divide")
        and isinstance(factor, (int, float))
        and len(atom.inputs) == 1
        and atom.sole_reader is not None
    ):
        reader = made[atom.sole_reader]
        if reader.word == "add" and len(reader.inputs) > 1:
            atom.opens = True
            atom.factor = float(factor) if atom.word == "multiply" else 1 / factor if factor else None
