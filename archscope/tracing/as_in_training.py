"""A forward as training runs it: autograd is on, and attention and LSTM layers go to the kernels that the CPU would choose.

What autograd would keep for the backward pass is not kept: the Graph says which operators and tensors take part in it, and the
rules of `archscope.training` say what each of them keeps.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import torch
import torch.utils.checkpoint
from torch.utils._python_dispatch import _disable_current_modes

from archscope.tracing.shared_switch import SharedSwitch

_FLASH = 1  # SDPBackend.FLASH_ATTENTION
# What attention is sent to; in a torch that lacks one of them it runs as torch itself runs it on the meta device.
_KERNELS = ("_scaled_dot_product_flash_attention_for_cpu", "_scaled_dot_product_attention_math")


class _Thread(threading.local):
    trains = 0  # traces of this thread that run as in training
    checkpoints = 0  # parts that their forwards have handed to torch.utils.checkpoint


_THREAD = _Thread()


@contextmanager
def as_in_training() -> Iterator[None]:
    """Gradients are recorded while this is entered, whatever the caller's own setting."""
    _THREAD.trains += 1
    try:
        with _fused_kernels(), torch.enable_grad(), torch.autograd.graph.saved_tensors_hooks(_nothing, _gone):
            yield
    finally:
        _THREAD.trains -= 1


def checkpoints() -> int:
    """How many parts this thread's traces have handed to `torch.utils.checkpoint` (without its `use_reentrant`)."""
    return _THREAD.checkpoints


def _note_checkpoints(undo: ExitStack) -> None:
    """Checkpointing puts hooks of its own before those of the trace, and nothing else tells of it."""
    module: Any = torch.utils.checkpoint
    begin = getattr(module, "_checkpoint_hook", None)
    if begin is None:
        return

    def noted(*given: Any, **named: Any) -> Any:
        _THREAD.checkpoints += bool(_THREAD.trains)
        return begin(*given, **named)

    undo.callback(setattr, module, "_checkpoint_hook", begin)
    module._checkpoint_hook = noted


def _fuse(undo: ExitStack) -> None:
    """On the meta device torch works attention off as matrix products and a softmax, whose scores autograd would keep, and an
    LSTM step by step; no device trains that way where it has a fused kernel. So meta tensors, and only they, get other
    implementations while such a trace runs; these ask whether the trace is one of their own thread.
    """
    _note_checkpoints(undo)
    if all(hasattr(torch.ops.aten, name) for name in _KERNELS):
        library = undo.enter_context(torch.library._scoped_library("aten", "IMPL"))
        library.impl("scaled_dot_product_attention", _attention, "AutogradMeta")
        library.impl("lstm.input", _lstm, "AutogradMeta")


_fused_kernels = SharedSwitch(_fuse).needed


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


_LSTM = 2  # torch's number of the kind of recurrent layer


def _lstm(
    x: torch.Tensor, hx: list[torch.Tensor], params: list[torch.Tensor], has_biases: bool, layers: int, dropout: float,
    train: bool, bidirectional: bool, batch_first: bool,
) -> Any:  # fmt: skip
    """As at::native::mkldnn_rnn does it: one kernel per layer and direction, each with a workspace."""
    if not _THREAD.trains or not _takes_onednn(x, hx, params, has_biases, layers, bidirectional):
        compose: Any = torch.ops.aten.lstm.input.decompose
        return compose(x, hx, params, has_biases, layers, dropout, train, bidirectional, batch_first)
    directions, per = (2 if bidirectional else 1), (4 if has_biases else 2)
    below = (x.transpose(0, 1) if batch_first else x).contiguous()
    hidden, kernel = hx[0].shape[2], torch.ops.aten.mkldnn_rnn_layer
    states: list[list[torch.Tensor]] = [[], []]
    for layer in range(layers):
        made = []
        for at in range(layer * directions, (layer + 1) * directions):
            weights = list(params[at * per : (at + 1) * per])
            weights += [] if has_biases else [w.new_zeros(w.shape) for w in weights]
            out, h, c, _ = kernel(
                below, *weights, hx[0][at], hx[1][at], at % directions > 0, [], _LSTM, hidden, layers, has_biases, bidirectional,
                batch_first, train,
            )  # fmt: skip
            made.append(out)
            states[0].append(h)
            states[1].append(c)
        below = made[0] if directions == 1 else torch.cat(made, -1)
        if dropout and train and layer < layers - 1:
            below = torch.dropout(below, dropout, True)
    return below.transpose(0, 1) if batch_first else below, torch.stack(states[0]), torch.stack(states[1])


def _takes_onednn(
    x: torch.Tensor, hx: list[torch.Tensor], params: list[torch.Tensor], has_biases: bool, layers: int, bidirectional: bool
) -> bool:  # fmt: skip
    """Whether torch runs the layer by oneDNN on the CPU: no projection, float32, or bfloat16 where the CPU has instructions for
    it, and oneDNN there and not switched off.
    """
    each = 4 if has_biases else 2
    plain = len(params) == each * layers * (2 if bidirectional else 1)
    numbers = [x, *hx, *params]
    enabled = torch.backends.mkldnn.is_available() and torch._C._get_mkldnn_enabled()
    known = x.dtype == torch.float32 or (x.dtype == torch.bfloat16 and torch.ops.mkldnn._is_mkldnn_bf16_supported())
    return enabled and plain and known and x.numel() > 0 and all(t.dtype == x.dtype for t in numbers)
