"""The records of a large Graph in columns: a record is made when it is asked for, equal to the one that was put in.

As objects, an operator with its tensors, calls and parameters takes half a kilobyte; here, where networks repeat themselves and
what many records have in common stands once, less than a hundred bytes. To make a record takes a microsecond: small Graphs, of
which there are many, keep the objects.
"""

from abc import abstractmethod
from array import array
from collections import defaultdict
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from itertools import accumulate, chain, count, islice, pairwise
from operator import attrgetter
from typing import Any, TypeVar, overload

import msgspec

from archscope.graph.records import Call, Node, Param, Tensor

T = TypeVar("T")
K = TypeVar("K", bound=Hashable)


class Made(Sequence[T]):
    """A sequence whose items are made when they are asked for; it equals every sequence of the same items."""

    @abstractmethod
    def _make(self, at: int) -> T: ...

    @overload
    def __getitem__(self, at: int) -> T: ...
    @overload
    def __getitem__(self, at: slice) -> tuple[T, ...]: ...
    def __getitem__(self, at: int | slice) -> T | tuple[T, ...]:
        places = range(len(self))[at]
        return self._make(places) if isinstance(places, int) else tuple(map(self._make, places))

    def __iter__(self) -> Iterator[T]:
        return map(self._make, range(len(self)))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and len(self) == len(other) and all(a == b for a, b in zip(self, other, strict=True))

    __hash__ = None  # type: ignore[assignment]


class Lists(Made[tuple[int, ...]]):
    """Lists of whole numbers, one behind the other."""

    def __init__(self, lengths: Iterable[int], values: Iterable[int]) -> None:
        self._ends = array("i", accumulate(lengths, initial=0))
        self._values = array("i", values)

    @staticmethod
    def of(lists: Sequence[Sequence[int]]) -> "Lists":
        """These lists."""
        return Lists(map(len, lists), chain.from_iterable(lists))

    @staticmethod
    def grouped(pairs: Iterable[tuple[int, int]], groups: int) -> "Lists":
        """The second numbers of the pairs, in their order, by the first ones, which are below `groups`."""
        keys, values = array("i"), array("i")
        lengths = array("i", bytes(4 * groups))
        for key, value in pairs:
            keys.append(key)
            values.append(value)
            lengths[key] += 1
        free = array("i", accumulate(lengths, initial=0))
        placed = array("i", bytes(4 * len(values)))
        for key, value in zip(keys, values, strict=True):
            placed[free[key]] = value
            free[key] += 1
        return Lists(lengths, placed)

    def __len__(self) -> int:
        return len(self._ends) - 1

    def _make(self, at: int) -> tuple[int, ...]:
        return tuple(self._values[self._ends[at] : self._ends[at + 1]])

    def __iter__(self) -> Iterator[tuple[int, ...]]:
        values = iter(self._values)
        return (tuple(islice(values, end - begin)) for begin, end in pairwise(self._ends))


class Tensors(Made[Tensor]):
    """Tensors: shape and dtype once for all that share them."""

    def __init__(self, tensors: Sequence[Tensor]) -> None:
        self._kinds, self._of = _shared(map(attrgetter("shape", "dtype"), tensors))
        self._storages = array("q", map(attrgetter("storage"), tensors))
        self._untils = array("q", map(attrgetter("until"), tensors))

    def __len__(self) -> int:
        return len(self._of)

    def _make(self, at: int) -> Tensor:
        return Tensor(*self._kinds[self._of[at]], self._storages[at], self._untils[at])

    def __iter__(self) -> Iterator[Tensor]:
        kinds, columns = self._kinds, zip(self._of, self._storages, self._untils, strict=True)
        return (Tensor(*kinds[of], storage, until) for of, storage, until in columns)


class Calls(Made[Call]):
    """Calls; -1 is the parent of the network itself."""

    def __init__(self, calls: Sequence[Call]) -> None:
        self._types, self._of = _shared(map(attrgetter("type"), calls))
        self._ids = array("i", map(attrgetter("id"), calls))
        self._parents = array("i", [-1 if call.parent is None else call.parent for call in calls])
        self._paths = tuple(map(attrgetter("path"), calls))

    def __len__(self) -> int:
        return len(self._of)

    def _make(self, at: int) -> Call:
        parent = self._parents[at]
        return Call(self._ids[at], None if parent < 0 else parent, self._paths[at], self._types[self._of[at]])


class Params(Made[Param]):
    """Parameters and buffers: all but the name once for all that share it."""

    def __init__(self, params: Sequence[Param]) -> None:
        self._kinds, self._of = _shared(map(attrgetter("shape", "dtype", "trainable", "buffer", "aliases", "module"), params))
        self._names = tuple(map(attrgetter("name"), params))

    def __len__(self) -> int:
        return len(self._of)

    def _make(self, at: int) -> Param:
        return Param(self._names[at], *self._kinds[self._of[at]])

    def by_name(self) -> Mapping[str, Param]:
        """Each by its name."""
        return _ByName({name: self._kinds[of] for name, of in zip(self._names, self._of, strict=True)})


class Nodes(Made[Node]):
    """Nodes: what does not depend on the place in the network once for all that share it.

    Arguments:
        names: of the parameters, so that each text is there once.
    """

    def __init__(self, nodes: Sequence[Node], names: Iterable[str] = ()) -> None:
        self.ids = array("q", map(attrgetter("id"), nodes))
        self._calls = array("i", map(attrgetter("call"), nodes))
        self._inputs = Lists.of(list(map(attrgetter("inputs"), nodes)))
        self._outputs = Lists.of(list(map(attrgetter("outputs"), nodes)))
        read = list(map(attrgetter("params"), nodes))
        self._names = tuple(dict.fromkeys(chain(names, chain.from_iterable(read))))
        places = dict(zip(self._names, count(), strict=False))
        self._params = Lists(map(len, read), map(places.__getitem__, chain.from_iterable(read)))
        self._kinds: list[Node] = []
        self._of = array("i")
        encode = msgspec.msgpack.Encoder().encode  # 1, 1.0 and True are different
        seen: dict[tuple[Any, ...], int] = {}  # a trace has one object for equal attributes: mostly this tells
        equal: dict[bytes, int] = {}
        for node in nodes:
            key = (node.op, id(node.cost), node.bytes, id(node.attrs), node.repeats, node.free, node.operands, node.wanted)
            kind = seen.get(key)
            if kind is None:
                bare = msgspec.structs.replace(node, id=0, call=0, inputs=(), outputs=(), params=())
                kind = seen[key] = equal.setdefault(encode(bare), len(self._kinds))
                if kind == len(self._kinds):
                    self._kinds.append(bare)
            self._of.append(kind)

    def __len__(self) -> int:
        return len(self._of)

    def _make(self, at: int) -> Node:
        return self._node(self._of[at], self.ids[at], self._calls[at], self._inputs[at], self._outputs[at], self._params[at])

    def __iter__(self) -> Iterator[Node]:  # the most frequent way to look at them
        return map(self._node, self._of, self.ids, self._calls, self._inputs, self._outputs, self._params)

    def _node(
        self, of: int, id: int, call: int, inputs: tuple[int, ...], outputs: tuple[int, ...], params: tuple[int, ...]
    ) -> Node:
        kind = self._kinds[of]
        names = tuple([self._names[at] for at in params]) if params else ()
        return Node(
            id, kind.op, call, inputs, outputs, names, kind.cost, kind.bytes, kind.attrs, kind.repeats, kind.free, kind.operands,
            kind.wanted,
        )  # fmt: skip


class Writers(Mapping[int, Node]):
    """The node that wrote a tensor, by tensor id."""

    def __init__(self, nodes: Sequence[Node], tensors: int) -> None:
        self._nodes = nodes
        self._places = array("i", [-1]) * tensors
        for at, node in enumerate(nodes):
            for tensor in node.outputs:
                self._places[tensor] = at

    def __getitem__(self, tensor: int) -> Node:
        at = self._places[tensor] if 0 <= tensor < len(self._places) else -1
        if at < 0:
            raise KeyError(tensor)
        return self._nodes[at]

    def __contains__(self, tensor: object) -> bool:
        return isinstance(tensor, int) and 0 <= tensor < len(self._places) and self._places[tensor] >= 0

    def __iter__(self) -> Iterator[int]:
        return (tensor for tensor, at in enumerate(self._places) if at >= 0)

    def __len__(self) -> int:
        return sum(at >= 0 for at in self._places)


class Readers(Mapping[int, tuple[Node, ...]]):
    """The nodes that read a tensor, by tensor id; a tensor that nobody reads is not in it."""

    def __init__(self, nodes: Sequence[Node], tensors: int) -> None:
        self._nodes = nodes
        self._places = Lists.grouped(((t, at) for at, node in enumerate(nodes) for t in dict.fromkeys(node.inputs)), tensors)

    def __getitem__(self, tensor: int) -> tuple[Node, ...]:
        places = self._places[tensor] if 0 <= tensor < len(self._places) else ()
        if not places:
            raise KeyError(tensor)
        return tuple([self._nodes[at] for at in places])

    def __contains__(self, tensor: object) -> bool:
        return isinstance(tensor, int) and 0 <= tensor < len(self._places) and bool(self._places[tensor])

    def __iter__(self) -> Iterator[int]:
        return (tensor for tensor, places in enumerate(self._places) if places)

    def __len__(self) -> int:
        return sum(map(bool, self._places))


class _ByName(Mapping[str, Param]):
    def __init__(self, kinds: Mapping[str, tuple[Any, ...]]) -> None:
        self._kinds = kinds

    def __getitem__(self, name: str) -> Param:
        return Param(name, *self._kinds[name])

    def __iter__(self) -> Iterator[str]:
        return iter(self._kinds)

    def __len__(self) -> int:
        return len(self._kinds)


def _shared(values: Iterable[K]) -> tuple[list[K], "array[int]"]:
    """The different values, and for each value its place among them."""
    places: dict[K, int] = defaultdict(count().__next__)
    column = array("i", map(places.__getitem__, values))
    return list(places), column
