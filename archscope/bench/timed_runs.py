"""Runs by the clock of their device, and what queueing them takes the processor."""

import gc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from statistics import median
from time import perf_counter

from archscope.bench.devices import Cpu, Device, Run


def time_runs(device: Device, run: Run, count: int) -> list[float]:
    """Seconds of each of `count` runs, one behind the other, with a mark before and after each and one wait around them all."""
    with device.chosen(), _no_collection():
        device.synchronise()
        marks = []
        for _ in range(count):
            begin = device.mark()
            run()
            marks.append((begin, device.mark()))
        device.synchronise()
        return [device.elapsed(begin, end) for begin, end in marks]


def queueing(device: Device, run: Run, count: int = 7, clock: Callable[[], float] = perf_counter) -> float | None:
    """Seconds that the processor takes to queue the work of one run on a GPU that has nothing else to do, the median of several;
    None on the CPU, which does the work itself.

    Arguments:
        clock: gives seconds. Not torch's own timer: that one waits for the GPU.
    """
    if isinstance(device, Cpu):
        return None
    times = []
    with device.chosen(), _no_collection():
        for _ in range(count):
            device.synchronise()
            begin = clock()
            run()
            times.append(clock() - begin)
        device.synchronise()
    return median(times)


@contextmanager
def _no_collection() -> Iterator[None]:
    """Python's garbage collector waits, as it does in `timeit`."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
