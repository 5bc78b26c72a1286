"""The table for a reader in plain text: the whole width that it needs, no colour. What goes into a pipe or a file, and the parts
of which `terminal.py` makes the table for a terminal.
"""

from collections.abc import Iterable, Sequence
from textwrap import wrap

from archscope.printable import printable
from archscope.render.cells import RIGHT, kind, text
from archscope.tables.table import Column, Row, Table

GAP = 2
PAGE = 120  # prose is not set wider than this, whatever the terminal
_BAR = 8
_PERCENTAGE = 6  # places
SHARE = _PERCENTAGE + 1 + _BAR
"""Width of a column of shares."""


def plain(tables: Sequence[Table], exact: bool = False) -> str:
    """The tables, one below the other."""
    return "\n".join(line.rstrip() for table in tables for line in _lines(table, exact)) + "\n"


def _lines(table: Table, exact: bool) -> Iterable[str]:
    yield printable(table.title)
    yield from prose(table.facts, PAGE)
    if table.rows:
        columns = shown(table)
        yield ""
        yield from _grid(
            [[printable(column.title), *_cells(table.rows, column, at == 0, exact)] for at, column in enumerate(columns)],
            [to_the_right(column) for column in columns],
            [SHARE if column.kind == "share" else 0 for column in columns],
        )
    if table.summary:
        yield ""
        yield from _grid([list(column) for column in zip(*summary(table), strict=True)], [False, True, False], [0, 0, 0])
    if table.notes:
        yield ""
        yield from prose(table.notes, PAGE)
    yield ""


def _cells(rows: Sequence[Row], column: Column, first: bool, exact: bool) -> Iterable[str]:
    """What stands in a column. Most columns of a long table say the same few things again and again: each is worded once."""
    said: dict[object, str] = {}  # by value and kind
    for row in rows:
        value = row.values.get(column.key)
        if first or type(value) not in (int, str, tuple):  # others are a list, or say more than they equal
            yield "".join(cell(row, column, first, exact))
            continue
        of = (value, kind(row, column))
        words = said.get(of)
        if words is None:
            words = said[of] = "".join(cell(row, column, first, exact))
        yield words


def _grid(columns: list[list[str]], right: list[bool], least: list[int]) -> Iterable[str]:
    """The lines of a table, from the cells of each column."""
    made = []
    for cells, to_right, room in zip(columns, right, least, strict=True):
        places = list(map(_places, cells))
        width = max(room, max(places, default=0))
        spaces = [" " * (width - taken) for taken in places]
        padded = zip(spaces, cells, strict=True) if to_right else zip(cells, spaces, strict=True)
        made.append(map("".join, padded))
    return map((" " * GAP).join, zip(*made, strict=True))


def _places(words: str) -> int:
    if words.isascii():
        return len(words)
    from rich.cells import cell_len  # most tables have no such word

    return cell_len(words)


# -- the parts ----------------------------------------------------------------------------------------------------------------


def shown(table: Table) -> list[Column]:
    """The columns that hold something and are meant for a reader."""
    return [
        c
        for c in table.columns
        if not c.file_only and (any(row.values.get(c.key) is not None for row in table.rows) or not table.rows)
    ]


def cell(row: Row, column: Column, first: bool, exact: bool) -> tuple[str, str]:
    """What stands in a cell, and the bar beside it, where the value is a share."""
    value = row.values.get(column.key)
    if value is None and not (first and row.depth):
        return "", ""
    words = text(value, kind(row, column), exact)
    if column.kind == "share" and isinstance(value, float):
        return f"{words.rjust(_PERCENTAGE)} ", _bar(value)
    return "  " * row.depth + words if first else words, ""


def summary(table: Table) -> list[tuple[str, str, str]]:
    """The lines of the summary: label, exact value, the value rounded where that is another."""
    lines = [
        (printable(label), text(value, reading, exact=True), text(value, reading)) for label, value, reading in table.summary
    ]
    return [(label, whole, short if short != whole else "") for label, whole, short in lines]


def prose(paragraphs: Sequence[str], width: int) -> list[str]:
    """The paragraphs, wrapped."""
    return [line for paragraph in paragraphs for line in wrap(printable(paragraph), width)]


def natural(table: Table, column: Column, exact: bool) -> int:
    """The width that a column needs for its widest cell."""
    if column.kind == "share":
        return SHARE
    first = table.columns[0] is column
    cells = (2 * row.depth * first + _places(text(row.values.get(column.key), kind(row, column), exact)) for row in table.rows)
    return max(_places(printable(column.title)), max(cells, default=0))


def flexible(column: Column) -> bool:
    """Whether its cells may fold over several lines."""
    return column.kind in ("text", "path", "shape")


def to_the_right(column: Column) -> bool:
    """Whether its cells stand to the right."""
    return column.kind in RIGHT and column.kind != "share"


def _bar(share: float) -> str:
    """A bar of eighths: 0.5 -> "████"."""
    eighths = round(max(0.0, min(1.0, share)) * _BAR * 8)
    full, rest = divmod(eighths, 8)
    return "█" * full + (" ▏▎▍▌▋▊▉"[rest] if rest else "")
