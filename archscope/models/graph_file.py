"""What a file that holds a network is, and the registry of its kinds, by suffix. No torch."""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from archscope.graph import Graph
from archscope.graph.input_spec import InputSpec
from archscope.registry import Registry


class Asked(NamedTuple):
    """The sizes that a user asked for, of a file that leaves some open.

    Attributes:
        input: shapes without the batch; empty for the file's own.
        batch: examples per forward.
    """

    input: tuple[InputSpec, ...] = ()
    batch: int = 1


class Kind(NamedTuple):
    """A kind of file.

    Attributes:
        read: from a path, and with `takes_sizes` an `Asked`, to the Graph. It runs no code from the file.
        takes_sizes: whether such a file may leave sizes open.
    """

    read: Callable[..., Graph]
    takes_sizes: bool = False

    def graph(self, path: Path, asked: Asked) -> Graph:
        """The Graph of a file."""
        return self.read(path, asked) if self.takes_sizes else self.read(path)


READERS: Registry[Kind] = Registry("kind of file")


def reads(suffix: str, *, takes_sizes: bool = False) -> Callable[[Callable[..., Graph]], Callable[..., Graph]]:
    """Registers a function from a file of this suffix to its Graph; see `Kind`."""

    def register(read: Callable[..., Graph]) -> Callable[..., Graph]:
        READERS.add(suffix, Kind(read, takes_sizes))
        return read

    return register
