"""Random modules come back as they were: mixed modes, hooks, tied weights, buffers, a forward that raises anywhere."""

import torch
import torch.nn.utils.prune
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

import archscope
from archscope import TraceError
from tests.test_untouched import assert_same, fingerprint

WIDTH = 4
LEAVES = {
    "linear": lambda: nn.Linear(WIDTH, WIDTH),
    "norm": lambda: nn.BatchNorm1d(WIDTH),
    "dropout": lambda: nn.Dropout(0.5),
    "in place": lambda: nn.ReLU(inplace=True),
    "parametrised": lambda: nn.utils.parametrizations.weight_norm(nn.Linear(WIDTH, WIDTH)),
    "pruned": lambda: nn.utils.prune.random_unstructured(nn.Linear(WIDTH, WIDTH), "weight", 0.5),
    "bilinear": lambda: Both(nn.Bilinear(WIDTH, WIDTH, WIDTH)),
}  # fmt: skip


class Both(nn.Module):
    """Runs a layer of two inputs on one."""

    def __init__(self, layer):
        super().__init__()
        self.layer = layer

    def forward(self, x):
        return self.layer(x, x)


class Node(nn.Module):
    """Parts one after the other or side by side, with state that its forward changes, and a place at which it may raise."""

    def __init__(self, parts, joins, keeps, raises, asks):
        super().__init__()
        self.parts = nn.ModuleList(parts)
        self.register_buffer("steps", torch.zeros(1))
        self.register_buffer("scratch", torch.ones(WIDTH), persistent=False)
        self.seen, self.table, self.latest = [], {"x": 0}, None
        self.joins, self.keeps, self.raises, self.asks = joins, keeps, raises, asks

    def forward(self, x):
        if self.keeps:
            self.steps += 1
            self.scratch = self.scratch * 2
            self.seen.append(x)
            self.table["x"] += 1
            self.latest = x
        if self.asks:
            x.sum().item()
        ran = []
        for at, part in enumerate(self.parts):
            if at == self.raises:
                raise ValueError("on purpose")
            ran.append(part(x))
            x = x if self.joins else ran[-1]
        return sum(ran) if self.joins and ran else x


nodes = st.recursive(
    st.sampled_from(sorted(LEAVES)),
    lambda parts: st.tuples(
        st.lists(parts, min_size=1, max_size=3), st.booleans(), st.booleans(), st.sampled_from([None, None, None, 0, 1]),
        st.sampled_from([False, False, True]),
    ),
    max_leaves=6,
)  # fmt: skip


def built(plan) -> nn.Module:
    return LEAVES[plan]() if isinstance(plan, str) else Node([built(part) for part in plan[0]], *plan[1:])


def arranged(module: nn.Module, draw) -> None:
    """Flags, frozen and tied weights, gradients and hooks, as drawn."""
    for m in module.modules():
        m.training = draw(st.booleans())
    linears = [m for m in module.modules() if type(m) is nn.Linear and "weight" in m._parameters]
    if len(linears) > 1 and draw(st.booleans()):
        linears[-1].weight = linears[0].weight
    for p in module.parameters():
        p.requires_grad_(draw(st.booleans()))
        if draw(st.booleans()):
            p.grad = torch.full_like(p, 3.0)
    for m in [m for m in module.modules() if isinstance(m, Node)]:
        if draw(st.booleans()):
            m.register_forward_pre_hook(lambda m, args: (args[0] * 1,))
        if draw(st.booleans()):
            m.register_forward_hook(lambda m, args, out: m.seen.append(out) or out)
        if draw(st.booleans()):
            m.register_full_backward_hook(lambda m, into, out: None)


@settings(derandomize=True, deadline=None, max_examples=30)
@given(st.data(), nodes, st.sampled_from(["eval", "train"]))
def test_a_trace_leaves_a_random_module_as_it_was(data, plan, mode):
    torch.manual_seed(0)
    module = built(plan)
    arranged(module, data.draw)
    x = torch.randn(3, WIDTH)
    before, given_ = fingerprint(module), x.clone()
    first, second = traced(module, x, mode), traced(module, x, mode)
    assert_same(before, fingerprint(module))
    assert torch.equal(x, given_)
    # The second trace finds what the first one found: nothing of it has stayed.
    assert (first.nodes, first.calls, first.params, first.outputs) == (second.nodes, second.calls, second.params, second.outputs)


def traced(module: nn.Module, x: torch.Tensor, mode: str) -> archscope.Graph:
    """The Graph; of a forward that raises, the part before."""
    try:
        return archscope.trace(module, x, mode=mode)
    except TraceError as error:
        if "on purpose" not in str(error):
            raise
        return error.graph
