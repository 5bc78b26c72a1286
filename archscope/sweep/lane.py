"""A lane: one worker process at a time, and the verdict on whatever ends it.

A network is blamed for the death of a process only when it was the first that this process looked at: what a process has on
its back from earlier networks is nobody's fault, so the suspect gets a fresh one.
"""

import multiprocessing
import signal
import sys
import threading
from collections.abc import Sequence
from contextlib import suppress
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerProcess, SpawnProcess
from types import ModuleType
from typing import Literal

from archscope import units
from archscope.errors import ArchscopeError
from archscope.sweep.examine import Values, failed
from archscope.sweep.specification import Limits, Spec
from archscope.sweep.worker import OUT_OF_MEMORY, serve

_START = 600.0  # seconds that a process may take to import everything on a slow disk
_MOST = 2000  # networks per process: libraries leak
_LOCK = threading.Lock()


class ClosedError(Exception):
    """The lane was closed while it worked."""


class Lane:
    """Examines specs in a process of its own, which it starts anew when it must.

    Arguments:
        metrics: names of the metrics.
        preload: modules that are worth importing once for all processes.
    """

    def __init__(self, metrics: Sequence[str], limits: Limits, preload: Sequence[str] = ()) -> None:
        self._metrics, self._limits, self._preload = tuple(metrics), limits, tuple(preload)
        self._process: ForkServerProcess | SpawnProcess | None = None
        self._pipe: Connection | None = None
        self._seen = self._peak = 0
        self._closed = False

    def examine(self, specs: Sequence[Spec]) -> list[Values]:
        """The values of each, in order. Raises `ClosedError` when `close` is called meanwhile."""
        found: list[Values] = []
        while len(found) < len(specs):
            pipe = self._ready()
            with suppress(BrokenPipeError):
                pipe.send(specs[len(found) :])
            while len(found) < len(specs):
                first = self._seen == 0
                values = self._next(pipe)
                if isinstance(values, str):  # the process is gone
                    if first or values == "timeout":
                        found.append(self._verdict(values))
                    self._discard()
                    break
                if values.get("failed_in") == "memory":
                    if first:
                        found.append(self._verdict("memory"))
                    self._discard()
                    break
                found.append(values)
        if self._seen >= _MOST or self._peak > self._limits.memory // 2:
            self._discard()
        return found

    def close(self) -> None:
        """Ends the process; a lane that is at work stops."""
        self._closed = True
        self._discard()

    # -- the process -------------------------------------------------------------------------------------------------------------

    def _ready(self) -> Connection:
        if self._closed:
            raise ClosedError
        if self._pipe is None:
            self._process, self._pipe = _started(self._metrics, self._limits.memory, self._preload)
            self._seen = self._peak = 0
            try:
                if self._closed or not self._pipe.poll(_START):
                    raise EOFError
                self._pipe.recv()
            except (EOFError, OSError):
                self._discard()
                if self._closed:
                    raise ClosedError from None
                raise ArchscopeError(
                    "a worker process ended before it could begin", f"is --memory {units.size(self._limits.memory)} enough?"
                ) from None
        return self._pipe

    def _next(self, pipe: Connection) -> Values | Literal["timeout", "died"]:
        try:
            if not pipe.poll(self._limits.seconds):
                return "timeout"
            values, self._peak = pipe.recv()
        except (EOFError, OSError):
            if self._closed:
                raise ClosedError from None
            return "died"
        self._seen += 1
        return values  # type: ignore[no-any-return]

    def _verdict(self, how: str) -> Values:
        if how == "timeout":
            return failed("timeout", f"no answer within {self._limits.seconds:g} s")
        code = self._ended() if how == "died" else OUT_OF_MEMORY
        if code == OUT_OF_MEMORY:
            return failed("memory", f"it needs more than {units.size(self._limits.memory)} of memory")
        if code is not None and code < 0:
            name = signal.Signals(-code).name if -code in {s.value for s in signal.Signals} else f"signal {-code}"
            because = ", as the system does when memory runs out" if name == "SIGKILL" else ""
            return failed("killed", f"its process was ended by {name}{because}")
        return failed("killed", f"it ended its process with exit code {code}")

    def _ended(self) -> int | None:
        assert self._process is not None
        self._process.join(5)
        return self._process.exitcode

    def _discard(self) -> None:
        process, pipe, self._process, self._pipe = self._process, self._pipe, None, None
        if process is not None:
            process.kill()
            process.join()
        if pipe is not None:
            pipe.close()


def _started(metrics: Sequence[str], memory: int, preload: Sequence[str]) -> tuple[ForkServerProcess | SpawnProcess, Connection]:
    """A new process and our end of its pipe. From a fork server where there is one: torch is imported once for all of them."""
    forks = "forkserver" in multiprocessing.get_all_start_methods()
    context = multiprocessing.get_context("forkserver") if forks else multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    # The new process would import the program that runs this one; nothing of that is needed, and an unguarded script would start
    # all over again.
    with _LOCK:
        if forks:
            context.set_forkserver_preload([*preload, "archscope.sweep.preload"])
        program, sys.modules["__main__"] = sys.modules["__main__"], ModuleType("__main__")
        try:
            process = context.Process(target=serve, args=(theirs, metrics, memory), daemon=True)
            process.start()
        except EOFError:  # the fork server could not import what it is to fork
            raise ArchscopeError(
                "worker processes cannot be started", "find out why: python -c 'import archscope.sweep.preload'"
            ) from None
        finally:
            sys.modules["__main__"] = program
    theirs.close()
    return process, ours
