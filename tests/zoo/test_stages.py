"""The networks that no library has, layer by layer against their papers' tables and figures."""

import pytest
import torch

from archscope import zoo
from archscope.tracing.forward_pass import trace
from archscope.zoo import catalog
from archscope.zoo.lenet_digits import BITMAPS


def graph_of(name, **options):
    with torch.device("meta"):
        model = zoo.build(name, **options)
    return trace(model, torch.empty(1, *catalog.find(name).input, device="meta"))


def shape(graph, part):
    part = graph.within(part)
    return part.tensors[part.nodes[-1].outputs[0]].shape[1:]


def params(graph, part):
    return sum(param.numel for param in graph.within(part).params if not param.buffer)


def conv(before, after, kernel, bias=True):
    return before * after * kernel + after * bias


def conv_bn(before, after, kernel):
    return before * after * kernel + 2 * after


# -- LeNet-5, 1998 -------------------------------------------------------------------------------------------------------------


def test_lenet_layers():
    """Sec. II-B, layer by layer; C3's sixty kernels by Table I."""
    graph = graph_of("lenet5")
    rows = {
        "C1": ((6, 28, 28), (5 * 5 + 1) * 6, 28 * 28 * 6 * 25),
        "S2": ((6, 14, 14), 2 * 6, 0),
        "C3": ((16, 10, 10), 6 * (3 * 25 + 1) + 9 * (4 * 25 + 1) + (6 * 25 + 1), 10 * 10 * 60 * 25),
        "S4": ((16, 5, 5), 2 * 16, 0),
        "C5": ((120, 1, 1), 120 * (16 * 25 + 1), 120 * 16 * 25),
        "F6": ((84,), 84 * (120 + 1), 84 * 120),
    }
    for layer, (size, count, macs) in rows.items():
        assert shape(graph, layer) == size
        assert params(graph, layer) == count
        assert graph.within(layer).cost.macs == macs
    assert shape(graph, "output") == (10,)


def test_lenet_c3_sees_only_the_maps_of_its_table():
    """Each C3 map changes with the S2 maps that Table I connects it to, and with no other."""
    table = [
        "012",
        "123",
        "234",
        "345",
        "045",
        "015",
        "0123",
        "1234",
        "2345",
        "0345",
        "0145",
        "0125",
        "0134",
        "1245",
        "0235",
        "012345",
    ]
    torch.manual_seed(0)
    layer = zoo.build("lenet5").C3
    x = torch.randn(1, 6, 14, 14)
    with torch.no_grad():
        before = layer(x)
        for source in range(6):
            other = x.clone()
            other[:, source] += 1
            changed = (layer(other) - before).abs().amax((0, 2, 3)) > 1e-6
            assert changed.tolist() == [str(source) in row for row in table]


def test_lenet_c3_is_a_masked_dense_convolution():
    """With the table's zeros written out, a dense convolution gives the same."""
    torch.manual_seed(0)
    layer = zoo.build("lenet5").C3
    dense = torch.zeros(16, 6, 5, 5)
    rows = iter([*layer.weight3, *layer.weight4, *layer.weight6])
    for number, row in enumerate(layer.table):
        dense[number, list(row)] = next(rows).detach()
    x = torch.randn(2, 6, 14, 14)
    with torch.no_grad():
        torch.testing.assert_close(layer(x), torch.nn.functional.conv2d(x, dense, layer.bias))


def test_lenet_subsampling_adds_its_window():
    layer = zoo.build("lenet5").S2
    with torch.no_grad():
        layer.coefficient.fill_(0.5)
        layer.bias.fill_(3.0)
        assert layer(torch.ones(1, 6, 4, 4)).unique().tolist() == [0.5 * 4 + 3.0]


def test_lenet_answers_with_the_nearest_code():
    output = zoo.build("lenet5").output
    assert output.codes.shape == (10, 84)
    assert set(output.codes.unique().tolist()) == {-1.0, 1.0}
    distances = output(output.codes)
    assert distances.argmin(1).tolist() == list(range(10))
    assert distances.diagonal().eq(0).all()


def test_digits_are_ten_different_bitmaps_of_7_by_12():
    assert len(set(BITMAPS)) == 10
    assert {(len(digit), len(row)) for digit in BITMAPS for row in digit} == {(12, 7)}


# -- AlexNet, 2012 -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("layer", "size", "count"),
    [
        ("conv1", (96, 55, 55), conv(3, 96, 121)),
        ("conv2", (256, 27, 27), conv(48, 256, 25)),
        ("conv3", (384, 13, 13), conv(256, 384, 9)),
        ("conv4", (384, 13, 13), conv(192, 384, 9)),
        ("conv5", (256, 13, 13), conv(192, 256, 9)),
        ("pool5", (256, 6, 6), 0),
        ("fc6", (4096,), conv(9216, 4096, 1)),
        ("fc7", (4096,), conv(4096, 4096, 1)),
        ("fc8", (1000,), conv(4096, 1000, 1)),
    ],
)
def test_alexnet_layers(layer, size, count):
    graph = graph_of("alexnet")
    assert shape(graph, layer) == size
    assert params(graph, layer) == count


def test_alexnet_normalises_as_its_paper_says():
    """Sec. 3.3: b = a / (2 + 1e-4 * sum of squares of 5 neighbouring maps) ** 0.75, the sum not divided by 5."""
    torch.manual_seed(0)
    a = 10 * torch.rand(1, 8, 1, 1)
    squares = torch.stack([a[0, max(0, i - 2) : i + 3].square().sum() for i in range(8)])
    expected = a[0, :, 0, 0] / (2 + 1e-4 * squares) ** 0.75
    torch.testing.assert_close(zoo.build("alexnet", num_classes=2).norm1(a)[0, :, 0, 0], expected)


def test_alexnet_pads_as_cuda_convnet_did():
    """224 pixels and 227 make the same 55 positions; the pixels beyond 224 are zeros."""
    torch.manual_seed(0)
    model = zoo.build("alexnet", num_classes=2)
    image = torch.randn(1, 3, 224, 224)
    framed = torch.zeros(1, 3, 227, 227)
    framed[:, :, :224, :224] = image
    torch.testing.assert_close(model.conv1(model.pad(image)), model.conv1(framed))


# -- Inception-ResNet-v1, and the paper's Inception-ResNet-v2 ------------------------------------------------------------------


def stem_v1():
    widths = [(3, 32, 9), (32, 32, 9), (32, 64, 9), (64, 80, 1), (80, 192, 9), (192, 256, 9)]
    return sum(conv_bn(*row) for row in widths)


def stem_v4():
    straight = conv_bn(3, 32, 9) + conv_bn(32, 32, 9) + conv_bn(32, 64, 9) + conv_bn(64, 96, 9)
    seven = conv_bn(160, 64, 1) + 2 * conv_bn(64, 64, 7) + conv_bn(64, 96, 9)
    return straight + conv_bn(160, 64, 1) + conv_bn(64, 96, 9) + seven + conv_bn(192, 192, 9)


def block_a(x, middle, last):
    double = conv_bn(x, 32, 1) + conv_bn(32, middle, 9) + conv_bn(middle, last, 9)
    return conv_bn(x, 32, 1) + conv_bn(x, 32, 1) + conv_bn(32, 32, 9) + double + conv(64 + last, x, 1)


def block_b(x, middle, last):
    return conv_bn(x, last, 1) + conv_bn(x, 128, 1) + conv_bn(128, middle, 7) + conv_bn(middle, last, 7) + conv(2 * last, x, 1)


def block_c(x, middle, last):
    return conv_bn(x, 192, 1) + conv_bn(x, 192, 1) + conv_bn(192, middle, 3) + conv_bn(middle, last, 3) + conv(192 + last, x, 1)


def reduction_a(x, k, l, m, n):  # noqa: E741
    return conv_bn(x, n, 9) + conv_bn(x, k, 1) + conv_bn(k, l, 9) + conv_bn(l, m, 9)


def reduction_b(x, n, k, m):
    return 3 * conv_bn(x, 256, 1) + conv_bn(256, 384, 9) + conv_bn(256, n, 9) + conv_bn(256, k, 9) + conv_bn(k, m, 9)


@pytest.mark.parametrize(
    ("name", "stages"),
    [
        (
            "inception_resnet_v1",
            {
                "stem": ((256, 35, 35), stem_v1()),
                "inception_resnet_a": ((256, 35, 35), 5 * block_a(256, 32, 32)),
                "reduction_a": ((896, 17, 17), reduction_a(256, 192, 192, 256, 384)),
                "inception_resnet_b": ((896, 17, 17), 10 * block_b(896, 128, 128)),
                "reduction_b": ((1792, 8, 8), reduction_b(896, 256, 256, 256)),
                "inception_resnet_c": ((1792, 8, 8), 5 * block_c(1792, 192, 192)),
                "pool": ((1792, 1, 1), 0),
                "fc": ((1000,), conv(1792, 1000, 1)),
            },
        ),
        (
            "inception_resnet_v2_paper",
            {
                "stem": ((384, 35, 35), stem_v4()),
                "inception_resnet_a": ((384, 35, 35), 5 * block_a(384, 48, 64)),
                "reduction_a": ((1152, 17, 17), reduction_a(384, 256, 256, 384, 384)),
                "inception_resnet_b": ((1152, 17, 17), 10 * block_b(1152, 160, 192)),
                "reduction_b": ((2144, 8, 8), reduction_b(1152, 288, 288, 320)),
                "inception_resnet_c": ((2144, 8, 8), 5 * block_c(2144, 224, 256)),
                "pool": ((2144, 1, 1), 0),
                "fc": ((1000,), conv(2144, 1000, 1)),
            },
        ),
    ],
)
def test_inception_resnet_stages(name, stages):
    graph = graph_of(name)
    for stage, (size, count) in stages.items():
        assert shape(graph, stage) == size, stage
        assert params(graph, stage) == count, stage


def test_residual_block_adds_its_scaled_branches():
    """Fig. 20: ReLU(x + scale * linear(branches(x)))."""
    torch.manual_seed(0)
    block = zoo.build("irv1", residual_scale=0.1).inception_resnet_a[0].eval()
    x = torch.randn(1, 256, 5, 5)
    with torch.no_grad():
        torch.testing.assert_close(block(x), torch.relu(x + 0.1 * block.linear(block.branches(x))))


def test_factor_order_of_inception_v4():
    """The figures have 7x1 before 1x7 in the stem, the released code the other way round."""
    for factors, first in (("paper", (7, 1)), ("released", (1, 7))):
        with torch.device("meta"):
            branch = zoo.build("v4", factors=factors).stem.mixed2.branch2
        assert branch[1].conv.kernel_size == first


# -- BN-Inception, the shortcuts, the Keras tutorial ---------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "wide", "last"), [("bn_inception", 576, 1024), ("bn_inception_caffe", 608, 1056)])
def test_bn_inception_widths(name, wide, last):
    graph = graph_of(name)
    assert shape(graph, "inception_4c") == (wide, 14, 14)
    assert shape(graph, "inception_4e") == (last, 7, 7)


def test_shortcut_options():
    """Sec. 4.1: A has no parameters, B projects three times in ResNet-18, C in each of its eight blocks."""
    for option, projections in (("A", 0), ("B", 3), ("C", 8)):
        with torch.device("meta"):
            names = dict(zoo.build("resnet18", shortcut=option).named_parameters())
        assert sum("shortcut.conv.weight" in name for name in names) == projections


def test_padded_shortcut_subsamples_and_pads_with_zeros():
    block = zoo.build("resnet20_cifar").stage2[0]
    x = torch.randn(1, 16, 8, 8)
    out = block.shortcut(x)
    torch.testing.assert_close(out[:, :16], x[:, :, ::2, ::2])
    assert out.shape == (1, 32, 4, 4)
    assert out[:, 16:].eq(0).all()


@pytest.mark.parametrize(("name", "in_the_1x1"), [("resnet50", True), ("resnet50_v1_5", False)])
def test_where_a_bottleneck_strides(name, in_the_1x1):
    with torch.device("meta"):
        block = zoo.build(name).conv3_x[0]
    assert (block.conv1.conv.stride == (2, 2)) == in_the_1x1
    assert (block.conv2.conv.stride == (2, 2)) != in_the_1x1


def test_keras_tutorial_layers():
    """49 convolutions of which 16 project, all biased; a classifier on 14 x 14 x 512."""
    graph = graph_of("resnet34_keras_tutorial")
    assert shape(graph, "conv1") == (64, 112, 112)
    assert shape(graph, "flatten") == (100_352,)
    assert params(graph, "fc") == 100_353_000
    with torch.device("meta"):
        names = [name for name, _ in zoo.build("resnet34_keras_tutorial").named_parameters()]
    assert sum(name.endswith("conv.bias") for name in names) == 49
    assert sum("shortcut.conv.weight" in name for name in names) == 16
