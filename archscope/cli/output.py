"""Where results go: a table to a terminal, text to a pipe, a file written whole or not at all."""

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from archscope.errors import ArchscopeError, UsageError
from archscope.printable import file_stem, printable

if TYPE_CHECKING:
    from archscope.tables.table import Table

FOLDER = Path("reports")


def deliver(tables: "Sequence[Table]", form: str | None, out: str | None, stem: str, exact: bool = False) -> None:
    """Shows the tables on stdout, or writes them to a file and says where.

    Arguments:
        form: a format by name, for stdout; None is the table.
        out: a path, a bare format or "-"; see `destination`.
        stem: the file's name where `out` is a bare format.
    """
    from archscope.render import FORMATS, by_suffix, render

    if form is not None:
        FORMATS.find(form)
    path = destination(out, stem, {name: known.suffix for name, known in FORMATS.items()})
    if path is not None:
        chosen = form or by_suffix(str(path))
        write(path, render(tables, chosen))
    elif form is None or form == "table":
        show(tables, exact)
    else:
        sys.stdout.write(render(tables, form))


def show(tables: "Sequence[Table]", exact: bool = False) -> None:
    """The tables, fitted to the terminal; in full width where stdout is not one."""
    if sys.stdout.isatty() or "FORCE_COLOR" in os.environ or "TTY_COMPATIBLE" in os.environ:  # rich decides
        from rich.console import Console

        from archscope.render.terminal import renderable

        console = Console()
        if console.is_terminal:
            for table in tables:
                console.print(renderable(table, console.width, exact))
            return
    from archscope.render.plain_text import plain

    sys.stdout.write(plain(tables, exact))


def destination(out: str | None, stem: str, suffixes: dict[str, str]) -> Path | None:
    """The file that `--out` means; None for stdout.

    `--out costs.csv` is that file; `--out csv` is `reports/<stem>.csv`; `--out -` is stdout. Raises `UsageError` for a word
    that is none of these.
    """
    if out is None or out == "-":
        return None
    if out in suffixes:
        return FOLDER / f"{file_stem(stem)}{suffixes[out]}"
    path = Path(out)
    if path.suffix.lower() not in suffixes.values():
        raise UsageError(
            f"--out {out}: no suffix that names a format",
            f"use one of {', '.join(suffixes.values())}, or a bare format: {', '.join(suffixes)}",
        )
    return path


def write(path: Path, content: str | bytes, hint: str = "choose another place with --out FILE") -> None:
    """Writes a file whole or not at all, and prints its path. Raises `ArchscopeError` where it cannot be written.

    Arguments:
        hint: what to do then.
    """
    import tempfile

    data = content.encode(errors="backslashreplace") if isinstance(content, str) else content
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.is_dir():
            raise IsADirectoryError(f"{path} is a folder")
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(data)
            Path(temporary).chmod(0o666 & ~_umask())
            Path(temporary).replace(path)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise
    except OSError as error:
        reason = error.strerror or str(error)
        raise ArchscopeError(f"cannot write {path}: {reason.lower()}", hint) from None
    sys.stdout.write(f"{printable(str(path))}\n")


def _umask() -> int:
    current = os.umask(0)
    os.umask(current)
    return current
