"""The table for a terminal: rich, fitted to its width. A column that does not fit is left out and named; no number is cut."""

from rich.cells import cell_len
from rich.console import Group, RenderableType
from rich.table import Table as Grid
from rich.text import Text

from archscope.printable import printable
from archscope.render.plain_text import GAP, PAGE, cell, flexible, natural, prose, shown, summary, to_the_right
from archscope.tables.table import Column, Row, Table


def renderable(table: Table, width: int | None, exact: bool = False) -> RenderableType:
    """The table for a rich console.

    Arguments:
        width: of the terminal; None lets every column be as wide as it likes.
        exact: all digits instead of "12.25 G".
    """
    columns, hidden = fitting(table, width, exact)
    grid = Grid(box=None, pad_edge=False, padding=(0, GAP, 0, 0), header_style="bold", show_edge=False)
    for column in columns:
        grid.add_column(
            Text(printable(column.title)),
            justify="right" if to_the_right(column) else "left",
            no_wrap=not flexible(column),
            overflow="fold",
            min_width=None if flexible(column) else natural(table, column, exact),
        )
    for row in table.rows:
        grid.add_row(*(_cell(row, c, at == 0, exact) for at, c in enumerate(columns)), style="dim" if row.quiet else "")
    page = PAGE if width is None else min(width, PAGE)
    lines: list[RenderableType] = [Text(printable(table.title), style="bold"), *_dim(prose(table.facts, page))]
    if table.rows:
        lines += [Text(), grid]
    if table.summary:
        lines += [Text(), _summary(table, width)]
    notes = list(table.notes)
    if hidden:
        names = ", ".join(column.title for column in hidden)
        notes.append(f"Left out at this width: {names}. A wider terminal or --format csv has all columns.")
    if notes:
        lines += [Text(), *_dim(prose(notes, page))]
    return Group(*lines, Text())


def _dim(lines: list[str]) -> list[Text]:
    return [Text(line, style="dim") for line in lines]


def _cell(row: Row, column: Column, first: bool, exact: bool) -> Text:
    words, bar = cell(row, column, first, exact)
    return Text.assemble((words, ""), (bar, "cyan")) if bar else Text(words)


def _summary(table: Table, width: int | None) -> Grid:
    rows = summary(table)
    labels, exacts, shorts = (max(map(cell_len, column)) for column in zip(*rows, strict=True))
    grid = Grid(box=None, pad_edge=False, padding=(0, GAP, 0, 0), show_header=False)
    grid.add_column(overflow="fold")
    grid.add_column(justify="right", no_wrap=True, min_width=exacts)
    if width is None or labels + exacts + shorts + 2 * GAP <= width:
        grid.add_column(style="dim", no_wrap=True)
    for label, whole, short in rows:
        grid.add_row(*(Text(label), Text(whole, style="bold"), Text(short))[: len(grid.columns)])
    return grid


def fitting(table: Table, width: int | None, exact: bool) -> tuple[list[Column], list[Column]]:
    """The columns that a terminal has room for, and those that it has not: the highest rank goes first, from the right.

    Texts may fold down to a few characters; numbers may not.
    """
    columns = shown(table)
    hidden: list[Column] = []
    while width is not None and sum(_least(table, c, exact) + GAP for c in columns) - GAP > width:
        droppable = [column for column in columns if column.rank > 0]
        if not droppable:
            break
        worst = max(droppable, key=lambda column: (column.rank, columns.index(column)))
        columns.remove(worst)
        hidden.append(worst)
    return columns, hidden


def _least(table: Table, column: Column, exact: bool) -> int:
    needed = natural(table, column, exact)
    return min(needed, 28) if column.kind in ("text", "path") else needed
