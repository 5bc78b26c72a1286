"""`archscope diff`."""

from typing import Annotated, Any

import typer

from archscope.cli import options
from archscope.cli.output import deliver


def diff(
    first: options.Model,
    second: options.Model,
    exit_code: Annotated[
        bool, typer.Option("--exit-code", help="Exit 1 where there is a structural difference, for CI.")
    ] = False,
    input: options.Input = None,
    batch: options.Batch = 1,
    dtype: options.Dtype = "float32",
    mode: options.Mode = "eval",
    set_: options.Settings = None,
    format: options.Format = None,
    out: options.Out = None,
    exact: options.Exact = False,
) -> None:
    """What differs between two networks: blocks added, removed or repeated more often, layers with another kernel, stride,
    width or norm.

    archscope diff inception_resnet_v2_paper inception_resnet_v2
    """
    from archscope.alignment import diff as compare
    from archscope.opener import look
    from archscope.tables.diff import diff_table

    request: dict[str, Any] = {
        "input": options.shapes(input),
        "batch": batch,
        "dtype": dtype,
        "mode": mode,
        "options": options.settings(set_),
    }
    difference = compare(look(first, **request), look(second, **request))
    deliver([diff_table(difference)], format, out, f"{difference.first.name}-{difference.second.name}-diff", exact)
    if exit_code and not difference.equal:
        raise typer.Exit(1)
