"""Every combination of names, arguments and circumstances, by number: a grid of a million takes no memory."""

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from math import prod
from typing import Any

from archscope.errors import UsageError
from archscope.sweep.specification import Shapes, Spec


@dataclass(frozen=True)
class Grid:
    """What is combined with what. The last axis turns fastest: names, arguments as given, inputs, batches, dtypes.

    Attributes:
        arguments: values by constructor argument.
        inputs: choices; an empty one is the network's own.
    """

    names: Sequence[str]
    arguments: Mapping[str, Sequence[Any]] = field(default_factory=dict)
    inputs: Sequence[Shapes] = ((),)
    batches: Sequence[int] = (1,)
    dtypes: Sequence[str] = ("float32",)
    mode: str = "eval"

    @property
    def axes(self) -> tuple[Sequence[Any], ...]:
        """The values of each axis."""
        return (self.names, *self.arguments.values(), self.inputs, self.batches, self.dtypes)

    def __len__(self) -> int:
        return prod(len(axis) for axis in self.axes)

    def at(self, index: int) -> Spec:
        """The combination of this number."""
        rest, chosen = index, []
        for axis in reversed(self.axes):
            rest, place = divmod(rest, len(axis))
            chosen.append(axis[place])
        name, *values, input, batch, dtype = reversed(chosen)
        return Spec(index, name, input, batch, dtype, self.mode, dict(zip(self.arguments, values, strict=True)))

    def sample(self, count: int | None, seed: int) -> Sequence[int]:
        """The numbers of all combinations; of `count` of them, drawn without replacement, in their order."""
        everything = range(len(self))
        if count is None or count >= len(everything):
            return everything
        if count < 1:
            raise UsageError(f"--sample {count}: there is nothing to do", "draw 1 or more")
        return sorted(random.Random(seed).sample(everything, count))


def specs(grid: Grid, chosen: Sequence[int]) -> Iterator[Spec]:
    """The combinations of these numbers."""
    return map(grid.at, chosen)
