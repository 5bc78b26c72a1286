"""Receptive fields against autograd, with nothing replaced but weights: a sample of networks, and a small one per operator.

`python -m tests.autograd_fields` examines the whole zoo and some hundreds of CNNs of timm and torchvision in the same way.
"""

import copy

import pytest
import torch
from autograd_fields import named, verdict
from torch import nn
from torch.nn import functional as F

import archscope
from archscope import metrics
from archscope.metrics import WHOLE_INPUT, Absent

EQUAL = (
    "lenet5", "alexnet", "googlenet", "resnet18", "resnet20_cifar", "torchvision:squeezenet1_1", "torchvision:shufflenet_v2_x0_5",
    "timm:hrnet_w18_small", "timm:mobilenetv2_050",
)  # fmt: skip
WHOLE = ("timm:efficientnet_b0", "torchvision:mobilenet_v3_small", "timm:ghostnet_050")


@pytest.mark.parametrize("name", EQUAL)
def test_the_field_is_where_the_gradient_is_not_zero(name):
    assert verdict(*named(name)) == "equal"


@pytest.mark.parametrize("name", WHOLE)
def test_every_place_sees_the_whole_input_where_the_gradient_says_so(name):
    assert verdict(*named(name)) == "whole"


class Net(nn.Module):
    """A convolution, a function, a convolution."""

    def __init__(self, function, channels=8, after=8, kernel=3, **conv):
        super().__init__()
        self.first = nn.Conv2d(3, channels, 3, stride=2, padding=1)
        self.function = function
        self.last = nn.Conv2d(after, 4, kernel, **conv)

    def forward(self, x):
        return self.last(self.function(self.first(x)))


def resize(**how):
    return lambda x: F.interpolate(x, **how)


def slots(x):
    """Space to depth by views: the blocks of 2x2 places become channels."""
    n, c, h, w = x.shape
    return x.view(n, c, h // 2, 2, w // 2, 2).permute(0, 3, 5, 1, 2, 4).reshape(n, c * 4, h // 2, w // 2)


def depth_to_space(x):
    n, c, h, w = x.shape
    return x.view(n, 2, 2, c // 4, h, w).permute(0, 3, 4, 1, 5, 2).reshape(n, c // 4, h * 2, w * 2)


def tokens(x):
    """To tokens and back, with a layer norm and a product over the channels."""
    y = F.layer_norm(x.flatten(2).transpose(1, 2), (8,)) @ torch.arange(64.0, device=x.device).view(8, 8).to(x.dtype)
    return y.transpose(1, 2).reshape(x.shape)


def windows(x, size=4):
    """Attention within windows of 4x4 places, after a roll, as Swin does it."""
    n, c, h, w = x.shape
    y = torch.roll(x, (-2, -2), (2, 3)).view(n, c, h // size, size, w // size, size)
    y = y.permute(0, 2, 4, 3, 5, 1).reshape(-1, size * size, c)
    y = torch.softmax(y @ y.transpose(1, 2), -1) @ y
    y = y.view(n, h // size, w // size, size, size, c).permute(0, 5, 1, 3, 2, 4).reshape(n, c, h, w)
    return torch.roll(y, (2, 2), (2, 3))


def mixed(x):
    """Every channel sees all channels: rows and columns of windows are mixed."""
    return torch.arange(1.0, 32 * 32 + 1, device=x.device).view(32, 32).to(x.dtype) @ x


def sliding(x):
    """Means over windows of 5 rows, cut out two apart."""
    return x.unfold(2, 5, 2).mean(-1)


def blurred(x):
    kernel = torch.full((8, 1, 3, 3), 1 / 9, dtype=x.dtype, device=x.device)
    return F.conv2d(F.pad(x, (1, 1, 1, 1), mode="reflect"), kernel, stride=2, groups=8)


FUNCTIONS = {
    "lrn": Net(nn.LocalResponseNorm(5)),
    "power": Net(lambda x: x.abs().pow(1.7)),
    "roll": Net(lambda x: torch.roll(x, (3, -2), (2, 3))),
    "flip": Net(lambda x: x.flip(3).flip(3)),
    "pixel shuffle": Net(nn.PixelShuffle(2), after=2),
    "pixel unshuffle": Net(nn.PixelUnshuffle(2), after=32),
    "space to depth": Net(slots, after=32),
    "depth to space": Net(depth_to_space, after=2),
    "unfold and fold": Net(lambda x: F.fold(F.unfold(x, (3, 5), padding=(1, 2)), x.shape[2:], (3, 5), padding=(1, 2))),
    "unfold, mixed, fold": Net(lambda x: F.fold(mixed(F.unfold(x, 2, stride=2)), x.shape[2:], 2, stride=2)),
    "windows": Net(sliding),
    "blur pool": Net(blurred),
    "nearest": Net(resize(scale_factor=3, mode="nearest"), kernel=5),
    "nearest exact": Net(resize(scale_factor=2, mode="nearest-exact"), kernel=4),
    "bilinear": Net(resize(scale_factor=2, mode="bilinear")),
    "bilinear by 3": Net(resize(scale_factor=3, mode="bilinear")),
    "bilinear, corners": Net(resize(scale_factor=2, mode="bilinear", align_corners=True)),
    "bicubic": Net(resize(scale_factor=2, mode="bicubic")),
    "area": Net(resize(scale_factor=0.5, mode="area")),
    "smaller, antialiased": Net(resize(scale_factor=0.5, mode="bilinear", antialias=True)),
    "nearest, smaller": Net(resize(scale_factor=0.5, mode="nearest")),
    "dilation": Net(nn.Identity(), dilation=3),
    "asymmetric padding": Net(lambda x: F.pad(x, (0, 3, 2, 1)), kernel=(2, 5)),
    "crop": Net(lambda x: x[:, :, 3:-2, 1::2]),
    "adaptive pooling": Net(nn.AdaptiveAvgPool2d((12, 9))),
    "transposed": Net(nn.ConvTranspose2d(8, 8, 4, stride=2, padding=1)),
    "transposed, gaps": Net(nn.ConvTranspose2d(8, 8, 2, stride=3, output_padding=1)),
    "tokens": Net(tokens),
    "attention in windows": Net(windows),
    "branches of two strides": Net(lambda x: x + F.interpolate(F.avg_pool2d(x, 2), scale_factor=2)),
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_an_operator_that_keeps_places(name):
    assert verdict(lambda device: copy.deepcopy(FUNCTIONS[name]).to_empty(device=device), (3, 64, 64)) == "equal"


GLOBAL = {
    "squeeze and excitation": lambda x: x * torch.sigmoid(x.mean((2, 3), keepdim=True)),
    "global pooling and back": lambda x: F.interpolate(F.adaptive_avg_pool2d(x, 1), x.shape[2:]) + x,
    "attention over tokens": lambda x: F.scaled_dot_product_attention(*[x.flatten(2).transpose(1, 2)] * 3).transpose(1, 2).view(x.shape),
    "group norm": lambda x: F.group_norm(x, 2),
    "fourier": lambda x: torch.fft.irfft2(torch.fft.rfft2(x) * 0.5, s=x.shape[2:]) + x,
}  # fmt: skip


@pytest.mark.parametrize("name", GLOBAL)
def test_an_operator_that_mixes_all_places(name):
    assert verdict(lambda device: Net(GLOBAL[name]).to_empty(device=device), (3, 64, 64)) == "whole"


def graph_of(function, **conv):
    return archscope.trace(Net(function, **conv), torch.Size((1, 3, 64, 64)))


def test_what_an_operator_without_a_rule_leaves_is_unknown_with_its_name():
    graph = graph_of(lambda x: F.grid_sample(x, torch.zeros(1, 8, 8, 2, device=x.device), align_corners=False))
    found = metrics.receptive_field(graph)
    assert isinstance(found, Absent)
    assert found.operator.startswith("aten.grid_sampler")
    assert str(found) == f"unknown: after {found.operator} in the network: where it looks is in the values of another input"
    assert metrics.effective_stride(graph) == found


class Transformed(nn.Module):
    """A spatial transformer: where it looks is decided by all of the image (Jaderberg et al. 2015)."""

    def __init__(self):
        super().__init__()
        self.theta = nn.Linear(8, 6)

    def forward(self, x):
        theta = self.theta(x.mean((2, 3))).view(-1, 2, 3) + torch.eye(2, 3, device=x.device, dtype=x.dtype)
        return F.grid_sample(x, F.affine_grid(theta, x.shape, align_corners=False), align_corners=False)


def test_what_looks_where_the_whole_input_says_sees_the_whole_input():
    assert metrics.receptive_field(graph_of(Transformed())) == WHOLE_INPUT
    assert isinstance(metrics.effective_stride(graph_of(Transformed())), Absent)
    assert verdict(lambda device: Net(Transformed()).to_empty(device=device), (3, 64, 64)).startswith(("whole", "absent"))


def test_where_deformable_convolutions_and_boxes_look_is_in_values():
    ops = pytest.importorskip("torchvision").ops
    offsets = nn.Conv2d(8, 18, 3, padding=1)
    weight = torch.zeros(8, 8, 3, 3, device="meta")
    boxes = torch.zeros(1, 5, device="meta")

    def deformed(x):
        return ops.deform_conv2d(x, offsets.to("meta")(x), weight, padding=1)

    def boxed(x):
        return ops.roi_align(x, boxes, (8, 8))

    for function, operator in ((deformed, "deform_conv2d"), (boxed, "roi_align")):
        found = metrics.receptive_field(graph_of(function))
        assert isinstance(found, Absent)
        assert operator in found.operator
        assert "where it looks is in the values" in found.reason


@pytest.mark.parametrize("kind", [nn.LSTM, nn.GRU, nn.RNN])
@pytest.mark.parametrize("bidirectional", [True, False])
def test_what_recurrent_layers_see_along_time_is_not_known(kind, bidirectional):
    """Place t sees all places before it, or all: no window, and never the field of the convolution before."""

    class Tagger(nn.Module):
        def __init__(self):
            super().__init__()
            self.features = nn.Conv1d(3, 8, 5)
            self.states = kind(8, 8, batch_first=True, bidirectional=bidirectional)

        def forward(self, x):
            return self.states(self.features(x).transpose(1, 2))[0]

    found = metrics.receptive_field(archscope.trace(Tagger(), torch.Size((1, 3, 20))))
    assert isinstance(found, Absent)
    assert found.path == "states"


def test_places_that_are_picked_apart_and_put_together_again_are_places():
    def rowwise(x):
        return torch.stack([row * 2 for row in x.unbind(2)], 2)

    assert isinstance(metrics.receptive_field(graph_of(rowwise)), Absent)  # never the map before


def test_memory_that_is_written_through_a_view_is_not_taken_for_what_it_was():
    def written(x):
        y = x.clone()
        y[:, :, :4] = F.avg_pool2d(x, 3, 1, 1)[:, :, :4]
        return y

    found = metrics.receptive_field(graph_of(written))
    assert isinstance(found, Absent)
    assert "copy" in found.operator


def test_places_in_an_unknown_order_are_seen_whole_or_not_known():
    def shuffled(x):
        return torch.cat([x, x[:, :, :3]], 2)

    assert isinstance(metrics.receptive_field(graph_of(shuffled)), Absent)
    assert metrics.receptive_field(graph_of(lambda x: shuffled(x) * x.mean((2, 3), keepdim=True))) == WHOLE_INPUT
