"""The parameters table: where the learnable numbers are."""

from archscope import metrics
from archscope.graph import Graph
from archscope.tables.common import Totals, facts, head, output_shape, share, warnings
from archscope.tables.table import Column, Line, Row, Table
from archscope.views.outline import Part, outline

COLUMNS = (
    Column("module", "module", "path"),
    Column("type", "type"),
    Column("output", "output", "shape", rank=4),
    Column("params", "params", "count"),
    Column("own_params", "own", "count", rank=3),
    Column("share", "share", "share", rank=1),
    Column("param_bytes", "size", "bytes", rank=2),
    Column("path", "path", file_only=True),
)


def params_table(graph: Graph, depth: int | None = None) -> Table:
    """Parameters by module, repeated blocks folded; see `outline` for `depth`."""
    whole = metrics.params(graph)
    rows = [_row(part, whole) for part in outline(graph, depth) if metrics.params(part.graph)]
    counts = Totals(graph)
    summary: list[Line] = [("parameters", counts["params"], "count"), ("trainable", counts["trainable_params"], "count")]
    summary += [
        (label, counts[key], "count")
        for label, key in (("frozen", "frozen_params"), ("shared, counted once", "shared_params"), ("buffers", "buffers"))
        if counts[key]
    ]
    unused = counts["unused_params"]
    if isinstance(unused, int) and unused:
        names = ", ".join(part.path for part in outline(graph, 1) if not part.ran) or "see rows"
        summary.append((f"unused in this forward ({names})", unused, "count"))
    dtypes = ", ".join(dict.fromkeys(p.dtype for p in graph.params if not p.buffer)) or graph.meta.dtype
    summary.append((f"size of parameters in {dtypes}", counts["param_bytes"], "bytes"))
    notes = ["Parameters are learnable numbers, each tensor once; buffers (running statistics) are not among them."]
    if counts["shared_params"]:
        notes.append("Rows that share parameters each show them; the totals count them once.")
    return Table(
        name=graph.name,
        title=f"{graph.name}: parameters",
        facts=facts(graph),
        columns=COLUMNS,
        rows=tuple(rows),
        totals=counts,
        summary=tuple(summary),
        notes=(*notes, *warnings(graph)),
        head=head(graph),
    )


def _row(part: Part, whole: int) -> Row:
    count = metrics.params(part.graph)
    return Row(
        {
            "module": part.name if part.ran else f"{part.name} (not run)",
            "type": part.label,
            "output": output_shape(part.graph),
            "params": count,
            "own_params": sum(p.numel for p in part.own if not p.buffer),
            "share": share(count, whole),
            "param_bytes": metrics.param_bytes(part.graph),
            "path": part.path,
        },
        depth=part.depth,
        quiet=not part.ran,
    )
