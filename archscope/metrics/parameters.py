"""How many numbers a network holds."""

from archscope.graph import Graph
from archscope.metrics.metric import metric


@metric(forward=False)
def params(graph: Graph) -> int:
    """Learnable numbers, each tensor once, whether frozen or not; buffers are not among them."""
    return sum(p.numel for p in graph.params if not p.buffer)


@metric(forward=False)
def trainable_params(graph: Graph) -> int:
    """Parameters with requires_grad."""
    return sum(p.numel for p in graph.params if p.trainable)


@metric(forward=False)
def frozen_params(graph: Graph) -> int:
    """Parameters without requires_grad."""
    return sum(p.numel for p in graph.params if not p.buffer and not p.trainable)


@metric(forward=False)
def shared_params(graph: Graph) -> int:
    """Parameters that stand under more than one name; they count once."""
    return sum(p.numel for p in graph.params if not p.buffer and p.aliases)


@metric()
def unused_params(graph: Graph) -> int:
    """Parameters that no operator of this forward read."""
    return sum(p.numel for p in graph.unused_params)


@metric(forward=False)
def buffers(graph: Graph) -> int:
    """Numbers that belong to the state but are not learned: running means, masks."""
    return sum(p.numel for p in graph.params if p.buffer)


@metric(unit="B", title="size of params", forward=False)
def param_bytes(graph: Graph) -> int:
    """Bytes of the parameters in their dtypes."""
    return sum(p.bytes for p in graph.params if not p.buffer)


@metric(unit="B", title="size of state", forward=False)
def state_bytes(graph: Graph) -> int:
    """Bytes of parameters and buffers: the weights of a checkpoint."""
    return sum(p.bytes for p in graph.params)
