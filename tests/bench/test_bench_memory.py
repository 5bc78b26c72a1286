"""The peak of live tensors: from histories written by hand, and measured against what the Graph foretells."""

import pytest
import torch
from torch import nn

from archscope.bench.cpu_allocator import Peak, Step, allocator_peak, peak_of
from archscope.metrics import peak_memory
from archscope.models.loading import Model, load


def op(begin, end, name="aten::convolution"):
    return Step(begin, end, 0, name)


def test_what_outlives_its_operator_is_alive():
    history = [op(0, 10), Step(1, 1, 100), op(20, 30), Step(21, 21, 50), Step(40, 40, -100), Step(50, 50, 70)]
    assert peak_of(history) == Peak(live=150, allocated=150)


def test_what_an_operator_takes_and_gives_back_is_scratch():
    history = [op(0, 10), Step(1, 1, 1000), Step(2, 2, 100), Step(9, 9, -1000)]
    assert peak_of(history) == Peak(live=100, allocated=1100)


def test_memory_from_a_factory_belongs_to_its_caller():
    history = [
        *(op(0, 10), op(1, 3, "aten::empty"), Step(2, 2, 1000), Step(9, 9, -1000)),
        *(op(20, 30), op(21, 23, "aten::empty"), Step(22, 22, 60)),
    ]
    assert peak_of(history) == Peak(live=60, allocated=1000)


def test_a_tensor_between_two_operators_of_a_composite_one_is_alive():
    history = [
        op(0, 100, "aten::scaled_dot_product_attention"),
        op(1, 10, "aten::bmm"),
        Step(2, 2, 500),
        op(20, 30, "aten::softmax"),
        Step(21, 21, 40),
        Step(50, 50, -500),
    ]
    assert peak_of(history) == Peak(live=540, allocated=540)


def test_nothing_allocated():
    assert peak_of([]) == Peak(0, 0)


def test_a_tensor_that_a_variable_holds_is_alive_to_the_end_of_its_scope():
    kept = [1024]

    def run():
        first = torch.ones(kept[0])
        second = first + 1
        third = second + 1
        del first, second
        return third * 2

    live = allocator_peak(run).live
    assert live == pytest.approx(3 * 1024 * 4, abs=64)


def test_the_profiler_says_nothing_on_stderr(capfd):
    allocator_peak(lambda: torch.ones(8))
    assert capfd.readouterr().err == ""


class Holder(nn.Module):
    """Keeps its input in a variable while three operators run behind it."""

    def forward(self, x):
        kept = x + 1
        return torch.relu(torch.relu(torch.relu(kept))) + kept.sum()


def measured(model, batch):
    inputs = model.inputs(batch, device="cpu")
    state = sum(t.nbytes for t in (*model.module.parameters(), *model.module.buffers(), *inputs))
    model.module.eval()

    def run():
        with torch.inference_mode():
            model.module(*inputs)

    run()
    return state + allocator_peak(run).live


@pytest.mark.parametrize("batch", [1, 8])
@pytest.mark.parametrize("name", ["lenet5", "lenet5_dense", "resnet20_cifar", "plain20_cifar"])
def test_the_graph_foretells_the_measured_peak(name, batch):
    model = load(name, device="cpu")
    assert peak_memory(model.trace(batch)) == pytest.approx(measured(model, batch), rel=0.01)


def test_the_graph_knows_that_a_variable_outlives_its_last_use():
    model = Model("holder", Holder(), ((1000,),))
    # at the addition: the input, kept, the end of the chain, the result, and the sum
    assert peak_memory(model.trace(8)) == 4 * (8 * 1000 * 4) + 4
    assert measured(model, 8) == 4 * (8 * 1000 * 4) + 4


@pytest.mark.parametrize(
    "module",
    [
        nn.Sequential(
            nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(8 * 15 * 15, 10)
        ),
        nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU(inplace=True), nn.LocalResponseNorm(5), nn.AdaptiveAvgPool2d(1)),
        nn.Sequential(nn.Flatten(2), nn.Linear(1024, 64), nn.TransformerEncoderLayer(64, 4, 128, batch_first=True)),
    ],
    ids=["bn", "lrn", "attention"],
)
def test_the_graph_foretells_the_peak_of_small_networks(module):
    model = Model("net", module, ((3, 32, 32),))
    assert peak_memory(model.trace(4)) == pytest.approx(measured(model, 4), rel=0.05)
