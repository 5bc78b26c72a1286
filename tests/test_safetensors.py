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
