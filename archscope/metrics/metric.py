"""What a metric is, and the registry of them. A metric's docstring is its entry in the glossary, its name the column and the key
in JSON.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple, TypeVar

from archscope.graph import Graph
from archscope.registry import Registry

Value = int | None


class Metric(NamedTuple):
    """A metric and how its number is to be read.

    Attributes:
        unit: "" for a plain count, "B" for bytes, "px" for input positions.
    """

    name: str
    unit: str
    function: Callable[[Graph], Value]

    def __call__(self, graph: Graph) -> Value:
        """The number."""
        return self.function(graph)

    @property
    def says(self) -> str:
        """The first sentence of the metric's docstring."""
        return (self.function.__doc__ or "").strip().splitlines()[0]


METRICS: Registry[Metric] = Registry("metric")


F = TypeVar("F", bound=Callable[[Graph], int | None])


def metric(unit: str = "") -> Callable[[F], F]:
    """Registers a function of a Graph under its own name."""

    def register(function: F) -> F:
        METRICS.add(function.__name__, Metric(function.__name__, unit, function))
        return function

    return register


def measure(graph: Graph, names: Sequence[str] | None = None) -> dict[str, Value]:
    """The metrics by name; all of them, or those named. Raises `UsageError` for a name that no metric has.

    >>> measure(graph, ["params", "macs"])
    {'params': 42679816, 'macs': 12253974624}
    """
    return {name: METRICS.find(name)(graph) for name in (names if names is not None else METRICS)}
