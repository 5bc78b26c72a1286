"""One table per model of a command line; a model that fails does not keep the others from being shown."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from archscope.errors import ArchscopeError
from archscope.graph import Graph
from archscope.models.look_up import look
from archscope.tables.table import Report


def each(
    models: Iterable[str], table: Callable[[Graph], Report], request: Mapping[str, Any]
) -> tuple[list[Report], ArchscopeError | None]:
    """The table of each model, and the first error. What a failing forward did before it failed has its table too.

    Arguments:
        request: the keyword arguments of `look`.
    """
    reports: list[Report] = []
    first: ArchscopeError | None = None
    for model in models:
        try:
            reports.append(table(look(model, **request)))
        except ArchscopeError as error:
            first = first or error
            partial: Graph | None = getattr(error, "graph", None)
            if partial is not None and partial.cost.flops:
                reports.append(table(partial))
    return reports, first
