"""What a metric is, and the registry of them. A metric's docstring is its entry in the glossary; its name is the column of
`compare`, the key in JSON, the argument of `measure` and the word for a budget.
"""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, TypeVar

from archscope.graph import Graph
from archscope.metrics.data_sizes import varying
from archscope.metrics.weights_only import NO_FORWARD, weights_only
from archscope.registry import Registry
from archscope.values import Value


class Metric(NamedTuple):
    """A metric and how its number is to be read.

    Attributes:
        unit: "" for a plain count, "B" for bytes, "px" for input positions, else in words: "FLOPs/B".
        function: Graph -> number, or why there is none.
        title: its head in a table: "peak memory".
        source: where the definition comes from.
        forward: whether it needs a forward: of a file of weights it is not known then.
    """

    name: str
    unit: str
    function: Callable[[Graph], Value]
    title: str
    source: str
    forward: bool = True

    def __call__(self, graph: Graph) -> Value:
        """The number; a `Varies` where data decide it, an `Absent` where it cannot be known."""
        return NO_FORWARD if self.forward and weights_only(graph) else varying(graph, self.name, self.function(graph))

    @property
    def definition(self) -> str:
        """The metric's docstring, as one paragraph."""
        return " ".join((self.function.__doc__ or "").split())

    @property
    def says(self) -> str:
        """The first sentence of the definition, without its full stop."""
        return self.definition.partition(". ")[0].removesuffix(".")


METRICS: Registry[Metric] = Registry("metric")

OWN = "counted by archscope from the trace"

F = TypeVar("F", bound=Callable[[Graph], Any])


def metric(unit: str = "", title: str = "", source: str = OWN, forward: bool = True) -> Callable[[F], F]:
    """Registers a function of a Graph under its own name. See `Metric`; the title is the name in words if not given."""

    def register(function: F) -> F:
        name = function.__name__
        METRICS.add(name, Metric(name, unit, function, title or name.replace("_", " "), source, forward))
        return function

    return register


def measure(graph: Graph, names: Sequence[str] | None = None) -> dict[str, Value]:
    """The metrics by name; all of them, or those named. Raises `UsageError` for a name that no metric has.

    What cannot be known is an `Absent` with the reason, never the last value that was known; see `archscope.values`.

    >>> measure(graph, ["params", "macs"])
    {'params': 42679816, 'macs': 12253974624}
    """
    return {name: METRICS.find(name)(graph) for name in (names if names is not None else METRICS)}
