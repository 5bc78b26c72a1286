"""A second opinion: another counter's figure for the same network beside ours, and why they differ, operator by operator."""

from collections.abc import Mapping
from typing import Any

from archscope.comparison.counters import COUNTERS, Opinion, imported, quiet
from archscope.conventions import CONVENTIONS
from archscope.errors import ArchscopeError
from archscope.graph import Graph
from archscope.models.loading import load_with
from archscope.models.look_up import look
from archscope.models.model import Model
from archscope.models.words import is_file
from archscope.tables.common import Totals, facts, head, share
from archscope.tables.common import warnings as trace_warnings
from archscope.tables.conventions import Rule, rules
from archscope.tables.table import Column, Row, Table


def cross_check_table(tool: str, name: str, request: Mapping[str, Any]) -> Table:
    """Ours and theirs, by operator, with the reason for each difference.

    Arguments:
        tool: "fvcore", "thop" ...: one of `COUNTERS`.
        name: a model's name; a saved graph will not do, the other counter has to run the network.
        request: keyword arguments of `look`: input, batch, options; float32 and eval mode only.

    Raises `UsageError` for a tool that does not exist, `ArchscopeError` when the other counter fails.
    """
    COUNTERS.find(tool)
    if is_file(name):
        raise ArchscopeError(f"{tool} has to run the network, and {name} holds only its trace", "name the model itself")
    imported(tool)
    batch = int(request.get("batch", 1))
    graph = look(
        name, input=request.get("input", ()), batch=batch, options=request.get("options"), keep=request.get("keep"), spelling=True
    )
    model = load_with(name, request.get("options") or {}, request.get("input") or None, "cpu")
    opinion = _asked(tool, model, batch)
    ours = CONVENTIONS["macs"].by_operator(graph)
    expected = rules(CONVENTIONS[tool], graph)
    # A counter that gives only a total is taken apart by its rules as we know them, if these add up to it.
    parts = opinion.parts if opinion.parts is not None else {label: rule.value for label, rule in expected.items()}
    labels = sorted({*ours, *parts, *expected}, key=lambda label: (-ours.get(label, 0), -parts.get(label, 0), label))
    rows = [_row(tool, label, ours.get(label, 0), parts.get(label, 0), expected.get(label)) for label in labels]
    left = opinion.total - sum(parts.values())
    if left:
        rows.append(_row(tool, "not explained", 0, left, None))
    return _table(tool, graph, tuple(rows), sum(ours.values()), opinion, by_rule=opinion.parts is None)


def _asked(tool: str, model: Model, batch: int) -> Opinion:
    module, inputs = model.module.eval(), model.inputs(batch, device="cpu")
    try:
        with quiet():
            return COUNTERS[tool](module, inputs)
    except (Exception, SystemExit) as error:
        lines = str(error).strip().splitlines()
        raise ArchscopeError(f"{tool} cannot count {model.name}: {type(error).__name__}: {lines[0] if lines else ''}") from error


def _row(tool: str, label: str, ours: int, theirs: int, expected: Rule | None) -> Row:
    return Row(
        {
            "operator": label,
            "macs": ours,
            tool: theirs,
            "difference": theirs - ours,
            "because": _because(tool, ours, theirs, expected),
        }
    )


def _because(tool: str, ours: int, theirs: int, expected: Rule | None) -> str:
    if theirs == ours:
        return "the same"
    known = expected.value if expected is not None else 0
    if theirs != known:
        return f"not explained: {tool}'s rule as we know it gives {known:,}"
    if expected is None:
        return f"{tool} has no rule for it"
    bugs = f" [bug: {'; '.join(expected.bugs)}]" if expected.bugs else ""
    if theirs < ours and not bugs:
        return f"{tool} does not see all of them: {' or '.join(expected.rules)} of those that it sees"
    return f"{tool} counts {' or '.join(expected.rules)}{bugs}"


def _table(tool: str, graph: Graph, rows: tuple[Row, ...], ours: int, opinion: Opinion, *, by_rule: bool) -> Table:
    theirs, unsupported = opinion.total, opinion.unsupported
    difference = theirs - ours
    notes = [f"{tool}: {CONVENTIONS[tool].says}"]
    if unsupported:
        names = ", ".join(
            f"{count} x {name}" for name, count in sorted(unsupported.items(), key=lambda item: (-item[1], item[0]))
        )
        notes.append(f"{tool} counts these as 0 and says so: {names}.")
    explained = all(not str(row.values["because"]).startswith("not explained") for row in rows)
    if by_rule and explained:
        notes.append(f"{tool} says {theirs:,}; the parts are by its rules, which add up to this.")
    notes.append("Every difference is explained." if explained else "A difference is left that we cannot explain.")
    return Table(
        name=graph.name,
        title=f"{graph.name}: archscope and {tool}",
        facts=facts(graph),
        columns=(
            Column("operator", "operator"),
            Column("macs", "archscope MACs", "count"),
            Column(tool, tool, "count"),
            Column("difference", "difference", "count"),
            Column("because", "because"),
        ),
        rows=rows,
        totals={**Totals(graph), tool: theirs, "difference": difference, "explained": explained},
        summary=(
            ("archscope MACs", ours, "count"),
            (f"{tool} {CONVENTIONS[tool].unit}", theirs, "count"),
            (f"difference ({share(difference, ours) or 0:+.2%})", difference, "count"),
        ),
        notes=(*notes, *trace_warnings(graph)),
        head=head(graph),
    )
