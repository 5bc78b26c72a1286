"""Watches one forward and its backward: reads the figures of each place when its operator has run, and those of its gradient when
that arrives.

The places are operators of a Graph that was traced before. An operator of the real run is the one of the Graph that has the same
name, in the same module run, at the same turn: what the trace on the meta device and the run with gradients do differently (views
of parameters) does not shift the others.
"""

import time
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from archscope.graph import Graph
from archscope.signal import statistics
from archscope.signal.places import Spot
from archscope.tracing.listening_mode import ListeningMode
from archscope.tracing.process import listens
from archscope.tracing.tensor_identity import tensors_in

Key = tuple[int, str, int]  # module run, operator, turn


class TimeIsUpError(Exception):
    """The run was stopped at its deadline."""


class Probe(ListeningMode):
    """Reads the figures of `spots` while it is entered, and of their gradients until the backward is done.

    Arguments:
        graph: the trace that the spots are of.
        deadline: of `time.monotonic`; None for none. Past it, the run raises `TimeIsUpError`.
        watch_all: also look at every operator's result for the first value that is no finite number: see `broken`.

    Attributes:
        figures: one dictionary for each spot.
        rank_limits: the largest rank that each could show.
        broken: where the first value is that is no finite number, and what wrote it; "" for nowhere.
    """

    def __init__(self, graph: Graph, spots: Sequence[Spot], deadline: float | None = None, watch_all: bool = False) -> None:
        super().__init__()
        self.figures: list[dict[str, float | None]] = [{} for _ in spots]
        self.rank_limits = [0] * len(spots)
        self.broken = ""
        self._graph, self._spots, self._deadline, self._watch_all = graph, spots, deadline, watch_all
        keys = _keys(graph)
        self._outputs = {keys[spot.writer.id]: at for at, spot in enumerate(spots)}
        self._sums = {keys[spot.sum.node.id]: at for at, spot in enumerate(spots) if spot.sum is not None}
        self._turns: Counter[tuple[int, str]] = Counter()
        self._calls = 0
        self._running: list[int] = []
        self._waiting: dict[int, tuple[Tensor, int]] = {}  # id() of a place's result -> itself, the place

    def __exit__(self, *error: Any) -> None:
        super().__exit__(*error)
        for tensor, at in self._waiting.values():
            self._await_gradient(tensor, at)
        self._waiting.clear()

    def begin(self, module: nn.Module, args: tuple[Any, ...]) -> None:
        """A module is about to run."""
        self._running.append(self._calls)
        self._calls += 1

    def finish(self, module: nn.Module, args: tuple[Any, ...], output: Any) -> None:
        """It has run, or raised."""
        self._running.pop()

    def __torch_dispatch__(self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None) -> Any:
        if not listens(self):  # a trace inside this run: its operators are its own
            return func(*args, **(kwargs or {}))
        if self._deadline is not None and time.monotonic() > self._deadline:
            raise TimeIsUpError
        if self._waiting:
            for tensor in tensors_in(args):
                found = self._waiting.pop(id(tensor), None)
                if found is not None:
                    self._await_gradient(*found)
        name = func._schema.name.replace("::", ".")
        here = (self._running[-1] if self._running else 0, name)
        key = (*here, self._turns[here])
        self._turns[here] += 1
        if key in self._sums:
            self._read_sum(self._sums[key], tensors_in(args))  # before it runs: it may write on its first operand
        out = func(*args, **(kwargs or {}))
        if self._watch_all and not self.broken:
            self._watch(here, out)
        if key in self._outputs:
            results = tensors_in(out)
            if results:
                self._read(self._outputs[key], results[0])
        return out

    def _read(self, at: int, x: Tensor) -> None:
        spot, found = self._spots[at], self.figures[at]
        if not x.is_floating_point() or x.dim() <= spot.axis:
            return
        found.update(statistics.moments(x, spot.axis))
        found["dead"] = statistics.dead_share(x, spot.axis)
        found["rank"], self.rank_limits[at] = statistics.rank(x, spot.axis)
        self._waiting[id(x)] = (x, at)

    def _read_sum(self, at: int, operands: list[Tensor]) -> None:
        spot, found = self._spots[at], self.figures[at]
        if spot.sum is None or len(operands) != 2:
            return
        for name, place in (("branch", spot.sum.branch), ("shortcut", spot.sum.shortcut)):
            figures = statistics.moments(operands[place], spot.axis, spot.sum.factor if place == 1 else 1.0)
            found[f"{name}_mean_squared"], found[f"{name}_variance"] = figures["mean_squared"], figures["variance"]
        branch, shortcut = found["branch_variance"], found["shortcut_variance"]
        found["branch_ratio"] = branch / shortcut if branch is not None and shortcut else None

    def _await_gradient(self, x: Tensor, at: int) -> None:
        """The tensor is complete now, with its history: whatever writes on it later has a gradient of its own."""
        if x.requires_grad:
            x.register_hook(_reader(self.figures[at], self._deadline))

    def _watch(self, here: tuple[int, str], out: Any) -> None:
        for tensor in tensors_in(out):
            if tensor.is_floating_point() and tensor.numel() and not bool(torch.isfinite(tensor).all()):
                call = self._graph.calls[here[0]] if here[0] < len(self._graph.calls) else self._graph.calls[0]
                what = "NaN" if bool(torch.isnan(tensor).any()) else "infinity"
                self.broken = f"{call.path or self._graph.name} ({call.type}, {here[1]}): {what}"
                return


def _reader(found: dict[str, float | None], deadline: float | None) -> Callable[[Tensor], None]:
    def read(gradient: Tensor) -> None:
        if deadline is not None and time.monotonic() > deadline:
            raise TimeIsUpError
        found["gradient_norm"] = statistics.norm(gradient)

    return read


def _keys(graph: Graph) -> dict[int, Key]:
    """Module run, operator and turn of each operator, by its id."""
    turns: Counter[tuple[int, str]] = Counter()
    found = {}
    for node in graph.nodes:
        here = (node.call, node.op)
        found[node.id] = (*here, turns[here])
        turns[here] += 1
    return found
