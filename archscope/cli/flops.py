"""`archscope flops`."""

from dataclasses import replace
from typing import Annotated

import typer

from archscope.cli import options
from archscope.cli.per_model import each
from archscope.errors import UsageError


def flops(
    models: options.Models,
    by: Annotated[str, typer.Option("--by", help="stage, operator, layer or kind.")] = "stage",
    top: Annotated[
        int | None, typer.Option("--top", "-n", min=1, help="Only so many rows, the dearest first.", show_default="all")
    ] = None,
    depth: options.Depth = None,
    *,
    forward: options.Forward,
    cross_check: Annotated[
        str | None,
        typer.Option(
            "--cross-check",
            metavar="TOOL",
            help="Lay another counter's figure beside ours and explain the difference: fvcore, torch, thop ...",
            show_default=False,
        ),
    ] = None,
    convention: Annotated[
        str | None,
        typer.Option(
            "--convention",
            metavar="NAME",
            help="Add a column that counts as another tool does: macs, torch, fvcore ...; all: side by side, step by step.",
            show_default=False,
        ),
    ] = None,
    training: Annotated[
        bool, typer.Option("--training", help="Forward and backward: what a training step computes, keeps and moves.")
    ] = False,
    output: options.Output,
) -> None:
    """MACs and FLOPs by stage, operator or layer, and the operations they are made of.

    archscope flops resnet50 --by layer --top 10

    archscope flops resnet50 --convention all

    archscope flops resnet50 --training
    """
    from archscope.tables.conventions import ALL, conventions_table, needs_spelling
    from archscope.tables.flops import flops_table

    request = {**forward.request(), "spelling": needs_spelling(convention)}
    if training:
        from archscope.tables.training import training_table

        if convention is not None or cross_check is not None:
            raise UsageError("--training has no other tool's figures", "leave out --convention and --cross-check")
        grouping = "layer" if top is not None and by == "stage" else by
        tables, error = each(models, lambda graph: training_table(graph, grouping, depth, top), {**request, "mode": "train"})
        stem = f"{'-'.join(table.name for table in tables)}-training"
    elif cross_check is not None:
        from archscope.comparison.second_opinion import cross_check_table

        tables, error = [cross_check_table(cross_check, model, request) for model in models], None
        output = replace(output, exact=True)  # a second opinion is worth nothing rounded
        stem = f"{'-'.join(table.name for table in tables)}-cross-check"
    elif convention == ALL:
        if top is not None or depth is not None or by != "stage":
            raise UsageError(
                "--convention all is a table of its own", "leave out --by, --depth and --top, or name one convention"
            )
        tables, error = each(models, conventions_table, request)
        stem = f"{'-'.join(table.name for table in tables)}-conventions"
    else:
        # Dearest rows of stages are few; --top asks for layers unless told otherwise.
        grouping = "layer" if top is not None and by == "stage" else by
        tables, error = each(models, lambda graph: flops_table(graph, grouping, depth, top, convention), request)
        stem = f"{'-'.join(table.name for table in tables)}-flops"
    output.finish(tables, error, stem)
