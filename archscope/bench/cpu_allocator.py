"""The peak of live tensors on the CPU, from the events of PyTorch's own allocator during one run.

Memory that an operator takes and gives back before it returns (a reordered copy of weights, a buffer for im2col) is scratch and
no tensor that the network could see: it is in the allocator's peak and not in that of the live tensors.
"""

import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

from torch.profiler import ProfilerActivity, profile


class Peak(NamedTuple):
    """Bytes beyond what was there before the run.

    Attributes:
        live: of the tensors alive at once.
        allocated: with the scratch memory inside operators; None where they cannot be told apart.
    """

    live: int
    allocated: int | None


class Step(NamedTuple):
    """One event: an allocation (`bytes` above 0), a release (below 0), or the span of an operator (0).

    Attributes:
        begin, end: nanoseconds.
        name: of the operator.
    """

    begin: int
    end: int
    bytes: int
    name: str = ""


# These hand their memory on to whoever called them.
_FACTORIES = ("empty", "zeros", "ones", "full", "resize_", "new_", "set_")
_GRAIN = "[memory]"


def allocator_peak(run: Callable[[], object]) -> Peak:
    """Runs once under the profiler and follows the allocator."""
    with _quiet(), profile(activities=[ProfilerActivity.CPU], profile_memory=True) as profiled:
        run()
    return peak_of(_steps(profiled))


def _steps(profiled: Any) -> list[Step]:
    events = profiled.profiler.kineto_results.events()
    main = min(((e.start_ns(), e.start_thread_id()) for e in events if "::" in e.name()), default=(0, 0))[1]
    found = []
    for event in events:
        if event.name() == _GRAIN:
            if event.nbytes() and str(event.device_type()).endswith("CPU"):
                found.append(Step(event.start_ns(), event.start_ns(), event.nbytes()))
        elif "::" in event.name() and not event.name().startswith("autograd::") and event.start_thread_id() == main:
            found.append(Step(event.start_ns(), event.end_ns(), 0, event.name()))
    return found


def peak_of(steps: Iterable[Step]) -> Peak:
    """The peaks of a history of allocations and operators."""
    ordered = sorted(steps, key=lambda s: (s.begin, s.bytes != 0, -s.end))
    scratch = _scratch(ordered)
    now = top = lasting = most = 0
    for at, step in enumerate(ordered):
        now += step.bytes
        top = max(top, now)
        if at not in scratch:
            lasting += step.bytes
            most = max(most, lasting)
    return Peak(most, top)


def _scratch(ordered: list[Step]) -> set[int]:
    """Positions of the allocations that an operator released itself, and of these releases."""
    found: set[int] = set()
    running: list[tuple[Step, dict[int, list[int]]]] = []  # operators, each with what it allocated by size: (positions)
    for at, step in enumerate(ordered):
        while running and running[-1][0].end < step.begin:
            running.pop()
        if not step.bytes:
            running.append((step, {}))
            continue
        owner = next((held for operator, held in reversed(running) if not _is_factory(operator.name)), None)
        if owner is None:
            continue
        if step.bytes > 0:
            owner.setdefault(step.bytes, []).append(at)
        elif owner.get(-step.bytes):
            found.update((owner[-step.bytes].pop(), at))
    return found


def _is_factory(name: str) -> bool:
    return name.rpartition("::")[2].startswith(_FACTORIES)


@contextmanager
def _quiet() -> Iterator[None]:
    """The profiler's library writes its own log to stderr unless it is told not to before it is first used."""
    before = os.environ.get("KINETO_LOG_LEVEL")
    os.environ.setdefault("KINETO_LOG_LEVEL", "99")
    try:
        yield
    finally:
        if before is None:
            del os.environ["KINETO_LOG_LEVEL"]
