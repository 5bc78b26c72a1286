"""The layers: every operator stands on one line, a convolution with what follows it on one of its own."""

from collections import Counter

import pytest
from torch import Size, nn

import archscope
from archscope.graph import Graph, kinds, total
from archscope.metrics import params
from archscope.views.layers import layers


def lines(module: nn.Module, *shape: int) -> list[tuple]:
    graph = archscope.trace(module, Size(shape))
    return [(layer.path, " + ".join(layer.words), layer.window, layer.shape) for layer in layers(graph)]


def test_a_convolution_takes_norm_and_activation_with_it():
    block = nn.Sequential(nn.Conv2d(3, 8, 3, 2, 1), nn.BatchNorm2d(8), nn.ReLU6(inplace=True))
    assert lines(block, 1, 3, 16, 16) == [("0", "conv + bn + relu6", "3x3/2", (1, 8, 8, 8))]


def test_a_block_of_one_layer_goes_by_its_own_name():
    net = nn.Sequential(nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU()), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(8 * 49, 10))
    assert lines(net, 1, 3, 16, 16) == [
        ("0", "conv + relu", "3x3 V", (1, 8, 14, 14)),
        ("1", "max pool", "2x2/2 V", (1, 8, 7, 7)),
        ("3", "linear", "", (1, 10)),
    ]


class Shared(nn.Module):
    """The convolution's output is read twice: what follows is not part of it."""

    def __init__(self):
        super().__init__()
        self.conv, self.act = nn.Conv2d(3, 3, 1), nn.ReLU()

    def forward(self, x):
        y = self.conv(x)
        return self.act(y) + y


def test_what_two_read_stays_apart():
    assert [words for _, words, *_ in lines(Shared(), 1, 3, 8, 8)] == ["conv", "relu", "add"]


def test_known_modules_are_one_line():
    assert [words for _, words, *_ in lines(nn.Sequential(nn.Linear(8, 8), nn.LSTM(8, 4)), 5, 2, 8)][-1] == "LSTM"


@pytest.mark.parametrize(
    ("conv", "words", "window"),
    [
        (nn.Conv2d(8, 8, 3, padding=1, groups=8), "depthwise conv", "3x3 g8"),
        (nn.Conv2d(8, 8, 3, padding=2, dilation=2), "conv", "3x3 d2"),
        (nn.Conv2d(8, 8, (1, 7), padding=(0, 3)), "conv", "1x7"),
        (nn.Conv2d(8, 8, 11, 4, 2), "conv", "11x11/4 p2"),
        (nn.Conv2d(8, 8, 1), "conv", "1x1"),
        (nn.ConvTranspose2d(8, 8, 4, 2, 1), "transposed conv", "4x4/2 p1"),
        (nn.AvgPool2d(3, 1, 1), "avg pool", "3x3"),
    ],
)
def test_windows_as_the_papers_write_them(conv, words, window):
    assert [line[1:3] for line in lines(nn.Sequential(conv, nn.Flatten()), 1, 8, 24, 24)] == [(words, window)]


@pytest.fixture(scope="module")
def networks() -> dict[str, Graph]:
    names = ("inception_v4", "lenet5", "torchvision:resnet18", "torchvision:vit_b_16", "torchvision:mobilenet_v3_small")
    return {name: archscope.load(name).trace() for name in names} | {
        "transformer": archscope.trace(nn.Transformer(16, 2, 1, 1, 32), Size((5, 2, 16)), Size((3, 2, 16)))
    }


NAMES = [
    "inception_v4",
    "lenet5",
    "torchvision:resnet18",
    "torchvision:vit_b_16",
    "torchvision:mobilenet_v3_small",
    "transformer",
]


@pytest.mark.parametrize("name", NAMES)
def test_every_operator_that_is_no_reshape_is_on_one_line(networks, name):
    graph = networks[name]
    found = Counter(node.id for layer in layers(graph) for node in layer.graph.nodes)
    assert set(found.values()) == {1}
    left_out = [node for node in graph.nodes if node.id not in found]
    assert all(kinds.kind(node) == kinds.RESHAPE and not node.params for node in left_out)
    assert total(layer.graph.cost for layer in layers(graph)) == graph.cost
    assert [(layer.params, layer.cost) for layer in layers(graph)] == [
        (params(part := layer.graph), part.cost) for layer in layers(graph)
    ]
    assert {p.name for layer in layers(graph) for p in layer.graph.params} == {n for node in graph.nodes for n in node.params}


@pytest.mark.parametrize("name", NAMES)
def test_without_fusing_every_operator_has_its_line(networks, name):
    graph = networks[name]
    assert [layer.main.id for layer in layers(graph, fuse=False)] == [node.id for node in graph.nodes]


@pytest.mark.parametrize("name", ["inception_v4", "torchvision:resnet18"])
def test_every_convolution_has_a_line_of_its_own(networks, name):
    graph = networks[name]
    convolutions = [node.id for node in graph.nodes if kinds.kind(node) == kinds.CONVOLUTION]
    mains = [layer.main.id for layer in layers(graph) if kinds.kind(layer.main) == kinds.CONVOLUTION]
    assert mains == convolutions
