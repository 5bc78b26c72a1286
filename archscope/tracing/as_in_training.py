"""A forward as training runs it: autograd is on, and attention goes to the fused kernel that the CPU would choose.

What autograd would keep for the backward pass is not kept: the Graph says which operators and tensors take part in it, and the
rules of `archscope.training` say what each of them keeps.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import torch
from torch.utils._python_dispatch import _disable_current_modes

_FLASH = 1  # SDPBackend.FLASH_ATTENTION
# What attention is sent to; in a torch that lacks one of them it runs as torch itself runs it on the meta device.
_KERNELS = ("_scaled_dot_product_flash_attention_for_cpu", "_scaled_dot_product_attention_math")


class _Thread(threading.local):
    trains = 0  # traces of this thread that run as in training


_THREAD = _Thread()
_LOCK = threading.Lock()
_running = 0
_undo = ExitStack()


@contextmanager
def as_in_training() -> Iterator[None]:
    """Gradients are recorded while this is entered, whatever the caller's own setting."""
    _THREAD.trains += 1
    try:
        with _fused_attention(), torch.enable_grad(), torch.autograd.graph.saved_tensors_hooks(_nothing, _gone):
            yield
    finally:
        _THREAD.trains -= 1


@contextmanager
def _fused_attention() -> Iterator[None]:
    """On the meta device torch works attention off as matrix products and a softmax, whose scores autograd would keep; no device
    trains that way where it has a fused kernel. So meta tensors, and only they, get another implementation while such a trace
    runs; it asks whether the trace is one of its own thread.
    """
    global _running
    with _LOCK:
        if not _running and all(hasattr(torch.ops.aten, name) for name in _KERNELS):
            library = _undo.enter_context(torch.library._scoped_library("aten", "IMPL"))
            library.impl("scaled_dot_product_attention", _attention, "AutogradMeta")
        _running += 1
    try:
        yield
    finally:
        with _LOCK:
            _running -= 1
            if not _running:
                _undo.close()


def _nothing(_: torch.Tensor) -> None:
    return None


def _gone(_: Any) -> torch.Tensor:
    raise RuntimeError("a trace keeps nothing for a backward pass")


def _attention(
    query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, attn_mask: torch.Tensor | None = None, dropout_p: float = 0.0,
    is_causal: bool = False, *, scale: float | None = None, enable_gqa: bool = False,
) -> torch.Tensor:  # fmt: skip
    mask = attn_mask
    if mask is not None and mask.dtype == torch.bool:  # torch turns it into numbers before any kernel
        mask = torch.zeros_like(mask, dtype=query.dtype).masked_fill_(mask.logical_not(), float("-inf"))
    if _THREAD.trains and _takes_flash(query, key, value, mask, dropout_p, is_causal, scale, enable_gqa):
        flash: Callable[..., Any] = torch.ops.aten._scaled_dot_product_flash_attention_for_cpu
        out: torch.Tensor = flash(query, key, value, dropout_p, is_causal, attn_mask=mask, scale=scale)[0]
        return out
    grouped = {"enable_gqa": True} if enable_gqa else {}
    math: Callable[..., Any] = torch.ops.aten._scaled_dot_product_attention_math
    product: torch.Tensor = math(query, key, value, attn_mask, dropout_p, is_causal, scale=scale, **grouped)[0]
    return product


def _takes_flash(
    query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, mask: torch.Tensor | None, dropout: float, causal: bool,
    scale: float | None, grouped: bool,
) -> bool:  # fmt: skip
    """What torch itself would choose for such tensors on the CPU. They are asked for and never touched: no memory is used."""
    with _disable_current_modes():
        twins = [
            None if t is None else torch.empty_strided(t.shape, t.stride(), dtype=t.dtype).requires_grad_(t.requires_grad)
            for t in (query, key, value, mask)
        ]
        extra: dict[str, Any] = {"enable_gqa": True} if grouped else {}
        choose: Callable[..., int] = torch._fused_sdp_choice
        choice = choose(*twins, dropout, causal, scale=scale, **extra)
    return choice == _FLASH
