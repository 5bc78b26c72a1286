"""What a format of a table is, and the registry of them, by name and by suffix."""

from collections.abc import Callable, Sequence
from pathlib import PurePath
from typing import NamedTuple

from archscope.errors import UsageError
from archscope.registry import Registry
from archscope.tables.table import Table

Renderer = Callable[[Sequence[Table]], str]


class Format(NamedTuple):
    """A format: the suffix of its files, and the function from tables to text."""

    suffix: str
    render: Renderer


FORMATS: Registry[Format] = Registry("format")


def renderer(name: str, suffix: str) -> Callable[[Renderer], Renderer]:
    """Registers a function from tables to text under the word for `--format`; `--out x.csv` finds it by its suffix."""

    def register(render: Renderer) -> Renderer:
        FORMATS.add(name, Format(suffix, render))
        return render

    return register


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
    return FORMATS.find(form).render(tables)
