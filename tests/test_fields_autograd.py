"""Receptive fields against autograd: where the gradient of one place of the last feature map is not zero.

A field depends on kernels, strides, paddings and branches alone. So every convolution is given one positive channel (the mean of
its inputs through a kernel of ones), normalisations pass their input on, and maxima become means: no path is cut, and a canvas as
long as the largest field fits into memory. Each axis has a canvas of its own, long along it and narrow across.
"""

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from archscope import metrics, zoo
from archscope.metrics.receptive_fields import receptive_fields
from archscope.tracing.forward_pass import trace
from archscope.zoo import catalog

# 1,202 layers take minutes, and are those of resnet110_cifar; LeNet-5's connection table is channels, and has a test of its own.
NETWORKS = [entry.name for entry in catalog.entries() if entry.name not in ("resnet1202_cifar", "lenet5")]
NARROW = 96


class ReachedError(Exception):
    pass


def one_channel(module: nn.Module) -> None:
    """Gives every convolution one positive channel; takes away what has no part in the field or would cut a path."""

    def convolved(conv):
        kernel = torch.full((1, 1, *conv.kernel_size), 1 / (conv.kernel_size[0] * conv.kernel_size[1]), dtype=torch.float64)
        return lambda x: F.conv2d(x.mean(1, keepdim=True), kernel, None, conv.stride, conv.padding, conv.dilation)

    def averaged(pool):
        return lambda x: F.avg_pool2d(x, pool.kernel_size, pool.stride, pool.padding, ceil_mode=pool.ceil_mode)

    for child in module.modules():
        if isinstance(child, nn.Conv2d):
            child.forward = convolved(child)
        elif isinstance(child, nn.MaxPool2d):
            child.forward = averaged(child)
        elif isinstance(child, nn.BatchNorm2d | nn.LocalResponseNorm | nn.Dropout):
            child.forward = lambda x: x


def feature_map(network: nn.Module, path: str, canvas: torch.Tensor) -> torch.Tensor:
    """What the module of this path makes of the canvas."""
    found = []

    def keep(module, inputs, output):
        found.append(output)
        raise ReachedError

    handle = network.get_submodule(path).register_forward_hook(keep)
    try:
        network(canvas)
    except ReachedError:
        pass
    finally:
        handle.remove()
    return found[-1]


def seen(network: nn.Module, path: str, axis: int, length: int) -> tuple[int, int, int]:
    """(place, first, last): the input positions that the middle place along an axis depends on."""
    sizes = [NARROW, NARROW]
    sizes[axis] = length
    canvas = torch.ones(1, 3, *sizes, dtype=torch.float64, requires_grad=True)
    output = feature_map(network, path, canvas)
    place = output.shape[2 + axis] // 2
    output.select(2 + axis, place).sum().backward()
    touched = canvas.grad.sum(dim=(0, 1, 3 - axis)).nonzero().flatten()
    return place, int(touched[0]), int(touched[-1])


def last_map(name: str):
    """The path of the module that makes the last feature map, and its field, as archscope says."""
    with torch.device("meta"):
        network = zoo.build(name).eval()
    graph = trace(network, torch.empty(1, *catalog.find(name).input, device="meta"))
    _, field = metrics.last_feature_map(graph)
    fields = receptive_fields(graph)
    first = next(node for node in graph.nodes if any(fields.get(t) == field for t in node.outputs))
    # The outermost module that hands this tensor on.
    call, tensor = first.call, first.outputs[0]
    while graph.calls[call].parent and graph.inside(graph.calls[call].parent)[-1].outputs[:1] == (tensor,):
        call = graph.calls[call].parent
    return network, graph.calls[call].path, field


@pytest.mark.parametrize("name", NETWORKS)
def test_the_field_is_where_the_gradient_is_not_zero(name):
    network, path, field = last_map(name)
    one_channel(network)
    for at, axis in enumerate(field):
        length = -(-(axis.size + 8 * int(axis.stride) + 64) // 64) * 64  # every halving comes out even
        place, first, last = seen(network, path, at, length)
        assert first > 0
        assert last < length - 1
        assert (first, last) == (axis.low + place * axis.stride, axis.high + place * axis.stride)


def test_lenet5_with_all_its_channels():
    torch.manual_seed(0)
    network = zoo.build("lenet5").eval()
    for parameter in network.parameters():
        nn.init.constant_(parameter, 0.01)
    canvas = torch.full((1, 1, 32, 32), 0.1, requires_grad=True)
    graph = trace(network, canvas.detach())
    _, (rows, columns) = metrics.last_feature_map(graph)
    output = feature_map(network, "S4", canvas)
    output[0, :, 2, 2].sum().backward()
    touched = canvas.grad[0, 0].nonzero()
    assert touched.min(0).values.tolist() == [rows.low + 2 * rows.stride, columns.low + 2 * columns.stride]
    assert touched.max(0).values.tolist() == [rows.high + 2 * rows.stride, columns.high + 2 * columns.stride]
    # C1 5x5, S2 2x2/2, C3 5x5, S4 2x2/2
    assert rows.size == columns.size == 1 + 4 + 1 + 4 * 2 + 1 * 2


class Asymmetric(nn.Module):
    """A 1x7 and a 7x1 beside a strided, dilated pair, joined."""

    def __init__(self):
        super().__init__()
        self.long = nn.Sequential(nn.Conv2d(3, 4, (1, 7), padding=(0, 3)), nn.Conv2d(4, 4, (5, 1), stride=(2, 2), padding=(2, 0)))
        self.square = nn.Sequential(nn.Conv2d(3, 4, 3, padding=2, dilation=2), nn.MaxPool2d(2))
        self.join = nn.Conv2d(8, 4, (3, 1), stride=(1, 2), padding=(1, 0))

    def forward(self, x):
        return self.join(torch.cat([self.long(x), self.square(x)], 1))


def test_asymmetric_kernels_strides_and_branches():
    network = Asymmetric().eval()
    graph = trace(network, torch.empty(1, 3, 96, 96, device="meta"))
    _, field = metrics.last_feature_map(graph)
    one_channel(network)
    for at, axis in enumerate(field):
        place, first, last = seen(network, "join", at, 200)
        assert (first, last) == (axis.low + place * axis.stride, axis.high + place * axis.stride)
    assert [axis.stride for axis in field] == [2, 4]
    assert field[0].size != field[1].size
