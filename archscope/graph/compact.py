"""A Graph in a compact, checked form: what the trace store and the package itself keep. In: a Graph; out: bytes, and back.

The columns of `columns.py` with differences in place of numbers, because much of a Graph counts up or repeats itself: a fifteenth
of the JSON, and faster to read.

    "archscope graph 2\\n"  CRC-32 of the rest  zlib of msgpack of the columns

Whoever reads it gets exactly the Graph that was written, or an error: the checksum covers every byte (a change within four
neighbouring bytes is found for certain, any other but for one in four billion). What `saved.py` looks at in a file that anybody
may have edited need not be looked at here. The same Graph gives the same bytes, with the same zlib.
"""

import zlib
from collections.abc import Iterable
from itertools import accumulate, pairwise
from operator import sub
from typing import Any

import msgspec

from archscope.errors import ArchscopeError
from archscope.graph.columns import SCHEMA_VERSION, Columns
from archscope.graph.graph import Graph
from archscope.graph.sequences import Lists, ints

_MAGIC = b"archscope graph 2\n"
_SUM = 4  # bytes of the checksum


def pack(graph: Graph) -> bytes:
    """The graph as bytes. Raises `ArchscopeError` for what no file can hold: a number beyond 63 bits, a name that is no text."""
    try:
        body = zlib.compress(msgspec.msgpack.encode(graph.columns(), enc_hook=_packed), 9)
    except (OverflowError, UnicodeEncodeError) as error:
        raise ArchscopeError(f"{graph.name} cannot be saved: {error}") from None
    return _MAGIC + checksum(body) + body


def unpack(data: bytes, where: str = "the graph") -> Graph:
    """Reads what `pack` wrote; raises `ArchscopeError` when it is damaged or of another version.

    Arguments:
        where: what is being read, for the message.
    """
    begin = len(_MAGIC) + _SUM
    body = data[begin:]
    if data[: len(_MAGIC)] != _MAGIC or data[len(_MAGIC) : begin] != checksum(body):
        raise ArchscopeError(f"{where} is damaged or of another version of archscope")
    try:
        columns = msgspec.msgpack.decode(zlib.decompress(body), type=Columns, dec_hook=_unpacked)
        if columns.schema_version == SCHEMA_VERSION:
            return Graph.of(columns).kept()
    except (msgspec.DecodeError, zlib.error):  # of another version, whose checksum holds
        pass
    raise ArchscopeError(f"{where} is of another version of archscope")


def checksum(data: bytes) -> bytes:
    """Four bytes that tell whether `data` is what it was."""
    return zlib.crc32(data).to_bytes(_SUM, "big")


def _packed(column: Any) -> Any:
    if isinstance(column, Lists):
        return list(column.lengths()), _differences(column.values)
    return _differences(column)


def _unpacked(kind: type, packed: Any) -> Any:
    if kind is Lists:
        lengths, differences = packed
        return Lists(lengths, accumulate(differences))
    return ints(accumulate(packed))


def _differences(values: Iterable[int]) -> list[int]:
    return [sub(after, before) for before, after in pairwise((0, *values))]
