"""The table for a reader, in full width; in a terminal it is fitted to it (`archscope.render.terminal`)."""

from collections.abc import Sequence

from archscope.render.format import renderer
from archscope.tables.table import Table


@renderer("table", suffix=".txt")
def render(tables: Sequence[Table]) -> str:
    """What a terminal would show that is wide enough."""
    from archscope.render.plain_text import plain

    return plain(tables)
