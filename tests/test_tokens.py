"""Language models: what a token costs and what is kept of it, against arithmetic on the sizes of the papers."""

import pytest
import torch
from torch import Size, nn
from torch.nn import functional as F

import archscope
from archscope import metrics
from archscope.cli.app import run
from archscope.cli.doublings import doublings
from archscope.graph.input_spec import parse_input
from archscope.models.loading import load
from archscope.models.token_lengths import at_lengths
from archscope.values import Absent

FLOAT = 4  # bytes
IDS = torch.zeros(1, 16, dtype=torch.int64)


def kept(name: str, **options) -> object:
    return metrics.METRICS["kv_cache_per_token"](load(name, **options).trace())


@pytest.mark.parametrize(("name", "options", "numbers"), [
    ("hf:gpt2", {"n_layer": 2}, 2 * 2 * 768),  # keys and values as wide as the stream, made by one layer with the queries
    ("hf:llama", {"num_hidden_layers": 2, "num_key_value_heads": 8}, 2 * 2 * 8 * 128),  # 32 heads of queries share 8 of keys
    ("hf:falcon", {"num_hidden_layers": 1}, 2 * 64),  # 71 heads share one
    ("hf:gpt_oss", {"num_hidden_layers": 2}, 2 * 2 * 8 * 64),  # every other layer looks through a window; each has a sink
    ("hf:deepseek_v3", {"num_hidden_layers": 2}, 2 * (512 + 64)),  # a latent vector and a rotated key for all heads
    ("hf:minicpm3", {"num_hidden_layers": 2}, 2 * (256 + 32)),
])  # fmt: skip
def test_what_is_kept_of_a_token(name, options, numbers):
    assert kept(name, **options) == numbers * FLOAT


def test_half_as_much_in_half_the_bits():
    graph = load("hf:gpt2", n_layer=1).trace(dtype="bfloat16", batch=3)
    assert metrics.METRICS["kv_cache_per_token"](graph) == 2 * 768 * 2
    assert metrics.METRICS["tokens"](graph) == 3 * 128


def test_what_a_token_costs_grows_with_their_number():
    model = load("hf:gpt2", n_layer=1)
    stream = 768 * (3 * 768 + 768 + 2 * 4 * 768)
    for count in (64, 128):
        graph = load("hf:gpt2", n_layer=1, input=[parse_input(f"input_ids:int64:{count}")]).trace()
        assert metrics.METRICS["macs_per_token"](graph) == stream + 2 * count * 768
    assert metrics.METRICS["flops_per_token"](graph) == graph.cost.flops / 128
    assert model.shapes[0] == (128,)


class Gpt(nn.Module):
    """A decoder as people write it: a mask in a buffer, one layer for queries, keys and values."""

    def __init__(self, attend, width=32, heads=4, layers=2, shares=False):
        super().__init__()
        self.tokens, self.places = nn.Embedding(50, width), nn.Embedding(64, width)
        self.kinds = nn.Embedding(2, width)
        self.register_buffer("mask", torch.tril(torch.ones(64, 64)).view(1, 1, 64, 64))
        self.attend, self.heads, self.shares = attend, heads, shares
        self.qkv = nn.ModuleList(nn.Linear(width, 3 * width) for _ in range(layers))
        self.back = nn.ModuleList(nn.Linear(width, width) for _ in range(layers))
        self.norm = nn.LayerNorm(width)

    def forward(self, ids, kinds=None):
        x = self.tokens(ids) + self.places(torch.arange(ids.shape[1]))
        if kinds is not None:
            x = x + self.kinds(kinds)
        first = None
        for qkv, back in zip(self.qkv, self.back, strict=True):
            q, k, v = (t.unflatten(-1, (self.heads, -1)).transpose(1, 2) for t in qkv(self.norm(x)).chunk(3, -1))
            if self.shares and first is not None:
                k, v = first
            first = k, v
            x = x + back(self.attend(self, q, k, v).transpose(1, 2).flatten(2))
        return x


def by_hand(m, q, k, v):
    count = q.shape[-2]
    scores = (q @ k.transpose(-2, -1) / 8**0.5).masked_fill(m.mask[:, :, :count, :count] == 0, float("-inf"))
    return scores.softmax(-1) @ v


def fused(m, q, k, v):
    return F.scaled_dot_product_attention(q, k, v, is_causal=True)


def without_softmax(m, q, k, v):
    return (q @ k.transpose(-2, -1)).tril() @ v


def both_ways(m, q, k, v):
    return F.scaled_dot_product_attention(q, k, v)


@pytest.mark.parametrize(("attend", "options", "layers"), [(by_hand, {}, 2), (fused, {}, 2), (fused, {"shares": True}, 1)])
def test_a_decoder_of_ones_own(attend, options, layers):
    graph = archscope.trace(Gpt(attend, **options), IDS)
    assert metrics.METRICS["kv_cache_per_token"](graph) == layers * 2 * 32 * FLOAT
    assert metrics.METRICS["tokens"](graph) == 16
    # what kind each token is of comes with the token
    assert metrics.METRICS["tokens"](archscope.trace(Gpt(attend, **options), IDS, IDS)) == 16


@pytest.mark.parametrize(("make", "given", "why"), [
    (lambda: Gpt(both_ways), (IDS,), "no causal mask in the network"),
    (lambda: Gpt(without_softmax), (IDS,), "without a softmax"),
    (lambda: nn.Sequential(nn.Embedding(50, 8), nn.Linear(8, 8)), (IDS,), "no attention to earlier tokens"),
    (lambda: nn.Linear(8, 8), (Size((1, 8)),), "it reads no token ids"),
])  # fmt: skip
def test_what_cannot_be_known_says_why(make, given, why):
    found = metrics.METRICS["kv_cache_per_token"](archscope.trace(make(), *given))
    assert isinstance(found, Absent)
    assert why in found.reason


def test_two_sequences_are_not_one():
    for name in ("tokens", "macs_per_token", "kv_cache_per_token"):
        found = metrics.METRICS[name](load("hf:t5", num_layers=1).trace())
        assert isinstance(found, Absent)
        assert "several sequences" in found.reason


def test_an_encoder_keeps_nothing():
    found = kept("hf:bert", num_hidden_layers=1)
    assert isinstance(found, Absent)
    assert "no causal mask in encoder.layer.0" in found.reason


def test_the_library_keeps_what_is_foretold():
    """Bytes in the cache that transformers gives back, at any length, and through the next token."""
    metric = metrics.METRICS["kv_cache_per_token"]
    for name, options in (
        ("hf:gpt2", {"n_layer": 1}),
        ("hf:llama", {"num_hidden_layers": 1, "num_key_value_heads": 4}),
    ):
        for at in at_lengths(name, (8, 64), options=options, batch=2):
            assert at.kept_bytes == at.tokens * 2 * metric(at.read)
            assert metric(at.step) == metric(at.read)
            assert at.step.shapes(at.step.inputs)[0] == (2, 1)


def test_the_next_token_looks_at_all_before_it():
    stream = 768 * (3 * 768 + 768 + 2 * 4 * 768)
    (at,) = at_lengths("hf:gpt2", (100,), options={"n_layer": 1})
    assert at.step.cost.macs == stream + 2 * (100 + 1) * 768


def test_a_window_keeps_no_more():
    short, long = at_lengths("hf:mistral", (16, 64), options={"num_hidden_layers": 1, "sliding_window": 32})
    each = metrics.METRICS["kv_cache_per_token"](short.read)
    assert short.kept_bytes == 16 * each
    assert long.kept_bytes <= 32 * each


@pytest.mark.parametrize(("text", "lengths"), [
    ("128..1024", [128, 256, 512, 1024]), ("100..300", [100, 200, 300]), ("64", [64]), ("7,300,20", [7, 20, 300]),
])  # fmt: skip
def test_lengths_in_words(text, lengths):
    assert doublings("--tokens", text) == lengths


def test_a_chart_of_them(tmp_path, capsys):
    words = ["chart", "--kind", "tokens", "hf:gpt2", "--set", "n_layer=1", "--tokens", "16..64"]
    assert run([*words, "--out", str(tmp_path / "tokens.svg")]) == 0
    drawn = (tmp_path / "tokens.svg").read_text()
    assert "tokens of the text" in drawn
    assert "kept of it: keys, values, states" in drawn


@pytest.mark.parametrize(("words", "error"), [
    (["--kind", "tokens"], "no language model is named"),
    (["--kind", "tokens", "resnet18"], "resnet18 reads no token ids"),
    (["--kind", "tokens", "hf:gpt2", "--set", "n_layer=1", "--tokens", "2048"], "gpt2 has places for 1,024 tokens, not for 2,048"),
    (["--kind", "tokens", "hf:gpt2", "--tokens", "many"], "--tokens many is not possible"),
    (["--kind", "tokens", "hf:gpt2", "--tokens", "64..8"], "--tokens 64..8 is not possible"),
    (["--kind", "depth", "resnet18", "--tokens", "64"], "--tokens does not go with --kind depth"),
])  # fmt: skip
def test_what_cannot_be_drawn(words, error, tmp_path, capsys):
    assert run(["chart", *words, "--out", str(tmp_path / "tokens.svg")]) == 2
    assert capsys.readouterr().err.startswith(f"error: {error}")
    assert not list(tmp_path.iterdir())
