"""CSV: one table with a `model` column first, plain numbers, for pandas and spreadsheets."""

import csv
import io
from collections.abc import Sequence

from archscope.render.cells import line, printable
from archscope.tables.table import Report


def render(reports: Sequence[Report]) -> str:
    """The rows of all reports under one head; a column that a report does not have is empty there."""
    columns = tuple({column.key: column for report in reports for column in report.columns}.values())
    named = any(column.key == "model" for column in columns)
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow([*([] if named else ["model"]), *(column.key for column in columns)])
    for report in reports:
        for row in report.rows:
            cells = [*([] if named else [report.name]), *line(row, columns)]
            # Python quotes a line feed and leaves a lone carriage return, which readers take for the end of the row.
            writer.writerow([printable(cell) if isinstance(cell, str) and "\r" in cell else cell for cell in cells])
    return out.getvalue()
