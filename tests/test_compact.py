"""The compact form: the same Graph back, or an error; never another Graph. And the Graphs that travel with the package."""

import zlib
from copy import deepcopy

import msgspec
import pytest

from archscope.errors import ArchscopeError
from archscope.graph import Batching, Cost, Decided, Failure, Graph, Meta, Node, Param, Tensor
from archscope.graph.columns import SCHEMA_VERSION
from archscope.graph.compact import pack, unpack
from archscope.models.loading import load
from archscope.zoo import catalog, packaged
from tests.test_damaged_graphs import at as found


def test_there_and_back(tiny):
    data = pack(tiny)
    assert unpack(data) == tiny
    assert pack(unpack(data)) == data


def test_what_json_tells_apart_the_compact_form_tells_apart(tiny):
    """1, 1.0 and True are equal in Python and mean different things to an operator."""
    first, second, *rest = tiny.nodes
    odd = msgspec.structs.replace(
        tiny,
        nodes=(
            msgspec.structs.replace(first, attrs={"a": 1, "b": [1.0, True, None, "x"], "c": float(2**70), "d": -(2**63)}),
            msgspec.structs.replace(second, attrs={"a": True, "b": [1, 1, None, "x"]}, free="a reason", repeats=3),
            *rest,
        ),
        meta=msgspec.structs.replace(tiny.meta, idle={"aux.fc": "Linear"}, reason="it looks at values"),
    )
    assert unpack(pack(odd)).to_json() == odd.to_json()


def test_a_part_keeps_the_numbers_of_the_whole(tiny):
    part = tiny.select(tiny.nodes[1:])
    assert unpack(pack(part)) == part


def test_a_network_of_many_kinds_of_operators():
    graph = load("googlenet", aux_heads=True).trace(batch=3, mode="train")
    assert unpack(pack(graph)).to_json() == graph.to_json()


def test_a_changed_byte_is_never_read(tiny):
    data = pack(tiny)
    for at in range(len(data)):
        for bit in (1, 128):
            with pytest.raises(ArchscopeError, match="damaged or of another version"):
                unpack(data[:at] + bytes([data[at] ^ bit]) + data[at + 1 :])


def test_cut_off_or_foreign_is_never_read(tiny):
    data = pack(tiny)
    for damaged in (b"", data[:10], data[:-1], data + b"x", tiny.to_json(), b"archscope graph 2\n"):
        with pytest.raises(ArchscopeError, match=r"^it is damaged or of another version"):
            unpack(damaged, "it")


def test_right_checksum_and_another_versions_content_is_an_error(tiny):
    """Written by another version: the checksum holds, what it covers has other fields, or other things in them."""
    head = b"archscope graph 2\n"
    whole = msgspec.msgpack.decode(zlib.decompress(pack(tiny)[len(head) + 4 :]))
    for place in [("inputs",), ("nodes", "id"), ("nodes", "inputs"), ("tensors", "kinds"), ("params", "name"), ("meta", "mode")]:
        changed = deepcopy(whole)
        for other in (7.5, "x" if place != ("meta", "mode") else 7, [["x"]], {"a": 1}):
            found(changed, place[:-1])[place[-1]] = other
            _refused(head, changed)
    for part in ("tensors", "nodes", "calls", "params", "name", "inputs", "meta"):
        changed = deepcopy(whole)
        del changed[part]
        _refused(head, changed)
    _refused(head, whole | {"schema_version": SCHEMA_VERSION + 1})


def _refused(head: bytes, content: object) -> None:
    body = zlib.compress(msgspec.msgpack.encode(content))
    with pytest.raises(ArchscopeError, match="it is of another version of archscope"):
        unpack(head + zlib.crc32(body).to_bytes(4, "big") + body, "it")


def test_a_number_that_no_file_can_hold(tiny):
    first, *rest = tiny.nodes
    large = msgspec.structs.replace(tiny, nodes=(msgspec.structs.replace(first, cost=Cost(macs=2**64)), *rest))
    with pytest.raises(ArchscopeError, match="cannot be saved"):
        pack(large)


# -- what travels with the package --------------------------------------------------------------------------------------------

AGAIN = "make them anew: python -m archscope.zoo.verification"


def promised(graph: Graph) -> dict:
    """What holds on every torch, whatever its operators are called: shapes, parameters, costs, module by module."""
    outputs: dict[int, tuple] = {}
    for node in graph.nodes:
        at: int | None = node.call
        while at is not None:
            outputs[at] = graph.shapes(node.outputs)[:1]
            at = graph.calls[at].parent
    return {
        "name": graph.name, "inputs": graph.shapes(graph.inputs), "outputs": graph.shapes(graph.outputs), "params": graph.params,
        "calls": graph.calls, "shapes": outputs, "cost": graph.cost, "idle": graph.meta.idle,
        "costs": [graph.within(call.id).cost for call in graph.calls if call.parent in (None, 0)],
        "meta": msgspec.structs.replace(graph.meta, torch=""),
    }  # fmt: skip


@pytest.mark.parametrize("entry", catalog.entries(), ids=lambda entry: entry.name)
def test_a_packaged_graph_is_that_of_a_fresh_trace(entry):
    ours = unpack(packaged.path(entry.name).read_bytes())
    fresh = load(entry.name).trace()
    assert promised(ours) == promised(fresh), AGAIN
    if ours.meta.torch == fresh.meta.torch.partition("+")[0]:
        assert ours.nodes == fresh.nodes, AGAIN
        assert ours.tensors == fresh.tensors, AGAIN


def test_the_packaged_graphs_are_those_of_this_source():
    assert packaged.MADE_FROM.read_text().split() == [
        "torch",
        packaged.graph("lenet5").meta.torch,
        "source",
        packaged.source_digest(),
    ], AGAIN


def test_there_is_one_for_every_network_and_no_other_and_they_are_small():
    files = sorted(packaged.FOLDER.glob("*.graph"))
    assert [file.stem for file in files] == sorted(entry.name for entry in catalog.entries())
    assert sum(file.stat().st_size for file in files) < 1_000_000


@pytest.mark.parametrize("made_from", ["torch 2.14.1\nsource 0123\n", "", None])
def test_a_checkout_whose_source_is_newer_does_not_use_them(tmp_path, monkeypatch, made_from):
    file = tmp_path / "MADE_FROM"
    if made_from is not None:
        file.write_text(made_from)
    monkeypatch.setattr(packaged, "MADE_FROM", file)
    packaged._trusted.cache_clear()
    try:
        assert packaged.graph("lenet5") is None
    finally:
        packaged._trusted.cache_clear()


def test_no_field_of_a_record_is_left_out(tiny):
    """A field that a record gets later must be packed too: every field of every record, with a value that is not its default."""
    first, *rest = tiny.nodes
    tiny = msgspec.structs.replace(tiny, nodes=(msgspec.structs.replace(first, operands=(1,)), *rest))  # one can be wanted
    for records in (tiny.tensors, tiny.nodes, tiny.calls, tiny.params, (tiny.meta,), (tiny,)):
        whole = type(records[0])
        for field, default in zip(reversed(whole.__struct_fields__), reversed(whole.__struct_defaults__), strict=False):
            if field in ("schema_version", "spelling"):  # the latter has tests of its own
                continue
            told = {"params": (tiny.params[-1].name,), "operands": (0,), "wanted": (0,)} if whole is Node else {}
            told |= {"dtype": "int8"} if whole in (Tensor, Param) else {}
            told |= (
                {"decided": Decided(rows={"rpn": (7, 0, 9)}, kept={"": 7}), "batching": Batching(7, (0,))}
                if whole is Meta
                else {}
            )
            other = told[field] if field in told else _another(default)
            graph = _with(tiny, records, field, other)
            assert getattr(_first(unpack(pack(graph)), whole), field) == other, f"{whole.__name__}.{field}"


def _another(default):
    if default is msgspec.UNSET or isinstance(default, msgspec._core.Factory):
        default = default.factory()
    if isinstance(default, bool):
        return not default
    if isinstance(default, int):
        return 7
    if isinstance(default, str):
        return "other"
    if isinstance(default, dict):
        return {"other": "word"}
    if isinstance(default, Cost):
        return Cost(macs=7)
    if isinstance(default, Meta):
        return Meta(variant="other")
    return Failure("path", "Type", "error", ((1, 2),)) if default is None else ("other",)


def _with(graph, records, field, value):
    one, *rest = records
    changed = msgspec.structs.replace(one, **{field: value})
    if isinstance(one, Graph):
        return changed
    if isinstance(one, Meta):
        return msgspec.structs.replace(graph, meta=changed)
    name = next(name for name in ("tensors", "nodes", "calls", "params") if getattr(graph, name) is records)
    return msgspec.structs.replace(graph, **{name: (changed, *rest)})


def _first(graph, kind):
    if kind is Graph:
        return graph
    if kind is Meta:
        return graph.meta
    return next(
        getattr(graph, name)[0] for name in ("tensors", "nodes", "calls", "params") if isinstance(getattr(graph, name)[0], kind)
    )
