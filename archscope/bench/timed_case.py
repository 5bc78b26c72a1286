"""One model at one setting, from its preparation to its record."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import msgspec

from archscope import units
from archscope.bench import prepared_model as subject
from archscope.bench.devices import Device, is_out_of_memory
from archscope.bench.layers import RUNS, time_layers
from archscope.bench.prepared_model import Model, Subject
from archscope.bench.results import statistics
from archscope.bench.results.records import LayerTimes, Memory, Plan, Settings, Timing
from archscope.bench.timed_runs import queueing
from archscope.bench.timing import Course, warm_up
from archscope.conventions.operator_names import CONVOLUTIONS
from archscope.errors import ArchscopeError
from archscope.free_memory import available_memory
from archscope.graph import Graph
from archscope.metrics import bytes_moved, flops, peak_memory


class Case:
    """One model at one setting, from its preparation to its record."""

    def __init__(self, name: str, model: Model, settings: Settings) -> None:
        self.name = name
        self.model: Any = subject.at_inputs(model, settings.inputs)
        self.settings = settings
        self.subject: Subject | None = None
        self.graph: Graph | None = None
        self.course: Course | None = None
        self.memory = Memory()
        self.queueing: float | None = None
        self.layers: LayerTimes | None = None
        self.failure = ""

    @property
    def told(self) -> bool:
        """Whether there is anything to say of it."""
        return bool(self.failure or (self.course and self.course.rounds))

    @property
    def label(self) -> str:
        """What it is, in one line."""
        return f"{self.name}, {self.settings.words()}"

    def prepare(self, device: Device) -> None:
        """Copies, traces, and refuses what will not fit into main memory: there, running out ends more than this program."""
        self.subject = subject.prepare(self.model, self.settings, device)
        plain = self.settings.dtype if self.settings.dtype != "autocast" else "float32"
        try:
            self.graph = replace(self.model, module=self.subject.module).trace(self.settings.batch, plain)
        except ArchscopeError:
            self.graph = None
        if self.graph is not None and not self.settings.train and self.settings.dtype != "autocast":
            self.memory = Memory(predicted=peak_memory(self.graph))
        free = available_memory()
        if device.name == "cpu" and free is not None and (self.memory.predicted or 0) > free:
            raise MemoryError(f"out of memory: {units.size(self.memory.predicted)} needed, {units.size(free)} free")
        self.course = Course(self.subject.run)

    def look_at_memory(self, device: Device) -> None:
        """Measures the peak of one run."""
        assert self.subject is not None
        self.subject.without_gradients()
        resident = self.subject.resident
        peak = device.peak_memory(self.subject.run)
        if peak is not None:
            whole = None if peak.allocated is None else resident + peak.allocated
            self.memory = msgspec.structs.replace(self.memory, peak=resident + peak.live, allocated=whole)

    def fail(self, error: BaseException) -> None:
        """Notes why, and lets go of the memory."""
        said = error.message if isinstance(error, ArchscopeError) else _beginning(str(error))
        if isinstance(error, (ArchscopeError, MemoryError)):
            self.failure = said or "out of memory"
        else:
            kind = "out of memory" if is_out_of_memory(error) else type(error).__name__
            self.failure = f"{kind}: {said}".rstrip(": ")
        self.subject = None
        if self.course is not None:
            self.course.run = lambda: None

    def timing(self, group: int) -> Timing:
        """Its record."""
        graph, course, s = self.graph, self.course, self.settings
        counted = graph is not None and not s.train
        return Timing(
            model=self.name,
            digest=subject.digest(self.model),
            settings=s,
            group=group,
            rounds=tuple(map(tuple, course.rounds)) if course else (),
            warmup=course.warmup if course else 0,
            steady=course.steady if course else False,
            first_run=course.first_run if course else None,
            queueing=self.queueing,
            shapes=self.model.shapes,
            params=sum(p.numel() for p in self.model.module.parameters()),
            flops=flops(graph) if graph is not None and counted else None,
            convolutions=_convolutions(graph) if graph is not None and counted else 0.0,
            uncounted=graph.cost.unknown if graph is not None and counted else 0,
            bytes_moved=bytes_moved(graph) if graph is not None and counted and s.dtype != "autocast" else None,
            memory=self.memory,
            layers=self.layers,
            failure=self.failure,
        )

    def attempt(self, what: Callable[[Device, Plan], None], device: Device, plan: Plan) -> None:
        """Does one of the steps below; notes its error, if there is one, instead of raising it."""
        try:
            what(device, plan)
        except (Exception, SystemExit) as error:
            self.fail(error)
            device.release()

    def start(self, device: Device, plan: Plan) -> None:
        """Prepares, warms up, and looks at the memory of one run and at what queueing it takes."""
        self.prepare(device)
        assert self.course is not None
        warm_up(device, self.course, plan)
        if self.course.error is not None:
            raise self.course.error
        self.look_at_memory(device)
        self.queueing = queueing(device, self.course.run)

    def look_at_layers(self, device: Device, plan: Plan) -> None:
        """Times every module, if the network could be traced."""
        if self.subject is None or self.graph is None or self.course is None:
            return
        once = statistics.median(self.course.times)
        runs = min(RUNS, plan.runs or RUNS, max(3, int(plan.max_time / once / 2))) if once > 0 else RUNS
        self.layers = time_layers(device, self.subject.run, self.graph, runs)


def _convolutions(graph: Graph) -> float:
    """The share of a network's FLOPs that is in convolutions."""
    return sum(node.cost.flops for node in graph.nodes if node.name in CONVOLUTIONS) / max(1, graph.cost.flops)


def _beginning(said: str) -> str:
    """The first line, and of that three sentences: what was wanted and what there is. Behind them CUDA explains its allocator."""
    line = (said.strip().splitlines() or [""])[0]
    return ". ".join(line.split(". ")[:3]).rstrip(".")
