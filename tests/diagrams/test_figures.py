"""The opened blocks against the figures of the papers, read off the drawn SVG.

Szegedy, Ioffe, Vanhoucke and Alemi, "Inception-v4, Inception-ResNet and the Impact of Residual Connections on Learning",
arXiv 1602.07261. A way is what stands on one line from the block's input (or from the last join) to the next "Filter concat" or
"+". `/2` is the figures' "stride 2", `V` their V. Where a figure contradicts the sizes beside it, a comment says what was taken.
"""

import pytest
from reading import drawn, joins, traced

from archscope.models.picture_of import diagram

V4 = ("inception_v4", ("factors", "paper"))
IRV1 = ("inception_resnet_v1",)
IRV2 = ("inception_resnet_v2_paper",)


def ways(*lines):
    return sorted(tuple(step.strip() for step in line.split("|") if step.strip()) for line in lines)


def block(network, name):
    """The joins of a block; of its marks those that the figures have: they say nothing of norms."""
    found = joins(drawn(diagram(traced(*network), block=name).svg()))
    return [(label, [tuple(step.replace("no bn, ", "") for step in way) for way in found_ways]) for label, found_ways in found]


STEM = [  # Fig. 3; its last convolution must have stride 2 to come from 71x71 to 35x35
    ("filter concat", ways(
        "3x3 conv, 32 /2 V | 3x3 conv, 32 V | 3x3 conv, 64 | 3x3 max pool /2 V",
        "3x3 conv, 32 /2 V | 3x3 conv, 32 V | 3x3 conv, 64 | 3x3 conv, 96 /2 V",
    )),
    ("filter concat", ways(
        "1x1 conv, 64 | 3x3 conv, 96 V",
        "1x1 conv, 64 | 7x1 conv, 64 | 1x7 conv, 64 | 3x3 conv, 96 V",
    )),
    ("filter concat", ways("3x3 conv, 192 /2 V", "3x3 max pool /2 V")),
]  # fmt: skip


def reduction_a(k, l, m, n):  # noqa: E741
    """Fig. 7, with the numbers of Table 1."""
    return [("filter concat", ways(
        "3x3 max pool /2 V",
        f"3x3 conv, {n} /2 V",
        f"1x1 conv, {k} | 3x3 conv, {l} | 3x3 conv, {m} /2 V",
    ))]  # fmt: skip


def residual(branches, linear):
    """Figs 10 to 19: branches, concatenation, a linear 1x1 convolution, and the sum with the block's input."""
    return [("filter concat", ways(*branches)), ("+ relu", sorted([(), (f"1x1 conv, {linear} linear",)]))]


FIGURES = {
    "fig 3": (V4, "stem", STEM),
    "fig 4": (V4, "Inception-A", [("filter concat", ways(
        "3x3 average pool | 1x1 conv, 96",
        "1x1 conv, 96",
        "1x1 conv, 64 | 3x3 conv, 96",
        "1x1 conv, 64 | 3x3 conv, 96 | 3x3 conv, 96",
    ))]),
    "fig 5": (V4, "Inception-B", [("filter concat", ways(
        "3x3 average pool | 1x1 conv, 128",
        "1x1 conv, 384",
        "1x1 conv, 192 | 1x7 conv, 224 | 7x1 conv, 256",  # the figure prints 1x7 twice
        "1x1 conv, 192 | 1x7 conv, 192 | 7x1 conv, 224 | 1x7 conv, 224 | 7x1 conv, 256",
    ))]),
    "fig 6": (V4, "Inception-C", [("filter concat", ways(
        "3x3 average pool | 1x1 conv, 256",
        "1x1 conv, 256",
        "1x1 conv, 384 | 1x3 conv, 256",
        "1x1 conv, 384 | 3x1 conv, 256",
        "1x1 conv, 384 | 1x3 conv, 448 | 3x1 conv, 512 | 1x3 conv, 256",
        "1x1 conv, 384 | 1x3 conv, 448 | 3x1 conv, 512 | 3x1 conv, 256",
    ))]),
    "fig 7, v4": (V4, "Reduction-A", reduction_a(192, 224, 256, 384)),
    "fig 7, irv1": (IRV1, "Reduction-A", reduction_a(192, 192, 256, 384)),
    "fig 7, irv2": (IRV2, "Reduction-A", reduction_a(256, 256, 384, 384)),
    "fig 8": (V4, "Reduction-B", [("filter concat", ways(
        "3x3 max pool /2 V",
        "1x1 conv, 192 | 3x3 conv, 192 /2 V",
        "1x1 conv, 256 | 1x7 conv, 256 | 7x1 conv, 320 | 3x3 conv, 320 /2 V",
    ))]),
    "fig 10": (IRV1, "Inception-ResNet-A", residual(
        ["1x1 conv, 32", "1x1 conv, 32 | 3x3 conv, 32", "1x1 conv, 32 | 3x3 conv, 32 | 3x3 conv, 32"], 256,
    )),
    "fig 11": (IRV1, "Inception-ResNet-B", residual(
        ["1x1 conv, 128", "1x1 conv, 128 | 1x7 conv, 128 | 7x1 conv, 128"], 896,
    )),
    "fig 12": (IRV1, "Reduction-B", [("filter concat", ways(
        "3x3 max pool /2 V",
        "1x1 conv, 256 | 3x3 conv, 384 /2 V",
        "1x1 conv, 256 | 3x3 conv, 256 /2 V",
        "1x1 conv, 256 | 3x3 conv, 256 | 3x3 conv, 256 /2 V",
    ))]),
    "fig 13": (IRV1, "Inception-ResNet-C", residual(
        ["1x1 conv, 192", "1x1 conv, 192 | 1x3 conv, 192 | 3x1 conv, 192"], 1792,
    )),
    "fig 3, irv2": (IRV2, "stem", STEM),
    "fig 16": (IRV2, "Inception-ResNet-A", residual(
        ["1x1 conv, 32", "1x1 conv, 32 | 3x3 conv, 32", "1x1 conv, 32 | 3x3 conv, 48 | 3x3 conv, 64"], 384,
    )),
    "fig 17": (IRV2, "Inception-ResNet-B", residual(  # the figure prints 1154, where 384 + 384 + 384 channels arrive
        ["1x1 conv, 192", "1x1 conv, 128 | 1x7 conv, 160 | 7x1 conv, 192"], 384 + 384 + 384,
    )),
    "fig 18": (IRV2, "Reduction-B", [("filter concat", ways(
        "3x3 max pool /2 V",
        "1x1 conv, 256 | 3x3 conv, 384 /2 V",
        "1x1 conv, 256 | 3x3 conv, 288 /2 V",
        "1x1 conv, 256 | 3x3 conv, 288 | 3x3 conv, 320 /2 V",
    ))]),
    "fig 19": (IRV2, "Inception-ResNet-C", residual(  # the figure prints 2048, where 1152 + 384 + 288 + 320 channels arrive
        ["1x1 conv, 192", "1x1 conv, 192 | 1x3 conv, 224 | 3x1 conv, 256"], 1152 + 384 + 288 + 320,
    )),
}  # fmt: skip


@pytest.mark.parametrize("figure", FIGURES)
def test_a_block_shows_the_branches_kernels_and_filters_of_its_figure(figure):
    network, name, expected = FIGURES[figure]
    assert block(network, name) == expected


def test_fig_14_the_stem_of_inception_resnet_v1_is_a_chain():
    picture = drawn(diagram(traced(*IRV1), block="stem").svg())
    assert [picture.labels[box] for box in sorted(picture.labels)][1:] == [
        "3x3 conv, 32 /2 V", "3x3 conv, 32 V", "3x3 conv, 64", "3x3 max pool /2 V", "1x1 conv, 80",
        "3x3 conv, 192 V", "3x3 conv, 256 /2 V",
    ]  # fmt: skip
    assert [(a, b) for a, b in picture.edges if b in picture.labels] == [(n, n + 1) for n in range(7)]


OVERVIEWS = {
    # Figs 9 and 15: repeats, and the sizes beside the boxes; Fig. 15 has them for v1 only, for v2 they are the sums of Table 1.
    "fig 9": (V4, "35x35x384 17x17x1024 8x8x1536", "4 x Inception-A", "7 x Inception-B", "3 x Inception-C"),
    "fig 15": (
        IRV1, "35x35x256 17x17x896 8x8x1792", "5 x Inception-ResNet-A", "10 x Inception-ResNet-B", "5 x Inception-ResNet-C",
    ),
    "fig 15, irv2": (
        IRV2, "35x35x384 17x17x1152 8x8x2144", "5 x Inception-ResNet-A", "10 x Inception-ResNet-B", "5 x Inception-ResNet-C",
    ),
}  # fmt: skip


@pytest.mark.parametrize("figure", OVERVIEWS)
def test_the_overview_has_the_boxes_and_sizes_of_the_paper(figure):
    network, sizes, a, b, c = OVERVIEWS[figure]
    at_a, at_b, at_c = sizes.split()
    width = at_c.rpartition("x")[2]
    expected = [("Stem", at_a), (a, at_a), ("Reduction-A", at_b), (b, at_b), ("Reduction-B", at_c), (c, at_c)]
    expected += [("global average pool", width), ("linear, 1000", "1000")]
    picture = diagram(traced(*network)).pictures[0]
    assert [(box.title, box.shape) for box in picture.overview.boxes[1:]] == expected
    texts = drawn(diagram(traced(*network)).svg()).texts
    assert all(word in texts for pair in expected for word in pair)


def test_the_residual_scale_stands_beside_the_sum():
    for name, scale in (("Inception-ResNet-A", "0.17"), ("Inception-ResNet-B", "0.1"), ("Inception-ResNet-C", "0.2")):
        assert f"x {scale}" in drawn(diagram(traced("inception_resnet_v2"), block=name).svg()).texts


def test_lenets_layers_are_called_as_in_its_figure_2():
    boxes = diagram(traced("lenet5")).pictures[0].overview.boxes
    assert [f"{box.title} {box.mark}".strip() for box in boxes[1:-1]] == [
        "C1: 5x5 conv, 6 V",
        "S2: 2x2 average pool /2 V squash",
        "C3: 5x5 conv, 16 V by table",
        "S4: 2x2 average pool /2 V squash",
        "C5: 5x5 conv, 120 V",
        "F6: linear, 84 squash",
    ]
    assert {box.label[:2]: box.kind for box in boxes}["C3"] == "convolution"
