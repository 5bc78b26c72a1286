"""A Graph in columns: how a large one is kept in memory, how every one is saved as JSON (`saved.py`) and packed (`compact.py`).

Networks repeat themselves. What many records have in common stands once, among the `kinds`; every other field is a column, with
one value for each record, and `kind` is the column that says which of the kinds it is. As JSON:

    schema_version, name, inputs, outputs, meta, spelling      as in `Graph`
    tensors  kinds: shape, dtype                               columns: kind, storage, until
    nodes    kinds: op, cost, bytes, attrs, repeats, free,     columns: kind, id, call, inputs, outputs (lists of tensors),
             operands, wanted                                           params (lists of places in the columns of `params`)
    calls    kinds: type                                       columns: kind, parent (-1 for the network itself), path
    params   kinds: shape, dtype, trainable, buffer,           columns: kind, name
             aliases, module

What the fields mean is said in `records.py`; of a node's kind and of its cost, what has its default there is left out (0, "", 1
for `repeats`). As objects, an operator takes half a kilobyte with its tensors, calls and parameters; here less than a hundred
bytes beyond the names. To make a record takes most of a microsecond: small Graphs, of which there are many, keep the objects.
"""

from collections import defaultdict
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from itertools import chain, count
from operator import attrgetter
from typing import Any, TypeVar

import msgspec

from archscope.graph.records import ZERO, Attr, Call, Cost, Meta, Node, Param, Tensor
from archscope.graph.sequences import Ints, Lists, Made, ints
from archscope.graph.spelling import Spelling

SCHEMA_VERSION = 2

K = TypeVar("K", bound=Hashable)


class TensorKind(msgspec.Struct, frozen=True, gc=False):
    """What many tensors have in common."""

    shape: tuple[int, ...]
    dtype: str


class TensorColumns(msgspec.Struct, frozen=True):
    """Tensors."""

    kinds: list[TensorKind]
    kind: Ints
    storage: Ints
    until: Ints


class NodeKind(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """What many nodes have in common: what does not depend on the place in the network."""

    op: str
    cost: Cost = ZERO
    bytes: int = 0
    attrs: dict[str, Attr] = {}
    repeats: int = 1
    free: str = ""
    operands: tuple[int, ...] = ()
    wanted: tuple[int, ...] = ()


class NodeColumns(msgspec.Struct, frozen=True):
    """Nodes."""

    kinds: list[NodeKind]
    kind: Ints
    id: Ints
    call: Ints
    inputs: Lists
    outputs: Lists
    params: Lists


class CallKind(msgspec.Struct, frozen=True, gc=False):
    """What many calls have in common."""

    type: str


class CallColumns(msgspec.Struct, frozen=True):
    """Calls; their ids are their places."""

    kinds: list[CallKind]
    kind: Ints
    parent: Ints
    path: list[str]


class ParamKind(msgspec.Struct, frozen=True, gc=False):
    """What many parameters have in common."""

    shape: tuple[int, ...]
    dtype: str
    trainable: bool
    buffer: bool
    aliases: tuple[str, ...]
    module: str


class ParamColumns(msgspec.Struct, frozen=True):
    """Parameters and buffers."""

    kinds: list[ParamKind]
    kind: Ints
    name: list[str]


class Columns(msgspec.Struct, frozen=True, kw_only=True):
    """A Graph."""

    schema_version: int = SCHEMA_VERSION
    name: str
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    meta: Meta
    tensors: TensorColumns
    nodes: NodeColumns
    calls: CallColumns
    params: ParamColumns
    spelling: Spelling | None = None


# -- their records --------------------------------------------------------------------------------------------------------------


class Tensors(Made[Tensor]):
    """Tensors, made of their columns."""

    def __init__(self, columns: TensorColumns) -> None:
        self.columns = columns

    @staticmethod
    def of(tensors: Sequence[Tensor]) -> "Tensors":
        """These tensors."""
        if isinstance(tensors, Tensors):
            return tensors
        kinds, kind = _shared(map(attrgetter("shape", "dtype"), tensors))
        storages, untils = ints(map(attrgetter("storage"), tensors)), ints(map(attrgetter("until"), tensors))
        return Tensors(TensorColumns([TensorKind(*shared) for shared in kinds], kind, storages, untils))

    def __len__(self) -> int:
        return len(self.columns.kind)

    def _make(self, at: int) -> Tensor:
        columns = self.columns
        kind = columns.kinds[columns.kind[at]]
        return Tensor(kind.shape, kind.dtype, columns.storage[at], columns.until[at])

    def __iter__(self) -> Iterator[Tensor]:
        columns = self.columns
        return map(Tensor, *_each(columns, TensorKind.__struct_fields__), columns.storage, columns.until)


class Calls(Made[Call]):
    """Calls, made of their columns."""

    def __init__(self, columns: CallColumns) -> None:
        self.columns = columns

    @staticmethod
    def of(calls: Sequence[Call]) -> "Calls":
        """These calls."""
        if isinstance(calls, Calls):
            return calls
        kinds, kind = _shared(map(attrgetter("type"), calls))
        parents = ints([-1 if parent is None else parent for parent in map(attrgetter("parent"), calls)])
        return Calls(CallColumns(list(map(CallKind, kinds)), kind, parents, list(map(attrgetter("path"), calls))))

    def __len__(self) -> int:
        return len(self.columns.kind)

    def _make(self, at: int) -> Call:
        columns = self.columns
        parent = columns.parent[at]
        return Call(at, None if parent < 0 else parent, columns.path[at], columns.kinds[columns.kind[at]].type)

    def __iter__(self) -> Iterator[Call]:
        columns = self.columns
        types = [kind.type for kind in columns.kinds]
        records = zip(columns.parent, columns.path, columns.kind, strict=True)
        return (Call(at, None if parent < 0 else parent, path, types[of]) for at, (parent, path, of) in enumerate(records))


class Params(Made[Param]):
    """Parameters, made of their columns."""

    def __init__(self, columns: ParamColumns) -> None:
        self.columns = columns

    @staticmethod
    def of(params: Sequence[Param]) -> "Params":
        """These parameters."""
        if isinstance(params, Params):
            return params
        kinds, kind = _shared(map(attrgetter(*ParamKind.__struct_fields__), params))
        return Params(ParamColumns([ParamKind(*shared) for shared in kinds], kind, [param.name for param in params]))

    def __len__(self) -> int:
        return len(self.columns.kind)

    def _make(self, at: int) -> Param:
        columns = self.columns
        return _param(columns.name[at], columns.kinds[columns.kind[at]])

    def __iter__(self) -> Iterator[Param]:
        columns = self.columns
        return map(Param, columns.name, *_each(columns, ParamKind.__struct_fields__))

    def by_name(self) -> Mapping[str, Param]:
        """Each by its name."""
        columns = self.columns
        return _ByName(dict(zip(columns.name, map(columns.kinds.__getitem__, columns.kind), strict=True)))


class Nodes(Made[Node]):
    """Nodes, made of their columns.

    Arguments:
        names: of the parameters.
    """

    def __init__(self, columns: NodeColumns, names: list[str]) -> None:
        self.columns = columns
        self._names = names

    @staticmethod
    def of(nodes: Sequence[Node], names: list[str]) -> "Nodes":
        """These nodes, which read parameters of these names."""
        if isinstance(nodes, Nodes) and nodes._names == names:
            return nodes
        read = list(map(attrgetter("params"), nodes))
        places = dict(zip(names, count(), strict=False))
        try:
            held = [places[name] for params in read for name in params]
        except KeyError:  # a part of a Graph without its parameters
            places = dict(zip(dict.fromkeys(chain(names, chain.from_iterable(read))), count(), strict=False))
            held = [places[name] for params in read for name in params]
        kinds, kind = _node_kinds(nodes)
        columns = NodeColumns(
            kinds=kinds,
            kind=kind,
            id=ints(map(attrgetter("id"), nodes)),
            call=ints(map(attrgetter("call"), nodes)),
            inputs=Lists.of(list(map(attrgetter("inputs"), nodes))),
            outputs=Lists.of(list(map(attrgetter("outputs"), nodes))),
            params=Lists(map(len, read), held),
        )
        return Nodes(columns, list(places))

    def __len__(self) -> int:
        return len(self.columns.kind)

    def _make(self, at: int) -> Node:
        columns = self.columns
        kind, params = columns.kinds[columns.kind[at]], columns.params[at]
        return Node(
            columns.id[at], kind.op, columns.call[at], columns.inputs[at], columns.outputs[at],
            tuple([self._names[place] for place in params]) if params else (), kind.cost, kind.bytes, kind.attrs, kind.repeats,
            kind.free, kind.operands, kind.wanted,
        )  # fmt: skip

    def __iter__(self) -> Iterator[Node]:  # the most frequent way to look at them
        columns = self.columns
        kinds = [(kind.op, _BEHIND_PARAMS(kind)) for kind in columns.kinds]
        params = columns.params.along(map(self._names.__getitem__, columns.params.values))
        records = zip(columns.id, columns.kind, columns.call, columns.inputs, columns.outputs, params, strict=True)
        return (Node(at, kinds[of][0], call, read, wrote, held, *kinds[of][1]) for at, of, call, read, wrote, held in records)


_BEHIND_PARAMS = attrgetter(*NodeKind.__struct_fields__[1:])
"""Of a node's kind, all that stands behind `params` in a node."""


def _node_kinds(nodes: Iterable[Node]) -> tuple[list[NodeKind], Ints]:
    encode = msgspec.msgpack.Encoder().encode  # 1, 1.0 and True are different
    kinds: list[NodeKind] = []
    of = ints(())
    seen: dict[tuple[Any, ...], int] = {}  # a trace has one object for equal attributes: mostly this tells
    equal: dict[bytes, int] = {}
    for node in nodes:
        key = (node.op, id(node.cost), node.bytes, id(node.attrs), node.repeats, node.free, node.operands, node.wanted)
        place = seen.get(key)
        if place is None:
            kind = NodeKind(node.op, node.cost, node.bytes, node.attrs, node.repeats, node.free, node.operands, node.wanted)
            place = seen[key] = equal.setdefault(encode(kind), len(kinds))
            if place == len(kinds):
                kinds.append(kind)
        of.append(place)
    return kinds, of


class _ByName(Mapping[str, Param]):
    def __init__(self, kinds: Mapping[str, ParamKind]) -> None:
        self._kinds = kinds

    def __getitem__(self, name: str) -> Param:
        return _param(name, self._kinds[name])

    def __iter__(self) -> Iterator[str]:
        return iter(self._kinds)

    def __len__(self) -> int:
        return len(self._kinds)


def _param(name: str, kind: ParamKind) -> Param:
    return Param(name, kind.shape, kind.dtype, kind.trainable, kind.buffer, kind.aliases, kind.module)


def _shared(values: Iterable[K]) -> tuple[list[K], Ints]:
    """The different values, and for each value its place among them."""
    places: dict[K, int] = defaultdict(count().__next__)
    column = ints(map(places.__getitem__, values))
    return list(places), column


def _each(columns: TensorColumns | ParamColumns, fields: tuple[str, ...]) -> list[Iterator[Any]]:
    """These fields of the kinds, one value for each record."""
    return [map([getattr(kind, field) for kind in columns.kinds].__getitem__, columns.kind) for field in fields]
