"""Equal branches over one input are one box that says how many there are."""

import pytest
import torch
from test_truth import check
from torch import nn

from archscope.diagrams.composition import picture
from archscope.tracing.forward_pass import trace

WIDE, HIDDEN = 8, 16


class Expert(nn.Module):
    def __init__(self, hidden=HIDDEN):
        super().__init__()
        self.up, self.down = nn.Linear(WIDE, hidden), nn.Linear(hidden, WIDE)

    def forward(self, x):
        return self.down(torch.relu(self.up(x)))


class Mixture(nn.Module):
    """Ma et al. 2018, figure 1c: every task weighs the same experts by a gate of its own, softly."""

    def __init__(self, hidden=(HIDDEN,) * 6):
        super().__init__()
        self.experts = nn.ModuleList(Expert(wide) for wide in hidden)
        self.gates = nn.ModuleList(nn.Linear(WIDE, len(hidden)) for _ in range(2))
        self.towers = nn.ModuleList(nn.Linear(WIDE, 1) for _ in range(2))

    def forward(self, x):
        said = torch.stack([expert(x) for expert in self.experts], 1)
        weights = [gate(x).softmax(-1).unsqueeze(-1) for gate in self.gates]
        return [tower((said * weight).sum(1)) for tower, weight in zip(self.towers, weights, strict=True)]


class Chosen(Mixture):
    """The first expert's answer is used elsewhere too."""

    def forward(self, x):
        said = [expert(x) for expert in self.experts]
        return torch.stack(said, 1).mean(1), said[0]


class Heads(nn.Module):
    """A backbone and a head for each of its answers."""

    def __init__(self, heads=5):
        super().__init__()
        self.body = nn.Linear(WIDE, WIDE)
        self.heads = nn.ModuleList(Expert() for _ in range(heads))

    def forward(self, x):
        x = torch.relu(self.body(x))
        return [head(x) for head in self.heads]


def boxes(module):
    graph = trace(module, torch.Size((1, WIDE)))
    check(graph)
    return picture(graph).overview.boxes


def test_equal_experts_are_one_box_with_the_cost_of_all():
    experts = boxes(Mixture())[1]
    assert (experts.title, experts.count, experts.parallel) == ("6 parallel Expert", 6, True)
    assert experts.costs.macs == 6 * 2 * WIDE * HIDDEN
    assert experts.costs.params == 6 * (2 * WIDE * HIDDEN + HIDDEN + WIDE)
    assert experts.paths == tuple(f"experts.{n}" for n in range(6))


def test_heads_whose_results_are_the_networks_are_one_box():
    assert [box.title for box in boxes(Heads())[1:]] == ["linear, 8", "5 parallel Expert"]


@pytest.mark.parametrize(
    ("module", "counts"),
    [
        (Mixture(hidden=(8, 12, 16, 20)), [1, 1, 1, 1]),  # of other widths
        (Mixture(hidden=(16, 16)), [1, 1]),
        (Mixture(hidden=(16, 16, 16, 8, 16)), [3, 1, 1]),
        (Chosen(hidden=(16, 16, 16, 16)), [1, 3]),
    ],
)
def test_what_differs_or_is_read_elsewhere_stays_apart(module, counts):
    assert [box.count for box in boxes(module) if box.word == "Expert"] == counts


def test_blocks_behind_each_other_are_not_parallel():
    chain = boxes(nn.Sequential(*(Expert() for _ in range(4))))[1]
    assert (chain.title, chain.parallel) == ("4 x Expert", False)
