"""Recurrent layers and cells: every weight matrix of a cell is applied once per time step of every sample.

The matrices give the multiply-accumulates, the bias vectors one addition per element; the gates' own arithmetic is per hidden
unit and step, from the equations of Hochreiter and Schmidhuber, "Long Short-Term Memory", 1997 (with forget gates: Gers et al.,
2000); Cho et al., "Learning Phrase Representations using RNN Encoder-Decoder", 2014 (the GRU, with the reset gate applied after
the matrix product, as torch has it); Elman, "Finding Structure in Time", 1990.
"""

from collections.abc import Sequence
from typing import Any

from archscope.counts.formulas import formula
from archscope.graph import Cost, Tensor

# Per hidden unit and step, beside the matrix products and biases: the sum of the input's and the state's part of each gate,
# the gates' functions (a sigmoid is an exponential, an addition and a division), and the new state.
GATES = {
    "lstm": Cost(adds=4 + 3 + 1, muls=3, divs=3, exponentials=5),  # c' = f c + i g, h' = o tanh(c')
    "gru": Cost(adds=3 + 2 + 2, muls=2, divs=2, exponentials=3),  # n = tanh(W x + r W h), h' = n + z (h - n)
    "rnn_tanh": Cost(adds=1, exponentials=1),
    "rnn_relu": Cost(adds=1, comparisons=1),
}
_ROWS = {"lstm": 4, "gru": 3, "rnn_tanh": 1, "rnn_relu": 1}  # rows of the weight matrices per hidden unit
_KINDS = ("rnn_relu", "rnn_tanh", "lstm", "gru")  # torch's numbers


def cells(kind: str, steps: int, weights: Sequence[Tensor], count: int) -> Cost:
    """`count` cells (layers times directions), each run `steps` times (time steps times samples).

    weights: of all cells, one after the other: [rows * hidden, in], [rows * hidden, hidden or projected], the biases, the
    projection.
    """
    matrices = sum(w.numel for w in weights if len(w.shape) == 2)
    biases = sum(w.numel for w in weights if len(w.shape) == 1)
    each = len(weights) // count
    units = sum(weights[at * each].shape[0] // _ROWS[kind] for at in range(count))
    return Cost(macs=steps * matrices, adds=steps * biases) + GATES[kind] * (steps * units)


def _layer(kind: str, args: tuple[Any, ...]) -> Cost:
    # (input [t, n, in] or [n, t, in], hx, params, has_biases, layers, dropout, train, bidirectional, batch_first)
    # (data [t n, in], batch_sizes, hx, params, has_biases, layers, dropout, train, bidirectional)
    at = max(i for i, value in enumerate(args) if isinstance(value, list | tuple))
    x, params, layers, bidirectional = args[0], args[at], args[at + 2], args[at + 5]
    return cells(kind, x.numel // x.shape[-1], params, layers * (2 if bidirectional else 1))


@formula("aten.lstm", "aten._lstm_mps")
def lstm(*args: Any, out: Any) -> Cost:
    """All layers and directions of an LSTM, also with projections, also on packed sequences."""
    return _layer("lstm", args)


@formula("aten.gru")
def gru(*args: Any, out: Any) -> Cost:
    """All layers and directions of a GRU."""
    return _layer("gru", args)


@formula("aten.rnn_tanh")
def rnn_tanh(*args: Any, out: Any) -> Cost:
    """All layers and directions of an Elman network."""
    return _layer("rnn_tanh", args)


@formula("aten.rnn_relu")
def rnn_relu(*args: Any, out: Any) -> Cost:
    """As `rnn_tanh`, with the rectifier."""
    return _layer("rnn_relu", args)


@formula("aten.mkldnn_rnn_layer")
def mkldnn_rnn_layer(
    x: Tensor, w_ih: Tensor, w_hh: Tensor, b_ih: Tensor, b_hh: Tensor, hx: Tensor, cx: Tensor, reverse: bool, batch_sizes: Any,
    mode: int, hidden_size: int, num_layers: int, has_biases: bool, *_: Any, out: Any,
) -> Cost:  # fmt: skip
    """One layer, one direction."""
    weights = [w_ih, w_hh, b_ih, b_hh] if has_biases else [w_ih, w_hh]
    return cells(_KINDS[mode], x.numel // x.shape[-1], weights, 1)


def _cudnn(x: Tensor, weights: Sequence[Tensor], mode: int, layers: int, bidirectional: bool) -> Cost:
    return cells(_KINDS[mode], x.numel // x.shape[-1], weights, layers * (2 if bidirectional else 1))


@formula("aten._cudnn_rnn")
def cudnn_rnn(
    x: Tensor, weights: Sequence[Tensor], stride0: int, buffer: Any, hx: Tensor, cx: Any, mode: int, hidden: int, proj: int,
    layers: int, batch_first: bool, dropout: float, train: bool, bidirectional: bool, *_: Any, out: Any,
) -> Cost:  # fmt: skip
    """All layers and directions, of any of the four kinds."""
    return _cudnn(x, weights, mode, layers, bidirectional)


@formula("aten.miopen_rnn")
def miopen_rnn(
    x: Tensor, weights: Sequence[Tensor], stride0: int, hx: Tensor, cx: Any, mode: int, hidden: int, layers: int, batch_first:
    bool, dropout: float, train: bool, bidirectional: bool, *_: Any, out: Any,
) -> Cost:  # fmt: skip
    """As `cudnn_rnn`."""
    return _cudnn(x, weights, mode, layers, bidirectional)


def _cell(kind: str, x: Tensor, weights: Sequence[Any]) -> Cost:
    return cells(kind, x.numel // x.shape[-1], [w for w in weights if w is not None], 1)


@formula("aten.lstm_cell")
def lstm_cell(x: Tensor, hx: Any, *weights: Any, out: Any) -> Cost:
    """One step of an LSTM."""
    return _cell("lstm", x, weights)


@formula("aten.gru_cell")
def gru_cell(x: Tensor, hx: Tensor, *weights: Any, out: Any) -> Cost:
    """One step of a GRU."""
    return _cell("gru", x, weights)


@formula("aten.rnn_tanh_cell")
def rnn_tanh_cell(x: Tensor, hx: Tensor, *weights: Any, out: Any) -> Cost:
    """One step of an Elman network."""
    return _cell("rnn_tanh", x, weights)


@formula("aten.rnn_relu_cell")
def rnn_relu_cell(x: Tensor, hx: Tensor, *weights: Any, out: Any) -> Cost:
    """As `rnn_tanh_cell`, with the rectifier."""
    return _cell("rnn_relu", x, weights)


def _fused(kind: str, gates: Tensor, biases: tuple[Any, ...]) -> Cost:
    # The matrix products came before, as operators of their own.
    biased = sum(bias is not None for bias in biases)
    return Cost(adds=biased * gates.numel) + GATES[kind] * (gates.numel // _ROWS[kind])


@formula("aten._thnn_fused_lstm_cell")
def fused_lstm_cell(input_gates: Tensor, hidden_gates: Tensor, cx: Tensor, *biases: Any, out: Any) -> Cost:
    """The gates of an LSTM cell, after the matrix products."""
    return _fused("lstm", input_gates, biases)


@formula("aten._thnn_fused_gru_cell")
def fused_gru_cell(input_gates: Tensor, hidden_gates: Tensor, hx: Tensor, *biases: Any, out: Any) -> Cost:
    """The gates of a GRU cell, after the matrix products."""
    return _fused("gru", input_gates, biases)


__all__ = ["cells"]
