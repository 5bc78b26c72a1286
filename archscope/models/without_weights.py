"""Building a network without memory for its weights, where a constructor needs the values of a few small tensors.

`torch.device("meta")` puts everything on the meta device. A constructor that reads its widths or drop rates off `torch.arange` or
`torch.linspace` fails there; here these keep their values, and what holds weights does not.
"""

from typing import Any

import torch
from torch.overrides import TorchFunctionMode

_BULKY = {
    torch.empty, torch.zeros, torch.ones, torch.full, torch.rand, torch.randn, torch.randint, torch.eye, torch.empty_strided,
}  # fmt: skip


class Weightless(TorchFunctionMode):
    """Within it, tensors that are filled with one value or at random are on the meta device unless a device is named."""

    def __torch_function__(self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None) -> Any:
        kwargs = kwargs or {}
        if func in _BULKY and kwargs.get("device") is None:
            kwargs["device"] = torch.device("meta")
        return func(*args, **kwargs)


class WholeNumbers(TorchFunctionMode):
    """Within it, tensors made of whole numbers of Python's, such as a stride that a buffer holds, keep their values on the CPU
    where everything else goes to the meta device.
    """

    def __torch_function__(self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None) -> Any:
        kwargs = kwargs or {}
        if func is torch.tensor and args and _whole(args[0]) and not kwargs.keys() & {"device"}:
            dtype = kwargs.get("dtype")
            if torch.get_default_device().type == "meta" and not (dtype is not None and dtype.is_floating_point):
                kwargs["device"] = torch.device("cpu")
        return func(*args, **kwargs)


def _whole(value: Any) -> bool:
    return type(value) is int or (isinstance(value, (list, tuple)) and all(map(_whole, value)))


def needs_values(error: BaseException | None) -> bool:
    """Whether a constructor failed because a tensor on the meta device has no values."""
    return isinstance(error, NotImplementedError) or (error is not None and "meta tensor" in str(error).lower())
