"""A table as a value: what every command makes and every renderer shows. Numbers are plain, in base units; the renderer
formats.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from archscope.values import Absent

Kind = Literal[
    "text", "path", "count", "bytes", "seconds", "share", "ratio", "shape", "number", "year", "change", "percent", "step"
]


class Measured(float):
    """A measured number: a reader sees no digit of it that its spread does not allow; files carry it whole.

    Arguments:
        value: the number, in base units.
        spread: how far apart measurements lie, in the same unit; None where that is not known.
    """

    spread: float | None

    def __new__(cls, value: float, spread: float | None = None) -> "Measured":
        """The number with its spread beside it."""
        made = super().__new__(cls, value)
        made.spread = spread
        return made


Value = int | float | str | bool | None | tuple[int, ...] | list[Any] | Absent
"""What stands in a cell. What is not known is an `Absent` with the reason, what does not exist None."""


Line = tuple[str, Value, Kind]
"""A line of a summary: label, value, how to read it."""


@dataclass(frozen=True)
class Column:
    """A column of a table.

    Attributes:
        key: its name in JSON and CSV, the unit in it where it is not a count: "param_bytes".
        title: its head in a table.
        kind: how its values are to be read.
        rank: 0 stays at any width; the higher, the sooner a narrow terminal leaves it out.
        file_only: stands in files, not in the table for a reader.
    """

    key: str
    title: str
    kind: Kind = "text"
    rank: int = 0
    file_only: bool = False


@dataclass(frozen=True)
class Row:
    """A line of a table.

    Attributes:
        values: by column key; a key that is missing or None is a value that does not exist.
        depth: indentation of the first column.
        quiet: a line that is an aside (a module that did not run).
        kinds: how a value is to be read where that is another way than its column's, by column key.
    """

    values: dict[str, Value]
    depth: int = 0
    quiet: bool = False
    kinds: dict[str, Kind] = field(default_factory=dict)


@dataclass(frozen=True)
class Table:
    """A table with everything that has to be said beside it.

    Attributes:
        name: of the model, or of what the table is about.
        title: the heading.
        facts: the circumstances, one line each: variant, input, mode, dtype.
        columns, rows: the table.
        totals: what JSON carries as totals: plain integers, and the list of what was not counted.
        summary: the totals as a reader wants them: (label, value, kind).
        notes: conventions and warnings below the table.
        head: further keys for JSON: "inputs", "mode", "dtype" ...
    """

    name: str
    title: str
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    facts: tuple[str, ...] = ()
    totals: Mapping[str, Any] = field(default_factory=dict)
    summary: tuple[Line, ...] = ()
    notes: tuple[str, ...] = ()
    head: dict[str, Any] = field(default_factory=dict)
