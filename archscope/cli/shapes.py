"""`archscope shapes`."""

from typing import Annotated

import typer

from archscope.cli import options
from archscope.cli.output import finish
from archscope.cli.per_model import each


def shapes(
    model: options.Model,
    every: Annotated[bool, typer.Option("--every", help="Every operator on a row of its own, reshapes among them.")] = False,
    input: options.Input = None,
    batch: options.Batch = 1,
    dtype: options.Dtype = "float32",
    mode: options.Mode = "eval",
    set_: options.Settings = None,
    format: options.Format = None,
    out: options.Out = None,
    exact: options.Exact = False,
) -> None:
    """The output shape of every layer, in execution order, with window, cost, receptive field and effective stride.

    archscope shapes lenet5
    """
    from archscope.models.look_up import canonical
    from archscope.tables.shapes import shapes_table

    request = options.request(input, batch, dtype, mode, set_)
    reports, error = each([model], lambda graph: shapes_table(graph, fuse=not every), request)
    finish(reports, error, format, out, f"{canonical(model).removesuffix('.json')}-shapes", exact)
