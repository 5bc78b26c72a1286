"""`archscope tree`."""

import sys
from typing import Annotated

import typer

from archscope.cli import options
from archscope.cli.diagram import traced_part
from archscope.errors import ArchscopeError


def tree(
    model: options.Model,
    closed: Annotated[bool, typer.Option("--closed", help="Leave the blocks closed.")] = False,
    *,
    forward: options.Forward,
) -> None:
    """The network as a tree in the terminal: stages, folded repeats, blocks, shapes and shares.

    archscope tree inception_v4
    """
    from rich.console import Console

    from archscope.diagrams.terminal_tree import tree as drawn
    from archscope.models.look_up import look
    from archscope.models.picture_of import diagram

    failed: ArchscopeError | None = None
    try:
        graph = look(model, **forward.request())
    except ArchscopeError as error:
        graph, failed = traced_part(error), error
    shown = diagram(graph, level="stage" if closed else "block").pictures[0]
    console = Console()
    if console.is_terminal:
        console.print(drawn(shown, console.width), highlight=False)
    else:
        plain = Console(width=200, file=sys.stdout, no_color=True)
        plain.print(drawn(shown), highlight=False, no_wrap=True, overflow="ignore", crop=False)
    if failed is not None:
        raise failed
