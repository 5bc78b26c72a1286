"""The trace store as a table."""

from pathlib import Path

from archscope.tables.table import Column, Row, Table


def store_table(folder: Path | None, graphs: int, bytes: int) -> Table:
    """Where the store is, how many Graphs it holds and their size.

    Arguments:
        folder: None where nothing is kept.
    """
    columns = (
        Column("folder", "folder", "path"), Column("graphs", "graphs", "count"), Column("bytes", "size", "bytes"),
    )  # fmt: skip
    note = (
        "Nothing is kept: ARCHSCOPE_STORE is off, or there is no home to keep it in."
        if folder is None
        else "An entry is used only while all that it depends on is as it was; the least recently used go first."
    )
    row = Row({"folder": None if folder is None else str(folder), "graphs": graphs, "bytes": bytes})
    return Table("cache", "trace store", columns, (row,), notes=(note,))
