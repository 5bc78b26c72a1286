"""Which operators take part in the backward pass of a Graph, and what each keeps and computes there. Functions of a Graph; no
torch.
"""

from functools import lru_cache
from typing import NamedTuple

import msgspec

import archscope.training.rules  # noqa: F401  each of its files registers rules
from archscope.errors import UsageError
from archscope.graph import Graph, Node
from archscope.graph.storages import storage_bytes
from archscope.supported import numbers
from archscope.training.derivatives import Rule, rule_of

_REAL = frozenset("float64 float32 float16 bfloat16 complex128 complex64".split())


class Step(NamedTuple):
    """The backward of one operator.

    Attributes:
        node: the operator.
        rule: None for one without a rule: what it keeps and computes is not known.
        kept: storages that it keeps until then.
        wanted: operands that get a gradient: activations by id, parameters by name.
        macs: multiply-accumulates; None where they are not known.
    """

    node: Node
    rule: Rule | None
    kept: tuple[int, ...]
    wanted: tuple[int | str, ...]
    macs: int | None


class Plan(NamedTuple):
    """The backward pass of a network.

    Attributes:
        steps: of the operators that the gradient of the outputs passes, in the order of the forward.
        size: bytes of every storage that the forward reads as input or writes.
        outputs: the outputs that gradients come in by.
        unknown: the operators among them without a rule that holds in the graph's torch, or whose multiply-accumulates are not
            known.
    """

    steps: tuple[Step, ...]
    size: dict[int, int]
    outputs: tuple[int, ...]
    unknown: tuple[Node, ...]


def is_trained(graph: Graph) -> bool:
    """Whether it was traced as training runs it, so that there is a backward pass to speak of."""
    return graph.meta.mode == "train" and (not graph.nodes or any(node.operands for node in graph.nodes))


class _Same:
    """A Graph by its identity: comparing its records takes longer than making the plan."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph

    def __hash__(self) -> int:
        return id(self.graph)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and other.graph is self.graph


@lru_cache(maxsize=8)
def _planned(same: _Same) -> Plan:
    return _plan(same.graph)


def backward(graph: Graph) -> Plan:
    """The backward pass. Raises `UsageError` for a graph that was not traced in train mode."""
    if not is_trained(graph):
        raise UsageError(
            f"{graph.name} was traced in {graph.meta.mode} mode, without gradients", "trace it in train mode: --mode train"
        )
    return _planned(_Same(graph))


def _plan(graph: Graph) -> Plan:
    size = storage_bytes(graph)
    made = graph.producer
    outputs = tuple(t for t in graph.outputs if _flows(graph, t) and t in made)
    asked: set[int] = set(outputs)
    steps: list[Step] = []
    for at in range(len(graph.nodes) - 1, -1, -1):
        node = graph.nodes[at]
        if not node.wanted or asked.isdisjoint(node.outputs) or not any(_flows(graph, t) for t in node.outputs):
            continue
        rule = rule_of(node)
        if rule is not None and rule.constant:
            continue
        operands = graph.operands(node)
        places = _places(graph, operands) if node.unseen else node.wanted
        if node.unseen and rule is not None and (rule.way == "views" or not node.op.startswith("aten.")):
            node = msgspec.structs.replace(node, wanted=places)
        elif node.unseen:
            rule = None
        wanted = tuple(operands[place] for place in places)
        asked.update(t for t in wanted if isinstance(t, int))
        # Memory that was written through a view since: the gradient goes on to what was written as well.
        asked.update(t for t in node.inputs if t not in operands)
        kept = _kept(graph, at, node, operands, rule, size) if rule is not None else ()
        steps.append(Step(node, rule, kept, wanted, None if node.unseen else _macs(graph, node, rule)))
    steps.reverse()
    torch = numbers(graph.meta.torch)
    unknown = tuple(s.node for s in steps if s.rule is None or s.macs is None or torch < s.rule.since)
    flowing = tuple(t for t in outputs if any(t in step.node.outputs for step in steps))
    return Plan(tuple(steps), size, flowing, unknown)


def _places(graph: Graph, operands: tuple[int | str, ...]) -> tuple[int, ...]:
    """The operands that a gradient may go on to from an operator inside a Function. Its backward is written by hand. It is known
    where the operator is there for the Function's sake (`torchvision.deform_conv2d`), or has nothing to compute.
    """
    flow = [_flows(graph, key) if isinstance(key, int) else graph.param[key].trainable for key in operands]
    return tuple([place for place, flows in enumerate(flow) if flows])


def _flows(graph: Graph, tensor: int) -> bool:
    return graph.tensors[tensor].dtype in _REAL


def _kept(
    graph: Graph, at: int, node: Node, operands: tuple[int | str, ...], rule: Rule, size: dict[int, int]
) -> tuple[int, ...]:  # fmt: skip
    """The storages that an operator keeps, each once. Parameters, buffers and constants are there anyway."""
    tensors: list[int | str] = []
    for word in rule.kept(node.wanted):
        if word == "*":
            tensors += operands
        elif word == "*at":  # index(x, [places])
            tensors += operands[1:]
        elif word == "*places":  # index_put(x, [places], values)
            tensors += operands[1:-1]
        elif word.startswith("r"):
            tensors += node.outputs[int(word[1:]) : int(word[1:]) + 1]
        elif int(word) < len(operands):
            tensors.append(_before(graph, at, node) if word == "0" and node.op.endswith("_") else operands[int(word)])
    storages = [graph.tensors[t].storage for t in tensors if isinstance(t, int)]
    return tuple(dict.fromkeys(storage for storage in storages if storage in size))


def _before(graph: Graph, at: int, node: Node) -> int | str:
    """What an operator that writes in place keeps of its own target: the copy that was made of it just before."""
    before = graph.nodes[at - 1] if at else None
    operands = graph.operands(node)
    if before is not None and before.op == "aten.clone" and graph.operands(before)[:1] == operands[:1]:
        return before.outputs[0]
    return operands[0]


def _macs(graph: Graph, node: Node, rule: Rule | None) -> int | None:
    if rule is not None and rule.macs is not None:
        return rule.macs(graph, node) if not node.cost.unknown else None
    if node.cost.unknown:
        return None
    if not node.cost.macs:
        return 0 if rule is not None else None
    if rule is None or not rule.products:
        return None
    return node.cost.macs * sum(place in rule.products for place in node.wanted)


def kept_bytes(plan: Plan) -> int:
    """Bytes that are kept from the forward for the backward pass, each storage once."""
    return sum(plan.size[storage] for storage in {storage for step in plan.steps for storage in step.kept})


def moved(graph: Graph, step: Step) -> int:
    """Bytes that the backward of one operator reads and writes: the gradients of its results, what it kept, the parameters that
    are multiplied with, and the gradients that it makes. A gradient that is passed on or only seen otherwise is not moved.
    """
    if step.rule is None or step.rule.way != "new":
        return 0
    came = sum(graph.tensors[t].bytes for t in step.node.outputs[:1])
    factors = sum(graph.param[name].bytes for name in step.node.params if graph.param[name].trainable and step.rule.products)
    made = sum(graph.tensors[key].bytes if isinstance(key, int) else graph.param[key].bytes for key in step.wanted)
    kept = sum(graph.tensors[t].bytes for t in _tensors_kept(graph, step))
    return came + kept + factors + made


def _tensors_kept(graph: Graph, step: Step) -> list[int]:
    storages = set(step.kept)
    shown: dict[int, int] = {}
    for t in (*step.node.inputs, *step.node.outputs):
        if graph.tensors[t].storage in storages:
            shown.setdefault(graph.tensors[t].storage, t)
    return list(shown.values())
