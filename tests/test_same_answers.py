"""One network has one answer: in inference mode too, after whatever was traced before, and however its memory lies."""

import pytest
import torch
from torch import nn

import archscope

NETWORK = nn.Sequential(nn.Linear(4, 4), nn.ReLU(), nn.Linear(4, 3))


def ops(module, *inputs):
    return [node.op for node in archscope.trace(module, *inputs).nodes]


@pytest.mark.parametrize("mode", ["eval", "train"])
def test_inference_mode_changes_nothing(mode):
    x = torch.Size((3, 4))
    usual = archscope.trace(NETWORK, x, mode=mode)
    with torch.inference_mode():
        inside = archscope.trace(NETWORK, x, mode=mode)
        made_inside = nn.Sequential(nn.Linear(4, 4), nn.ReLU(), nn.Linear(4, 3))
        given = archscope.trace(made_inside, torch.zeros(3, 4), mode=mode)
        with torch.device("meta"):
            bare = archscope.trace(nn.Sequential(nn.Linear(4, 4), nn.ReLU(), nn.Linear(4, 3)), torch.zeros(3, 4), mode=mode)
        assert torch.is_inference_mode_enabled()
    for graph in (inside, given, bare):
        assert (graph.nodes, graph.tensors) == (usual.nodes, usual.tensors)


class Doubled(nn.Module):
    def forward(self, x):
        return torch.cat([x, x], 1).flatten()


def test_the_strides_of_a_dimension_of_one_tell_what_must_be_copied():
    """With channels last the result of the concatenation lies channels last as well: to flatten it is to copy it."""
    x = torch.randn(2, 1, 6, 6)
    last = x.to(memory_format=torch.channels_last)
    assert x.is_contiguous()
    assert last.is_contiguous()
    assert torch.cat([last, last], 1).stride() == (72, 1, 12, 2)
    for _ in range(2):  # in both orders
        assert ops(Doubled(), x) == ["aten.cat", "aten.view"]
        assert ops(Doubled(), last)[:2] == ["aten.cat", "aten.clone"]


class Doubles(nn.Module):
    """Asks for double precision half way."""

    def forward(self, whole):
        before = whole / 2
        torch.set_default_dtype(torch.float64)
        return before, whole / 2


class Halves(nn.Module):
    def forward(self, whole):
        return whole / 2


def test_a_default_dtype_that_a_forward_sets_is_its_own_affair():
    whole = torch.ones(3, 4, dtype=torch.int64)
    graph = archscope.trace(Doubles(), whole)
    assert [graph.tensors[t].dtype for t in graph.outputs] == ["float32", "float64"]
    graph = archscope.trace(Halves(), whole)
    assert [graph.tensors[t].dtype for t in graph.outputs] == ["float32"]
    assert torch.get_default_dtype() == torch.float32


class Chunks(nn.Module):
    """A third of the columns, rectified."""

    def forward(self, x):
        return torch.unsafe_chunk(x, 3, 1)[0].relu()


@pytest.mark.parametrize(
    ("module", "size", "elements"),
    [
        (nn.Linear(4, 1000, bias=False), (2, 3, 4), 2 * 3 * 1000),  # torch flattens the rows, multiplies and unflattens
        (nn.Linear(4, 1000), (2, 3, 4), 2 * 3 * 1000),
        (Chunks(), (4, 12), 4 * 4),
    ],
)
def test_a_view_takes_no_memory_whatever_its_schema_says(module, size, elements):
    graph = archscope.trace(module, torch.Size(size))
    assert not any(node.bytes for node in graph.nodes if "view" in node.free)
    written = {t.storage: t for node in graph.nodes for t in (graph.tensors[out] for out in node.outputs) if node.bytes}
    assert sum(t.numel for t in written.values()) == elements
