"""What a training step computes and holds: of a Graph traced in train mode."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from archscope.graph import Graph
from archscope.metrics.metric import metric
from archscope.values import Absent, AtLeast, Value

# What a backward pass does is read where somebody asks: every command knows these metrics, few want one.
if TYPE_CHECKING:
    from archscope.training import Plan

DERIVATIVES = "PyTorch, tools/autograd/derivatives.yaml: what each operator keeps; the rules are archscope's own"


def _of(graph: Graph, number: "Callable[[Plan], int | float]") -> Value:
    """The number, at least the number where operators have no rule, or why there is none."""
    from archscope.training import backward, is_trained

    if not is_trained(graph):
        return Absent(f"traced in {graph.meta.mode} mode, without gradients: trace it in train mode")
    plan = backward(graph)
    found = number(plan)
    if not plan.unknown or isinstance(found, float):
        return found
    names = ", ".join(dict.fromkeys(node.op for node in plan.unknown))
    inside = " (in a torch.autograd.Function)" if all(node.unseen for node in plan.unknown) else ""
    return AtLeast(found, f"without a rule for the backward pass: {names}{inside}")


def _backward_macs(plan: "Plan") -> int:
    return sum(step.macs or 0 for step in plan.steps)


def _bytes_moved(graph: Graph, plan: "Plan") -> int:
    from archscope.training.backward import moved

    return sum(moved(graph, step) for step in plan.steps)


def _peak(graph: Graph, optimizer: str, checkpointed: bool = False) -> Value:
    from archscope.training.segments import blocks
    from archscope.training.step import footprint

    return _of(graph, lambda plan: footprint(graph, optimizer, blocks(graph) if checkpointed else ()).peak)


@metric(title="backward MACs")
def backward_macs(graph: Graph) -> Value:
    """Multiply-accumulates of the backward pass, for the gradients that are wanted: none for frozen parameters and inputs."""
    return _of(graph, _backward_macs)


@metric(title="training MACs")
def training_macs(graph: Graph) -> Value:
    """Multiply-accumulates of forward and backward pass together."""
    return _of(graph, lambda plan: graph.cost.macs + _backward_macs(plan))


@metric(unit="B", title="kept for backward", source=DERIVATIVES)
def kept_for_backward(graph: Graph) -> Value:
    """Bytes that the forward leaves for the backward pass, each piece of memory once. Parameters and buffers are not among them,
    a network's input is.
    """
    from archscope.training import kept_bytes

    return _of(graph, kept_bytes)


@metric(unit="B", title="backward bytes moved")
def backward_bytes_moved(graph: Graph) -> Value:
    """Bytes that the backward pass reads and writes, each operator by itself."""
    return _of(graph, lambda plan: _bytes_moved(graph, plan))


@metric(unit="FLOPs/B", title="intensity", source='Williams, Waterman and Patterson 2009, "Roofline"')
def forward_intensity(graph: Graph) -> Value:
    """Arithmetic intensity of the forward: 2 per multiply-accumulate, by the bytes that the operators read and wrote."""
    bytes = sum(node.bytes for node in graph.nodes)
    return 2 * graph.cost.macs / bytes if bytes else Absent("it moves no bytes")


@metric(unit="FLOPs/B", title="backward intensity", source='Williams, Waterman and Patterson 2009, "Roofline"')
def backward_intensity(graph: Graph) -> Value:
    """Arithmetic intensity of the backward: 2 per multiply-accumulate, by the bytes that its operators read and wrote."""
    return _of(graph, lambda plan: 2 * _backward_macs(plan) / max(1, _bytes_moved(graph, plan)))


_STEP = "one training step, not the first: the optimizer's state is there, the gradients are not"


@metric(unit="B", title="training memory", source=_STEP)
def training_memory(graph: Graph) -> Value:
    """Most bytes alive in a training step with plain SGD: parameters, buffers, what is kept for the backward pass, gradients."""
    return _peak(graph, "sgd")


@metric(unit="B", title="training, momentum", source=_STEP)
def training_memory_momentum(graph: Graph) -> Value:
    """As training_memory, with the momentum of SGD: one more number per parameter."""
    return _peak(graph, "momentum")


@metric(unit="B", title="training, Adam", source=_STEP)
def training_memory_adam(graph: Graph) -> Value:
    """As training_memory, with Adam or AdamW: two more numbers per parameter."""
    return _peak(graph, "adam")


@metric(unit="B", title="training, checkpointed", source="Chen, Xu, Zhang and Guestrin 2016, arXiv 1604.06174")
def training_memory_checkpointed(graph: Graph) -> Value:
    """As training_memory_adam, with gradient checkpointing: each block keeps its input only and runs again in the backward."""
    return _peak(graph, "adam", checkpointed=True)


OF_A_STEP = (
    "backward_macs", "training_macs", "kept_for_backward", "backward_bytes_moved", "backward_intensity", "training_memory",
    "training_memory_momentum", "training_memory_adam", "training_memory_checkpointed",
)  # fmt: skip
"""The metrics that only a Graph traced in train mode has."""
