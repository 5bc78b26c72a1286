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
    start = time.perf_counter()
    process = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env={**os.environ, **environment})
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{' '.join(words)} ended with {process.returncode}")
    kib = 1 if sys.platform == "darwin" else 1024
    return Usage(used.ru_utime + used.ru_stime, time.perf_counter() - start, used.ru_maxrss * kib)


def median(usages: list[Usage]) -> Usage:
    """The median of each figure."""
    return Usage(*(statistics.median(figures) for figures in zip(*usages, strict=True)))  # type: ignore[arg-type]
