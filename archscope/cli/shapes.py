"""`archscope shapes`."""

from typing import Annotated

import typer

from archscope.cli import options
from archscope.cli.per_model import each


def shapes(
    model: options.Model,
    every: Annotated[bool, typer.Option("--every", help="Every operator on a row of its own, reshapes among them.")] = False,
    *,
    forward: options.Forward,
    output: options.Output,
) -> None:
    """The output shape of every layer, in execution order, with window, cost, receptive field and effective stride.

    archscope shapes lenet5
    """
    from archscope.models.look_up import stem
    from archscope.tables.shapes import shapes_table

    request = forward.request()
    tables, error = each([model], lambda graph: shapes_table(graph, fuse=not every), request)
    output.finish(tables, error, f"{stem(model)}-shapes")
