"""What conditions many blocks is marked by letters, and stands in the way of no layout; what a network gathers again is a skip.

The picture is read back off the SVG: where boxes lie, which lines are level.
"""

import re
from xml.etree import ElementTree

import pytest
import torch
from reading import SVG, drawn, traced
from test_truth import check
from torch import nn
from torch.nn import functional as F

from archscope.diagrams.composition import picture
from archscope.diagrams.u_shape import u_shape
from archscope.models.picture_of import diagram
from archscope.tracing.forward_pass import trace

WIDTH = 8


class Step(nn.Module):
    """A convolution that the embedding of a time step, and a text, have a say in."""

    def __init__(self, before, after, with_text):
        super().__init__()
        self.conv, self.time = nn.Conv2d(before, after, 3, padding=1), nn.Linear(WIDTH, after)
        self.text = nn.Linear(WIDTH, after) if with_text else None

    def forward(self, x, time, text):
        y = self.conv(x) + self.time(time)[:, :, None, None]
        if self.text is not None:
            y = y + self.text(text).mean(1)[:, :, None, None]
        return y.relu()


class Diffusion(nn.Module):
    """A U-Net of `depth` steps down and up, each of which reads the time step and, with `with_text`, a text."""

    def __init__(self, depth=3, with_text=False):
        super().__init__()
        widths = [WIDTH * 2**n for n in range(depth + 1)]
        self.embed = nn.Sequential(nn.Linear(WIDTH, WIDTH), nn.SiLU(), nn.Linear(WIDTH, WIDTH))
        self.first = nn.Conv2d(3, WIDTH, 3, padding=1)
        self.down = nn.ModuleList(Step(a, b, with_text) for a, b in zip([WIDTH, *widths[:-2]], widths[:-1], strict=True))
        self.middle = Step(widths[-2], widths[-1], with_text)
        self.up = nn.ModuleList(Step(3 * a, a, with_text) for a in widths[:-1])
        self.last = nn.Conv2d(WIDTH, 3, 1)

    def forward(self, x, time, text=None):
        time, seen = self.embed(time), []
        x = self.first(x)
        for step in self.down:
            seen.append(step(x, time, text))
            x = F.max_pool2d(seen[-1], 2)
        x = self.middle(x, time, text)
        for step in reversed(self.up):
            x = step(torch.cat([seen.pop(), F.interpolate(x, scale_factor=2)], 1), time, text)
        return self.last(x)


def places(svg):
    """Left, top, right and bottom of each box, and the corners of each arrow, off the SVG."""
    boxes, arrows = {}, {}
    for group in ElementTree.fromstring(svg).iter(f"{SVG}g"):
        path = group.find(f"{SVG}path")
        numbers = [float(v) for v in re.findall(r"-?\d+(?:\.\d+)?", path.get("d"))] if path is not None else []
        if group.get("class") == "box":
            boxes[int(group.get("data-box"))] = (min(numbers[::2]), min(numbers[1::2]), max(numbers[::2]), max(numbers[1::2]))
        elif group.get("class") == "edge" and not group.get("data-condition"):
            arrows[int(group.get("data-from")), int(group.get("data-to"))] = list(zip(numbers[::2], numbers[1::2], strict=True))
    return boxes, arrows


@pytest.mark.parametrize("with_text", [False, True])
def test_a_network_with_conditions_goes_down_and_up_in_two_columns(with_text):
    shapes = [(1, 3, 64, 64), (1, WIDTH), *([(1, 5, WIDTH)] if with_text else [])]
    graph = trace(Diffusion(with_text=with_text), *(torch.Size(shape) for shape in shapes))
    check(graph)
    shown = diagram(graph)
    panel = shown.pictures[0].overview
    steps = [box.id for box in panel.boxes if box.label == "Step"]
    assert len(steps) == 7
    time = next(one for one in panel.conditions if one.source != 0)
    assert list(time.readers) == steps
    assert panel.boxes[time.source].shape == str(WIDTH)
    texts = [one for one in panel.conditions if one.source == 0]
    assert [list(one.readers) for one in texts] == [steps] * with_text
    found = u_shape(panel)
    assert [(panel.boxes[a].label, panel.boxes[b].label) for a, b in found.skips] == [("Step", "filter concat")] * 3
    boxes, arrows = places(shown.svg())
    assert all(boxes[a][2] < boxes[b][0] for a, b in found.skips)  # encoder left, decoder right
    assert all(arrows[skip][0][1] == arrows[skip][-1][1] for skip in found.skips)  # level
    lowest = max(boxes, key=lambda box: boxes[box][3])
    assert lowest == found.bottom
    assert panel.boxes[lowest].shape.startswith("8x8x")
    assert all(boxes[found.skips[0][0]][0] > boxes[box][2] for box in panel.aside)  # aside of the encoder
    assert sorted(drawn(shown.svg()).edges) == sorted(
        {*panel.flow, *((time.source, to) for to in steps), *((0, to) for one in texts for to in steps)}
    )


def test_a_condition_is_named_once_and_marked_at_its_readers():
    graph = trace(Diffusion(), torch.Size((1, 3, 64, 64)), torch.Size((1, WIDTH)))
    for direction in ("TB", "LR"):
        shown = diagram(graph, direction=direction)
        texts = drawn(shown.svg()).texts
        panel = shown.pictures[0].overview
        assert texts.count("a") == 1 + len(panel.conditions[0].readers) == 8
        assert sum(f"a: {panel.conditions[0].name}, {WIDTH}" in text for text in texts) == 1


class Dense(nn.Module):
    """Every layer reads what all before it have made."""

    def __init__(self):
        super().__init__()
        self.layers = nn.ModuleList(nn.Conv2d(WIDTH * n, WIDTH, 3, padding=1) for n in range(1, 7))

    def forward(self, x):
        seen = [x]
        for layer in self.layers:
            seen.append(layer(torch.cat(seen, 1)))
        return seen[-1]


class Pyramid(nn.Module):
    """An image that is read again at each of four scales: there is nothing beside it."""

    def __init__(self):
        super().__init__()
        self.layers = nn.ModuleList(nn.Conv2d(3 + WIDTH * (n > 0), WIDTH, 3, 2, 1) for n in range(4))

    def forward(self, x):
        y = self.layers[0](x)
        for n, layer in enumerate(self.layers[1:], 1):
            y = layer(torch.cat([y, F.avg_pool2d(x, 2**n)], 1))
        return y


@pytest.mark.parametrize("net", [Dense, Pyramid])
def test_what_is_no_condition(net):
    panel = picture(trace(net(), torch.Size((1, WIDTH if net is Dense else 3, 32, 32)))).overview
    assert panel.conditions == ()
    assert panel.flow == panel.edges


def test_a_condition_keeps_its_letter_in_the_blocks_that_are_opened():
    shapes = [(1, 3, 64, 64), (1, WIDTH), (1, 5, WIDTH)]
    shown = picture(trace(Diffusion(with_text=True), *(torch.Size(shape) for shape in shapes)), opened=True)
    names = {one.mark: one.name for one in shown.overview.conditions}
    assert sorted(names.values()) == ["2 linear, 8", "text"]
    for panel in (panel for panel in shown.panels if panel.title == "Step"):
        readers = {names[one.mark]: [panel.boxes[box].label for box in one.readers] for one in panel.conditions}
        assert sorted(readers) == ["2 linear, 8", "text"]
        assert all(label.startswith("linear") for labels in readers.values() for label in labels)
        assert "5" not in panel.shapes[0].split("x")  # the text is no part of what the block works on


def test_a_mask_that_every_layer_reads_is_a_condition():
    class Masked(nn.Module):
        def __init__(self):
            super().__init__()
            self.layers = nn.ModuleList(
                nn.Linear(WIDTH, WIDTH + n) if not n else nn.Linear(WIDTH + n - 1, WIDTH + n) for n in range(5)
            )

        def forward(self, x, mask):
            for layer in self.layers:
                x = layer(x).relu() * mask
            return x

    panel = picture(trace(Masked(), torch.Size((1, 6, WIDTH)), torch.Size((1, 6, 1)))).overview
    assert [(one.mark, one.source, one.name) for one in panel.conditions] == [("a", 0, "mask")]
    assert len(panel.conditions[0].readers) == 5


@pytest.mark.parametrize("name", ["hf:UNet2DModel", "hf:UNet2DConditionModel"])
def test_the_u_nets_of_diffusers(name):
    pytest.importorskip("diffusers")
    graph = traced(name)
    check(graph)
    shown = diagram(graph)
    panel = shown.pictures[0].overview
    found = u_shape(panel)
    boxes, arrows = places(shown.svg())
    labels = [(panel.boxes[a].label, panel.boxes[b].label) for a, b in found.skips]
    assert len(labels) == 4
    assert all("Down" in a and "Up" in b for a, b in labels)
    assert "Mid" in panel.boxes[found.bottom].label
    assert all(arrows[skip][0][1] == arrows[skip][-1][1] for skip in found.skips)
    assert all(boxes[a][2] < boxes[b][0] for a, b in (*found.skips, *found.others))
    assert "TimestepEmbedding" in [one.name for one in panel.conditions]
