"""Each convention against the tool whose name it bears."""

import logging
import warnings

import pytest
import torch
import torchvision
from torch import nn
from torch.nn import functional
from torch.utils.flop_counter import FlopCounterMode

from archscope.counts.conventions import CONVENTIONS, FVCORE_OPERATORS, attention_products
from archscope.errors import UsageError
from archscope.tracer import trace

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from fvcore.nn import FlopCountAnalysis

logging.getLogger("fvcore").setLevel(logging.ERROR)


def by_fvcore(model, inputs):
    """fvcore's own figures, by our names of the operators; those that count nothing are left out."""
    analysis = FlopCountAnalysis(model.eval(), tuple(inputs)).unsupported_ops_warnings(False).uncalled_modules_warnings(False)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = analysis.tracer_warnings("none").by_operator()
    parts: dict[str, int] = {}
    for name, value in found.items():
        if value:
            parts[FVCORE_OPERATORS[name]] = parts.get(FVCORE_OPERATORS[name], 0) + int(value)
    return parts


def network(name):
    options = {"init_weights": False} if name in ("googlenet", "vgg11_bn") else {}
    return torchvision.models.get_model(name, **options), [torch.zeros(1, 3, 224, 224)]


@pytest.mark.parametrize(
    "name", ["resnet18", "resnet50", "googlenet", "vgg11_bn", "mobilenet_v2", "convnext_tiny", "swin_t", "vit_b_16"]
)
def test_fvcore_on_networks(name):
    model, inputs = network(name)
    graph = trace(model, *inputs)
    theirs = by_fvcore(model, inputs)
    assert CONVENTIONS["fvcore"].by_operator(graph) == theirs
    assert CONVENTIONS["fvcore"].count(graph) == sum(theirs.values())


class Attend(nn.Module):
    def forward(self, query, mask):
        return functional.scaled_dot_product_attention(query, query, query, mask)


class Sample(nn.Module):
    def forward(self, image, grid):
        return functional.grid_sample(image, grid, align_corners=False)


def image(*shape):
    return torch.zeros(shape or (2, 8, 6, 6))


LAYERS = {
    "batch norm, not affine": (nn.BatchNorm2d(8, affine=False), [image()]),
    "batch norm by the batch": (nn.BatchNorm2d(8, track_running_stats=False), [image()]),
    "layer norm": (nn.LayerNorm(6), [image()]),
    "layer norm, not affine": (nn.LayerNorm(6, elementwise_affine=False), [image()]),
    "group norm": (nn.GroupNorm(4, 8), [image()]),
    "instance norm": (nn.InstanceNorm2d(8), [image()]),
    "instance norm, affine": (nn.InstanceNorm2d(8, affine=True), [image()]),
    "adaptive pooling, 3x3": (nn.AdaptiveAvgPool2d(3), [image()]),
    "adaptive pooling of a row": (nn.AdaptiveAvgPool1d(1), [image(2, 8, 6)]),
    "nearest": (nn.Upsample(scale_factor=2), [image()]),
    "bilinear resizing": (nn.Upsample(scale_factor=2, mode="bilinear"), [image()]),
    "bicubic resizing": (nn.Upsample(scale_factor=2, mode="bicubic"), [image()]),
    "grid sample": (Sample(), [image(), image(2, 5, 5, 2)]),
    "transposed, grouped": (nn.ConvTranspose2d(8, 4, 3, stride=2, groups=2), [image()]),
    "linear": (nn.Linear(6, 5), [image()]),
    "bilinear form": (nn.Bilinear(5, 6, 7), [image(4, 5), image(4, 6)]),
    "attention": (Attend(), [image(2, 4, 10, 8), image(10, 10)]),
    "encoder layer": (nn.TransformerEncoderLayer(32, 4, 64, batch_first=True), [image(2, 10, 32)]),
    "lstm": (nn.LSTM(16, 32), [image(20, 3, 16)]),
    "gru cell": (nn.GRUCell(16, 32), [image(3, 16)]),
}


@pytest.mark.parametrize("name", LAYERS)
def test_fvcore_on_layers(name):
    layer, inputs = LAYERS[name]
    assert CONVENTIONS["fvcore"].by_operator(trace(layer, *inputs)) == by_fvcore(layer, inputs)


def test_attention_products_are_those_beside_the_softmax():
    graph = trace(Attend(), image(2, 4, 10, 8), image(10, 10))
    assert [node.name for node in graph.nodes if node.id in attention_products(graph)] == ["bmm", "bmm"]
    assert attention_products(trace(nn.MultiheadAttention(32, 4, batch_first=True), *[image(2, 10, 32)] * 3)) == frozenset()


@pytest.mark.parametrize("name", ["resnet18", "swin_t"])
def test_torch(name):
    model, inputs = network(name)
    graph = trace(model, *inputs)
    with FlopCounterMode(display=False) as counter:
        model.to("meta").eval()(*(i.to("meta") for i in inputs))
    assert CONVENTIONS["torch"].count(graph) == counter.get_total_flops()


def test_torch_counts_complex_numbers_as_real_ones():
    layer, rows = nn.Linear(8, 4, bias=False, dtype=torch.complex64), torch.zeros(3, 8, dtype=torch.complex64)
    graph = trace(layer, rows)
    assert CONVENTIONS["macs"].count(graph) == 4 * 3 * 8 * 4
    assert CONVENTIONS["torch"].count(graph) == 2 * 3 * 8 * 4


def test_macs_and_archscope_are_the_costs_of_the_graph():
    graph = trace(nn.Sequential(nn.Conv2d(8, 4, 3), nn.ReLU()), image())
    outputs = 2 * 4 * 4 * 4
    assert CONVENTIONS["macs"].count(graph) == outputs * 8 * 9
    assert CONVENTIONS["archscope"].by_operator(graph) == {"convolution": outputs * (2 * 8 * 9 + 1), "relu": outputs}


@pytest.mark.parametrize("name", CONVENTIONS)
def test_parts_add_up(name):
    graph = trace(*[part for parts in network("mobilenet_v2") for part in (parts if isinstance(parts, list) else [parts])])
    convention = CONVENTIONS[name]
    assert sum(convention.by_operator(graph).values()) == convention.count(graph) > 0
    assert sum(convention.count(graph.within(part)) for part in ("features", "classifier")) <= convention.count(graph)
    assert convention.unit in ("MACs", "FLOPs")
    assert convention.says.endswith(".")


def test_an_unknown_convention_is_answered_with_the_known_ones():
    with pytest.raises(UsageError, match="unknown convention 'fvcor'"):
        CONVENTIONS.find("fvcor")
