"""The memory of a training step against the live tensors that the CPU's allocator hands out, and the arithmetic of a small one."""

import gc

import pytest
import torch
from small_networks import NETWORKS, ViT
from torch import nn
from torch.utils.checkpoint import checkpoint

from archscope.bench.cpu_allocator import allocator_peak
from archscope.errors import UsageError
from archscope.models.loading import load
from archscope.tracing import trace
from archscope.training.optimizers import OPTIMIZERS
from archscope.training.segments import blocks
from archscope.training.step import footprint
from archscope.views.stages import units

TORCHS = {
    "sgd": lambda params: torch.optim.SGD(params, 1e-3),
    "momentum": lambda params: torch.optim.SGD(params, 1e-3, momentum=0.9),
    "adam": lambda params: torch.optim.Adam(params, 1e-3),
    "adamw": lambda params: torch.optim.AdamW(params, 1e-3),
}


def test_every_optimizer_is_held_against_torchs():
    assert set(TORCHS) == set(OPTIMIZERS)


def measured(module, x, optimizer):
    """Most bytes alive in the second training step, beyond parameters, buffers, state and input."""
    steps = TORCHS[optimizer]([p for p in module.parameters() if p.requires_grad])

    def step():
        steps.zero_grad(set_to_none=True)
        out = module(x)
        out.mean().backward()
        steps.step()

    step()
    steps.zero_grad(set_to_none=True)
    gc.collect()
    return allocator_peak(step).live


def computed(step, x):
    return step.peak - step.state - step.optimizer - x.numel() * x.element_size()


CASES = [
    ("unet", 1),
    ("unet", 8),
    ("vit", 1),
    ("vit", 8),
    ("lstm", 1),
    ("lstm", 8),
    ("cells", 1),
    ("cells", 8),
    ("gated", 2),
    ("frozen", 4),
]


@pytest.mark.parametrize("optimizer", TORCHS)
@pytest.mark.parametrize(("name", "batch"), CASES)
def test_peak(name, batch, optimizer):
    make, shape = NETWORKS[name]
    module, x = make().train(), torch.randn(batch, *shape)
    step = footprint(trace(module, x, mode="train"), optimizer)
    assert computed(step, x) == pytest.approx(measured(module, x, optimizer), rel=0.02)


@pytest.mark.parametrize(("name", "size"), [("resnet18", 64), ("googlenet", 64), ("bn_inception", 64), ("lenet5", 32)])
def test_peak_of_built_in_networks(name, size):
    model = load(name)
    channels = model.shapes[0][0]
    module, x = model.module.to_empty(device="cpu").train(), torch.randn(2, channels, size, size)
    for tensor in (*module.parameters(), *module.buffers()):
        tensor.data.normal_(0.0, 0.02) if tensor.is_floating_point() else tensor.data.zero_()
    step = footprint(trace(module, x, mode="train"))
    assert computed(step, x) == pytest.approx(measured(module, x, "sgd"), rel=0.02)


@pytest.mark.parametrize(("make", "size"), [(lambda: load("resnet18").module.to_empty(device="cpu"), 64), (ViT, 32)])
def test_peak_with_every_block_checkpointed(make, size):
    module, x = make().train(), torch.randn(4, 3, size, size)
    for tensor in module.parameters():
        tensor.data.normal_(0.0, 0.02)
    graph = trace(module, x, mode="train")
    step = footprint(graph, "sgd", blocks(graph))
    assert step.peak < footprint(graph).peak
    inside = {unit.path for unit in units(graph) if unit.is_block}
    assert len(inside) == len(blocks(graph)) > 2
    for path in inside:
        block = module.get_submodule(path)
        block.forward = lambda *args, run=block.forward: checkpoint(run, *args, use_reentrant=False)
    random_state = 5056 * len(inside)  # checkpoint() keeps the state of the generator, which a small network would notice
    assert computed(step, x) == pytest.approx(measured(module, x, "sgd") - random_state, rel=0.02, abs=random_state)


def test_bfloat16():
    module, x = ViT().bfloat16().train(), torch.randn(4, 3, 32, 32, dtype=torch.bfloat16)
    step = footprint(trace(module, x, mode="train"), "adam")
    assert computed(step, x) == pytest.approx(measured(module, x, "adam"), rel=0.02)


def test_two_linear_layers_by_hand():
    net = nn.Sequential(nn.Linear(100, 50), nn.ReLU(), nn.Linear(50, 10))
    step = footprint(trace(net, torch.randn(20, 100), mode="train"), "momentum")
    weights, hidden, out, x = 100 * 50 + 50 + 50 * 10 + 10, 20 * 50, 20 * 10, 20 * 100
    assert (step.state, step.optimizer, step.gradients) == (4 * weights, 4 * weights, 4 * weights)
    assert step.kept == 4 * (x + hidden)  # the rectifier works on a copy: its result is kept, and is the second layer's input
    # While the first layer is differentiated: input, the hidden layer's gradient, the output, all gradients of parameters.
    assert step.at_peak.node.op == "aten.addmm"
    assert step.at_peak.bytes == 4 * (x + hidden + out + weights)
    assert step.peak == 4 * (2 * weights + x + hidden + out + weights)


def test_the_curve_begins_with_the_forward_and_ends_with_the_optimizer():
    step = footprint(trace(ViT(), torch.randn(1, 3, 32, 32), mode="train"))
    assert list(dict.fromkeys(moment.phase for moment in step.curve)) == ["forward", "backward", "optimizer"]
    assert step.curve[-1].gradients == step.gradients == sum(p.numel() * 4 for p in ViT().parameters())


def test_an_unknown_optimizer_and_a_graph_without_gradients():
    graph = trace(ViT(), torch.randn(1, 3, 32, 32))
    with pytest.raises(UsageError, match="was traced in eval mode, without gradients"):
        footprint(graph)
    with pytest.raises(UsageError, match="unknown optimizer 'lion'"):
        footprint(graph, "lion")
