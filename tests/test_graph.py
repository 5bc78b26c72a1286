"""The Graph: look-ups, parts, JSON there and back, and what a damaged file says."""

import json
from contextlib import suppress
from random import Random

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tiny import tiny_graph

from archscope import metrics
from archscope.errors import ArchscopeError, UsageError
from archscope.graph import ZERO, Call, Cost, Graph, Node, Param, Tensor, item_bytes, total

costs = st.builds(Cost, *[st.integers(0, 10**15)] * 7)


@given(costs, costs, st.integers(0, 1000))
def test_costs_add_column_by_column(a, b, times):
    assert a + b == b + a
    assert a + ZERO == a
    assert (a + b).flops == a.flops + b.flops
    assert times * a == a * times == total([a] * times if times < 20 else [a * times])


def test_flops_are_two_per_mac_and_one_per_other_operation():
    assert Cost(macs=10, adds=1, muls=2, divs=3, comparisons=4, exponentials=5, unknown=9).flops == 2 * 10 + 1 + 2 + 3 + 4 + 5


def test_tensor_and_param_sizes():
    assert Tensor((2, 3, 5), "bfloat16").numel == 2 * 3 * 5
    assert Tensor((2, 3, 5), "bfloat16").bytes == 2 * 3 * 5 * 2
    assert Tensor((), "float64").bytes == 8
    assert Tensor((0, 5)).bytes == 0
    assert Param("w", (3, 4), "int8").bytes == 12


def test_a_dtype_without_a_size_is_named():
    with pytest.raises(ArchscopeError, match="float9000"):
        item_bytes("float9000")


def test_edges_join_writers_and_readers(tiny):
    assert tiny.edges == ((None, 0, 0), (0, 1, 1), (1, 2, 2), (0, 3, 1), (2, 3, 3), (3, 4, 4), (4, 5, 5))
    assert tiny.producer[4].id == 3
    assert [node.id for node in tiny.consumers[1]] == [1, 3]


def test_calls_know_what_ran_inside_them(tiny):
    assert [node.id for node in tiny.inside(0)] == [0, 1, 2, 3, 4, 5]
    assert [node.id for node in tiny.inside(2)] == [1, 2, 3]
    assert tiny.children[0] == (1, 2, 5)
    assert tiny.end(2) == 5
    assert tiny.path(tiny.node(2)) == "block.act"
    with pytest.raises(KeyError):
        tiny.node(6)


def test_within_is_a_graph_of_the_part(tiny):
    block = tiny.within("block")
    assert block.inputs == (1,)
    assert block.outputs == (4,)
    assert [p.name for p in block.params] == ["block.conv.weight", "block.conv.bias"]
    assert block == tiny.within(2)
    assert block.name == "tiny.block"
    assert block.within("block.conv").cost.macs == 8 * 8 * 4 * 4 * 3 * 3
    assert tiny.within("stem").outputs == (1,)
    assert tiny.within("").cost == tiny.cost


def test_the_parts_of_a_graph_add_up(tiny):
    assert total(tiny.within(call).cost for call in tiny.children[0]) + tiny.node(4).cost == tiny.cost
    whole = {p.name for p in tiny.within("").params}
    assert whole == {p.name for part in ("stem", "block", "head") for p in tiny.within(part).params}


def test_within_refuses_what_is_not_there(tiny):
    with pytest.raises(UsageError, match="unknown module 'blok'") as caught:
        tiny.within("blok")
    assert "block" in caught.value.hint
    for call in (-1, 6):
        with pytest.raises(UsageError, match=f"no call {call}"):
            tiny.within(call)


def test_within_a_module_that_calls_itself_counts_each_node_once():
    graph = Graph(
        "loop", (0,), (2,), tuple(Tensor((4,), storage=at) for at in range(3)),
        (Node(0, "aten.add", 1, (0,), (1,), cost=Cost(adds=4)), Node(1, "aten.mul", 0, (1,), (2,), cost=Cost(muls=4))),
        (Call(0, None, "", "Loop"), Call(1, 0, "", "Loop")), (),
    )  # fmt: skip
    assert graph.within("").cost == graph.cost == Cost(adds=4, muls=4)


def test_unused_params_are_those_no_node_reads(tiny):
    assert [p.name for p in tiny.unused_params] == ["aux.weight"]
    assert metrics.unused_params(tiny) == 5 * 7


def test_json_there_and_back(tiny):
    data = tiny.to_json()
    assert Graph.from_json(data) == tiny
    assert Graph.from_json(data).to_json() == data
    assert Graph.from_json(data.decode()) == tiny


def test_a_name_that_is_no_text_cannot_be_saved(tiny):
    with pytest.raises(ArchscopeError, match="cannot be saved: "):
        msgspec.structs.replace(tiny, calls=(Call(0, None, "", "half a sign \udc80"), *tiny.calls[1:])).to_json()


def test_repr_says_the_headline(tiny):
    assert repr(tiny).startswith("<Graph tiny: ")
    assert "<table" in tiny._repr_html_()


# -- damaged files -----------------------------------------------------------------------------------------------------------


def refused(data: bytes) -> ArchscopeError:
    with pytest.raises(ArchscopeError) as caught:
        Graph.from_json(data, "net.json")
    assert caught.value.message.startswith("net.json ")
    assert "archscope trace" in caught.value.hint
    assert "\n" not in caught.value.message
    return caught.value


DATA = tiny_graph().to_json()


@given(st.integers(0, len(DATA) - 1))
def test_a_truncated_file_is_refused(length):
    refused(DATA[:length])


@pytest.mark.parametrize("data", [b"", b"null", b"[]", b"{}", b"42", b'"x"', b"\xff\xfe", b"{" * 100_000, b"[" * 100_000])
def test_what_is_no_graph_is_refused(data):
    refused(data)


def test_another_schema_version_is_refused(tiny):
    """An older one too, whose fields stood elsewhere."""
    for data in (tiny.to_json().replace(b'"schema_version":2', b'"schema_version":99'), b'{"nodes":[],"schema_version":99}'):
        assert refused(data).message == "net.json has schema version 99, this archscope reads 2"


def broken(change) -> ArchscopeError:
    raw = json.loads(DATA)
    change(raw)
    return refused(json.dumps(raw).encode())


@pytest.mark.parametrize(
    "change",
    [
        lambda g: g["inputs"].append(7),
        lambda g: g["outputs"].append(-1),
        lambda g: g["nodes"]["inputs"][2].append(99),
        lambda g: g["nodes"]["inputs"].append([0]),
        lambda g: g["nodes"]["inputs"].__setitem__(2, 0),
        lambda g: g["nodes"]["inputs"][2].append("0"),
        lambda g: g["nodes"]["outputs"][2].append(7),
        lambda g: g["nodes"]["call"].__setitem__(2, 6),
        lambda g: g["nodes"]["call"].__setitem__(2, -1),
        lambda g: g["nodes"]["call"].__setitem__(2, 1.0),
        lambda g: g["nodes"]["call"].pop(),
        lambda g: g["nodes"]["call"].__setitem__(2, 1),
        lambda g: g["nodes"]["call"].__setitem__(5, 4),
        lambda g: g["nodes"]["id"].__setitem__(2, 0),
        lambda g: g["nodes"]["id"].__setitem__(0, -1),
        lambda g: g["nodes"]["id"].reverse(),
        lambda g: g["nodes"]["params"][2].append(99),
        lambda g: g["nodes"]["kind"].__setitem__(2, 99),
        lambda g: g["nodes"]["kinds"].clear(),
        lambda g: g["nodes"]["kinds"][2].update(cost="dear"),
        lambda g: g["nodes"]["kinds"][2].update(cost={"macs": 2**63}),
        lambda g: g["nodes"]["kinds"][2].update(operands=[1]),
        lambda g: g["nodes"]["kinds"][2].update(operands=[-1]),
        lambda g: g["nodes"]["kinds"][2].update(wanted=[0]),
        lambda g: g["nodes"]["kinds"][0]["attrs"].update(kernel=[3]),
        lambda g: g["calls"].update(kind=[], parent=[], path=[]),
        lambda g: g["calls"]["parent"].__setitem__(0, 0),
        lambda g: g["calls"]["parent"].__setitem__(3, None),
        lambda g: g["calls"]["parent"].__setitem__(3, 3),
        lambda g: g["calls"]["parent"].__setitem__(3, -1),
        lambda g: g["calls"]["parent"].__setitem__(5, 1),
        lambda g: g["calls"]["parent"].__setitem__(3, -2),
        lambda g: g["calls"]["parent"].reverse(),
        lambda g: g["calls"]["path"].pop(),
        lambda g: [g["tensors"][column].pop() for column in ("kind", "storage", "until")],
        lambda g: g["tensors"]["storage"].__setitem__(0, 2**63),
        lambda g: g["tensors"]["kinds"][0]["shape"].append(-3),
        lambda g: g["tensors"]["kinds"][0]["shape"].append(1.5),
        lambda g: g["tensors"]["kinds"][0].update(dtype="float9000"),
        lambda g: [g["params"][column].pop(0) for column in ("kind", "name")] and g["nodes"]["params"][5].append(6),
        lambda g: [g["params"][column].append(g["params"][column][0]) for column in ("kind", "name")],
        lambda g: g["params"]["kinds"][0].update(shape=[-1]),
        lambda g: g["params"]["kinds"][0].update(dtype="float9000"),
        lambda g: g["params"]["kinds"][0].update(shape="4x3x3x3"),
        lambda g: g.update(meta=None),
        lambda g: g["meta"].update(idle=["aux"]),
        lambda g: g.pop("nodes"),
    ],
)
def test_ids_and_types_out_of_range_are_refused(change):
    broken(change)


def test_random_damage_is_refused_or_harmless():
    """A byte changed anywhere: the file is refused in one line, or it is still a graph that everything can be computed from."""
    random = Random(0)
    for _ in range(400):
        data = bytearray(DATA)
        data[random.randrange(len(data))] = random.choice(b'0123456789-"[]{},:.abcxyz\\')
        with suppress(ArchscopeError):
            metrics.measure(Graph.from_json(bytes(data), "net.json"))


def test_another_program_reads_the_operators_with_three_lines(tiny):
    """As the head of `saved.py` says it."""
    pandas = pytest.importorskip("pandas")
    nodes = json.loads(tiny.to_json())["nodes"]
    kinds = pandas.DataFrame(nodes.pop("kinds"))
    table = pandas.DataFrame(nodes).join(kinds, on="kind")
    assert list(table["op"]) == [node.op for node in tiny.nodes]
    assert list(table["bytes"]) == [node.bytes for node in tiny.nodes]
    assert [tuple(read) for read in table["inputs"]] == [node.inputs for node in tiny.nodes]
