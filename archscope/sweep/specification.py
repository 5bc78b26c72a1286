"""One item of a sweep: which network, with which arguments, at which input. Plain data that travels between processes."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

Shapes = tuple[tuple[int, ...], ...]


@dataclass(frozen=True, slots=True)
class Spec:
    """What to build and to trace.

    Attributes:
        index: its place in the list of work; the row is found by it again.
        name: the words for `load`; for a module that a generator yielded, which one it was: "net.py:candidates[3]".
        input: shapes without the batch, one per input; empty for the network's own.
        options: constructor arguments, which are columns of the result.
        module: a pickled module instead of words; None for words.
        home: the Python file that the classes of `module` come from.
        refused: why there is nothing to build; empty where there is.
    """

    index: int
    name: str
    input: Shapes = ()
    batch: int = 1
    dtype: str = "float32"
    mode: str = "eval"
    options: Mapping[str, Any] = field(default_factory=dict)
    module: bytes | None = None
    home: str = ""
    refused: str = ""


@dataclass(frozen=True, slots=True)
class Limits:
    """What one network may take.

    Attributes:
        seconds: for building and tracing it.
        memory: bytes resident in the process that does so.
    """

    seconds: float = 120.0
    memory: int = 2 * 2**30
