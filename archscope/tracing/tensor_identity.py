"""The ledger of a trace: which torch tensor is which tensor, parameter or storage of the Graph."""

import weakref
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from itertools import accumulate
from typing import Any

import msgspec
import torch

from archscope.graph import Param, Tensor
from archscope.graph.columns import Tensors
from archscope.graph.graph import LARGE
from archscope.graph.sequences import ints
from archscope.tracing.process import is_collecting

DTYPE_NAMES: dict[torch.dtype, str] = {
    d: str(d).removeprefix("torch.") for d in vars(torch).values() if isinstance(d, torch.dtype)
}


def tensors_in(value: Any) -> list[torch.Tensor]:
    """The tensors of a (possibly nested) operator argument or result, in order."""
    if isinstance(value, torch.Tensor):
        return [value]
    if isinstance(value, (list, tuple)):
        return [t for v in value for t in tensors_in(v)]
    return []


Like = tuple[tuple[int, ...], str, bool | tuple[int, ...]]
"""Shape, dtype, strides: True where they are those of a new tensor, False where it is not on the meta device."""


def _is_plain(tensor: torch.Tensor, shape: tuple[int, ...]) -> bool:
    """Whether a tensor lies in memory as a new one does. A dimension of size 1 may have any stride in what torch calls
    contiguous, and what is made of it may differ by that.
    """
    if not tensor.is_contiguous():
        return False
    return 1 not in shape or tensor.stride() == _strides(shape)


@lru_cache(maxsize=10_000)
def _strides(shape: tuple[int, ...]) -> tuple[int, ...]:
    """Of a new tensor: of a dimension, the product of the sizes behind it; a size of 0 counts as 1."""
    return tuple(accumulate(shape[:0:-1], lambda a, b: a * max(b, 1), initial=1))[::-1] if shape else ()


class Entry(weakref.ref[torch.Tensor]):
    """What the ledger knows of one living tensor.

    Attributes:
        me: its id(), which is unique only among the living.
        key: its number, or the name of the parameter or buffer that it is or shows.
        record: its record.
        like: all that a result's shape and strides can depend on.
        sparse: whether it holds only some of its values.
    """

    __slots__ = ("key", "like", "me", "record", "sparse")
    me: int
    key: int | str
    record: Tensor
    like: Like
    sparse: bool


_HELD = -2  # a memory that is held to the end


class Ledger:
    """Gives every tensor that a forward touches its number, once per value: an operator that writes in place makes a new number.

    It holds no tensor, so that what a forward lets go of is gone here too, and the time of it is known.

    Arguments:
        params: records of the parameters and buffers, by the id() of their tensors, which outlive the forward; these get no
            number, they are known by name, each from when it is first met: a large network has many, and it touches each once.

    Attributes:
        tensors: the records so far, by number.
        entries: of the living tensors, by id().
        written: the number of the tensor that was last written in place, by storage.
    """

    def __init__(self, params: Mapping[int, Param]) -> None:
        self.tensors: list[Tensor] = []
        self.entries: dict[int, Entry] = {}
        self._holders: list[int] = []  # storage -> how many living tensors show it
        self._until: list[int] = []  # storage -> the last node before nobody held it any more; _HELD until then
        self.node = -1  # the last one that was written down: what dies from now on was held until then
        self.on_stranger: Callable[[torch.Tensor], None] | None = None  # is told of tensors that nobody in this forward made
        self._on_death = self._died  # one bound method for all entries
        self.written: dict[int, int] = {}
        self._params = params

    def known(self, tensor: torch.Tensor) -> Entry | None:
        """What is known of a tensor; None for one that has not been met and is no parameter."""
        entry = self.entries.get(id(tensor))
        if entry is None and (param := self._params.get(id(tensor))) is not None:
            entry = self._enter(tensor, param.name, Tensor(param.shape, param.dtype))
        return entry

    def alias(self, tensor: torch.Tensor, name: str) -> None:
        """From now on `tensor` is known as the parameter or buffer `name`, or as a view of it."""
        self._enter(tensor, name, Tensor(tuple(tensor.shape), DTYPE_NAMES[tensor.dtype]))

    def same(self, tensor: torch.Tensor, other: torch.Tensor) -> None:
        """From now on `tensor` is known as what `other` is known as."""
        entry = self.known(other)
        if entry is not None:
            self._enter(tensor, entry.key, entry.record)

    def add(self, tensor: torch.Tensor, storage: int | None = None) -> Entry:
        """Numbers a new value; without a `storage` it has one of its own."""
        if storage is None:
            storage = len(self._holders)
            self._holders.append(0)
            self._until.append(_HELD)
        record = Tensor(tuple(tensor.shape), DTYPE_NAMES[tensor.dtype], storage)
        self.tensors.append(record)
        return self._enter(tensor, len(self.tensors) - 1, record)

    def add_like(self, tensor: torch.Tensor, like: Like, storage: int | None = None) -> Entry:
        """Numbers a new value in a tensor that was just made, and of which everything is known; without a `storage` it has one of
        its own.
        """
        if storage is None:
            storage = len(self._holders)
            self._holders.append(1)
            self._until.append(_HELD)
        elif storage >= 0:
            self._holders[storage] += 1
            self._until[storage] = _HELD
        me, record = id(tensor), Tensor(like[0], like[1], storage)
        entry = self.entries[me] = Entry(tensor, self._on_death)
        entry.me, entry.key, entry.record, entry.like, entry.sparse = me, len(self.tensors), record, like, False
        self.tensors.append(record)
        return entry

    def rewrite(self, tensor: torch.Tensor) -> Entry:
        """Numbers the new value of a tensor that was written in place."""
        before = self.known(tensor) or self.add(tensor)
        entry = self.add(tensor, before.record.storage if before.record.storage >= 0 else None)
        self.written[entry.record.storage] = len(self.tensors) - 1
        return entry

    def number(self, tensor: torch.Tensor) -> int | None:
        """The number of a tensor; None for one that has not been met or is a parameter."""
        entry = self.known(tensor)
        return entry.key if entry is not None and isinstance(entry.key, int) else None

    def met(self, tensor: torch.Tensor) -> Entry:
        """The entry of a tensor that nobody in this forward made: a parameter's, or a constant's, which is numbered on sight."""
        entry = self.known(tensor)
        if entry is not None:
            return entry
        if self.on_stranger is not None:
            self.on_stranger(tensor)
        return self.add(tensor)

    def records(self) -> Sequence[Tensor]:
        """The records when the forward is over: every one knows how long its memory was held."""
        last = self.node
        until = [last if node == _HELD else node for node in self._until]
        until.append(last)  # the place of no storage, -1
        if len(self.tensors) > LARGE:
            columns = Tensors.of(self.tensors).columns
            return Tensors(msgspec.structs.replace(columns, until=ints([until[at] for at in columns.storage])))
        shapes: dict[tuple[int, ...], tuple[int, ...]] = {}  # equal ones are one object
        return [Tensor(shapes.setdefault(t.shape, t.shape), t.dtype, t.storage, until[t.storage]) for t in self.tensors]

    def forget(self) -> None:
        """No tensor is known any more."""
        self.tensors, self.entries, self._until, self._params = [], {}, [], {}

    def _enter(self, tensor: torch.Tensor, key: int | str, record: Tensor) -> Entry:
        me, storage = id(tensor), record.storage
        entry = self.entries.get(me)
        if entry is None:
            entry = self.entries[me] = Entry(tensor, self._on_death)
            entry.me = me
        elif entry.record.storage >= 0:
            self._holders[entry.record.storage] -= 1
        entry.key, entry.record, entry.sparse = key, record, tensor.layout is not torch.strided
        entry.like = (record.shape, record.dtype, tensor.is_meta and (_is_plain(tensor, record.shape) or tensor.stride()))
        if storage >= 0:
            self._holders[storage] += 1
            self._until[storage] = _HELD
        return entry

    def _died(self, entry: Entry) -> None:
        del self.entries[entry.me]
        storage = entry.record.storage
        # What a collection frees has died at no time of the forward's: it counts as held to the end, whenever that comes.
        if storage >= 0 and not is_collecting():
            self._holders[storage] -= 1
            if not self._holders[storage]:
                self._until[storage] = self.node
