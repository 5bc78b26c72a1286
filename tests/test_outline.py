"""The outline: its lines account for the whole network at every depth, and equal neighbours are one line."""

import pytest
import torch
from torch import Size, nn

import archscope
from archscope import metrics
from archscope.graph import Graph, total
from archscope.views.outline import Part, lines, outline


def traced(name: str) -> Graph:
    return archscope.load(name).trace()


@pytest.fixture(scope="module")
def networks() -> dict[str, Graph]:
    encoder = nn.TransformerEncoder(nn.TransformerEncoderLayer(16, 2, 32, batch_first=True), 3, enable_nested_tensor=False)
    shared = nn.Sequential(nn.Linear(4, 4), nn.ReLU(), nn.Linear(4, 4))
    shared[2].weight = shared[0].weight
    twice = nn.Linear(4, 4)
    return {
        "inception_v4": traced("inception_v4"),
        "resnet": traced("torchvision:resnet50"),
        "googlenet": traced("torchvision:googlenet"),
        "vit": traced("torchvision:vit_b_16"),
        "encoder": archscope.trace(encoder, Size((2, 5, 16))),
        "recurrent": archscope.trace(nn.LSTM(4, 8, 2), Size((5, 2, 4))),
        "tied": archscope.trace(shared, Size((2, 4))),
        "one module": archscope.trace(nn.Linear(4, 4), Size((2, 4))),
        "called twice": archscope.trace(nn.Sequential(twice, nn.ReLU(), twice, twice), Size((2, 4))),
        "nothing": archscope.trace(nn.Identity(), Size((2, 4))),
    }


NAMES = [
    "inception_v4", "resnet", "googlenet", "vit", "encoder", "recurrent", "tied", "one module", "called twice", "nothing",
]  # fmt: skip


def below(parts: list[Part], at: int) -> list[Part]:
    """The lines one level below the line at this place, up to the next line of its own level."""
    found = []
    for part in parts[at + 1 :]:
        if part.depth <= parts[at].depth:
            break
        if part.depth == parts[at].depth + 1:
            found.append(part)
    return found


@pytest.mark.parametrize("depth", [None, 1, 2, 3, 99])
@pytest.mark.parametrize("name", NAMES)
def test_the_lines_of_every_level_account_for_the_level_above(networks, name, depth):
    graph = networks[name]
    parts = outline(graph, depth)
    assert total(part.graph.cost for part in parts if part.depth == 0) == graph.cost
    learnable = {p.name for p in graph.params if not p.buffer}
    assert {p.name for part in parts if part.depth == 0 for p in part.graph.params if not p.buffer} == learnable
    for at, part in enumerate(parts):
        inner = below(parts, at)
        if inner:
            assert total(p.graph.cost for p in inner) == part.graph.cost
            assert {p.name for i in inner for p in i.graph.params} == {p.name for p in part.graph.params}


def test_repeated_blocks_are_one_line(networks):
    labels = {part.path: part.label for part in outline(networks["inception_v4"])}
    assert "4 x InceptionA" in labels.values()
    assert "7 x InceptionB" in labels.values()
    assert "3 x InceptionC" in labels.values()


def test_blocks_that_differ_are_not_called_equal(networks):
    labels = [part.label for part in outline(networks["resnet"], 1)]
    assert "3 Bottleneck" in labels  # the first has a projection on its shortcut
    assert "6 Bottleneck" in labels


def test_what_did_not_run_is_a_line_of_its_own(networks):
    idle = [part for part in outline(networks["googlenet"]) if not part.ran]
    assert [part.path for part in idle] == ["aux1", "aux2"]
    assert sum(metrics.params(part.graph) for part in idle) == metrics.unused_params(networks["googlenet"])


class Partly(nn.Module):
    def __init__(self):
        super().__init__()
        self.used, self.spare = nn.Linear(4, 4), nn.Parameter(torch.zeros(3))

    def forward(self, x):
        return x @ self.used.weight


def test_single_parameters_that_nobody_read_are_lines_too():
    graph = archscope.trace(Partly(), Size((2, 4)))
    assert [(part.path, metrics.params(part.graph)) for part in outline(graph) if not part.ran] == [("used", 4), ("spare", 3)]


def test_runs_group_only_neighbours():
    first, second = (nn.Sequential(nn.Linear(4, 4), nn.ReLU()) for _ in range(2))
    graph = archscope.trace(nn.Sequential(first, second, nn.Tanh(), nn.Sequential(nn.Linear(4, 4), nn.ReLU())), Size((1, 4)))
    assert [len(line) for line in lines(graph, graph.children[0])] == [2, 1, 1]


def test_other_widths_wirings_and_frozen_weights_are_not_equal():
    wide = nn.Sequential(nn.Linear(4, 4), nn.Linear(4, 4), nn.Linear(4, 5), nn.Linear(5, 5))
    graph = archscope.trace(wide, Size((1, 4)))
    assert [len(line) for line in lines(graph, graph.children[0])] == [2, 1, 1]
    frozen = nn.Sequential(nn.Linear(4, 4), nn.Linear(4, 4))
    frozen[1].weight.requires_grad_(False)
    graph = archscope.trace(frozen, Size((1, 4)))
    assert [len(line) for line in lines(graph, graph.children[0])] == [1, 1]


class Countdown(nn.Module):
    """Calls itself."""

    def __init__(self):
        super().__init__()
        self.step = nn.Linear(4, 4)

    def forward(self, x, left=3):
        return self(self.step(x), left - 1) if left else x


@pytest.mark.parametrize("depth", [None, 1, 2, 99])
def test_a_module_that_calls_itself(depth):
    graph = archscope.trace(Countdown(), Size((2, 4)))
    assert graph.cost.macs == 3 * 2 * 4 * 4
    assert total(part.graph.cost for part in outline(graph, depth) if part.depth == 0) == graph.cost


def test_the_hand_made_graph(tiny):
    assert [(p.name, p.type, p.depth, metrics.macs(p.graph), p.ran) for p in outline(tiny, 1)] == [
        ("stem", "Conv2d", 0, 8 * 8 * 4 * 3 * 3 * 3, True),
        ("block", "Residual", 0, 8 * 8 * 4 * 4 * 3 * 3, True),
        ("head", "Linear", 0, 4 * 10, True),
        ("(own operators)", "", 0, 0, True),
        ("aux", "Linear", 0, 0, False),
    ]
