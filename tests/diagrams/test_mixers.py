"""Mixtures of experts are boxes of their own, however they are spelled.

The expected numbers are those that the module beside each test is built with, or those in a configuration of transformers.
"""

import pytest
import torch
from reading import traced
from test_truth import check
from torch import nn
from torch.nn import functional as F

from archscope.diagrams.composition import picture
from archscope.tracing.forward_pass import trace

TOKENS, WIDTH, INNER, EXPERTS = 10, 24, 40, 6


class Mixture(nn.Module):
    """Each token goes to the best `active` of six experts; `route` says how they are chosen, `meet` how tokens meet them."""

    def __init__(self, route, meet, active=2, gated=False, shared=False):
        super().__init__()
        self.route, self.meet, self.active, self.gated = route, meet, active, gated
        self.router = nn.Linear(WIDTH, EXPERTS)
        self.up, self.down = (
            nn.Parameter(torch.empty(EXPERTS, WIDTH, INNER * (1 + gated))),
            nn.Parameter(torch.empty(EXPERTS, INNER, WIDTH)),
        )
        self.shared = nn.Sequential(nn.Linear(WIDTH, 16), nn.ReLU(), nn.Linear(16, WIDTH)) if shared else None

    def act(self, x):
        if not self.gated:
            return x.relu()
        gate, value = x.chunk(2, -1)
        return F.silu(gate) * value

    def forward(self, x):
        weights, best = self.route(self.router(x), self.active)
        made = self.meet(self, x, weights, best)
        return x + (made + self.shared(x) if self.shared is not None else made)


def softmax_then_best(scores, active):
    weights, best = scores.softmax(-1).topk(active, -1)
    return weights / weights.sum(-1, keepdim=True), best


def best_then_softmax(scores, active):
    weights, best = scores.topk(active, -1)
    return weights.softmax(-1), best


def sigmoid_in_groups(scores, active):  # DeepSeek-V3, arXiv 2412.19437: of three groups of two experts the best two
    scores = scores.sigmoid()
    groups = scores.unflatten(-1, (3, 2)).sum(-1).topk(2, -1)[1]
    kept = torch.zeros_like(scores[..., :3]).scatter(-1, groups, 1.0).repeat_interleave(2, -1)
    best = scores.masked_fill(kept == 0, 0.0).topk(active, -1)[1]
    return scores.gather(-1, best), best


def all_at_once(self, x, weights, best):
    spread = torch.zeros(*x.shape[:2], EXPERTS).scatter(-1, best, weights)
    made = torch.einsum("etf,efd->etd", self.act(torch.einsum("btd,edf->etf", x, self.up)), self.down)
    return torch.einsum("etd,bte->btd", made, spread)


def one_after_the_other(self, x, weights, best):
    spread = torch.zeros(*x.shape[:2], EXPERTS).scatter(-1, best, weights)
    total = torch.zeros_like(x)
    for at in range(EXPERTS):
        total = total + self.act(x @ self.up[at]) @ self.down[at] * spread[..., at : at + 1]
    return total


def sorted_by_expert(self, x, weights, best):  # each expert's tokens stand together, as many for each here
    tokens, order = x.flatten(0, 1), best.flatten().argsort()
    chosen = tokens[order // self.active].unflatten(0, (EXPERTS, -1))
    made = torch.bmm(self.act(torch.bmm(chosen, self.up)), self.down).flatten(0, 1) * weights.flatten()[order][:, None]
    return torch.zeros_like(tokens).index_add(0, order // self.active, made).view_as(x)


def opened(module, *shape):
    graph = trace(module, torch.Size(shape))
    check(graph)
    shown = picture(graph, opened=True)
    return shown, [box.title for box in shown.overview.boxes[1:]]


@pytest.mark.parametrize("meet", [all_at_once, one_after_the_other, sorted_by_expert])
@pytest.mark.parametrize("route", [softmax_then_best, best_then_softmax, sigmoid_in_groups])
@pytest.mark.parametrize("gated", [True, False])
def test_a_mixture_of_experts_is_one_box_and_opened_a_router_with_its_experts(route, meet, gated):
    shown, found = opened(Mixture(route, meet, gated=gated), 1, 9, WIDTH)
    each = "gated MLP 40 silu" if gated else "MLP 40 relu"
    assert found == [f"mixture of experts, 2 of 6, {each}", "+"]
    (panel,) = shown.panels
    assert [box.title for box in panel.boxes[1:]] == ["router, 2 of 6 experts", f"6 experts, {each}"]
    assert set(panel.edges) == {(0, 1), (0, 2), (1, 2)}
    assert panel.boxes[1].costs.params == WIDTH * EXPERTS + EXPERTS
    assert panel.boxes[2].costs.params == EXPERTS * WIDTH * INNER * (3 if gated else 2)


def test_a_shared_expert_stands_beside_the_chosen_ones():
    shown, found = opened(Mixture(softmax_then_best, all_at_once, shared=True), 1, TOKENS, WIDTH)
    assert found == ["mixture of experts, 2 of 6 + shared, MLP 40 relu", "+"]
    inside = [box.title for box in shown.panels[0].boxes[1:]]
    assert sorted(inside) == ["+", "6 experts, MLP 40 relu", "linear, 16", "linear, 24", "router, 2 of 6 experts"]


class TopScores(nn.Module):
    """The best of a layer's scores, which choose no weights."""

    def __init__(self, how):
        super().__init__()
        self.how, self.scores, self.a, self.b = how, nn.Linear(WIDTH, EXPERTS), nn.Linear(WIDTH, WIDTH), nn.Linear(WIDTH, WIDTH)

    def forward(self, x):
        return self.how(self, x)


NONE = {
    "the five best tokens": lambda self, x: self.a(
        x.gather(1, self.scores(x).amax(-1).topk(5, 1)[1][..., None].expand(-1, -1, WIDTH))
    ),
    "the best classes, returned": lambda self, x: (self.scores(x).topk(2, -1), self.b(self.a(x))),
    "a gate made of the best scores": lambda self, x: self.b(self.a(x) * self.scores(x).topk(2, -1)[0].sum(-1, keepdim=True)),
    "all experts": lambda self, x: self.b(self.a(x) * self.scores(x).topk(EXPERTS, -1)[0].sum(-1, keepdim=True)),
}


@pytest.mark.parametrize("case", NONE)
def test_what_is_no_mixture_of_experts(case):
    shown, _ = opened(TopScores(NONE[case]), 1, TOKENS, WIDTH)
    words = [box.title for panel in (shown.overview, *shown.panels) for box in panel.boxes]
    assert not any("expert" in word for word in words)


# Names of the fields: experts, active ones, width of each.
CONFIGURED = {
    "hf:mixtral": ("num_local_experts", "num_experts_per_tok", "intermediate_size"),
    "hf:olmoe": ("num_experts", "num_experts_per_tok", "intermediate_size"),
    "hf:deepseek_v3": ("n_routed_experts", "num_experts_per_tok", "moe_intermediate_size"),
    "hf:phimoe": ("num_local_experts", "num_experts_per_tok", "intermediate_size"),
}


@pytest.mark.parametrize("name", CONFIGURED)
def test_the_experts_of_transformers(name):
    transformers = pytest.importorskip("transformers")
    config = transformers.AutoConfig.for_model(name.removeprefix("hf:"))
    experts, active, width = (getattr(config, field) for field in CONFIGURED[name])
    layers = 2 + getattr(config, "first_k_dense_replace", 0)
    graph = traced(name, ("num_hidden_layers", layers))
    check(graph)
    shared = getattr(config, "n_shared_experts", 0)
    found = [box.label for panel in picture(graph, opened=True).panels for box in panel.boxes]
    expected = [
        f"mixture of experts, {active} of {experts}{' + shared' * bool(shared)}, gated MLP {width} silu",
        f"router, {active} of {experts} experts",
        f"{experts} experts, gated MLP {width} silu",
        *([f"gated MLP, {width * shared} silu"] if shared else []),
    ]
    assert set(expected) <= set(found)
