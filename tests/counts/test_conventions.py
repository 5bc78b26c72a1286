"""Each convention against the tool whose name it bears."""

import logging
import warnings

import pytest
import torch
import torchvision
from torch import nn
from torch.nn import functional
from torch.utils.flop_counter import FlopCounterMode

from archscope.conventions import CONVENTIONS
from archscope.conventions.attention import attention_products
from archscope.conventions.fvcore import FVCORE_OPERATORS
from archscope.errors import UsageError
from archscope.tracing.forward_pass import trace

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


# What the tools themselves print for one 224x224 image, each in a process of its own, with torch 2.14.1 and torchvision 0.29.1.
PRINTED = {
    "thop": {  # 0.1.1.post2209072238, profile(model, (x,))
        "resnet50": 4133742592, "googlenet": 1511332032, "mobilenet_v2": 327486720, "vit_b_16": 11286254592, "swin_t": 2978099712,
        "convnext_tiny": 4464149760,
    },
    "ptflops": {  # 0.7.5, get_model_complexity_info(model, (3, 224, 224), as_strings=False, backend="pytorch")
        "resnet50": 4132436968, "googlenet": 1513907448, "mobilenet_v2": 320300008, "vit_b_16": 17606030584, "swin_t": 3128183416,
        "convnext_tiny": 4488347368,
    },
    "calflops": {  # 0.3.2, calculate_flops(model, input_shape=(1, 3, 224, 224), output_as_string=False): its FLOPs
        "resnet50": 8211108352, "googlenet": 3009356752, "mobilenet_v2": 614967488, "vit_b_16": 33723326208, "swin_t": 9008009616,
        "convnext_tiny": 8937258240,
    },
}  # fmt: skip


@pytest.mark.parametrize("name", PRINTED["thop"])
def test_tools_that_are_not_installed(name):
    model, inputs = network(name)
    graph = trace(model, *inputs)
    assert {tool: CONVENTIONS[tool].count(graph) for tool in PRINTED} == {tool: PRINTED[tool][name] for tool in PRINTED}


N, STEP = 8 * 6 * 6, 20 * 32
RULES = [
    # layer, input, thop, ptflops, calflops: what each of them prints for it, as its source has it
    (nn.ReLU(), (1, 8, 6, 6), 0, 2 * N, N),
    (nn.ReLU6(), (1, 8, 6, 6), 0, N, 0),
    (nn.SiLU(), (1, 8, 6, 6), 0, N, N),
    (nn.LayerNorm(6), (1, 8, 6, 6), 4 * N, N, 5 * N),
    (nn.GroupNorm(4, 8), (1, 8, 6, 6), 0, 2 * N, 5 * N),
    (nn.MaxPool2d(2), (1, 8, 6, 6), 0, 2 * N, N),
    (nn.AvgPool2d(2), (1, 8, 6, 6), N // 4, 2 * N, N),
    (nn.AdaptiveAvgPool2d(1), (1, 8, 6, 6), 8 * (36 + 1), 2 * N, N),
    (nn.Upsample(scale_factor=2, mode="bilinear"), (1, 8, 6, 6), 11 * 4 * N, 2 * 4 * N, N),
    (nn.Softmax(-1), (1, 8, 6), 8 * (3 * 6 - 1), 8 * 6, 8 * 6),
    (nn.Linear(6, 5), (1, 8, 6), 8 * 6 * 5, 8 * 6 * 5 + 8 * 5, 2 * 8 * 6 * 5),
    (nn.Conv2d(8, 4, 3), (1, 8, 6, 6), 64 * 8 * 9, 64 * 8 * 9 + 64, 2 * 64 * 8 * 9 + 64),
    (
        nn.ConvTranspose2d(4, 8, 3, stride=2, groups=2), (1, 4, 10, 10),
        8 * 21 * 21 * 2 * 9, 4 * 10 * 10 * 4 * 9 + 8 * 21 * 21, 2 * 4 * 10 * 10 * 4 * 9 // 2 + 4 * 4 * 4,
    ),
    (
        nn.LSTM(16, 32, batch_first=True), (1, 20, 16),
        STEP * (4 * (16 + 32) + 16), STEP * (4 * (16 + 32) + 18), STEP * (2 * 4 * (16 + 32) + 10),
    ),
    (
        nn.GRU(16, 32, batch_first=True), (1, 20, 16),
        STEP * (3 * (16 + 32) + 13), STEP * (3 * (16 + 32) + 13), STEP * (2 * 3 * (16 + 32) + 7),
    ),
]  # fmt: skip


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: type(rule[0]).__name__)
def test_rules_of_tools_that_are_not_installed(rule):
    layer, shape, *expected = rule
    graph = trace(layer, torch.zeros(shape))
    assert [CONVENTIONS[tool].count(graph) for tool in ("thop", "ptflops", "calflops")] == expected


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
