"""Walks along the edges of a Graph: past reshapes, back to where a tensor comes from, and the operators between others."""

from collections.abc import Collection, Iterable, Sequence
from math import prod

from archscope.graph import Graph, Node, kinds
from archscope.views.recognition.found import Found


class Flow:
    """The edges of a graph, for those that look for patterns in them.

    Attributes:
        live: ids of the operators whose result depends on the network's inputs.
        found: what was recognised so far.
    """

    def __init__(self, graph: Graph, live: frozenset[int]) -> None:
        self.graph = graph
        self.live = live
        self.found: list[Found] = []
        self._claimed: set[int] = set()
        self._at = {node.id: at for at, node in enumerate(graph.nodes)}

    def claim(self, found: Found) -> None:
        """Takes note of a group, unless one of its operators is in another."""
        ids = {node.id for node in found.nodes}
        if self._claimed.isdisjoint(ids):
            self._claimed |= ids
            self.found.append(found)

    def is_claimed(self, node: Node) -> bool:
        """Whether an operator is in a group already."""
        return node.id in self._claimed

    def maker(self, tensor: int) -> Node | None:
        """The operator that computes a tensor from the network's input; None for an input and for a constant."""
        made = self.graph.producer.get(tensor)
        return made if made is not None and made.id in self.live else None

    def is_constant(self, tensor: int) -> bool:
        """Whether a tensor is the same for every input."""
        return self.maker(tensor) is None and tensor not in self.graph.inputs

    def numel(self, tensor: int) -> int:
        """Number of elements."""
        return prod(self.graph.tensors[tensor].shape)

    def shape(self, tensor: int) -> tuple[int, ...]:
        """The shape of a tensor."""
        return self.graph.tensors[tensor].shape

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
            for node in self.graph.consumers.get(waiting.pop(), ()):
                if is_move(self, node):
                    waiting.extend(node.outputs)
                else:
                    found.append(node)
        return sorted(found, key=lambda node: node.id)

    def behind(self, node: Node, most: int) -> Sequence[Node]:
        """The next operators in execution order, `most` of them."""
        at = self._at[node.id] + 1
        return self.graph.nodes[at : at + most]

    def between(self, members: Collection[int]) -> tuple[Node, ...] | None:
        """The operators with these ids and all that lie on a way from one to another, in execution order; None where something
        inside is read from outside before all of it has run, and so no single box could stand for them.
        """
        nodes = self.graph.nodes[self._at[min(members)] : self._at[max(members)] + 1]
        after: set[int] = set()
        written: set[int] = set()
        for node in nodes:
            if node.id in members or not written.isdisjoint(node.inputs):
                after.add(node.id)
                written.update(node.outputs)
        inside: set[int] = set()
        for node in reversed(nodes):
            if node.id in members or (node.id in after and any(r.id in inside for r in self._reading(node))):
                inside.add(node.id)
        kept = tuple(node for node in nodes if node.id in inside)
        early = any(r.id not in inside and r.id < kept[-1].id for node in kept for r in self._reading(node))
        return None if early else kept

    def _reading(self, node: Node) -> Iterable[Node]:
        return (reader for t in node.outputs for reader in self.graph.consumers.get(t, ()))

    def is_only_for(self, node: Node, inside: Collection[int]) -> bool:
        """Whether all that an operator computes is read by operators among `inside`."""
        return all(r.id in inside for r in self._reading(node))


def is_move(flow: Flow, node: Node) -> bool:
    """Whether an operator only views, moves or casts: also a concatenation with nothing (an empty cache of keys)."""
    if node.name == "cat" and not node.params:
        full = [t for t in node.inputs if flow.numel(t)]
        return len(full) == 1 and flow.shape(full[0]) == flow.shape(node.outputs[0])
    return kinds.kind(node) == kinds.RESHAPE and bool(node.inputs) and not node.params
