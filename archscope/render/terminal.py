"""The table for a reader: rich, fitted to the terminal. A column that does not fit is left out and named; no number is ever
cut.
"""

from collections.abc import Sequence
from io import StringIO
from textwrap import wrap

from rich.cells import cell_len
from rich.console import Console, Group, RenderableType
from rich.table import Table as Grid
from rich.text import Text

from archscope.printable import printable
from archscope.render.cells import RIGHT, kind, text
from archscope.tables.table import Column, Row, Table

_GAP = 2
_PAGE = 120  # prose is not set wider than this, whatever the terminal
_BAR = 8


def plain(tables: Sequence[Table], exact: bool = False) -> str:
    """Plain text at the width that it needs, without colour: what goes into a pipe or a file."""
    out = StringIO()
    console = Console(file=out, width=10_000, height=1000, color_system=None, legacy_windows=False)
    for table in tables:
        console.print(renderable(table, None, exact), crop=False, no_wrap=True, overflow="ignore")
    return "\n".join(line.rstrip() for line in out.getvalue().splitlines()) + "\n"


def renderable(table: Table, width: int | None, exact: bool = False) -> RenderableType:
    """The table for a rich console.

    Arguments:
        width: of the terminal; None lets every column be as wide as it likes.
        exact: all digits instead of "12.25 G".
    """
    shown, hidden = fitting(table, width, exact)
    grid = Grid(box=None, pad_edge=False, padding=(0, _GAP, 0, 0), header_style="bold", show_edge=False)
    for column in shown:
        flexible = column.kind in ("text", "path", "shape")
        grid.add_column(
            Text(printable(column.title)), justify="right" if column.kind in RIGHT and column.kind != "share" else "left",
            no_wrap=not flexible, overflow="fold", min_width=None if flexible else _natural(table, column, exact),
        )  # fmt: skip
    for row in table.rows:
        grid.add_row(*(_cell(row, column, at == 0, exact) for at, column in enumerate(shown)), style="dim" if row.quiet else "")
    page = _PAGE if width is None else min(width, _PAGE)
    lines: list[RenderableType] = [Text(printable(table.title), style="bold"), *_prose(table.facts, page)]
    if table.rows:
        lines += [Text(), grid]
    if table.summary:
        lines += [Text(), _summary(table, width)]
    notes = list(table.notes)
    if hidden:
        names = ", ".join(column.title for column in hidden)
        notes.append(f"Left out at this width: {names}. A wider terminal or --format csv has all columns.")
    if notes:
        lines += [Text(), *_prose(notes, page)]
    return Group(*lines, Text())


def _prose(paragraphs: Sequence[str], width: int) -> list[Text]:
    return [Text(line, style="dim") for paragraph in paragraphs for line in wrap(printable(paragraph), width)]


def _summary(table: Table, width: int | None) -> Grid:
    rows = [(printable(label), text(value, reading, exact=True), text(value, reading)) for label, value, reading in table.summary]
    labels, exacts, shorts = (max(map(cell_len, column)) for column in zip(*rows, strict=True))
    grid = Grid(box=None, pad_edge=False, padding=(0, _GAP, 0, 0), show_header=False)
    grid.add_column(overflow="fold")
    grid.add_column(justify="right", no_wrap=True, min_width=exacts)
    if width is None or labels + exacts + shorts + 2 * _GAP <= width:
        grid.add_column(style="dim", no_wrap=True)
    for label, whole, short in rows:
        grid.add_row(*(Text(label), Text(whole, style="bold"), Text(short if short != whole else ""))[: len(grid.columns)])
    return grid


def _cell(row: Row, column: Column, first: bool, exact: bool) -> Text:
    value = row.values.get(column.key)
    words = text(value, kind(row, column), exact)
    if column.kind == "share" and isinstance(value, float):
        return Text.assemble((words.rjust(6), ""), " ", (_bar(value), "cyan"))
    return Text("  " * row.depth + words if first else words)


def _bar(share: float) -> str:
    """A bar of eighths: 0.5 -> "████"."""
    eighths = round(max(0.0, min(1.0, share)) * _BAR * 8)
    full, rest = divmod(eighths, 8)
    return "█" * full + (" ▏▎▍▌▋▊▉"[rest] if rest else "")


def _natural(table: Table, column: Column, exact: bool) -> int:
    """The width that a column needs for its widest cell."""
    if column.kind == "share":
        return 6 + 1 + _BAR
    first = table.columns[0] is column
    cells = (2 * row.depth * first + cell_len(text(row.values.get(column.key), kind(row, column), exact)) for row in table.rows)
    return max(cell_len(printable(column.title)), max(cells, default=0))


def fitting(table: Table, width: int | None, exact: bool) -> tuple[list[Column], list[Column]]:
    """The columns that a terminal has room for, and those that it has not: the highest rank goes first, from the right.

    Texts may fold down to a few characters; numbers may not.
    """
    shown = [
        c
        for c in table.columns
        if not c.file_only and (any(row.values.get(c.key) is not None for row in table.rows) or not table.rows)
    ]
    hidden: list[Column] = []
    while width is not None and sum(_least(table, c, exact) + _GAP for c in shown) - _GAP > width:
        droppable = [column for column in shown if column.rank > 0]
        if not droppable:
            break
        worst = max(droppable, key=lambda column: (column.rank, shown.index(column)))
        shown.remove(worst)
        hidden.append(worst)
    return shown, hidden


def _least(table: Table, column: Column, exact: bool) -> int:
    natural = _natural(table, column, exact)
    return min(natural, 28) if column.kind in ("text", "path") else natural
