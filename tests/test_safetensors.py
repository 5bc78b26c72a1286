"""Weights in a safetensors file: against the format's own library, and what is damaged."""

import json
import struct

import pytest
import torch
from safetensors import torch as safetensors
from torch import nn

import archscope
from archscope import metrics
from archscope.cli.app import run
from archscope.errors import ArchscopeError


def written(path, tensors: dict, claimed: int | None = None, data: bytes = b"") -> str:
    """A file with this header, whatever it says."""
    header = tensors if isinstance(tensors, bytes) else json.dumps(tensors).encode()
    path.write_bytes(struct.pack("<Q", len(header) if claimed is None else claimed) + header + data)
    return str(path)


def test_names_shapes_and_dtypes_are_those_of_the_library(tmp_path):
    net = nn.Sequential(nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8), nn.Sequential(nn.Linear(8, 4).to(torch.bfloat16)))
    state = net.state_dict()
    safetensors.save_file(state, tmp_path / "net.safetensors", metadata={"format": "pt"})
    graph = archscope.look(str(tmp_path / "net.safetensors"))
    assert {p.name: (p.shape, f"torch.{p.dtype}") for p in graph.params} == {
        name: (tuple(t.shape), str(t.dtype)) for name, t in state.items()
    }
    assert metrics.params(graph) == sum(p.numel() for p in net.parameters())
    assert metrics.buffers(graph) == 8 + 8 + 1
    assert metrics.params(graph.within("2")) == 8 * 4 + 4


def test_the_table_has_the_modules_and_no_cost_is_claimed(tmp_path, capsys):
    safetensors.save_file(archscope.load("lenet5_dense", device="cpu").module.state_dict(), tmp_path / "l.safetensors")
    assert run(["params", str(tmp_path / "l.safetensors"), "-f", "json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["totals"]["params"] == 61706
    assert sum(row["params"] for row in told["rows"] if "." not in row["path"]) == 61706


@pytest.mark.parametrize(("content", "claimed", "data", "words"), [
    (b"", 10**15, b"", "its header is longer than the file"), (b"{", None, b"", ""), (b"[]", None, b"", ""),
    ({"w": {"dtype": "F99", "shape": [1], "data_offsets": [0, 4]}}, None, b"1234", "w has the unknown dtype F99"),
    ({"w": {"dtype": "F32", "shape": [2], "data_offsets": [0, 4]}}, None, b"1234", "w of shape [2] does not fill its 4 bytes"),
    ({"w": {"dtype": "F32", "shape": [-1, -1], "data_offsets": [0, 4]}}, None, b"1234", "w of shape [-1, -1]"),
    ({"w": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}}, None, b"", "it ends 4 bytes before its data does"),
    ({"w": {"dtype": "F32", "shape": "x"}}, None, b"", ""),
])  # fmt: skip
def test_what_is_damaged_is_said_in_a_line(tmp_path, content, claimed, data, words):
    path = written(tmp_path / "bad.safetensors", content, claimed, data)
    with pytest.raises(ArchscopeError, match="is not a safetensors file, or damaged") as error:
        archscope.look(path)
    assert words in error.value.message
    assert "\n" not in error.value.message


def test_a_short_or_missing_file(tmp_path):
    (tmp_path / "short.safetensors").write_bytes(b"123")
    for name in ("short.safetensors", "none.safetensors"):
        with pytest.raises(ArchscopeError):
            archscope.look(str(tmp_path / name))


NO_FORWARD = "the file holds weights, not a network"


@pytest.fixture
def weights(tmp_path) -> str:
    safetensors.save_file(nn.Sequential(nn.Conv2d(3, 8, 3), nn.Linear(8, 4)).state_dict(), tmp_path / "w.safetensors")
    return str(tmp_path / "w.safetensors")


def test_what_needs_a_forward_is_unknown_with_the_reason(weights):
    graph = archscope.look(weights)
    known = {"params", "trainable_params", "frozen_params", "shared_params", "buffers", "param_bytes", "state_bytes"}
    for name, value in archscope.measure(graph).items():
        assert (value == metrics.METRICS[name].function(graph)) if name in known else (value.reason == NO_FORWARD), name
    assert metrics.macs(graph).reason == NO_FORWARD
    (kept,), (unknown,) = archscope.check(graph, {"params": 1000}), archscope.check(graph, {"macs": 1000})
    assert (kept.verdict, unknown.verdict, unknown.reason) == ("within", "undecided", f"unknown: {NO_FORWARD}")


def test_tables_say_so_and_claim_no_zero(weights, capsys):
    assert run(["compare", weights, "lenet5", "-f", "json"]) == 0
    row = json.loads(capsys.readouterr().out)["rows"][0]
    assert (row["params"], row["macs"], row["weighted_depth"], row["peak_memory"]) == (260, None, None, None)
    assert run(["params", weights, "-f", "json"]) == 0
    totals = json.loads(capsys.readouterr().out)["totals"]
    assert (totals["params"], totals["macs"], totals["flops"], totals["adds"]) == (260, None, None, None)
    assert run(["params", weights]) == 0
    assert f"float32 · weights of {weights}" in capsys.readouterr().out
    assert run(["compare", "--by", "stage", weights]) == 0
    assert NO_FORWARD in capsys.readouterr().out


@pytest.mark.parametrize("words", [
    ["flops"], ["flops", "--convention", "all"], ["shapes"], ["tree"], ["diagram"], ["diagram", "--level", "op"], ["report"],
    ["open"], ["chart", "--kind", "stages"], ["chart", "--kind", "batch", "--batch", "1"], ["diff"],
])  # fmt: skip
def test_what_shows_a_forward_says_that_there_is_none(words, weights, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert run([*words, weights, *([weights] if words == ["diff"] else [])]) == 1
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err.startswith(f"error: {weights} holds weights, not a network: ")
    assert f"hint: name the network, or see what is there: archscope params {weights}\n" in shown.err
