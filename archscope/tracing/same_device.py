"""Constants on the CPU that meet tensors on the meta device inside one function of torch, which looks at their devices itself
before the dispatcher is asked: `torch.cartesian_prod`, `torch.inner`, `torch.linalg.multi_dot`.
"""

import re
from collections.abc import Callable
from typing import Any

from torch.overrides import TorchFunctionMode

_COMPLAINTS = re.compile(r"\bsame device\b|\bexpected tensor to have \w+ device", re.IGNORECASE)


def on_two_devices(error: BaseException) -> bool:
    """Whether a function refused its tensors because they are not on one device."""
    return isinstance(error, (RuntimeError, ValueError)) and _COMPLAINTS.search(str(error)) is not None


class SameDevice(TorchFunctionMode):
    """Where a function refuses tensors of two devices, it gets all of them on one. It is asked at every call of torch from
    Python, which costs time: only a forward that has met such a function runs under it.

    Arguments:
        move: brings the tensors of an argument to that device.
    """

    def __init__(self, move: Callable[[Any], Any]) -> None:
        super().__init__()
        self._move = move

    def __torch_function__(self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None) -> Any:
        kwargs = kwargs or {}
        try:
            return func(*args, **kwargs)
        except (RuntimeError, ValueError) as error:
            if not on_two_devices(error):
                raise
        return func(*map(self._move, args), **{name: self._move(value) for name, value in kwargs.items()})
