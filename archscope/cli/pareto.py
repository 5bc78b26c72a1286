"""`archscope pareto`."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from archscope.cli import options
from archscope.cli.output import destination, write
from archscope.cli.progress import progress
from archscope.errors import ArchscopeError, UsageError

if TYPE_CHECKING:
    from archscope.sweep.accuracy import Accuracies

Words = Annotated[
    list[str],
    typer.Argument(
        metavar="FILE|MODEL...",
        help="Results of archscope sweep, or models and patterns over names, which are swept first: 'timm:*'.",
        show_default=False,
        callback=options.several,
        autocompletion=options.complete_model,
    ),
]


def pareto(
    models: Words,
    x: Annotated[str, typer.Option("--x", metavar="COLUMN", help="Along the chart.")] = "macs",
    y: Annotated[str, typer.Option("--y", metavar="COLUMN", help="Up the chart.")] = "params",
    maximise: Annotated[
        list[str] | None,
        typer.Option(
            "--maximise", metavar="COLUMN", help="More of it is better. Repeatable.", show_default="accuracies and speeds"
        ),
    ] = None,
    minimise: Annotated[
        list[str] | None,
        typer.Option("--minimise", metavar="COLUMN", help="Less of it is better. Repeatable.", show_default="all others"),
    ] = None,
    accuracy: Annotated[
        Path | None,
        typer.Option(
            "--accuracy",
            metavar="CSV",
            help="Published accuracies, joined by model and input size: timm's results (model,img_size,top1 ...) or alike.",
            show_default=False,
        ),
    ] = None,
    chart: Annotated[
        list[str] | None,
        typer.Option(
            "--chart", metavar="FILE", help="Also draw it: svg, png, pdf, or html with tooltips. Repeatable.", show_default=False
        ),
    ] = None,
    theme: Annotated[str, typer.Option("--theme", help="Of the chart: light or dark.")] = "light",
    results: Annotated[
        str | None,
        typer.Option(
            "--results",
            metavar="FILE",
            help="Where models that are swept first go: parquet, csv or jsonl.",
            show_default="reports/pareto-sweep.parquet, which the next such sweep replaces",
        ),
    ] = None,
    processes: Annotated[
        int | None, typer.Option("--processes", "-p", min=1, help="Of that sweep.", show_default="one per core")
    ] = None,
    *,
    output: options.Output,
) -> None:
    """The networks that no other beats in both of two columns, as a table and a chart.

    archscope pareto 'timm:*' --accuracy results-imagenet.csv --y top1 --chart front.html
    """
    from pandas.api.types import is_bool_dtype, is_numeric_dtype

    from archscope import charts
    from archscope.charts.kinds.front import front
    from archscope.charts.style import theme as find_theme
    from archscope.sweep import accuracy as published
    from archscope.sweep import named_rows
    from archscope.sweep.front_table import front_table, wishes

    find_theme(theme)
    pictures = [place for word in chart or () if (place := destination(word, "pareto", charts.SUFFIXES)) is not None]
    known = published.accuracies(accuracy) if accuracy is not None else None
    frame, arguments = named_rows.frame(_files(models, known, results, processes))
    notes: list[str] = []
    if known is not None:
        before = len(frame)
        frame = known.joined(frame)
        if frame.empty:
            raise ArchscopeError(
                f"none of {before:,} networks is in {accuracy} at its input size", "its models are matched by name and size"
            )
        notes.append(_matched(frame, before, known))
    numbers = {name: is_numeric_dtype(frame[name]) and not is_bool_dtype(frame[name]) for name in frame.columns}
    greater = wishes((x, y), maximise or (), minimise or (), numbers)
    rows: list[dict[str, Any]] = named_rows.named(frame, arguments)
    if not any(row.get(x) is not None and row.get(y) is not None for row in rows):
        raise ArchscopeError(f"no network has both {x} and {y}", "see the columns failure and uncounted of the results")
    output.deliver([front_table(rows, x, y, greater, arguments, notes)], "pareto")
    for path in pictures:
        form = next(name for name, suffix in charts.SUFFIXES.items() if suffix == path.suffix.lower())
        write(path, charts.render(front(rows, x, y, greater), form, theme))


def _matched(frame: Any, before: int, known: "Accuracies") -> str:
    """How many of the networks the file of accuracies knows."""
    there = frame["index"].nunique()
    others = "; the others are left out" if there < before else ""
    return (
        f"{', '.join(known.numbers[:4])} from {known.path}: {len(frame):,} of its lines are about {there:,} of the {before:,} "
        f"networks at their input sizes{others}."
    )


def _files(words: list[str], known: "Accuracies | None", results: str | None, processes: int | None) -> list[Path]:
    """The files of results that the words are, or those of a sweep of the models that they are."""
    from archscope.sweep.results import is_results

    files = [word for word in words if is_results(word)]
    if len(files) == len(words):
        return [Path(word) for word in files]
    if files:
        raise UsageError(f"{files[0]} is a file of results, and others are models", "sweep the models into a file first")
    return [_swept(words, known, results, processes)]


def _swept(words: list[str], known: "Accuracies | None", results: str | None, processes: int | None) -> Path:
    """A sweep of the models, at the inputs of the accuracies where there are any. A file that nobody named is replaced."""
    from archscope.sweep import results as formats
    from archscope.sweep.journal import TakenError
    from archscope.sweep.request import request
    from archscope.sweep.run import Sweep
    from archscope.sweep.run import processes as on_this_machine
    from archscope.sweep.specification import Limits, Spec

    path = destination(results or "parquet", "pareto-sweep", formats.SUFFIXES)
    if path is None:
        raise UsageError("--results -: the rows of a sweep go to a file", "name one, as in --results results.csv")
    pairs = known.inputs(words) if known is not None else [(name, ()) for name in words]
    if known is not None and not pairs:
        raise ArchscopeError(f"none of {len(words):,} models is in {known.path}", "its models are matched by name")
    work = [Spec(index, name, input) for index, (name, input) in enumerate(pairs)]
    inputs = ",".join("x".join(map(str, shape)) for _, shapes in pairs for shape in shapes)
    wanted = request(words, {"inputs": inputs}, Limits(), words)
    engine = on_this_machine(Sweep.metrics, Limits(), processes, words)
    try:
        with progress() as told:
            done = Sweep(path, wanted, overwrite=results is None, progress=told).run(iter(work), len(work), engine)
    except TakenError as error:
        raise ArchscopeError(error.message, "name another file with --results FILE, or remove that one") from None
    failure = done.failure()
    if failure is not None:  # the others have their front all the same
        sys.stderr.write(f"{failure.message}; {failure.hint}\n")
    return path
