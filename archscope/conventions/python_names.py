"""What the conventions of tools that look at Python share: which module a call belongs to, at how many places it is held."""

from collections.abc import Iterator
from functools import cached_property
from math import prod

from archscope.graph import Graph
from archscope.graph.spelling import Argument, FunctionCall, Group, ModuleCall, ModuleNote, Spelling, shape_of

SHARED = "a module at several places of the network is counted once for each"


class Names:
    """The spelling of a graph, with the questions that the tools' hooks and patches put to it."""

    def __init__(self, graph: Graph) -> None:
        assert graph.spelling is not None  # `Convention.of` asks
        self.graph = graph
        self.spelling: Spelling = graph.spelling

    def modules(self) -> Iterator[tuple[ModuleNote, ModuleCall]]:
        """Every run of a module that the network holds, with the module: what its forward hook sees."""
        for call in self.spelling.calls:
            if call.module >= 0:
                yield self.spelling.modules[call.module], call

    def patched(self) -> Iterator[FunctionCall]:
        """Every call of a function that comes by when a tool has put something in the function's place."""
        return (function for function in self.spelling.functions if not function.held)

    def innermost(self) -> Iterator[FunctionCall]:
        """The functions that call no other of the same operator: what torch.jit.trace writes down."""
        outer = {f.inside for f in self.spelling.functions if f.inside >= 0 and self._calls_itself(f)}
        return (f for at, f in enumerate(self.spelling.functions) if at not in outer)

    def owner(self, call: int) -> ModuleNote | None:
        """The innermost module of the network that a call runs in."""
        at: int | None = call
        while at is not None:
            module = self.spelling.calls[at].module
            if module >= 0:
                return self.spelling.modules[module]
            at = self.graph.calls[at].parent
        return None

    @cached_property
    def by_path(self) -> dict[str, ModuleNote]:
        """Every module by each of its places."""
        return {path: module for module in self.spelling.modules for path in module.paths}

    def _calls_itself(self, function: FunctionCall) -> bool:
        return self.spelling.functions[function.inside].operator == function.operator


def above(path: str) -> Iterator[str]:
    """The places that hold a place: "a.b.c" -> "a.b", "a", ""."""
    while path:
        path = path.rpartition(".")[0]
        yield path


def elements(call: ModuleCall) -> int:
    """Elements of the first input of a module."""
    return prod(shape_of(call.inputs[0])) if call.inputs else 0


def first(argument: Argument) -> tuple[int, ...]:
    """Shape of a tensor, or of the first tensor of a group."""
    while isinstance(argument, Group) and argument.items:
        argument = argument.items[0]
    return shape_of(argument)
