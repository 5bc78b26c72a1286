"""Budgets in pyproject.toml: one table for each model, with its limits and the forward that they are about."""

import os
import tomllib
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from archscope import units
from archscope.comparison.budgets import QUANTITIES, limit_of
from archscope.errors import ArchscopeError, UsageError
from archscope.models.look_up import canonical
from archscope.models.words import is_file
from archscope.registry import unknown


@dataclass(frozen=True, eq=False)
class Plan:
    """The budgets of one model, as pyproject.toml has them.

    Attributes:
        model: as for `look`.
        limits: by quantity, in base units.
        request: input, batch, dtype, mode, options and keep, as for `look`, as far as they are told.
        table: the model as it is called in the file, where a path begins at the file's folder.
    """

    model: str
    limits: dict[str, int | float]
    request: dict[str, Any] = field(default_factory=dict)
    table: str = ""


def nearest(name: str = "pyproject.toml", start: Path | None = None) -> Path | None:
    """The file of this name in the working directory or the closest one above it."""
    here = (start or Path.cwd()).resolve()
    return next((folder / name for folder in (here, *here.parents) if (folder / name).is_file()), None)


def named(plans: Sequence[Plan], model: str) -> list[Plan]:
    """The budgets of a model: by its name or alias, by its path as the file has it or as seen from here."""
    return [plan for plan in plans if _full(model) == _full(plan.table) or os.path.normpath(model) == plan.model]


def _full(model: str) -> str:
    with suppress(UsageError):
        return canonical(model)
    return model


def plans(path: Path) -> tuple[Plan, ...]:
    """The budgets in `[tool.archscope.budgets]` of a TOML file. Raises `ArchscopeError` where it cannot be read, `UsageError`
    for what it cannot mean.
    """
    try:
        content: Any = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ArchscopeError(
            f"cannot read {path}: {(error.strerror or str(error)).lower()}", "say where it is: --config FILE"
        ) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ArchscopeError(f"{path} is not TOML: {error}") from None
    tables = content
    for key in ("tool", "archscope", "budgets"):
        tables = tables.get(key, {}) if isinstance(tables, dict) else None
    if not isinstance(tables, dict) or not all(isinstance(table, dict) for table in tables.values()):
        raise UsageError(f"{path}: [tool.archscope.budgets] holds one table per model", "write [tool.archscope.budgets.MODEL]")
    return tuple(_plan(model, table, path) for model, table in tables.items())


def _plan(model: str, table: Mapping[str, Any], path: Path) -> Plan:
    limits: dict[str, int | float] = {}
    request: dict[str, Any] = {}
    for name, value in table.items():
        key = name.replace("-", "_")
        if key.startswith("max_") and key.removeprefix("max_") in QUANTITIES:
            limits[key.removeprefix("max_")] = limit_of(key.removeprefix("max_"), value, str(path))
        elif key in _READ:
            found = _READ[key](value)
            if found is None:
                raise UsageError(f"{path}: {name} = {_written(value)} of {model} is not possible", _EXAMPLES[key])
            request[key] = found
        else:
            keys = [f"max-{quantity.replace('_', '-')}" for quantity in QUANTITIES]
            raise unknown(f"key of {model} in {path}:", name, (*_READ, *keys), list_all=True)
    if not limits:
        raise UsageError(f"{path}: [tool.archscope.budgets.{model}] limits nothing", 'write a budget into it: max-params = "45M"')
    return Plan(_from_here(model, path), limits, request, model)


def _from_here(model: str, path: Path) -> str:
    """A model's file begins at the folder of the file that names it, wherever the command is run."""
    where, _, attribute = model.rpartition(":")
    folder = path.resolve().parent
    if not (where.endswith(".py") or is_file(model)) or folder == Path.cwd().resolve():
        return model
    file = os.path.relpath(folder / (where if where.endswith(".py") else model))
    return f"{file}:{attribute}" if where.endswith(".py") else file


def _written(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else repr(value)


# -- what a table says of the forward --------------------------------------------------------------------------------------------


def _inputs(value: Any) -> list[tuple[int, ...]] | None:
    words = [value] if isinstance(value, str) else value
    if not isinstance(words, list) or not words or not all(isinstance(word, str) for word in words):
        return None
    return [units.parse_shape(word) for word in words]


def _whole(value: Any, least: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= least


def _kept(value: Any) -> dict[str, int] | None:
    rows = value if isinstance(value, dict) else {"": value}
    return rows if all(_whole(number, 0) for number in rows.values()) else None


_READ: dict[str, Callable[[Any], Any]] = {
    "input": _inputs,
    "batch": lambda value: value if _whole(value, 1) else None,
    "dtype": lambda value: value if isinstance(value, str) else None,
    "mode": lambda value: value if value in ("eval", "train") else None,
    "options": lambda value: value if isinstance(value, dict) else None,
    "keep": _kept,
}
"""By key, what `look` is asked for with a value; None where it cannot be meant."""

_EXAMPLES = {
    "input": 'write input = "3x224x224", or a list of such shapes for several inputs',
    "batch": "a batch is a whole number of 1 or more: batch = 8",
    "dtype": 'write dtype = "bfloat16"',
    "mode": 'write mode = "eval" or mode = "train"',
    "options": "constructor arguments stand in a table: options = { num_classes = 10 }",
    "keep": "write keep = 1000, or keep = { rpn = 1000 }",
}
