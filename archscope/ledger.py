"""The ledger of a trace: which torch tensor is which tensor, parameter or storage of the Graph."""

import weakref
from collections.abc import Iterable
from typing import Any

import msgspec
import torch

from archscope.graph import Tensor

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


class Ledger:
    """Gives every tensor that a forward touches its number, once per value: an operator that writes in place makes a new number.

    Arguments:
        state: names and tensors of parameters and buffers; these get no number, they are known by name.
    """

    def __init__(self, state: Iterable[tuple[str, torch.Tensor]]) -> None:
        self.tensors: list[Tensor] = []
        self._entries: dict[int, tuple[int | str, Tensor]] = {}  # id() of a living tensor -> our number or a parameter's name
        self._watched: dict[int, _Watch] = {}  # by the same id(), which is unique only among the living
        self._holders: list[int] = []  # storage -> how many living tensors show it
        self._until: dict[int, int] = {}  # storage that nobody holds any more -> the last node before that
        self._node = -1
        self._written: dict[int, int] = {}  # storage -> number of the tensor that was last written into it
        for name, tensor in state:
            self.alias(tensor, name)

    def alias(self, tensor: torch.Tensor, name: str) -> None:
        """From now on `tensor` is known as the parameter or buffer `name`, or as a view of it."""
        self._enter(tensor, name, Tensor(tuple(tensor.shape), DTYPE_NAMES[tensor.dtype]))

    def same(self, tensor: torch.Tensor, other: torch.Tensor) -> None:
        """From now on `tensor` is known as what `other` is known as."""
        entry = self._entries.get(id(other))
        if entry is not None:
            self._enter(tensor, *entry)

    def add(self, tensor: torch.Tensor, storage: int | None = None) -> int:
        """Numbers a new value; without a `storage` it has one of its own."""
        if storage is None:
            storage = len(self._holders)
            self._holders.append(0)
        number = len(self.tensors)
        record = Tensor(tuple(tensor.shape), DTYPE_NAMES[tensor.dtype], storage)
        self.tensors.append(record)
        self._enter(tensor, number, record)
        return number

    def rewrite(self, tensor: torch.Tensor) -> int:
        """Numbers the new value of a tensor that was written in place."""
        record = self.look_up(tensor, [], [])
        number = self.add(tensor, record.storage if record.storage >= 0 else None)
        self._written[self.tensors[number].storage] = number
        return number

    def number(self, tensor: torch.Tensor) -> int | None:
        """The number of a tensor; None for one that has not been met or is a parameter."""
        entry = self._entries.get(id(tensor))
        return entry[0] if entry is not None and isinstance(entry[0], int) else None

    def look_up(self, tensor: torch.Tensor, inputs: list[int], params: list[str]) -> Tensor:
        """The record of a tensor that is being read; its number joins `inputs`, or its name `params`.

        A tensor whose memory was written through a view since is read together with what was written.
        """
        entry = self._entries.get(id(tensor))
        if entry is None:  # a constant: nobody in this forward made it
            self.add(tensor)
            entry = self._entries[id(tensor)]
        key, record = entry
        if isinstance(key, str):
            params.append(key)
        else:
            inputs.append(key)
            last = self._written.get(record.storage, -1)
            if last > key:
                inputs.append(last)
        return record

    def ran(self, node: int) -> None:
        """Node `node` has been written down: what dies from now on was held until then."""
        self._node = node

    def close(self) -> None:
        """The forward is over: every record learns how long its memory was held."""
        self._watched.clear()
        self.tensors = [
            msgspec.structs.replace(record, until=self._until.get(record.storage, self._node)) if record.storage >= 0 else record
            for record in self.tensors
        ]  # fmt: skip

    def _enter(self, tensor: torch.Tensor, key: int | str, record: Tensor) -> None:
        me, storage = id(tensor), record.storage
        watch = self._watched.get(me)
        self._entries[me] = (key, record)
        if watch is None:
            watch = self._watched[me] = _Watch(tensor, self._died)
            watch.key = me
        elif watch.storage >= 0:
            self._holders[watch.storage] -= 1
        watch.storage = storage
        if storage >= 0:
            self._holders[storage] += 1
            self._until.pop(storage, None)

    def _died(self, watch: "_Watch") -> None:
        del self._watched[watch.key]
        del self._entries[watch.key]
        if watch.storage >= 0:
            self._holders[watch.storage] -= 1
            if not self._holders[watch.storage]:
                self._until[watch.storage] = self._node


class _Watch(weakref.ref[torch.Tensor]):
    """Tells the ledger that a tensor died, which of them it was, and whose memory it showed."""

    __slots__ = ("key", "storage")
    key: int
    storage: int
