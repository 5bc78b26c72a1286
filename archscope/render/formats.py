"""The formats of a table, by name and by suffix."""

from collections.abc import Callable, Sequence
from importlib import import_module
from pathlib import PurePath
from typing import NamedTuple

from archscope.errors import UsageError
from archscope.registry import Registry
from archscope.tables.table import Table


class Format(NamedTuple):
    """A format: its suffix, and the module of this package with a function `render(tables) -> str`."""

    suffix: str
    module: str


FORMATS: Registry[Format] = Registry("format")
FORMATS.add("table", Format(".txt", "terminal"))
FORMATS.add("csv", Format(".csv", "csv"))
FORMATS.add("json", Format(".json", "json"))
FORMATS.add("md", Format(".md", "markdown"))
FORMATS.add("latex", Format(".tex", "latex"))
FORMATS.add("html", Format(".html", "html"))


def by_suffix(path: str) -> str:
    """`"costs.csv"` -> `"csv"`; raises `UsageError` with the suffixes there are."""
    suffix = PurePath(path).suffix.lower()
    for name, form in FORMATS.items():
        if form.suffix == suffix:
            return name
    known = ", ".join(form.suffix for form in FORMATS.values())
    raise UsageError(f"'{path}' has no suffix that names a format", f"use one of {known}, or a bare format: {', '.join(FORMATS)}")


def render(tables: Sequence[Table], form: str) -> str:
    """The tables as text in one format. Raises `UsageError` for a format that does not exist."""
    renderer: Callable[[Sequence[Table]], str] = import_module(f"archscope.render.{FORMATS.find(form).module}").render
    return renderer(tables)
