"""Graph -> number. Each metric answers for a network, a stage, a block or a layer alike, because each of these is a Graph.

A metric's docstring is its entry in the glossary, its name the column and the key in JSON.
"""

from bisect import bisect_right
from collections.abc import Callable, Sequence
from typing import NamedTuple, TypeVar

from archscope import kinds
from archscope.fields import Axis, receptive_fields
from archscope.graph import Graph, Node
from archscope.registry import Registry

Value = int | None


class Metric(NamedTuple):
    """A metric and how its number is to be read.

    Attributes:
        unit: "" for a plain count, "B" for bytes, "px" for input positions.
    """

    name: str
    unit: str
    function: Callable[[Graph], Value]

    def __call__(self, graph: Graph) -> Value:
        """The number."""
        return self.function(graph)

    @property
    def says(self) -> str:
        """The first sentence of the metric's docstring."""
        return (self.function.__doc__ or "").strip().splitlines()[0]


METRICS: Registry[Metric] = Registry("metric")


F = TypeVar("F", bound=Callable[[Graph], int | None])


def metric(unit: str = "") -> Callable[[F], F]:
    """Registers a function of a Graph under its own name."""

    def register(function: F) -> F:
        METRICS.add(function.__name__, Metric(function.__name__, unit, function))
        return function

    return register


# -- parameters
# -------------------------------------------------------------------------------------------------------------------


@metric()
def params(graph: Graph) -> int:
    """Learnable numbers, each tensor once, whether frozen or not; buffers are not among them."""
    return sum(p.numel for p in graph.params if not p.buffer)


@metric()
def trainable_params(graph: Graph) -> int:
    """Parameters with requires_grad."""
    return sum(p.numel for p in graph.params if p.trainable)


@metric()
def frozen_params(graph: Graph) -> int:
    """Parameters without requires_grad."""
    return sum(p.numel for p in graph.params if not p.buffer and not p.trainable)


@metric()
def shared_params(graph: Graph) -> int:
    """Parameters that stand under more than one name; they count once."""
    return sum(p.numel for p in graph.params if not p.buffer and p.aliases)


@metric()
def unused_params(graph: Graph) -> int:
    """Parameters that no operator of this forward read."""
    return sum(p.numel for p in graph.unused_params)


@metric()
def buffers(graph: Graph) -> int:
    """Numbers that belong to the state but are not learned: running means, masks."""
    return sum(p.numel for p in graph.params if p.buffer)


@metric(unit="B")
def param_bytes(graph: Graph) -> int:
    """Bytes of the parameters in their dtypes."""
    return sum(p.bytes for p in graph.params if not p.buffer)


@metric(unit="B")
def state_bytes(graph: Graph) -> int:
    """Bytes of parameters and buffers: the weights of a checkpoint."""
    return sum(p.bytes for p in graph.params)


# -- arithmetic
# -------------------------------------------------------------------------------------------------------------------


@metric()
def macs(graph: Graph) -> int:
    """Multiply-accumulates of one forward."""
    return graph.cost.macs


@metric()
def flops(graph: Graph) -> int:
    """Floating-point operations of one forward: 2 per multiply-accumulate, 1 per other operation."""
    return graph.cost.flops


@metric()
def convolutions(graph: Graph) -> int:
    """Convolutions that ran."""
    return sum(node.repeats for node in graph.nodes if kinds.kind(node) == kinds.CONVOLUTION)


@metric()
def weighted_depth(graph: Graph) -> int:
    """Convolutions and linear layers with weights on the longest path from input to output."""
    depth: dict[int, int] = {}
    deepest = 0
    for node in graph.nodes:
        weighted = bool(node.params) and kinds.kind(node) in (kinds.CONVOLUTION, kinds.LINEAR, kinds.RECURRENT)
        here = max((depth.get(t, 0) for t in node.inputs), default=0) + weighted * node.repeats
        depth.update(dict.fromkeys(node.outputs, here))
        deepest = max(deepest, here)
    return deepest


# -- memory
# -----------------------------------------------------------------------------------------------------------------------


def written(graph: Graph) -> dict[int, int]:
    """Storages that the forward wrote and that somebody reads, with the number of their elements."""
    sizes: dict[int, int] = {}
    final = set(graph.outputs)
    for node in graph.nodes:
        for tensor in node.outputs:
            record = graph.tensors[tensor]
            if node.bytes and (tensor in graph.consumers or tensor in final):
                sizes[record.storage] = max(sizes.get(record.storage, 0), record.numel)
    return sizes


@metric()
def activations(graph: Graph) -> int:
    """Elements of the tensors that operators wrote and something read, each piece of memory once."""
    return sum(written(graph).values())


@metric()
def layer_activations(graph: Graph) -> int:
    """Elements of the outputs of convolutions and of products with weights (the "activations" of Dollár et al. 2021, timm's
    macts).
    """
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
    storage_of = [tensor.storage for tensor in graph.tensors]
    size: dict[int, int] = {}
    for tensor in (*graph.inputs, *(t for node in graph.nodes for t in node.outputs)):
        size[storage_of[tensor]] = max(size.get(storage_of[tensor], 0), graph.tensors[tensor].bytes)
    stays = {storage_of[t] for t in (*graph.inputs, *graph.outputs)}
    last: dict[int, int] = {}
    ids = [node.id for node in graph.nodes]
    for at, node in enumerate(graph.nodes):
        for tensor in (*node.inputs, *node.outputs):
            held = bisect_right(ids, graph.tensors[tensor].until) - 1
            last[storage_of[tensor]] = max(last.get(storage_of[tensor], -1), at, held)
    ending: dict[int, list[int]] = {}
    for storage, at in last.items():
        ending.setdefault(at, []).append(storage)
    alive = {storage_of[t] for t in graph.inputs}
    now = sum(size[s] for s in alive)
    curve = []
    for at, node in enumerate(graph.nodes):
        touched = dict.fromkeys(storage_of[t] for t in (*node.inputs, *node.outputs))
        for storage in touched:
            if storage not in alive and storage in size:
                alive.add(storage)
                now += size[storage]
        curve.append(Alive(node, now))
        for storage in ending.get(at, ()):
            if storage in alive and storage not in stays:
                alive.remove(storage)
                now -= size[storage]
    return curve


@metric(unit="B")
def peak_activation_bytes(graph: Graph) -> int:
    """Most bytes of activations alive at once."""
    return max((alive.bytes for alive in liveness(graph)), default=0)


@metric(unit="B")
def peak_memory(graph: Graph) -> int:
    """Parameters and buffers plus the most activations alive at once, for one forward without gradients."""
    return state_bytes(graph) + peak_activation_bytes(graph)


@metric(unit="B")
def bytes_moved(graph: Graph) -> int:
    """Bytes that the operators read and wrote, each operator by itself."""
    return sum(node.bytes for node in graph.nodes)


# -- receptive field
# --------------------------------------------------------------------------------------------------------------


def last_feature_map(graph: Graph) -> tuple[int, tuple[Axis, ...]] | None:
    """The last tensor that still has places of its own, more than one along some spatial axis: (tensor id, axes)."""
    fields = receptive_fields(graph)
    for node in reversed(graph.nodes):
        for tensor in node.outputs:
            shape = graph.tensors[tensor].shape
            if any(axis.dim >= 0 and shape[axis.dim] > 1 for axis in fields.get(tensor, ())):
                return tensor, fields[tensor]
    return None


@metric(unit="px")
def receptive_field(graph: Graph) -> int | None:
    """Input positions that one place of the last feature map depends on, along the larger axis."""
    found = last_feature_map(graph)
    return max(axis.size for axis in found[1]) if found else None


@metric(unit="px")
def effective_stride(graph: Graph) -> int | None:
    """Input positions between neighbouring places of the last feature map, along the larger axis."""
    found = last_feature_map(graph)
    return int(max(axis.stride for axis in found[1])) if found else None


def measure(graph: Graph, names: Sequence[str] | None = None) -> dict[str, Value]:
    """The metrics by name; all of them, or those named. Raises `UsageError` for a name that no metric has.

    >>> measure(graph, ["params", "macs"])
    {'params': 42679816, 'macs': 12253974624}
    """
    return {name: METRICS.find(name)(graph) for name in (names if names is not None else METRICS)}
