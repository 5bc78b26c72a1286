"""A picture tells the truth: everything in it is in the trace, everything in the trace is in it, and counts add up."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from reading import drawn, traced
from torch import nn

from archscope import metrics
from archscope.diagrams import operator_level as ops
from archscope.diagrams.composition import picture
from archscope.diagrams.picture import totals
from archscope.models.picture_of import diagram
from archscope.tracing.forward_pass import trace
from archscope.views.fusion import pieces
from archscope.views.overview import overview
from archscope.zoo.catalog import entries

ZOO = [entry.name for entry in entries() if entry.name not in ("resnet1202_cifar", "resnet110_cifar", "plain110_cifar")]


def check(graph):
    shown = picture(graph, opened=True)
    boxes = shown.overview.boxes
    assert sorted(node for box in boxes for node in box.nodes) == [node.id for node in graph.nodes]
    total = totals(graph)
    for name in ("params", "macs", "activations", "uncounted"):
        assert sum(getattr(box.costs, name) for box in boxes) == getattr(total, name)
    assert total.params + metrics.unused_params(graph) == metrics.params(graph)
    assert total.macs == metrics.macs(graph)
    assert total.activations == metrics.activations(graph)
    assert len(boxes) <= 20
    _edges_are_those_of_the_trace(graph, boxes, shown.overview.edges)


def _edges_are_those_of_the_trace(graph, boxes, edges):
    at = {node: box.id for box in boxes for node in box.nodes}
    passing = {(at[a] if a is not None else 0, at[b]) for a, b, t in graph.edges if a is not None or t in graph.inputs}
    # Constants that several boxes share are no data that flows between them; everything else is drawn.
    assert set(edges) <= {pair for pair in passing if pair[0] != pair[1]}
    assert all(a < b for a, b in edges)
    reached = {0}
    for box in boxes[1:]:
        if any(a in reached for a, b in edges if b == box.id):
            reached.add(box.id)
    assert reached == {box.id for box in boxes}


@pytest.mark.parametrize("name", ZOO)
def test_boxes_of_every_network_of_the_zoo_add_up(name):
    check(traced(name))


@pytest.mark.parametrize("name", ["inception_v4", "inception_resnet_v2", "resnet50", "vgg16", "resnet20_cifar"])
def test_a_count_multiplies_out(name):
    graph = traced(name)
    folded = [box for box in picture(graph).overview.boxes if box.count > 1]
    assert folded
    for box in folded:
        assert box.equal
        assert len(box.paths) == box.count
        unit = graph.within(box.paths[0])
        assert box.costs.macs == box.count * unit.cost.macs
        assert box.costs.params == box.count * metrics.params(unit)


@pytest.mark.parametrize("name", ["lenet5", "resnet18", "googlenet"])
def test_operators_and_edges_of_the_op_level_are_those_of_the_trace(name):
    graph = traced(name)
    shown = drawn(diagram(graph, level="op").svg())
    given_inputs = {-1 - t for t in graph.inputs}
    assert set(shown.labels) == {node.id for node in graph.nodes} | given_inputs | {0}
    expected = {(a if a is not None else -1 - t, b) for a, b, t in graph.edges}
    assert sorted(shown.edges) == sorted(expected)
    assert set(ops.edges(graph)) == expected


class Tables(nn.Module):
    """Two convolutions, each with a table of its own made from one row of positions, the tables in the order that is asked for."""

    def __init__(self, order):
        super().__init__()
        self.order, self.convs = order, nn.ModuleDict({name: nn.Conv1d(4, 4, 1) for name in ("near", "far")})

    def forward(self, x):
        positions = torch.arange(16).float().unsqueeze(0)
        tables = {name: (positions * (1 if name == "near" else 0.01)).cos() for name in self.order}
        for name in ("near", "far"):
            x = self.convs[name](x) * tables[name]
        return x


def test_a_constant_that_several_share_stands_with_the_first_in_whatever_order_they_were_made():
    # transformers' Gemma makes its tables in the order of a set of words, which Python decides anew in each process.
    cut = [pieces(trace(Tables(order), torch.rand(1, 4, 16))) for order in (("near", "far"), ("far", "near"))]
    first, second = ([sorted(node.name for node in piece.nodes) for piece in found.items] for found in cut)
    assert first == second
    assert "arange" in first[0] or "arange" in first[1]


def test_pieces_stand_behind_what_they_read():
    for name in ("inception_v3", "googlenet", "resnet50"):
        cut = pieces(traced(name))
        assert all(source < piece.id for piece in cut.items for source in piece.inputs)


def test_a_convolution_its_norm_and_its_activation_function_are_one_piece():
    cut = pieces(traced("resnet18"))
    first = cut.items[0]
    assert (first.word, first.norm, first.activation) == ("conv", "bn", "relu")
    assert sum(piece.word == "conv" for piece in cut.items) == 17 + 3  # 17 on the main path, 3 projections


def test_equal_siblings_fold_without_a_container():
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.a, self.b, self.c = (Block(8) for _ in range(3))
            self.last = nn.Conv2d(8, 4, 1)

        def forward(self, x):
            return self.last(self.c(self.b(self.a(x))))

    graph = trace(Net(), torch.Size((1, 8, 16, 16)))
    assert [box.title for box in picture(graph).overview.boxes] == ["Input", "3 x Block", "1x1 conv, 4"]


def test_repeats_without_modules_are_found_by_their_edges():
    class Functional(nn.Module):
        def __init__(self):
            super().__init__()
            self.weights = nn.ParameterList(nn.Parameter(torch.empty(8, 8, 3, 3)) for _ in range(24))

        def forward(self, x):
            for a, b in zip(self.weights[::2], self.weights[1::2], strict=True):
                inner = torch.relu(nn.functional.conv2d(x, a, padding=1))
                x = torch.relu(x + nn.functional.conv2d(inner, b, padding=1))
            return x

    graph = trace(Functional(), torch.Size((1, 8, 16, 16)))
    boxes = picture(graph).overview.boxes
    assert [(box.label, box.count) for box in boxes] == [("Input", 1), ("residual block", 12)]
    assert boxes[1].costs.macs == 12 * 2 * 16 * 16 * 8 * 8 * 3 * 3


def test_periodic_repeats_fold():
    pairs = [nn.Conv2d(8, 8, 3, padding=1, groups=8), nn.Conv2d(8, 8, 1)] * 5
    graph = trace(
        nn.Sequential(*(type(m)(8, 8, m.kernel_size, padding=m.padding, groups=m.groups) for m in pairs)),
        torch.Size((1, 8, 9, 9)),
    )
    (box,) = picture(graph).overview.boxes[1:]
    assert (box.count, box.label) == (5, "3x3 depthwise conv, 8 + 1x1 conv, 8")


def test_a_long_network_without_blocks_is_told_by_resolution():
    layers = []
    for stage in range(4):
        for at in range(20):
            layers += [
                nn.Conv2d(
                    3 if not stage + at else 4 + 20 * stage + at - 1,
                    4 + 20 * stage + at,
                    3,
                    padding=1,
                    stride=2 if at == 0 else 1,
                )
            ]
    graph = trace(nn.Sequential(*layers), torch.Size((1, 3, 64, 64)))
    shown = overview(pieces(graph))
    assert len(shown) <= 19
    resolutions = [graph.tensors[pieces(graph).items[group.stop - 1].output].shape[2:] for group in shown]
    assert set(resolutions) == {(32, 32), (16, 16), (8, 8), (4, 4)}


def test_a_skip_stays_an_edge():
    graph = trace(UNet(), torch.Size((1, 3, 32, 32)))
    shown = picture(graph)
    concat = next(box.id for box in shown.overview.boxes if box.word == "concat")
    assert len([a for a, b in shown.overview.edges if b == concat]) == 2
    check(graph)


class Block(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.one, self.two = nn.Conv2d(width, width, 3, padding=1), nn.Conv2d(width, width, 1)

    def forward(self, x):
        return x + self.two(torch.relu(self.one(x)))


class UNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.down, self.inner = nn.Conv2d(3, 8, 3, padding=1), nn.Conv2d(8, 8, 3, stride=2, padding=1)
        self.up, self.last = nn.ConvTranspose2d(8, 8, 2, 2), nn.Conv2d(16, 2, 1)

    def forward(self, x):
        skip = self.down(x)
        return self.last(torch.cat([self.up(self.inner(skip)), skip], 1))


class Random(nn.Module):
    """A network drawn at random: convolutions, branches, sums, concatenations, repeated blocks."""

    def __init__(self, plan):
        super().__init__()
        self.plan = plan
        self.parts = nn.ModuleList(Block(8) if kind == "block" else nn.Conv2d(8, 8, 3, padding=1) for kind, _ in plan)
        self.join = nn.Conv2d(16, 8, 1)

    def forward(self, x):
        seen = [x]
        for part, (kind, back) in zip(self.parts, self.plan, strict=True):
            other = seen[-1 - back % len(seen)]
            y = part(seen[-1])
            if kind == "sum":
                y = y + 0.5 * other
            elif kind == "concat":
                y = self.join(torch.cat([y, other], 1))
            elif kind == "norm":
                y = nn.functional.batch_norm(y, torch.zeros(8), torch.ones(8)).relu()
            seen.append(y)
        return seen[-1]


PLANS = st.lists(
    st.tuples(st.sampled_from(["conv", "block", "sum", "concat", "norm"]), st.integers(0, 6)), min_size=1, max_size=30
)


@settings(max_examples=40, deadline=None)
@given(PLANS)
def test_random_networks_are_drawn_whole(plan):
    graph = trace(Random(plan), torch.Size((1, 8, 8, 8)))
    check(graph)
    shown = drawn(diagram(graph, level="block").svg())
    assert len(shown.labels) > 1


def test_a_module_that_runs_several_times_is_counted_and_its_parameters_are_not_doubled():
    class Loop(nn.Module):
        def __init__(self):
            super().__init__()
            self.block = Block(8)

        def forward(self, x):
            for _ in range(6):
                x = self.block(x)
            return x

    graph = trace(Loop(), torch.Size((1, 8, 8, 8)))
    (box,) = picture(graph).overview.boxes[1:]
    assert (box.title, box.costs.params) == ("6 runs of Block", 8 * 8 * 3 * 3 + 8 + 8 * 8 + 8)
    assert box.costs.macs == 6 * 8 * 8 * (8 * 8 * 3 * 3 + 8 * 8)


def test_several_inputs_stand_in_one_box():
    class Two(nn.Module):
        def __init__(self):
            super().__init__()
            self.a, self.b = nn.Conv2d(3, 8, 3), nn.Linear(5, 8)

        def forward(self, x, y):
            return self.a(x) + self.b(y)[:, :, None, None]

    graph = trace(Two(), torch.Size((2, 3, 9, 9)), torch.Size((2, 5)))
    shown = picture(graph)
    assert shown.overview.boxes[0].shape == "9x9x3 and 5"
    assert [box.label for box in shown.overview.boxes] == ["Input", "3x3 conv, 8", "linear, 8", "+"]
    assert shown.overview.edges == ((0, 1), (0, 2), (1, 3), (2, 3))


def test_a_network_without_operators_is_its_input():
    graph = trace(nn.Identity(), torch.Size((1, 3, 4, 4)))
    for level in ("stage", "block", "op"):
        assert "4x4x3" in "".join(drawn(diagram(graph, level=level).svg()).texts)


def test_a_single_number_that_loses_its_dimensions_has_a_box():
    class Score(nn.Module):
        def __init__(self):
            super().__init__()
            self.score = nn.Linear(5, 1)

        def forward(self, x):
            return self.score(x).view([]).sigmoid()

    graph = trace(Score(), torch.Size((1, 5)))
    check(graph)
    assert [box.shape for box in picture(graph).overview.boxes[1:]] == ["scalar"]


def test_shapes_are_written_channels_last_whatever_their_order_in_memory():
    boxes = picture(traced("timm:convnext_tiny")).overview.boxes
    assert [box.shape for box in boxes if box.word == "ConvNeXtBlock"] == ["56x56x96", "28x28x192", "14x14x384", "7x7x768"]
    tokens = picture(traced("torchvision:vit_b_16"), opened=True)
    assert next(box.shape for box in tokens.overview.boxes if box.count == 12) == "197 tokens x 768"
    assert [box.label for box in tokens.panels[0].boxes[1:]] == [
        "layer norm", "attention, 12 heads, 197 tokens", "+", "layer norm", "linear, 3072", "linear, 768", "+",
    ]  # fmt: skip
    assert [box.label for box in tokens.panels[1].boxes[1:]] == [
        "linear, 2304",
        "softmax attention, 12 heads x 64",
        "linear, 768",
    ]


def test_a_block_in_which_everything_reads_everything_is_joined_until_it_can_be_followed():
    panels = picture(traced("torchvision:densenet121"), opened=True).panels
    assert all(len(panel.edges) <= 120 for panel in panels)
    assert max(len(panel.boxes) for panel in panels if panel.title == "DenseBlock") > 8
