"""How much memory a forward writes, holds and moves."""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from archscope.graph import Graph, Node, kinds
from archscope.graph.storages import storage_bytes
from archscope.metrics.metric import metric
from archscope.metrics.parameters import state_bytes


def written(graph: Graph) -> dict[int, int]:
    """Storages that the forward wrote and that somebody reads, with the number of their elements."""
    sizes: dict[int, int] = {}
    read = {*graph.outputs, *(t for node in graph.nodes for t in node.inputs)}
    for node in graph.nodes:
        if node.bytes:
            for tensor in node.outputs:
                if tensor in read:
                    record = graph.tensors[tensor]
                    sizes[record.storage] = max(sizes.get(record.storage, 0), record.numel)
    return sizes


@metric()
def activations(graph: Graph) -> int:
    """Elements of the tensors that operators wrote and something read, each piece of memory once."""
    return sum(written(graph).values())


@metric(source='Dollár, Singh and Girshick 2021, "Fast and Accurate Model Scaling", sec. 3; timm\'s macts')
def layer_activations(graph: Graph) -> int:
    """Elements of the outputs of convolutions and of products with weights."""
    weighted = (node for node in graph.nodes if node.params and kinds.kind(node) in kinds.WEIGHTED)
    return sum(graph.tensors[node.outputs[0]].numel for node in weighted if node.outputs)


class Alive(NamedTuple):
    """Memory in activations while one node runs.

    Attributes:
        node: the node.
        bytes: of every activation alive while it runs: inputs of the network, what it reads and writes, and what is still to be
            read.
    """

    node: Node
    bytes: int


def liveness(graph: Graph) -> list[Alive]:
    """Activation memory over time: walks the nodes in order and frees each piece of memory where the forward let go of it.

    A Python variable may hold a tensor beyond its last use; `Tensor.until` tells. Where that is not known, the last use counts.
    The inputs of the network belong to the caller and stay, its outputs stay to the end. Scratch space inside a kernel is not
    part of it.
    """
    return list(map(Alive, graph.nodes, _alive(graph)))


def _alive(graph: Graph) -> Iterator[int]:
    """The bytes alive while each node runs."""
    storage_of = [tensor.storage for tensor in graph.tensors]
    size, ending = storage_bytes(graph), _ending(graph, storage_of)
    alive = {storage_of[t] for t in graph.inputs}
    now = sum([size[storage] for storage in alive])
    for at, node in enumerate(graph.nodes):
        for tensor in (*node.inputs, *node.outputs):
            storage = storage_of[tensor]
            if storage not in alive and storage in size:
                alive.add(storage)
                now += size[storage]
        yield now
        for storage in ending.get(at, ()):
            if storage in alive:
                alive.remove(storage)
                now -= size[storage]


def _ending(graph: Graph, storage_of: Sequence[int]) -> dict[int, list[int]]:
    """The storages that nobody holds any more after a node, by its place."""
    nodes, tensors = graph.nodes, graph.tensors
    last: dict[int, int] = {}  # the last use
    until = {storage_of[t]: tensors[t].until for t in graph.inputs}
    for at, node in enumerate(nodes):
        for tensor in node.outputs:
            storage, held = storage_of[tensor], tensors[tensor].until
            last[storage] = at
            if held > until.get(storage, -2):
                until[storage] = held
        for tensor in node.inputs:
            last[storage_of[tensor]] = at
    constants = last.keys() - until.keys()
    for tensor in {t for node in nodes for t in node.inputs if storage_of[t] in constants} if constants else ():
        until[storage_of[tensor]] = max(until.get(storage_of[tensor], -1), tensors[tensor].until)
    ids = [node.id for node in nodes]
    stays = {storage_of[t] for t in (*graph.inputs, *graph.outputs)}
    ending: dict[int, list[int]] = {}
    for storage, at in last.items():
        if storage not in stays:
            ending.setdefault(max(at, bisect_right(ids, until[storage]) - 1), []).append(storage)
    return ending


@metric(unit="B", title="peak activations")
def peak_activation_bytes(graph: Graph) -> int:
    """Most bytes of activations alive at once."""
    return max(_alive(graph), default=0)


@metric(unit="B")
def peak_memory(graph: Graph) -> int:
    """Parameters and buffers plus the most activations alive at once, for one forward without gradients."""
    return state_bytes(graph) + peak_activation_bytes(graph)


@metric(unit="B")
def bytes_moved(graph: Graph) -> int:
    """Bytes that the operators read and wrote, each operator by itself."""
    return sum(node.bytes for node in graph.nodes)
