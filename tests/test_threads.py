"""A trace hears its own thread: beside other traces, beside training, inside another trace, and with threads of the forward's."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
import torch
from torch import Size, nn
from torch.nn.modules import module as nn_module

import archscope
from archscope import TraceError
from archscope.tracing import lending


class Block(nn.Module):
    def __init__(self, width: int):
        super().__init__()
        self.conv = nn.Conv2d(width, width, 3, padding=1)
        self.norm = nn.BatchNorm2d(width)

    def forward(self, x):
        return nn.ReLU()(self.norm(self.conv(x)) + x)  # a module that the forward makes for itself


class Cyclic(nn.Module):
    """What its forward makes dies in a garbage collection only."""

    def __init__(self):
        super().__init__()
        self.linear = nn.Linear(4, 4)

    def forward(self, x):
        for _ in range(20):
            held = [self.linear(x)]
            held.append(held)
            x = x + 1
        return x


class Routed(nn.Module):
    """Asks for values: it runs on the CPU, on random numbers."""

    def __init__(self):
        super().__init__()
        self.experts = nn.ModuleList(nn.Linear(4, 4) for _ in range(3))
        self.gate = nn.Linear(4, 3)

    def forward(self, x):
        return self.experts[int(self.gate(x).sum(0).argmax().item())](x)


NETWORKS = [
    (lambda: nn.Sequential(nn.Conv2d(3, 4, 3), Block(4), nn.Flatten(), nn.LazyLinear(5)), (2, 3, 8, 8)),
    (lambda: nn.TransformerEncoder(nn.TransformerEncoderLayer(8, 2, 16, batch_first=True), 2), (2, 5, 8)),
    (lambda: nn.LSTM(4, 6, 2), (5, 2, 4)),
    (lambda: nn.Sequential(nn.Linear(4, 8), nn.Dropout(), nn.GELU(), nn.Linear(8, 2)), (3, 4)),
    (lambda: nn.Sequential(*(Block(4) for _ in range(4))), (1, 4, 6, 6)),
    (Cyclic, (3, 4)),
    (Routed, (3, 4)),
    (lambda: nn.utils.parametrizations.weight_norm(nn.Linear(4, 4)), (3, 4)),
]
ROUNDS = 20


def switches() -> list[object]:
    """The global state of the process that traces share."""
    return [
        dict(nn_module._global_forward_hooks), dict(nn_module._global_forward_pre_hooks),
        dict(nn_module._global_forward_hooks_always_called), torch.backends.mha.get_fastpath_enabled(),
        threading.Thread.start, torch.get_default_dtype(), threading.active_count(), lending._loans,
    ]  # fmt: skip


def in_threads(tasks) -> list:
    """Runs all tasks at once, each in a thread of its own; their results in order."""
    barrier = threading.Barrier(len(tasks))

    def run(task):
        barrier.wait(timeout=60)
        return task()

    with ThreadPoolExecutor(len(tasks)) as pool:
        return [future.result(timeout=120) for future in [pool.submit(run, task) for task in tasks]]


def rounds(module: nn.Module, shape: tuple[int, ...], mode: str = "eval"):
    return lambda: [archscope.trace(module, Size(shape), mode=mode).to_json() for _ in range(ROUNDS)]


def test_eight_threads_give_what_one_gives():
    torch.manual_seed(0)
    networks = [(make(), shape) for make, shape in NETWORKS]
    alone = [archscope.trace(module, Size(shape), mode="train").to_json() for module, shape in networks]
    before = switches()
    found = in_threads([rounds(module, shape, "train") for module, shape in networks])
    assert switches() == before
    for graphs, expected in zip(found, alone, strict=True):
        assert len(graphs) == ROUNDS
        assert set(graphs) == {expected}


def test_eight_threads_trace_one_module():
    module = nn.Sequential(Block(4), Block(4)).train()
    weights = [(id(p), p.clone(), p.device) for p in module.parameters()]
    alone = archscope.trace(module, Size((1, 4, 6, 6))).to_json()
    found = in_threads([rounds(module, (1, 4, 6, 6))] * 8)
    assert {graph for graphs in found for graph in graphs} == {alone}
    assert all(m.training for m in module.modules())
    for (me, values, device), p in zip(weights, module.parameters(), strict=True):
        assert id(p) == me
        assert p.device == device
        assert torch.equal(p, values)


def test_eight_threads_share_a_backbone():
    backbone = Block(4)
    networks = [nn.Sequential(backbone, nn.Conv2d(4, heads + 1, 1)) for heads in range(8)]
    alone = [archscope.trace(net, Size((1, 4, 6, 6))).to_json() for net in networks]
    found = in_threads([rounds(net, (1, 4, 6, 6)) for net in networks])
    assert [set(graphs) for graphs in found] == [{graph} for graph in alone]


def losses(module: nn.Module, steps: int) -> list[float]:
    """Trains a network on the same numbers every time."""
    generator = torch.Generator().manual_seed(1)
    optimizer = torch.optim.SGD(module.parameters(), lr=0.01, momentum=0.9)
    found = []
    for _ in range(steps):
        x = torch.randn(4, 4, 6, 6, generator=generator)
        optimizer.zero_grad()
        loss = (module(x) - 1).square().mean()
        loss.backward()
        optimizer.step()
        found.append(loss.item())
    return found


def test_training_in_another_thread_is_neither_heard_nor_disturbed():
    def made() -> nn.Module:
        torch.manual_seed(3)
        return nn.Sequential(Block(4), Block(4)).train()

    expected = losses(made(), 60)
    trained, traced = made(), nn.Sequential(nn.Linear(4, 4), nn.ReLU())
    alone = archscope.trace(traced, Size((3, 4))).to_json()
    found, graphs = in_threads([lambda: losses(trained, 60), rounds(traced, (3, 4))])
    assert found == expected
    assert set(graphs) == {alone}
    assert [p.grad is None for p in trained.parameters()] == [False] * 8


def test_random_numbers_of_another_thread_are_not_drawn_twice():
    module = nn.Linear(4, 4)
    torch.manual_seed(5)
    expected = [torch.rand(1).item() for _ in range(200)]
    torch.manual_seed(5)
    draws, graphs = in_threads([lambda: [torch.rand(1).item() for _ in range(200)], rounds(module, (3, 4))])
    assert draws == expected
    assert len(set(graphs)) == 1


class Paused(nn.Module):
    """A forward that stops halfway until it is told to go on."""

    def __init__(self):
        super().__init__()
        self.linear = nn.Linear(4, 4)
        self.reached, self.go_on = threading.Event(), threading.Event()

    def forward(self, x):
        x = self.linear(x)
        if x.is_meta:
            self.reached.set()
            while not self.go_on.is_set():
                x = x + 0
        return x


def test_a_module_that_is_being_traced_runs_when_it_is_back():
    module = Paused()
    x = torch.ones(3, 4)
    expected = module.linear(x)
    with ThreadPoolExecutor(2) as pool:
        graph = pool.submit(archscope.trace, module, Size((3, 4)))
        assert module.reached.wait(timeout=60)
        assert module.linear.weight.is_meta
        out = pool.submit(module.linear, x)
        assert not out.done()
        module.go_on.set()
        assert torch.equal(out.result(timeout=60), expected)
        assert graph.result(timeout=60).cost.macs == 3 * 4 * 4


class Inside(nn.Module):
    """A forward that traces another network on its way."""

    def __init__(self, other: nn.Module):
        super().__init__()
        self.linear = nn.Linear(4, 4)
        self.others = [other]  # in a list: it is no part of this network

    def forward(self, x):
        x = self.linear(x)
        RESULTS.append(archscope.trace(self.others[0], Size((3, 4))))
        return x.relu()


RESULTS: list[archscope.Graph] = []


@pytest.mark.parametrize("make", [lambda: nn.Linear(4, 7), lambda: nn.LazyLinear(7), Routed, Cyclic])
def test_a_trace_inside_a_trace_is_its_own(make):
    other = make()
    alone = archscope.trace(other, Size((3, 4)))
    RESULTS.clear()
    graph = archscope.trace(Inside(other), Size((3, 4)))
    assert [node.name for node in graph.nodes] == ["addmm", "relu"]
    assert [call.path for call in graph.calls] == ["", "linear"]
    assert [alone] == RESULTS


def test_a_forward_may_trace_a_part_of_itself():
    net = Inside(nn.Identity())
    net.others[0] = net.linear
    RESULTS.clear()
    graph = archscope.trace(net, Size((3, 4)))
    assert graph.cost.macs == RESULTS[0].cost.macs == 3 * 4 * 4
    assert not net.linear.weight.is_meta
    assert net.linear(torch.ones(3, 4)).shape == (3, 4)


class Parallel(nn.Module):
    """A forward that runs its branches in threads of its own."""

    def __init__(self):
        super().__init__()
        self.branches = nn.ModuleList(nn.Linear(4, 4) for _ in range(2))

    def forward(self, x):
        with ThreadPoolExecutor(2) as pool:
            return sum(pool.map(lambda branch: branch(x), self.branches))


def test_a_forward_in_several_threads_is_told_so(monkeypatch):
    monkeypatch.setattr(lending, "_STUCK", 0.1)
    net = Parallel()
    with pytest.raises(TraceError, match="Linear is being traced in another thread") as told:
        archscope.trace(net, Size((3, 4)))
    assert "let the forward run in one thread" in told.value.hint
    assert net(torch.ones(3, 4)).shape == (3, 4)
    assert not lending._loans


class InThreads(nn.Module):
    """A forward that runs functions, not modules, in threads of its own."""

    def __init__(self, after, asks: bool):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(4, 4))
        self.constant, self.after, self.asks = torch.ones(3, 4), after, asks

    def forward(self, x):
        if self.asks:
            x.sum().item()
        with ThreadPoolExecutor(2) as pool:
            return self.after(self, x, list(pool.map(lambda by: x @ self.weight * by, range(2))))


@pytest.mark.parametrize("asks", [False, True], ids=["meta", "cpu"])
@pytest.mark.parametrize("after", [lambda m, x, found: found[0] + found[1], lambda m, x, found: found], ids=["read", "returned"])
def test_functions_in_threads_of_the_forward_are_told(after, asks):
    with pytest.raises(TraceError, match="computes in threads of its own") as told:
        archscope.trace(InThreads(after, asks), Size((3, 4)))
    assert "let the forward run in one thread" in told.value.hint


@pytest.mark.parametrize("asks", [False, True], ids=["meta", "cpu"])
def test_threads_whose_results_nobody_reads_do_no_harm(asks):
    graph = archscope.trace(InThreads(lambda m, x, _: x @ m.weight + m.constant, asks), Size((3, 4)))
    assert graph.cost.macs == 3 * 4 * 4
