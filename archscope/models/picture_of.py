"""Whatever a person holds, a name, a module or a Graph -> its picture: `archscope.diagram`."""

from collections.abc import Mapping, Sequence
from typing import Any

from archscope.diagrams.diagram import Diagram, draw
from archscope.graph import Graph
from archscope.models.look_up import look
from archscope.zoo.catalog import entries


def diagram(
    model: Any,
    *inputs: Any,
    level: str = "stage",
    block: str | None = None,
    color_by: str = "kind",
    theme: str = "light",
    direction: str = "TB",
    values: Mapping[str, float] | None = None,
) -> "Diagram":
    """A picture of a network, or of several side by side.

    Arguments:
        model: a Graph, a model's name, a `torch.nn.Module`, or a list of these.
        inputs: what the module's forward takes (see `archscope.trace`).
        level: "stage" (one page), "block" (also every distinct block, opened), "op" (every operator).
        block: draw one block alone: a module's path, or what the overview calls it.
        color_by: "kind", "params", "macs", "activations"; with `values`, what they are.
        theme: "light", "dark" or "paper".
        direction: "TB" from top to bottom, "LR" from left to right.
        values: numbers by module path that decide the colours: a measured latency.

    Raises `UsageError` for a word that is none of these, and what `archscope.look` and `archscope.trace` raise.

    >>> archscope.diagram("inception_v4", level="block").save("inception_v4.svg")
    """
    models = list(model) if isinstance(model, (list, tuple)) else [model]
    graphs = [_graph(one, inputs) for one in models]
    return draw(
        graphs, [_title(graph) for graph in graphs],
        level=level, block=block, color_by=color_by, theme=theme, direction=direction, values=values,
    )  # fmt: skip


def _graph(model: Any, inputs: Sequence[Any]) -> Graph:
    if isinstance(model, Graph):
        return model
    if isinstance(model, str):
        return look(model)
    from archscope.tracing import TraceError, trace

    try:
        return trace(model, *inputs)
    except TraceError as error:
        return error.graph


def _title(graph: Graph) -> str:
    """The name under which readers know a built-in network."""
    return next((entry.title for entry in entries() if entry.name == graph.meta.source == graph.name), graph.name)
