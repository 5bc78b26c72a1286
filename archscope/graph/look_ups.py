"""Who wrote a tensor and who reads it, in arrays: a node is looked up when it is asked for."""

from array import array
from collections.abc import Iterator, Mapping, Sequence

from archscope.graph.records import Node
from archscope.graph.sequences import Lists


class Writers(Mapping[int, Node]):
    """The node that wrote a tensor, by tensor id."""

    def __init__(self, nodes: Sequence[Node], tensors: int) -> None:
        self._nodes = nodes
        self._places = array("i", [-1]) * tensors
        for at, node in enumerate(nodes):
            for tensor in node.outputs:
                self._places[tensor] = at

    def __getitem__(self, tensor: int) -> Node:
        at = self._places[tensor] if 0 <= tensor < len(self._places) else -1
        if at < 0:
            raise KeyError(tensor)
        return self._nodes[at]

    def __contains__(self, tensor: object) -> bool:
        return isinstance(tensor, int) and 0 <= tensor < len(self._places) and self._places[tensor] >= 0

    def __iter__(self) -> Iterator[int]:
        return (tensor for tensor, at in enumerate(self._places) if at >= 0)

    def __len__(self) -> int:
        return sum(at >= 0 for at in self._places)


class Readers(Mapping[int, tuple[Node, ...]]):
    """The nodes that read a tensor, by tensor id; a tensor that nobody reads is not in it."""

    def __init__(self, nodes: Sequence[Node], tensors: int) -> None:
        self._nodes = nodes
        self._places = Lists.grouped(((t, at) for at, node in enumerate(nodes) for t in dict.fromkeys(node.inputs)), tensors)

    def __getitem__(self, tensor: int) -> tuple[Node, ...]:
        places = self._places[tensor] if 0 <= tensor < len(self._places) else ()
        if not places:
            raise KeyError(tensor)
        return tuple([self._nodes[at] for at in places])

    def __contains__(self, tensor: object) -> bool:
        return isinstance(tensor, int) and 0 <= tensor < len(self._places) and bool(self._places[tensor])

    def __iter__(self) -> Iterator[int]:
        return (tensor for tensor, places in enumerate(self._places) if places)

    def __len__(self) -> int:
        return sum(map(bool, self._places))
