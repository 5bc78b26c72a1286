"""Weights in a safetensors file: names, shapes and dtypes from its header. What ran on them is not in the file.

Layout: 8 bytes, the length n of the header (little-endian); n bytes of JSON, {name: {dtype, shape, data_offsets}}; the data.
Source: the format's description in the safetensors package, "Format".
"""

from math import prod
from pathlib import Path
from typing import Any, BinaryIO

import msgspec

from archscope.errors import ArchscopeError
from archscope.graph import ZERO, Call, Graph, Meta, Node, Param
from archscope.graph.records import ITEM_BYTES
from archscope.metrics.weights_only import OPERATOR
from archscope.models.graph_file import reads

_MOST = 100_000_000  # bytes of a header, as the format's own reader has it
_DTYPES = {
    "F64": "float64", "F32": "float32", "F16": "float16", "BF16": "bfloat16", "F8_E4M3": "float8_e4m3fn",
    "F8_E5M2": "float8_e5m2", "I64": "int64", "I32": "int32", "I16": "int16", "I8": "int8", "U8": "uint8", "U16": "uint16",
    "U32": "uint32", "U64": "uint64", "BOOL": "bool", "C64": "complex64",
}  # fmt: skip
_BUFFERS = ("running_mean", "running_var", "num_batches_tracked")


class Entry(msgspec.Struct):
    """One tensor of the header."""

    dtype: str
    shape: tuple[int, ...]
    data_offsets: tuple[int, int]


@reads(".safetensors")
def safetensors(path: Path) -> Graph:
    """A Graph of parameters without operators: `params` shows it; there is no forward to count."""
    with path.open("rb") as file:
        header = _header(file, path)
    params = tuple(_param(name, entry, path) for name, entry in sorted(header.items(), key=lambda item: item[1].data_offsets))
    calls, nodes = _modules(params)
    meta = Meta(
        variant="weights from a file: names, shapes and dtypes; no forward is in it", source=str(path), device="file",
        dtype=next((p.dtype for p in params if not p.buffer), "float32"),
    )  # fmt: skip
    return Graph(path.stem, (), (), (), nodes, calls, params, meta)


def _modules(params: tuple[Param, ...]) -> tuple[tuple[Call, ...], tuple[Node, ...]]:
    """The modules that the names tell, and in each that holds something a node that reads it, so that tables find it."""
    held: dict[str, list[str]] = {}
    for param in params:
        held.setdefault(param.name.rpartition(".")[0], []).append(param.name)
    children: dict[str, list[str]] = {"": []}
    for path in held:
        steps = path.split(".") if path else []
        for at in range(1, len(steps) + 1):
            inner, above = ".".join(steps[:at]), ".".join(steps[: at - 1])
            if inner not in children:
                children[inner] = []
                children[above].append(inner)
    calls: list[Call] = []
    nodes: list[Node] = []

    def visit(path: str, parent: int | None) -> None:
        number = len(calls)
        calls.append(Call(number, parent, path, "Weights"))
        if path in held:
            nodes.append(Node(len(nodes), OPERATOR, number, (), (), tuple(held[path]), ZERO, 0, {}, free="weights in a file"))
        for child in children[path]:
            visit(child, number)

    visit("", None)
    return tuple(calls), tuple(nodes)


def _header(file: BinaryIO, path: Path) -> dict[str, Entry]:
    size = path.stat().st_size
    length = int.from_bytes(file.read(8), "little")
    if size < 8 or length > min(size - 8, _MOST):
        raise _damaged(path, "its header is longer than the file")
    try:
        raw: dict[str, Any] = msgspec.json.decode(file.read(length), type=dict[str, Any])
        raw.pop("__metadata__", None)
        header = msgspec.convert(raw, type=dict[str, Entry])
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise _damaged(path, str(error)) from None
    end = max((entry.data_offsets[1] for entry in header.values()), default=0)
    if end > size - 8 - length:
        raise _damaged(path, f"it ends {end - (size - 8 - length):,} bytes before its data does")
    return header


def _param(name: str, entry: Entry, path: Path) -> Param:
    dtype = _DTYPES.get(entry.dtype)
    if dtype is None:
        raise _damaged(path, f"{name} has the unknown dtype {entry.dtype}")
    begin, end = entry.data_offsets
    if any(n < 0 for n in entry.shape) or begin < 0 or end - begin != prod(entry.shape) * ITEM_BYTES[dtype]:
        raise _damaged(path, f"{name} of shape {list(entry.shape)} does not fill its {end - begin} bytes")
    buffer = name.rpartition(".")[2] in _BUFFERS
    return Param(name, entry.shape, dtype, trainable=not buffer, buffer=buffer)


def _damaged(path: Path, why: str) -> ArchscopeError:
    return ArchscopeError(f"{path} is not a safetensors file, or damaged: {why}", "fetch or write it again")
