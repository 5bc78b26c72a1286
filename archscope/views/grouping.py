"""What a grouping of operators is, and the registry of them: `archscope flops --by kind` has a line for each group."""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from archscope.graph import Graph, Node
from archscope.registry import Registry

Of = Callable[[Graph], Mapping[str, Sequence[Node]]]


class Grouping(NamedTuple):
    """The operators of a Graph in groups, each operator in one; the name of a group is what a reader calls it."""

    of: Of

    @property
    def says(self) -> str:
        """The first sentence of its docstring."""
        return (self.of.__doc__ or "").strip().splitlines()[0]


GROUPINGS: Registry[Grouping] = Registry("grouping")


def grouping(name: str) -> Callable[[Of], Of]:
    """Registers a function from a Graph to its groups under the word for `--by`."""

    def register(of: Of) -> Of:
        GROUPINGS.add(name, Grouping(of))
        return of

    return register
