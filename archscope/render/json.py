"""JSON: one object per model, plain integers in base units, the unit in the key where a number is not a count."""

import json
from collections.abc import Sequence
from typing import Any

from archscope.tables.table import Report, Row

SCHEMA_VERSION = 1


def render(reports: Sequence[Report]) -> str:
    """One object for one report, a list of objects for several."""
    objects = [_object(report) for report in reports]
    return json.dumps(objects[0] if len(objects) == 1 else objects, indent=2, ensure_ascii=False) + "\n"


def _object(report: Report) -> dict[str, Any]:
    return {
        "schema_version": SCHEMA_VERSION,
        "model": report.name,
        **report.head,
        "totals": report.totals,
        "rows": [_row(report, row) for row in report.rows],
        "notes": list(report.notes),
    }


def _row(report: Report, row: Row) -> dict[str, Any]:
    values = {column.key: row.values.get(column.key) for column in report.columns}
    return {key: list(value) if isinstance(value, tuple) else value for key, value in values.items()}
