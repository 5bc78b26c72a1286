"""Walks along the edges of a Graph: past reshapes, back to where a tensor comes from, and the operators between others."""

from collections.abc import Collection, Iterator, Sequence
from functools import cached_property
from math import prod

from archscope.graph import Graph, Node, kinds
from archscope.views.recognition.found import Found


class Flow:
    """The edges of a graph, for those that look for patterns in them. It keeps what it has looked at: of a large graph, operators
    and tensors are made anew each time that they are asked for.

    Attributes:
        live: ids of the operators whose result depends on the network's inputs.
        found: what was recognised so far.
    """

    def __init__(self, graph: Graph, live: frozenset[int]) -> None:
        self.graph = graph
        self.live = live
        self.found: list[Found] = []
        self._claimed: dict[int, Found] = {}
        self._shapes: dict[int, tuple[int, ...]] = {}

    @cached_property
    def nodes(self) -> tuple[Node, ...]:
        """The operators in execution order."""
        return tuple(self.graph.nodes)

    @cached_property
    def _at(self) -> dict[int, int]:
        return {node.id: at for at, node in enumerate(self.nodes)}

    @cached_property
    def _makers(self) -> dict[int, Node]:
        return {t: node for node in self.nodes for t in node.outputs}

    @cached_property
    def _reading(self) -> dict[int, list[Node]]:
        found: dict[int, list[Node]] = {}
        for node in self.nodes:
            if node.id in self.live:
                for t in dict.fromkeys(node.inputs):
                    found.setdefault(t, []).append(node)
        return found

    def node(self, number: int) -> Node:
        """An operator by its id."""
        return self.nodes[self._at[number]]

    def made_by(self, tensor: int) -> Node | None:
        """The operator that makes a tensor, whatever it depends on; None for an input."""
        return self._makers.get(tensor)

    def reading(self, tensor: int) -> Sequence[Node]:
        """The operators that read a tensor's values: one whose result is the same for every input takes its shape alone."""
        return self._reading.get(tensor, ())

    def read_by(self, node: Node) -> Iterator[Node]:
        """The operators that read what an operator makes."""
        return (reader for t in node.outputs for reader in self.reading(t))

    def claim(self, found: Found) -> None:
        """Takes note of a group, unless one of its operators is in another."""
        ids = {node.id for node in found.nodes}
        if self._claimed.keys().isdisjoint(ids):
            self._claimed |= dict.fromkeys(ids, found)
            self.found.append(found)

    def is_claimed(self, node: Node) -> bool:
        """Whether an operator is in a group already."""
        return node.id in self._claimed

    def claimed_by(self, node: Node) -> Found | None:
        """The group that an operator is in."""
        return self._claimed.get(node.id)

    def maker(self, tensor: int) -> Node | None:
        """The operator that computes a tensor from the network's input; None for an input and for a constant."""
        made = self._makers.get(tensor)
        return made if made is not None and made.id in self.live else None

    def is_constant(self, tensor: int) -> bool:
        """Whether a tensor is the same for every input."""
        return self.maker(tensor) is None and tensor not in self.graph.inputs

    def numel(self, tensor: int) -> int:
        """Number of elements."""
        return prod(self.shape(tensor))

    def shape(self, tensor: int) -> tuple[int, ...]:
        """The shape of a tensor."""
        if tensor not in self._shapes:
            self._shapes[tensor] = self.graph.tensors[tensor].shape
        return self._shapes[tensor]

    def origin(self, tensor: int) -> int:
        """What a tensor is before it was viewed, moved and cast."""
        while (made := self.maker(tensor)) is not None and is_move(self, made):
            tensor = made.inputs[0] if self.maker(made.inputs[0]) or len(made.inputs) == 1 else made.inputs[-1]
        return tensor

    def readers(self, tensor: int) -> list[Node]:
        """The operators that read a tensor, those behind views and moves of it among them."""
        found: list[Node] = []
        waiting = [tensor]
        while waiting:
            for node in self.reading(waiting.pop()):
                if is_move(self, node):
                    waiting.extend(node.outputs)
                else:
                    found.append(node)
        return sorted(found, key=lambda node: node.id)

    def between_ids(self, begin: int, end: int) -> Sequence[Node]:
        """The operators from one to just before another, in execution order."""
        return self.nodes[self._at[begin] : self._at[end]]

    def between(self, members: Collection[int]) -> tuple[Node, ...] | None:
        """The operators with these ids and all that lie on a way from one to another, in execution order; None where something
        inside is read from outside before all of it has run, and so no single box could stand for them.
        """
        nodes = self.nodes[self._at[min(members)] : self._at[max(members)] + 1]
        after: set[int] = set()
        written: set[int] = set()
        for node in nodes:
            if node.id in members or not written.isdisjoint(node.inputs):
                after.add(node.id)
                written.update(node.outputs)
        inside: set[int] = set()
        for node in reversed(nodes):
            if node.id in members or (node.id in after and any(r.id in inside for r in self.read_by(node))):
                inside.add(node.id)
        kept = tuple(node for node in nodes if node.id in inside)
        early = any(r.id not in inside and r.id < kept[-1].id for node in kept for r in self.read_by(node))
        return None if early else kept

    def is_only_for(self, node: Node, inside: Collection[int]) -> bool:
        """Whether all that an operator computes is read by operators among `inside`."""
        return all(r.id in inside for r in self.read_by(node))


def is_move(flow: Flow, node: Node) -> bool:
    """Whether an operator only views, moves or casts: also a concatenation with nothing (an empty cache of keys)."""
    if node.name == "cat" and not node.params:
        full = [t for t in node.inputs if flow.numel(t)]
        return len(full) == 1 and flow.shape(full[0]) == flow.shape(node.outputs[0])
    return kinds.kind(node) == kinds.RESHAPE and bool(node.inputs) and not node.params
