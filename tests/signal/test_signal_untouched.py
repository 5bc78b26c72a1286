"""The user's module comes back as it was, also when it raises; equal seeds give equal figures."""

import random

import pytest
import torch
from torch import Size, nn

from archscope.errors import ArchscopeError
from archscope.signal.propagation import Request, propagate
from archscope.signal.training import Plan


class Net(nn.Module):
    def __init__(self, fail_at: int | None = None):
        super().__init__()
        self.conv = nn.Conv2d(3, 8, 3, padding=1)
        self.norm = nn.BatchNorm2d(8)
        self.drop = nn.Dropout(0.3)
        self.branch = nn.Sequential(nn.Conv2d(8, 8, 3, padding=1), nn.BatchNorm2d(8))
        self.fc = nn.Linear(8, 10)
        self.runs, self.fail_at = 0, fail_at
        self.norm.eval()  # a flag of its own
        self.conv.weight.requires_grad_(False)

    def forward(self, x):
        self.runs += 1
        x = torch.relu(self.norm(self.conv(x)))
        x = torch.relu_(x + self.branch(x))
        if self.fail_at is not None and x.device.type == "cpu":
            raise RuntimeError("on purpose")
        return self.fc(self.drop(x.mean((2, 3))))


def state(net: nn.Module):
    return (
        {name: (id(t), t.clone(), t.requires_grad, t.grad) for name, t in (*net.named_parameters(), *net.named_buffers())},
        {
            name: (m.training, len(m._forward_hooks), len(m._forward_pre_hooks), len(m._backward_hooks))
            for name, m in net.named_modules()
        },
        net.runs,
    )


def same(before, after) -> bool:
    tensors, modules, runs = before
    kept = all(
        a[0] == b[0] and torch.equal(a[1], b[1]) and a[2] == b[2] and a[3] is b[3] is None
        for a, b in zip(tensors.values(), after[0].values(), strict=True)
    )
    return kept and modules == after[1] and runs == after[2]


@pytest.mark.parametrize("request_", [Request(samples=2), Request(samples=1, init="he", plan=Plan(steps=2), mode="eval")])
@pytest.mark.parametrize("fails", [False, True])
def test_nothing_of_the_module_changes(request_, fails):
    net = Net(fail_at=1 if fails else None)
    heard = []
    net.fc.register_forward_hook(lambda *given: heard.append(1))
    before, drawn, other = state(net), torch.get_rng_state(), random.getstate()
    if fails:
        with pytest.raises(ArchscopeError, match="on purpose"):
            propagate(net, Size((4, 3, 8, 8)), request=request_)
    else:
        propagate(net, Size((4, 3, 8, 8)), request=request_)
        assert heard  # the user's own hooks run
    assert same(before, state(net))
    assert torch.equal(torch.get_rng_state(), drawn)
    assert random.getstate() == other
    assert torch.is_grad_enabled()


def figures(**request):
    torch.manual_seed(0)
    net = Net()
    return [place.values for signal in propagate(net, Size((4, 3, 8, 8)), request=Request(**request)) for place in signal.places]


def test_equal_seeds_give_equal_figures_and_others_do_not():
    assert figures(samples=2, seed=3) == figures(samples=2, seed=3)
    assert figures(samples=1, seed=3) != figures(samples=1, seed=4)
    first, second = figures(samples=2, seed=3), figures(samples=1, seed=4)
    assert [place["variance"][1] for place in first] == [place["variance"][0] for place in second]


def test_one_thread_and_two_agree():
    before = torch.get_num_threads()
    try:
        torch.set_num_threads(1)
        one = figures(samples=2)
        torch.set_num_threads(2)
        two = figures(samples=2)
    finally:
        torch.set_num_threads(before)
    for a, b in zip(one, two, strict=True):
        for key in a:
            pairs = [(x, y) for x, y in zip(a[key], b[key], strict=True) if (x, y) != (None, None)]
            assert [x for x, _ in pairs] == pytest.approx([y for _, y in pairs], rel=1e-4, abs=1e-9)


def test_a_frozen_network_still_has_gradients_by_its_activations():
    net = Net()
    net.requires_grad_(False)
    [signal] = propagate(net, Size((4, 3, 8, 8)), request=Request(samples=1))
    assert all(place.typical("gradient_norm") for place in signal.places)
    assert signal.weights == []


def test_the_gradients_are_autograds():
    torch.manual_seed(1)
    net = nn.Sequential(nn.Linear(6, 5), nn.Tanh(), nn.Linear(5, 3))
    x = torch.randn(4, 6)
    [signal] = propagate(net, x, request=Request(samples=1, by="layer", mode="eval", learning_rate=0.5))
    hidden = torch.tanh(net[0](x)).detach().requires_grad_()
    torch.manual_seed(0 + 2)  # of the labels
    loss = nn.functional.cross_entropy(net[2](hidden), torch.randint(0, 3, (4,)))
    by_hidden, by_weight, by_bias = torch.autograd.grad(loss, [hidden, net[2].weight, net[2].bias])
    first, last = signal.places
    assert signal.losses == [pytest.approx(loss.item(), rel=1e-6)]
    assert first.of("gradient_norm") == [pytest.approx(by_hidden.norm().item(), rel=1e-5)]
    together = (by_weight.square().sum() + by_bias.square().sum()).sqrt().item()
    size = (net[2].weight.square().sum() + net[2].bias.square().sum()).sqrt().item()
    assert last.of("weight_gradient_norm") == [pytest.approx(together, rel=1e-5)]
    assert last.of("update_ratio") == [pytest.approx(0.5 * together / size, rel=1e-5)]
    weight = {weight.name: weight for weight in signal.weights}["2.weight"]
    assert weight.gradient_norm == [pytest.approx(by_weight.norm().item(), rel=1e-5)]
