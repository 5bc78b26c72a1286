"""Values that leave torch for Python or NumPy, and other numbers in their place, to see what depends on them."""

from collections import Counter
from collections.abc import Callable
from typing import Any

import torch
from torch.overrides import TorchFunctionMode

_OUTSIDE = {getattr(torch.Tensor, name): f"Tensor.{name}" for name in ("tolist", "numpy", "__array__")}


class Looks(TorchFunctionMode):
    """Notes the values that leave torch for Python or NumPy, which no operator tells of.

    Arguments:
        instead: makes the whole number that is seen of the one that is there.
    """

    def __init__(self, instead: Callable[[int], int] = int) -> None:
        super().__init__()
        self.reads: Counter[str] = Counter()
        self.whole = False
        self.path: Callable[[], str] = lambda: ""
        self._instead = instead

    def __torch_function__(self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None) -> Any:
        result = func(*args, **(kwargs or {}))
        name = _OUTSIDE.get(func)
        if name is not None:
            self.reads[f"{name} in {self.path() or 'the network'}"] += 1
            if not args[0].is_floating_point() and args[0].dtype is not torch.bool:
                self.whole = True
                return _replaced(result, self._instead) if name == "Tensor.tolist" else result
        return result


def _replaced(value: Any, by: Callable[[int], int]) -> Any:
    return [_replaced(v, by) for v in value] if isinstance(value, list) else by(value)


def larger(value: int) -> int:
    """Another whole number in the place of one that is looked at: about twice as large."""
    return value + max(1, abs(value))


def smaller(value: int) -> int:
    """Another one: 0 or 1."""
    return int(value > 1)
