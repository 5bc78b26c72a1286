"""Values that follow from shapes and constants alone, on the meta device: a mask of ones, positions counted from 0, the lengths
of windows in a grid whose sizes were told. A forward that looks at such values needs neither weights nor memory for them.

Tensors that are made of nothing but constants stay on the CPU with their values, as long as they are small; they meet the others,
which have none, as tensors without values. A constant that was written into with what has no value has none from then on.
"""

from collections.abc import Callable, Collection
from math import prod
from typing import Any

import torch

from archscope.tracing.operator_runs import META, Operator
from archscope.tracing.same_device import SameDevice
from archscope.tracing.tensor_identity import tensors_in

CPU = torch.device("cpu")
_MOST = 2**22  # elements of a constant that is worth its memory
_FEW, _ROOM = 2**12, 2**26  # elements of one that is always, and of all others together: every layer may make its own mask
_FILLED = {
    "aten.arange", "aten.zeros", "aten.ones", "aten.full", "aten.scalar_tensor", "aten.eye", "aten.linspace", "aten.logspace",
    "aten.tril_indices", "aten.triu_indices",
}  # fmt: skip
_INDEXED = {
    "aten.index", "aten._unsafe_index", "aten.index_put", "aten.index_put_", "aten._index_put_impl_", "aten._unsafe_index_put",
}  # fmt: skip
_RANDOM = ("rand", "normal", "bernoulli", "multinomial", "poisson", "uniform", "exponential", "dropout", "geometric", "cauchy")
_MASKS = (torch.bool, torch.uint8)
_FROM_PYTHON = (torch.tensor, torch.as_tensor)


class KnownValues:
    """Which tensors of one trace have values.

    Arguments:
        told: names of the inputs that have.
    """

    def __init__(self, told: Collection[str] = ()) -> None:
        self.told = told
        self._room = _ROOM
        self._lost: dict[int, torch.UntypedStorage] = {}  # by address: memory that holds something without a value

    def of(self, operator: Operator, args: tuple[Any, ...], kwargs: dict[str, Any]) -> bool:
        """Whether all that an operator is given has values, so that its result has."""
        tensors = tensors_in([*args, *kwargs.values()])
        if not tensors:
            return operator.name in _FILLED and self._has_room(_size(operator.name, args))
        if any(t.device.type != "cpu" or t.layout is not torch.strided or self.is_lost(t) for t in tensors):
            return False
        return not any(word in operator.name for word in _RANDOM) and self._has_room(max(t.numel() for t in tensors))

    def _has_room(self, size: int) -> bool:
        """Whether one more constant of about this size is worth its memory."""
        if size > _FEW:
            self._room -= size
        return size <= _FEW or (size <= _MOST and self._room >= 0)

    def is_lost(self, tensor: torch.Tensor) -> bool:
        """Whether a tensor on the CPU holds something without a value."""
        return bool(self._lost) and tensor.untyped_storage().data_ptr() in self._lost

    def lose(self, operator: Operator, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        """An operator is about to write what has no value."""
        for at in operator.writes:
            for tensor in tensors_in(args[at] if at < len(args) else kwargs.get(operator.names[at])):
                if tensor.device.type == "cpu":
                    self._lost[tensor.untyped_storage().data_ptr()] = tensor.untyped_storage()

    def placed(self, operator: Operator, args: tuple[Any, ...]) -> tuple[Any, ...]:
        """Arguments of an operator that reads or writes the places of a mask: numbers of places where the mask has values."""
        if operator.name not in _INDEXED or len(args) < 2:
            return args
        places: list[Any] = []
        for index in args[1]:
            known = isinstance(index, torch.Tensor) and index.dtype in _MASKS and not index.is_meta and not self.is_lost(index)
            places += index.nonzero(as_tuple=True) if known else [index]
        return args[0], places, *args[2:]

    def selected(self, operator: Operator, args: tuple[Any, ...]) -> torch.Tensor | None:
        """The result of `masked_select` with a mask that has values; None for anything else."""
        if operator.name != "aten.masked_select" or args[1].is_meta or self.is_lost(args[1]):
            return None
        count = int(args[1].expand(torch.broadcast_shapes(args[0].shape, args[1].shape)).count_nonzero())
        return torch.empty(count, dtype=args[0].dtype, device=META)


def whole_numbers_stay(device: Callable[[torch.Tensor], torch.Tensor]) -> Callable[[torch.Tensor], torch.Tensor]:
    """As `device`, but for the buffers that hold a few whole numbers: these keep their values."""

    def move(tensor: torch.Tensor) -> torch.Tensor:
        stays = tensor.device.type == "cpu" and not (tensor.is_floating_point() or tensor.is_complex())
        return tensor.clone() if stays and tensor.numel() <= _MOST else device(tensor)

    return move


def _size(name: str, args: tuple[Any, ...]) -> int:
    """How many elements a factory makes, as far as its arguments tell; sequences of numbers are never long."""
    sizes = args[0] if args and isinstance(args[0], (list, tuple)) else args[:1] if name == "aten.eye" else ()
    return prod(int(size) for size in sizes)


class FromPython(SameDevice):
    """As `SameDevice`; and numbers that come from Python become tensors that have them, wherever the forward wants them. A
    constant is copied, in a cache that is, by an operator: torch copies memory, and finds none where others have none.
    """

    def __init__(self, move: Callable[[Any], Any]) -> None:
        super().__init__(move)

    def __torch_function__(self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None) -> Any:
        if kwargs and kwargs.get("device") is not None and func in _FROM_PYTHON and not isinstance(args[0], torch.Tensor):
            kwargs = {**kwargs, "device": CPU}
        if func is torch.Tensor.__deepcopy__ and args[0].device == CPU:
            return args[1].setdefault(id(args[0]), args[0].detach().clone())
        return super().__torch_function__(func, types, args, kwargs)
