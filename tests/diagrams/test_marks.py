"""What stands behind a convolution, in few words: its norm and its activation function, where they are not the usual ones. The
legend explains every mark that occurs, and no other.
"""

import pytest
import torch
from reading import drawn, traced
from torch import nn
from torch.nn import functional as F

from archscope.diagrams.composition import picture
from archscope.diagrams.page import notes
from archscope.diagrams.terminal_tree import tree
from archscope.models.loading import load
from archscope.models.picture_of import diagram
from archscope.tables.shapes import shapes_table
from archscope.tracing.forward_pass import trace

WIDE = 8


def conv(norm=None, activation=None, **options):
    """A convolution with what stands behind it."""
    behind = [layer for layer in (norm and norm(WIDE), activation and activation()) if layer is not None]
    return [nn.Conv2d(WIDE, WIDE, 3, **{"padding": 1, **options}), *behind]


def net(*layers):
    return nn.Sequential(*(layer for part in layers for layer in part), nn.MaxPool2d(2))


def seen(module, size=(1, WIDE, 16, 16)):
    """The marks of the convolutions, and the legend."""
    shown = picture(trace(module, torch.Size(size)))
    return [box.mark for box in shown.overview.boxes if box.kind == "convolution" for _ in range(box.count)], notes(shown)


USUAL = [conv(nn.BatchNorm2d, nn.ReLU) for _ in range(4)]


@pytest.mark.parametrize(
    ("behind", "mark"),
    [
        ((nn.BatchNorm2d, nn.ReLU), ""),
        ((nn.BatchNorm2d, None), "linear"),
        ((nn.BatchNorm2d, nn.SiLU), "silu"),
        ((None, nn.ReLU), "no bn"),
        ((None, None), "no bn, linear"),
        ((None, nn.SiLU), "no bn, silu"),
        ((nn.InstanceNorm2d, nn.ReLU), "in"),
        ((nn.InstanceNorm2d, None), "in, linear"),
    ],
)
def test_a_mark_says_all_that_is_unusual(behind, mark):
    marks, legend = seen(net(*USUAL, conv(*behind)))
    assert marks == ["", "", "", "", mark]
    assert legend[0].startswith("conv: convolution, batch norm, relu, unless marked.")
    assert ("linear: no activation function." in legend[0]) == ("linear" in mark)
    assert ("no bn: no batch norm." in legend[0]) == ("no bn" in mark)
    assert ("in: instance norm." in legend[0]) == (mark.startswith("in"))


def test_where_most_have_no_norm_one_that_has_says_so():
    marks, legend = seen(net(*(conv(None, nn.GELU) for _ in range(4)), conv(nn.BatchNorm2d), conv(nn.BatchNorm2d, nn.GELU)))
    assert marks == ["", "", "", "", "bn, linear", "bn"]
    assert legend[0] == "conv: convolution, gelu, unless marked. linear: no activation function. bn: batch norm."


def test_where_nothing_is_usual_a_convolution_stands_alone():
    marks, legend = seen(net(conv(), conv(), conv(), conv(nn.BatchNorm2d, nn.ReLU)))
    assert marks == ["", "", "", "bn, relu"]
    assert legend[0] == "conv: convolution alone, unless marked. bn: batch norm."


@pytest.mark.parametrize(
    ("options", "mark", "said"),
    [
        ({"stride": 4}, "/4", "/4: stride 4."),
        ({"stride": (1, 2)}, "/1x2", "/1x2: stride 1x2, axis by axis."),
        ({"padding": 0}, "V", "V: no padding."),
        ({"padding": 2}, "p2", "p2: padding 2."),
        ({"padding": (0, 1)}, "p0x1", "p0x1: padding 0x1, axis by axis."),
        ({"dilation": 2, "padding": 2}, "d2", "d2: dilation 2."),
        ({"groups": 2}, "g2", "g2: 2 groups."),
    ],
)
def test_every_sign_of_a_window_that_occurs_is_explained(options, mark, said):
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv, self.last = nn.Sequential(*conv(**options)), nn.Linear(4, 4)

        def forward(self, x):
            return self.conv(x)

    graph = trace(Net(), torch.Size((1, WIDE, 16, 16)))
    shown = picture(graph)
    assert [box.mark for box in shown.overview.boxes[1:]] == [mark]
    assert notes(shown)[0] == said
    assert said in shapes_table(graph).notes[0]
    for level in ("stage", "op"):
        assert said in " ".join(drawn(diagram(graph, level=level).svg()).texts)


def test_a_legend_has_no_sign_that_does_not_occur():
    graph = trace(nn.Sequential(*conv(nn.BatchNorm2d), nn.Flatten(), nn.Linear(WIDE * 256, 4)), torch.Size((1, WIDE, 16, 16)))
    assert notes(picture(graph)) == ["conv: convolution, batch norm, unless marked."]
    alone = trace(nn.Linear(4, 4), torch.Size((1, 4)))
    assert notes(picture(alone)) == []
    assert "window" not in shapes_table(alone).notes[0]


def test_where_every_convolution_is_marked_none_is_said_to_be_usual():
    class Two(nn.Module):
        def __init__(self):
            super().__init__()
            self.usual, self.block = net(*(conv(None, nn.ReLU) for _ in range(4))), Block()

        def forward(self, x):
            return self.block(self.usual(x))

    class Block(nn.Module):
        def __init__(self):
            super().__init__()
            self.one, self.two = nn.Conv2d(WIDE, WIDE, 1), nn.Conv2d(WIDE, WIDE, 1)

        def forward(self, x):
            return x + F.silu(self.two(self.one(x)))

    graph = trace(Two(), torch.Size((1, WIDE, 16, 16)))
    texts = drawn(diagram(graph, block="Block").svg()).texts
    assert "linear: no activation function." in texts


def test_side_by_side_each_network_says_what_its_convolutions_are():
    pair = [trace(net(*(conv(norm, nn.ReLU) for _ in range(3))), torch.Size((1, WIDE, 16, 16)), name=name)
            for norm, name in ((nn.BatchNorm2d, "One"), (nn.InstanceNorm2d, "Other"))]  # fmt: skip
    said = " ".join(drawn(diagram(pair).svg()).texts)
    assert "One: conv: convolution, batch norm, relu, unless marked." in said
    assert "Other: conv: convolution, instance norm, relu, unless marked." in said


# -- instance norms -----------------------------------------------------------------------------------------------------------


class Functional(nn.Module):
    def forward(self, x):
        return F.instance_norm(x)


NORMS = {
    "module": lambda: nn.InstanceNorm2d(WIDE),
    "affine": lambda: nn.InstanceNorm2d(WIDE, affine=True),
    "with statistics": lambda: nn.InstanceNorm2d(WIDE, track_running_stats=True),
    "function": Functional,
}


@pytest.mark.parametrize("batch", [1, 2])
@pytest.mark.parametrize("mode", ["eval", "train"])
@pytest.mark.parametrize("name", NORMS)
def test_an_instance_norm_is_one(name, mode, batch):
    module = nn.Sequential(nn.MaxPool2d(2), NORMS[name](), *conv(), NORMS[name](), nn.ReLU())
    graph = trace(module, torch.Size((batch, WIDE, 16, 16)), mode=mode)
    shown = picture(graph)
    assert [(box.title, box.mark, box.shape) for box in shown.overview.boxes[2:]] == [
        ("instance norm", "", f"8x8x{WIDE}"), (f"3x3 conv, {WIDE}", "", f"8x8x{WIDE}"),
    ]  # fmt: skip
    assert notes(shown)[0] == "conv: convolution, instance norm, relu, unless marked."
    kinds = " ".join(str(row.values["kind"]) for row in shapes_table(graph).rows)
    assert "bn" not in kinds
    assert "in" in kinds.split() or "InstanceNorm2d" in kinds
    assert "batch norm" not in " ".join(drawn(diagram(graph, level="op").svg()).texts)


@pytest.mark.parametrize("batch", [1, 2])
@pytest.mark.parametrize("mode", ["eval", "train"])
def test_a_batch_norm_by_the_statistics_of_its_batch_is_none(mode, batch):
    class Viewed(nn.Module):  # the same shapes as an instance norm's, with one example
        def __init__(self):
            super().__init__()
            self.conv, self.norm = nn.Conv2d(WIDE, WIDE, 3, padding=1), nn.BatchNorm2d(WIDE, track_running_stats=False)

        def forward(self, x):
            return F.batch_norm(self.norm(self.conv(x).view(x.shape)), None, None, training=True)

    graph = trace(Viewed(), torch.Size((batch, WIDE, 8, 8)), mode=mode)
    assert "in" not in [word for row in shapes_table(graph).rows for word in str(row.values["kind"]).split()]


# -- what decides, and what conditions ----------------------------------------------------------------------------------------


def test_the_terminal_names_the_boxes_that_a_picture_has_letters_for():
    graph = traced("hf:t5")
    shown = diagram(graph, level="block").pictures[0]
    assert any("with this letter" in note for note in notes(shown))
    said = [str(line.label) for line in tree(shown).children]
    assert not any("with this letter" in line for line in said)
    assert any("goes into" in line for line in said)


def test_the_sign_of_what_data_decide_is_explained_where_it_stands():
    class Chosen(nn.Module):
        def __init__(self):
            super().__init__()
            self.layer, self.after = nn.Linear(4, 4), nn.Linear(4, 4)

        def forward(self, x):
            y = self.layer(x)
            found = y[y[:, 0] > 0]
            return self.after(found) if self.counted else found

    for counted in (True, False):
        Chosen.counted = counted
        shown = picture(trace(Chosen(), torch.Size((8, 4))))
        head, said = diagram(shown.graph).scene, " ".join(notes(shown))
        assert "depend" in said
        assert ("~:" in said) == any("~" in text.text for text in head.texts() if "MACs" in text.text) == counted


def test_blocks_of_one_type_that_differ_are_said_to():
    """Chen et al. 2017: the first block of a dual path network's stage has a stride and a projection, and each is wider."""
    shown = picture(load("timm:dpn68").trace())
    assert any(box.count > 1 and not box.equal for box in shown.overview.boxes)
    assert "N x DualPathBlock: of one type, not all alike." in notes(shown)
    assert not any("not all alike" in note for note in notes(picture(load("inception_v4").trace())))
