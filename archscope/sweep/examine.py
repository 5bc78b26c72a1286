"""Spec -> the values of its row. Runs in a worker process; whatever the network does short of ending the process is a row."""

import pickle
from collections.abc import Iterator, Sequence
from typing import Any

from archscope import metrics, units
from archscope.errors import ArchscopeError
from archscope.graph import Graph
from archscope.models.words import is_file
from archscope.sweep.columns import NOTES, UNCOUNTED, UNCOUNTED_NAMES
from archscope.sweep.specification import Spec
from archscope.tables.table import Value
from archscope.values import Absent, AtLeast, Varies, Whole, reason

_LARGEST = 2**63 - 1  # that a column of whole numbers holds; what is beyond stands in the notes

Values = dict[str, Value]
"""Metrics by column, `input` and `device`; or `failed_in` and `failure`."""


def examine(spec: Spec, names: Sequence[str]) -> Values:
    """Builds and traces one network.

    Arguments:
        names: of the metrics.
    """
    stage = "building"
    try:
        if spec.refused:
            return failed("building", spec.refused)
        if is_file(spec.name):
            graph = _saved(spec)
            return {**measured(graph, names), "batch": graph.batch, "dtype": graph.meta.dtype, "mode": graph.meta.mode}
        model = _model(spec)
        stage = "forward"
        return measured(model.trace(batch=spec.batch, dtype=spec.dtype, mode=spec.mode), names)
    except BaseException as error:  # SystemExit and what else a network may raise: it costs its own row
        if any(_out_of_memory(one) for one in _chain(error)):
            return failed("memory", "")
        partial = getattr(error, "graph", None)
        known: Values = {"params": metrics.params(partial)} if isinstance(partial, Graph) and "params" in names else {}
        return known | failed(stage, error.message if isinstance(error, ArchscopeError) else _said(error))


def measured(graph: Graph, names: Sequence[str]) -> Values:
    """The metrics of a graph, and what its totals leave out."""
    unknown = sorted({node.op for node in graph.uncounted})
    found = metrics.measure(graph, names)
    notes = {name: str(value) for name, value in found.items() if isinstance(value, Absent | Whole) or abs(value) > _LARGEST}
    told = notes | {name: str(reason(value)) for name, value in found.items() if isinstance(value, Varies)}
    return {
        "input": " and ".join(units.shape(shape) for shape in graph.examples),
        "device": graph.meta.device,
        **{name: None if name in notes else _plain(value) for name, value in found.items()},
        NOTES: "; ".join(f"{name}: {words}" for name, words in told.items()) or None,
        UNCOUNTED: graph.cost.unknown,
        UNCOUNTED_NAMES: ", ".join(unknown) or None,
    }


def _plain(value: Any) -> Value:
    """A number as it goes into a file; that it is a lower bound is said by `uncounted`, that data decide it by the notes."""
    return int(value) if isinstance(value, AtLeast | Varies) else value


def failed(where: str, why: str) -> Values:
    """A row without numbers."""
    return {"failed_in": where, "failure": why}


def _saved(spec: Spec) -> Graph:
    from archscope.models.look_up import look

    return look(spec.name, input=spec.input, batch=spec.batch, dtype=spec.dtype, mode=spec.mode, options=spec.options)


def _model(spec: Spec) -> Any:
    from archscope.models.loading import load_with

    if spec.module is None:
        return load_with(spec.name, spec.options, spec.input or None)
    from archscope.models.model import Model
    from archscope.models.sources.python import ready

    if spec.home:
        ready(spec.home)
    module = pickle.loads(spec.module)
    return Model(type(module).__name__, module, spec.input)


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _out_of_memory(error: BaseException) -> bool:
    said = str(error).lower()
    return isinstance(error, MemoryError) or (isinstance(error, RuntimeError) and "allocate memory" in said)


def _said(error: BaseException) -> str:
    lines = str(error).strip().splitlines()
    return f"{type(error).__name__}: {lines[0] if lines else ''}".rstrip(": ")
