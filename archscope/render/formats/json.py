"""JSON: one object per model, plain integers in base units, the unit in the key where a number is not a count."""

from collections.abc import Sequence
from typing import Any

from archscope.printable import printable_json
from archscope.render.format import renderer
from archscope.tables.table import Row, Table
from archscope.values import Absent, reason

SCHEMA_VERSION = 1


@renderer("json", suffix=".json")
def render(tables: Sequence[Table]) -> str:
    """One object for one table, a list of objects for several."""
    import json  # for this format alone

    objects = [_object(table) for table in tables]
    return printable_json(json.dumps(objects[0] if len(objects) == 1 else objects, indent=2, ensure_ascii=False)) + "\n"


def _object(table: Table) -> dict[str, Any]:
    return {
        "schema_version": SCHEMA_VERSION,
        "model": table.name,
        **table.head,
        "totals": {key: _plain(value) for key, value in table.totals.items()},
        "rows": [_row(table, row) for row in table.rows],
        "notes": list(table.notes),
    }


def _row(table: Table, row: Row) -> dict[str, Any]:
    values = {column.key: row.values.get(column.key) for column in table.columns}
    made = {key: _plain(value) for key, value in values.items()}
    # Beside a null or a lower bound, why it is no plain number.
    reasons = {key: why for key, value in values.items() if (why := reason(value)) is not None}
    return {**made, "reasons": reasons} if reasons else made


def _plain(value: Any) -> Any:
    """A value as JSON has it; null where it is not known."""
    if isinstance(value, Absent):
        return None
    return list(value) if isinstance(value, tuple) else value
