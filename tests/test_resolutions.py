"""The stages of networks: where blocks and costs are."""

import pytest
import torch
from networks import traced
from torch import nn

from archscope import compare, metrics
from archscope.graph import Graph
from archscope.tracing.forward_pass import trace
from archscope.views.stages import places, stages, units


def summary(graph: Graph) -> list[tuple[str, int, str, int]]:
    return [(stage.name, stage.blocks, stage.structure, stage.width) for stage in stages(graph)]


def test_inception_v4_as_figure_9_has_it():
    assert summary(traced("inception_v4")) == [
        ("stem", 1, "StemV4", 384),
        ("35x35", 4, "4 x InceptionA", 384),
        ("17x17", 8, "ReductionA, 7 x InceptionB", 1024),
        ("8x8", 4, "ReductionB, 3 x InceptionC", 1536),
        ("head", 0, "Linear", 1000),
    ]


def test_resnet50_as_table_1_of_its_paper_has_it():
    assert [(name, blocks, width) for name, blocks, _, width in summary(traced("resnet50"))] == [
        ("stem", 0, 64), ("56x56", 3, 256), ("28x28", 4, 512), ("14x14", 6, 1024), ("7x7", 3, 2048), ("head", 0, 1000),
    ]  # fmt: skip
    first = stages(traced("resnet50"))[1]
    # conv2_x: a projection block and two of 70,400 parameters each, see He et al. 2015, Table 1
    assert metrics.params(first.graph) == 75_008 + 2 * 70_400
    assert first.number == 1


def test_a_network_without_blocks_is_told_by_its_layers():
    # Simonyan and Zisserman 2014, Table 1, D: convolutions at the resolution that they write, not at that of the pooling behind
    assert [(stage.name, len(stage.units)) for stage in stages(traced("vgg16"))] == [
        ("224x224", 2), ("112x112", 2), ("56x56", 3), ("28x28", 3), ("14x14", 3), ("head", 3),
    ]  # fmt: skip
    assert metrics.macs(stages(traced("vgg16"))[-1].graph) == 25_088 * 4096 + 4096 * 4096 + 4096 * 1000


@pytest.mark.parametrize(
    "name", ["alexnet", "googlenet", "inception_v3", "inception_resnet_v2", "resnet20_cifar", "lenet5", "vgg11"]
)
def test_stages_have_everything_once(name):
    graph = traced(name)
    parts = [stage.graph for stage in stages(graph)]
    assert sum(map(metrics.macs, parts)) == metrics.macs(graph)
    assert sum(map(metrics.params, parts)) == metrics.params(graph)
    every = [node.id for unit in units(graph) for node in unit.nodes]
    assert sorted(every) == [node.id for node in graph.nodes]


def test_signals_have_a_length_and_transformers_have_tokens():
    signal = trace(nn.Sequential(nn.Conv1d(3, 4, 3), nn.ReLU(), nn.Conv1d(4, 6, 3)), torch.empty(1, 3, 99, device="meta"))
    assert [(stage.name, stage.width) for stage in stages(signal)] == [("length 97", 4), ("length 95", 6)]
    layer = nn.TransformerEncoderLayer(16, 2, 32, batch_first=True)
    encoder = trace(nn.TransformerEncoder(layer, 3), torch.empty(1, 7, 16, device="meta"))
    assert [(stage.name, stage.blocks, stage.width) for stage in stages(encoder)] == [("7 tokens", 3, 16)]


class Mixer(nn.Module):
    """A block that holds two modules of one class."""

    def __init__(self):
        super().__init__()
        self.one, self.two = (Mlp() for _ in range(2))

    def forward(self, x):
        return self.two(self.one(x))


class Mlp(nn.Module):
    def __init__(self):
        super().__init__()
        self.first, self.second = nn.Conv2d(4, 4, 1), nn.Conv2d(4, 4, 1)

    def forward(self, x):
        return self.second(self.first(x))


def test_a_block_may_hold_two_of_a_class():
    graph = trace(nn.Sequential(nn.Conv2d(3, 4, 3), *(Mixer() for _ in range(3))), torch.empty(1, 3, 8, 8, device="meta"))
    assert [(stage.name, stage.structure) for stage in stages(graph)] == [("stem", "Conv2d"), ("6x6", "3 x Mixer")]


class Tied(nn.Module):
    """The same convolution at two resolutions."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(2, 2, 3, padding=1)
        self.pool = nn.MaxPool2d(2)

    def forward(self, x):
        return self.conv(self.pool(self.conv(x)))


def test_a_parameter_of_two_stages_counts_at_the_first():
    found = stages(trace(Tied(), torch.empty(1, 2, 8, 8, device="meta")))
    assert [(stage.name, metrics.params(stage.graph), metrics.macs(stage.graph)) for stage in found] == [
        ("8x8", 2 * 2 * 9 + 2, 64 * 2 * 2 * 9), ("4x4", 0, 16 * 2 * 2 * 9),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("shape", "expected"),
    [
        ((1, 384, 35, 35), ((35, 35), 384)), ((1, 7, 7, 768), ((7, 7), 768)), ((1, 197, 768), ((197,), 768)),
        ((1, 2048, 1, 1), ((), 2048)), ((1, 1000), ((), 1000)), ((8, 64, 4, 28, 28), ((4, 28, 28), 64)), ((1, 16, 1, 9), ((1, 9), 16)),
    ],
)  # fmt: skip
def test_resolution_and_width_of_a_shape(shape, expected):
    assert places(traced("lenet5"), shape) == expected


def test_the_table_by_stage_has_shares_that_add_up():
    made = compare([traced("inception_v3"), traced("googlenet", aux_heads=True)], by="stage")
    for name, rows in made.groupby("model"):
        assert rows["params_share"].sum() == pytest.approx(1), name
        assert rows["macs_share"].sum() == pytest.approx(1), name
    # GoogLeNet's auxiliary heads do not run in eval mode: 3,188,840 + 3,190,888 parameters
    idle = made[made["stage"] == "not run"]
    assert idle["params"].tolist() == [3_188_840 + 3_190_888]
    assert str(made["params"].dtype) == "int64"
    assert str(made["blocks"].dtype) == "Int64"
