"""How each well-known tool counts, as a function of a traced Graph: why ten tools give ten numbers for one network.

A convention says of which parts its tool's number is made: which operator, how much, and by what rule. `count` is the tool's
total and `by_operator` its parts, so that two conventions can be laid side by side and their difference explained. They hold for
graphs of operators (as `trace` gives them), not for views in which several were drawn together.
"""

from collections.abc import Callable, Iterable
from typing import NamedTuple

import msgspec

from archscope.errors import ArchscopeError
from archscope.graph import Graph, Node
from archscope.registry import Registry

Worth = Callable[[Node], int | float]
"""What one node is worth."""


class Part(NamedTuple):
    """A part of a tool's number.

    Attributes:
        node: id of the operator run that it belongs to.
        label: what was counted: "convolution", "bias", "batch_norm".
        value: how much. Only ptflops' resizing by a fraction is not a whole number.
        rule: how it was counted: "2 per element".
        bug: what is wrong with that, if it is a mistake of the tool and no choice.
    """

    node: int
    label: str
    value: int | float
    rule: str
    bug: str = ""


class Convention(msgspec.Struct, frozen=True):
    """How one tool counts.

    Attributes:
        name: of the tool, or "archscope", or "macs".
        unit: what its number is a number of: "MACs" or "FLOPs" (in this tool's sense).
        says: the convention in one sentence, for a footer.
        parts: gives for a graph the parts of the number.
        needs_spelling: the tool looks at names in Python, which only a trace with `spelling=True` knows.
    """

    name: str
    unit: str
    says: str
    parts: Callable[[Graph], Iterable[Part]]
    needs_spelling: bool

    def of(self, graph: Graph) -> list[Part]:
        """The parts that are not zero. Raises `ArchscopeError` for a graph that was traced without what they are told by."""
        if self.needs_spelling and graph.spelling is None:
            raise ArchscopeError(
                f"what {self.name} counts in {graph.name} is unknown: {self.name} looks at names in Python, and the graph was "
                "traced without them",
                "name the model itself, or trace it with --spelling",
            )
        inside = {node.id for node in graph.nodes}
        try:
            return [part for part in self.parts(graph) if part.value and part.node in inside]
        except (ValueError, TypeError, IndexError, KeyError, ZeroDivisionError) as error:
            raise ArchscopeError(
                f"what {self.name} counts in {graph.name} is unknown: some call does not fit its formulas "
                f"({type(error).__name__}: {error})",
                "it is likely that the tool itself fails on this network",
            ) from error

    def worth(self, graph: Graph) -> Worth:
        """The function from nodes to what each is worth. Raises as `of`."""
        worth: dict[int, int | float] = {}
        for part in self.of(graph):
            worth[part.node] = worth.get(part.node, 0) + part.value
        return lambda node: worth.get(node.id, 0)

    def count(self, graph: Graph) -> int:
        """The total. Raises as `of`."""
        return int(sum(part.value for part in self.of(graph)))

    def by_operator(self, graph: Graph) -> dict[str, int]:
        """The parts by what was counted, the dearest first. Raises as `of`."""
        parts: dict[str, int | float] = {}
        for part in self.of(graph):
            parts[part.label] = parts.get(part.label, 0) + part.value
        return {label: int(value) for label, value in sorted(parts.items(), key=lambda item: -item[1])}


CONVENTIONS: Registry[Convention] = Registry("convention")


def convention(
    name: str, unit: str, says: str, *, needs_spelling: bool = False
) -> Callable[[Callable[[Graph], Iterable[Part]]], Callable[[Graph], Iterable[Part]]]:
    """A decorator: registers a function that gives the parts of a tool's number."""

    def register(parts: Callable[[Graph], Iterable[Part]]) -> Callable[[Graph], Iterable[Part]]:
        CONVENTIONS.add(name, Convention(name, unit, says, parts, needs_spelling))
        return parts

    return register
