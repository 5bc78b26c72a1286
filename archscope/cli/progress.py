"""How far a sweep is: a bar with the rate and the time left on a terminal, a plain line now and then elsewhere. On stderr."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from archscope.sweep.run import Progress

_EVERY = 10.0  # seconds between two lines


@contextmanager
def progress() -> "Iterator[Progress]":
    """Something to tell the number of rows to. After a Ctrl-C it says that they are kept."""
    done = 0

    def noting(rows: int, total: int | None, failed: int) -> None:
        nonlocal done
        done = rows
        told(rows, total, failed)

    with _shown() as told:
        try:
            yield noting
        except KeyboardInterrupt:
            sys.stderr.write(f"{done:,} rows are kept: the same command goes on from there\n")
            raise


@contextmanager
def _shown() -> "Iterator[Progress]":
    if sys.stderr.isatty():
        with _bar() as told:
            yield told
        return
    begin = last = time.monotonic()
    first: int | None = None

    def tell(rows: int, total: int | None, failed: int) -> None:
        nonlocal last, first
        first = rows if first is None else first
        now = time.monotonic()
        if now - last < _EVERY:
            return
        last, rate = now, (rows - first) / (now - begin)
        known = total is not None and rows - first >= 20  # of fewer, most of the time went into starting the processes
        left = f", {(total - rows) / rate:,.0f} s left" if total is not None and known else ""
        of = f" of {total:,}" if total is not None else ""
        sys.stderr.write(f"{rows:,}{of} rows, {failed:,} failed, {rate:,.1f} a second{left}\n")
        sys.stderr.flush()

    yield tell


@contextmanager
def _bar() -> "Iterator[Progress]":
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

    columns = (
        BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[rate]}"), TimeElapsedColumn(), TextColumn("left"),
        TimeRemainingColumn(), TextColumn("{task.fields[failed]}"),
    )  # fmt: skip
    begin, first = time.monotonic(), -1
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=None, rate="", failed="")

        def tell(rows: int, total: int | None, failed: int) -> None:
            nonlocal first
            first = rows if first < 0 else first
            rate = (rows - first) / max(time.monotonic() - begin, 1e-9)
            bar.update(
                task, completed=rows, total=total, rate=f"{rate:,.1f} a second", failed=f"{failed:,} failed" if failed else ""
            )

        yield tell
