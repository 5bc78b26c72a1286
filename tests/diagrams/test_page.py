"""Pictures fit a page: few boxes, labels that can be read, nothing on top of anything else."""

import pytest
from reading import traced

from archscope.diagrams import text_width as fonts
from archscope.diagrams.scene import Shape, Text
from archscope.models.picture_of import diagram
from archscope.zoo.catalog import entries

A4 = (595 - 2 * 28, 842 - 2 * 28)  # points, with margins of a centimetre


def smallest_label(scene):
    """Size of the smallest text in points once the picture is fitted to the page, upright or on its side."""
    scale = max(min(A4[0] / scene.width, A4[1] / scene.height), min(A4[1] / scene.width, A4[0] / scene.height))
    return min(text.size for text in scene.texts()) * min(scale, 1)


def extent(path):
    numbers = [[v for v in segment[1:] if not isinstance(v, str)] for segment in path]
    xs, ys = [v for n in numbers for v in n[::2]], [v for n in numbers for v in n[1::2]]
    return min(xs), min(ys), max(xs), max(ys)


def boxes_of(scene):
    return [extent(next(item for item in e.items if isinstance(item, Shape)).path) for e in scene.elements if e.role == "box"]


@pytest.mark.parametrize("name", [entry.name for entry in entries()])
def test_every_network_of_the_zoo_fits_a_page(name):
    shown = diagram(traced(name))
    assert len(shown.pictures[0].overview.boxes) <= 20
    assert smallest_label(shown.scene) >= 8


OTHERS = [
    "torchvision:vit_b_16", "torchvision:swin_t", "torchvision:densenet121", "torchvision:mobilenet_v3_large",
    "torchvision:efficientnet_b0", "torchvision:deeplabv3_resnet50", "timm:hrnet_w18", "timm:convnext_tiny", "timm:nasnetalarge",
    "timm:mixer_b16_224",
]  # fmt: skip


@pytest.mark.parametrize("name", OTHERS)
def test_networks_of_others_fit_a_page(name):
    pytest.importorskip(name.partition(":")[0])
    shown = diagram(traced(name))
    assert 4 <= len(shown.pictures[0].overview.boxes) <= 40
    assert smallest_label(shown.scene) >= 6


@pytest.mark.parametrize("direction", ["TB", "LR"])
@pytest.mark.parametrize("level", ["stage", "block"])
@pytest.mark.parametrize("name", ["lenet5", "inception_v4", "inception_resnet_v2", "resnet50", "googlenet"])
def test_no_box_lies_on_another_and_no_label_leaves_its_box(name, level, direction):
    scene = diagram(traced(name), level=level, direction=direction).scene
    boxes = boxes_of(scene)
    for n, (ax0, ay0, ax1, ay1) in enumerate(boxes):
        assert 0 <= ax0 < ax1 <= scene.width
        assert 0 <= ay0 < ay1 <= scene.height
        for bx0, by0, bx1, by1 in boxes[n + 1 :]:
            assert ax1 <= bx0 or bx1 <= ax0 or ay1 <= by0 or by1 <= ay0
    for element in scene.elements:
        shapes = [item for item in element.items if isinstance(item, Shape)]
        for item in element.items:
            if element.role == "box" and isinstance(item, Text) and item.room:
                x0, _, x1, _ = extent(shapes[0].path)
                half = fonts.width(item.text, item.size, item.bold) / 2
                assert x0 <= item.x - half
                assert item.x + half <= x1


@pytest.mark.parametrize("direction", ["TB", "LR"])
@pytest.mark.parametrize("block", ["Inception-ResNet-A", "Inception-ResNet-B", "Inception-ResNet-C"])
def test_no_box_hides_the_factor_of_a_residual_scale(block, direction):
    scene = diagram(traced("inception_resnet_v2"), block=block, direction=direction).scene
    factors = [text for text in scene.texts() if text.text.startswith("x 0.")]  # 0.17, 0.1 and 0.2: the released code
    assert len(factors) == 1
    for factor in factors:
        wide = fonts.width(factor.text, factor.size)
        left = factor.x - {"start": 0.0, "middle": 0.5, "end": 1.0}[factor.anchor] * wide
        for x0, y0, x1, y1 in boxes_of(scene):
            assert left + wide <= x0 or x1 <= left or factor.y <= y0 or y1 <= factor.y - 0.7 * factor.size


def test_networks_side_by_side_stand_at_the_same_height_at_the_same_resolution():
    shown = diagram([traced(name) for name in ("inception_v3", "inception_v4", "inception_resnet_v1", "inception_resnet_v2")])
    heights = {}
    for element in shown.scene.elements:
        label = dict(element.data).get("label")
        if label in ("Stem", "Reduction-A", "Reduction-B", "global average pool"):
            heights.setdefault(label, []).append(extent(element.items[0].path)[1])
    assert {label: len(found) for label, found in heights.items()} == dict.fromkeys(heights, 4)
    assert all(len(set(found)) == 1 for found in heights.values())
    texts = [text.text for text in shown.scene.texts()]
    assert {"35x35", "17x17", "8x8"} <= set(texts)


def test_a_network_that_goes_back_up_is_drawn_beside_others_too():
    shown = diagram([traced("torchvision:fcn_resnet50"), traced("resnet50")])
    assert len(boxes_of(shown.scene)) == sum(len(p.overview.boxes) for p in shown.pictures)


def test_a_deep_network_is_few_boxes():
    boxes = diagram(traced("resnet1202_cifar")).pictures[0].overview.boxes
    assert [(box.count, box.label) for box in boxes if box.count > 1] == [
        (200, "BasicBlock"),
        (199, "BasicBlock"),
        (199, "BasicBlock"),
    ]
