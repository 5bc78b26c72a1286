"""One table per model of a command line; a model that fails does not keep the others from being shown."""

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from archscope.errors import ArchscopeError

if TYPE_CHECKING:
    from archscope.graph import Graph
    from archscope.tables.table import Table


def each(
    models: Iterable[str], table: "Callable[[Graph], Table]", request: Mapping[str, Any]
) -> "tuple[list[Table], ArchscopeError | None]":
    """The table of each model, and the first error. What a failing forward did before it failed has its table too.

    Arguments:
        request: the keyword arguments of `look`.
    """
    from archscope.models.look_up import look

    tables: list[Table] = []
    first: ArchscopeError | None = None
    for model in models:
        try:
            tables.append(table(look(model, **request)))
        except ArchscopeError as error:
            first = first or error
            partial: Graph | None = getattr(error, "graph", None)
            if partial is not None and partial.cost.flops:
                tables.append(table(partial))
    return tables, first
