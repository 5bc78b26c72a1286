"""CSV: one table with a `model` column first, plain numbers, for pandas and spreadsheets."""

import csv
import io
from collections.abc import Sequence

from archscope.render.cells import line, printable
from archscope.render.format import renderer
from archscope.tables.table import Table


@renderer("csv", suffix=".csv")
def render(tables: Sequence[Table]) -> str:
    """The rows of all tables under one head; a column that a table does not have is empty there."""
    columns = tuple({column.key: column for table in tables for column in table.columns}.values())
    named = any(column.key == "model" for column in columns)
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow([*([] if named else ["model"]), *(column.key for column in columns)])
    for table in tables:
        for row in table.rows:
            cells = [*([] if named else [table.name]), *line(row, columns)]
            # Python quotes a line feed and leaves a lone carriage return, which readers take for the end of the row.
            writer.writerow([printable(cell) if isinstance(cell, str) and "\r" in cell else cell for cell in cells])
    return out.getvalue()
