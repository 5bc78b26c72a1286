"""`archscope compare`."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer

from archscope.cli import options
from archscope.errors import UsageError
from archscope.tables.table import Column

if TYPE_CHECKING:
    from archscope.comparison.comparison_table import Line

Models = Annotated[list[str] | None, options.models_argument("the networks of the Inception-v4 paper", options.COMPARED_HELP)]
Bench = Annotated[
    list[str] | None,
    typer.Option(
        "--bench", metavar="FILE", help="A saved benchmark: adds latency and throughput. Repeatable.", show_default=False
    ),
]


class Kept(NamedTuple):
    """What files of results hold: lines by file, what has to be said of them, columns that only they have."""

    lines: "dict[str, list[Line]]"
    notes: list[str]
    more: "list[Column]"


def _kept(files: list[str], by: str) -> Kept:
    if not files:
        return Kept({}, [], [])
    from archscope.comparison.comparison_table import MODEL_COLUMNS
    from archscope.sweep.front_table import column
    from archscope.sweep.named_rows import compared, lower_bounds

    if by != "model":
        raise UsageError(f"{files[0]} holds no stages", "name the networks instead of the file")
    there, notes, more = dict[str, list[Any]](), list[str](), dict[str, Column]()
    for file in files:
        rows, there[file], names = compared([Path(file)])
        notes += lower_bounds(rows)
        own = [name for name in names if name not in {column.key for column in MODEL_COLUMNS}]
        more |= {name: column(name, [row.get(name) for row in rows], False) for name in own}
    return Kept(there, notes, list(more.values()))


def _results(models: Sequence[str]) -> list[str]:
    """Those of the words that are files of results."""
    if not any("." in model for model in models):
        return []
    from archscope.sweep.results import is_results

    return [model for model in models if is_results(model)]


def compare(
    models: Models = None,
    by: Annotated[str, typer.Option("--by", help="model or stage: what each network does at 35x35, 17x17, 8x8.")] = "model",
    columns: Annotated[
        str | None,
        typer.Option(
            "--columns",
            "-c",
            metavar="KEY,KEY",
            help="Only these columns, in this order; any metric is one (archscope metrics).",
            show_default="all that fit",
        ),
    ] = None,
    sort: Annotated[
        str | None, typer.Option("--sort", metavar="KEY", help="Sort by a column; -KEY: largest first.", show_default="as given")
    ] = None,
    baseline: Annotated[
        str | None, typer.Option("--baseline", metavar="MODEL", help="What ratios refer to.", show_default="the first")
    ] = None,
    protocol: options.Protocol = None,
    bench: Bench = None,
    *,
    forward: options.Forward,
    output: options.Output,
) -> None:
    """Networks side by side: parameters, MACs, memory, depth, receptive field, published errors, ratios.

    archscope compare inception_v4 resnet152 --sort -macs
    """
    from archscope.comparison.comparison_table import asked_metrics, comparison_table, failures, summed_up, wanted_columns
    from archscope.comparison.side_by_side import DEFAULT, gather, lines
    from archscope.metrics.training import OF_A_STEP

    request = forward.request()
    wanted = wanted_columns(columns, by, output.format, output.out)
    kept = _kept(_results(models or ()), by)
    asked = (*wanted, *([sort.removeprefix("-")] if sort else []))
    more = asked_metrics(by, [key for key in asked if key not in {column.key for column in kept.more}])
    trained = [name for name in more if name in OF_A_STEP]
    if trained and request["mode"] != "train" and not kept.lines and not any(model.endswith(".json") for model in models or ()):
        raise UsageError(f"{trained[0]} is of a training step", "add --mode train")
    timings = None
    if bench:
        from archscope.bench.results import files

        timings = files.load(bench)
    subjects = list(gather([one for model in models or DEFAULT for one in kept.lines.get(model, [model])], request))
    error = failures([subject.error for subject in subjects])
    if error is not None and all(subject.graph is None and subject.entry is None and not subject.line for subject in subjects):
        raise error
    rows = lines(subjects, by, request, baseline, protocol, timings, more)
    facts, notes = summed_up(rows, by, [subject.graph for subject in subjects], baseline)
    table = comparison_table(rows, by, wanted, sort, facts, (*notes, *kept.notes), kept.more)
    output.deliver([table], "compare" if by == "model" else "compare-by-stage")
    if error is not None:
        raise error
