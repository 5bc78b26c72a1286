"""What a file that holds a network is, and the registry of its kinds, by suffix. No torch."""

from collections.abc import Callable
from pathlib import Path

from archscope.graph import Graph
from archscope.registry import Registry

Reader = Callable[[Path], Graph]
READERS: Registry[Reader] = Registry("kind of file")


def reads(suffix: str) -> Callable[[Reader], Reader]:
    """Registers a function from a file of this suffix to its Graph. It runs no code from the file."""
    return READERS.register(suffix)
