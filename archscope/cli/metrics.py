"""`archscope metrics`."""

from typing import Annotated

import typer

from archscope.cli import options
from archscope.registry import unknown

Pattern = Annotated[
    str | None,
    typer.Argument(metavar="[PATTERN]", help="Part of a name, or a pattern: *_bytes.", show_default="all"),
]


def metrics(pattern: Pattern = None, *, output: options.Output) -> None:
    """Every metric: name, unit, definition, source. Each is a column of compare and a budget of check.

    archscope metrics memory
    """
    from fnmatch import fnmatchcase

    from archscope.metrics import METRICS
    from archscope.tables.metrics import metrics_table

    words = (pattern or "").lower()
    found = [m for m in METRICS.values() if fnmatchcase(m.name, words if "*" in words or "?" in words else f"*{words}*")]
    if not found:
        raise unknown("metric", words, METRICS)
    output.deliver([metrics_table(found)], "metrics")
