"""An encoder and a decoder stand side by side, each under its own input, with one line from the one to the other."""

import pytest
import torch
from reading import drawn, traced
from test_conditions import places
from test_truth import check
from torch import nn

from archscope.diagrams.composition import picture
from archscope.models.picture_of import diagram
from archscope.tracing.forward_pass import trace


class Translation(nn.Module):
    """torch's own Transformer (Vaswani et al., arXiv 1706.03762) with embeddings of words."""

    def __init__(self):
        super().__init__()
        self.source, self.target = (nn.Embedding(50, 16) for _ in range(2))
        self.transformer = nn.Transformer(16, 2, 3, 3, 32, batch_first=True)
        self.words = nn.Linear(16, 50)

    def forward(self, source, target):
        return self.words(self.transformer(self.source(source), self.target(target)))


class Queries(nn.Module):
    """As in DETR (Carion et al., arXiv 2005.12872), the decoder begins with learned queries: no input of its own."""

    def __init__(self):
        super().__init__()
        self.embed = nn.Linear(8, 16)
        self.encoder = nn.TransformerEncoder(nn.TransformerEncoderLayer(16, 2, 32, batch_first=True), 2)
        self.queries = nn.Parameter(torch.empty(1, 5, 16))
        self.decoder = nn.TransformerDecoder(nn.TransformerDecoderLayer(16, 2, 32, batch_first=True), 2)

    def forward(self, x):
        return self.decoder(self.queries, self.encoder(self.embed(x)))


class Recurrent(nn.Module):
    """A sequence to a sequence (Sutskever et al., arXiv 1409.3215) with dot-product attention (Luong et al., arXiv 1508.04025)."""

    def __init__(self):
        super().__init__()
        self.source, self.target = nn.Embedding(50, 16), nn.Embedding(50, 16)
        self.encoder, self.decoder = (nn.LSTM(16, 16, batch_first=True) for _ in range(2))
        self.words = nn.Linear(32, 50)

    def forward(self, source, target):
        memory, state = self.encoder(self.source(source))
        y, _ = self.decoder(self.target(target), state)
        return self.words(torch.cat([y, (y @ memory.transpose(1, 2)).softmax(-1) @ memory], -1))


def tokens(*lengths):
    return [torch.zeros(1, length, dtype=torch.int64) for length in lengths]


def show(graph):
    """The overview, its parts, and where its boxes and arrows are."""
    check(graph)
    svg = diagram(graph).svg()
    panel = diagram(graph).pictures[0].overview
    boxes, arrows = places(svg)
    assert sorted(drawn(svg).edges) == sorted(panel.flow)
    return panel, panel.parts, boxes, arrows, drawn(svg).texts


def stand_side_by_side(panel, parts, boxes, arrows):
    assert sorted((*parts.encoder, *parts.decoder)) == [box.id for box in panel.boxes[1:]]
    assert max(boxes[box][2] for box in parts.encoder) < min(boxes[box][0] for box in parts.decoder)
    crossing = [edge for edge in panel.flow if edge[0] in parts.encoder and edge[1] in parts.decoder]
    assert crossing == [(parts.memory, reader) for reader in parts.readers]
    (x0, y0), *_ = arrows[crossing[0]]
    assert x0 >= boxes[parts.memory][2] - 1
    assert boxes[parts.memory][1] < y0 < boxes[parts.memory][3]
    assert boxes[parts.readers[0]][1] < y0 < boxes[parts.readers[0]][3]  # a level line


def test_torch_s_transformer_is_drawn_as_its_paper_draws_it():
    panel, parts, boxes, arrows, texts = show(trace(Translation(), *tokens(7, 9)))
    stand_side_by_side(panel, parts, boxes, arrows)
    titles = {box.id: box.title for box in panel.boxes}
    assert [titles[box] for box in parts.encoder] == ["embedding, 50 x 16", "3 x TransformerEncoderLayer", "layer norm"]
    assert [titles[box] for box in parts.decoder] == [
        "embedding, 50 x 16", "3 x TransformerDecoderLayer", "layer norm", "linear, 50",
    ]  # fmt: skip
    assert titles[parts.memory] == "layer norm"
    assert [titles[box] for box in parts.readers] == ["3 x TransformerDecoderLayer"]
    assert texts.count("Input") == 2
    assert {"encoder", "decoder", "source: 7 tokens", "target: 9 tokens"} <= set(texts)


def test_cross_attention_is_told_from_self_attention():
    shown = diagram(trace(Translation(), *tokens(7, 9)), level="block").pictures[0]
    labels = [[box.label for box in panel.boxes if "head" in box.label] for panel in shown.panels]
    assert ["attention, 2 heads, 7 tokens"] in labels
    assert ["attention, 2 heads, 9 tokens", "cross-attention, 2 heads, 9 tokens on 7"] in labels


def test_what_the_encoder_makes_has_a_letter_in_the_decoder_s_opened_block():
    picture = diagram(trace(Translation(), *tokens(7, 9)), level="block").pictures[0]
    (memory,) = picture.overview.conditions
    assert (memory.mark, memory.shape, memory.source) == ("a", "7 tokens x 16", picture.overview.parts.memory)
    layer = next(panel for panel in picture.panels if panel.title == "TransformerDecoderLayer")
    (read,) = layer.conditions
    assert [layer.boxes[box].label for box in read.readers] == ["cross-attention, 2 heads, 9 tokens on 7"]
    assert layer.shapes == ("9 tokens x 16", "9 tokens x 16")
    assert all((0, box) in layer.beside and (0, box) not in layer.flow for box in read.readers)
    assert not any(panel.conditions for panel in picture.panels if panel.title == "TransformerEncoderLayer")


def test_a_decoder_of_learned_queries_has_no_input_box():
    panel, parts, boxes, arrows, texts = show(trace(Queries(), torch.Size((1, 6, 8))))
    stand_side_by_side(panel, parts, boxes, arrows)
    assert texts.count("Input") == 1
    assert all("Decoder" in panel.boxes[box].label for box in parts.decoder)


def test_recurrent_networks_have_an_encoder_and_a_decoder_too():
    panel, parts, boxes, _, texts = show(trace(Recurrent(), *tokens(7, 9)))
    assert max(boxes[box][2] for box in parts.encoder) < min(boxes[box][0] for box in parts.decoder)
    assert [panel.boxes[box].label for box in parts.encoder] == ["embedding, 50 x 16", "LSTM, 16"]
    assert "cross-attention, 1 head, 9 tokens on 7" in [panel.boxes[box].label for box in parts.decoder]
    assert {"encoder", "decoder"} <= set(texts)


class OneSource(nn.Module):
    """Two stacks of layers one after the other, and attention that looks at the network's input: no decoder."""

    def __init__(self):
        super().__init__()
        layers = [nn.TransformerEncoderLayer(16, 2, 32, batch_first=True) for _ in range(4)]
        self.first, self.then, self.last = nn.Sequential(*layers[:2]), nn.Sequential(*layers[2:]), nn.Linear(16, 4)

    def forward(self, x):
        return self.last(self.then(self.first(x)))


class Pooled(nn.Module):
    """Attention with one learned query gathers what an encoder has made; nothing is decoded."""

    def __init__(self):
        super().__init__()
        self.encoder = nn.TransformerEncoder(nn.TransformerEncoderLayer(16, 2, 32, batch_first=True), 2)
        self.query, self.pool = nn.Parameter(torch.empty(1, 1, 16)), nn.MultiheadAttention(16, 2, batch_first=True)

    def forward(self, x):
        memory = self.encoder(x)
        return self.pool(self.query, memory, memory)[0]


@pytest.mark.parametrize("net", [OneSource, Pooled])
def test_others_have_no_two_parts(net):
    graph = trace(net(), torch.Size((1, 6, 16)))
    check(graph)
    assert diagram(graph).pictures[0].overview.parts is None


@pytest.mark.parametrize("name", ["inception_v4", "resnet50", "googlenet", "lenet5", "vgg16", "timm:crossvit_9_240"])
def test_networks_of_one_part_stay_as_they_are(name):
    if ":" in name:
        pytest.importorskip("timm")
    assert diagram(traced(name)).pictures[0].overview.parts is None


def test_whisper_reads_sound_on_the_left_and_writes_words_on_the_right():
    pytest.importorskip("transformers")
    panel, parts, boxes, arrows, texts = show(traced("hf:whisper"))
    stand_side_by_side(panel, parts, boxes, arrows)
    layers = {box.title: box.id for box in panel.boxes}
    assert layers["4 x WhisperEncoderLayer"] in parts.encoder  # whisper-tiny: 4 layers (Radford et al., arXiv 2212.04356)
    assert layers["4 x WhisperDecoderLayer"] in parts.decoder
    assert {"encoder", "decoder", "input_features: 3000x80", "decoder_input_ids: 128 tokens"} <= set(texts)
    labels = [box.label for panel in diagram(traced("hf:whisper"), level="block").pictures[0].panels for box in panel.boxes]
    assert "cross-attention, 6 heads, 128 tokens on 1500" in labels


class Tasks(nn.Module):
    """Ma et al. 2018, figure 1c: experts that all tasks share; each task weighs them by a gate of its own over the same input."""

    def __init__(self, experts=4, tasks=3):
        super().__init__()
        self.experts = nn.ModuleList(nn.Sequential(nn.Linear(32, 16), nn.ReLU()) for _ in range(experts))
        self.gates = nn.ModuleList(nn.Linear(32, experts) for _ in range(tasks))
        self.towers = nn.ModuleList(nn.Sequential(nn.Linear(16, 8), nn.ReLU(), nn.Linear(8, 1)) for _ in range(tasks))

    def forward(self, x):
        seen = torch.stack([expert(x) for expert in self.experts], 1)
        weights = [gate(x).softmax(-1).unsqueeze(-1) for gate in self.gates]
        return [tower((weight * seen).sum(1)) for tower, weight in zip(self.towers, weights, strict=True)]


def test_branches_over_one_input_are_no_encoder_and_decoder():
    graph = trace(Tasks(), torch.Size((1, 32)))
    check(graph)
    assert "encoder" not in diagram(graph).svg()


class Towers(nn.Module):
    """As many results as towers, each computed behind the one before it."""

    def forward(self, x):
        found = []
        for gate, tower in zip(self.gates, self.towers, strict=True):
            x = gate(x).relu()
            found.append(tower(x))
        return found

    def __init__(self):
        super().__init__()
        self.gates, self.towers = (nn.ModuleList(nn.Linear(8, 8) for _ in range(4)) for _ in range(2))


def test_what_the_network_returns_is_not_folded_into_what_passes_on():
    graph = trace(Towers(), torch.Size((1, 8)))
    check(graph)
    boxes = picture(graph).overview.boxes
    made = {node: box for box in boxes for node in box.nodes}
    ending = {made[graph.producer[t].id].id for t in graph.outputs}
    assert len(ending) == 4
