"""A Graph whose names can be shown: for pictures, where a name has to be measured as it will stand there."""

import re
from typing import Any

import msgspec

from archscope.graph.graph import Graph
from archscope.printable import printable

_ESCAPED = re.compile(rb"\\[bfnrtu]")  # how JSON writes control characters


def legible(graph: Graph) -> Graph:
    """The same Graph with every name and word as `printable` has it; nearly always the very same object."""
    written = msgspec.json.encode(graph, enc_hook=tuple)
    if not _ESCAPED.search(written) and written.decode().isprintable():
        return graph
    return msgspec.convert(_shown(msgspec.to_builtins(graph, enc_hook=tuple)), Graph).kept()


def _shown(value: Any) -> Any:
    if isinstance(value, str):
        return printable(value)
    if isinstance(value, (list, tuple)):
        return [_shown(item) for item in value]
    if isinstance(value, dict):
        return {_shown(key): _shown(item) for key, item in value.items()}
    return value
