"""CSV: one table with a `model` column first, plain numbers, for pandas and spreadsheets. No text in it is run as a formula."""

from collections.abc import Sequence

from archscope.printable import cell
from archscope.render.cells import line
from archscope.render.format import renderer
from archscope.tables.table import Table


@renderer("csv", suffix=".csv")
def render(tables: Sequence[Table]) -> str:
    """The rows of all tables under one head; a column that a table does not have is empty there."""
    import csv  # for this format alone
    import io

    columns = tuple({column.key: column for table in tables for column in table.columns}.values())
    named = any(column.key == "model" for column in columns)
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow([*([] if named else ["model"]), *(cell(column.key) for column in columns)])
    for table in tables:
        for row in table.rows:
            values = [*([] if named else [table.name]), *line(row, columns)]
            writer.writerow([cell(value) if isinstance(value, str) else value for value in values])
    return out.getvalue()
