"""Receptive fields of saved graphs that say of a node what no trace would: a field or none, never an error of Python."""

import json

import pytest
import torch
from torch import nn

from archscope.graph import Graph
from archscope.metrics.receptive_fields import every_field
from archscope.tracing.forward_pass import trace


def _leaves_a_vector(tree) -> None:
    tree["tensors"]["kinds"].append({"shape": [2], "dtype": "float32"})
    tree["tensors"]["kind"][-1] = len(tree["tensors"]["kinds"]) - 1


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda tree: tree["nodes"]["kinds"][0].update(op=""), id="an operator without a name"),
        pytest.param(lambda tree: tree["nodes"]["outputs"].__setitem__(2, []), id="a norm that writes nothing"),
        pytest.param(_leaves_a_vector, id="a window that leaves a vector"),
    ],
)
def test_what_no_trace_would_say_has_a_field_or_none(change):
    """Both convolutions are of one kind: through the second one the field goes by the window that was read of the first."""
    with torch.device("meta"):
        chain = nn.Sequential(nn.Conv2d(3, 3, 3, padding=1), nn.BatchNorm2d(3), nn.Conv2d(3, 3, 3, padding=1))
    tree = json.loads(trace(chain, torch.Size((1, 3, 8, 8))).to_json())
    change(tree)
    graph = Graph.from_json(json.dumps(tree))
    assert set(every_field(graph)) >= set(graph.inputs)
