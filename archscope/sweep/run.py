"""A sweep from its begin, or from where it stopped, to the file of its results."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from archscope import units
from archscope.errors import ArchscopeError
from archscope.sweep import results
from archscope.sweep.columns import DEFAULT_METRICS, argument_column
from archscope.sweep.engines.processes import Found, on_processes, usable_cores
from archscope.sweep.examine import Values
from archscope.sweep.grid import Grid
from archscope.sweep.journal import Journal, Row, TakenError, differences
from archscope.sweep.request import about
from archscope.sweep.search import Answer, Wish, search
from archscope.sweep.specification import Limits, Spec

Engine = Callable[[Iterator[Spec]], Iterator[Found]]
"""Specs -> what was found of them, as it is ready; takes specs only as it can work on them."""

Progress = Callable[[int, int | None, int], None]
"""(rows so far, of how many, how many of them failed) -> nothing."""


class Summary(NamedTuple):
    """What became of a sweep.

    Attributes:
        rows, failures: of the whole table; failures by where they failed.
        computed: rows of this run; the others were there.
    """

    path: Path
    rows: int
    failures: Mapping[str, int]
    computed: int

    def failure(self) -> ArchscopeError | None:
        """The error that says how many failed, if any did."""
        count = sum(self.failures.values())
        if not count:
            return None
        kinds = ", ".join(f"{number} {where}" for where, number in sorted(self.failures.items()))
        return ArchscopeError(
            f"{count:,} of {self.rows:,} {'networks' if self.rows > 1 else 'network'} failed ({kinds})",
            f"the columns failed_in and failure of {self.path} say why",
        )


@dataclass(frozen=True)
class Sweep:
    """What is wanted of a sweep, whatever does the work.

    Attributes:
        out: the file of results.
        request: what was asked for, in words; see `request.py`.
        metrics: names.
        overwrite: whether results of another request are thrown away.
    """

    out: Path
    request: Mapping[str, str]
    metrics: Sequence[str] = DEFAULT_METRICS
    overwrite: bool = False
    progress: Progress = field(default=lambda *_: None)

    @property
    def journal(self) -> Path:
        """Where the rows are until there is a result."""
        return self.out.with_name(f"{self.out.name}.journal")

    def run(self, work: Iterator[Spec], total: int | None, engine: Engine) -> Summary:
        """Computes the rows that are not there yet, and writes the file of results.

        Raises `ArchscopeError` where there are results of another request.
        """
        complete = self.completed()
        if complete is not None:
            return complete
        with Journal(self.journal, self.request, self.overwrite) as journal:
            before = len(journal)
            self.fill(journal, work, total, engine)
            return self.finish(journal, len(journal) - before)

    def search(self, grid: Grid, wish: Wish, engine: Engine) -> tuple[Summary, Answer]:
        """Looks for the best combination within budgets; the rows that it looks at are the result.

        Raises `ArchscopeError` as `run` does, `UsageError` where there is no range.
        """
        complete = self.completed()
        if complete is not None:
            kept = {row["index"]: row for row in results.read(self.out)[0].to_pylist()}
            return complete, search(grid, wish, lambda numbers: {number: kept[number] for number in numbers})
        with Journal(self.journal, self.request, self.overwrite) as journal:
            known: dict[int, Row] = {int(str(row["index"])): row for row in journal.rows()}
            before = len(journal)

            def noting(specs: Iterator[Spec]) -> Iterator[Found]:
                for found in engine(specs):
                    known.update({spec.index: row(spec, values, self.metrics) for spec, values in found})
                    yield found

            def look(numbers: Iterable[int]) -> dict[int, Row]:
                wanted = list(numbers)
                self.fill(journal, map(grid.at, wanted), None, noting)
                return {number: known[number] for number in wanted}

            answer = search(grid, wish, look)
            return self.finish(journal, len(journal) - before), answer

    def fill(self, journal: Journal, work: Iterator[Spec], total: int | None, engine: Engine) -> None:
        """Appends the rows that the journal does not have."""
        self.progress(len(journal), total, sum(journal.failures.values()))
        for found in engine(spec for spec in work if spec.index not in journal):
            journal.append([row(spec, values, self.metrics) for spec, values in found])
            self.progress(len(journal), total, sum(journal.failures.values()))

    def finish(self, journal: Journal, computed: int) -> Summary:
        """Makes the result of a journal that is complete, and removes that."""
        told = about(self.request, self.metrics, journal.failures, len(journal))
        results.write(self.out, journal.rows, self.metrics, told)
        journal.remove()
        return Summary(self.out, len(journal), journal.failures, computed)

    def completed(self) -> Summary | None:
        """What the file of results says, if it is of the same request and complete. Raises `ArchscopeError` for another one."""
        if self.journal.is_file() or not self.out.exists():
            return None
        told = {} if self.out.is_dir() else results.read(self.out)[1]
        different = differences(told.get("request", {}), self.request)
        if not different:
            return Summary(self.out, told["rows"], told["failures"], 0)
        if self.overwrite and not self.out.is_dir():
            return None
        raise TakenError(
            f"{self.out} is the result of another command: {different}" if told else f"{self.out} is not the result of a sweep",
            "choose another --out, or replace it with --overwrite",
        )


def row(spec: Spec, values: Values, metrics: Sequence[str]) -> Row:
    """One line of the table."""
    arguments = {argument_column(name, metrics): value for name, value in spec.options.items()}
    given = " and ".join(units.shape(shape) for shape in spec.input) or None
    circumstances: Row = {"input": given, "batch": spec.batch, "dtype": spec.dtype, "mode": spec.mode}
    return {"index": spec.index, "model": spec.name, **arguments, **circumstances, **values}


def processes(metrics: Sequence[str], limits: Limits, count: int | None = None, names: Sequence[str] = ()) -> Engine:
    """The engine of this machine: `count` processes, as many as there are cores if not given."""
    return lambda specs: on_processes(specs, metrics, limits, count or usable_cores(), preload(names))


def preload(names: Sequence[str]) -> list[str]:
    """The libraries behind these names that take long to import."""
    prefixes = {name.partition(":")[0] for name in names}
    return [module for prefix, module in (("timm", "timm"), ("torchvision", "torchvision.models")) if prefix in prefixes]
