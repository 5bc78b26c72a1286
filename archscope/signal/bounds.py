"""What a run needs, predicted from the Graph before anything runs. No torch."""

from archscope import units
from archscope.errors import ArchscopeError
from archscope.graph import Graph

MAX_TIME = 600.0


def memory(graph: Graph) -> int:
    """Bytes of one forward and backward, as an upper estimate: the weights, a copy of them and their gradients; every activation
    of the forward, which the backward needs; and the largest twice more, for its gradient and for what a kernel works with.
    """
    state = sum(param.bytes for param in graph.params)
    learned = sum(param.bytes for param in graph.params if param.trainable)
    written: dict[int, int] = {}
    for node in graph.nodes:
        for t in node.outputs:
            tensor = graph.tensors[t]
            written[tensor.storage] = max(written.get(tensor.storage, 0), tensor.bytes)
    return 2 * state + learned + sum(written.values()) + 2 * max(written.values(), default=0)


def check_memory(graph: Graph, most: int) -> None:
    """Raises `ArchscopeError` for a run that needs more than `most` bytes."""
    needed = memory(graph)
    if needed > most:
        raise ArchscopeError(
            f"{graph.name} needs about {units.size(needed)} for a forward and backward at batch {graph.batch}, "
            f"more than --max-memory {units.size(most)}",
            "give a smaller --batch or --input, or a higher --max-memory",
        )
