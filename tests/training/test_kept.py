"""Bytes kept for the backward pass: what the rules say against what torch hands to its own saved-tensor hooks."""

import pytest
import torch
from msgspec.structs import replace
from small_networks import NETWORKS
from torch import nn
from torch.nn import functional as F

from archscope.metrics import measure
from archscope.models.loading import load
from archscope.tracing import trace
from archscope.training import backward, kept_bytes
from archscope.values import AtLeast
from archscope.zoo import catalog


def saved(module, *inputs):
    """Bytes of the storages that autograd saves in a forward, each once, the module's own parameters and buffers left out."""
    own = {t.untyped_storage()._cdata for t in (*module.parameters(), *module.buffers())}
    seen, kept = {}, []

    def pack(tensor):
        storage = tensor.untyped_storage()
        if storage._cdata not in own:
            seen[storage._cdata] = storage.nbytes()
            kept.append(tensor)  # so that its number is not given to another
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        module.train()(*inputs)
    return sum(seen.values())


@pytest.mark.parametrize("batch", [1, 8])
@pytest.mark.parametrize("name", NETWORKS)
def test_equal_on_the_cpu(name, batch):
    make, shape = NETWORKS[name]
    module, x = make(), torch.randn(batch, *shape)
    plan = backward(trace(module, x, mode="train"))
    assert not plan.unknown
    assert kept_bytes(plan) == pytest.approx(saved(module, x), rel=EXACT if name == "lstm" else 0)


# The rows of oneDNN's workspace are those of its kernels for AVX-512; others may round them otherwise.
EXACT = 0 if torch.backends.cpu.get_cpu_capability() == "AVX512" else 0.05
KINDS = [
    {}, {"num_layers": 2, "dropout": 0.3}, {"bidirectional": True}, {"bias": False}, {"batch_first": False}, {"proj_size": 8},
    {"hidden_size": 512, "input_size": 300}, {"hidden_size": 17, "input_size": 20},
]  # fmt: skip


@pytest.mark.skipif(not torch.backends.mkldnn.is_available(), reason="torch without oneDNN runs an LSTM step by step")
@pytest.mark.parametrize("kind", KINDS, ids=str)
def test_lstm_layers_with_the_workspace_of_onednn(kind):
    module = nn.LSTM(**{"input_size": 16, "hidden_size": 32, "batch_first": True} | kind)
    x = torch.randn(3, 11, module.input_size)
    plan = backward(trace(module, x, mode="train"))
    assert not plan.unknown
    assert kept_bytes(plan) == pytest.approx(saved(module, x), rel=EXACT)


def test_an_lstm_where_onednn_is_switched_off_runs_step_by_step():
    module, x = nn.LSTM(16, 32, 2), torch.randn(7, 2, 16)
    with torch.backends.mkldnn.flags(enabled=False):
        plan = backward(trace(module, x, mode="train"))
        assert kept_bytes(plan) == saved(module, x)
    assert not any(step.node.op == "aten.mkldnn_rnn_layer" for step in plan.steps)


ONE_VALUE_PER_CHANNEL = {"inception_resnet_v1_facenet"}  # a batch norm behind the global pooling takes no batch of one
DEEP = {"resnet1202_cifar"}  # 1,202 layers of three kinds: resnet110_cifar has them all


@pytest.mark.parametrize("batch", [1, 8])
@pytest.mark.parametrize("name", sorted({entry.name for entry in catalog.entries()} - DEEP))
def test_equal_for_every_built_in_network(name, batch):
    """On the meta device, where torch saves the same and computes nothing."""
    model, batch = load(name), max(batch, 2 if name in ONE_VALUE_PER_CHANNEL else 1)
    plan = backward(model.trace(batch=batch, mode="train"))
    assert not plan.unknown
    assert kept_bytes(plan) == saved(model.module.to("meta"), *model.inputs(batch))


class Of(nn.Module):
    """A function of one layer's result, so that it has something to differentiate."""

    def __init__(self, function):
        super().__init__()
        self.function, self.layer, self.other = function, nn.Linear(8, 8), nn.Linear(8, 8)

    def forward(self, x):
        return self.function(self.layer(x), self.other(x))


FUNCTIONS = {
    "product": lambda a, b: a * b,
    "with itself": lambda a, b: a * a,
    "quotient": lambda a, b: a / b,
    "difference": lambda a, b: a - 2 * b,
    "power": lambda a, b: a.abs() ** b,
    "number to the power": lambda a, b: 2.0**a,
    "square": lambda a, b: a**2,
    "squares' root": lambda a, b: (a * a + 1).sqrt(),
    "normalised": lambda a, b: F.normalize(a, dim=-1),
    "where": lambda a, b: torch.where(a > 0, a, b),
    "masked": lambda a, b: a.masked_fill(b > 0, 0.0),
    "hypotenuse": lambda a, b: torch.hypot(a, b),
    "maximum": lambda a, b: torch.maximum(a, b),
    "leaky relu": lambda a, b: F.leaky_relu(a) + F.leaky_relu_(b),
    "elu": lambda a, b: F.elu(a) + F.elu_(b),
    "hardswish": lambda a, b: F.hardswish(a, inplace=True) + F.hardsigmoid(b),
    "mish, softplus": lambda a, b: F.mish(a) + F.softplus(b),
    "hardtanh in place": lambda a, b: F.hardtanh_(a) + b,
    "logarithm of softmax": lambda a, b: F.log_softmax(a, -1),
    "glu": lambda a, b: F.glu(a),
    "dropout": lambda a, b: F.dropout(a, 0.3),
    "mean and variance": lambda a, b: a.mean() + b.var(-1),
    "deviation": lambda a, b: a.std(-1) + b.amax(-1),
    "largest": lambda a, b: a.max(-1).values + b.topk(2)[0].sum(),
    "cumulative": lambda a, b: a.cumsum(0) + b.logsumexp(-1, keepdim=True),
    "gathered": lambda a, b: a.gather(1, (b > 0).long()),
    "indexed": lambda a, b: a[b[:, 0].argsort()],
    "sliced and joined": lambda a, b: torch.cat([a[:, 2:], b.flip(0)[:, ::2]], 1),
    "written into": lambda a, b: a.index_add(0, b[0].argmax(0, keepdim=True) % 3, b[:1]),
    "stacked": lambda a, b: torch.stack([a, b]).unbind(1)[0],
    "matrix products": lambda a, b: (a @ b.T) @ (b @ a.T),
    "einsum": lambda a, b: torch.einsum("ij,kj->ik", a, b),
    "attention by hand": lambda a, b: (a @ b.T).softmax(-1) @ b,
    "layer norm": lambda a, b: F.layer_norm(a, (8,), b[0], b[1]),
    "rms norm": lambda a, b: F.rms_norm(a, (8,), b[0]),
    "gradient cut off": lambda a, b: a * b.detach(),
    "a loss": lambda a, b: F.cross_entropy(a, b.argmax(-1)) + F.mse_loss(a, b),
    "padded": lambda a, b: F.pad(a, (1, 1)).sum(-1) + F.pad(b[None], (1, 1), mode="reflect").sum(-1),
    "complex": lambda a, b: torch.fft.rfft(a).abs(),
    "trigonometry": lambda a, b: a.sin() + b.cos() + a.erf() + b.exp(),
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_equal_for_one_function(name):
    module, x = Of(FUNCTIONS[name]), torch.randn(3, 8)
    plan = backward(trace(module, x, mode="train"))
    assert not plan.unknown
    assert kept_bytes(plan) == saved(module, x)


def test_what_no_gradient_passes_keeps_nothing():
    frozen = nn.Sequential(nn.Linear(8, 8), nn.ReLU()).requires_grad_(False)
    plan = backward(trace(frozen, torch.randn(3, 8), mode="train"))
    assert (plan.steps, kept_bytes(plan), plan.unknown) == ((), 0, ())


def test_a_constant_of_the_network_is_not_kept_it_is_there():
    class Scaled(nn.Module):
        def __init__(self):
            super().__init__()
            self.layer, self.scale = nn.Linear(8, 8), torch.ones(3, 8)  # no buffer: a plain attribute

        def forward(self, x):
            return self.layer(x) * self.scale

    # linear keeps its input, the product only the constant
    assert kept_bytes(backward(trace(Scaled(), torch.randn(3, 8), mode="train"))) == 3 * 8 * 4


def test_an_operator_without_a_rule_is_named():
    plan = backward(trace(Of(lambda a, b: torch.linalg.qr(a.T @ b)[1]), torch.randn(3, 8), mode="train"))
    assert [node.op for node in plan.unknown] == ["aten.linalg_qr"]


def test_an_lstm_on_a_torch_whose_workspace_is_not_known_keeps_at_least_so_much():
    graph = trace(nn.LSTM(8, 8), torch.ones(2, 1, 8), mode="train")
    old = replace(graph, meta=replace(graph.meta, torch="2.6.0+cu124"))
    found = measure(old, ["kept_for_backward"])["kept_for_backward"]
    assert isinstance(found, AtLeast)
    assert "aten.mkldnn_rnn_layer" in found.reason
