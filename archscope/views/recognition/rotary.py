"""Rotary position embeddings (Su et al., "RoFormer", arXiv 2104.09864): pairs of channels turned by an angle for each position.

Spelled with halves that change places and a sign, with pairs, or with complex numbers: always a sum of products of one tensor,
its sign changed somewhere, with factors that do not depend on it.
"""

from collections.abc import Iterator
from math import prod

from archscope.graph import Node, kinds
from archscope.views.recognition.dataflow import Flow, is_move
from archscope.views.recognition.found import Found

NEEDS = frozenset({"neg", "sub", "view_as_real"})
_ENDS = frozenset({"add", "cat", "stack", "view_as_real"})
_DEEPEST = 24


def find(flow: Flow) -> Iterator[Found]:
    """The rotations, the outermost sum or concatenation first."""
    taken: set[int] = set()
    for node in reversed(flow.nodes):
        if node.name not in _ENDS or node.id not in flow.live or node.id in taken:
            continue
        if is_move(flow, node) and node.name != "view_as_real":
            continue
        turn = _Turn(flow)
        if not turn.collect(node.outputs[0], 0) or not turn.is_rotation():
            continue
        nodes = flow.between({n.id for n in turn.nodes})
        if nodes is not None and not any(flow.is_claimed(n) or kinds.kind(n) in kinds.WEIGHTED for n in nodes):
            taken |= {n.id for n in nodes}
            yield Found(nodes, nodes[-1], kinds.POINTWISE, "rotary embedding")


class _Turn:
    """What a tensor is made of, back to a single other tensor."""

    def __init__(self, flow: Flow) -> None:
        self.flow = flow
        self.nodes: list[Node] = []
        self.factors: set[int] = set()
        self.leaves: set[int] = set()
        self.turns_sign = False
        self.is_complex = False

    def is_rotation(self) -> bool:
        """Whether two factors (or one complex one) and a change of sign meet on one tensor."""
        return len(self.leaves) == 1 and (self.is_complex or (len(self.factors) >= 2 and self.turns_sign))

    def collect(self, tensor: int, depth: int) -> bool:
        """Follows a tensor back; False where it cannot be part of a rotation."""
        made = self.flow.maker(tensor)
        if made is None and self.flow.is_constant(tensor):
            return self.flow.numel(tensor) == 0
        if depth > _DEEPEST or made in self.nodes:
            return depth <= _DEEPEST
        claimed = made is not None and self.flow.is_claimed(made)  # a norm, with its weight
        if made is not None and not claimed and is_move(self.flow, made) and made.name != "view_as_real":
            return self.collect(next(t for t in made.inputs if not self.flow.is_constant(t)), depth + 1)
        if made is None or claimed or not self._takes(made, depth):
            self.leaves.add(tensor)
            return len(self.leaves) == 1
        return True

    def _takes(self, node: Node, depth: int) -> bool:
        """Whether an operator is part of it, with all that it reads."""
        data = [t for t in node.inputs if not self.flow.is_constant(t)]
        if node.name == "mul" and len(node.inputs) == 2 and not node.params:
            one = self._turned(node)
            if one is None:
                return False
            data = [one]
            self.factors.add(next(t for t in node.inputs if t != one))
            self.is_complex = self.is_complex or self.flow.graph.tensors[one].dtype.startswith("complex")
        elif self._is_by_position(node):
            self.factors.add(-1 - node.id)
        elif node.name == "neg" or (node.name == "sub" and len(data) == 2):
            self.turns_sign = True
        elif not (node.name in ("cat", "stack") or (node.name == "add" and len(data) == 2) or node.name == "view_as_real"):
            return False
        if node.params and not self._is_by_position(node):
            return False
        self.nodes.append(node)
        return all(self.collect(t, depth + 1) for t in data)

    def _is_by_position(self, node: Node) -> bool:
        """Whether it multiplies by a table that a module keeps, with a row for each position."""
        table = [self.flow.graph.param[name].shape for name in node.params]
        return node.name == "mul" and len(node.inputs) == 1 and len(table) == 1 and prod(table[0][:-1]) > 1

    def _turned(self, node: Node) -> int | None:
        """Of the two factors the one that is turned: the other is a constant, or smaller and spread over the heads."""
        first, second = node.inputs
        if self.flow.is_constant(first) != self.flow.is_constant(second):
            return second if self.flow.is_constant(first) else first
        if self.flow.numel(first) == self.flow.numel(second) or first == second:
            return None
        return first if self.flow.numel(first) > self.flow.numel(second) else second
