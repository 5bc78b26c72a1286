"""The user's module comes back exactly as it was, whatever its forward does, also when it raises."""

import random
from collections import OrderedDict, deque

import numpy as np
import pytest
import torch
from torch import Size, nn
from torch.nn.modules import module as nn_module
from torch.utils._python_dispatch import _get_current_dispatch_mode_stack

import archscope
from archscope import TraceError


class Careless(nn.Module):
    """A forward that writes on everything within its reach."""

    def __init__(self):
        super().__init__()
        self.linear = nn.Linear(4, 4)
        self.norm = nn.BatchNorm1d(4)
        self.drop = nn.Dropout(0.5)
        self.register_buffer("steps", torch.zeros(4))
        self.register_buffer("scratch", torch.ones(4), persistent=False)
        self.seen, self.latest, self.recent, self.kinds = [], {}, deque([1]), set()
        self.config = {"sizes": [1, 2]}
        self.count = 0
        self.constant = torch.zeros(4)
        self.cache = None

    def forward(self, x, fail=False):
        self.seen.append(x)
        self.latest["x"] = x
        self.recent.append(2)
        self.kinds.add("float")
        self.config["sizes"].append(3)
        self.count += 1
        self.constant.add_(1)
        self.steps = self.steps + 1
        self.scratch.mul_(2)
        self.cache = self.linear(x)
        self.linear.bias = nn.Parameter(torch.zeros(4))
        self.made = nn.Linear(2, 2)
        self.linear.register_forward_hook(lambda *given: None)
        del self.drop.inplace
        self.train(not self.training)
        random.random()
        np.random.rand()
        torch.rand(3)
        torch.set_default_dtype(torch.float64)
        torch.set_grad_enabled(True)
        if fail:
            raise ValueError("on purpose")
        return self.norm(self.cache)


class Cache:
    """Keys of all that came before, as an object of the user's own."""

    def __init__(self):
        self.keys, self.inner = None, None


class Remembers(nn.Module):
    """Attends to what it was given before too; nothing of it is a parameter, a buffer or a container."""

    def __init__(self):
        super().__init__()
        self.linear, self.cache, self.lists = nn.Linear(4, 4), Cache(), ([],)
        self.cache.inner = Cache()
        self.cache.inner.keys, self.cache.inner.inner = [], self.cache  # they know each other

    def forward(self, x):
        keys = self.linear(x)
        self.cache.keys = keys if self.cache.keys is None else torch.cat([self.cache.keys, keys], 1)
        self.cache.inner.keys.append(keys)
        self.lists[0].append(keys)
        return x @ self.cache.keys.mT


def test_objects_and_tuples_hold_what_they_held():
    module, x = Remembers(), torch.randn(1, 3, 4)
    macs = [archscope.trace(module, x).cost.macs for _ in range(3)]
    assert macs == [3 * 4 * 4 + 3 * 3 * 4] * 3
    assert (module.cache.keys, module.cache.inner.keys, module.lists) == (None, [], ([],))
    assert module(x).shape == (1, 3, 3)


class NeedsValues(Careless):
    def forward(self, x, fail=False):
        out = super().forward(x, fail=False)
        if out.sum().item() > float("inf"):
            return out
        if fail:
            raise ValueError("on purpose")
        return out


def fingerprint(module: nn.Module) -> dict[str, object]:
    """Everything that must not change: identities and values of state, flags, hooks, attributes, and torch's own globals."""
    state = {
        name: (id(t), t.clone(), t.device, t.requires_grad, t._version)
        for name, t in (*module.named_parameters(), *module.named_buffers())
    }
    grads = {name: (id(p.grad), None if p.grad is None else p.grad.clone()) for name, p in module.named_parameters()}
    attributes = {
        name: [(key, id(value)) for key, value in vars(m).items()] + [(key, repr(v)) for key, v in vars(m).items() if plain(v)]
        for name, m in module.named_modules()
    }
    return {
        "state": state,
        "grads": grads,
        "keys": list(module.state_dict()),
        "training": {name: m.training for name, m in module.named_modules()},
        "hooks": {name: (dict(m._forward_hooks), dict(m._forward_pre_hooks)) for name, m in module.named_modules()},
        "attributes": attributes,
        "global hooks": (dict(nn_module._global_forward_hooks), dict(nn_module._global_forward_pre_hooks)),
        "always called": dict(nn_module._global_forward_hooks_always_called),
        "modes": len(_get_current_dispatch_mode_stack()),
        "rng": torch.get_rng_state().tolist(),
        "python rng": random.getstate(),
        "numpy rng": np.random.get_state()[1].tolist(),
        "default dtype": torch.get_default_dtype(),
        "grad mode": torch.is_grad_enabled(),
        "fast path": torch.backends.mha.get_fastpath_enabled(),
    }


def plain(value) -> bool:
    return isinstance(value, (list, dict, set, deque, OrderedDict, int, float, str, tuple))


def assert_same(before, after):
    for name, (me, values, *rest) in before["state"].items():
        assert after["state"][name][0] == me, name
        assert torch.equal(after["state"][name][1], values), name
        assert after["state"][name][2:] == tuple(rest), name
    for name, (me, values) in before["grads"].items():
        assert after["grads"][name][0] == me, name
        assert values is None or torch.equal(after["grads"][name][1], values), name
    for key in before.keys() - {"state", "grads"}:
        assert after[key] == before[key], key


def mixed(module: nn.Module) -> nn.Module:
    """Some submodules in train mode, some not, one parameter frozen, one with a gradient."""
    for at, m in enumerate(module.modules()):
        m.training = at % 2 == 0
    parameters = list(module.parameters())
    if parameters:
        parameters[0].requires_grad_(False)
        parameters[-1].grad = torch.full_like(parameters[-1], 3.0)
    return module


def vit_block() -> nn.Module:
    return nn.TransformerEncoder(nn.TransformerEncoderLayer(8, 2, 16, batch_first=True), 2, enable_nested_tensor=False)


def tied() -> nn.Module:
    net = nn.Sequential(nn.Linear(4, 4), nn.ReLU(inplace=True), nn.Linear(4, 4))
    net[2].weight = net[0].weight
    return net


CASES = {
    "careless": (Careless, (3, 4)),
    "needs values": (NeedsValues, (3, 4)),
    "transformer": (vit_block, (2, 5, 8)),
    "tied": (tied, (3, 4)),
    "batch norm": (lambda: nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.Dropout2d()), (2, 3, 8, 8)),
    "weight norm": (lambda: nn.utils.parametrizations.weight_norm(nn.Linear(4, 4)), (3, 4)),
    "spectral norm": (lambda: nn.utils.parametrizations.spectral_norm(nn.Linear(4, 4)), (3, 4)),
    "old spectral norm": (lambda: nn.utils.spectral_norm(nn.Linear(4, 4)), (3, 4)),
    "recurrent": (lambda: nn.LSTM(4, 6, 2, dropout=0.5), (5, 2, 4)),
    "scripted": (lambda: nn.Sequential(torch.jit.script(nn.Sequential(nn.Linear(4, 4), nn.Dropout())), nn.ReLU()), (3, 4)),
}


@pytest.mark.parametrize("mode", ["eval", "train"])
@pytest.mark.parametrize("name", CASES)
def test_a_trace_leaves_no_trace(name, mode):
    make, shape = CASES[name]
    module = mixed(make())
    before = fingerprint(module)
    archscope.trace(module, Size(shape), mode=mode)
    assert_same(before, fingerprint(module))


@pytest.mark.parametrize("make", [Careless, NeedsValues])
def test_nor_does_a_forward_that_raises(make):
    module = mixed(make())
    before = fingerprint(module)
    with pytest.raises(TraceError, match="on purpose"):
        archscope.trace(module, Size((3, 4)), fail=True)
    assert_same(before, fingerprint(module))


class Stops(nn.Module):
    def __init__(self, error):
        super().__init__()
        self.inner = nn.Sequential(nn.Linear(4, 4), nn.BatchNorm1d(4))
        self.error = error

    def forward(self, x):
        self.inner(x)
        raise self.error


@pytest.mark.parametrize("error", [KeyboardInterrupt(), SystemExit(3), GeneratorExit()])
def test_what_is_no_error_passes_through(error):
    module = mixed(Stops(error))
    before = fingerprint(module)
    with pytest.raises(type(error)):
        archscope.trace(module, Size((3, 4)))
    assert_same(before, fingerprint(module))


@pytest.mark.parametrize("where", ["pre-hook", "hook"])
def test_a_hook_that_raises(where):
    module = mixed(nn.Sequential(nn.Linear(4, 4), nn.Linear(4, 4)))

    def fail(*given):
        raise RuntimeError("the hook's own")

    (module[1].register_forward_pre_hook if where == "pre-hook" else module[1].register_forward_hook)(fail)
    before = fingerprint(module)
    with pytest.raises(TraceError, match="the hook's own"):
        archscope.trace(module, Size((3, 4)))
    assert_same(before, fingerprint(module))


def test_an_error_while_inputs_are_wrong():
    module = mixed(nn.Linear(4, 4))
    before = fingerprint(module)
    for wrong in ("words", 3, None, (2, 4)):
        with pytest.raises(TraceError):
            archscope.trace(module, wrong)
    with pytest.raises(TraceError):
        archscope.trace(module)
    assert_same(before, fingerprint(module))


def test_the_inputs_stay_what_they_are():
    x = torch.randn(3, 4, requires_grad=True)
    copy = x.detach().clone()
    module = nn.Sequential(nn.ReLU(inplace=True), nn.Linear(4, 4))
    archscope.trace(module, x * 1)
    given = x.detach()
    archscope.trace(module, given)
    assert torch.equal(x, copy)
    assert torch.equal(given, copy)
    assert x.device.type == "cpu"


def test_a_lazy_module_stays_lazy():
    module = nn.Sequential(nn.LazyLinear(5), nn.LazyBatchNorm1d())
    graph = archscope.trace(module, Size((3, 4)))
    assert graph.cost.macs == 3 * 4 * 5
    assert isinstance(module[0], nn.LazyLinear)
    assert isinstance(module[0].weight, nn.parameter.UninitializedParameter)
    assert isinstance(module[1].running_mean, nn.parameter.UninitializedBuffer)
    assert module(torch.ones(3, 7)).shape == (3, 5)


def test_the_module_still_computes_what_it_did():
    torch.manual_seed(0)
    module = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.ReLU(inplace=True)).train()
    x = torch.randn(2, 3, 8, 8)
    twin = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.ReLU(inplace=True)).train()
    twin.load_state_dict(module.state_dict())
    archscope.trace(module, x, mode="train")
    with pytest.raises(TraceError):
        archscope.trace(module, Size((2, 5, 8, 8)))
    out, expected = module(x), twin(x)
    assert torch.equal(out, expected)
    out.sum().backward()
    expected.sum().backward()
    assert all(torch.equal(a.grad, b.grad) for a, b in zip(module.parameters(), twin.parameters(), strict=True))
