"""HTML: a self-contained page of tables, and what a Graph shows of itself in a notebook."""

from collections.abc import Sequence

from archscope import units
from archscope.graph import Graph
from archscope.printable import printable
from archscope.render.cells import RIGHT, text
from archscope.render.cells import kind as kind_of
from archscope.render.format import renderer
from archscope.tables.table import Row, Table

_STYLE = """
.archscope { font: 14px/1.45 system-ui, sans-serif; max-width: 76rem; }
.archscope table { border-collapse: collapse; font-variant-numeric: tabular-nums; margin: .6em 0; }
.archscope th { text-align: left; border-bottom: 1px solid currentColor; padding: .15em .7em .15em 0; }
.archscope td { padding: .1em .7em .1em 0; text-align: left; }
.archscope .right { text-align: right; }
.archscope .quiet, .archscope p { opacity: .7; margin: .1em 0; }
.archscope .bar { display: inline-block; height: .6em; background: #0072b2; margin-left: .5em; }
""".strip()


@renderer("html", suffix=".html")
def render(tables: Sequence[Table]) -> str:
    """A page with one section per table; no script, nothing from elsewhere."""
    title = escape(", ".join(table.title for table in tables))
    body = "\n".join(section(table) for table in tables)
    return (
        f'<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
        f"<style>body {{ margin: 2rem; color-scheme: light dark; }}</style></head>\n<body>\n{body}\n</body></html>\n"
    )


def section(table: Table) -> str:
    """One table as a fragment with its own style."""
    columns = [column for column in table.columns if not column.file_only and any(column.key in row.values for row in table.rows)]
    head = "".join(f'<th class="{_side(column.kind)}">{escape(column.title)}</th>' for column in columns)
    lines = []
    for row in table.rows:
        cells = "".join(
            f'<td class="{_side(c.kind)}"{_indent(row) if at == 0 else ""}>{_cell(row, c.key, kind_of(row, c))}</td>'
            for at, c in enumerate(columns)
        )
        opening = '<tr class="quiet">' if row.quiet else "<tr>"
        lines.append(f"{opening}{cells}</tr>")
    summary = "".join(
        f'<tr><td>{escape(label)}</td><td class="right"><b>{escape(text(value, kind, exact=True))}</b></td></tr>'
        for label, value, kind in table.summary
    )
    facts = "".join(f"<p>{escape(fact)}</p>" for fact in table.facts)
    notes = "".join(f"<p>{escape(note)}</p>" for note in table.notes)
    return (
        f'<div class="archscope"><style>{_STYLE}</style><h3>{escape(table.title)}</h3>{facts}'
        f"<table><thead><tr>{head}</tr></thead><tbody>\n"
        + "\n".join(lines)
        + f"\n</tbody></table><table>{summary}</table>{notes}</div>"
    )


def graph_html(graph: Graph) -> str:
    """A Graph in a notebook: its outline with parameters and cost."""
    from archscope.tables.flops import flops_table

    failure = graph.meta.failure
    stopped = f"<p>stopped in {escape(failure.path or failure.type)}: {escape(failure.error)}</p>" if failure else ""
    inputs = escape(" and ".join(map(units.shape, graph.shapes(graph.inputs))))
    return f"{section(flops_table(graph))}{stopped}<!-- {len(graph.nodes)} operators on {inputs} -->"


def _side(kind: str) -> str:
    return "right" if kind in RIGHT and kind != "share" else "left"


def _indent(row: Row) -> str:
    return f' style="padding-left: {1.2 * row.depth:.1f}em"' if row.depth else ""


def _cell(row: Row, key: str, kind: str) -> str:
    value = row.values.get(key)
    words = escape(text(value, kind))  # type: ignore[arg-type]
    if kind == "share" and isinstance(value, float):
        return f'{words}<span class="bar" style="width: {6 * max(0.0, min(1.0, value)):.2f}em"></span>'
    return words


def escape(words: str) -> str:
    """Text with everything written out that a page would read as markup, or obey."""
    from html import escape as escaped  # for this format alone

    return escaped(printable(words))
