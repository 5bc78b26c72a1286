"""Where a network adds a residual branch to its shortcut: found by its edges, whatever the modules are called. No torch.

A sum is residual when its two paths come from one place and one of them has more weights than the other: that one is the branch,
the other the shortcut, which may be the identity, a pooling or a projection.
"""

from dataclasses import dataclass
from heapq import heappop, heappush

from archscope.graph import Graph, Node, kinds

_FIRST, _SECOND = 1, 2
_BOTH = _FIRST | _SECOND


@dataclass(frozen=True)
class ResidualSum:
    """A sum of a branch and a shortcut of the same shape.

    Attributes:
        node: the addition.
        branch, shortcut: 0 or 1, the position of each among its operands.
        factor: by which the addition itself multiplies its second operand ("alpha"); 1 as a rule. A scale that is an operator of
            its own is part of the branch.
        branch_layers, shortcut_layers: convolutions, linear layers and other products with weights on each path alone.
    """

    node: Node
    branch: int
    shortcut: int
    factor: float
    branch_layers: int
    shortcut_layers: int


def residual_sums(graph: Graph) -> list[ResidualSum]:
    """The residual sums in execution order.

    >>> len(residual_sums(archscope.look("resnet34")))
    16
    """
    return [found for node in graph.nodes if (found := _residual(graph, node)) is not None]


def _residual(graph: Graph, node: Node) -> ResidualSum | None:
    if node.name != "add" or len(node.inputs) != 2 or node.inputs[0] == node.inputs[1]:
        return None
    first, second = node.inputs
    if graph.tensors[first].shape != graph.tensors[second].shape:
        return None
    layers = _layers_apart(graph, first, second)
    if layers is None or layers[0] == layers[1]:
        return None
    alpha = node.attrs.get("alpha", 1)
    branch = 0 if layers[0] > layers[1] else 1
    factor = float(alpha) if isinstance(alpha, (int, float)) else 1.0
    return ResidualSum(node, branch, 1 - branch, factor, layers[branch], layers[1 - branch])


def _layers_apart(graph: Graph, first: int, second: int) -> tuple[int, int] | None:
    """How many layers with weights each of two tensors has for itself, back to where their paths part; None if they never meet.

    Both are followed backwards at once, the latest operator first, until everything that is left belongs to both.
    """
    seen: dict[int, int] = {}  # tensor -> from which of the two it was reached
    waiting: list[tuple[int, int]] = []  # (-place in execution order, operator or -1 - tensor that no operator wrote)
    reached: dict[int, int] = {}

    def follow(tensor: int, side: int) -> None:
        if seen.get(tensor, 0) | side == seen.get(tensor, 0):
            return
        seen[tensor] = seen.get(tensor, 0) | side
        made = graph.producer.get(tensor)
        key = made.id if made is not None else -1 - tensor
        if key not in reached:
            heappush(waiting, (-key, key))
        reached[key] = reached.get(key, 0) | side

    follow(first, _FIRST)
    follow(second, _SECOND)
    alone = {_FIRST: 0, _SECOND: 0}
    met = False
    while waiting:
        if met and all(reached[key] == _BOTH for _, key in waiting):
            break
        _, key = heappop(waiting)
        side = reached[key]
        met = met or side == _BOTH
        if key < 0:
            continue
        node = graph.node(key)
        if side != _BOTH and node.params and kinds.kind(node) in kinds.WEIGHTED:
            alone[side] += 1
        for tensor in dict.fromkeys(node.inputs):
            follow(tensor, side)
    return (alone[_FIRST], alone[_SECOND]) if met else None
