"""Files of results -> rows for a reader: each with a name that tells it from the others."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from archscope.sweep import results
from archscope.sweep.columns import IDENTITY, UNCOUNTED_NAMES
from archscope.units import parse_shape

if TYPE_CHECKING:
    import pandas as pd

Row = dict[str, Any]


def frame(paths: Sequence[Path]) -> tuple["pd.DataFrame", tuple[str, ...]]:
    """The rows of the files, one below the other, and which columns are constructor arguments.

    Raises as `results.read` does.
    """
    import pandas as pd

    frames = [results.read(path)[0].to_pandas() for path in paths]
    # Below each other whole numbers stay whole only if gaps have a place in their type.
    joined = pd.concat([one.convert_dtypes() for one in frames], ignore_index=True) if len(frames) > 1 else frames[0]
    return joined, tuple(dict.fromkeys(name for one in frames for name in arguments(list(one.columns))))


def arguments(columns: Sequence[str]) -> list[str]:
    """The columns of constructor arguments: those between who it is and its circumstances."""
    last = columns.index("input") if "input" in columns else 0
    return [name for name in columns[:last] if name not in IDENTITY]


def named(rows: "pd.DataFrame", arguments: Sequence[str]) -> list[Row]:
    """The rows as plain values, None where there is none. What stood under `model` stands under `source`; `model` is a name that
    says what is peculiar: the model, its arguments, and its input where that is what differs.
    """
    cells = rows.astype("object")
    made: list[Row] = [dict(zip(cells.columns, values, strict=True)) for values in cells.where(cells.notna(), None).to_numpy()]
    for row in made:
        row["source"] = row["model"]
        row["model"] = _name(row, arguments)
    _told_apart(made, "source", lambda row, value: row["model"].replace(value.rpartition(":")[2], value, 1))
    _told_apart(made, "input", lambda row, value: f"{row['model']} {value}")
    _told_apart(made, "batch", lambda row, value: f"{row['model']} batch {value}")
    _told_apart(made, "dtype", lambda row, value: f"{row['model']} {value}")
    return made


def _told_apart(rows: list[Row], column: str, longer: Callable[[Row, Any], str]) -> None:
    """Gives rows of one name a longer one where they differ in a column."""
    values: dict[str, set[Any]] = {}
    for row in rows:
        values.setdefault(row["model"], set()).add(row.get(column))
    for row in rows:
        if len(values[row["model"]]) > 1 and row.get(column) is not None:
            row["model"] = longer(row, row[column])


def lower_bounds(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """What has to be said of rows whose MACs and FLOPs leave operators out."""
    told = [f"{row['model']} ({row['uncounted_operators']})" for row in rows if row.get("uncounted")]
    if not told:
        return []
    return [f"MACs and FLOPs are lower bounds (≥), as operators without a cost formula are not in them, for: {'; '.join(told)}."]


_BOOKKEEPING = ("index", "device", "mode", "failed_in", UNCOUNTED_NAMES)


def compared(paths: Sequence[Path]) -> tuple[list[Row], list[Row], tuple[str, ...]]:
    """The rows for a comparison: as they are, as lines of the comparison, and the columns that other networks do not have."""
    table, given = frame(paths)
    rows = named(table, given)
    lines = [{key: value for key, value in row.items() if key not in _BOOKKEEPING} for row in rows]
    return rows, lines, tuple(name for name in table.columns if name not in _BOOKKEEPING)


def request_of(row: Row, arguments: Sequence[str]) -> dict[str, Any]:
    """The keyword arguments of `look` that trace the network of a row again."""
    shapes = [parse_shape(word) for word in str(row["input"]).split(" and ")] if row.get("input") else []
    options = {name.removeprefix("set_"): row[name] for name in arguments if row.get(name) is not None}
    return {"input": shapes, "batch": row["batch"], "dtype": row["dtype"], "mode": row["mode"], "options": options}


def _name(row: Row, arguments: Sequence[str]) -> str:
    if row.get("trained"):
        return str(row["trained"])
    given = [f"{name}={row[name]}" for name in arguments if row.get(name) is not None]
    return " ".join([str(row["source"]).rpartition(":")[2], *given])
