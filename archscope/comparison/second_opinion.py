"""A second opinion: another counter's figure for the same network beside ours, and why they differ, operator by operator."""

import contextlib
import logging
import warnings
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from archscope.conventions import CONVENTIONS
from archscope.conventions.fvcore import FVCORE_OPERATORS
from archscope.errors import ArchscopeError
from archscope.graph import Graph
from archscope.models.loading import load
from archscope.models.look_up import look
from archscope.models.model import Model
from archscope.registry import Registry
from archscope.tables.common import facts, head, share, totals
from archscope.tables.common import warnings as trace_warnings
from archscope.tables.table import Column, Row, Table

Opinion = Callable[[Model, int], tuple[dict[str, int], dict[str, int]]]
"""Runs another counter: (what each operator is worth to it, operators it names as unsupported and how often)."""

OPINIONS: Registry[Opinion] = Registry("counter to cross-check with")


@OPINIONS.register("fvcore")
def fvcore(model: Model, batch: int) -> tuple[dict[str, int], dict[str, int]]:
    """fvcore's FlopCountAnalysis, by our names of the operators. It runs the network on the CPU, with weights."""
    with _quiet():
        from fvcore.nn import FlopCountAnalysis

        analysis = FlopCountAnalysis(model.module.eval(), model.inputs(batch, device="cpu"))
        analysis.unsupported_ops_warnings(False).uncalled_modules_warnings(False).tracer_warnings("none")
        try:
            found = dict(analysis.by_operator())
            unsupported = dict(analysis.unsupported_ops())
        except Exception as error:
            lines = str(error).strip().splitlines()
            raise ArchscopeError(
                f"fvcore cannot count {model.name}: {type(error).__name__}: {lines[0] if lines else ''}"
            ) from error
    counted: dict[str, int] = {}
    for name, value in found.items():
        label = FVCORE_OPERATORS.get(str(name), str(name))
        counted[label] = counted.get(label, 0) + int(value)
    return counted, unsupported


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """fvcore announces its deprecated parts on import and while tracing; these are not the user's concern."""
    loggers = [logging.getLogger(name) for name in ("fvcore", "fvcore.nn.jit_analysis", "iopath")]
    levels = [logger.level for logger in loggers]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for logger in loggers:
            logger.setLevel(logging.ERROR)
        try:
            yield
        finally:
            for logger, level in zip(loggers, levels, strict=True):
                logger.setLevel(level)


def cross_check_table(tool: str, name: str, request: Mapping[str, Any]) -> Table:
    """Ours and theirs, by operator, with the reason for each difference.

    Arguments:
        tool: "fvcore".
        name: a model's name; a saved graph will not do, the other counter has to run the network.
        request: keyword arguments of `look`: input, batch, options; float32 and eval mode only.

    Raises `UsageError` for a tool that does not exist, `ArchscopeError` when the other counter fails.
    """
    run = OPINIONS.find(tool)
    if name.endswith(".json"):
        raise ArchscopeError(f"{tool} has to run the network, and {name} holds only its trace", "name the model itself")
    batch = int(request.get("batch", 1))
    graph = look(name, input=request.get("input", ()), batch=batch, options=request.get("options"))
    model = load(name, input=request.get("input") or None, device="cpu", **(request.get("options") or {}))
    theirs, unsupported = run(model, batch)
    ours = CONVENTIONS["macs"].by_operator(graph)
    expected = CONVENTIONS[tool].by_operator(graph)
    labels = sorted({*ours, *theirs, *expected}, key=lambda label: (-ours.get(label, 0), -theirs.get(label, 0), label))
    rows = tuple(_row(tool, label, ours.get(label, 0), theirs.get(label, 0), expected.get(label, 0)) for label in labels)
    return _report(tool, graph, rows, sum(ours.values()), sum(theirs.values()), unsupported)


def _row(tool: str, label: str, ours: int, theirs: int, expected: int) -> Row:
    return Row(
        {
            "operator": label,
            "macs": ours,
            tool: theirs,
            "difference": theirs - ours,
            "because": _because(tool, label, ours, theirs, expected),
        }
    )


def _because(tool: str, label: str, ours: int, theirs: int, expected: int) -> str:
    if theirs == ours:
        return "the same"
    if theirs != expected:
        return f"not explained: {tool}'s rule as we know it gives {expected:,}"
    return _REASONS.get(label, f"{tool} has no rule for it" if not theirs else f"{tool} adds it to the multiply-accumulates")


_REASONS = {
    "batch_norm": "fvcore adds 2 per element of an eval batch norm to the multiply-accumulates",
    "layer_norm": "fvcore adds 5 per element of a layer norm to the multiply-accumulates",
    "group_norm": "fvcore adds 5 per element of a group norm to the multiply-accumulates",
    "adaptive_avg_pool2d": "fvcore adds 1 per input of an adaptive average pooling",
    "upsample_nearest2d": "fvcore adds 1 per output of nearest resizing",
    "upsample_bilinear2d": "fvcore adds 4 per output of bilinear resizing",
    "grid_sampler": "fvcore adds 4 per output of grid sampling",
    "matmul": "fvcore counts the products inside fused attention, and of layers that it has no rule for, as 0",
}


def _report(tool: str, graph: Graph, rows: tuple[Row, ...], ours: int, theirs: int, unsupported: dict[str, int]) -> Table:
    difference = theirs - ours
    notes = [f"{tool}: {CONVENTIONS[tool].says}"]
    if unsupported:
        names = ", ".join(
            f"{count} x {name}" for name, count in sorted(unsupported.items(), key=lambda item: (-item[1], item[0]))
        )
        notes.append(f"{tool} counts these as 0 and says so: {names}.")
    explained = all(not str(row.values["because"]).startswith("not explained") for row in rows)
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
        totals={**totals(graph), tool: theirs, "difference": difference, "explained": explained},
        summary=(
            ("archscope MACs", ours, "count"),
            (tool, theirs, "count"),
            (f"difference ({share(difference, ours) or 0:+.2%})", difference, "count"),
        ),
        notes=(*notes, *trace_warnings(graph)),
        head=head(graph),
    )
