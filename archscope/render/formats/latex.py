"""LaTeX: a booktabs table, numbers grouped and aligned by siunitx."""

from collections.abc import Sequence

from archscope.printable import printable
from archscope.render.cells import RIGHT, kind, text
from archscope.render.format import renderer
from archscope.tables.table import Column, Row, Table
from archscope.values import AtLeast, Varies

_ESCAPES = {
    "\\": r"\textbackslash{}", "&": r"\&", "%": r"\%", "$": r"\$", "#": r"\#", "_": r"\_", "{": r"\{", "}": r"\}",
    "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "<": r"\textless{}", ">": r"\textgreater{}",
    "≥": r"$\geq$", "×": r"$\times$", "→": r"$\rightarrow$",
    # Behind the end of a row, a bracket or an asterisk would be read as its argument.
    "[": "{[}", "]": "{]}", "*": "{*}",
    "²": r"\textsuperscript{2}", "·": r"$\cdot$", "≈": r"$\approx$",
}  # fmt: skip
_WHOLE = {"count", "bytes"}
_DECIMAL = {"percent", "ratio"}


@renderer("latex", suffix=".tex")
def render(tables: Sequence[Table]) -> str:
    r"""One `table` environment per table; needs `\usepackage{booktabs,siunitx}`, which the first line says."""
    return "% \\usepackage{booktabs,siunitx}\n" + "\n".join(_table(table) for table in tables)


def _table(table: Table) -> str:
    columns = [
        column
        for column in table.columns
        if not column.file_only and any(row.values.get(column.key) is not None for row in table.rows)
    ]
    spec = "".join(_alignment(column, table.rows) for column in columns)
    head = " & ".join(f"{{{escape(column.title)}}}" for column in columns)
    rows = [" & ".join(_cell(row, column, at == 0) for at, column in enumerate(columns)) + r" \\" for row in table.rows]
    lines = [
        r"\begin{table}", r"\centering", r"\small", rf"\caption{{{escape(table.title)}. {escape('; '.join(table.facts))}.}}",
        rf"\begin{{tabular}}{{{spec}}}", r"\toprule", f"{head} \\\\", r"\midrule", *rows, r"\bottomrule", r"\end{tabular}",
        *(rf"\par\footnotesize {escape(note)}" for note in table.notes), r"\end{table}", "",
    ]  # fmt: skip
    return "\n".join(lines)


def _alignment(column: Column, rows: Sequence[Row]) -> str:
    values = [value for row in rows if isinstance(value := row.values.get(column.key), int)]
    if column.kind in _WHOLE:
        return f"S[table-format={max((len(str(value)) for value in values), default=1)}.0]"
    if column.kind in _DECIMAL:
        numbers = [value for row in rows if isinstance(value := row.values.get(column.key), (int, float))]
        parts = [_decimal(number, column).split(".") for number in numbers]
        before, after = (max((len(part[at]) for part in parts), default=1) for at in (0, 1))
        return f"S[table-format={before}.{after}]"
    return "r" if column.kind in RIGHT else "l"


def _cell(row: Row, column: Column, first: bool) -> str:
    value = row.values.get(column.key)
    indent = r"\quad " * row.depth if first else ""
    if column.kind in _WHOLE and isinstance(value, int) and not isinstance(value, AtLeast | Varies):
        return str(value)
    if column.kind in _DECIMAL and isinstance(value, (int, float)):
        return _decimal(value, column)
    words = escape(text(value, kind(row, column)))
    return indent + (f"{{{words}}}" if column.kind in _WHOLE | _DECIMAL else words)


def _decimal(value: int | float, column: Column) -> str:
    """A number that siunitx aligns at its point; a ratio without its sign, which stands in the head."""
    return f"{value:.2f}" if column.kind == "ratio" else str(float(value))


def escape(words: str) -> str:
    """Text with every character that LaTeX would read as a command written out."""
    return "".join(_ESCAPES.get(sign, sign) for sign in printable(words))
