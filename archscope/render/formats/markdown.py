"""Markdown: the table as GitHub shows it, with its circumstances above and its conventions below."""

from collections.abc import Sequence

from archscope.printable import printable
from archscope.render.cells import RIGHT, kind, text
from archscope.render.format import renderer
from archscope.tables.table import Table


@renderer("md", suffix=".md")
def render(tables: Sequence[Table]) -> str:
    """One section per table; numbers in full."""
    return "\n".join(_section(table) for table in tables)


def _section(table: Table) -> str:
    filled = {key for row in table.rows for key, value in row.values.items() if value is not None}
    columns = [column for column in table.columns if not column.file_only and (column.key in filled or not table.rows)]
    head = [_escape(column.title) for column in columns]
    rule = ["---:" if column.kind in RIGHT else "---" for column in columns]
    body = [
        [("&emsp;" * row.depth if at == 0 else "") + _cell(row.values.get(c.key), kind(row, c)) for at, c in enumerate(columns)]
        for row in table.rows
    ]  # fmt: skip
    lines = [f"### {_escape(table.title)}", "", *(f"{_escape(fact)}  " for fact in table.facts), ""]
    lines += [f"| {' | '.join(cells)} |" for cells in (head, rule, *body)]
    if table.summary:
        lines += ["", *(f"- {_escape(label)}: {_cell(value, reading)}" for label, value, reading in table.summary)]
    if table.notes:
        lines += ["", *(f"<sub>{_escape(note)}</sub>  " for note in table.notes)]
    return "\n".join(lines) + "\n"


def _cell(value: object, reading: object) -> str:
    return _escape(text(value, reading, exact=True))  # type: ignore[arg-type]


def _escape(words: str) -> str:
    for sign in "\\|<>*_`":
        words = words.replace(sign, f"\\{sign}" if sign not in "<>" else {"<": "&lt;", ">": "&gt;"}[sign])
    return printable(words)
