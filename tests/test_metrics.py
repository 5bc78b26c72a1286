"""Metrics: against arithmetic on the hand-made graph, against published tables, and additive over the parts of a network."""

import pytest
import torch
from torch import Size, nn

import archscope
from archscope import metrics
from archscope.errors import UsageError
from archscope.graph import Graph, total
from archscope.metrics import METRICS, measure
from archscope.models.look_up import look

# Araujo, Norris and Sim, "Computing Receptive Fields of Convolutional Neural Networks", Distill 2019, the table of
# convolutional architectures: receptive field and effective stride.
RECEPTIVE_FIELDS = {
    "alexnet": (195, 32),
    "vgg16": (212, 32),
    "resnet50": (483, 32),
    "resnet101": (1027, 32),
    "resnet152": (1507, 32),
    "inception_v2": (699, 32),
    "inception_v3": (1311, 32),
    "inception_v4": (2071, 32),
    "inception_resnet_v2": (3039, 32),
    "timm:mobilenetv1_100": (315, 32),
}


@pytest.mark.parametrize("name", RECEPTIVE_FIELDS)
def test_published_receptive_fields(name):
    graph = archscope.load(name).trace()
    assert (metrics.receptive_field(graph), metrics.effective_stride(graph)) == RECEPTIVE_FIELDS[name]


def test_a_map_larger_than_the_input_has_a_stride_below_one():
    larger = {2: nn.PixelShuffle(2), 3: nn.ConvTranspose2d(4, 2, 3, stride=3)}
    for times, module in larger.items():
        graph = archscope.trace(nn.Sequential(nn.Conv2d(1, 4, 3, padding=1), module), Size((1, 1, 12, 12)))
        assert metrics.effective_stride(graph) == 1 / times
        assert archscope.compare([graph])["effective_stride"].tolist() == [1 / times]


def test_the_hand_made_graph(tiny):
    assert measure(tiny, ["params", "trainable_params", "frozen_params", "unused_params", "buffers"]) == {
        "params": 4 * 3 * 3 * 3 + 4 * 4 * 3 * 3 + 4 + 10 * 4 + 10 + 5 * 7,
        "trainable_params": 4 * 3 * 3 * 3 + 4 * 4 * 3 * 3 + 10 * 4 + 10 + 5 * 7,
        "frozen_params": 4,
        "unused_params": 5 * 7,
        "buffers": 3,
    }
    assert metrics.param_bytes(tiny) == 4 * metrics.params(tiny)
    assert metrics.state_bytes(tiny) == 4 * (metrics.params(tiny) + 3)
    assert metrics.macs(tiny) == 8 * 8 * 4 * 3 * 3 * 3 + 8 * 8 * 4 * 4 * 3 * 3 + 4 * 10
    assert metrics.convolutions(tiny) == 2
    assert metrics.weighted_depth(tiny) == 3
    assert metrics.activations(tiny) == 4 * (4 * 8 * 8) + 4 + 10
    assert metrics.layer_activations(tiny) == 2 * (4 * 8 * 8) + 10
    assert metrics.receptive_field(tiny) == 5
    assert metrics.effective_stride(tiny) == 1
    # The add reads the stem's and the block's maps and writes a third, beside the input.
    assert metrics.peak_activation_bytes(tiny) == 4 * (3 * 8 * 8 + 3 * (4 * 8 * 8))
    assert metrics.peak_memory(tiny) == metrics.state_bytes(tiny) + metrics.peak_activation_bytes(tiny)
    assert metrics.bytes_moved(tiny) == sum(node.bytes for node in tiny.nodes)


def test_every_metric_has_a_name_and_a_sentence(tiny):
    for name, metric in METRICS.items():
        assert metric.name == name
        assert metric.says
        assert metric(tiny) == metric.function(tiny)
        assert metric.unit in ("", "B", "px", "FLOPs/B")


def test_a_metric_that_does_not_exist(tiny):
    with pytest.raises(UsageError, match="unknown metric 'parms'") as caught:
        measure(tiny, ["parms"])
    assert "params" in caught.value.hint


def test_every_metric_answers_for_nothing():
    graph = archscope.trace(nn.Identity(), Size((1, 3)))
    found = measure(graph)
    assert found["params"] == found["macs"] == found["flops"] == found["weighted_depth"] == 0
    assert found["receptive_field"] == metrics.Absent("the network's input has no spatial axes")


@pytest.fixture(scope="module")
def networks() -> dict[str, Graph]:
    return {name: archscope.load(name).trace() for name in ("inception_v4", "torchvision:resnet18", "torchvision:vit_b_16")}


@pytest.mark.parametrize("name", ["inception_v4", "torchvision:resnet18", "torchvision:vit_b_16"])
def test_metrics_of_the_parts_make_the_whole(networks, name):
    graph = networks[name]
    parts = [graph.within(call) for call in graph.children[0]]
    own = graph.select([node for node in graph.nodes if node.call == 0])
    assert total(part.cost for part in (*parts, own)) == graph.cost
    for additive in (metrics.macs, metrics.flops, metrics.bytes_moved, metrics.convolutions, metrics.layer_activations):
        assert sum(additive(part) for part in (*parts, own)) == additive(graph)
    names = {p.name for part in (*parts, own) for p in part.params}
    assert sum(graph.param[name].numel for name in names if not graph.param[name].buffer) == metrics.params(graph)
    assert metrics.params(graph) == sum(p.numel() for p in archscope.load(name).module.parameters())


@pytest.mark.parametrize("name", ["inception_v4", "torchvision:resnet18", "torchvision:vit_b_16"])
def test_every_part_is_a_graph_of_its_own(networks, name):
    graph = networks[name]
    for call in graph.calls[:: max(1, len(graph.calls) // 15)]:
        part = graph.within(call.id)
        measure(part)
        written = {t for node in part.nodes for t in node.outputs}
        assert not written & set(part.inputs)
        assert set(part.outputs) <= written
        if part.nodes:
            assert part.outputs


def test_select_keeps_the_edges_between_what_it_keeps(networks):
    graph = networks["inception_v4"]
    kept = graph.nodes[10:60]
    part = graph.select(kept)
    inside = {node.id for node in kept}
    edges = {(a, b, t) for a, b, t in graph.edges if a in inside and b in inside}
    assert {(a, b, t) for a, b, t in part.edges if a is not None} == edges
    assert set(part.inputs) == {t for a, b, t in graph.edges if b in inside and a not in inside}


def test_a_tensor_held_in_a_variable_counts_as_long_as_it_is_held():
    class Holds(nn.Module):
        def forward(self, x):
            kept = x * 2
            y = kept + 1
            y = y + 1
            y = y + 1
            return y, kept.shape

    class LetsGo(Holds):
        def forward(self, x):
            y = x * 2
            y = y + 1
            y = y + 1
            return y + 1

    x, mib = torch.empty(2**18), 2**20
    assert metrics.peak_activation_bytes(archscope.trace(LetsGo(), x)) == 3 * mib  # the input, what is read, what is written
    assert metrics.peak_activation_bytes(archscope.trace(Holds(), x)) == 4 * mib


@pytest.mark.parametrize("n", [3, 5, 7, 9, 18, 200])
def test_the_field_of_a_residual_network_for_cifar_by_arithmetic(n):
    """He et al. 2015, sec. 4.2: a 3x3 convolution, then three stages of 2 n of them; a stage begins with stride 2. Each adds twice
    the step between its inputs: 1, then 2, then 4.
    """
    stages = 2 * 2 * n, 2 + 4 * (2 * n - 1), 4 + 8 * (2 * n - 1)
    found = measure(look(f"resnet{6 * n + 2}_cifar"), ["receptive_field", "effective_stride"])
    assert found == {"receptive_field": 3 + sum(stages), "effective_stride": 4}
