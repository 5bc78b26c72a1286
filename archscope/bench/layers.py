"""Time per layer: marks of the device's clock at the begin and end of every module's forward.

Module hooks and not the profiler: they cost a few microseconds per module and the same for every operator, they work on every
device that can be timed at all, and a module is what the Graph's counts belong to. What they cost is measured, with plain runs
in turn.
"""

from typing import Any

from torch import nn
from torch.nn.modules.module import register_module_forward_hook, register_module_forward_pre_hook

from archscope.bench.devices import Device, Run
from archscope.bench.results import statistics
from archscope.bench.results.records import CallTime, LayerTimes
from archscope.bench.timed_runs import time_runs
from archscope.conventions.operator_names import CONVOLUTIONS
from archscope.errors import ArchscopeError
from archscope.graph import Graph

RUNS = 15


class _Marks:
    """The marks of one run, in the order in which the modules begin."""

    def __init__(self, device: Device) -> None:
        self.device = device
        self.types: list[str] = []
        self.parents: list[int | None] = []
        self.begins: list[Any] = []
        self.ends: list[Any] = []
        self._running: list[int] = []

    def begin(self, module: nn.Module, args: Any) -> None:
        at = len(self.begins)
        self.types.append(type(module).__name__)
        self.parents.append(self._running[-1] if self._running else None)
        self.ends.append(None)
        self._running.append(at)
        self.begins.append(self.device.mark())

    def end(self, module: nn.Module, args: Any, output: Any) -> None:
        self.ends[self._running.pop()] = self.device.mark()

    def seconds(self) -> tuple[list[float], list[float]]:
        """Total and own seconds of every call."""
        totals = [self.device.elapsed(b, e) for b, e in zip(self.begins, self.ends, strict=True)]
        own = list(totals)
        for at, parent in enumerate(self.parents):
            if parent is not None:
                own[parent] -= totals[at]
        return totals, own


def time_layers(device: Device, run: Run, graph: Graph, runs: int = RUNS) -> LayerTimes:
    """Seconds of every module's run, the median of several runs, with the Graph's counts.

    Arguments:
        run: runs the network once, uncompiled.
        graph: of the same network at the same batch.

    Raises `ArchscopeError` where the network does not run the modules that the Graph has.
    """
    plain: list[float] = []
    whole: list[float] = []
    totals: list[list[float]] = []
    owns: list[list[float]] = []
    for _ in range(runs):
        plain += time_runs(device, run, 1)
        marks = _Marks(device)
        hooks = [register_module_forward_pre_hook(marks.begin), register_module_forward_hook(marks.end)]
        try:
            whole += time_runs(device, run, 1)
        finally:
            for hook in hooks:
                hook.remove()
        _check(marks, graph)
        total, own = marks.seconds()
        totals.append(total)
        owns.append(own)
    return LayerTimes(_calls(graph, totals, owns), statistics.median(plain), statistics.median(whole), runs)


def _check(marks: _Marks, graph: Graph) -> None:
    if marks.types != [call.type for call in graph.calls]:
        raise ArchscopeError(
            f"{graph.name} ran {len(marks.types)} modules, but {len(graph.calls)} when it was traced: its layers cannot be told",
            "leave out --layers",
        )


def _calls(graph: Graph, totals: list[list[float]], owns: list[list[float]]) -> tuple[CallTime, ...]:
    macs, flops, moved, convolved = ([0] * len(graph.calls) for _ in range(4))
    for node in graph.nodes:
        macs[node.call] += node.cost.macs
        flops[node.call] += node.cost.flops
        moved[node.call] += node.bytes
        convolved[node.call] += node.cost.flops * (node.name in CONVOLUTIONS)
    times = []
    for call in graph.calls:
        total, own = ([run[call.id] for run in runs] for runs in (totals, owns))
        spread = statistics.interquartile_range(own) or max(own) - min(own)
        counts = macs[call.id], flops[call.id], moved[call.id], convolved[call.id]
        middle = statistics.median(total), statistics.median(own), spread
        times.append(CallTime(call.id, call.parent, call.path, call.type, *middle, *counts))
    return tuple(times)
