"""`archscope cache`."""

import sys
from typing import Annotated

import typer

from archscope.cli import options
from archscope.registry import unknown

_ACTIONS = ("info", "clear")

Action = Annotated[
    str,
    typer.Argument(
        metavar="ACTION",
        help="info: where the traces of earlier looks are kept, how many, how large. clear: forget them.",
        autocompletion=lambda incomplete: [action for action in _ACTIONS if action.startswith(incomplete)],
    ),
]


def cache(action: Action = "info", *, output: options.Output) -> None:
    """The trace store: a second look at a model needs no torch. ARCHSCOPE_STORE names its folder; off keeps nothing.

    archscope cache clear
    """
    from archscope import units
    from archscope.models import trace_store

    if action not in _ACTIONS:
        raise unknown("action", action, _ACTIONS, list_all=True)
    if action == "clear":
        held = trace_store.clear()
        graphs = "1 graph" if held.entries == 1 else f"{held.entries} graphs"
        sys.stdout.write(f"forgot {graphs}, {units.size(held.bytes)}\n")
        return
    from archscope.tables.store import store_table

    output.deliver([store_table(trace_store.folder(), *trace_store.content())], "cache")
