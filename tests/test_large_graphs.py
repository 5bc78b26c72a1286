"""A large Graph in columns: the same records and look-ups as in objects, in less memory."""

import gc
import tracemalloc
from collections.abc import Callable

import msgspec
import pytest
import torch
from networks import traced
from torch import nn

from archscope import metrics
from archscope.errors import ArchscopeError
from archscope.graph import Graph, Node
from archscope.graph.columns import Made, Nodes
from archscope.graph.compact import pack, unpack
from archscope.graph.graph import LARGE
from archscope.tables.shapes import shapes_table
from archscope.tracing.forward_pass import trace
from archscope.views.stages import stages

NETWORKS = ["inception_resnet_v2", "googlenet", "lenet5"]
MOST = 250  # bytes per operator beyond the names, with all look-ups


@pytest.fixture(params=NETWORKS)
def both(request) -> tuple[Graph, Graph]:
    """The same Graph in objects and in columns."""
    graph = traced(request.param)
    return graph, graph.kept(most=0)


def test_the_records_are_the_same(both):
    objects, columns = both
    for one, other in zip(
        (objects.tensors, objects.nodes, objects.calls, objects.params),
        (columns.tensors, columns.nodes, columns.calls, columns.params),
        strict=True,
    ):
        assert isinstance(one, tuple)
        assert isinstance(other, Made)
        assert one == other == one
        assert tuple(other) == one
        assert [other[at] for at in range(len(one))] == list(one)
        assert other[-1] == one[-1]
        assert other[3:-2] == one[3:-2]
        assert other != one[:-1]
        with pytest.raises(IndexError):
            other[len(one)]
    assert objects == columns == objects
    assert columns.kept(most=len(objects.nodes)) == objects


def test_the_look_ups_are_the_same(both):
    objects, columns = both
    assert dict(columns.param) == objects.param
    assert columns.edges == objects.edges
    for name in ("producer", "consumers"):
        here, there = getattr(objects, name), getattr(columns, name)
        assert dict(here) == dict(there)
        assert len(here) == len(there) == len(list(there))
        for tensor in range(-1, len(objects.tensors) + 1):
            assert (tensor in here) == (tensor in there)
            assert here.get(tensor) == there.get(tensor)
    for call in objects.calls:
        assert columns.inside(call.id) == objects.inside(call.id)
        assert columns.children[call.id] == objects.children[call.id]
    for node in objects.nodes:
        assert columns.node(node.id) == node


def test_what_is_made_of_them_is_the_same(both):
    objects, columns = both
    assert metrics.measure(columns) == metrics.measure(objects)
    assert shapes_table(columns) == shapes_table(objects)
    assert [stage.graph.nodes for stage in stages(columns)] == [stage.graph.nodes for stage in stages(objects)]
    assert columns.to_json() == objects.to_json()
    assert pack(columns) == pack(objects)


def test_equal_attributes_of_another_type_stay_apart():
    """1, 1.0 and True are equal in Python and mean different things to an operator."""
    nodes = [Node(at, "aten.add", 0, (), (), attrs={"alpha": value}) for at, value in enumerate((1, 1.0, True, 1))]
    assert [type(node.attrs["alpha"]) for node in Nodes.of(nodes, [])] == [int, float, bool, int]


class Chain(nn.Module):
    """Convolution, batch norm, ReLU, addition, again and again: five operators each time, `empty` among them."""

    def __init__(self, blocks: int) -> None:
        super().__init__()
        self.convs = nn.ModuleList(nn.Conv2d(4, 4, 3, padding=1, bias=False) for _ in range(blocks))
        self.norms = nn.ModuleList(nn.BatchNorm2d(4) for _ in range(blocks))

    def forward(self, x):
        for conv, norm in zip(self.convs, self.norms, strict=True):
            x = x + torch.relu(norm(conv(x)))
        return x


def _taken(make: Callable[[], Graph]) -> float:
    """Bytes per operator of a new Graph and of all its look-ups, beyond the names."""
    gc.collect()
    tracemalloc.start()
    try:
        graph = make()
        for made in (graph.producer, graph.consumers, graph.children, graph.reads, graph.param, graph.cost, graph.uncounted):
            assert made is not None
        graph.within(0)
        gc.collect()
        bytes, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    texts = {*(call.path for call in graph.calls), *(param.name for param in graph.params)}
    return (bytes - sum(text.__sizeof__() for text in texts)) / len(graph.nodes)


def test_a_large_graph_is_small():
    with torch.device("meta"):
        chain = Chain(LARGE // 5 + 100)
    graph = trace(chain, torch.Size((1, 4, 8, 8)))
    assert len(graph.nodes) > LARGE
    packed, text = pack(graph), graph.to_json()
    assert _taken(lambda: trace(chain, torch.Size((1, 4, 8, 8)))) < MOST
    assert _taken(lambda: unpack(packed)) < MOST
    assert _taken(lambda: Graph.from_json(text)) < MOST
    assert Graph.from_json(text) == unpack(packed) == graph
    names = [*(call.path for call in graph.calls), *(param.name for param in graph.params)]
    assert (len(text) - sum(len(name) for name in names)) / len(graph.nodes) < MOST


def test_numbers_that_no_column_holds_are_refused():
    graph = traced("lenet5")
    far = msgspec.structs.replace(graph, tensors=(msgspec.structs.replace(graph.tensors[0], storage=2**70), *graph.tensors[1:]))
    for save in (far.to_json, lambda: pack(far)):
        with pytest.raises(ArchscopeError, match="cannot be saved: a number is beyond 63 bits"):
            save()
