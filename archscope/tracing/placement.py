"""Where an operator runs: on the meta device, whatever device its tensors are on, or with values on the CPU where all that it is
given has them.
"""

from typing import Any

import torch

from archscope.tracing.known_values import CPU, KnownValues
from archscope.tracing.operator_runs import META, PLAIN, Operator
from archscope.tracing.tensor_identity import Ledger, tensors_in


class NeedsValuesError(RuntimeError):
    """The forward asked for a tensor's values, which a meta tensor does not have."""


SPARSE = "it works on sparse tensors"


class Placement:
    """Brings what operators are given to the meta device.

    Arguments:
        ledger: learns that a tensor and its twin on the meta device are one.
        values: knows which tensors have values although they are not needed; without it, single numbers have.
    """

    def __init__(self, ledger: Ledger, values: KnownValues | None) -> None:
        self._ledger, self._values = ledger, values
        self._moved: dict[int, tuple[torch.Tensor, torch.Tensor]] = {}  # id() of a real tensor -> itself, its twin on meta

    def of(
        self, operator: Operator, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> tuple[bool, Any, tuple[Any, ...], dict[str, Any]]:
        """Whether an operator runs on the meta device; its result, where values that are known decide it; its arguments, moved if
        need be. Raises `NeedsValuesError` where it asks for values that nobody knows.
        """
        values = self._values
        if values is None and operator.is_factory:
            return True, None, args, _unpinned(kwargs, True)
        if _are_constants(args, kwargs) if values is None else values.of(operator, args, kwargs):
            return False, None, args, {**kwargs, "device": CPU} if "device" in kwargs else kwargs
        out = values.selected(operator, args) if values is not None else None
        return True, out, *self._on_meta(operator, args, kwargs)

    def _on_meta(
        self, operator: Operator, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """The arguments, with every tensor and every named device moved to the meta device."""
        if operator.reads_values:
            raise NeedsValuesError(f"{operator.name} reads a tensor's value")
        if self._values is not None:
            self._values.lose(operator, args, kwargs)
            args = self._values.placed(operator, args)
        args = tuple([self.move(a) for a in args])
        if operator.has_device:
            kwargs = _unpinned(kwargs, operator.is_factory or kwargs.get("device") is not None)
        return args, {name: self.move(value) for name, value in kwargs.items()} if kwargs else kwargs

    def move(self, value: Any) -> Any:
        """The value with every tensor in it on the meta device."""
        if type(value) in PLAIN:
            return value
        if isinstance(value, torch.Tensor):
            if value.is_meta:
                return value
            if value.layout is not torch.strided:
                raise NeedsValuesError(SPARSE)
            if id(value) not in self._moved:
                twin = torch.empty_strided(value.shape, value.stride(), dtype=value.dtype, device=META)
                self._ledger.same(twin, value)
                self._moved[id(value)] = (value, twin)
            return self._moved[id(value)][1]
        if isinstance(value, (list, tuple)) and any(isinstance(v, (torch.Tensor, list, tuple)) for v in value):
            return [self.move(v) for v in value]
        return value

    def forget(self) -> None:
        """Lets go of all tensors."""
        self._moved = {}

    def is_twin(self, tensor: torch.Tensor) -> bool:
        """Whether a tensor stands for a real one."""
        return any(tensor is twin for _, twin in self._moved.values())


def _unpinned(kwargs: dict[str, Any], on_meta: bool) -> dict[str, Any]:
    """The named arguments of an operator that makes a tensor, maybe on the meta device now: nobody can pin its memory."""
    kwargs = kwargs | {"device": META} if on_meta else kwargs.copy()
    kwargs.pop("pin_memory", None)
    return kwargs


def _are_constants(args: tuple[Any, ...], kwargs: dict[str, Any]) -> bool:
    """Whether all tensors are single numbers with a value, `torch.tensor(0.25)`: what is made of them has a value as well."""
    tensors = tensors_in([*args, *kwargs.values()])
    return bool(tensors) and all([t.dim() == 0 and t.device.type == "cpu" for t in tensors]) and "device" not in kwargs
