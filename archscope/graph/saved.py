"""A Graph's columns as JSON, and what is looked at before columns are believed. `columns.py` says what the fields are.

Any reader of JSON will do; with pandas, the operators, a row each:

    nodes = json.load(open("v4.json"))["nodes"]
    kinds = pandas.DataFrame(nodes.pop("kinds"))
    pandas.DataFrame(nodes).join(kinds, on="kind")
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from itertools import chain
from math import prod
from typing import Any

import msgspec

from archscope.errors import ArchscopeError
from archscope.graph import attributes
from archscope.graph.columns import SCHEMA_VERSION, CallColumns, Columns, NodeColumns, ParamColumns, TensorColumns
from archscope.graph.records import ITEM_BYTES, total
from archscope.graph.sequences import Lists, ints
from archscope.printable import printable_json


class _AnyVersion(msgspec.Struct):
    """What a saved Graph of every version has, and no other file of archscope."""

    schema_version: int
    nodes: msgspec.Raw


def to_json(columns: Columns) -> bytes:
    """JSON with a line for every column and every kind. Raises `ArchscopeError` for a name that is no text."""
    try:
        data = b"".join(_lines(columns))
        if data.isascii() and b"\x7f" not in data:  # nothing in it that would do something, and no second copy of it
            return data
        return printable_json(data.decode()).encode()
    except UnicodeEncodeError as error:
        raise ArchscopeError(f"{columns.name} cannot be saved: {error.object!a} is no text", "rename the module") from None


def _lines(value: Any) -> Iterator[bytes]:
    if isinstance(value, (Columns, TensorColumns, NodeColumns, CallColumns, ParamColumns)):
        for before, field in zip("{,,,,,,,,,", value.__struct_fields__, strict=False):
            yield f'{before}\n"{field}":'.encode()
            yield from _lines(getattr(value, field))
        yield b"\n}"
    elif isinstance(value, list) and isinstance(value[0] if value else None, msgspec.Struct):
        yield b"[\n" + b",\n".join(map(msgspec.json.encode, value)) + b"\n]"
    else:
        yield msgspec.json.encode(value, enc_hook=list)


def from_json(data: bytes | str, where: str) -> Columns:
    """Reads what `to_json` wrote; raises `ArchscopeError` when it is damaged or of another version.

    Arguments:
        where: what is being read, for the message: a file's path.
    """
    unreadable = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
    again = "trace the model again: archscope trace MODEL --out graph.json"
    version = SCHEMA_VERSION
    with suppress(*unreadable):
        version = msgspec.json.decode(data, type=_AnyVersion).schema_version
    if version != SCHEMA_VERSION:
        raise ArchscopeError(f"{where} has schema version {version}, this archscope reads {SCHEMA_VERSION}", again)
    try:
        columns = msgspec.json.decode(data, type=Columns, dec_hook=column)
    except unreadable as error:
        raise ArchscopeError(
            f"{where} is not a saved graph: {error}", "write one with: archscope trace MODEL --out graph.json"
        ) from None
    broken = damage(columns)
    if broken:
        raise ArchscopeError(f"{where} is damaged: {broken}", again)
    return columns


def column(kind: type, values: Any) -> Any:
    """A column of numbers or of lists of numbers, as msgspec asks for it. Raises `TypeError` or `ValueError` otherwise."""
    return Lists.of(values) if kind is Lists else ints(values)


def damage(columns: Columns) -> str:
    """Why these columns are those of no Graph, the first reason found; "" where they are sound."""
    return next(chain(_lengths(columns), _sizes(columns), _references(columns), _order(columns), _operands(columns)), "")


def _lengths(columns: Columns) -> Iterator[str]:
    for name in ("tensors", "nodes", "calls", "params"):
        part = getattr(columns, name)
        if len({len(getattr(part, field)) for field in part.__struct_fields__ if field != "kinds"}) > 1:
            yield f"the columns of its {name} have different lengths"
        yield from _missing(f"kind of {name}", part.kind, part.kinds)
    if not columns.calls.kind:
        yield "it has no calls"
    if len(set(columns.params.name)) < len(columns.params.name):
        yield "two parameters have the same name"


def _sizes(columns: Columns) -> Iterator[str]:
    shaped = _times(columns.tensors) + _times(columns.params)
    for kind, _ in shaped:
        if kind.dtype not in ITEM_BYTES or any(size < 0 for size in kind.shape):
            yield f"there is no tensor of shape {list(kind.shape)} and dtype {kind.dtype}"
    nodes = _times(columns.nodes)
    taken = sum(prod(kind.shape) * ITEM_BYTES[kind.dtype] * times for kind, times in shaped)
    moved, cost = sum(kind.bytes * times for kind, times in nodes), total(kind.cost * times for kind, times in nodes)
    if not all(abs(number) < 2**63 for number in (taken, moved, *msgspec.structs.astuple(cost))):
        yield "its sizes or costs are beyond 63 bits"


def _references(columns: Columns) -> Iterator[str]:
    nodes = columns.nodes
    for tensors in (columns.inputs, columns.outputs, nodes.inputs.values, nodes.outputs.values):
        yield from _missing("tensor", tensors, columns.tensors.kind)
    yield from _missing("call", nodes.call, columns.calls.kind)
    yield from _missing("parameter", nodes.params.values, columns.params.kind)


def _order(columns: Columns) -> Iterator[str]:
    """Calls are numbered as they begin, and what runs inside one has no other's nodes in between."""
    running: list[int] = []
    ends = [len(columns.calls.parent)] * len(columns.calls.parent)
    for call, parent in enumerate(columns.calls.parent):
        while running and running[-1] != parent:
            ends[running.pop()] = call
        if bool(running) != bool(call) or (parent == -1) != (call == 0):
            yield f"call {call} does not fit its parent"
        running.append(call)
    now = latest = last = -1
    for node, call in zip(columns.nodes.id, columns.nodes.call, strict=True):
        if node <= last or not (call > latest or call <= now < ends[call]):
            yield f"node {node} is out of order"
        now, latest, last = call, max(latest, call), node


def _operands(columns: Columns) -> Iterator[str]:
    nodes = columns.nodes
    for kind in nodes.kinds:
        if not attributes.fits(kind.attrs):
            yield f"{kind.op} has a window whose sizes do not fit each other"
        yield from _missing("wanted operand", [max(at, -1 - at) for at in kind.wanted], kind.operands)
        if len({at < 0 for at in kind.wanted}) > 1:
            yield f"{kind.op} is said to be seen by autograd and not to be"
        if any(operand < 0 for operand in kind.operands):
            yield f"{kind.op} has an operand below 0"
    needed = [max(kind.operands, default=-1) for kind in nodes.kinds]
    for node, of, inputs, params in zip(nodes.id, nodes.kind, nodes.inputs.lengths(), nodes.params.lengths(), strict=True):
        if needed[of] >= inputs + params:
            yield f"node {node} has an operand that it does not read"


def _missing(what: str, places: Sequence[int], of: Sequence[object]) -> Iterator[str]:
    """What is referred to and does not exist."""
    if places:
        yield from (f"{what} {at} does not exist" for at in (min(places), max(places)) if not 0 <= at < len(of))


def _times(part: Any) -> list[tuple[Any, int]]:
    """Each kind and how many there are of it."""
    return [(part.kinds[kind], times) for kind, times in Counter(part.kind).items()]
