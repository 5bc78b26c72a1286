"""What comes before the first layer and behind the last is one box each, named plainly."""

import torch
from test_truth import check
from torch import nn

from archscope.diagrams.composition import picture
from archscope.tracing.forward_pass import trace


class Detector(nn.Module):
    """Boxes around 6 places: their scores as probabilities, their corners from middle and size."""

    def __init__(self, ends=5):
        super().__init__()
        self.scores, self.boxes, self.ends = nn.Linear(8, 3), nn.Linear(8, 4), ends

    def forward(self, x):
        x = ((x - 0.5) / 0.25).clamp(-1, 1)
        scores, boxes = self.scores(x), self.boxes(x)
        if not self.ends:
            return scores.softmax(-1), boxes
        x, y, w, h = boxes.unbind(-1)
        return scores.softmax(-1), torch.stack([x - w / 2, y - h / 2, x + w / 2, y + h / 2], -1)


def titles(net):
    graph = trace(net, torch.Size((1, 6, 8)))
    check(graph)
    return [(box.title, box.kind) for box in picture(graph).overview.boxes[1:]]


def test_what_makes_boxes_of_a_detectors_numbers_is_one_box():
    found = titles(Detector())
    assert found[-1] == ("post-processing", "other")
    assert [title for title, _ in found if title.startswith("linear")] == ["linear, 3", "linear, 4"]
    assert len(found) <= 4


def test_a_softmax_at_the_end_is_none():
    assert "post-processing" not in [title for title, _ in titles(Detector(ends=0))]
