"""Renderers: tables to text, one format per file. Each is a function from a list of tables to a string; the suffix of a file
finds it.

    table   for a reader: rich, fitted to the terminal, never a digit cut
    csv     one table, plain numbers, a `model` column first
    json    one object per model: totals, rows
    md      a table for a README or an issue
    latex   a table for a paper (booktabs)
    html    a self-contained page
"""

from archscope.render.formats import FORMATS, Format, by_suffix, render

__all__ = ["FORMATS", "Format", "by_suffix", "render"]
