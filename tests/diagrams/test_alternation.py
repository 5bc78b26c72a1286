"""Blocks that take turns are one box with a count, and are told apart by what they do."""

import re
from pathlib import Path

import pytest
import torch
from reading import drawn, traced
from test_truth import check
from torch import nn

from archscope.diagrams import text_width as fonts
from archscope.diagrams.composition import picture
from archscope.models.picture_of import diagram
from archscope.tracing.forward_pass import trace

GALLERY = Path(__file__).parent.parent.parent / "reports" / "gallery"


class Block(nn.Module):
    """Two convolutions; the map is rolled around them where it is shifted."""

    def __init__(self, width, shift=0):
        super().__init__()
        self.a, self.b, self.shift = nn.Conv2d(width, width, 3, padding=1), nn.Conv2d(width, width, 1), shift

    def forward(self, x):
        y = torch.roll(x, (self.shift, self.shift), (2, 3)) if self.shift else x
        y = self.b(self.a(y).relu())
        return x + (torch.roll(y, (-self.shift, -self.shift), (2, 3)) if self.shift else y)


def titles(*blocks):
    graph = trace(nn.Sequential(*blocks), torch.Size((1, 8, 16, 16)))
    check(graph)
    return [box.title for box in picture(graph, opened=True).overview.boxes[1:]], graph


def test_a_pair_that_repeats_is_one_box():
    found, graph = titles(*(Block(8, 3 * (n % 2)) for n in range(6)), nn.Conv2d(8, 4, 1))
    assert found[0] == "3 x (Block + shifted Block)"
    box = picture(graph).overview.boxes[1]
    assert (box.count, box.equal) == (3, True)
    assert box.costs.macs == 6 * 16 * 16 * (8 * 8 * 9 + 8 * 8)


def test_a_single_pair_is_drawn_as_those_that_repeat():
    down = nn.Conv2d(8, 8, 2, 2)
    found, _ = titles(Block(8), Block(8, 3), down, *(Block(8, n % 2) for n in range(4)))
    assert [title for title in found if "Block" in title] == ["Block + shifted Block", "2 x (Block + shifted Block)"]


def test_a_module_that_does_nothing_tells_no_block_apart():
    class Dropping(Block):
        def __init__(self, shift, drop):
            super().__init__(8, shift)
            self.drop = drop

        def forward(self, x):
            return self.drop(super().forward(x))

    found, _ = titles(*(Dropping(n % 2, nn.Identity() if n == 0 else nn.Dropout(0.1)) for n in range(4)), nn.Conv2d(8, 4, 1))
    assert found[0] == "2 x (Dropping + shifted Dropping)"


def test_five_of_six():
    found, graph = titles(*(Block(8, 3 * (n % 6 < 5)) for n in range(12)), nn.Conv2d(8, 4, 1))
    assert found[0] == "2 x (5 x shifted Block + Block)"
    shown = picture(graph, opened=True)
    assert [panel.title for panel in shown.panels] == ["5 x shifted Block + Block", "shifted Block", "Block"]
    assert [box.title for box in shown.panels[0].boxes[1:]] == ["5 x shifted Block", "Block"]


def test_equal_blocks_are_not_told_apart():
    found, _ = titles(*(Block(8, 3) for _ in range(4)), nn.Conv2d(8, 4, 1))
    assert found[0] == "4 x Block"


def test_swin():
    pytest.importorskip("torchvision")
    graph = traced("torchvision:swin_t")
    shown = diagram(graph, level="block")
    blocks = [box.title for box in shown.pictures[0].overview.boxes if "SwinTransformerBlock" in box.title]
    pair = "SwinTransformerBlock + shifted SwinTransformerBlock"
    # Liu et al., arXiv 2103.14030, Table 7: 2, 2, 6 and 2 blocks; at 7x7 a window covers everything, and nothing is shifted.
    assert blocks == [pair, pair, f"3 x ({pair})", "2 x SwinTransformerBlock"]
    panels = [panel.title for panel in shown.pictures[0].panels]
    assert panels.count("SwinTransformerBlock") == panels.count("shifted SwinTransformerBlock") == 1


def test_blocks_that_differ_in_their_sizes_are_opened_once_where_there_are_many():
    few = trace(
        nn.Sequential(*(Block(8) for _ in range(2)), nn.Conv2d(8, 12, 1), *(Block(12) for _ in range(2))),
        torch.Size((1, 8, 16, 16)),
    )
    assert len(picture(few, opened=True).panels) == 2
    layers = [layer for width in range(8, 22) for layer in (nn.Conv2d(width - 1, width, 1), Block(width))]
    many = picture(trace(nn.Sequential(*layers), torch.Size((1, 7, 8, 8))), opened=True)
    assert len([panel for panel in many.panels if panel.title == "Block"]) <= 1
    assert (
        any(text.text.startswith("Of blocks that differ") for text in diagram(many.graph, level="block").scene.texts())
        == many.alike
    )


class WithAVeryLongNameThatNobodyWouldGiveToAModuleOfTheirOwnButAToolDoes(Block):
    """A block."""


@pytest.mark.parametrize("direction", ["TB", "LR"])
@pytest.mark.parametrize("level", ["stage", "block"])
def test_a_long_name_is_broken_and_not_cut(level, direction):
    net = nn.Sequential(WithAVeryLongNameThatNobodyWouldGiveToAModuleOfTheirOwnButAToolDoes(8), nn.Conv2d(8, 12, 1), Block(12))
    svg = diagram(trace(net, torch.Size((1, 8, 16, 16))), level=level, direction=direction).svg()
    found = drawn(svg)
    name = type(net[0]).__name__
    assert not any("…" in text for text in found.texts)
    assert name in "".join(found.texts)


def test_lines_fit_and_hold_every_letter():
    for text in (
        "4 x (5 x sliding-window Gemma3DecoderLayer + Gemma3DecoderLayer)",
        "attention, 8 heads, 4096 tokens on 77",
        "x" * 90,
    ):
        lines = fonts.wrapped(text, 11, 90)
        assert all(fonts.width(line, 11) <= 90 for line in lines)
        assert re.sub(r"\s", "", "".join(lines)) == re.sub(r"\s", "", text)
    assert fonts.wrapped("A + B", 11, 90) == ["A + B"]
    assert len(fonts.wrapped("x" * 5000, 11, 90)) == fonts.MOST_LINES


@pytest.mark.parametrize("file", sorted(path.name for path in GALLERY.glob("*.svg")))
def test_no_label_of_the_gallery_is_cut(file):
    assert not any("…" in text for text in drawn((GALLERY / file).read_text(encoding="utf-8")).texts)
