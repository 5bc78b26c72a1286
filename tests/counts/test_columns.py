"""The other columns: additions, multiplications, divisions, comparisons and exponentials, by hand arithmetic."""

import pytest
import torch
import torch.nn.functional as F
from counting_mode import Counting, counted
from torch import nn

from archscope.counts import cost_of
from archscope.counts.pooling import adaptive_values
from archscope.counts.sampling import filter_taps
from archscope.graph import Cost, Tensor
from archscope.tracing.forward_pass import trace

N = 2 * 8 * 6 * 6  # elements of the image below
C = 8


def image(*shape: int) -> torch.Tensor:
    return torch.zeros(shape or (2, 8, 6, 6))


def norm(n: int, groups: int, affine: bool = True) -> Cost:
    """Sum, differences, squares, their sum, epsilon; two means; a square root; scaling; the affine map."""
    adds = (n - groups) + n + (n - groups) + groups + (n if affine else 0)
    return Cost(adds=adds, muls=n + n + (n if affine else 0), divs=2 * groups, exponentials=groups)


LAYERS = {
    # biases: one addition per element of the result
    "conv bias": (nn.Conv2d(8, 4, 3), Cost(macs=2 * 4 * 4 * 4 * 8 * 9, adds=2 * 4 * 4 * 4)),
    "conv without bias": (nn.Conv2d(8, 4, 3, bias=False), Cost(macs=2 * 4 * 4 * 4 * 8 * 9)),
    "linear bias": (nn.Linear(6, 5), Cost(macs=2 * 8 * 6 * 5 * 6, adds=2 * 8 * 6 * 5)),
    # norms
    "batch norm": (nn.BatchNorm2d(8), Cost(muls=N, adds=N)),
    "batch norm, not affine": (nn.BatchNorm2d(8, affine=False), Cost(muls=N, adds=N)),
    "batch norm by the batch": (nn.BatchNorm2d(8, track_running_stats=False), norm(N, C)),
    "layer norm": (nn.LayerNorm(6), norm(N, N // 6)),
    "layer norm, not affine": (nn.LayerNorm([6, 6], elementwise_affine=False), norm(N, N // 36, affine=False)),
    "group norm": (nn.GroupNorm(4, 8), norm(N, 2 * 4)),
    "instance norm": (nn.InstanceNorm2d(8), norm(N, 2 * 8, affine=False)),
    # activation functions
    "relu": (nn.ReLU(), Cost(comparisons=N)),
    "relu, in place": (nn.ReLU(inplace=True), Cost(comparisons=N)),
    "relu6": (nn.ReLU6(), Cost(comparisons=2 * N)),
    "leaky relu": (nn.LeakyReLU(), Cost(comparisons=N, muls=N)),
    "prelu": (nn.PReLU(8), Cost(comparisons=N, muls=N)),
    "elu": (nn.ELU(), Cost(comparisons=N, exponentials=N, adds=N, muls=N)),
    "sigmoid": (nn.Sigmoid(), Cost(exponentials=N, adds=N, divs=N)),
    "silu": (nn.SiLU(), Cost(exponentials=N, adds=N, divs=N)),
    "tanh": (nn.Tanh(), Cost(exponentials=N)),
    "gelu": (nn.GELU(), Cost(muls=3 * N, adds=N, exponentials=N)),
    "gelu, tanh": (nn.GELU("tanh"), Cost(muls=6 * N, adds=2 * N, exponentials=N)),
    "hardswish": (nn.Hardswish(), Cost(adds=N, comparisons=2 * N, muls=N, divs=N)),
    "hardsigmoid": (nn.Hardsigmoid(), Cost(adds=N, comparisons=2 * N, divs=N)),
    "softplus": (nn.Softplus(), Cost(comparisons=N, muls=N, divs=N, exponentials=2 * N)),
    "glu": (nn.GLU(1), Cost(exponentials=N // 2, adds=N // 2, divs=N // 2, muls=N // 2)),
    # softmax over rows of 6
    "softmax": (nn.Softmax(-1), Cost(comparisons=5, adds=6 + 5, exponentials=6, divs=6) * (N // 6)),
    "log softmax": (nn.LogSoftmax(-1), Cost(comparisons=5, adds=6 + 5 + 6, exponentials=6 + 1) * (N // 6)),
    # pooling
    "max pool": (nn.MaxPool2d(3, 2, 1), Cost(comparisons=2 * 8 * 3 * 3 * (9 - 1))),
    "average pool": (nn.AvgPool2d(2), Cost(adds=2 * 8 * 3 * 3 * (4 - 1), divs=2 * 8 * 3 * 3)),
    "average pool, rectangular": (nn.AvgPool2d((2, 3)), Cost(adds=2 * 8 * 3 * 2 * (6 - 1), divs=2 * 8 * 3 * 2)),
    "global average": (nn.AdaptiveAvgPool2d(1), Cost(adds=N - 2 * 8, divs=2 * 8)),
    "adaptive average, whole windows": (nn.AdaptiveAvgPool2d(3), Cost(adds=2 * 8 * 3 * 3 * (4 - 1), divs=2 * 8 * 3 * 3)),
    # over 6 values, 4 windows: [0, 2), [1, 3), [3, 5), [4, 6)
    "adaptive average, overlapping": (
        nn.AdaptiveAvgPool2d(4), Cost(adds=2 * 8 * (8 * 8 - 4 * 4), divs=2 * 8 * 4 * 4)
    ),
    "adaptive maximum, overlapping": (nn.AdaptiveMaxPool2d(4), Cost(comparisons=2 * 8 * (8 * 8 - 4 * 4))),
    # resizing to 12x12
    "bilinear": (nn.Upsample(scale_factor=2, mode="bilinear"), Cost(muls=6, adds=3) * (4 * N)),
    "bicubic": (nn.Upsample(scale_factor=2, mode="bicubic"), Cost(muls=5 * 4, adds=5 * 3) * (4 * N)),
    "nearest": (nn.Upsample(scale_factor=2), Cost()),
    "dropout": (nn.Dropout(0.5), Cost()),
}  # fmt: skip


@pytest.mark.parametrize("name", LAYERS)
def test_layers(name):
    layer, expected = LAYERS[name]
    graph = trace(layer, image())
    assert graph.cost == expected


# Composite operators arrive whole in inference mode and cost what their parts do.
@pytest.mark.parametrize("name", LAYERS)
def test_layers_in_inference_mode(name):
    layer, expected = LAYERS[name]
    layer.eval()
    with torch.inference_mode(), Counting() as run:
        layer(image())
    assert run.cost == expected


def test_batch_norm_in_train_mode_has_statistics_and_running_averages():
    running = Cost(muls=2 * 2 * C, adds=2 * C)  # (1 - m) old + m new, of mean and variance
    graph = trace(nn.BatchNorm2d(8), image(), mode="train")
    counter = Cost()  # of batches seen: an integer
    assert graph.cost == norm(N, C) + running + counter


FUNCTIONS = {
    "a + b": (torch.add, [image(), image()], Cost(adds=N)),
    "a + 2 b": (lambda a, b: torch.add(a, b, alpha=2), [image(), image()], Cost(adds=N, muls=N)),
    "a + 1": (lambda a: a + 1, [image()], Cost(adds=N)),
    "1 - a": (lambda a: 1 - a, [image()], Cost(adds=N)),
    "a * b, broadcast": (torch.mul, [image(), image(2, 8, 1, 1)], Cost(muls=N)),
    "a / 2": (lambda a: a / 2, [image()], Cost(divs=N)),
    "-a": (torch.neg, [image()], Cost(adds=N)),
    "a ** 2": (lambda a: a**2, [image()], Cost(muls=N)),
    "a ** 3": (lambda a: a**3, [image()], Cost(muls=2 * N)),
    "a ** 0.5": (lambda a: a**0.5, [image()], Cost(exponentials=N)),
    "rsqrt": (torch.rsqrt, [image()], Cost(exponentials=N)),
    "a > 0": (lambda a: a > 0, [image()], Cost(comparisons=N)),
    "maximum": (torch.maximum, [image(), image()], Cost(comparisons=N)),
    "clamp, both sides": (lambda a: a.clamp(0, 1), [image()], Cost(comparisons=2 * N)),
    "clamp, one side": (lambda a: a.clamp(min=0), [image()], Cost(comparisons=N)),
    "lerp": (lambda a, b: torch.lerp(a, b, 0.5), [image(), image()], Cost(adds=2 * N, muls=N)),
    "addcmul": (torch.addcmul, [image(), image(), image()], Cost(adds=N, muls=N)),
    "sum": (lambda a: a.sum(1), [image()], Cost(adds=2 * 6 * 6 * 7)),
    "mean": (lambda a: a.mean((2, 3)), [image()], Cost(adds=2 * 8 * 35, divs=2 * 8)),
    "maximum of all": (torch.amax, [image()], Cost(comparisons=N - 1)),
    "maximum of rows": (lambda a: a.max(-1), [image()], Cost(comparisons=(N // 6) * 5)),
    "argmax": (lambda a: a.argmax(1), [image()], Cost(comparisons=2 * 6 * 6 * 7)),
    "product": (lambda a: a.prod(1), [image()], Cost(muls=2 * 6 * 6 * 7)),
    "variance": (lambda a: a.var(-1), [image()], Cost(adds=5 + 6 + 5, muls=6, divs=2) * (N // 6)),
    "deviation": (lambda a: a.std(-1), [image()], Cost(adds=5 + 6 + 5, muls=6, divs=2, exponentials=1) * (N // 6)),
    "length": (lambda a: a.norm(dim=-1), [image()], Cost(muls=6, adds=5, exponentials=1) * (N // 6)),
    "sum of absolutes": (lambda a: torch.linalg.vector_norm(a, 1, -1), [image()], Cost(comparisons=6, adds=5) * (N // 6)),
    "running sum": (lambda a: a.cumsum(-1), [image()], Cost(adds=5) * (N // 6)),
    "logsumexp": (lambda a: a.logsumexp(-1), [image()], Cost(comparisons=5, adds=6 + 5 + 1, exponentials=6 + 1) * (N // 6)),
    "sort rows of 6": (lambda a: a.sort(-1), [image()], Cost(comparisons=6 * 3) * (N // 6)),
    "outer": (torch.outer, [image(5), image(7)], Cost(muls=5 * 7)),
    "complex product": (torch.mul, [image(9).cfloat()] * 2, Cost(muls=4 * 9, adds=2 * 9)),
    "complex sum": (torch.add, [image(9).cfloat()] * 2, Cost(adds=2 * 9)),
    "complex by real": (lambda a: a * 2.0, [image(9).cfloat()], Cost(muls=2 * 9)),
    "fourier, complex": (torch.fft.fft, [image(3, 64).cfloat()], Cost(muls=4 * 3 * 32 * 6, adds=6 * 3 * 32 * 6)),
    "fourier, real": (torch.fft.rfft, [image(3, 64)], Cost(muls=4 * 3 * 16 * 6, adds=6 * 3 * 16 * 6)),
    "fourier, two dimensions": (
        torch.fft.fft2, [image(3, 16, 4).cfloat()], Cost(muls=4 * 3 * 32 * 6, adds=6 * 3 * 32 * 6)
    ),
    "squared error": (F.mse_loss, [image(4, 5), image(4, 5)], Cost(adds=20 + 19, muls=20, divs=1)),
    "cross entropy": (
        F.cross_entropy, [image(4, 5), torch.zeros(4, dtype=torch.int64)],
        Cost(comparisons=4, adds=5 + 4 + 5, exponentials=6) * 4 + Cost(adds=3, divs=1),
    ),
    "embedding bag, sums": (
        lambda i, w: F.embedding_bag(i, w, mode="sum"), [image(4, 3).long(), image(10, 16)], Cost(adds=4 * 2 * 16)
    ),
    "embedding bag, means": (
        F.embedding_bag, [image(4, 3).long(), image(10, 16)], Cost(adds=4 * 2 * 16, divs=4 * 16)
    ),
    "scatter add": (
        lambda a, i: a.scatter_add(0, i, a), [image(4, 5), torch.zeros(4, 5, dtype=torch.int64)], Cost(adds=4 * 5)
    ),
    "fold": (lambda a: F.fold(a, (4, 4), 2), [image(2, 3 * 4, 9)], Cost(adds=2 * 3 * 4 * 9)),
    # 2 n^2 points: ((x + 1) size - 1) / 2 twice; two distances per dimension, four products; then four terms per channel
    "grid sample": (
        lambda a, g: F.grid_sample(a, g, align_corners=False), [image(), image(2, 5, 5, 2)],
        Cost(adds=2 * 2, muls=2, divs=2) * 50 + Cost(adds=2 * 2, muls=4) * 50 + Cost(muls=4, adds=3) * (8 * 50),
    ),
    "rms norm": (
        lambda a: F.rms_norm(a, (6,), torch.ones(6)), [image()],
        Cost(muls=6 + 6 + 6, adds=5 + 1, divs=1, exponentials=1) * (N // 6),
    ),
    "triangular system": (
        lambda a, b: torch.linalg.solve_triangular(a, b, upper=False), [torch.eye(5), image(5, 3)],
        Cost(macs=0 + 1 + 2 + 3 + 4, divs=5) * 3,
    ),
    "cholesky": (
        torch.linalg.cholesky, [torch.eye(3)],
        # first column: a root, 2 divisions; second: 1 product, a root, 1 product and division; third: 2 products, a root
        Cost(exponentials=1, divs=2) + Cost(macs=1 + 1, exponentials=1, divs=1) + Cost(macs=2, exponentials=1),
    ),
    "matrix product, complex": (
        torch.mm, [image(3, 4).cfloat(), image(4, 5).cfloat()], Cost(macs=4 * 3 * 4 * 5)
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", FUNCTIONS)
def test_functions(name):
    function, inputs, expected = FUNCTIONS[name]
    run = counted(function, *inputs)
    assert run.cost == expected


@pytest.mark.parametrize("name", ["lstm", "gru"])
def test_recurrent_gates(name):
    steps, hidden = 20 * 3, 32
    gates = {
        "lstm": Cost(adds=4 + 3 + 1, muls=3, divs=3, exponentials=5),
        "gru": Cost(adds=2 + 1 + 2 + 2, muls=2, divs=2, exponentials=3),
    }
    rows = {"lstm": 4, "gru": 3}[name]
    layer = {"lstm": nn.LSTM, "gru": nn.GRU}[name](16, hidden)
    expected = Cost(macs=steps * rows * hidden * (16 + hidden), adds=steps * 2 * rows * hidden) + gates[name] * (steps * hidden)
    with torch.inference_mode(), Counting() as run:
        layer(image(20, 3, 16))
    assert [op for op, cost, _ in run.runs if cost != Cost()] == [f"aten.{name}"]
    assert run.cost == expected


def test_attention_scales_masks_and_normalises_every_score():
    query, key, mask = Tensor((2, 4, 10, 8)), Tensor((2, 4, 12, 8)), Tensor((10, 12))
    cost, _ = cost_of("aten.scaled_dot_product_attention", (query, key, key, mask), {}, query)
    scores = 2 * 4 * 10 * 12
    softmax = Cost(comparisons=11, adds=23, exponentials=12, divs=12) * (2 * 4 * 10)
    assert cost == Cost(macs=scores * (8 + 8), muls=scores, adds=scores) + softmax
    boolean = Tensor((10, 12), "bool")
    cost, _ = cost_of("aten.scaled_dot_product_attention", (query, key, key, boolean), {}, query)
    assert cost == Cost(macs=scores * (8 + 8), muls=scores) + softmax


def test_adaptive_windows_are_torchs():
    """A one-hot image shows which outputs read a value: the windows of torch's own kernel."""
    for inside in range(1, 12):
        for outside in range(1, 9):
            read = F.adaptive_max_pool1d(torch.eye(inside).unsqueeze(1), outside).sum()
            assert adaptive_values([inside], [outside]) == read


@pytest.mark.parametrize(("inside", "outside"), [(16, 8), (8, 16), (100, 7), (7, 3), (50, 33), (9, 4), (5, 12)])
@pytest.mark.parametrize(("mode", "width"), [("bilinear", 2), ("bicubic", 4)])
def test_antialiasing_windows_are_torchs(mode, width, inside, outside):
    """A one-hot row shows which outputs read a value: the windows of torch's own kernel."""
    row = torch.eye(inside, dtype=torch.float64).reshape(inside, 1, 1, inside)
    read = (F.interpolate(row, size=(1, outside), mode=mode, antialias=True) != 0).sum()
    assert filter_taps(inside, outside, width, inside / outside) == read
