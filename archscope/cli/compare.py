"""`archscope compare`."""

from typing import Annotated

import typer

from archscope.cli import options

Models = Annotated[list[str] | None, options.models_argument("the networks of the Inception-v4 paper")]
Bench = Annotated[
    list[str] | None,
    typer.Option(
        "--bench", metavar="FILE", help="A saved benchmark: adds latency and throughput. Repeatable.", show_default=False
    ),
]


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
    from archscope.bench.results import files
    from archscope.comparison.comparison_table import asked_metrics, comparison_table, failures, summed_up, wanted_columns
    from archscope.comparison.side_by_side import DEFAULT, gather, lines

    request = forward.request()
    wanted = wanted_columns(columns, by, output.format, output.out)
    more = asked_metrics(by, (*wanted, *([sort.removeprefix("-")] if sort else [])))
    timings = files.load(bench) if bench else None
    subjects = list(gather(models or DEFAULT, request))
    error = failures([subject.error for subject in subjects])
    if error is not None and all(subject.graph is None and subject.entry is None for subject in subjects):
        raise error
    rows = lines(subjects, by, request, baseline, protocol, timings, more)
    facts, notes = summed_up(rows, by, [subject.graph for subject in subjects], baseline)
    table = comparison_table(rows, by, wanted, sort, facts, notes)
    output.deliver([table], "compare" if by == "model" else "compare-by-stage")
    if error is not None:
        raise error
