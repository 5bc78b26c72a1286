"""`archscope trace`."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from archscope.cli import options
from archscope.cli.output import destination, write


def trace(
    model: options.Model,
    *,
    forward: options.Forward,
    out: Annotated[
        str,
        typer.Option(
            "--out", "-o", metavar="FILE", help="FILE.json; a bare json names the file after the model, in reports/. - is stdout."
        ),
    ] = "-",
    spelling: Annotated[
        bool, typer.Option("--spelling", help="Note the names of functions and classes too, for flops --convention.")
    ] = False,
) -> None:
    """Save the trace of a model as JSON: any command then takes the file in place of the model, without torch.

    archscope trace inception_v4 --out v4.json
    """
    from archscope.models.look_up import look

    graph = look(model, **forward.request(), spelling=spelling)
    path: Path | None = destination(out, graph.name, {"json": ".json"})
    if path is None:
        sys.stdout.write(graph.to_json().decode() + "\n")
    else:
        write(path, graph.to_json())
