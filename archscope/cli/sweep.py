"""`archscope sweep`."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import typer

from archscope.cli import options
from archscope.cli.output import destination
from archscope.cli.progress import progress
from archscope.errors import UsageError
from archscope.units import parse_count, parse_seconds, parse_shape

if TYPE_CHECKING:
    from archscope.sweep.grid import Grid
    from archscope.sweep.run import Engine, Summary
    from archscope.sweep.search import Answer, Wish
    from archscope.sweep.specification import Limits

Words = Annotated[
    list[str],
    typer.Argument(
        metavar="SPEC...",
        help="Models; patterns over names: 'timm:*', 'resnet*'; files of names (.txt); or one generator, FILE.py:FUNCTION.",
        show_default=False,
        autocompletion=options.complete_model,
    ),
]
Set = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        "-s",
        metavar="NAME=VALUES",
        help="A constructor argument and its values: width=32,64,128 or depth=2..8. Repeatable; every combination is looked at.",
        show_default=False,
    ),
]
Inputs = Annotated[
    list[str] | None,
    typer.Option(
        "--input",
        "-i",
        metavar="SHAPE,SHAPE",
        help="Input shapes without the batch: 3x224x224,3x320x320. Repeat it for several inputs.",
        show_default="the model's own",
    ),
]


def _most(name: str, what: str, metavar: str) -> Any:
    return typer.Option(f"--max-{name}", metavar=metavar, help=f"Most {what}.", show_default=False, rich_help_panel="Search")


@dataclass(frozen=True)
class Within:
    """The options of a search within budgets."""

    max_params: Annotated[str | None, _most("params", "parameters: 45M", "COUNT")] = None
    max_macs: Annotated[str | None, _most("macs", "multiply-accumulates: 600M", "COUNT")] = None
    max_flops: Annotated[str | None, _most("flops", "floating-point operations: 1.2G", "COUNT")] = None
    max_activations: Annotated[str | None, _most("activations", "elements that operators write: 70M", "COUNT")] = None
    max_peak_memory: Annotated[str | None, _most("peak-memory", "parameters and activations alive at once", "BYTES")] = None
    maximise: Annotated[
        str | None,
        typer.Option(
            "--maximise", metavar="METRIC", help="Of which the most is wanted.", show_default="the first that has a budget",
            rich_help_panel="Search",
        ),
    ] = None  # fmt: skip

    def budgets(self) -> dict[str, str]:
        """The budgets that are given, by metric, as they were written."""
        given = {
            "params": self.max_params, "macs": self.max_macs, "flops": self.max_flops, "activations": self.max_activations,
            "peak_memory": self.max_peak_memory,
        }  # fmt: skip
        return {metric: words for metric, words in given.items() if words is not None}

    def wish(self) -> "Wish | None":
        """What is searched for; None where there is no budget. Raises `UsageError` for a goal without one."""
        from archscope.sweep.columns import metric_names
        from archscope.sweep.search import Wish

        budgets = {metric: parse_count(words) for metric, words in self.budgets().items()}
        if not budgets:
            if self.maximise is not None:
                raise UsageError(f"--maximise {self.maximise} without a budget", "give one: --max-macs 600M")
            return None
        return Wish(budgets, metric_names(self.maximise)[0] if self.maximise else next(iter(budgets)))

    def words(self) -> str:
        """The search in words; empty where there is none."""
        told = [f"{metric} at most {words}" for metric, words in self.budgets().items()]
        return ", ".join([*told, f"most {self.maximise}"] if self.maximise else told)


def sweep(
    models: Words,
    set_: Set = None,
    input: Inputs = None,
    batch: Annotated[str, typer.Option("--batch", "-b", metavar="N,N", help="Examples per forward pass; a list.")] = "1",
    dtype: Annotated[str, typer.Option("--dtype", metavar="DTYPE,DTYPE", help="Of inputs and weights; a list.")] = "float32",
    mode: options.Mode = "eval",
    metrics: Annotated[
        str | None,
        typer.Option("--metrics", "-m", metavar="NAME,NAME", help="Of each network; all: every one.", show_default="as compare"),
    ] = None,
    sample: Annotated[
        int | None, typer.Option("--sample", metavar="N", min=1, help="Draw so many of the combinations.", show_default="all")
    ] = None,
    seed: Annotated[int, typer.Option("--seed", help="Of the sample, and of what a generator draws.")] = 0,
    out: Annotated[
        str,
        typer.Option(
            "--out", "-o", metavar="FILE", help="Ends in parquet, csv or jsonl. A bare format names it sweep, in reports/."
        ),
    ] = "parquet",
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Throw away what another command left there.")] = False,
    processes: Annotated[
        int | None, typer.Option("--processes", "-p", min=1, help="Side by side.", show_default="one per core")
    ] = None,
    timeout: Annotated[str, typer.Option("--timeout", metavar="TIME", help="For one network: 30s.")] = "120s",
    memory: Annotated[str, typer.Option("--memory", metavar="SIZE", help="Resident in each process, at most.")] = "2GiB",
    engine: Annotated[str, typer.Option("--engine", help="processes, or ray: a cluster.")] = "processes",
    address: Annotated[
        str | None,
        typer.Option("--address", metavar="HOST:PORT", help="Of a Ray cluster.", show_default="one on this machine"),
    ] = None,
    *,
    within: Within,
) -> None:
    """Thousands of networks: one row each, in one file. Said again after a crash or Ctrl-C, it goes on where it stopped.

    archscope sweep 'timm:resnet*' --out resnets.parquet

    With a budget and a goal it looks for the best of a grid: --set width=16..256 --max-macs 600M --maximise params
    """
    from archscope.sweep import columns, results
    from archscope.sweep.request import request
    from archscope.sweep.run import Sweep
    from archscope.sweep.work_list import work_list

    path = destination(out, "sweep", results.SUFFIXES)
    if path is None:
        raise UsageError("--out -: the rows of a sweep go to a file", "name one, as in --out results.csv")
    wish = within.wish()
    names = columns.metric_names(metrics)
    names = tuple(dict.fromkeys((*names, *wish.budgets, wish.goal))) if wish else names
    grid, limits = _grid(set_, input, batch, dtype, mode), _limits(timeout, memory)
    work = work_list(models, grid, sample, seed)
    asked = {
        **{f"--set {word.partition('=')[0].strip()}": word.partition("=")[2] for word in set_ or ()},
        "--input": ",".join(input or ()), "--batch": batch, "--dtype": dtype, "--mode": mode, "--metrics": ",".join(names),
        "--sample": str(sample or ""), "--seed": str(seed), "budgets": within.words(),
    }  # fmt: skip
    wanted = request(models, asked, limits, work.grid.names)
    worker = _engine(engine, address, names, limits, processes, work.grid.names)
    if wish is not None:
        if work.total != len(work.grid) or engine != "processes":
            raise UsageError("a search looks at few of a whole grid", "leave out --sample, --engine and generators")
        with progress() as told:
            done, answer = Sweep(path, wanted, names, overwrite, told).search(work.grid, wish, worker)
        _answered(done, answer, wish, list(work.grid.arguments))
        return
    with progress() as told:
        done = Sweep(path, wanted, names, overwrite, told).run(iter(work), work.total, worker)
    _written(done)
    error = done.failure()
    if error is not None:
        raise error


def _written(done: "Summary") -> None:
    there = f", {done.rows - done.computed:,} of them were there" if done.computed < done.rows else ""
    sys.stderr.write(f"{done.rows:,} rows{there}\n")
    sys.stdout.write(f"{done.path}\n")


def _answered(done: "Summary", answer: "Answer", wish: "Wish", arguments: list[str]) -> None:
    """The best network as a table, and where the others are."""
    from archscope.cli.output import show
    from archscope.sweep.search import none_within
    from archscope.sweep.search_table import search_table

    if answer.best is not None:
        show([search_table(answer, wish, arguments)])
    _written(done)
    if answer.best is None:
        raise none_within(wish, answer)


def _grid(set_: list[str] | None, input: list[str] | None, batch: str, dtype: str, mode: str) -> "Grid":
    from itertools import product

    from archscope.sweep.alternatives import arguments
    from archscope.sweep.grid import Grid

    if mode not in ("eval", "train"):
        raise UsageError(f"unknown mode '{mode}'", "choose from eval, train")
    inputs = [tuple(choice) for choice in product(*([parse_shape(w.strip()) for w in words.split(",")] for words in input or ()))]
    batches = [_whole(word.strip()) for word in batch.split(",")]
    return Grid((), arguments(set_ or ()), inputs, batches, [word.strip() for word in dtype.split(",")], mode)


def _whole(word: str) -> int:
    if not word.isdecimal() or int(word) < 1:
        raise UsageError(f"--batch {word} is not possible", "--batch takes whole numbers of 1 or more, with commas between them")
    return int(word)


def _limits(timeout: str, memory: str) -> "Limits":
    from archscope.sweep.specification import Limits

    limits = Limits(parse_seconds(timeout), parse_count(memory))
    if limits.seconds <= 0:
        raise UsageError(f"--timeout {timeout} leaves no time", "write --timeout 30s")
    if limits.memory < 2**28:
        raise UsageError(f"--memory {memory} is less than torch alone takes", "give it 512MiB or more")
    return limits


def _engine(
    name: str, address: str | None, metrics: tuple[str, ...], limits: "Limits", processes: int | None, names: Sequence[str]
) -> "Engine":
    from archscope.registry import unknown
    from archscope.sweep.run import processes as on_this_machine

    if name not in ("processes", "ray"):
        raise unknown("engine", name, ("processes", "ray"), list_all=True)
    if name == "processes":
        if address is not None:
            raise UsageError("--address is that of a Ray cluster", "say --engine ray too")
        return on_this_machine(metrics, limits, processes, names)
    from archscope.sweep.engines.ray_cluster import on_ray
    from archscope.sweep.run import preload

    return on_ray(metrics, limits, address, processes, preload(names), names)
