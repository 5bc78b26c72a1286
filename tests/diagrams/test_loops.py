"""What runs over and over is one box and one line: a decoder's steps, an iterated refinement, layers that share their weights."""

import pytest
import torch
from test_truth import check
from torch import nn

from archscope.diagrams.composition import picture
from archscope.tables.flops import flops_table
from archscope.tables.params import params_table
from archscope.tracing.forward_pass import trace
from archscope.views.outline import outline

WIDE, STEPS = 16, 5
CELL = 3 * WIDE * (2 * WIDE + WIDE)  # MACs of a GRU cell's three gates: Cho et al. 2014
LINEAR = WIDE * WIDE


class Attention(nn.Module):
    def __init__(self):
        super().__init__()
        self.query, self.key = nn.Linear(WIDE, WIDE), nn.Linear(WIDE, WIDE)

    def forward(self, h, memory):
        weights = (self.query(h).unsqueeze(1) * self.key(memory)).sum(-1).softmax(-1)
        return (weights.unsqueeze(-1) * memory).sum(1)


class Decoder(nn.Module):
    """Attends, moves its state on and says a word in every step; all words are stacked at the end."""

    def __init__(self, told=True):
        super().__init__()
        self.told = told
        self.start, self.attn = nn.Linear(WIDE, WIDE), Attention()
        self.cell, self.out = nn.GRUCell(2 * WIDE, WIDE), nn.Linear(WIDE, WIDE)

    def forward(self, memory):
        state = self.start(memory[:, 0]) if self.told else torch.zeros(memory.shape[0], WIDE, device=memory.device)
        said, words = torch.zeros_like(state), []
        for _ in range(STEPS):
            state = self.cell(torch.cat([self.attn(state, memory), said], -1), state)
            said = self.out(state)
            words.append(said)
        return torch.stack(words, 1)


@pytest.mark.parametrize("told", [True, False])  # without a state the first step attends with what is known before
def test_the_steps_of_a_decoder_are_one_box(told):
    graph = trace(Decoder(told), torch.Size((1, 7, WIDE)))
    check(graph)
    boxes = picture(graph).overview.boxes
    steps = next(box for box in boxes if box.again)
    assert (steps.title, steps.count) == (f"{STEPS} runs of attn, cell, out", STEPS)
    attention = LINEAR + 7 * LINEAR
    assert steps.costs.macs == STEPS * (attention + CELL + LINEAR)
    assert steps.costs.params == 2 * (LINEAR + WIDE) + (CELL + 6 * WIDE) + LINEAR + WIDE
    assert boxes[-1].label == "stack"


def test_each_module_of_a_loop_is_one_line():
    graph = trace(Decoder(), torch.Size((1, 7, WIDE)))
    lines = {part.name: part for part in outline(graph, 2)}
    assert {name: part.label for name, part in lines.items() if part.depth == 0} == {
        "start": "Linear", "attn": f"Attention, {STEPS} runs", "cell": f"GRUCell, {STEPS} runs", "out": f"Linear, {STEPS} runs",
    }  # fmt: skip
    assert lines["query"].label == f"Linear, {STEPS} runs"
    assert lines["cell"].graph.cost.macs == STEPS * CELL
    assert sum(row.values["macs"] for row in flops_table(graph, depth=1).rows) == graph.cost.macs
    held = {row.values["module"]: row.values["own_params"] for row in params_table(graph, depth=1).rows}
    assert held == {"start": LINEAR + WIDE, "attn": 0, "cell": CELL + 6 * WIDE, "out": LINEAR + WIDE}


def test_runs_that_differ_have_lines_of_their_own():
    class Head(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv = nn.Conv2d(3, 3, 1)

        def forward(self, x):
            return [self.conv(x), self.conv(x), self.conv(x[..., ::2, ::2])]

    graph = trace(Head(), torch.Size((1, 3, 8, 8)))
    assert [(part.label, part.graph.cost.macs) for part in outline(graph, 1)] == [
        ("Conv2d, 2 runs", 2 * 9 * 64),
        ("Conv2d", 9 * 16),
    ]


def test_layers_that_share_their_weights_are_runs_and_those_that_do_not_are_not():
    shared = nn.Sequential(nn.Linear(WIDE, WIDE), nn.ReLU())

    def boxes(*layers):
        shown = picture(trace(nn.Sequential(*layers), torch.Size((1, WIDE)))).overview.boxes[1:]
        return [(box.title, box.costs.params) for box in shown]

    once = LINEAR + WIDE
    assert boxes(shared, shared, shared, shared) == [("4 runs of linear, 16", once)]
    assert boxes(*(nn.Sequential(nn.Linear(WIDE, WIDE), nn.ReLU()) for _ in range(4))) == [("4 x linear, 16", 4 * once)]


@pytest.mark.parametrize(("kind", "word", "gates"), [(nn.LSTMCell, "LSTM", 4), (nn.GRUCell, "GRU", 3), (nn.RNNCell, "RNN", 1)])
@pytest.mark.parametrize("told", [True, False])
def test_a_cell_is_one_box(kind, word, gates, told):
    class Step(nn.Module):
        def __init__(self):
            super().__init__()
            self.first, self.cell, self.last = nn.Linear(4, 8), kind(8, WIDE), nn.Linear(WIDE, 2)

        def forward(self, x):
            zeros = x.new_zeros(x.shape[0], WIDE) if told else None
            state = self.cell(self.first(x), (zeros, zeros) if word == "LSTM" and told else zeros)
            return self.last(state[0] if word == "LSTM" else state)

    graph = trace(Step(), torch.Size((1, 4)))
    check(graph)
    boxes = picture(graph).overview.boxes[1:]
    assert [box.title for box in boxes] == ["linear, 8", f"{word} cell, {WIDE}", "linear, 2"]
    assert boxes[1].costs.params == gates * WIDE * (8 + WIDE + 2)
    assert boxes[1].costs.macs == gates * WIDE * (8 + WIDE)


# -- layers that hand on several results ------------------------------------------------------------------------------------------


class WaveNet(nn.Module):
    """van den Oord et al. 2016, figure 4: gated, dilated layers, each of which adds to what is carried on and to what is said."""

    def __init__(self, layers=10, blocks=2, width=32, said=64):
        super().__init__()
        self.dilations = [2**n for _ in range(blocks) for n in range(layers)]
        self.begin = nn.Conv1d(said, width, 1)
        self.filter = nn.ModuleList(nn.Conv1d(width, width, 2, dilation=d) for d in self.dilations)
        self.gate = nn.ModuleList(nn.Conv1d(width, width, 2, dilation=d) for d in self.dilations)
        self.on = nn.ModuleList(nn.Conv1d(width, width, 1) for _ in self.dilations)
        self.say = nn.ModuleList(nn.Conv1d(width, said, 1) for _ in self.dilations)
        self.end = nn.Sequential(nn.ReLU(), nn.Conv1d(said, said, 1), nn.ReLU(), nn.Conv1d(said, said, 1))

    def forward(self, sound):
        x, said = self.begin(sound), 0
        for filtering, gating, on, say, dilation in zip(self.filter, self.gate, self.on, self.say, self.dilations, strict=True):
            padded = torch.nn.functional.pad(x, (dilation, 0))
            gated = torch.tanh(filtering(padded)) * torch.sigmoid(gating(padded))
            said, x = said + say(gated), x + on(gated)
        return self.end(said)


def test_layers_that_carry_a_stream_and_add_up_beside_it_are_one_box():
    """Of twenty layers the first has nothing to add to: nineteen are alike."""
    graph = trace(WaveNet(), torch.Size((1, 64, 512)))
    check(graph)
    folded = next(box for box in picture(graph).overview.boxes if box.count > 1)
    assert (folded.count, folded.again) == (19, False)
    layer = 512 * (2 * 2 * 32 * 32 + 32 * 32 + 32 * 64)  # two products of two taps, one to carry on, one to say
    assert folded.costs.macs == 19 * layer
    assert folded.costs.params == 19 * (2 * (2 * 32 * 32 + 32) + 32 * 32 + 32 + 32 * 64 + 64)


class Latents(nn.Module):
    """Jaegle et al. 2021, figure 1: latents that look at an input and at each other, over and over, with the same weights."""

    def __init__(self, times=3):
        super().__init__()
        self.times, self.latents = times, nn.Parameter(torch.zeros(6, WIDE))
        self.look = nn.MultiheadAttention(WIDE, 2, batch_first=True)
        self.layers = nn.ModuleList(nn.TransformerEncoderLayer(WIDE, 2, 32, batch_first=True) for _ in range(2))

    def forward(self, x):
        latents = self.latents.expand(x.shape[0], -1, -1)
        for _ in range(self.times):
            latents = latents + self.look(latents, x, x, need_weights=False)[0]
            for layer in self.layers:
                latents = layer(latents)
        return latents.mean(1)


def test_a_loop_whose_first_round_starts_from_a_parameter_is_one_box_with_the_names_of_its_layers():
    graph = trace(Latents(), torch.Size((1, 50, WIDE)))
    check(graph)
    steps = picture(graph).overview.boxes[1]
    assert (steps.title, steps.count) == ("3 runs of look, layers.0, layers.1", 3)
    assert steps.costs.params == sum(p.numel() for p in Latents().parameters())


class Generator(nn.Module):
    """Adds a word to a text in every step, and reads all of it anew for the next."""

    def __init__(self, steps=6):
        super().__init__()
        self.steps, self.embed = steps, nn.Embedding(50, WIDE)
        self.layer, self.words = nn.TransformerEncoderLayer(WIDE, 2, 32, batch_first=True), nn.Linear(WIDE, 50)

    def forward(self, ids):
        for _ in range(self.steps):
            ids = torch.cat([ids, self.words(self.layer(self.embed(ids)))[:, -1:].argmax(-1)], 1)
        return ids


def test_a_text_that_grows_by_a_word_in_every_step_is_one_box():
    graph = trace(Generator(), torch.zeros((1, 10), dtype=torch.long))
    check(graph)
    steps = picture(graph).overview.boxes[1]
    assert (steps.title, steps.count) == ("6 runs of embed, layer, words", 6)
    assert steps.costs.macs == graph.cost.macs
    assert steps.shape == "15 tokens x 50"  # ten are given, five are made before the last one is


def test_one_head_over_maps_of_several_sizes_is_no_growing_loop():
    class Levels(nn.Module):
        def __init__(self):
            super().__init__()
            self.down, self.head = nn.Conv2d(4, 4, 3, 2, 1), nn.Conv2d(4, 2, 3, padding=1)

        def forward(self, x):
            found = []
            for _ in range(4):
                x = self.down(x)
                found.append(self.head(x))
            return found

    boxes = picture(trace(Levels(), torch.Size((1, 4, 64, 64)))).overview.boxes
    assert not any(box.again for box in boxes)


class Residual(nn.Module):
    """x + block(x), round after round, by one block or by one for each round."""

    def __init__(self, times=4, shared=True, scale=None):
        super().__init__()
        self.first, self.scale, self.last = nn.Conv2d(3, 8, 3, padding=1), scale, nn.Linear(8, 10)
        blocks = [nn.Sequential(nn.Conv2d(8, 8, 3, padding=1), nn.GroupNorm(2, 8), nn.SiLU()) for _ in range(times)]
        self.block = blocks[0] if shared else nn.ModuleList(blocks)
        self.rounds = [self.block] * times if shared else self.block

    def forward(self, x):
        x = self.first(x)
        for block in self.rounds:
            x = x + (block(x) if self.scale is None else self.scale * block(x))
        return self.last(x.mean((2, 3)))


@pytest.mark.parametrize("scale", [None, 0.5])
def test_a_round_ends_with_its_residual_sum_whoever_owns_the_block(scale):
    found = []
    for shared in (True, False):
        graph = trace(Residual(shared=shared, scale=scale), torch.Size((1, 3, 16, 16)))
        check(graph)
        shown = picture(graph, opened=True)
        boxes = shown.overview.boxes
        loop = next(box for box in boxes if box.count == 4)
        panel = shown.panels[loop.opens]
        assert boxes[loop.id + 1].label == "global average pool"
        assert len([a for a, b in panel.edges if panel.boxes[b].label == "+"]) == 2
        found.append((loop.title if shared else "", [(box.label, box.scale) for box in panel.boxes], sorted(panel.edges)))
    assert found[0][0] == "4 runs of block"
    assert found[0][1:] == found[1][1:]
