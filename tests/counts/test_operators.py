"""One operator at a time: its multiply-accumulates against arithmetic, and nothing that passes for zero because nobody knows it.

B batch, C channels in, O channels out, K kernel side, H and W the result's sides, T time steps, D width of a layer.
"""

import copy
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest
import torch
import torch.nn.functional as F
import torchvision
from counting_mode import Counting, counted, shapes
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from archscope.counts import FORMULAS, FREE, cost_of
from archscope.graph import UNKNOWN, ZERO, Cost, Tensor
from archscope.tracing.forward_pass import trace


class Function(nn.Module):
    """A function as a module."""

    def __init__(self, function: Callable[..., Any]):
        super().__init__()
        self.function = function

    def forward(self, *inputs: torch.Tensor) -> Any:
        return self.function(*inputs)


def x(*shape: int) -> torch.Tensor:
    return torch.zeros(shape)


LSTM = 20 * 3  # time steps times samples, in every recurrent case below

# name: (module, inputs, multiply-accumulates)
CONVOLUTIONS = {
    "conv1d": (nn.Conv1d(4, 8, 3), [x(2, 4, 20)], 2 * 18 * 8 * 4 * 3),
    "conv2d": (nn.Conv2d(3, 8, 3), [x(2, 3, 16, 16)], 2 * 14 * 14 * 8 * 3 * 3 * 3),
    "conv2d without a batch": (nn.Conv2d(3, 8, 3), [x(3, 16, 16)], 14 * 14 * 8 * 3 * 3 * 3),
    "conv3d": (nn.Conv3d(3, 8, 3), [x(2, 3, 8, 8, 8)], 2 * 6 * 6 * 6 * 8 * 3 * 3 * 3 * 3),
    "conv2d, strided": (nn.Conv2d(3, 8, 3, stride=2, padding=1), [x(2, 3, 16, 16)], 2 * 8 * 8 * 8 * 3 * 3 * 3),
    "conv2d, dilated": (nn.Conv2d(3, 8, 3, dilation=2), [x(2, 3, 16, 16)], 2 * 12 * 12 * 8 * 3 * 3 * 3),
    "conv2d, grouped": (nn.Conv2d(8, 16, 3, groups=4), [x(2, 8, 16, 16)], 2 * 14 * 14 * 16 * (8 // 4) * 3 * 3),
    "conv2d, depthwise": (nn.Conv2d(8, 8, 3, groups=8), [x(2, 8, 16, 16)], 2 * 14 * 14 * 8 * 3 * 3),
    "conv2d, pointwise": (nn.Conv2d(8, 16, 1), [x(2, 8, 16, 16)], 2 * 16 * 16 * 16 * 8),
    "conv2d, rectangular": (nn.Conv2d(3, 8, (1, 7), padding=(0, 3)), [x(2, 3, 16, 16)], 2 * 16 * 16 * 8 * 3 * 7),
    "conv2d, padding='same'": (nn.Conv2d(3, 8, 3, padding="same"), [x(2, 3, 16, 16)], 2 * 16 * 16 * 8 * 3 * 3 * 3),
    "conv2d, padding='same', even kernel": (nn.Conv2d(3, 8, 4, padding="same"), [x(2, 3, 16, 16)], 2 * 16 * 16 * 8 * 3 * 4 * 4),
    "conv2d, reflecting": (nn.Conv2d(3, 8, 3, padding=1, padding_mode="reflect"), [x(2, 3, 16, 16)], 2 * 16 * 16 * 8 * 3 * 3 * 3),
    "F.conv2d": (Function(F.conv2d), [x(2, 3, 16, 16), x(8, 3, 3, 3)], 2 * 14 * 14 * 8 * 3 * 3 * 3),
    "conv_transpose1d": (nn.ConvTranspose1d(4, 8, 4, stride=2), [x(2, 4, 10)], 2 * 10 * 4 * 8 * 4),
    "conv_transpose2d": (nn.ConvTranspose2d(4, 8, 4, stride=2), [x(2, 4, 10, 10)], 2 * 10 * 10 * 4 * 8 * 4 * 4),
    "conv_transpose2d, grouped": (
        nn.ConvTranspose2d(4, 8, 3, groups=2), [x(2, 4, 10, 10)], 2 * 10 * 10 * 4 * (8 // 2) * 3 * 3
    ),
    "conv_transpose3d": (nn.ConvTranspose3d(4, 8, 2, stride=2), [x(2, 4, 5, 5, 5)], 2 * 5 * 5 * 5 * 4 * 8 * 2 * 2 * 2),
    "conv_tbc": (Function(torch.conv_tbc), [x(20, 2, 4), x(3, 4, 8), x(8)], 18 * 2 * 8 * 4 * 3),
    "deform_conv2d": (
        torchvision.ops.DeformConv2d(3, 8, 3, padding=1), [x(1, 3, 8, 8), x(1, 2 * 3 * 3, 8, 8)], 8 * 8 * 8 * 3 * 3 * 3
    ),
    "deform_conv2d, masked": (
        torchvision.ops.DeformConv2d(4, 8, 3, groups=2),
        [x(2, 4, 10, 10), x(2, 2 * 3 * 3, 8, 8), x(2, 3 * 3, 8, 8)],
        2 * 8 * 8 * 8 * (4 // 2) * 3 * 3,
    ),
}  # fmt: skip

PRODUCTS = {
    "linear, 1 dimension": (nn.Linear(16, 32), [x(16)], 16 * 32),
    "linear, 2 dimensions": (nn.Linear(16, 32), [x(4, 16)], 4 * 16 * 32),
    "linear, 3 dimensions": (nn.Linear(16, 32), [x(4, 5, 16)], 4 * 5 * 16 * 32),
    "linear, 4 dimensions": (nn.Linear(16, 32), [x(4, 5, 6, 16)], 4 * 5 * 6 * 16 * 32),
    "linear without bias": (nn.Linear(16, 32, bias=False), [x(4, 5, 16)], 4 * 5 * 16 * 32),
    "@, matrices": (Function(torch.matmul), [x(4, 16), x(16, 8)], 4 * 16 * 8),
    "@, matrix and vector": (Function(torch.matmul), [x(4, 16), x(16)], 4 * 16),
    "@, vector and matrix": (Function(torch.matmul), [x(16), x(16, 8)], 16 * 8),
    "@, vectors": (Function(torch.matmul), [x(16), x(16)], 16),
    "@, batches": (Function(torch.matmul), [x(2, 3, 4, 16), x(2, 3, 16, 8)], 2 * 3 * 4 * 16 * 8),
    "@, broadcast": (Function(torch.matmul), [x(2, 3, 4, 16), x(16, 8)], 2 * 3 * 4 * 16 * 8),
    "@, batches of vectors": (Function(torch.matmul), [x(2, 3, 4, 16), x(16)], 2 * 3 * 4 * 16),
    "mm": (Function(torch.mm), [x(4, 16), x(16, 8)], 4 * 16 * 8),
    "addmm": (Function(torch.addmm), [x(8), x(4, 16), x(16, 8)], 4 * 16 * 8),
    "bmm": (Function(torch.bmm), [x(3, 4, 16), x(3, 16, 8)], 3 * 4 * 16 * 8),
    "baddbmm": (Function(torch.baddbmm), [x(3, 4, 8), x(3, 4, 16), x(3, 16, 8)], 3 * 4 * 16 * 8),
    "addbmm": (Function(torch.addbmm), [x(4, 8), x(3, 4, 16), x(3, 16, 8)], 3 * 4 * 16 * 8),
    "mv": (Function(torch.mv), [x(4, 16), x(16)], 4 * 16),
    "addmv": (Function(torch.addmv), [x(4), x(4, 16), x(16)], 4 * 16),
    "dot": (Function(torch.dot), [x(16), x(16)], 16),
    "vdot": (Function(torch.vdot), [x(16), x(16)], 16),
    "inner": (Function(torch.inner), [x(4, 16), x(3, 16)], 4 * 3 * 16),
    "outer": (Function(torch.outer), [x(4), x(16)], 0),
    "tensordot": (Function(lambda a, b: torch.tensordot(a, b, dims=2)), [x(3, 4, 5), x(4, 5, 6)], 3 * 4 * 5 * 6),
    "chain": (Function(lambda *m: torch.linalg.multi_dot(m)), [x(10, 100), x(100, 5), x(5, 50)], 10 * 100 * 5 + 10 * 5 * 50),
    "kron": (Function(torch.kron), [x(3, 4), x(5, 6)], 0),
    "einsum, one product": (
        Function(lambda q, k: torch.einsum("bhle,bhse->bhls", q, k)), [x(2, 3, 4, 5), x(2, 3, 6, 5)], 2 * 3 * 4 * 6 * 5
    ),
    "einsum, three operands": (
        Function(lambda a, b, c: torch.einsum("ij,jk,kl->il", a, b, c)), [x(3, 4), x(4, 5), x(5, 6)], 3 * 4 * 5 + 3 * 5 * 6
    ),
    "bilinear": (nn.Bilinear(5, 6, 7), [x(4, 5), x(4, 6)], 4 * 7 * 5 * 6),
    "complex matrices": (
        Function(torch.matmul), [x(4, 16).cfloat(), x(16, 8).cfloat()], 4 * 4 * 16 * 8
    ),
    "integer matrices": (
        Function(torch._int_mm), [torch.zeros(32, 64, dtype=torch.int8), torch.zeros(64, 64, dtype=torch.int8)], 32 * 64 * 64
    ),
    "affine grid": (Function(lambda t: F.affine_grid(t, [2, 3, 8, 9], align_corners=False)), [x(2, 2, 3)], 2 * 8 * 9 * 3 * 2),
}  # fmt: skip


def attention(heads: int, queries: int, keys: int, e: int, d: int) -> int:
    """Scores and the weighted sum of the values."""
    return heads * queries * keys * e + heads * queries * keys * d


ATTENTION = {
    "sdpa": (Function(F.scaled_dot_product_attention), [x(2, 4, 10, 8)] * 3, attention(2 * 4, 10, 10, 8, 8)),
    "sdpa, cross": (
        Function(F.scaled_dot_product_attention), [x(2, 4, 10, 8), x(2, 4, 12, 8), x(2, 4, 12, 8)], attention(2 * 4, 10, 12, 8, 8)
    ),
    "sdpa, wide values": (
        Function(F.scaled_dot_product_attention), [x(2, 4, 10, 8), x(2, 4, 12, 8), x(2, 4, 12, 16)], attention(8, 10, 12, 8, 16)
    ),
    "sdpa, causal counts as full": (
        Function(lambda q: F.scaled_dot_product_attention(q, q, q, is_causal=True)), [x(2, 4, 10, 8)], attention(8, 10, 10, 8, 8)
    ),
    "sdpa, masked": (
        Function(lambda q, m: F.scaled_dot_product_attention(q, q, q, m)), [x(2, 4, 10, 8), x(10, 10)], attention(8, 10, 10, 8, 8)
    ),
    "sdpa, grouped queries": (
        Function(lambda q, k: F.scaled_dot_product_attention(q, k, k, enable_gqa=True)),
        [x(2, 8, 10, 16), x(2, 2, 12, 16)], attention(2 * 8, 10, 12, 16, 16),
    ),
    "multi-head": (
        nn.MultiheadAttention(32, 4, batch_first=True), [x(2, 10, 32)] * 3, 2 * 10 * (4 * 32 * 32) + attention(8, 10, 10, 8, 8)
    ),
    "multi-head, cross": (
        nn.MultiheadAttention(32, 4, batch_first=True), [x(2, 10, 32), x(2, 12, 32), x(2, 12, 32)],
        2 * 10 * 2 * 32 * 32 + 2 * 12 * 2 * 32 * 32 + attention(2 * 4, 10, 12, 8, 8),
    ),
    "encoder layer": (
        nn.TransformerEncoderLayer(32, 4, 64, batch_first=True), [x(2, 10, 32)],
        2 * 10 * (4 * 32 * 32 + 2 * 32 * 64) + attention(2 * 4, 10, 10, 8, 8),
    ),
    "decoder layer": (
        nn.TransformerDecoderLayer(32, 4, 64, batch_first=True), [x(2, 10, 32), x(2, 12, 32)],
        2 * 10 * (4 * 32 * 32) + attention(2 * 4, 10, 10, 8, 8)
        + 2 * 10 * 2 * 32 * 32 + 2 * 12 * 2 * 32 * 32 + attention(2 * 4, 10, 12, 8, 8) + 2 * 10 * 2 * 32 * 64,
    ),
}  # fmt: skip

RECURRENT = {
    "lstm": (nn.LSTM(16, 32), [x(20, 3, 16)], LSTM * 4 * 32 * (16 + 32)),
    "lstm, batch first, no bias": (nn.LSTM(16, 32, batch_first=True, bias=False), [x(3, 20, 16)], LSTM * 4 * 32 * (16 + 32)),
    "lstm, 2 layers, both directions": (
        nn.LSTM(16, 32, 2, bidirectional=True),
        [x(20, 3, 16)],
        LSTM * 2 * (4 * 32 * (16 + 32) + 4 * 32 * (2 * 32 + 32)),
    ),
    "lstm, projected": (nn.LSTM(16, 32, proj_size=8), [x(20, 3, 16)], LSTM * (4 * 32 * (16 + 8) + 32 * 8)),
    "gru": (nn.GRU(16, 32), [x(20, 3, 16)], LSTM * 3 * 32 * (16 + 32)),
    "gru, both directions": (nn.GRU(16, 32, bidirectional=True), [x(20, 3, 16)], LSTM * 2 * 3 * 32 * (16 + 32)),
    "rnn": (nn.RNN(16, 32), [x(20, 3, 16)], LSTM * 32 * (16 + 32)),
    "rnn, relu": (nn.RNN(16, 32, nonlinearity="relu"), [x(20, 3, 16)], LSTM * 32 * (16 + 32)),
    "lstm cell": (nn.LSTMCell(16, 32), [x(3, 16)], 3 * 4 * 32 * (16 + 32)),
    "gru cell": (nn.GRUCell(16, 32), [x(3, 16)], 3 * 3 * 32 * (16 + 32)),
    "rnn cell": (nn.RNNCell(16, 32), [x(3, 16)], 3 * 32 * (16 + 32)),
}

CASES = CONVOLUTIONS | PRODUCTS | ATTENTION | RECURRENT


@pytest.mark.parametrize("name", CASES)
def test_macs_are_exact(name):
    module, inputs, macs = CASES[name]
    graph = trace(module, *inputs)
    assert [node.op for node in graph.uncounted] == []
    assert graph.cost.macs == macs


# torch's own counter has no formula for the rest.
TORCH_KNOWS = [
    *(n for n in CASES if n.startswith(("conv", "linear", "mm", "addmm", "bmm", "baddbmm", "einsum")) and n != "conv_tbc"),
    *("@, matrices", "@, batches", "@, broadcast", "@, vector and matrix"), *ATTENTION, *RECURRENT,
]  # fmt: skip


@pytest.mark.parametrize("name", TORCH_KNOWS)
def test_macs_are_half_of_torchs_flops(name):
    module, inputs, _ = CASES[name]
    macs = trace(module, *inputs).cost.macs
    meta = copy.deepcopy(module).to("meta").eval()
    with FlopCounterMode(display=False) as counter:
        meta(*(i.to("meta") for i in inputs))
    assert 2 * macs == counter.get_total_flops()


# -- fused kernels: what torch runs on real tensors in place of the operators above -------------------------------------------

FUSED = {
    "aten._scaled_dot_product_flash_attention_for_cpu": "sdpa",
    "aten._native_multi_head_attention": "multi-head",
    "aten._transformer_encoder_layer_fwd": "encoder layer",
    "aten.mkldnn_rnn_layer": "lstm",
}


@pytest.mark.parametrize("op", FUSED)
def test_a_fused_kernel_counts_what_it_replaces(op):
    module, inputs, macs = CASES[FUSED[op]]
    run = counted(copy.deepcopy(module).eval(), *inputs)
    assert op in run.ops
    assert run.cost.unknown == 0
    assert run.cost.macs == macs


# In inference mode torch does not take composite operators apart: einsum, matmul, linear and conv2d arrive whole.
@pytest.mark.parametrize("name", CASES)
def test_inference_mode_counts_the_same(name):
    module, inputs, macs = CASES[name]
    module = copy.deepcopy(module).eval()
    with torch.inference_mode(), Counting() as run:
        module(*inputs)
    assert [op for op, cost, _ in run.runs if cost.unknown] == []
    assert run.cost.macs == macs


def test_einsum_follows_its_path():
    tensors = [x(3, 4), x(4, 5), x(5, 6), x(6, 7)]
    cost, _ = cost_of("aten.einsum", ("ij,jk,kl,lm->im", shapes(tensors)), {"path": [0, 1, 0, 1, 0, 1]}, Tensor((3, 7)))
    assert cost.macs == 3 * 4 * 5 + 5 * 6 * 7 + 3 * 5 * 7


# Kernels of other devices, as their schemas have them.
q, k, v, mask = Tensor((2, 4, 10, 8)), Tensor((2, 4, 12, 8)), Tensor((2, 4, 12, 16)), Tensor((10, 12))
image, weight, bias, made = Tensor((2, 3, 16, 16)), Tensor((8, 3, 3, 3)), Tensor((8,)), Tensor((2, 8, 14, 14))
steps, cell = Tensor((20, 3, 16)), [Tensor((128, 16)), Tensor((128, 32)), Tensor((128,)), Tensor((128,))]
ELSEWHERE = {
    "aten._scaled_dot_product_flash_attention": ((q, k, v, 0.0, True), {}, attention(2 * 4, 10, 12, 8, 16)),
    "aten._scaled_dot_product_efficient_attention": ((q, k, v, None, False), {}, attention(2 * 4, 10, 12, 8, 16)),
    "aten._scaled_dot_product_cudnn_attention": ((q, k, v, mask, False), {}, attention(2 * 4, 10, 12, 8, 16)),
    "aten._scaled_dot_product_fused_attention_overrideable": ((q, k, v), {}, attention(2 * 4, 10, 12, 8, 16)),
    "aten._scaled_dot_product_attention_math_for_mps": ((q, k, v), {}, attention(2 * 4, 10, 12, 8, 16)),
    "aten._flash_attention_forward": (
        (Tensor((2, 10, 4, 8)), Tensor((2, 12, 4, 8)), Tensor((2, 12, 4, 16)), None, None, 10, 12, 0.0, False, False), {},
        attention(2 * 4, 10, 12, 8, 16),
    ),
    "aten.cudnn_convolution": ((image, weight, [0, 0], [1, 1], [1, 1], 1, False, False, True), {}, 2 * 14 * 14 * 8 * 3 * 3 * 3),
    "aten.mkldnn_convolution": ((image, weight, bias, [0, 0], [1, 1], [1, 1], 1), {}, 2 * 14 * 14 * 8 * 3 * 3 * 3),
    "aten.slow_conv_dilated2d": ((image, weight, [3, 3], bias), {}, 2 * 14 * 14 * 8 * 3 * 3 * 3),
    "aten.cudnn_convolution_relu": ((image, weight, bias, [1, 1], [0, 0], [1, 1], 1), {}, 2 * 14 * 14 * 8 * 3 * 3 * 3),
    "aten.cudnn_convolution_transpose": (
        (image, Tensor((3, 8, 3, 3)), [0, 0], [0, 0], [1, 1], [1, 1], 1, False, False, True), {}, 2 * 16 * 16 * 3 * 8 * 3 * 3
    ),
    "aten._cudnn_rnn": (
        (steps, cell, 4, None, Tensor((1, 3, 32)), Tensor((1, 3, 32)), 2, 32, 0, 1, False, 0.0, False, False, [], None), {},
        20 * 3 * 4 * 32 * (16 + 32),
    ),
    "aten._scaled_mm": ((Tensor((4, 16), "float8_e5m2"), Tensor((16, 8), "float8_e5m2"), Tensor(()), Tensor(())), {}, 4 * 16 * 8),
    "aten._addmm_activation": ((Tensor((8,)), Tensor((4, 16)), Tensor((16, 8))), {}, 4 * 16 * 8),
    "aten._grouped_mm": ((Tensor((10, 16)), Tensor((3, 16, 8)), Tensor((3,), "int32")), {}, 10 * 16 * 8),
    "quantized.linear": ((Tensor((4, 16), "quint8"), "packed", 0.1, 0), {}, 4 * 16 * 8),
}  # fmt: skip
RESULTS = {
    "aten.cudnn_convolution_transpose": Tensor((2, 8, 18, 18)), "aten._scaled_mm": Tensor((4, 8)),
    "aten._addmm_activation": Tensor((4, 8)),
    "aten._grouped_mm": Tensor((10, 8)), "quantized.linear": Tensor((4, 8), "quint8"),
}  # fmt: skip


@pytest.mark.parametrize("op", ELSEWHERE)
def test_kernels_of_other_devices(op):
    args, kwargs, macs = ELSEWHERE[op]
    out = RESULTS.get(op, made if "conv" in op else [Tensor((2, 4, 10, 16)), Tensor((2, 4, 10))])
    cost, reason = cost_of(op, args, kwargs, out)
    assert (cost.macs, cost.unknown, reason) == (macs, 0, "")


# -- no silent zero -----------------------------------------------------------------------------------------------------------

FREE_MODULES = {
    "embedding": (nn.Embedding(100, 16), [torch.zeros(2, 10, dtype=torch.int64)], "table look-up"),
    "pixel shuffle": (nn.PixelShuffle(2), [x(1, 8, 4, 4)], "moves data, no arithmetic"),
    "nearest": (nn.Upsample(scale_factor=2), [x(1, 8, 4, 4)], "moves data, no arithmetic"),
    "padding": (nn.ReflectionPad2d(1), [x(1, 8, 4, 4)], "moves data, no arithmetic"),
    "unfold": (nn.Unfold(2), [x(1, 8, 4, 4)], "moves data, no arithmetic"),
    "transpose": (Function(lambda t: t.transpose(0, 1)), [x(3, 4)], "view of existing memory"),
    "positions": (Function(lambda t: t + 1), [torch.zeros(3, dtype=torch.int64)], "integer or boolean bookkeeping"),
    "half precision": (Function(lambda t: t.half()), [x(3)], "type conversion"),
    "pool of one": (nn.MaxPool2d(1), [x(1, 8, 4, 4)], "nothing to compute at these sizes"),
}


@pytest.mark.parametrize("name", FREE_MODULES)
def test_what_is_free_says_why(name):
    module, inputs, reason = FREE_MODULES[name]
    nodes = trace(module, *inputs).nodes
    assert nodes
    assert reason in {node.free for node in nodes}
    assert all(node.cost == ZERO and node.free for node in nodes)


def test_dropout_is_free_in_eval_mode_only():
    drop = (Tensor((4, 16)), 0.5)
    assert cost_of("aten.dropout", (*drop, False), {}, Tensor((4, 16))) == (ZERO, "dropout does nothing in eval mode")
    assert cost_of("aten.native_dropout", (*drop, True), {}, [Tensor((4, 16))] * 2)[0] == Cost(muls=2 * 4 * 16)


UNKNOWN_MODULES = {
    "svd": (Function(torch.linalg.svdvals), [x(4, 4)]),
    "eigenvalues": (Function(torch.linalg.eigvalsh), [x(4, 4)]),
    "matrix exponential": (Function(torch.linalg.matrix_exp), [x(4, 4)]),
    "complex tanh": (Function(torch.tanh), [torch.zeros(4, dtype=torch.complex64)]),
}


@pytest.mark.parametrize("name", UNKNOWN_MODULES)
def test_what_nobody_knows_is_named(name):
    module, inputs = UNKNOWN_MODULES[name]
    run = counted(module, *inputs)
    assert run.cost.unknown == 1


def test_an_operator_without_a_formula_is_unknown():
    assert cost_of("mylib.fancy", (Tensor((3,)),), {}, Tensor((3,))) == (UNKNOWN, "")


def test_suppression_compares_every_box_with_every_other():
    boxes, scores = Tensor((10, 4)), Tensor((10,))
    pairs = 9 + 8 + 7 + 6 + 5 + 4 + 3 + 2 + 1
    cost = Cost(adds=2 * 10 + 4 * pairs, muls=10 + pairs, divs=pairs, comparisons=7 * pairs)
    assert cost_of("torchvision.nms", (boxes, scores, 0.5), {}, Tensor((3,), "int64")) == (cost, "")


def test_boxes_that_decide_the_work_are_unknown():
    rois = (Tensor((1, 8, 32, 32)), Tensor((10, 5)), 1.0, 7, 7)
    assert cost_of("torchvision.roi_align", (*rois, -1, False), {}, Tensor((10, 8, 7, 7))) == (UNKNOWN, "")


def test_arguments_that_do_not_fit_are_unknown():
    assert cost_of("aten.mm", (Tensor((3,)), Tensor((3,))), {}, Tensor((3,))) == (UNKNOWN, "")
    assert cost_of("aten.bmm", (Tensor((3, 4)), Tensor((4, 3))), {}, Tensor((3, 3))) == (UNKNOWN, "")
    assert cost_of("aten.softmax", (), {}, Tensor((3,))) == (UNKNOWN, "")


def test_an_in_place_operator_costs_what_its_plain_form_does():
    n = Tensor((4, 16))
    assert cost_of("aten.relu_", (n,), {}, n) == cost_of("aten.relu", (n,), {}, n) == (Cost(comparisons=4 * 16), "")
    assert cost_of("aten.squeeze_", (n,), {}, n) == (ZERO, "view of existing memory")


def test_the_schemas_own_out_argument_is_ignored():
    n = Tensor((4, 16))
    assert cost_of("aten.add", (n, n), {"out": n}, n) == (Cost(adds=4 * 16), "")


def test_no_operator_is_both_counted_and_free():
    assert not set(FORMULAS) & set(FREE)
    assert all(FREE.values())


@pytest.mark.skipif(not hasattr(torch.ops.aten, "_scaled_mm_v2"), reason="an older torch has fewer operators")
def test_every_aten_name_exists():
    """A misspelt name would be a formula that never runs."""
    known = {schema.name.replace("::", ".") for schema in torch._C._jit_get_all_schemas()}
    aten = {name for name in (*FORMULAS, *FREE) if name.startswith("aten.")}
    newer, gone = {"aten._upsample_lanczos2d_aa"}, {"aten.cholesky"}  # than torch 2.11; since torch 2.6
    assert aten - known <= newer | gone


def test_counting_does_not_import_torch():
    code = "import sys, archscope.counts; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
