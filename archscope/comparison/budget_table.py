"""The budget table: what a network may cost, what it costs, what is left."""

from collections.abc import Sequence

from archscope.comparison.budgets import QUANTITIES, Finding, passes
from archscope.graph import Graph
from archscope.tables.common import facts, head, warnings
from archscope.tables.table import Column, Row, Table, Value

COLUMNS = (
    Column("quantity", "quantity", file_only=True),
    Column("title", "budget of"),
    Column("limit", "at most", "number"),
    Column("actual", "actual", "number"),
    Column("headroom", "headroom", "number", rank=2),
    Column("used", "used", "share", rank=3),
    Column("verdict", "verdict"),
    Column("reason", "because", rank=1),
)


_UNDECIDED = (
    "undecided: an operator without a cost formula, a value that cannot be known or a latency that was not measured could lie "
    "above the budget; it counts as not kept."
)


def budget_table(graph: Graph, findings: Sequence[Finding]) -> Table:
    """Budget, actual, headroom and verdict: one row per budget."""
    missed = [finding for finding in findings if finding.verdict != "within"]
    undecided = any(finding.verdict == "undecided" for finding in findings)
    return Table(
        name=graph.name,
        title=f"{graph.name}: budgets {f'not kept, {len(missed)} of {len(findings)}' if missed else 'kept'}",
        facts=facts(graph),
        columns=COLUMNS,
        rows=tuple(_row(finding) for finding in findings),
        totals={"passed": passes(findings)},
        notes=((_UNDECIDED,) if undecided else ()) + warnings(graph),
        head=head(graph),
    )


def _row(finding: Finding) -> Row:
    quantity = QUANTITIES[finding.quantity]
    values: dict[str, Value] = {
        "quantity": finding.quantity, "title": quantity.title, "limit": finding.limit, "actual": finding.actual, "headroom":
        finding.headroom,
        "used": finding.used, "verdict": finding.verdict, "reason": finding.reason or None,
    }  # fmt: skip
    return Row(values, kinds=dict.fromkeys(("limit", "actual", "headroom"), quantity.kind))
