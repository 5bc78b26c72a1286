"""Distributions in a forward: their arguments are checked by looking at values, which decides nothing that is counted."""

import pytest
import torch
from torch import nn
from torch.distributions import Categorical, Distribution, Normal, kl_divergence

from archscope.tracing.forward_pass import trace


class Encoder(nn.Module):
    """Kingma and Welling 2014: a mean and a deviation, a sample of them, and how far they are from the prior."""

    def __init__(self, checked):
        super().__init__()
        self.checked, self.encode, self.decode = checked, nn.Linear(8, 8), nn.Linear(4, 8)

    def forward(self, x):
        mean, deviation = self.encode(x).chunk(2, -1)
        made = Normal(mean, deviation.exp(), validate_args=self.checked)
        return self.decode(made.rsample()), kl_divergence(made, Normal(torch.zeros_like(mean), 1.0))


class Policy(nn.Module):
    """Chooses an action, and says how likely it was."""

    def __init__(self):
        super().__init__()
        self.says = nn.Linear(8, 4)

    def forward(self, x):
        actions = Categorical(logits=self.says(x))
        chosen = actions.sample()
        return chosen, actions.log_prob(chosen), actions.entropy()


@pytest.mark.parametrize("module", [Encoder(None), Encoder(True), Policy()])
def test_a_distribution_needs_no_values(module):
    graph = trace(module, torch.Size((2, 8)))
    assert (graph.meta.device, graph.meta.decided) == ("meta", None)
    assert not graph.uncounted
    with torch.no_grad():
        made = module(torch.randn(2, 8))
    assert graph.shapes(graph.outputs) == tuple(tuple(t.shape) for t in made)


def test_arguments_are_checked_again_afterwards():
    begin = Distribution.__init__
    trace(Policy(), torch.Size((2, 8)))
    assert Distribution.__init__ is begin
    with pytest.raises(ValueError, match="scale"):
        Normal(0.0, -1.0, validate_args=True)
