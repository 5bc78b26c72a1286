"""Whole processes, timed from outside: CPU seconds, wall seconds and peak memory, in turn with their reference."""

import os
import statistics
import subprocess
import sys
import time
from typing import NamedTuple


class Usage(NamedTuple):
    """What one process took."""

    cpu: float
    wall: float
    peak_bytes: int


def run(*words: str, **environment: str) -> Usage:
    """Runs one process to its end; its output is thrown away."""
    # As installed: modules are compiled once, whatever this shell says.
    found = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    start = time.perf_counter()
    process = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env={**found, **environment})
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{' '.join(words)} ended with {process.returncode}")
    kib = 1 if sys.platform == "darwin" else 1024
    return Usage(used.ru_utime + used.ru_stime, time.perf_counter() - start, used.ru_maxrss * kib)


Job = tuple[tuple[str, ...], dict[str, str]]
"""The words of a command, and what it finds in its environment."""


def in_turn(jobs: dict[str, Job], rounds: int) -> dict[str, Usage]:
    """The median of each job, all run in turn, round by round; a first round, not counted, warms the disk."""
    taken: dict[str, list[Usage]] = {name: [] for name in jobs}
    for round_ in range(rounds + 1):
        for name, (words, environment) in jobs.items():
            usage = run(*words, **environment)
            if round_:
                taken[name].append(usage)
    return {name: median(usages) for name, usages in taken.items()}


def median(usages: list[Usage]) -> Usage:
    """The median of each figure."""
    return Usage(*(statistics.median(figures) for figures in zip(*usages, strict=True)))  # type: ignore[arg-type]
