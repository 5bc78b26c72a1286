"""Mixtures of experts and scans over tokens are boxes of their own, however they are spelled.

The expected numbers are those that the module beside each test is built with, or those in a configuration of transformers.
"""

import pytest
import torch
from reading import traced
from test_truth import check
from torch import nn
from torch.nn import functional as F

from archscope.diagrams.box_labels import piece_label
from archscope.diagrams.composition import picture
from archscope.tracing.forward_pass import trace
from archscope.views.fusion import pieces

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


def with_attention_inside(self, x, weights, best):  # Shen et al., "JetMoE", arXiv 2404.07413
    spread = torch.zeros(*x.shape[:2], EXPERTS).scatter(-1, best, weights)
    queries = torch.einsum("btd,edf->betf", x, self.up)
    attended = (queries @ x.repeat(1, 1, 2)[:, None, :, :INNER].mT).softmax(-1) @ x.repeat(1, 1, 2)[:, None, :, :INNER]
    return torch.einsum("betd,bte->btd", torch.einsum("betf,efd->betd", attended, self.down), spread)


def test_attention_between_the_layers_of_experts_is_seen():
    shown, _ = opened(Mixture(softmax_then_best, with_attention_inside), 1, 9, WIDTH)
    words = [box.title for panel in (shown.overview, *shown.panels) for box in panel.boxes]
    assert not any("expert" in word for word in words)
    assert any("attention" in word for word in words)


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


STATES, HEADS = 4, 3


class Selective(nn.Module):
    """A Mamba mixer (Gu and Dao, arXiv 2312.00752, Algorithm 2), with a loop over the tokens; `steps` says how they are read."""

    def __init__(self, steps):
        super().__init__()
        self.steps = steps
        self.enter, self.leave = nn.Linear(WIDTH, 2 * INNER), nn.Linear(INNER, WIDTH)
        self.conv = nn.Conv1d(INNER, INNER, 4, padding=3, groups=INNER)
        self.select, self.step = nn.Linear(INNER, INNER // 4 + 2 * STATES), nn.Linear(INNER // 4, INNER)
        self.A, self.D = nn.Parameter(torch.empty(INNER, STATES)), nn.Parameter(torch.empty(INNER))

    def forward(self, x):
        values, gate = self.enter(x).chunk(2, -1)
        values = F.silu(self.conv(values.mT)[..., : x.shape[1]]).mT
        step, b, c = self.select(values).split([INNER // 4, STATES, STATES], -1)
        step = F.softplus(self.step(step))
        decay = torch.exp(step[..., None] * -self.A.exp())
        written = step[..., None] * b[:, :, None] * values[..., None]
        state, made = torch.zeros(x.shape[0], INNER, STATES), []
        for keep, add, read in zip(self.steps(decay), self.steps(written), self.steps(c), strict=True):
            state = keep * state + add
            made.append((state @ read[..., None])[..., 0])
        return x + self.leave((torch.stack(made, 1) + values * self.D) * F.silu(gate))


def by_index(tensor):
    return [tensor[:, at] for at in range(tensor.shape[1])]


def by_unbinding(tensor):
    return tensor.unbind(1)


@pytest.mark.parametrize("steps", [by_index, by_unbinding])
def test_a_state_space_scan_is_one_box(steps):
    shown, found = opened(Selective(steps), 2, TOKENS, WIDTH)
    scan = "state-space scan, 40 channels, 4 states"
    layers = ["linear, 80", "1D depthwise conv 4, 40", "linear, 18", "linear, 40"]
    assert found == [*layers, scan, "silu", "×", "linear, 24", "+"]
    at = found.index(scan) + 1
    assert {b for a, b in shown.overview.edges if a == at} == {at + 2}  # the gate alone
    assert {a for a, b in shown.overview.edges if b == at} == {2, 3, 4}  # values; what is written and read; the step
    assert shown.overview.boxes[at].costs.macs == 2 * TOKENS * INNER * STATES  # the product of state and readout
    assert shown.overview.boxes[at].costs.params == INNER * STATES + INNER


class Attending(nn.Module):
    """Queries, keys and values of three heads, between four layers; `core` says how they meet, with a decay for each token."""

    def __init__(self, core):
        super().__init__()
        self.core = core
        self.q, self.k, self.o = nn.Linear(WIDTH, HEADS * STATES), nn.Linear(WIDTH, HEADS * STATES), nn.Linear(WIDTH, WIDTH)
        self.v, self.f = nn.Linear(WIDTH, WIDTH), nn.Linear(WIDTH, HEADS)

    def forward(self, x):
        q, k, v = (layer(x).unflatten(2, (HEADS, -1)).transpose(1, 2) for layer in (self.q, self.k, self.v))
        return x + self.o(self.core(q, k, v, F.logsigmoid(self.f(x)).mT).transpose(1, 2).flatten(2))


def token_by_token(q, k, v, log_decay):
    state, made = torch.zeros(*k.shape[:2], k.shape[-1], v.shape[-1]), []
    for at in range(q.shape[2]):
        state = state * log_decay[:, :, at].exp()[..., None, None] + k[:, :, at, :, None] * v[:, :, at, None]
        made.append((q[:, :, at, None] @ state)[:, :, 0])
    return torch.stack(made, 2)


def in_one_chunk(q, k, v, log_decay):
    total = log_decay.cumsum(-1)
    between = (total[..., :, None] - total[..., None, :]).masked_fill(
        ~torch.ones(q.shape[2], q.shape[2], dtype=torch.bool).tril(), -torch.inf
    )
    return (q @ k.mT * between.exp()) @ v


def with_the_delta_rule(q, k, v, log_decay):  # Schlag, Irie and Schmidhuber, arXiv 2102.11174
    state, made = torch.zeros(*k.shape[:2], k.shape[-1], v.shape[-1]), []
    for at in range(q.shape[2]):
        state = state * log_decay[:, :, at].exp()[..., None, None]
        error = v[:, :, at, None] - k[:, :, at, None] @ state
        state = state + k[:, :, at, :, None] * error
        made.append((q[:, :, at, None] @ state)[:, :, 0])
    return torch.stack(made, 2)


@pytest.mark.parametrize(
    ("core", "word"),
    [(token_by_token, "linear-attention"), (in_one_chunk, "linear-attention"), (with_the_delta_rule, "delta-rule")],
)
def test_linear_attention_with_a_decay_is_one_box(core, word):
    _, found = opened(Attending(core), 2, TOKENS, WIDTH)
    layers = ["linear, 12", "linear, 12", "linear, 24", "linear, 3"]
    assert sorted(found[:4]) == layers
    assert found[4:] == [f"{word} scan, 3 heads, state 4x8", "linear, 24", "+"]


class Between(nn.Module):
    """Something that is done to the result of one layer before the next."""

    def __init__(self, how):
        super().__init__()
        self.how, self.a, self.b, self.c = how, nn.Linear(WIDTH, WIDTH), nn.Linear(WIDTH, WIDTH), nn.Linear(WIDTH, WIDTH)

    def forward(self, x):
        return self.c(self.how(self, self.a(x), self.b(x)))


def recur(self, a, b):
    state, made = torch.zeros(a.shape[0], WIDTH), []
    for keep, add in zip(by_index(a.sigmoid()), by_index(b), strict=True):
        state = keep * state + (1 - keep) * add
        made.append(state)
    return torch.stack(made, 1)


def test_a_gated_recurrence_is_one_box():
    _, found = opened(Between(recur), 2, TOKENS, WIDTH)
    assert found == ["linear, 24", "linear, 24", "recurrence over tokens, 24 wide", "linear, 24"]


def with_weights(self, a, b):
    state = torch.zeros(a.shape[0], WIDTH)
    for at in range(TOKENS):
        state = (a[:, at] + self.b(state)).tanh()
    return state


NO_SCANS = {
    "each place by itself": lambda self, a, b: torch.stack(
        [x.sigmoid() * y for x, y in zip(by_index(a), by_index(b), strict=True)], 1
    ),
    "a sum without a decay": lambda self, a, b: a.cumsum(1) * b,
    "a decay of one sum": lambda self, a, b: a.sum(1, keepdim=True).exp() * b,
    "weights in each step": with_weights,
}


@pytest.mark.parametrize("case", NO_SCANS)
def test_what_is_no_scan(case):
    shown, _ = opened(Between(NO_SCANS[case]), 2, TOKENS, WIDTH)
    assert not any("scan" in box.title or "recurrence" in box.title for box in shown.overview.boxes)


SCANS = {
    "hf:mamba": lambda c: f"state-space scan, {c.intermediate_size} channels, {c.state_size} states",
    "hf:mamba2": lambda c: f"state-space scan, {c.num_heads} heads x {c.head_dim}, {c.state_size} states",
    "hf:xlstm": lambda c: f"linear-attention scan, {c.num_heads} heads, state {c.qk_head_dim}x{c.v_head_dim}",
    "hf:qwen3_next": lambda c: (
        f"delta-rule scan, {c.linear_num_value_heads} heads, state {c.linear_key_head_dim}x{c.linear_value_head_dim}"
    ),
    "hf:recurrent_gemma": lambda c: f"recurrence over tokens, {c.lru_width} wide",
}


# Layers, and how many of them scan; Qwen3-Next attends in every fourth, RecurrentGemma in every third.
LAYERS = {"hf:qwen3_next": (4, 3), "hf:recurrent_gemma": (3, 2)}


@pytest.mark.parametrize("name", SCANS)
def test_the_scans_of_transformers(name):
    transformers = pytest.importorskip("transformers")
    config = transformers.AutoConfig.for_model(name.removeprefix("hf:"))
    layers, scanning = LAYERS.get(name, (2, 2))
    graph = traced(name, ("num_hidden_layers", layers))
    check(graph)
    cut = pieces(graph)
    assert [piece_label(cut, piece) for piece in cut.items].count(SCANS[name](config)) == scanning
