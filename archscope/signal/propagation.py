"""A module and a request -> what a signal does in it: real forwards and backwards, one for each seed.

The module is borrowed: its weights are copied, and afterwards it is what it was (weights, running statistics, modes, hooks, the
random generators), also when it raises.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from math import isfinite
from typing import Any

import torch
from torch import Tensor, nn

from archscope.errors import ArchscopeError, UsageError
from archscope.graph import Graph
from archscope.signal import bounds, examples, statistics
from archscope.signal.initialisation import initialise
from archscope.signal.places import Spot, spots
from archscope.signal.probe import Probe, TimeIsUpError
from archscope.signal.records import Place, Signal, Training, Weight, merged
from archscope.signal.training import Plan, train
from archscope.tracing.dispatch_mode import one_line
from archscope.tracing.forward_pass import trace
from archscope.tracing.lending import lent
from archscope.tracing.module_contents import Survey
from archscope.tracing.module_loan import borrowed, on_cpu
from archscope.tracing.process import listening, shared_state

Progress = Callable[[str, float], None]  # what is being done, and the share of all that is done


@dataclass(frozen=True)
class Request:
    """How to look.

    Attributes:
        by, depth: where, as in `places.spots`.
        batch: examples per run.
        seed, samples: one run for each of `seed`, `seed + 1` ...: other inputs and labels, and other weights where these are
            drawn anew.
        init: as in `initialisation.initialise`.
        mode: "train" (batch statistics) or "eval" (running statistics).
        learning_rate: of the step of SGD that `update_ratio` is of.
        images: a folder; random inputs if empty.
        plan: steps of training, after which the figures are read again.
        max_memory: bytes; max_time: seconds for one network.
    """

    by: str = "block"
    depth: int | None = None
    batch: int = 8
    seed: int = 0
    samples: int = 4
    init: str = "default"
    mode: str = "train"
    learning_rate: float = 0.1
    images: str = ""
    plan: Plan = field(default_factory=Plan)
    max_memory: int = 4 * 2**30
    max_time: float = bounds.MAX_TIME

    @property
    def where(self) -> str:
        """The words for `Signal.by`."""
        return self.by if self.depth is None else f"depth {self.depth}"


@dataclass(frozen=True)
class Given:
    """What a forward takes, by position and by name."""

    args: tuple[Any, ...]
    kwargs: dict[str, Any]

    def run(self, module: nn.Module) -> Any:
        """A forward on it."""
        return module(*self.args, **self.kwargs)

    def mapped(self, change: Callable[[Tensor], Tensor]) -> "Given":
        """The same with every tensor changed."""
        args = tuple(change(value) if isinstance(value, Tensor) else value for value in self.args)
        return Given(args, {key: change(value) if isinstance(value, Tensor) else value for key, value in self.kwargs.items()})


@dataclass
class _Sample:
    """What one run gave."""

    figures: list[dict[str, float | None]]
    rank_limits: list[int]
    weights: dict[str, tuple[float, float | None]]  # norm, norm of the gradient
    loss: float | None
    loss_name: str
    broken: str


def propagate(
    module: nn.Module,
    *inputs: Any,
    named: Mapping[str, Any] | None = None,
    request: Request | None = None,
    name: str | None = None,
    redraw: Callable[[], nn.Module] | None = None,
    progress: Progress | None = None,
    **labels: Any,
) -> list[Signal]:
    """Sends random inputs through a module, and gradients back, and reads the figures along its depth.

    Arguments:
        inputs: what forward takes, batch first; a `torch.Size` stands for random normal numbers of that shape, drawn anew for
            every sample, and so does a tensor on the meta device. Others are taken as they are.
        named: what forward takes by name.
        redraw: makes the module anew for each sample, from torch's random generator; without it all samples have its weights.
        progress: is told what is being done.
        labels: further fields of the `Signal`: label, source, options.

    Returns one `Signal`; two where the request has steps of training: before and after.

    Raises `ArchscopeError` for a run that needs more memory or time than the request allows, and for a forward that fails.

    >>> [signal] = propagate(torchvision.models.resnet18(), torch.Size((8, 3, 112, 112)))
    """
    request = request or Request()
    began = time.monotonic()
    named = dict(named or {})
    graph = trace(module, *inputs, name=name, mode=request.mode, source=labels.get("source", ""), **named)
    looked_at = spots(graph, request.by, request.depth)
    bounds.check_memory(graph, request.max_memory)
    real = any(isinstance(value, Tensor) and not value.is_meta for value in (*inputs, *named.values()))
    given = Given(inputs, named) if real else None
    run = Run(graph, looked_at, request, began + request.max_time, given, list(named), progress or (lambda what, done: None))
    before, after, losses, notes = run.all(module, redraw)
    made = [run.signal(before, notes, began, None, **labels)]
    if after:
        plan = request.plan
        training = Training(plan.steps, plan.optimizer, plan.rate, plan.data, losses)
        made.append(run.signal(after, notes, began, training, **labels))
    return made


class Run:
    """All samples of one network."""

    def __init__(
        self, graph: Graph, looked_at: list[Spot], request: Request, deadline: float, given: Given | None,
        names: list[str], progress: Progress,
    ) -> None:  # fmt: skip
        self.graph, self.spots, self.request, self.deadline, self.given = graph, looked_at, request, deadline, given
        self.names, self.progress = names, progress
        self.images: Tensor | None = None
        if request.images:
            self.images = examples.folder_of_images(request.images, graph.examples, request.batch * request.samples)

    def all(
        self, module: nn.Module, redraw: Callable[[], nn.Module] | None
    ) -> tuple[list[_Sample], list[_Sample], list[list[float | None]], list[str]]:
        """The samples before and after training, the losses of each training, and notes."""
        before: list[_Sample] = []
        after: list[_Sample] = []
        losses: list[list[float | None]] = []
        count = self.request.samples
        for at in range(count):
            self.progress(f"{self.graph.name}, sample {at + 1} of {count}", at / count)
            try:
                first, second, lost = self.one(module, redraw, at)
            except TimeIsUpError:
                if not before:
                    raise ArchscopeError(
                        f"{self.graph.name} needs more than --max-time {self.request.max_time:g} s for one sample",
                        "give a smaller --batch, --input or --steps, or a higher --max-time",
                    ) from None
                return before, after, losses, [f"stopped at --max-time {self.request.max_time:g} s after {at} of {count} samples"]
            before.append(first)
            if second is not None:
                after.append(second)
                losses.append(lost)
        return before, after, losses, []

    def one(
        self, module: nn.Module, redraw: Callable[[], nn.Module] | None, at: int
    ) -> tuple[_Sample, _Sample | None, list[float | None]]:
        """One sample; with training, also what came of it."""
        seed = self.request.seed + at
        if redraw is not None:
            with torch.random.fork_rng(devices=[]):
                torch.manual_seed(seed)
                module = redraw()
        with listening(None), lent(module), shared_state():
            return self.on_loan(module, seed, at)

    def on_loan(self, module: nn.Module, seed: int, at: int) -> tuple[_Sample, _Sample | None, list[float | None]]:
        """One sample of a module that is this thread's."""
        survey = Survey.of(module)
        if any(tensor.is_meta for tensor in survey.state):
            raise UsageError(f"{self.graph.name} is on the meta device: it has no weights", "build it on the CPU")
        # Borrowed as in eval mode: what a trace in train mode runs under keeps nothing for a backward pass.
        with borrowed(survey, training=False, device=on_cpu) as lent_state, torch.enable_grad():
            state = {param.name: tensor for param, tensor in zip(survey.params.values(), lent_state, strict=True)}
            try:
                for m in survey.paths:
                    m.training = self.request.mode == "train"
                torch.manual_seed(seed)
                initialise(module, self.request.init)
                inputs = self.inputs(at)
                before = self.measured(module, state, inputs, seed)
                if not self.request.plan.steps:
                    return before, None, []
                torch.manual_seed(seed)
                losses = train(module, self.graph, self.request.plan, self.deadline, inputs.run)
                return before, self.measured(module, state, inputs, seed), losses
            except (ArchscopeError, TimeIsUpError):
                raise
            except Exception as error:
                raise ArchscopeError(
                    f"{self.graph.name} failed: {one_line(error)}", "try another --input, --batch or --mode"
                ) from error

    def inputs(self, at: int) -> Given:
        """What goes into sample number `at`."""
        batch = self.request.batch
        if self.given is not None:
            return self.given
        if self.images is not None:
            chosen = [(at * batch + n) % len(self.images) for n in range(batch)]
            drawn = [self.images[chosen]]
        else:
            drawn = examples.random_inputs(self.graph)
        by_place = len(drawn) - len(self.names)
        return Given(tuple(drawn[:by_place]), dict(zip(self.names, drawn[by_place:], strict=True)))

    def measured(self, module: nn.Module, state: dict[str, Tensor], inputs: Given, seed: int) -> _Sample:
        """One forward and backward, watched."""
        learned = {name: p for name, p in state.items() if isinstance(p, nn.Parameter) and p.requires_grad}
        inputs = inputs.mapped(lambda x: x.detach().to("cpu"))
        if not learned:  # of a frozen network, the gradient by the activations still exists
            inputs = inputs.mapped(lambda x: x.requires_grad_() if x.is_floating_point() else x)
        for p in learned.values():
            p.grad = None
        torch.manual_seed(seed + 1)  # of dropout
        probe = Probe(self.graph, self.spots, self.deadline)
        with probe:
            output = inputs.run(module)
        torch.manual_seed(seed + 2)  # of the labels
        found = examples.loss(self.graph, output)
        del output
        if found is not None:
            found[0].backward()
        weights = {
            name: (statistics.norm(p), statistics.norm(p.grad) if p.grad is not None else None) for name, p in learned.items()
        }
        broken = ""
        if any(not _finite(figures) for figures in probe.figures):
            broken = self.first_break(module, inputs, seed)
            broken = broken or _broken_gradient(self.spots, probe.figures)
        for p in learned.values():
            p.grad = None
        loss = None if found is None else float(found[0].detach())
        return _Sample(probe.figures, probe.rank_limits, weights, loss, found[1] if found else "", broken)

    def first_break(self, module: nn.Module, inputs: Given, seed: int) -> str:
        """The forward once more, every operator looked at: where the first value is that is no finite number."""
        torch.manual_seed(seed + 1)
        probe = Probe(self.graph, [], self.deadline, watch_all=True)
        with torch.no_grad(), probe:
            inputs.run(module)
        return probe.broken

    def signal(self, samples: list[_Sample], notes: list[str], began: float, training: Training | None, **labels: Any) -> Signal:
        """The samples together."""
        graph, request = self.graph, self.request
        rate = request.learning_rate
        figures = [merged([self.complete(sample, at, rate) for sample in samples]) for at in range(len(self.spots))]
        places = [
            Place(
                spot.path, spot.type, spot.stage, spot.depth, graph.tensors[spot.writer.outputs[0]].shape[1:], limit, values,
                spot.modules,
            )
            for spot, limit, values in zip(self.spots, samples[0].rank_limits, figures, strict=True)
        ]  # fmt: skip
        if any("variance" not in values for values in figures):
            missing = [spot.path for spot, values in zip(self.spots, figures, strict=True) if "variance" not in values]
            notes = [*notes, f"not seen in the run with gradients: {', '.join(missing[:5])}"]
        if all(sample.loss is None and not sample.loss_name for sample in samples):
            notes = [*notes, "no loss could be taken of what the network returns: there are no gradients"]
        weights = [
            Weight(
                name, graph.param[name].shape if name in graph.param else (), [_known(s.weights[name][0]) for s in samples],
                [_known(s.weights[name][1]) for s in samples], [_ratio(rate, *s.weights[name]) for s in samples],
            )
            for name in samples[0].weights
        ]  # fmt: skip
        seeds = [request.seed + at for at in range(len(samples))]
        return Signal(
            name=graph.name, label=labels.pop("label", graph.name), source=labels.pop("source", ""),
            inputs=graph.examples,
            batch=graph.batch, mode=request.mode,
            dtype=graph.meta.dtype, init=request.init,
            data=f"images of {request.images}, random labels" if request.images else
            "inputs as given, random labels" if self.given is not None else examples.NORMAL,
            by=request.where, learning_rate=rate, seeds=seeds, places=places, weights=weights,
            losses=[_known(sample.loss) for sample in samples], loss=samples[0].loss_name, training=training,
            broken=next((sample.broken for sample in samples if sample.broken), ""), notes=notes, torch=str(torch.__version__),
            threads=torch.get_num_threads(), seconds=round(time.monotonic() - began, 3), **labels,
        )  # fmt: skip

    def complete(self, sample: _Sample, at: int, rate: float) -> dict[str, float | None]:
        """The figures of one place, those of its weights among them; what is no finite number does not exist."""
        found = dict(sample.figures[at])
        held = [sample.weights[name] for name in self.spots[at].weights if name in sample.weights]
        if held:
            size = sum(norm * norm for norm, _ in held) ** 0.5
            gradients = [gradient for _, gradient in held if gradient is not None]
            slope = sum(gradient * gradient for gradient in gradients) ** 0.5 if gradients else None
            found.update(weight_norm=size, weight_gradient_norm=slope, update_ratio=_ratio(rate, size, slope))
        return {key: _known(value) for key, value in found.items()}


def _finite(figures: dict[str, float | None]) -> bool:
    return all(value is None or isfinite(value) for value in figures.values())


def _known(value: float | None) -> float | None:
    return value if value is not None and isfinite(value) else None


def _ratio(rate: float, size: float, slope: float | None) -> float | None:
    return _known(rate * slope / size) if slope is not None and size > 0 else None


def _broken_gradient(looked_at: list[Spot], figures: list[dict[str, float | None]]) -> str:
    """Where the gradient, on its way back, first is no finite number."""
    for spot, found in zip(reversed(looked_at), reversed(figures), strict=True):
        if not _finite({"gradient": found.get("gradient_norm")}):
            return f"the gradient by what {spot.path or spot.type} hands on"
    return ""
