"""A training step in time: forward, backward, and the optimizer's step, with the memory at every operator. Functions of a Graph;
no torch.

The forward frees what neither the code nor the backward pass holds any more. The backward goes through the operators in
reverse; each makes its gradients and then lets go of what it kept. The gradients of the parameters stay until the optimizer has
used them. The step is not the first one: the optimizer has its state, and the gradients of the step before are gone
(`zero_grad` sets them to None).

The loss is not part of the network: it gives one gradient of the size of each output, and the outputs stay. Scratch space inside
a kernel is not counted.

With gradient checkpointing a segment keeps only what it reads from outside, and runs again when the backward comes to it.
Source: Chen, Xu, Zhang and Guestrin, "Training Deep Nets with Sublinear Memory Cost", 2016.
"""

from bisect import bisect_right
from collections import Counter
from collections.abc import Sequence
from typing import Literal, NamedTuple

from archscope.graph import Graph, Node, Param, Tensor
from archscope.training.backward import Plan, Step, backward
from archscope.training.gradients import Gradients, Memory
from archscope.training.optimizers import OPTIMIZERS

Phase = Literal["forward", "recompute", "backward", "optimizer"]
Span = tuple[int, int]
"""Positions of the first node of a segment and of the one behind its last."""


class Moment(NamedTuple):
    """Memory while one operator runs.

    Attributes:
        phase: of the step.
        node: the operator; in the backward the one whose gradient is made; None for the optimizer.
        bytes: of activations, what is kept, and gradients; in the optimizer's phase of gradients and what it holds for a moment.
        gradients: of these, those of the parameters.
    """

    phase: Phase
    node: Node | None
    bytes: int
    gradients: int


class Footprint(NamedTuple):
    """The memory of a training step, in bytes.

    Attributes:
        state: parameters and buffers.
        optimizer: the optimizer's state.
        kept: what the forward leaves for the backward pass.
        gradients: of all parameters, when the backward is over.
        curve: what there is beside `state` and `optimizer`, moment by moment.
        recomputed: multiply-accumulates of what runs a second time.
    """

    state: int
    optimizer: int
    kept: int
    gradients: int
    curve: tuple[Moment, ...]
    recomputed: int

    @property
    def at_peak(self) -> Moment | None:
        """The moment of the most memory, the first of equals."""
        return max(self.curve, key=lambda moment: moment.bytes, default=None)

    @property
    def peak(self) -> int:
        """Most bytes alive at once, everything included."""
        return self.state + self.optimizer + (self.at_peak.bytes if self.at_peak else 0)


def footprint(graph: Graph, optimizer: str = "sgd", segments: Sequence[Span] = ()) -> Footprint:
    """The memory of one training step.

    Arguments:
        optimizer: one of `OPTIMIZERS`.
        segments: what is checkpointed: spans of positions in `graph.nodes`, in order, none inside another.

    Raises `UsageError` for an optimizer that does not exist, or a graph that was not traced in train mode.
    """
    rules = OPTIMIZERS.find(optimizer)
    plan = backward(graph)
    run = _Run(graph, plan, segments)
    run.forward()
    kept = run.held_for_backward()
    run.backward()
    trained = [param for param in graph.params if param.name in run.gradients.waiting]
    finished = sum(param.bytes for param in trained)
    run.note("optimizer", None, rules.moment(trained))
    return Footprint(
        state=sum(param.bytes for param in graph.params),
        optimizer=rules.state(trained),
        kept=kept,
        gradients=finished,
        curve=tuple(run.curve),
        recomputed=sum(graph.nodes[at].cost.macs for span in segments for at in range(*span)),
    )


class _Run:
    """One step as it goes. Storages of the forward are known by number; what a segment makes a second time, by -1 - number."""

    def __init__(self, graph: Graph, plan: Plan, segments: Sequence[Span]) -> None:
        self.graph, self.plan = graph, plan
        self.storage = [tensor.storage for tensor in graph.tensors]
        self.step: dict[int, Step] = {step.node.id: step for step in plan.steps}
        self.segments = segments
        self.gradients = Gradients()
        self.curve: list[Moment] = []
        self.alive: set[int] = set()
        self.now = 0
        self.kept: Counter[int] = Counter()  # storage -> how many operators keep it for their backward
        self.stays = {self.storage[t] for t in (*graph.inputs, *graph.outputs)}
        self.released = _releases(graph, self.storage)
        self._made: dict[Span, set[int]] = {}
        for t in graph.inputs:
            self._allocate(self.storage[t])

    # -- memory ---------------------------------------------------------------------------------------------------------------

    def _bytes(self, storage: int) -> int:
        return self.plan.size.get(storage if storage >= 0 else -1 - storage, 0)

    def _allocate(self, storage: int) -> None:
        if storage not in self.alive:
            self.alive.add(storage)
            self.now += self._bytes(storage)

    def _free(self, storage: int) -> None:
        if storage in self.alive and not self.kept[storage] and storage not in self.stays:
            self.alive.remove(storage)
            self.now -= self._bytes(storage)

    def _let_go(self, storages: Sequence[int]) -> None:
        for storage in storages:
            self.kept[storage] -= 1
            self._free(storage)

    def note(self, phase: Phase, node: Node | None, more: int = 0) -> None:
        """Writes down a moment: what there is, and `more` for as long as it takes."""
        params = sum(memory.bytes for key, memory in self.gradients.waiting.items() if isinstance(key, str))
        self.curve.append(Moment(phase, node, self.now + self.gradients.now + more, params))

    def held_for_backward(self) -> int:
        """Bytes that are kept now."""
        return sum(self._bytes(storage) for storage, count in self.kept.items() if count)

    # -- the three phases -----------------------------------------------------------------------------------------------------

    def forward(self) -> None:
        """Every operator once; what it keeps stays."""
        inside = {at: span for span in self.segments for at in range(*span)}
        for at, node in enumerate(self.graph.nodes):
            for tensor in node.outputs:
                self._allocate(self.storage[tensor])
            self.note("forward", node)
            if at not in inside:
                self.kept.update(self._kept_by(node))
            elif at == inside[at][0]:
                self.kept.update(self._read_from_outside(inside[at]))
            for storage in self.released.get(at, ()):
                self._free(storage)

    def backward(self) -> None:
        """Every operator that gradients pass, in reverse."""
        for tensor in self.plan.outputs:
            memory = self.gradients.new(self.graph.tensors[tensor].bytes)
            memory.holders = 1
            self.gradients.give(tensor, memory, memory.bytes)
        ends = {end - 1: (begin, end) for begin, end in self.segments}
        again: Span | None = None
        for at in range(len(self.graph.nodes) - 1, -1, -1):
            if at in ends:
                again = ends[at]
                self._recompute(again)
            node = self.graph.nodes[at]
            if node.id in self.step:
                step = self.step[node.id]
                self._differentiate(step, self._second(again, step.kept) if again else step.kept)
            if again and at == again[0]:
                self._let_go(self._read_from_outside(again))
                again = None

    def _differentiate(self, step: Step, kept: Sequence[int]) -> None:
        came = self.gradients.take(step.node.outputs)
        made: list[tuple[int | str, Memory, int]] = []
        for key in step.wanted if came else ():
            record = self._record(key)
            way = step.rule.way if step.rule is not None else "new"
            fits = way == "views" or came[0].bytes == record.bytes
            memory = came[0] if way != "new" and fits else self.gradients.new(record.bytes)
            memory.holders += 1
            made.append((key, memory, record.bytes))
        self.note("backward", step.node, self._passing(step) if came else 0)
        self._let_go(kept)
        for memory in came:
            self.gradients.let_go(memory)
        self.gradients.most = self.gradients.now
        for key, memory, size in made:
            self.gradients.give(key, memory, size)
        if self.gradients.most > self.gradients.now:  # gradients met, and both and their sum were there for a moment
            self.note("backward", step.node, self.gradients.most - self.gradients.now)

    def _passing(self, step: Step) -> int:
        """Bytes that making the gradients takes for a moment beside them."""
        if step.rule is None:
            return 0
        result = self.graph.tensors[step.node.outputs[0]].bytes
        summed = step.rule.broadcasts and any(self._record(key).bytes < result for key in step.wanted)
        return result * (step.rule.passing(step.node.wanted) + summed)

    def _record(self, key: int | str) -> Tensor | Param:
        return self.graph.tensors[key] if isinstance(key, int) else self.graph.param[key]

    # -- segments that run again ----------------------------------------------------------------------------------------------

    def _recompute(self, span: Span) -> None:
        """Runs a segment again, as far as something in it is kept; now it stays."""
        nodes = self.graph.nodes
        keeping = [at for at in range(*span) if self._kept_by(nodes[at])]
        again = range(span[0], keeping[-1] + 1 if keeping else span[0])
        touched = {
            at: [*(self.storage[t] for t in (*nodes[at].inputs, *nodes[at].outputs)), *self._kept_by(nodes[at])] for at in again
        }
        last = {storage: at for at in again for storage in touched[at]}
        for at in again:
            for tensor in nodes[at].outputs:
                self._allocate(self._second(span, [self.storage[tensor]])[0])
            self.note("recompute", nodes[at])
            self.kept.update(self._second(span, self._kept_by(nodes[at])))
            for storage in touched[at]:
                if last[storage] == at and self._second(span, [storage])[0] != storage:
                    self._free(-1 - storage)

    def _kept_by(self, node: Node) -> tuple[int, ...]:
        return self.step[node.id].kept if node.id in self.step else ()

    def _read_from_outside(self, span: Span) -> list[int]:
        nodes = self.graph.nodes[span[0] : span[1]]
        made = {self.storage[t] for node in nodes if node.bytes for t in node.outputs}
        read = dict.fromkeys(self.storage[t] for node in nodes for t in node.inputs)
        return [storage for storage in read if storage not in made and storage in self.plan.size]

    def _second(self, span: Span, storages: Sequence[int]) -> list[int]:
        """The names of these storages when the segment runs again: what it made itself is new memory."""
        if span not in self._made:
            nodes = self.graph.nodes[span[0] : span[1]]
            self._made[span] = {self.storage[t] for node in nodes if node.bytes for t in node.outputs}
        return [-1 - storage if storage in self._made[span] else storage for storage in storages]


def _releases(graph: Graph, storage: Sequence[int]) -> dict[int, list[int]]:
    """Position of a node -> the storages that the forward lets go of behind it."""
    ids = [node.id for node in graph.nodes]
    last: dict[int, int] = {}
    for at, node in enumerate(graph.nodes):
        for tensor in (*node.inputs, *node.outputs):
            held = bisect_right(ids, graph.tensors[tensor].until) - 1
            last[storage[tensor]] = max(last.get(storage[tensor], -1), at, held)
    released: dict[int, list[int]] = {}
    for number, at in last.items():
        released.setdefault(at, []).append(number)
    return released
