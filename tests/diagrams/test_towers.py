"""Branches that each do much stand side by side; a shortcut or a small head does not make a network one of towers."""

import pytest
import torch
from reading import drawn, traced
from test_conditions import places
from test_truth import check
from torch import nn
from torch.nn import functional as F

from archscope.diagrams.towers import towers
from archscope.diagrams.u_shape import u_shape
from archscope.models.picture_of import diagram
from archscope.tracing.forward_pass import trace


class Tower(nn.Sequential):
    """Three linear layers."""

    def __init__(self, before, after):
        super().__init__(nn.Linear(before, after), nn.ReLU(), nn.Linear(after, after), nn.ReLU(), nn.Linear(after, 16))


class Two(nn.Module):
    """Two towers that meet."""

    def __init__(self, second=24):
        super().__init__()
        self.a, self.b, self.out = Tower(12, 24), Tower(8, second), nn.Linear(32, 2)

    def forward(self, x, y):
        return self.out(torch.cat([self.a(x), self.b(y)], 1))


class Twins(nn.Module):
    """One tower that looks at two things."""

    def __init__(self):
        super().__init__()
        self.tower, self.out = Tower(12, 24), nn.Linear(16, 1)

    def forward(self, x, y):
        return self.out((self.tower(x) - self.tower(y)).abs())


class Crossed(nn.Module):
    """What joins the two is joined with the second again: no series and branches."""

    def __init__(self):
        super().__init__()
        self.a, self.b, self.mix, self.out = Tower(12, 24), Tower(8, 24), nn.Linear(32, 16), nn.Linear(32, 2)

    def forward(self, x, y):
        a, b = self.a(x), self.b(y)
        return self.out(torch.cat([self.mix(torch.cat([a, b], 1)), b], 1))


def show(net, *shapes):
    graph = trace(net, *(torch.Size(shape) for shape in shapes))
    check(graph)
    shown = diagram(graph)
    panel = shown.pictures[0].overview
    boxes, arrows = places(shown.svg())
    assert sorted(drawn(shown.svg()).edges) == sorted(panel.flow)
    assert set(arrows) == set(panel.flow)
    for a, (ax0, ay0, ax1, ay1) in boxes.items():
        for b, (bx0, by0, bx1, by1) in boxes.items():
            assert a == b or ax1 <= bx0 or bx1 <= ax0 or ay1 <= by0 or by1 <= ay0
    return panel, boxes


@pytest.mark.parametrize("net", [Two, Twins, Crossed])
def test_two_towers_stand_side_by_side(net):
    panel, boxes = show(net(), (1, 12), (1, 12 if net is Twins else 8))
    assert towers(panel) is not None
    both = [box.id for box in panel.boxes if box.label.startswith("Tower")]
    assert len(both) == 2
    (left, right), last = both, panel.boxes[-1].id
    assert boxes[left][2] < boxes[right][0]
    assert boxes[left][1] < boxes[right][3]
    assert boxes[right][1] < boxes[left][3]  # at one height
    assert max(boxes[left][3], boxes[right][3]) < boxes[last][1]


def test_every_box_says_what_leaves_it_and_what_it_costs():
    shown = diagram(trace(Two(), torch.Size((1, 12)), torch.Size((1, 8))))
    texts = drawn(shown.svg()).texts
    params, macs = 12 * 24 + 24 + 24 * 24 + 24 + 24 * 16 + 16, 12 * 24 + 24 * 24 + 24 * 16
    assert f"{params / 1000:.2f} K · {macs / 1000:.2f} K" in texts
    assert "16" in texts


class Shortcut(nn.Module):
    def __init__(self):
        super().__init__()
        self.a, self.b, self.out = Tower(16, 64), nn.Linear(16, 16), nn.Linear(16, 2)

    def forward(self, x):
        return self.out(self.a(x) + self.b(x))


def test_a_small_branch_is_no_tower():
    panel, _ = show(Shortcut(), (1, 16))  # 16 x 16 of 64 x (16 + 64 + 16) + 16 x 16 + 16 x 2
    assert towers(panel) is None


@pytest.mark.parametrize("name", ["inception_v4", "resnet50", "googlenet", "lenet5", "vgg16"])
def test_the_networks_of_the_zoo_are_chains(name):
    assert towers(diagram(traced(name)).pictures[0].overview) is None


def test_clip_has_two_towers():
    pytest.importorskip("transformers")
    panel = diagram(traced("hf:clip")).pictures[0].overview
    assert towers(panel) is not None
    assert [box.title for box in panel.boxes if "CLIPEncoderLayer" in box.title] == ["12 x CLIPEncoderLayer"] * 2


class Hourglass(nn.Module):
    """Newell, Yang and Deng, arXiv 1603.06937: what is handed over goes through one more block."""

    def __init__(self, depth, over_first):
        super().__init__()
        self.over, self.down, self.up = (nn.Sequential(nn.Conv2d(8, 8, 3, padding=1), nn.Conv2d(8, 8, 1)) for _ in range(3))
        self.inner = Hourglass(depth - 1, over_first) if depth > 1 else nn.Conv2d(8, 8, 3, padding=1)
        self.over_first = over_first

    def forward(self, x):
        over = self.over(x) if self.over_first else None
        y = F.interpolate(self.up(self.inner(self.down(F.max_pool2d(x, 2)))), scale_factor=2)
        return (over if over is not None else self.over(x)) + y


@pytest.mark.parametrize("over_first", [False, True])
def test_an_hourglass_goes_down_and_up_with_a_block_on_each_skip(over_first):
    panel, boxes = show(nn.Sequential(nn.Conv2d(3, 8, 3, padding=1), Hourglass(2, over_first)), (1, 3, 32, 32))
    found = u_shape(panel)
    assert len(found.skips) == len(found.between) == 2
    for (a, b), over in found.between.items():
        assert boxes[a][2] < boxes[over][0]
        assert boxes[over][2] < boxes[b][0]
        assert len({(boxes[at][1] + boxes[at][3]) / 2 for at in (a, over, b)}) == 1  # level
        assert panel.boxes[a].shape == panel.boxes[over].shape == panel.boxes[b].shape
