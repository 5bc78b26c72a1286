"""Weighted depth and activation memory of random small graphs, against definitions written out without any cleverness."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

import archscope
from archscope import metrics
from archscope.graph import Call, Graph, Node, Param, Tensor

CALLS = (Call(0, None, "", "Net"),)
WEIGHT = Param("weight", (3,))


@st.composite
def graphs(draw):
    """Up to twelve operators, each reading up to three earlier tensors; some view memory instead of writing it, some hold it
    longer.
    """
    tensors = [Tensor((draw(st.integers(1, 50)),), storage=at) for at in range(draw(st.integers(1, 2)))]
    inputs = tuple(range(len(tensors)))
    count = draw(st.integers(1, 12))
    nodes = []
    for at in range(count):
        read = tuple(draw(st.lists(st.integers(0, len(tensors) - 1), min_size=1, max_size=3)))
        views = draw(st.booleans()) and draw(st.booleans())
        until = draw(st.sampled_from((-1, -1, at, min(at + 2, count - 1), count - 1)))
        size = draw(st.integers(1, 50))
        storage = tensors[read[0]].storage if views else len(tensors)
        written = len(tensors)
        tensors.append(Tensor((tensors[read[0]].shape if views else (size,)), storage=storage, until=until))
        op = draw(st.sampled_from(("aten.convolution", "aten.addmm", "aten.relu", "aten.add")))
        params = ("weight",) if op in ("aten.convolution", "aten.addmm") and draw(st.booleans()) else ()
        nodes.append(Node(at, "aten.view" if views else op, 0, read, (written,), params, bytes=0 if views else 1))
    outputs = tuple(draw(st.sets(st.integers(len(inputs), len(tensors) - 1), min_size=1, max_size=2)))
    return Graph("random", inputs, outputs, tuple(tensors), tuple(nodes), CALLS, (WEIGHT,))


def longest_path(graph: Graph, tensor: int) -> int:
    """The most weighted operators on any way from an input to this tensor; every way is walked."""
    makers = [node for node in graph.nodes if tensor in node.outputs]
    if not makers:
        return 0
    (node,) = makers
    weighted = node.op in ("aten.convolution", "aten.addmm") and bool(node.params)
    return weighted + max(longest_path(graph, t) for t in node.inputs)


def alive(graph: Graph, at: int) -> int:
    """Bytes held while node `at` runs: each storage from its first touch to its last use or the end of its `until`, whichever
    is later.
    """
    total = 0
    for storage in {tensor.storage for tensor in graph.tensors}:
        members = [t for t, tensor in enumerate(graph.tensors) if tensor.storage == storage]
        touches = [n for n, node in enumerate(graph.nodes) if set(members) & {*node.inputs, *node.outputs}]
        ends = [
            max(n, *(graph.tensors[t].until for t in members if t in (*graph.nodes[n].inputs, *graph.nodes[n].outputs)))
            for n in touches
        ]
        begins = 0 if set(members) & set(graph.inputs) else min(touches, default=len(graph.nodes))
        stays = set(members) & {*graph.inputs, *graph.outputs}
        ended = len(graph.nodes) if stays else max(ends, default=-1)
        if begins <= at <= ended:
            total += max(graph.tensors[t].bytes for t in members)
    return total


@given(graphs())
@settings(max_examples=300, deadline=None)
def test_weighted_depth_is_that_of_the_longest_of_all_paths(graph):
    assert metrics.weighted_depth(graph) == max(longest_path(graph, t) for t in range(len(graph.tensors)))


@given(graphs())
@settings(max_examples=300, deadline=None)
def test_memory_over_time_is_the_sum_of_what_is_alive(graph):
    curve = [step.bytes for step in metrics.liveness(graph)]
    assert curve == [alive(graph, at) for at in range(len(graph.nodes))]
    assert metrics.peak_activation_bytes(graph) == max(curve)
    assert metrics.peak_memory(graph) == max(curve) + 3 * 4


def test_depth_of_a_block_with_a_shortcut():
    # x -> conv -> conv -> add <- conv <- x: two on the longer way
    weight = ("weight",)
    nodes = (
        Node(0, "aten.convolution", 0, (0,), (1,), weight, bytes=1),
        Node(1, "aten.convolution", 0, (1,), (2,), weight, bytes=1),
        Node(2, "aten.convolution", 0, (0,), (3,), weight, bytes=1),
        Node(3, "aten.add", 0, (2, 3), (4,), bytes=1),
    )
    graph = Graph("block", (0,), (4,), tuple(Tensor((1, 1, 4, 4), storage=at) for at in range(5)), nodes, CALLS, (WEIGHT,))
    assert metrics.weighted_depth(graph) == 2
    # while the sum runs: the input, both summands and the sum; the first convolution's output has gone
    assert [step.bytes for step in metrics.liveness(graph)] == [2 * 64, 3 * 64, 3 * 64, 4 * 64]


class Expands(nn.Module):
    def __init__(self):
        super().__init__()
        self.token, self.layer = nn.Parameter(torch.ones(1, 1, 4)), nn.Linear(4, 4)

    def forward(self, x):
        return self.layer(x).expand(1000, 4).sum() + self.token.expand(1000, 1, 4).sum()


def test_what_a_view_repeats_takes_no_memory():
    # x and layer(x): 4 floats each; then two sums and their sum, one float each, all held to the end by no more than three
    curve = [step.bytes for step in metrics.liveness(archscope.trace(Expands(), torch.ones(1, 4)))]
    assert max(curve) <= 4 * (4 + 4 + 3)
    assert curve[0] == 4 * (4 + 4)


class Standardised(nn.Conv2d):
    """A convolution with standardised weights (Qiao et al. 2019, eq. 2), written out."""

    def forward(self, x):
        weight = self.weight - self.weight.mean(dim=(1, 2, 3), keepdim=True)
        return nn.functional.conv2d(x, weight / weight.std(dim=(1, 2, 3), keepdim=True), self.bias)


class Blur(nn.Module):
    """A fixed filter: a convolution without anything to learn."""

    def __init__(self):
        super().__init__()
        self.register_buffer("kernel", torch.ones(4, 1, 2, 2) / 4)

    def forward(self, x):
        return nn.functional.conv2d(x, self.kernel, groups=4)


class LowRank(nn.Module):
    """A layer whose weight is a product of two (Hu et al. 2021, sec. 4.1): one layer, not three."""

    def __init__(self):
        super().__init__()
        self.a, self.b = nn.Parameter(torch.ones(2, 4)), nn.Parameter(torch.ones(4, 2))

    def forward(self, x):
        return x.mean((2, 3)) @ (self.b @ self.a)


class Dreams(nn.Module):
    """Draws its own input."""

    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(4, 4), nn.ReLU(), nn.Linear(4, 2))

    def forward(self):
        return self.layers(torch.randn(1, 4))


@pytest.mark.parametrize(
    ("module", "inputs", "depth"),
    [
        (nn.Sequential(Standardised(3, 4, 3), nn.ReLU(), Standardised(4, 4, 3)), (torch.ones(1, 3, 8, 8),), 2),
        (nn.Sequential(nn.utils.parametrizations.weight_norm(nn.Conv2d(3, 4, 1)), nn.Conv2d(4, 2, 1)), (torch.ones(1, 3, 4, 4),), 2),
        (nn.Sequential(nn.Conv2d(3, 4, 1), Blur(), nn.Conv2d(4, 4, 1)), (torch.ones(1, 3, 4, 4),), 2),
        (nn.Sequential(nn.Conv2d(3, 4, 1), LowRank()), (torch.ones(1, 3, 4, 4),), 2),
        (Dreams(), (), 2),
    ],
    ids=["standardised", "weight norm", "fixed filter", "low rank", "no input"],
)  # fmt: skip
def test_a_layer_counts_where_its_weights_are_learned_whatever_is_done_to_them_first(module, inputs, depth):
    assert metrics.weighted_depth(archscope.trace(module, *inputs)) == depth
