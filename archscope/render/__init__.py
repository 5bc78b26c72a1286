"""A table -> text, csv, json, md, latex, html. In: tables as values; out: a string.

Open `format.py` first. `formats/` has a file for each format, found by its being there; `cells.py` says how one value reads,
`terminal.py` fits a table to a terminal.

    table   for a reader: rich, fitted to the terminal, never a digit cut
    csv     one table, plain numbers, a `model` column first
    json    one object per model: totals, rows
    md      a table for a README or an issue
    latex   a table for a paper (booktabs)
    html    a self-contained page
"""

import archscope.render.formats  # noqa: F401  registers the formats
from archscope.render.format import FORMATS, Format, by_suffix, render

__all__ = ["FORMATS", "Format", "by_suffix", "render"]
