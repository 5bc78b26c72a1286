"""What a forward is given and gives, beyond tensors and lists: objects with slots, caches, packed sequences; operators that torch
knows no shape of.
"""

import dataclasses

import pytest
import torch
from torch import Size, nn
from torch.nn.utils import rnn

import archscope


class Does(nn.Module):
    def __init__(self, function):
        super().__init__()
        self.function = function
        self.linear = nn.Linear(4, 5)

    def forward(self, *args):
        return self.function(self, *args)


@dataclasses.dataclass(frozen=True, slots=True)
class Slots:
    logits: torch.Tensor


class Cache:
    """Keys and values of a decoder, as an object."""

    def __init__(self, *keys: torch.Tensor):
        self.keys, self.seen = list(keys), {"steps": 0}

    def update(self, key: torch.Tensor) -> torch.Tensor:
        self.keys.append(key)
        self.seen["steps"] += 1
        self.latest = key
        return torch.cat(self.keys, 1)


def test_objects_with_slots_go_in_and_come_out():
    graph = archscope.trace(Does(lambda m, given: Slots(m.linear(given.logits))), Slots(torch.ones(3, 4)))
    assert graph.shapes(graph.inputs) == ((3, 4),)
    assert graph.shapes(graph.outputs) == ((3, 5),)
    assert graph.cost.macs == 3 * 4 * 5


@pytest.mark.parametrize("asks", [False, True], ids=["meta", "cpu"])
def test_a_cache_is_afterwards_what_it_was(asks):
    def forward(m, x, cache):
        if asks:
            x.sum().item()
            cache.keys[0].add_(1)
        return cache.update(m.linear(x)[:, None])

    key = torch.zeros(1, 2, 5)
    cache = Cache(key)
    graph = archscope.trace(Does(forward), Size((1, 4)), cache)
    assert graph.meta.device == ("cpu" if asks else "meta")
    assert graph.shapes(graph.outputs) == ((1, 3, 5),)
    assert cache.keys == [key]
    assert cache.keys[0] is key
    assert not key.any()
    assert cache.seen == {"steps": 0}
    assert not hasattr(cache, "latest")


def test_a_packed_sequence():
    packed = rnn.pack_padded_sequence(torch.ones(5, 3, 4), [5, 4, 2])
    graph = archscope.trace(nn.LSTM(4, 6), packed)
    # 11 steps in all; four gates read the 4 inputs and the 6 values of the state
    assert graph.cost.macs == 11 * 4 * 6 * (4 + 6)
    assert graph.shapes(graph.outputs)[0] == (11, 6)


@torch.library.custom_op("archscope_tests::no_shape", mutates_args=())
def no_shape(x: torch.Tensor) -> torch.Tensor:
    return x * 2


def test_an_operator_of_ones_own_without_a_rule_for_shapes():
    graph = archscope.trace(Does(lambda m, x: no_shape(m.linear(x))), Size((3, 4)))
    assert graph.meta.device == "cpu"
    assert [node.op for node in graph.uncounted] == ["archscope_tests.no_shape"]
    assert graph.cost.macs == 3 * 4 * 5


def test_a_branch_that_torch_takes_is_named():
    graph = archscope.trace(
        Does(lambda m, x: torch.cond(x.sum() > 0, lambda y: y + 1, lambda y: y - 1, (m.linear(x),))), Size((3, 4))
    )
    assert [node.op for node in graph.uncounted] == ["higher_order.cond"]
    assert graph.shapes(graph.outputs) == ((3, 5),)


def test_flexible_attention_is_the_operators_that_it_is_made_of():
    flex = pytest.importorskip("torch.nn.attention.flex_attention")
    causal = {"score_mod": lambda score, b, h, query, key: torch.where(query >= key, score, -float("inf"))}
    graph = archscope.trace(Does(lambda m, x: flex.flex_attention(x, x, x, **causal)), Size((1, 2, 16, 8)))
    assert not graph.uncounted
    assert graph.cost.macs == 2 * (2 * 16 * 16 * 8)  # two heads; scores and weighted sum, the masked half counts too
    assert graph.shapes(graph.outputs) == ((1, 2, 16, 8),)
