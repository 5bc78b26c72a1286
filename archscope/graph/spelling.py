"""How the Python of a forward was spelled: which functions were called by which name, which classes the modules are.

A Graph holds operators; many counters look at Python instead, and `q @ k` and `torch.matmul(q, k)` are the same operator and to
them different things. A Spelling is noted only when it is asked for (`trace(..., spelling=True)`).
"""

from __future__ import annotations

from math import prod

import msgspec

from archscope.graph.records import Attr


class TensorArgument(msgspec.Struct, frozen=True, tag="tensor", gc=False):
    """A tensor among the arguments or results of a function or module."""

    shape: tuple[int, ...]


class Group(msgspec.Struct, frozen=True, tag="group"):
    """A tuple, list or mapping (of which only the values are kept)."""

    items: tuple[Argument, ...]
    mapping: bool = False


Argument = int | float | bool | str | None | TensorArgument | Group


class ModuleNote(msgspec.Struct, frozen=True):
    """A module of the network, whether it ran or not.

    Attributes:
        paths: every place at which the network holds it, a shared module has several; the network itself is at "".
        type: class name: "Conv2d".
        defined_in: where the class is defined: "torch.nn.modules.conv".
        settings: its public attributes that are numbers, words or lists of these.
        params: shapes of the parameters that it holds itself, by name.
        leaf: whether it holds no other module.
    """

    paths: tuple[str, ...]
    type: str
    defined_in: str
    settings: dict[str, Attr]
    params: dict[str, tuple[int, ...]]
    leaf: bool

    @property
    def torch_type(self) -> str:
        """The class name of one of torch's own modules; "" for any other class, also for a subclass of the same name."""
        return self.type if self.defined_in.startswith("torch.nn.modules.") else ""

    def number(self, name: str) -> int:
        """A setting that is a whole number; 0 where there is none."""
        value = self.settings.get(name)
        return value if isinstance(value, int) else 0


class ModuleCall(msgspec.Struct, frozen=True):
    """One run of one module, in step with `Graph.calls`.

    Attributes:
        module: its position in `Spelling.modules`; -1 for one that is no part of the network.
        node: id of the dearest operator that it ran, or of the next one where it ran none.
        inputs: its positional arguments.
        output: what it returned.
    """

    module: int
    node: int
    inputs: tuple[Argument, ...] = ()
    output: Argument = None


class FunctionCall(msgspec.Struct, frozen=True):
    """One call of one of torch's functions or tensor methods.

    Attributes:
        name: "F.relu", "torch.matmul", "Tensor.matmul", and "Tensor.__matmul__" for `q @ k`.
        call: id of the innermost module call that made it.
        node: id of the dearest operator that it ran, or of the next one where it ran none.
        inside: position of the noted function that called it; -1 where a module or the user's code did.
        args, kwargs: as they were given.
        output: what it returned.
        held: whoever called it held on to the function itself (`from torch.nn.functional import relu`, `activation=F.relu`), so
            that what somebody puts in its place later is not called.
    """

    name: str
    call: int
    node: int
    inside: int
    args: tuple[Argument, ...]
    kwargs: dict[str, Argument]
    output: Argument = None
    held: bool = False

    @property
    def operator(self) -> str:
        """The name without its owner: "relu", "matmul"."""
        return self.name.rpartition(".")[2].strip("_")

    def argument(self, position: int, name: str, default: Argument = None) -> Argument:
        """An argument by position or name."""
        return self.args[position] if position < len(self.args) else self.kwargs.get(name, default)

    def shape(self, position: int, name: str) -> tuple[int, ...]:
        """Shape of a tensor argument; () for anything else."""
        return shape_of(self.argument(position, name))


class Spelling(msgspec.Struct, frozen=True):
    """All that was noted: modules, their calls, and the calls of functions in the order in which they began."""

    modules: tuple[ModuleNote, ...]
    calls: tuple[ModuleCall, ...]
    functions: tuple[FunctionCall, ...]


def shape_of(argument: Argument) -> tuple[int, ...]:
    """Shape of a tensor; () for anything else."""
    return argument.shape if isinstance(argument, TensorArgument) else ()


def numel(argument: Argument) -> int:
    """Number of elements of a tensor; 1 for a number."""
    return prod(shape_of(argument))
