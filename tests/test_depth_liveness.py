"""Weighted depth and activation memory of random small graphs, against definitions written out without any cleverness."""

from hypothesis import given, settings
from hypothesis import strategies as st

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
