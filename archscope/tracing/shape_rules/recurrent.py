"""One layer of an LSTM as oneDNN runs it on the CPU. torch's meta kernel leaves out the workspace, which training keeps."""

from typing import Any

import torch
from torch import Tensor

from archscope.tracing.shape_rules.rule import META, empty, rule

_PAGE = 4096
_LINE = 64  # bytes of a line of the cache
_FULL = 4  # bytes of a number in float32


@rule("mkldnn_rnn_layer")
def _layer(
    x: Tensor, w_ih: Tensor, w_hh: Tensor, b_ih: Tensor, b_hh: Tensor, hx: Tensor, cx: Tensor, reverse: bool, batch_sizes: Any,
    mode: int, hidden: int, layers: int, has_biases: bool, bidirectional: bool, batch_first: bool, train: bool,
) -> tuple[Tensor, Tensor, Tensor, Tensor] | None:  # fmt: skip
    # [t, n, i] -> [t, n, h], h and c of the last step [n, h], the workspace in bytes
    if x.dim() != 3 or x.dtype not in (torch.float32, torch.bfloat16) or hx.shape != (x.shape[1], hidden):
        return None
    steps, batch, width = x.shape
    workspace = workspace_bytes(steps, batch, width, hidden, x.element_size()) if train else 0
    space = torch.empty((workspace,), dtype=torch.uint8, device=META)
    return empty((steps, batch, hidden), x), empty((batch, hidden), x), empty((batch, hidden), x), space


def workspace_bytes(steps: int, batch: int, width: int, hidden: int, item: int = _FULL) -> int:
    """What a forward for training leaves for the backward beside its results: the gates, the hidden states, the states that come
    in from below and from the step before; and in float32, whatever the numbers are, the cells and room for two gradients. Each
    part has whole pages, and most have rows of whole cache lines.

    Arguments:
        item: bytes of a number: 4 in float32, 2 in bfloat16.

    Source: oneDNN, src/cpu/rnn/rnn_utils.cpp, `set_offsets` and `get_good_ld`; the parts were fitted to the sizes that it
    reports, by oneDNN 3.12 in torch 2.14 and 2.15. An older oneDNN keeps more: 3.5, in torch 2.6, 24 KiB for a small layer.
    """
    rows, states, widest = (
        steps * batch,
        2 * (steps + 1) * batch,
        max(width, hidden),
    )  # a layer has its input's states and its own
    parts = (
        rows * _row(4 * hidden, item) * item,
        rows * _row(hidden, item) * item,
        states * _row(widest, item) * item,
        states * hidden * item,
        states * hidden * _FULL,
        *[states * _row(widest, _FULL) * _FULL] * 2,
    )
    return sum(-(-part // _PAGE) * _PAGE for part in parts)


def _row(numbers: int, item: int) -> int:
    """Numbers from one row to the next: whole lines of the cache, one more where rows would fall on the same lines."""
    per_line = _LINE // item
    whole = -(-numbers // per_line) * per_line
    return whole + per_line if whole % 256 == 0 else whole
