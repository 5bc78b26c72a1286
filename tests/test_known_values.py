"""Values that are told, or follow from constants, are known on the meta device."""

import copy

import pytest
import torch
from torch import nn

import archscope
from archscope.cli.app import run
from archscope.errors import UsageError
from archscope.graph.input_spec import InputSpec, parse_input


class Windows(nn.Module):
    """Cuts a row of patches into images of the sizes that a grid tells, and attends within each."""

    def forward(self, patches, grid):
        sizes = (grid[:, 0] * grid[:, 1]).tolist()
        return torch.cat([(x @ x.transpose(-1, -2)) @ x for x in patches.flatten(0, 1).split(sizes)])


class Padded(nn.Module):
    """Leaves out what a mask hides."""

    def forward(self, x, mask):
        kept = x[mask != 0]
        return kept @ torch.ones(x.shape[-1], 3)


class Constant(nn.Module):
    """Looks at a mask of its own, and writes what has no value into a constant before it looks again."""

    def __init__(self, reads_back):
        super().__init__()
        self.reads_back = reads_back

    def forward(self, x):
        mask = torch.ones(x.shape[0], 4, device=x.device)
        x = x * 2 if bool((mask == 1).all()) else x[:, :1]
        places = torch.tensor([0, 2], device=x.device)
        mask[:, places.tolist()] = x[:, :2]
        return x + mask if not self.reads_back or mask.sum().item() > 0 else x


def test_sizes_of_a_grid_that_is_told():
    patches = torch.empty(2, 16, 8, device="meta")
    graph = archscope.trace(Windows(), patches=patches, grid=torch.tensor([[2, 8], [4, 4]]), known=["grid"])
    assert graph.meta.device == "meta"
    assert graph.cost.macs == 2 * (2 * 16 * 16 * 8)  # two images of 16 patches, scores and sums
    one = archscope.trace(Windows(), patches=patches, grid=torch.tensor([[4, 8]]), known=["grid"])
    assert one.cost.macs == 2 * 32 * 32 * 8


def test_a_mask_that_is_told_decides_what_passes():
    x, mask = torch.empty(1, 10, 8, device="meta"), torch.tensor([[1] * 7 + [0] * 3])
    graph = archscope.trace(Padded(), x=x, mask=mask, known=["mask"])
    assert (graph.meta.device, graph.meta.decided) == ("meta", None)
    assert graph.cost.macs == 7 * 8 * 3


def test_what_one_mask_lets_pass_is_not_what_another_does():
    class Selects(nn.Module):
        def forward(self, x, mask):
            return torch.masked_select(x, mask)

    for passing in (3, 7):
        graph = archscope.trace(Selects(), torch.zeros(16), mask=torch.arange(16) < passing, known=["mask"])
        assert graph.shapes(graph.outputs) == ((passing,),)


def test_what_follows_from_constants_needs_no_weights():
    graph = archscope.trace(Constant(reads_back=False), torch.Size((2, 4)))
    assert graph.meta.device == "meta"
    assert graph.shapes(graph.outputs) == ((2, 4),)


def test_a_constant_that_was_written_into_has_no_values_any_more():
    graph = archscope.trace(Constant(reads_back=True), torch.Size((2, 4)))
    assert graph.meta.device == "cpu"
    assert "_local_scalar_dense" in graph.meta.reason


@pytest.mark.parametrize(("text", "shape", "values"), [
    ("grid=1,16,16", (3,), (1, 16, 16)), ("places=0,0;0,1;5,6", (3, 2), (0, 0, 0, 1, 5, 6)), ("step=5", (), (5,)),
    ("mask=1:128", (128,), (1,)), ("places=grid:2x3", (6, 2), (0, 0, 1, 0, 2, 0, 0, 1, 1, 1, 2, 1)), ("x=0.5", (), (0.5,)),
    ("mask:bool=0*5,1*4", (9,), (0, 0, 0, 0, 0, 1, 1, 1, 1)), ("num_frames:python=5", (), (5,)),
    ("img_shapes:python=[[(1, 16, 16)]]", (), ([[(1, 16, 16)]],)),
])  # fmt: skip
def test_values_in_words(text, shape, values):
    spec = parse_input(text)
    assert (tuple(spec), spec.values) == (shape, values)
    assert str(spec) == text
    assert parse_input(str(spec)).values == values


@pytest.mark.parametrize(
    "text", ["grid=", "grid=1,,2", "grid=1,2;3", "=3", "1st=3", "mask=1,2:3", "grid=a", "grid:int65=1", "p=grid:3"]
)
def test_what_are_no_values(text):
    with pytest.raises(UsageError):
        parse_input(text)


class Copied(nn.Module):
    def forward(self, x, sizes):
        once, again = copy.deepcopy([sizes * 2] * 2)
        return x[:, : int(once[0])] @ torch.ones(int(again[0]) if once is again else 1, 5)


def test_a_constant_that_is_copied_keeps_its_values():
    graph = archscope.trace(Copied(), torch.Size((1, 16)), sizes=torch.tensor([3]), known=["sizes"])
    assert graph.meta.device == "meta"
    assert graph.cost.macs == 6 * 5


def test_examples_of_a_batch_are_stacked_or_joined():
    patches, grid = parse_input("patches:packed:16x8"), parse_input("grid=4,4")
    assert patches.batched(3) == (48, 8)
    assert grid.batched(3) == (3, 2)
    assert str(patches) == "patches:packed:16x8"
    assert InputSpec((16, 8)).batched(3) == (3, 16, 8)


NETS = """
from torch import nn


class Windows(nn.Module):
    def forward(self, patches, grid):
        sizes = (grid[:, 0] * grid[:, 1]).tolist()
        return sum(((x @ x.transpose(-1, -2)) @ x).sum() for x in patches.split(sizes))
"""


def test_the_command_line_takes_values_and_says_them(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "nets.py").write_text(NETS)
    words = ["flops", "nets.py:Windows", "--input", "patches:packed:16x8", "--input", "grid=2,8", "--batch", "3"]
    assert run(words) == 0
    told = capsys.readouterr().out
    assert "inputs patches: 48x8 and grid=2,8" in told
    assert f"{3 * 2 * 16 * 16 * 8:,}" in told
