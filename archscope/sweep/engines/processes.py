"""Processes of this machine, side by side."""

import os
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from queue import SimpleQueue

from archscope.sweep.engines.pace import Pace
from archscope.sweep.examine import Values
from archscope.sweep.lane import Lane
from archscope.sweep.specification import Limits, Spec

Found = list[tuple[Spec, Values]]


def usable_cores() -> int:
    """Cores that this process may run on."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def on_processes(
    specs: Iterator[Spec], metrics: Sequence[str], limits: Limits, processes: int, preload: Sequence[str] = ()
) -> Iterator[Found]:
    """The values of each spec, in the order in which they are found. Takes from `specs` as it goes, a few ahead.

    Arguments:
        metrics: names of the metrics.
        limits: of each network.
        preload: modules that are worth importing once for all processes.
    """
    lanes = [Lane(metrics, limits, preload) for _ in range(processes)]
    free: SimpleQueue[Lane] = SimpleQueue()
    for lane in lanes:
        free.put(lane)

    def work(chunk: list[Spec]) -> tuple[Found, float]:
        lane, begin = free.get(), time.monotonic()
        try:
            return list(zip(chunk, lane.examine(chunk), strict=True)), time.monotonic() - begin
        finally:
            free.put(lane)

    pace = Pace()
    pending: set[Future[tuple[Found, float]]] = set()
    threads = ThreadPoolExecutor(processes)
    try:
        while True:
            while len(pending) < 2 * processes and (chunk := pace.chunk(specs)):
                pending.add(threads.submit(work, chunk))
            if not pending:
                return
            done, pending = wait(pending, return_when=FIRST_COMPLETED)
            for future in done:
                found, seconds = future.result()
                pace.note(len(found), seconds)
                yield found
    finally:
        for future in pending:
            future.cancel()
        for lane in lanes:
            lane.close()
        threads.shutdown()
