"""Each convention against the tool whose name it bears: run where it is installed, else by what it printed, else by hand."""

import copy
import logging
import warnings
from itertools import pairwise

import pytest
import torch
import torchvision
from torch import nn
from torch.nn import functional
from torch.nn.functional import relu
from torch.utils.flop_counter import FlopCounterMode

from archscope.comparison.counters import COUNTERS, imported, quiet
from archscope.conventions import CONVENTIONS
from archscope.conventions.fvcore import FVCORE_OPERATORS
from archscope.errors import ArchscopeError, UsageError
from archscope.graph import Graph
from archscope.graph.compact import pack, unpack
from archscope.tables.conventions import conventions_table
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


def spelled(model, *inputs):
    return trace(model, *inputs, spelling=True)


@pytest.mark.parametrize(
    "name", ["resnet18", "resnet50", "googlenet", "vgg11_bn", "mobilenet_v2", "convnext_tiny", "swin_t", "vit_b_16"]
)
def test_fvcore_on_networks(name):
    model, inputs = network(name)
    graph = spelled(model, *inputs)
    theirs = by_fvcore(model, inputs)
    assert CONVENTIONS["fvcore"].by_operator(graph) == theirs
    assert CONVENTIONS["fvcore"].count(graph) == sum(theirs.values())


class Attend(nn.Module):
    def forward(self, query, mask):
        return functional.scaled_dot_product_attention(query, query, query, mask)


class Sample(nn.Module):
    def forward(self, image, grid):
        return functional.grid_sample(image, grid, align_corners=False)


class Contract(nn.Module):
    def forward(self, rows):
        one = torch.einsum("abc,abd->acd", rows, rows)
        return one.sum() + torch.tensordot(rows, rows, ([1, 2], [1, 2])).sum() + torch.einsum("abc,c->ab", rows, rows[0, 0]).sum()


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
    "padding in words": (nn.Conv2d(8, 4, 3, padding="same"), [image()]),
    "linear": (nn.Linear(6, 5), [image()]),
    "bilinear form": (nn.Bilinear(5, 6, 7), [image(4, 5), image(4, 6)]),
    "contractions": (Contract(), [image(2, 3, 4)]),
    "attention": (Attend(), [image(2, 4, 10, 8), image(10, 10)]),
    "encoder layer": (nn.TransformerEncoderLayer(32, 4, 64, batch_first=True), [image(2, 10, 32)]),
    "lstm": (nn.LSTM(16, 32), [image(20, 3, 16)]),
    "gru cell": (nn.GRUCell(16, 32), [image(3, 16)]),
    "lstm cell": (nn.LSTMCell(16, 32), [image(3, 16)]),
}


@pytest.mark.parametrize("name", LAYERS)
def test_fvcore_on_layers(name):
    layer, inputs = LAYERS[name]
    assert CONVENTIONS["fvcore"].by_operator(spelled(layer, *inputs)) == by_fvcore(layer, inputs)


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
    "torchinfo": {  # 1.8.0, summary(model, input_data=x, verbose=0).total_mult_adds
        "resnet50": 4089238376, "googlenet": 1498391752, "mobilenet_v2": 300809384, "vit_b_16": 173232616, "swin_t": 34368232,
        "convnext_tiny": 322371592,
    },
    "deepspeed": {  # 0.19.8, get_model_profile(model, args=[x], as_string=False): its FLOPs
        "resnet50": 8211108352, "googlenet": 3009356752, "mobilenet_v2": 614967488, "vit_b_16": 35153981184, "swin_t": 9008009616,
        "convnext_tiny": 8937258240,
    },
    "torchprofile": {  # 0.1.0, profile_macs(model, x); of vit_b_16 and swin_t it also counts 49 and 24 products of sizes
        "resnet50": 4100300288, "googlenet": 1501603376, "mobilenet_v2": 307453664, "vit_b_16": 17567610673 - 49,
        "swin_t": 4495723032 - 24, "convnext_tiny": 4460650752,
    },
}  # fmt: skip


@pytest.mark.parametrize("name", PRINTED["thop"])
def test_figures_that_the_tools_print(name):
    model, inputs = network(name)
    graph = spelled(model, *inputs)
    assert {tool: CONVENTIONS[tool].count(graph) for tool in PRINTED} == {tool: PRINTED[tool][name] for tool in PRINTED}


N, STEP = 8 * 6 * 6, 20 * 32
RULES = [
    # layer, input, thop, ptflops, calflops, torchinfo: what each of them prints for it, as its source has it
    (nn.ReLU(), (1, 8, 6, 6), 0, 2 * N, N, 0),
    (nn.ReLU6(), (1, 8, 6, 6), 0, N, 0, 0),
    (nn.SiLU(), (1, 8, 6, 6), 0, N, N, 0),
    (nn.LayerNorm(6), (1, 8, 6, 6), 4 * N, N, 5 * N, 6 + 6),
    (nn.GroupNorm(4, 8), (1, 8, 6, 6), 0, 2 * N, 5 * N, 8 + 8),
    (nn.MaxPool2d(2), (1, 8, 6, 6), 0, 2 * N, N, 0),
    (nn.AvgPool2d(2), (1, 8, 6, 6), N // 4, 2 * N, N, 0),
    (nn.AdaptiveAvgPool2d(1), (1, 8, 6, 6), 8 * (36 + 1), 2 * N, N, 0),
    (nn.Upsample(scale_factor=2, mode="bilinear"), (1, 8, 6, 6), 11 * 4 * N, 2 * 4 * N, N, 0),
    (nn.Softmax(-1), (1, 8, 6), 8 * (3 * 6 - 1), 8 * 6, 8 * 6, 0),
    (nn.Linear(6, 5), (1, 8, 6), 8 * 6 * 5, 8 * 6 * 5 + 8 * 5, 2 * 8 * 6 * 5, 6 * 5 + 5),
    (nn.Conv2d(8, 4, 3), (1, 8, 6, 6), 64 * 8 * 9, 64 * 8 * 9 + 64, 2 * 64 * 8 * 9 + 64, 16 * (4 * 8 * 9 + 4)),
    (
        nn.ConvTranspose2d(4, 8, 3, stride=2, groups=2), (1, 4, 10, 10),
        8 * 21 * 21 * 2 * 9, 4 * 10 * 10 * 4 * 9 + 8 * 21 * 21, 2 * 4 * 10 * 10 * 4 * 9 // 2 + 4 * 4 * 4,
        21 * 21 * (4 * 4 * 9 + 8),
    ),
    (
        nn.LSTM(16, 32, batch_first=True), (1, 20, 16),
        STEP * (4 * (16 + 32) + 16), STEP * (4 * (16 + 32) + 18), STEP * (2 * 4 * (16 + 32) + 10), STEP * 4 * (16 + 32 + 2),
    ),
    (
        nn.GRU(16, 32, batch_first=True), (1, 20, 16),
        STEP * (3 * (16 + 32) + 13), STEP * (3 * (16 + 32) + 13), STEP * (2 * 3 * (16 + 32) + 7), STEP * 3 * (16 + 32 + 2),
    ),
]  # fmt: skip


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: type(rule[0]).__name__)
def test_rules(rule):
    layer, shape, *expected = rule
    graph = spelled(layer, torch.zeros(shape))
    assert [CONVENTIONS[tool].count(graph) for tool in ("thop", "ptflops", "calflops", "torchinfo")] == expected


class Spelled(nn.Module):
    """Attention in one of the ways to write it."""

    def __init__(self, way, heads=2):
        super().__init__()
        self.way, self.heads = way, heads
        self.qkv = nn.Linear(16, 48)

    def forward(self, x):
        q, k, v = self.qkv(x).unflatten(-1, (3, self.heads, 8)).permute(2, 0, 3, 1, 4)
        kt = k.transpose(-2, -1)
        match self.way:
            case "operator":
                return functional.softmax(q @ kt * 0.5, -1) @ v
            case "torch":
                return torch.matmul(torch.softmax(torch.mul(torch.matmul(q, kt), 0.5), -1), v)
            case "method":
                return q.matmul(kt).mul(0.5).softmax(-1).matmul(v)
            case "einsum":
                return torch.einsum("bhnm,bhmd->bhnd", functional.softmax(torch.einsum("bhnd,bhdm->bhnm", q, kt), -1), v)
            case "fused":
                return functional.scaled_dot_product_attention(q, k, v)


# batch 1, 10 tokens, 2 heads of 8: the projection, the two products together, the scores
PROJECTION, BOTH, SCORES = 10 * 16 * 48, 2 * (2 * 10 * 10 * 8), 2 * 10 * 10
WAYS = {
    # way: calflops, deepspeed, ptflops; each as its list of patched names has it
    "operator": (2 * PROJECTION + SCORES, 2 * (PROJECTION + BOTH) + SCORES, PROJECTION + 480 + SCORES),
    "torch": (2 * (PROJECTION + BOTH) + SCORES, 2 * (PROJECTION + BOTH) + SCORES, PROJECTION + 480 + BOTH + SCORES),
    "method": (2 * (PROJECTION + BOTH) + SCORES, 2 * (PROJECTION + BOTH) + SCORES, PROJECTION + 480 + BOTH + SCORES),
    # numpy's einsum_path, which they ask, says 3.201e+03 for each of the two products of 3,200 operations
    "einsum": (2 * (PROJECTION + BOTH) + SCORES + 2, 2 * (PROJECTION + BOTH) + SCORES + 2, PROJECTION + 480 + SCORES),
    "fused": (2 * PROJECTION, 2 * (PROJECTION + BOTH), PROJECTION + 480),
}


@pytest.mark.parametrize("way", WAYS)
def test_the_same_attention_spelled_in_five_ways(way):
    graph = spelled(Spelled(way), torch.zeros(1, 10, 16))
    assert tuple(CONVENTIONS[tool].count(graph) for tool in ("calflops", "deepspeed", "ptflops")) == WAYS[way]
    assert CONVENTIONS["macs"].count(graph) == PROJECTION + BOTH


class Shared(nn.Module):
    """One layer at two places."""

    def __init__(self):
        super().__init__()
        layer = nn.Linear(4, 4, bias=False)
        self.left, self.right = nn.Sequential(layer), nn.Sequential(layer)

    def forward(self, x):
        return self.right(self.left(x))


def test_a_layer_at_two_places_is_counted_as_each_tool_counts_it():
    graph = spelled(Shared(), torch.zeros(3, 4))
    once = 2 * 3 * 4 * 4  # it runs twice
    counts = {tool: CONVENTIONS[tool].count(graph) for tool in ("macs", "fvcore", "thop", "ptflops", "calflops", "deepspeed")}
    # thop hangs two hooks on it and sums at both places; ptflops and calflops sum at both places, ptflops per sample of the 3
    assert counts == {
        "macs": once, "fvcore": once, "thop": 4 * once, "ptflops": 2 * once // 3, "calflops": 2 * 2 * once, "deepspeed": 2 * once,
    }  # fmt: skip
    (part,) = CONVENTIONS["thop"].of(graph)[:1]
    assert "several places" in part.bug


class LayerNorm(nn.LayerNorm):
    """Not torch's, though it bears the name."""


def test_a_class_that_only_bears_the_name_is_not_torchs():
    for kind, counted in ((nn.LayerNorm, 4 * 5 * 6), (LayerNorm, 0)):
        assert CONVENTIONS["thop"].count(spelled(kind(6), torch.zeros(5, 6))) == counted


NETWORKS = {
    "encoder": (nn.TransformerEncoderLayer(16, 2, 32, activation="gelu", batch_first=True), (2, 10, 16)),
    "shared": (Shared(), (3, 4)),
    "convolutions": (
        nn.Sequential(
            nn.Conv2d(8, 8, 3, groups=2), nn.BatchNorm2d(8), nn.SiLU(), nn.ConvTranspose2d(8, 4, 2, 2), nn.Upsample(scale_factor=2),
            nn.GroupNorm(2, 4), nn.AdaptiveAvgPool2d(2), nn.Flatten(), nn.Linear(16, 3), nn.Softmax(-1),
        ), (2, 8, 6, 6),
    ),
    "recurrent": (nn.Sequential(nn.LSTM(16, 8, 2, batch_first=True, bidirectional=True)), (2, 10, 16)),
    **{way: (Spelled(way), (2, 10, 16)) for way in WAYS},
}  # fmt: skip


@pytest.mark.parametrize("tool", ["thop", "ptflops", "calflops", "torchinfo", "torchprofile"])
def test_the_tool_itself_where_it_is_installed(tool):
    try:
        imported(tool)
    except ArchscopeError as error:
        pytest.skip(str(error))
    for name, (module, shape) in NETWORKS.items():
        if (tool, name) == ("torchprofile", "encoder"):
            continue  # it also counts products of sizes
        graph, inputs = spelled(module, torch.zeros(shape)), (torch.zeros(shape),)
        with quiet():
            theirs = COUNTERS[tool](copy.deepcopy(module).eval(), inputs).total  # thop leaves hooks behind
        assert CONVENTIONS[tool].count(graph) == theirs, name


def test_keras_by_the_rules_of_tensorflows_profiler():
    block = nn.Sequential(
        nn.Conv2d(8, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(16, 5), nn.Softmax(-1)
    )
    # Conv2D 2 per multiply-accumulate, BiasAdd 1; FusedBatchNorm and Relu are not registered; MaxPool its window; Softmax 5
    expected = 2 * 64 * 72 + 64 + 16 * 4 + 2 * 16 * 5 + 5 + 5 * 5
    assert CONVENTIONS["keras"].count(trace(block, torch.zeros(1, 8, 6, 6))) == expected


def test_macs_and_archscope_are_the_costs_of_the_graph():
    graph = trace(nn.Sequential(nn.Conv2d(8, 4, 3), nn.ReLU()), image())
    outputs = 2 * 4 * 4 * 4
    assert CONVENTIONS["macs"].count(graph) == outputs * 8 * 9
    assert CONVENTIONS["archscope"].by_operator(graph) == {"convolution": outputs * 2 * 8 * 9, "bias": outputs, "relu": outputs}
    assert CONVENTIONS["archscope"].count(graph) == graph.cost.flops


@pytest.fixture(scope="module")
def mobilenet():
    model, inputs = network("mobilenet_v2")
    return spelled(model, *inputs)


@pytest.mark.parametrize("name", CONVENTIONS)
def test_parts_add_up(name, mobilenet):
    convention = CONVENTIONS[name]
    assert sum(convention.by_operator(mobilenet).values()) == convention.count(mobilenet) > 0
    inside = [convention.count(mobilenet.within(part)) for part in ("features", "classifier")]
    rest = sum(convention.worth(mobilenet)(node) for node in mobilenet.nodes if mobilenet.path(node) == "")
    assert sum(inside) + rest == convention.count(mobilenet)
    assert convention.unit in ("MACs", "FLOPs")
    assert convention.says.endswith(".")


def test_without_the_spelling_it_says_so_and_does_not_guess(mobilenet):
    silent = trace(*network("mobilenet_v2")[:1], torch.zeros(1, 3, 224, 224))
    assert silent.nodes == mobilenet.nodes
    assert silent.spelling is None
    with pytest.raises(ArchscopeError, match="what calflops counts in MobileNetV2 is unknown: calflops looks at names in Python"):
        CONVENTIONS["calflops"].count(silent)
    rows = conventions_table(silent).rows
    unknown = {row.values["tool"] for row in rows if "is unknown: " in row.values["reason"]}
    assert unknown == {name for name, convention in CONVENTIONS.items() if convention.needs_spelling}
    assert {row.values["tool"] for row in rows} - unknown == {"macs", "archscope", "torch", "keras"}


def test_an_unknown_convention_is_answered_with_the_known_ones():
    with pytest.raises(UsageError, match="unknown convention 'fvcor'"):
        CONVENTIONS.find("fvcor")


# -- the table ------------------------------------------------------------------------------------------------------------------


def test_every_step_of_the_table_has_its_reason_and_the_steps_lead_from_figure_to_figure(mobilenet):
    table = conventions_table(mobilenet)
    counts: list[int] = []
    steps: dict[str, int] = {}
    for row in table.rows:
        assert row.values["reason"]
        if row.values.get("count") is not None:
            assert CONVENTIONS[row.values["tool"]].count(mobilenet) == row.values["count"]
            counts.append(row.values["count"])
        steps[row.values["tool"]] = steps.get(row.values["tool"], 0) + (row.values.get("step") or 0)
    assert len(counts) == len(CONVENTIONS)
    assert counts == sorted(counts)
    assert list(steps.values())[1:] == [after - before for before, after in pairwise(counts)]
    assert table.totals["conventions"]["macs"] == mobilenet.cost.macs


def test_ptflops_without_functions():
    # ptflops 0.7.5 with extra_config={"count_functional": False}
    assert CONVENTIONS["ptflops_modules"].count(spelled(network("resnet50")[0], torch.zeros(1, 3, 224, 224))) == 4_121_925_096


def test_why_resnet_50_is_said_to_have_seven_numbers():
    model, inputs = network("resnet50")
    rows = conventions_table(spelled(model, *inputs)).rows
    figures = {row.values["tool"]: row.values["count"] for row in rows if row.values.get("count")}
    assert {tool: round(count / 1e9, 3) for tool, count in figures.items()}.items() >= {
        "macs": 4.089, "torchprofile": 4.100, "fvcore": 4.112, "ptflops_modules": 4.122, "ptflops": 4.132, "thop": 4.134, "torch": 8.178, "calflops": 8.211,
    }.items()  # fmt: skip
    # 2 per element of 64x112x112 and of every other normalised map: 11,113,984 elements together, of which torchprofile counts 1
    reasons = {(row.values["tool"], row.values["step"]): row.values["reason"] for row in rows if row.values.get("step")}
    assert reasons["fvcore", 11_113_984] == "batch norm: 2 per element (torchprofile: 1 per element)"
    assert any("both count it" in reason for (tool, _), reason in reasons.items() if tool == "ptflops")


# -- the spelling ---------------------------------------------------------------------------------------------------------------


class Words(nn.Module):
    def forward(self, x):
        x = functional.relu6(x @ x) + torch.add(x, x)
        x = functional.hardtanh(x.add(x) * 2)
        return functional.interpolate(x[None], scale_factor=2).mul(3)


def test_names_are_those_that_were_written():
    spelling = spelled(Words(), torch.zeros(2, 4, 4)).spelling
    names = [call.name for call in spelling.functions if call.inside < 0]
    expected = "Tensor.__matmul__ F.relu6 torch.add Tensor.__add__ Tensor.add Tensor.__mul__ F.interpolate Tensor.mul".split()
    assert names == expected
    (resize,) = (call for call in spelling.functions if call.name == "F.interpolate")
    assert (resize.shape(0, "input"), resize.argument(2, "scale_factor")) == ((1, 2, 4, 4), 2)


class Held(nn.Module):
    """Calls relu by a name of its own, by an imported name, and by torch's."""

    def __init__(self):
        super().__init__()
        self.activation = functional.relu

    def forward(self, x):
        return self.looked_up(self.imported(self.activation(x)))

    def looked_up(self, x):
        return functional.max_pool2d(functional.relu(x), 2)

    def imported(self, x):
        return relu(x)


def test_a_function_that_somebody_holds_on_to_is_not_replaced():
    graph = spelled(Held(), torch.zeros(1, 2, 4, 4))
    outer = [call for call in graph.spelling.functions if call.inside < 0]
    assert [(call.name, call.held) for call in outer] == [
        ("F.relu", True), ("F.relu", True), ("F.relu", False), ("F.max_pool2d", False),
    ]  # fmt: skip
    # calflops puts its own function in the place of F.relu, and only the third call finds it there; 1 per input, twice
    assert CONVENTIONS["calflops"].count(graph) == 2 * 4 * 4 + 2 * 4 * 4


def test_functions_inside_functions_are_heard():
    spelling = spelled(nn.MultiheadAttention(16, 2, batch_first=True), *[torch.zeros(1, 5, 16)] * 3).spelling
    assert [call.name for call in spelling.functions].count("F.linear") == 4  # of query, key, value and result
    assert "F.softmax" in {call.name for call in spelling.functions}


def test_the_spelling_changes_nothing_else_and_leaves_nothing_behind():
    module = nn.TransformerEncoderLayer(16, 2, 32, batch_first=True)
    graph = spelled(module, torch.zeros(1, 5, 16))
    assert trace(module, torch.zeros(1, 5, 16)).nodes == graph.nodes
    assert not module._forward_hooks
    assert not torch.nn.modules.module._global_forward_hooks
    assert torch.overrides._get_current_function_mode() is None
    assert Graph.from_json(graph.to_json()) == unpack(pack(graph)) == graph


def test_a_forward_that_raises_leaves_nothing_behind():
    with pytest.raises(ArchscopeError, match="failed in"):
        spelled(nn.Sequential(nn.Linear(4, 4), nn.Linear(5, 5)), torch.zeros(2, 4))
    assert torch.overrides._get_current_function_mode() is None
    assert not torch.nn.modules.module._global_forward_hooks
