"""Backward multiply-accumulates against torch's counter over forward and backward, and against hand arithmetic."""

import pytest
import torch
from small_networks import NETWORKS, Frozen
from torch import nn
from torch.utils.flop_counter import FlopCounterMode, flop_registry

from archscope.models.loading import load
from archscope.tables.training import training_table
from archscope.tracing import trace
from archscope.training import backward


def counted(graph):
    """Forward and backward."""
    return graph.cost.macs + sum(step.macs for step in backward(graph).steps)


def torchs(module, x):
    """What torch's own counter finds; it counts 2 for a multiply-accumulate."""
    counter = FlopCounterMode(display=False)
    with counter:
        module.train()(x).mean().backward()
    return counter.get_total_flops() // 2


@pytest.mark.parametrize("name", ["unet", "lstm", "frozen"])
def test_equal_to_torchs_counter(name):
    make, shape = NETWORKS[name]
    module, x = make(), torch.randn(2, *shape)
    with torch.backends.mkldnn.flags(enabled=name != "lstm"):
        assert counted(trace(module, x, mode="train")) == torchs(module, x)


@pytest.mark.skipif(not torch.backends.mkldnn.is_available(), reason="torch without oneDNN runs an LSTM step by step")
def test_an_lstm_by_onednn_makes_the_gradient_of_its_first_state_too():
    """Step by step that one is left out: nobody wants it."""
    make, shape = NETWORKS["lstm"]
    module, x = make(), torch.randn(2, *shape)
    with torch.backends.mkldnn.flags(enabled=False):
        steps = torchs(module, x)
    layers, batch, hidden = 2, 2, 32
    assert counted(trace(module, x, mode="train")) == steps + layers * batch * 4 * hidden * hidden


@pytest.mark.parametrize("name", ["resnet18", "googlenet_torchvision", "inception_v4", "vgg16"])
def test_equal_to_torchs_counter_for_built_in_networks(name):
    model = load(name)
    module = model.module.to("meta")
    counter = FlopCounterMode(display=False)
    with counter:
        module.train()(*model.inputs(2)).mean().backward()
    assert counted(model.trace(batch=2, mode="train")) == counter.get_total_flops() // 2


def test_fused_attention_by_hand_and_the_rest_equal_to_torchs_counter():
    """The counter of torch before 2.15 has no formula for the CPU's fused attention, and counts it as nothing."""
    make, shape = NETWORKS["vit"]
    module, x = make(), torch.randn(2, *shape)
    layers, heads, tokens, width = 3, 4, 4 * 4 + 1, 12
    # two products in the forward; in the backward the scores again and the gradients of values, scores, queries and keys
    attention = layers * 2 * heads * tokens * tokens * width * (2 + 5)
    known = torch.ops.aten._scaled_dot_product_flash_attention_for_cpu in flop_registry
    assert counted(trace(module, x, mode="train")) == torchs(module, x) + (0 if known else attention)


def test_depthwise_by_hand():
    net = nn.Sequential(nn.Conv2d(3, 8, 1), nn.Conv2d(8, 8, 3, padding=1, groups=8))
    plan = backward(trace(net, torch.randn(1, 3, 10, 10), mode="train"))
    # the first layer's input wants no gradient: weight only; the second's input and weight do
    assert [step.macs for step in plan.steps] == [10 * 10 * 8 * 3, 2 * 10 * 10 * 8 * 3 * 3]


def test_frozen_layers_and_shared_weights():
    graph = trace(Frozen(), torch.randn(4, 12), mode="train")
    one = 4 * 32 * 32
    # body: frozen, nothing. middle: its weight only, for what lies below wants nothing. head, twice: weight and input.
    assert [step.macs for step in backward(graph).steps if step.macs] == [one, 2 * one, 2 * one]
    # and a third run of the head under no_grad has a forward only
    assert graph.cost.macs == 4 * (12 * 32 + 32 * 32) + 4 * one


def test_an_input_that_wants_none_halves_the_backward():
    alone = backward(trace(nn.Linear(7, 5), torch.randn(3, 7), mode="train"))
    assert sum(step.macs for step in alone.steps) == 3 * 7 * 5


@pytest.mark.parametrize("by", ["stage", "layer", "operator"])
def test_the_rows_add_up_to_the_totals(by):
    table = training_table(load("resnet18").trace(mode="train"), by)
    rows = [row for row in table.rows if row.depth == 0]
    for key in ("macs", "backward_macs", "kept_for_backward", "backward_bytes_moved"):
        assert sum(row.values[key] for row in rows) == table.totals[key]
    assert sum(row.values["share"] for row in rows) == pytest.approx(1)


def test_bytes_moved_by_hand():
    # gradient of the result [3, 5]; what is kept: the input [3, 7]; the weight [5, 7]; gradients of weight [5, 7] and bias [5]
    (row,) = training_table(trace(nn.Linear(7, 5), torch.randn(3, 7), mode="train"), "operator").rows
    assert row.values["backward_bytes_moved"] == 4 * (15 + 21 + 35 + 5 + 35 + 5)
