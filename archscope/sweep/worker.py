"""The worker process: takes specs from a pipe, answers each with its values. Bounded in memory, ended with its parent."""

import contextlib
import os
import signal
import sys
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from multiprocessing import parent_process
from multiprocessing.connection import Connection, wait
from pathlib import Path

from archscope.sweep.examine import examine
from archscope.sweep.specification import Spec

OUT_OF_MEMORY = 117  # exit code of a worker that went over its bound
_LOOK = 0.05  # seconds between two looks at the memory


def serve(pipe: Connection, metrics: Sequence[str], memory: int) -> None:
    """Answers until the pipe closes.

    Sends None once it is ready; then, for each spec of each list that it receives, the values and its own peak of resident
    bytes.

    Arguments:
        metrics: names of the metrics.
        memory: the most resident bytes.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent gets the same Ctrl-C, and decides
    threading.Thread(target=_end_with_parent, daemon=True).start()
    with Path(os.devnull).open("w") as nowhere, contextlib.redirect_stdout(nowhere), contextlib.redirect_stderr(nowhere):
        _prepare()
        _bound(memory)
        pipe.send(None)
        with suppress(EOFError, OSError):
            while True:
                specs: Sequence[Spec] = pipe.recv()
                for spec in specs:
                    pipe.send((examine(spec, metrics), peak_memory()))


def _prepare() -> None:
    """What every network needs is imported before the first one's time runs."""
    import warnings

    import torch

    import archscope.models.loading  # noqa: F401
    from archscope.models.sources.python import keep_files

    torch.set_num_threads(1)
    warnings.simplefilter("ignore")
    keep_files()


def _end_with_parent() -> None:
    parent = parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)


def _bound(memory: int) -> None:
    """Bounds the resident memory of this process: allocations beyond it fail, and if some other kind of page grows, it ends."""
    if sys.platform == "linux":
        import resource

        status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
        data, resident = (int(status[key].split()[0]) * 1024 for key in ("VmData", "VmRSS"))
        _, hard = resource.getrlimit(resource.RLIMIT_DATA)
        # What is reserved but not used yet, such as stacks of threads, counts as data and is not resident.
        wanted = data + max(memory - resident, 0)
        resource.setrlimit(resource.RLIMIT_DATA, (wanted if hard == resource.RLIM_INFINITY else min(wanted, hard), hard))
    threading.Thread(target=_watch, args=(memory,), daemon=True).start()


def _watch(memory: int) -> None:
    while peak_memory() <= memory:
        time.sleep(_LOOK)
    os._exit(OUT_OF_MEMORY)


def peak_memory() -> int:
    """The most bytes that were resident in this process so far; 0 where the system does not say."""
    try:
        import resource
    except ImportError:
        return 0
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
