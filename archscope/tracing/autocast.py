"""A forward under `torch.autocast`, which looks at the device of every tensor: meta tensors are none of its business. So the
network gets tensors that say they are on the CPU and have no memory; what autocast casts, and which casts of weights it keeps to
use them again, is torch's own doing.

Source: torch's autocast operator reference for the CPU; Micikevicius et al., "Mixed Precision Training", 2018.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

import torch

from archscope.errors import UsageError
from archscope.tracing.shape_rules.recurrent import workspace_bytes

DTYPES = ("bfloat16", "float16")


def checked(dtype: str) -> str:
    """The dtype that autocast goes down to. Raises `UsageError` for one that it does not know."""
    if dtype and dtype not in DTYPES:
        raise UsageError(f"autocast does not go to '{dtype}'", f"choose from {', '.join(DTYPES)}")
    return dtype


def surrounding() -> str:
    """The dtype of the `torch.autocast` that is in force, of whichever device; "" where there is none."""
    on = (torch.get_autocast_dtype(device) for device in ("cuda", "cpu", "mps", "xpu") if torch.is_autocast_enabled(device))
    return next((name for dtype in on if (name := str(dtype).removeprefix("torch.")) in DTYPES), "")


def autocast(dtype: str) -> AbstractContextManager[object]:
    """What a forward runs under; nothing for ""."""
    return torch.autocast("cpu", dtype=getattr(torch, dtype)) if dtype else nullcontext()


@contextmanager
def without_memory() -> Iterator[None]:
    """Tensors made within are on the CPU by their own account, and have neither memory nor values."""
    from torch._subclasses.fake_tensor import FakeTensorMode  # a second to import: only who asks for autocast pays for it

    with FakeTensorMode(allow_non_fake_inputs=True):
        yield


def twin(tensor: torch.Tensor) -> torch.Tensor:
    """A tensor of the same shape, strides and dtype, made `without_memory`."""
    return torch.empty_strided(tensor.shape, tensor.stride(), dtype=tensor.dtype, device="cpu")


class Kernels:
    """In the place of operators whose results on the CPU have other dtypes or sizes than torch says of tensors without memory:
    the statistics of a norm of low precision with float32 weights, and the workspace of an LSTM layer.

    Attributes:
        path: of the module that is running; the recorder keeps it.
    """

    def __init__(self) -> None:
        self.path: Callable[[], str] = lambda: ""

    def operation(self, func: Any) -> Callable[..., Any] | None:
        """What runs in the place of an operator; None for all others."""
        name = getattr(func, "_schema", func).name
        if name in ("aten::native_batch_norm", "aten::native_group_norm"):
            return lambda x, weight, *rest, **more: _in_float32(x, weight, func(x, weight, *rest, **more))
        if name == "aten::mkldnn_rnn_layer":
            return lambda x, *rest, **more: _with_workspace(x, rest, func(x, *rest, **more))
        return None


def _in_float32(x: torch.Tensor, weight: torch.Tensor | None, made: tuple[torch.Tensor, ...]) -> tuple[torch.Tensor, ...]:
    if weight is None or weight.dtype == x.dtype:
        return made
    return made[0], *(torch.empty(t.shape, dtype=weight.dtype, device=t.device) for t in made[1:])


def _with_workspace(x: torch.Tensor, rest: tuple[Any, ...], made: tuple[torch.Tensor, ...]) -> tuple[torch.Tensor, ...]:
    # rest: two weights, two biases, h, c, reverse, batch_sizes, mode, hidden ...; the last says whether it is for training
    steps, batch, width = x.shape
    size = workspace_bytes(steps, batch, width, rest[9], x.element_size()) if rest[-1] else 0
    return *made[:3], torch.empty((size,), dtype=torch.uint8, device=x.device)


def wants_values(error: BaseException) -> bool:
    """Whether an error comes of the tensors' having no values."""
    return type(error).__module__ == "torch._subclasses.fake_tensor"
