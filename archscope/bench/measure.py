"""Models and settings to a Session: each group of timings is prepared, warmed up, run in turn and looked into."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from archscope.bench import machine
from archscope.bench import prepared_model as subject
from archscope.bench.ceilings import better, measure_ceiling
from archscope.bench.devices import Device, find, pinned_threads
from archscope.bench.environment import environment
from archscope.bench.prepared_model import Model
from archscope.bench.results import statistics
from archscope.bench.results.records import Ceiling, Plan, Session, Settings, Timing
from archscope.bench.settings_grid import groups
from archscope.bench.timed_case import Case
from archscope.bench.timed_runs import time_runs
from archscope.bench.timing import in_rounds
from archscope.errors import ArchscopeError, UsageError


@dataclass(frozen=True)
class Step:
    """How far a benchmark is.

    Attributes:
        what: what it does now: "inception_v4, batch 8, float32: warm-up".
        done: the share of the whole that is behind it.
    """

    what: str
    done: float


Progress = Callable[[Step], None]


def bench(
    models: Sequence[Model],
    settings: Sequence[Settings] = (Settings(),),
    device: Device | None = None,
    plan: Plan = Plan(),  # noqa: B008  (frozen)
    *,
    baseline: str = "",
    layers: bool = False,
    ceilings: bool = True,
    progress: Progress = lambda step: None,
) -> Session:
    """Times every model at every setting; models run in turn at each setting, a single model's dtypes, layouts and compilation
    in turn.

    Arguments:
        models: with weights, on any device; they are copied and stay as they are.
        device: the best one there is if not given.
        baseline: name of the model that ratios refer to; the first if not given.
        layers: also time every module (forward only, uncompiled).
        ceilings: also measure what the device can do at best.
        progress: is told how far it is.

    A timing that fails says so in its record and the rest goes on. After Ctrl-C the session holds what was finished. Raises
    `UsageError` for two different models of one name, a baseline that is no model, or layers of what is compiled or trained.
    """
    named = _named(models)
    _check(named, settings, baseline, layers)
    device = device or find()
    timings: list[Timing] = []
    roofs: list[Ceiling] = []
    overhead: float | None = None
    before = machine.counters()
    interrupted = False
    try:
        progress(Step("what the device can do at best" if ceilings else "start", 0.0))
        overhead = statistics.median(time_runs(device, lambda: None, 200))
        if ceilings:
            roofs = _measure_ceilings(device, settings)
        work = groups(settings, len(models))
        for number, together in enumerate(work):
            cases = [Case(name, model, setting) for setting in together for name, model in named]
            with pinned_threads(together[0].threads):
                try:
                    _measure_group(cases, device, plan, layers, _part(progress, number, len(work)))
                finally:
                    timings += [case.timing(number) for case in cases if case.told]
                    del cases
                    device.release()
        if ceilings:
            progress(Step("once more: what the device can do at best", 1.0))
            again = {(roof.dtype, roof.threads): roof for roof in _measure_ceilings(device, settings)}
            roofs = [better(roof, again.get((roof.dtype, roof.threads), roof)) for roof in roofs]
    except KeyboardInterrupt:
        interrupted = True
    return Session(
        environment=environment(device),
        plan=plan,
        timings=tuple(timings),
        ceilings=tuple(roofs),
        strain=machine.strain(before, machine.counters()),
        overhead=overhead,
        baseline=baseline or named[0][0],
        interrupted=interrupted,
    )


def _part(progress: Progress, number: int, count: int) -> Progress:
    """The progress of the `number`th of `count` equal parts."""
    return lambda step: progress(Step(step.what, (number + step.done) / count))


def _named(models: Sequence[Model]) -> list[tuple[str, Model]]:
    """The models with names of their own: a second copy of the same is "lenet5#2".

    Raises `UsageError` for two different ones of one name.
    """
    if not models:
        raise UsageError("no model to time", "name one: archscope bench inception_v4")
    seen: dict[str, list[str]] = {}
    named: list[tuple[str, Model]] = []
    for model in models:
        digests = seen.setdefault(model.name, [])
        digests.append(subject.digest(model))
        if digests[0] != digests[-1]:
            raise UsageError(f"two different models are called {model.name}", "time them one by one, or rename one")
        named.append((model.name if len(digests) == 1 else f"{model.name}#{len(digests)}", model))
    return named


def _check(named: list[tuple[str, Model]], settings: Sequence[Settings], baseline: str, layers: bool) -> None:
    names = [name for name, _ in named]
    if baseline and baseline not in names:
        raise UsageError(f"--baseline {baseline} is none of the models", f"choose from {', '.join(names)}")
    if layers and any(s.compiled or s.train for s in settings):
        raise UsageError("--layers times the modules of a plain forward", "leave out --compile and --train")


def _measure_ceilings(device: Device, settings: Sequence[Settings]) -> list[Ceiling]:
    roofs: list[Ceiling] = []
    for dtype, threads in dict.fromkeys((s.dtype, s.threads) for s in settings):
        with pinned_threads(threads):
            try:
                roofs.append(measure_ceiling(device, dtype, threads))
            except (RuntimeError, ArchscopeError):  # a dtype that has no matrix product here: the timing itself will say so
                continue
            finally:
                device.release()
    return roofs


def _measure_group(cases: list[Case], device: Device, plan: Plan, layers: bool, progress: Progress) -> None:
    for at, case in enumerate(cases):
        progress(Step(f"{case.label}: warm-up", 0.2 * at / len(cases)))
        case.attempt(case.start, device, plan)
    going = [case for case in cases if case.course is not None and not case.failure]
    courses = [case.course for case in going if case.course is not None]
    label = going[0].label if len(going) == 1 else f"{len(going)} in turn, {cases[0].settings.words()}"
    in_rounds(device, courses, plan, lambda done: progress(Step(label, 0.2 + 0.7 * done)))
    for at, case in enumerate(going):
        if case.course is not None and case.course.error is not None:
            case.fail(case.course.error)
        elif layers:
            progress(Step(f"{case.label}: layers", 0.9 + 0.1 * at / len(going)))
            case.attempt(case.look_at_layers, device, plan)
