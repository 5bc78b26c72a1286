"""One layer of an LSTM as oneDNN runs it on the CPU. torch's meta kernel leaves out the workspace, which training keeps."""

from typing import Any

import torch
from torch import Tensor

from archscope.tracing.shape_rules.rule import META, empty, rule

_PAGE = 4096
_LINE = 64  # bytes of a line of the cache
_ITEM = 4  # float32


@rule("mkldnn_rnn_layer")
def _layer(
    x: Tensor, w_ih: Tensor, w_hh: Tensor, b_ih: Tensor, b_hh: Tensor, hx: Tensor, cx: Tensor, reverse: bool, batch_sizes: Any,
    mode: int, hidden: int, layers: int, has_biases: bool, bidirectional: bool, batch_first: bool, train: bool,
) -> tuple[Tensor, Tensor, Tensor, Tensor] | None:  # fmt: skip
    # [t, n, i] -> [t, n, h], h and c of the last step [n, h], the workspace in bytes
    if x.dim() != 3 or x.dtype != torch.float32 or hx.shape != (x.shape[1], hidden):
        return None
    steps, batch, width = x.shape
    workspace = workspace_bytes(steps, batch, width, hidden) if train else 0
    space = torch.empty((workspace,), dtype=torch.uint8, device=META)
    return empty((steps, batch, hidden), x), empty((batch, hidden), x), empty((batch, hidden), x), space


def workspace_bytes(steps: int, batch: int, width: int, hidden: int) -> int:
    """What a forward for training leaves for the backward beside its results: the gates, the states that come in from below
    (thrice), those from the step before and the cells, and the hidden states, each part in whole pages and most of them in rows
    of whole cache lines.

    Source: oneDNN, src/cpu/rnn/rnn_utils.cpp, `set_offsets` and `get_good_ld`; the parts were fitted to the sizes that it
    reports.
    """
    rows, states = steps * batch, 2 * (steps + 1) * batch  # a layer has its input's row of states and its own
    parts = (
        rows * _row(4 * hidden),
        *[states * _row(max(width, hidden))] * 3,
        *[states * hidden] * 2,
        rows * _row(hidden),
    )  # fmt: skip
    return sum(-(-part * _ITEM // _PAGE) * _PAGE for part in parts)


def _row(numbers: int) -> int:
    """Numbers from one row to the next: whole lines of the cache, one more where rows would fall on the same lines."""
    per_line = _LINE // _ITEM
    whole = -(-numbers // per_line) * per_line
    return whole + per_line if whole % 256 == 0 else whole
