"""What several operators are together: attention, norms, rotary embeddings, gated MLPs, however they are spelled; and what is none.

The expected heads, tokens and widths are those that the module beside each test is built with.
"""

import math
from itertools import pairwise

import pytest
import torch
from reading import drawn
from test_truth import check
from torch import nn
from torch.nn import functional as F

from archscope.diagrams.composition import picture
from archscope.diagrams.u_shape import u_shape
from archscope.models.picture_of import diagram
from archscope.tracing.forward_pass import trace
from archscope.views.fusion import pieces

TOKENS, WIDTH, HEADS = 10, 24, 4


class Attention(nn.Module):
    """Self-attention with four linear layers; `core` says how queries, keys and values meet."""

    def __init__(self, core, **options):
        super().__init__()
        self.core, self.options = core, options
        self.q, self.k, self.v, self.o = (nn.Linear(WIDTH, WIDTH) for _ in range(4))

    def forward(self, x):
        q, k, v = (layer(x).unflatten(2, (HEADS, -1)) for layer in (self.q, self.k, self.v))  # (batch, tokens, heads, width)
        return x + self.o(self.core(q, k, v, **self.options).flatten(2))


def by_matmul(q, k, v):
    q, k, v = (t.transpose(1, 2) for t in (q, k, v))
    scores = q @ k.transpose(-2, -1) / math.sqrt(q.shape[-1])
    return (scores.softmax(-1) @ v).transpose(1, 2)


def by_matmul_with_a_mask(q, k, v):
    q, k, v = (t.transpose(1, 2) for t in (q, k, v))
    scores = (q * q.shape[-1] ** -0.5) @ k.transpose(-2, -1)
    mask = torch.ones(q.shape[2], q.shape[2], dtype=torch.bool).tril()
    weights = F.dropout(F.softmax(scores.masked_fill(~mask, -torch.inf), dim=-1), 0.1, False)
    return (weights @ v).transpose(1, 2)


def by_einsum(q, k, v):
    weights = torch.einsum("bqhd,bkhd->bhqk", q, k).mul(q.shape[-1] ** -0.5).softmax(-1)
    return torch.einsum("bhqk,bkhd->bqhd", weights, v)


def by_bmm(q, k, v):
    q, k, v = (t.transpose(1, 2).flatten(0, 1) for t in (q, k, v))
    weights = torch.bmm(q, k.transpose(1, 2)).div(q.shape[-1] ** 0.5).softmax(2)
    return torch.bmm(weights, v).unflatten(0, (-1, HEADS)).transpose(1, 2)


def by_the_function(q, k, v):
    q, k, v = (t.transpose(1, 2) for t in (q, k, v))
    return F.scaled_dot_product_attention(q, k, v, is_causal=True).transpose(1, 2)


def with_capped_scores(q, k, v):
    q, k, v = (t.transpose(1, 2) for t in (q, k, v))
    return ((20 * torch.tanh(q @ k.mT / 20)).softmax(-1) @ v).transpose(1, 2)


def with_sinks(q, k, v):
    q, k, v = (t.transpose(1, 2) for t in (q, k, v))
    scores = q @ k.mT
    sink = torch.zeros(1, HEADS, 1, 1).expand(q.shape[0], -1, q.shape[2], 1)
    return (torch.cat([scores, sink], -1).softmax(-1)[..., :-1] @ v).transpose(1, 2)


def with_biases_of_positions(q, k, v):  # Press, Smith and Lewis, arXiv 2108.12409
    biases = torch.arange(q.shape[1]).float() * torch.ones(HEADS, 1)
    q, k, v = (t.transpose(1, 2).flatten(0, 1) for t in (q, k, v))
    scores = torch.baddbmm(biases.repeat(len(q) // HEADS, 1)[:, None], q, k.mT, alpha=q.shape[-1] ** -0.5)
    return (scores.softmax(-1) @ v).unflatten(0, (-1, HEADS)).transpose(1, 2)


SPELLINGS = [
    by_matmul, by_matmul_with_a_mask, by_einsum, by_bmm, by_the_function, with_capped_scores, with_sinks, with_biases_of_positions
]  # fmt: skip


def labels(module, *shapes):
    graph = trace(module, *(torch.Size(shape) for shape in shapes))
    check(graph)
    return [box.title for box in picture(graph, opened=True).overview.boxes[1:]], graph


@pytest.mark.parametrize("batch", [1, 3])
@pytest.mark.parametrize("core", SPELLINGS)
def test_attention_is_one_box_however_it_is_spelled(core, batch):
    found, graph = labels(Attention(core), (batch, TOKENS, WIDTH))
    assert found == ["attention, 4 heads, 10 tokens", "+"]
    shown = picture(graph, opened=True)
    assert shown.panels[0].title == "attention, 4 heads, 10 tokens"
    inside = [box.title for box in shown.panels[0].boxes[1:]]
    assert inside == ["linear, 24", "linear, 24", "linear, 24", "softmax attention, 4 heads x 6", "linear, 24"]
    products = 2 * batch * TOKENS * TOKENS * WIDTH
    assert shown.overview.boxes[1].costs.macs == 4 * batch * TOKENS * WIDTH * WIDTH + products


@pytest.mark.parametrize("need_weights", [True, False])
@pytest.mark.parametrize("batch_first", [True, False])
def test_torchs_own_attention(need_weights, batch_first):
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.attend = nn.MultiheadAttention(WIDTH, HEADS, batch_first=batch_first)

        def forward(self, x):
            return x + self.attend(x, x, x, need_weights=need_weights)[0]

    found, _ = labels(Net(), (1, TOKENS, WIDTH) if batch_first else (TOKENS, 1, WIDTH))
    assert found[0].startswith("attention")
    assert found[-1] == "+"
    if batch_first:
        assert found[0] == "attention, 4 heads, 10 tokens"


def test_keys_shared_by_several_heads_of_queries():
    class Grouped(nn.Module):
        def __init__(self):
            super().__init__()
            self.q, self.kv, self.o = nn.Linear(WIDTH, WIDTH), nn.Linear(WIDTH, 2 * 2 * 6), nn.Linear(WIDTH, WIDTH)

        def forward(self, x):
            q = self.q(x).unflatten(2, (HEADS, 6)).transpose(1, 2)
            k, v = self.kv(x).unflatten(2, (2, 2, 6)).permute(2, 0, 3, 1, 4)
            k, v = (t.repeat_interleave(2, dim=1) for t in (k, v))
            return x + self.o(F.scaled_dot_product_attention(q, k, v).transpose(1, 2).flatten(2))

    found, _ = labels(Grouped(), (1, TOKENS, WIDTH))
    assert found == ["attention, 4 heads on 2, 10 tokens", "+"]


def test_queries_that_look_at_something_else():
    class Cross(nn.Module):
        def __init__(self):
            super().__init__()
            self.q, self.k, self.v, self.o = (nn.Linear(WIDTH, WIDTH) for _ in range(4))

        def forward(self, x, y):
            q, k, v = (t.unflatten(2, (HEADS, -1)) for t in (self.q(x), self.k(y), self.v(y)))
            return x + self.o(by_matmul(q, k, v).flatten(2))

    found, _ = labels(Cross(), (1, TOKENS, WIDTH), (1, 7, WIDTH))
    assert found == ["cross-attention, 4 heads, 10 tokens on 7", "+"]


def test_windows():
    class Windows(nn.Module):
        def __init__(self):
            super().__init__()
            self.qkv, self.o = nn.Linear(WIDTH, 3 * WIDTH), nn.Linear(WIDTH, WIDTH)

        def forward(self, x):  # (batch, 8, 8, width) in four windows of 4x4
            x = x.unflatten(1, (2, 4)).unflatten(3, (2, 4)).transpose(2, 3).flatten(3, 4).flatten(0, 2)
            q, k, v = self.qkv(x).unflatten(2, (3, HEADS, -1)).permute(2, 0, 3, 1, 4)
            return self.o((((q @ k.mT).softmax(-1)) @ v).transpose(1, 2).flatten(2)).relu().sum(1)

    found, _ = labels(Windows(), (1, 8, 8, WIDTH))
    assert found == ["attention, 4 heads, 4 windows of 16 tokens", "sum"]


@pytest.mark.parametrize("norm", [lambda t: t, lambda t: F.normalize(t, dim=-1)])
def test_attention_between_channels(norm):
    class CrossCovariance(nn.Module):  # El-Nouby et al., arXiv 2106.09681
        def __init__(self):
            super().__init__()
            self.qkv, self.o = nn.Linear(WIDTH, 3 * WIDTH), nn.Linear(WIDTH, WIDTH)

        def forward(self, x):
            q, k, v = self.qkv(x).unflatten(2, (3, HEADS, -1)).permute(2, 0, 3, 4, 1)  # channels, and then tokens
            return x + self.o(((norm(q) @ norm(k).mT).softmax(-1) @ v).permute(0, 3, 1, 2).flatten(2))

    found, _ = labels(CrossCovariance(), (1, TOKENS, WIDTH))
    assert found == ["attention between channels, 4 heads", "+"]


class NoAttention(nn.Module):
    def __init__(self, how):
        super().__init__()
        self.how = how
        self.a, self.b, self.c = nn.Linear(WIDTH, TOKENS), nn.Linear(WIDTH, WIDTH), nn.Linear(WIDTH, WIDTH)

    def forward(self, x):
        return self.how(self, x)


NONE = {
    "scores of a layer, not of keys": lambda self, x: self.a(x).softmax(-1) @ self.b(x),
    "products without a softmax": lambda self, x: (self.a(x) @ self.b(x)) @ self.c(x).mT,
    "a softmax at the end": lambda self, x: (self.b(x) @ self.c(x).mT).softmax(-1),
    "a softmax that only scales": lambda self, x: (self.b(x) @ self.c(x).mT).softmax(-1).sum(-1, keepdim=True) * x,
    "a sigmoid in its place": lambda self, x: (self.b(x) @ self.c(x).mT).sigmoid() @ x,
    "a softmax over the queries": lambda self, x: (self.b(x)[:, :4] @ self.c(x).mT).softmax(1) @ x,
}


@pytest.mark.parametrize("case", NONE)
def test_what_is_no_attention(case):
    graph = trace(NoAttention(NONE[case]), torch.Size((1, TOKENS, WIDTH)))
    check(graph)
    assert not any(piece.attention for piece in pieces(graph).items)


def words(module, *shape):
    graph = trace(module, torch.Size(shape))
    check(graph)
    return [piece.word for piece in pieces(graph).items], graph


class Written(nn.Module):
    """A norm that is written out, between two linear layers."""

    def __init__(self, norm):
        super().__init__()
        self.a, self.b = nn.Linear(WIDTH, WIDTH), nn.Linear(WIDTH, WIDTH)
        self.norm, self.weight, self.bias = norm, nn.Parameter(torch.ones(WIDTH)), nn.Parameter(torch.zeros(WIDTH))

    def forward(self, x):
        return self.b(self.norm(self.a(x), self.weight, self.bias))


def rms_of_llama(x, weight, bias):
    return weight * (x.float() * torch.rsqrt(x.float().pow(2).mean(-1, keepdim=True) + 1e-6)).to(x.dtype)


NORMS = {
    "rms norm": [
        rms_of_llama,
        lambda x, w, b: x / torch.sqrt((x * x).mean(-1, keepdim=True) + 1e-6) * w,
        lambda x, w, b: x * torch.rsqrt(x.square().mean(-1, keepdim=True) + 1e-6) * (1 + w),
        lambda x, w, b: F.rms_norm(x, (WIDTH,), w),
    ],
    "ln": [
        lambda x, w, b: w * (x - x.mean(-1, keepdim=True)) / torch.sqrt(x.var(-1, keepdim=True, unbiased=False) + 1e-6) + b,
        lambda x, w, b: (x - x.mean(-1, keepdim=True)) * ((x - x.mean(-1, keepdim=True)) ** 2).mean(-1, True).add(1e-6).rsqrt(),
        lambda x, w, b: F.layer_norm(x, (WIDTH,), w, b),
    ],
    "L2 norm": [
        lambda x, w, b: F.normalize(x, dim=-1),
        lambda x, w, b: x / x.pow(2).sum(-1, keepdim=True).pow(0.5),
        lambda x, w, b: x / x.norm(dim=-1, keepdim=True) * w],
}  # fmt: skip


@pytest.mark.parametrize(("word", "at"), [(word, at) for word, spellings in NORMS.items() for at in range(len(spellings))])
def test_a_norm_is_one_box_however_it_is_spelled(word, at):
    found, graph = words(Written(NORMS[word][at]), 2, TOKENS, WIDTH)
    assert found == ["linear", word, "linear"]
    assert all(box.label for box in picture(graph).overview.boxes)


NO_NORMS = [
    lambda x, w, b: torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + 1e-6) * w,  # never meets x
    lambda x, w, b: x.exp() * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + 1e-6),  # scales something else
    lambda x, w, b: x * torch.rsqrt(x.pow(2) + 1e-6),  # no mean
    lambda x, w, b: x * x.pow(2).mean(-1, keepdim=True),  # no root
]


@pytest.mark.parametrize("at", range(len(NO_NORMS)))
def test_what_is_no_norm(at):
    found, _ = words(Written(NO_NORMS[at]), 2, TOKENS, WIDTH)
    assert {"rms norm", "ln", "L2 norm"}.isdisjoint(found)


def angles(tokens, half):
    return torch.arange(tokens)[:, None] * 10000.0 ** (-torch.arange(half) / half)[None]


def by_halves(x):
    turned = torch.cat([-x[..., x.shape[-1] // 2 :], x[..., : x.shape[-1] // 2]], -1)
    at = torch.cat([angles(x.shape[1], x.shape[-1] // 2)] * 2, -1)
    return x * at.cos() + turned * at.sin()


def by_two_sums(x):
    first, second = x.chunk(2, -1)
    at = angles(x.shape[1], x.shape[-1] // 2)
    return torch.cat([first * at.cos() - second * at.sin(), first * at.sin() + second * at.cos()], -1)


def by_pairs(x):
    even, odd = x[..., ::2], x[..., 1::2]
    at = angles(x.shape[1], x.shape[-1] // 2)
    return torch.stack([even * at.cos() - odd * at.sin(), odd * at.cos() + even * at.sin()], -1).flatten(2)


def by_complex_numbers(x):
    at = angles(x.shape[1], x.shape[-1] // 2)
    return torch.view_as_real(torch.view_as_complex(x.unflatten(-1, (-1, 2))) * torch.polar(torch.ones_like(at), at)).flatten(2)


@pytest.mark.parametrize("turn", [by_halves, by_two_sums, by_pairs, by_complex_numbers])
def test_a_rotary_embedding_is_one_box_however_it_is_spelled(turn):
    found, _ = words(Written(lambda x, w, b: turn(x)), 2, TOKENS, WIDTH)
    assert found == ["linear", "rotary embedding", "linear"]


def test_a_rotary_embedding_by_a_table_that_the_module_keeps():
    class Turned(Written):
        def __init__(self):
            super().__init__(None)
            at = torch.cat([angles(TOKENS, WIDTH // 2)] * 2, -1)
            self.register_buffer("table", torch.cat([at.sin(), at.cos()], -1))

        def forward(self, x):
            x = self.a(x)
            first, second = x.chunk(2, -1)
            return self.b(x * self.table[:, WIDTH:] + torch.cat([-second, first], -1) * self.table[:, :WIDTH])

    found, _ = words(Turned(), 2, TOKENS, WIDTH)
    assert found == ["linear", "rotary embedding", "linear"]


def test_a_rotary_embedding_behind_a_norm_ends_at_the_norm():
    def normed(x, weight, bias):
        return by_halves(x * torch.rsqrt(x.square().mean(-1, keepdim=True) + 1e-6) * (1 + weight))

    found, _ = words(Written(normed), 2, TOKENS, WIDTH)
    assert found == ["linear", "rms norm", "rotary embedding", "linear"]


def test_what_a_norm_is_of_may_be_scaled_by_a_constant():
    def normed(x, weight, bias):
        scaled = x * torch.full((1,), 3.0)
        return scaled * torch.rsqrt(scaled.square().mean(-1, keepdim=True) + 1e-6)

    assert words(Written(normed), 2, TOKENS, WIDTH)[0].count("rms norm") == 1


@pytest.mark.parametrize(
    "turn",
    [
        lambda x, w, b: torch.cat([x[..., :12] * w[:12], x[..., 12:] * w[12:]], -1),
        lambda x, w, b: x * w - x.flip(-1),
        lambda x, w, b: x * w + x * b,
    ],
)
def test_what_is_no_rotary_embedding(turn):
    found, _ = words(Written(turn), 2, TOKENS, WIDTH)
    assert "rotary embedding" not in found


class Gated(nn.Module):
    def __init__(self, fused):
        super().__init__()
        self.up = nn.ModuleList([nn.Linear(WIDTH, 80)] if fused else [nn.Linear(WIDTH, 40), nn.Linear(WIDTH, 40)])
        self.down = nn.Linear(40, WIDTH)

    def forward(self, x):
        gate, value = self.up[0](x).chunk(2, -1) if len(self.up) == 1 else (layer(x) for layer in self.up)
        return x + self.down(F.silu(gate) * value)


@pytest.mark.parametrize("fused", [True, False])
def test_a_gated_mlp_is_one_box(fused):
    found, graph = labels(Gated(fused), (1, TOKENS, WIDTH))
    assert found == ["gated MLP, 40 silu", "+"]
    assert picture(graph).overview.boxes[1].costs.macs == 3 * TOKENS * WIDTH * 40


def test_a_gate_on_channels_is_no_gated_mlp():
    class Squeeze(nn.Module):
        def __init__(self):
            super().__init__()
            self.a, self.b, self.c = nn.Linear(WIDTH, 6), nn.Linear(6, WIDTH), nn.Linear(WIDTH, WIDTH)

        def forward(self, x):
            return self.c(x * self.b(self.a(x.mean(1, keepdim=True)).relu()).sigmoid())

    found, _ = labels(Squeeze(), (1, TOKENS, WIDTH))
    assert not any(label.startswith("gated") for label in found)


def test_layers_fold_though_the_first_makes_the_mask_for_all():
    class Layer(nn.Module):
        def __init__(self):
            super().__init__()
            self.attend = Attention(by_matmul)

        def forward(self, x, mask):
            return self.attend(x + mask)

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.layers = nn.ModuleList(Layer() for _ in range(5))

        def forward(self, x):
            mask = torch.ones(TOKENS, 1).tril().log()
            for layer in self.layers:
                x = layer(x, mask)
            return x

    found, graph = labels(Net(), (1, TOKENS, WIDTH))
    assert found == ["5 x Layer"]
    assert [panel.title for panel in picture(graph, opened=True).panels] == ["Layer", "attention, 4 heads, 10 tokens"]


def test_embeddings_recurrences_and_tokens_say_their_sizes():
    class Tagger(nn.Module):
        def __init__(self):
            super().__init__()
            self.words = nn.Embedding(1000, 32)
            self.lstm = nn.LSTM(32, 48, num_layers=2, bidirectional=True, batch_first=True)
            self.tags = nn.Linear(96, 17)

        def forward(self, ids):
            return self.tags(self.lstm(self.words(ids))[0])

    graph = trace(Tagger(), torch.zeros(1, 20, dtype=torch.int64))
    boxes = picture(graph).overview.boxes
    assert [(box.title, box.shape) for box in boxes] == [
        ("Input", "20 tokens"),
        ("embedding, 1000 x 32", "20 tokens x 32"),
        ("LSTM, 48, 2 layers, both directions", "20 tokens x 96"),
        ("linear, 17", "20 tokens x 17"),
    ]
    assert "LSTM, 48, 2 layers, both directions" in drawn(diagram(graph).svg()).labels.values()


RECURRENT = [
    # what comes from below is as wide as the gates of the state are high: both weights of the first layer are multiples of a square
    (nn.LSTM, 4 * 64, {}, "LSTM, 64"),
    (nn.LSTM, 4 * 64, {"bidirectional": True}, "LSTM, 64, both directions"),
    (nn.LSTM, 4 * 64, {"num_layers": 2, "bidirectional": True}, "LSTM, 64, 2 layers, both directions"),
    (nn.GRU, 3 * 64, {}, "GRU, 64"),
    (nn.GRU, 3 * 64, {"num_layers": 2}, "GRU, 64, 2 layers"),
    (nn.GRU, 4 * 64, {"bidirectional": True}, "GRU, 64, both directions"),
    (nn.LSTM, 3 * 64, {}, "LSTM, 64"),
    (nn.RNN, 64, {"num_layers": 3}, "RNN, 64, 3 layers"),
    (nn.RNN, 4 * 64, {"nonlinearity": "relu"}, "RNN, 64"),
    (nn.LSTM, 4 * 64, {"proj_size": 16}, "LSTM, 64, projected to 16"),  # Sak, Senior and Beaufays, arXiv 1402.1128
    (nn.LSTM, 20, {"proj_size": 32, "num_layers": 2, "bidirectional": True}, "LSTM, 64, projected to 32, 2 layers, both directions"),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "below", "options", "said"), RECURRENT, ids=[said for *_, said in RECURRENT])
def test_a_recurrent_layer_is_told_by_the_weights_of_its_state(kind, below, options, said):
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.layer = kind(below, 64, batch_first=True, **options)

        def forward(self, x):
            return self.layer(x)[0]

    found, _ = labels(Net(), (1, TOKENS, below))
    assert found == [said]


class UNet(nn.Module):
    """Down `depth` times and up again, a skip at each resolution."""

    def __init__(self, depth, width=64):
        super().__init__()
        widths = [width * 2**n for n in range(depth + 1)]
        self.down = nn.ModuleList(nn.Conv2d(a, b, 3, padding=1) for a, b in zip([3, *widths[:-2]], widths[:-1], strict=True))
        self.middle = nn.Conv2d(widths[-2], widths[-1], 3, padding=1)
        self.up = nn.ModuleList(nn.ConvTranspose2d(b, a, 2, 2) for a, b in pairwise(widths))
        self.after = nn.ModuleList(nn.Conv2d(2 * a, a, 3, padding=1) for a in widths[:-1])

    def forward(self, x):
        seen = []
        for down in self.down:
            seen.append(down(x).relu())
            x = F.max_pool2d(seen[-1], 2)
        x = self.middle(x).relu()
        for up, after in zip(reversed(self.up), reversed(self.after), strict=True):
            x = after(torch.cat([seen.pop(), up(x)], 1)).relu()
        return x


@pytest.mark.parametrize("depth", [2, 3, 4, 5])
def test_a_network_that_goes_down_and_up_is_drawn_so(depth):
    graph = trace(UNet(depth), torch.Size((1, 3, 128, 128)))
    check(graph)
    shown = diagram(graph)
    panel = shown.pictures[0].overview
    found = u_shape(panel)
    assert len(found.skips) == depth
    assert panel.boxes[found.bottom].shape == f"{128 >> depth}x{128 >> depth}x{64 << depth}"
    lines = {}
    for element in shown.scene.elements:
        data = dict(element.data)
        if element.role == "edge":
            lines[int(data["from"]), int(data["to"])] = element.items[0].path
    for skip in found.skips:
        assert len({point[-1] for point in lines[skip] if point[0] in "ML"}) == 1  # a level line
    joins = [box.word for box in panel.boxes if "concat" in box.label]
    assert len(joins) == depth
    assert len(set(joins)) == 1  # each step up is drawn as the other ones are


def test_what_only_has_shortcuts_is_no_u():
    class Residual(nn.Module):
        def __init__(self):
            super().__init__()
            self.layers = nn.ModuleList(nn.Conv2d(8, 8, 3, padding=1) for _ in range(4))

        def forward(self, x):
            for layer in self.layers:
                x = x + layer(F.max_pool2d(x, 3, 1, 1))
            return x

    assert u_shape(picture(trace(Residual(), torch.Size((1, 8, 16, 16)))).overview) is None


@pytest.mark.parametrize("level", ["stage", "block"])
def test_no_label_is_cut(level):
    for module, shape in ((UNet(4), (1, 3, 256, 256)), (Attention(by_matmul), (1, TOKENS, WIDTH))):
        texts = [text.text for text in diagram(trace(module, torch.Size(shape)), level=level).scene.texts()]
        assert not any("…" in text for text in texts)
