"""What a rule is, and the registry of them by operator."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from archscope.graph import Node
from archscope.metrics.places import Read

Shape = tuple[int, ...]
Answer = tuple[Sequence[Read], bool]


class Window(NamedTuple):
    """What a convolution or pooling does to places.

    Attributes:
        axes: kernel, stride, padding and dilation along each of the last dimensions.
        convolves: whether it mixes the channels, the dimension before these, too; in several `groups`.
    """

    axes: tuple[tuple[int, int, int, int], ...]
    convolves: bool
    groups: int
    transposed: bool


Windows = dict[tuple[str, int], Window]
"""The windows of one Graph, by operator and id of its attributes: equal nodes share these."""


class Run(NamedTuple):
    """One run of an operator: its node, the shapes of its inputs, the shape of the output in question and its number.

    Attributes:
        windows: those that were read before.
    """

    node: Node
    shapes: tuple[Shape, ...]
    out: Shape
    windows: Windows
    at: int = 0

    @property
    def sizes(self) -> list[list[int]]:
        """Kernel, stride, padding and dilation, a number for each axis; empty lists where it has none."""
        return [self.numbers(name) for name in ("kernel", "stride", "padding", "dilation")]

    def number(self, name: str, default: int = 0) -> int:
        """A whole number among the attributes."""
        value = self.node.attrs.get(name, default)
        return value if isinstance(value, int) else default

    def numbers(self, name: str) -> list[int]:
        """A list of whole numbers among the attributes; a single one is a list of one."""
        value = self.node.attrs.get(name)
        values = value if isinstance(value, list) else [value]
        return [v for v in values if isinstance(v, int)]


Rule = Callable[[Run, int, Read], Answer]
RULES: dict[str, Rule] = {}


def rule(names: str) -> Callable[[Rule], Rule]:
    """Registers a rule for the operators of these names."""

    def register(function: Rule) -> Rule:
        RULES.update(dict.fromkeys(names.split(), function))
        return function

    return register


CONSTANT = frozenset(
    "zeros_like ones_like full_like empty_like rand_like randn_like new_zeros new_ones new_full new_empty new_empty_strided zero "
    "fill bernoulli uniform normal random".split()
)
"""Operators whose result does not depend on what they read."""


def dims_of(read: Read) -> set[int]:
    """The dimensions that number its places."""
    return {digit.dim for digit in read.digits}


def renumbered(read: Read, to: Callable[[int], int]) -> Read:
    """The read with its dimensions renumbered; the very same where they keep their numbers."""
    if all([to(digit.dim) == digit.dim for digit in read.digits]):
        return read
    return read._replace(digits=tuple(digit._replace(dim=to(digit.dim)) for digit in read.digits))


def dim_of(run: Run, k: int, name: str = "dim", default: int = 0) -> int:
    """The dimension of input `k` that an attribute names, counted from the front."""
    return run.number(name, default) % max(len(run.shapes[k]), 1)
