"""The ledger of a trace: which torch tensor is which tensor, parameter or storage of the Graph."""

from collections.abc import Iterable
from typing import Any

import torch

from archscope.graph import Tensor

DTYPE_NAMES: dict[torch.dtype, str] = {d: str(d).removeprefix("torch.") for d in vars(torch).values() if isinstance(d, torch.dtype)}


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

    def __init__(self, state: Iterable[tuple[str, torch.Tensor]]):
        self.tensors: list[Tensor] = []
        self._entries: dict[int, tuple[int | str, Tensor]] = {}  # id() of a torch tensor -> our number or the parameter's name
        self._kept: list[torch.Tensor] = []  # id() is unique only among the living
        self._storages = 0
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
            storage, self._storages = self._storages, self._storages + 1
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

    def _enter(self, tensor: torch.Tensor, key: int | str, record: Tensor) -> None:
        self._entries[id(tensor)] = (key, record)
        self._kept.append(tensor)
