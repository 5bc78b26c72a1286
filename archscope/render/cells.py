"""How one value reads in a table for people. The other formats carry plain values."""

from archscope import units
from archscope.printable import printable
from archscope.tables.table import Column, Kind, Measured, Row, Value
from archscope.values import Absent, AtLeast, Varies, signs

RIGHT: set[Kind] = {"count", "bytes", "seconds", "share", "ratio", "number", "year", "change", "percent", "step"}


def text(value: Value, kind: Kind, exact: bool = False) -> str:
    """A value as a reader wants it: `12253974624` -> "12.25 G"; nothing where there is no value, "?" where it is not known."""
    if value is None:
        return ""
    if isinstance(value, Absent):
        return value.sign
    if isinstance(value, AtLeast | Varies):
        return signs(value) + text(int(value), kind, exact)
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, (tuple, list)):
        return printable("x".join(map(str, value)))
    if isinstance(value, str):
        return printable(value)
    if isinstance(value, Measured):
        return units.measured(value, value.spread, kind)
    if kind == "count" and value % 1:  # the stride of a map that is larger than the input
        return f"{value:.4g}"
    if kind == "count":
        # Below a million the number itself is short enough, and a reader with the paper open wants all of it.
        return units.exact(int(value)) if exact or abs(value) < 1_000_000 else units.count(int(value))
    if kind == "bytes":
        return units.size(int(value))
    if kind == "seconds":
        return units.seconds(value)
    if kind == "share":
        return units.share(value)
    if kind == "year":
        return str(value)
    if kind == "percent":
        return str(float(value))
    if kind == "change":
        return f"+{value:,}" if value > 0 else f"{value:,}"
    if kind == "step":
        return f"{'+' if value > 0 else ''}{units.exact(int(value)) if exact else units.count(int(value))}"
    if kind == "ratio":
        return f"{value:.2f}x"
    return f"{value:,}" if isinstance(value, int) else f"{value:.4g}"


def plain(value: Value) -> str | int | float | bool | None:
    """A value for a file: numbers as they are, shapes as "1x64x56x56"; None where it is not known."""
    if isinstance(value, Absent):
        return None
    return "x".join(map(str, value)) if isinstance(value, (tuple, list)) else value


def kind(row: Row, column: Column) -> Kind:
    """How the value of a row in a column is to be read."""
    return row.kinds.get(column.key, column.kind)


def line(row: Row, columns: tuple[Column, ...]) -> list[str | int | float | bool | None]:
    """A row's plain values in the order of the columns."""
    return [plain(row.values.get(column.key)) for column in columns]
