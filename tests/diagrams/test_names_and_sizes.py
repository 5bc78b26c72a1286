"""What a picture says of resolutions, inputs and modules: what is true, by names, none of them cut."""

import re
from xml.etree import ElementTree

import pytest
import torch
from reading import SVG, drawn
from test_truth import check
from torch import nn

from archscope.diagrams import text_width as fonts
from archscope.diagrams.composition import picture
from archscope.models.loading import load
from archscope.models.picture_of import diagram
from archscope.tables.shapes import shapes_table
from archscope.tracing.forward_pass import trace


class Pyramid(nn.Module):
    """Lin et al., arXiv 1612.03144: maps of three sizes, each with what the smaller ones say added, and one more of the smallest."""

    def __init__(self):
        super().__init__()
        self.inner, self.outer = (nn.ModuleList(nn.Conv2d(8, 8, k, padding=k // 2) for _ in range(3)) for k in (1, 3))

    def forward(self, maps):
        y, found = None, []
        for inner, outer, x in zip(self.inner, self.outer, reversed(maps), strict=True):
            x = inner(x)
            y = x if y is None else x + nn.functional.interpolate(y, scale_factor=2)
            found.append(outer(y))
        return [*reversed(found), nn.functional.max_pool2d(found[0], 1, 2)]


class Detector(nn.Module):
    def __init__(self):
        super().__init__()
        self.steps = nn.ModuleList(
            nn.Sequential(nn.Conv2d(8, 8, 3, 2, 1), nn.ReLU(), nn.Conv2d(8, 8, 3, padding=1)) for _ in range(3)
        )
        self.pyramid, self.head = Pyramid(), nn.Conv2d(8, 4, 1)

    def forward(self, x):
        maps = []
        for step in self.steps:
            x = step(x)
            maps.append(x)
        return [self.head(y) for y in self.pyramid(maps)]


def test_a_pyramid_that_hands_on_the_largest_map_lowers_no_resolution():
    boxes = picture(trace(Detector(), torch.Size((1, 8, 64, 64))), opened=True).overview.boxes
    kind = {box.label: box.kind for box in boxes}
    assert kind["Pyramid"] == "block"


def test_inputs_are_called_by_their_names():
    class Two(nn.Module):
        def forward(self, image, words):
            return image.mean() + words.float().mean()

    shown = diagram(trace(Two(), torch.Size((1, 3, 8, 8)), words=torch.zeros(1, 5, dtype=torch.int64)))
    texts = drawn(shown.svg()).texts
    assert any(text.endswith("inputs image: 8x8x3, words: 5") for text in texts)
    assert {"image: 8x8x3", "words: 5"} <= set(texts)


@pytest.mark.parametrize("direction", ["TB", "LR"])
def test_a_frame_of_operators_is_as_wide_as_its_name(direction):
    class Named(nn.Module):
        def __init__(self):
            super().__init__()
            self.a_name_that_is_much_longer_than_the_boxes_of_its_operators = nn.Sequential(nn.Linear(4, 4), nn.ReLU())

        def forward(self, x):
            return self.a_name_that_is_much_longer_than_the_boxes_of_its_operators(x)

    svg = diagram(trace(Named(), torch.Size((1, 4))), level="op", direction=direction).svg()
    name = "a_name_that_is_much_longer_than_the_boxes_of_its_operators"
    assert name in drawn(svg).texts
    frame = next(g for g in ElementTree.fromstring(svg).iter(f"{SVG}g") if name in "".join(g.itertext()))
    across = [float(x) for x in re.findall(r"[ML](-?[\d.]+) ", frame.find(f"{SVG}path").get("d"))]
    assert max(across) - min(across) >= fonts.width(name, 6.0)


def test_what_only_python_looks_at_is_no_box():
    class Masked(nn.Module):
        def __init__(self):
            super().__init__()
            self.inside, self.out = nn.Linear(8, 16), nn.Linear(16, 4)

        def forward(self, x, mask):
            y = self.inside(x)
            if mask.all() and y.sum() > 1:
                return self.out(y)
            return self.out(y) * 2

    graph = trace(Masked(), torch.rand(1, 5, 8), torch.ones(1, 5, dtype=torch.bool))
    check(graph)
    assert any(node.name == "_local_scalar_dense" for node in graph.nodes)
    assert [box.label for box in picture(graph).overview.boxes if box.kind != "linear"][:1] == ["Input"]
    assert [box.label for box in picture(graph).overview.boxes][1:3] == ["linear, 16", "linear, 4"]


def test_vectors_that_positions_are_added_to_are_tokens_wherever_the_batch_is():
    class Positions(nn.Module):
        def __init__(self):
            super().__init__()
            self.positions = nn.Parameter(torch.empty(1, 6, 16))
            self.layer = nn.TransformerEncoderLayer(16, 2, 32)  # the batch second

        def forward(self, x):
            return self.layer((x + self.positions).transpose(0, 1))

    shown = picture(trace(Positions(), torch.Size((1, 6, 16))), opened=True)
    assert shown.overview.boxes[0].shape == "6 tokens x 16"
    assert {shape for panel in shown.panels for shape in panel.shapes} == {"6 tokens x 16"}


class Heads(nn.Module):
    """Attention between functions, without a module of its own around it."""

    def __init__(self):
        super().__init__()
        self.qkv, self.out = nn.Linear(24, 72), nn.Linear(24, 24)

    def forward(self, x):
        q, k, v = self.qkv(x).unflatten(-1, (3, 3, 8)).permute(2, 0, 3, 1, 4)
        return self.out(nn.functional.scaled_dot_product_attention(q, k, v).transpose(1, 2).flatten(2))


def test_what_attention_leaves_has_all_heads_side_by_side():
    boxes = picture(trace(Heads(), torch.Size((1, 10, 24)))).overview.boxes
    assert [box.shape for box in boxes] == ["10 tokens x 24", "10 tokens x 72", "10 tokens x 24", "10 tokens x 24"]


class Aligned(nn.Module):
    """A point cloud [n, 3, points], turned by a matrix that is made of it: Qi et al. 2017, section 4.2."""

    def __init__(self):
        super().__init__()
        self.look, self.matrix, self.conv = nn.Conv1d(3, 16, 1), nn.Linear(16, 9), nn.Conv1d(3, 8, 1)

    def forward(self, points):
        matrix = self.matrix(self.look(points).amax(-1)).unflatten(-1, (3, 3))
        return self.conv(matrix @ points)


def test_what_a_convolution_of_signals_reads_has_its_channels_first():
    graph = trace(Aligned(), torch.Size((1, 3, 100)))
    boxes = {box.title: box for box in picture(graph).overview.boxes}
    assert boxes["matmul"].shape == "100x3"
    page = diagram(graph).svg()
    assert ">matrix product<" in page
    assert ">attention<" not in page


@pytest.mark.parametrize(("first", "said"), [(nn.Conv3d(4, 2, 1), "6x10x12x4"), (nn.Flatten(0, 1), "4x10x12x6")])
def test_maps_in_a_row_are_not_the_channels_of_a_volume(first, said):
    """[n, c, d, h, w] where a window of three dimensions slides over it, else frames [n, t, c, h, w]."""
    boxes = picture(trace(nn.Sequential(first, nn.ReLU()), torch.Size((1, 4, 6, 10, 12)))).overview.boxes
    assert boxes[0].shape == said


class Resized(nn.Module):
    def __init__(self, factor):
        super().__init__()
        self.factor, self.conv = factor, nn.Conv2d(3, 8, 3, padding=1)

    def forward(self, x):
        return self.conv(nn.functional.interpolate(x, scale_factor=self.factor, mode="bilinear"))


@pytest.mark.parametrize(("factor", "word"), [(2, "upsample"), (0.5, "resize"), ((2, 0.5), "resize")])
def test_only_what_becomes_larger_is_upsampled(factor, word):
    graph = trace(Resized(factor), torch.Size((1, 3, 16, 16)))
    assert picture(graph).overview.boxes[1].label == word
    assert [row.values["kind"] for row in shapes_table(graph).rows][1] == word


class Pair(nn.Module):
    """Both images through one block, one behind the other along the batch; then their channels side by side."""

    def __init__(self):
        super().__init__()
        self.block = Lowering()
        self.last = nn.Conv2d(16, 2, 1)

    def forward(self, one, other):
        one, other = self.block(torch.cat([one, other])).chunk(2)
        return self.last(torch.cat([one, other], 1))


class Lowering(nn.Module):
    def __init__(self):
        super().__init__()
        self.a, self.b = nn.Conv2d(3, 8, 3, 2, 1), nn.Conv2d(8, 8, 3, padding=1)

    def forward(self, x):
        return self.b(self.a(x).relu())


@pytest.mark.parametrize("batch", [1, 3])
def test_examples_behind_one_another_are_no_filters_side_by_side(batch):
    boxes = picture(trace(Pair(), *[torch.Size((batch, 3, 40, 24))] * 2)).overview.boxes
    assert [(box.label, box.shape, box.kind) for box in boxes[1:]] == [
        ("batch concat", f"{2 * batch}x40x24x3", "join"),
        ("Lowering", f"{2 * batch}x20x12x8", "downsampling block"),
        ("filter concat", "20x12x16", "join"),
        ("1x1 conv, 2", "20x12x2", "convolution"),
    ]


class Last(nn.Module):
    """Channels last: N x H x W x C."""

    def __init__(self, dims, norm=True):
        super().__init__()
        self.dims, self.layer, self.norm = dims, nn.Linear(3, 8), nn.LayerNorm(8) if norm else nn.Identity()
        self.head = nn.LazyLinear(10)

    def forward(self, x):
        return self.head(self.norm(self.layer(x)).mean(self.dims))


@pytest.mark.parametrize("norm", [True, False])
@pytest.mark.parametrize(
    ("shape", "dims", "label"),
    [
        ((7, 7, 3), (1, 2), "global average pool"),
        ((6, 4, 3), (1, 2), "global average pool"),
        ((6, 4, 3), (-3, -2), "global average pool"),
        ((2, 6, 4, 3), (1, 2, 3), "global average pool"),
        ((6, 4, 3), 1, "mean"),
        ((6, 4, 3), (1, 3), "mean"),
    ],
)
def test_a_mean_over_all_places_is_a_pooling_wherever_the_channels_are(shape, dims, label, norm):
    boxes = picture(trace(Last(dims, norm), torch.Size((1, *shape)))).overview.boxes
    found = next(box for box in boxes if box.label in ("mean", "global average pool"))
    assert (found.label, found.kind == "pooling") == (label, label != "mean")


class Complement(nn.Module):
    """Lets through what a gate does not."""

    def __init__(self):
        super().__init__()
        self.gate, self.last = nn.Linear(8, 8), nn.Linear(8, 8)

    def forward(self, x):
        return self.last(x * (1 - self.gate(x).sigmoid()))


def test_a_number_that_something_is_taken_from_or_multiplied_with_is_said():
    assert "1 − x" in [box.label for box in picture(trace(Complement(), torch.Size((1, 8)))).overview.boxes]
    # Brock et al. 2021: what squeeze and excitation lets through is doubled, so that its variance stays.
    assert "× 2" in drawn(diagram(load("timm:nfnet_f0").trace(), level="block").svg()).texts
