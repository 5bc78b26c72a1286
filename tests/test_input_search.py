"""Inputs that are found by what a forward says of them, in small networks that say it in one way each."""

from types import SimpleNamespace

import pytest
import torch
from torch import Tensor, nn

from archscope.models.hf_inputs import fitting_inputs


class Maps(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Conv2d(8, 8, 3)

    def forward(self, maps: list[Tensor], num_patches: int) -> Tensor:
        return self.layer(maps[0]).flatten(2)[:, :, :num_patches]


class Computed(nn.Module):
    """The documents of a question are joined with those of the next."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(16, 4)

    def forward(self, context: Tensor, scores: Tensor) -> Tensor:
        """Args:
        context (`torch.FloatTensor` of shape `(batch_size * config.n_docs, hidden_size * len(chosen))`):
            Of each document.
        scores: Of each document [batch_size, n_docs]
        """
        return self.layer(context).view(-1, 5, 4) * scores[:, :, None]


class Wider(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(12, 4)

    def forward(self, hidden_states: Tensor) -> Tensor:
        return self.layer(hidden_states)


class Indexed(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(8, 4)

    def forward(self, hidden_states: Tensor, where: Tensor) -> Tensor:
        return self.layer(hidden_states)[:, where[0]]


class KeysAndValues(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(8, 8)

    def forward(self, inputs_embeds: Tensor, shared_kv_states: dict[str, tuple[Tensor, Tensor]] | None = None) -> Tensor:
        if shared_kv_states is None:
            raise ValueError("shared_kv_states cannot be None")
        keys, values = shared_kv_states["full_attention"]
        return self.layer(inputs_embeds)[:, None] @ keys.transpose(2, 3) @ values


class Cached(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Embedding(10, 8)

    def forward(self, input_ids: Tensor, use_cache: bool = True) -> Tensor:
        if use_cache:
            raise ValueError("`use_cache` can be set for a decoder only")
        return self.layer(input_ids)


class LooksForImages(nn.Module):
    main_input_name = "input_ids"

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Embedding(10, 8)

    def forward(self, input_ids: Tensor) -> Tensor:
        if (input_ids == 7).any():
            raise ValueError("there is no image for the place of an image")
        return self.layer(input_ids)


CONFIG = {"hidden_size": 8, "chosen": [1, 2], "n_docs": 5, "num_attention_heads": 2, "num_key_value_heads": 2,
          "layer_types": ["full_attention"], "head_dim": 8}  # fmt: skip


@pytest.mark.parametrize(("kind", "inputs"), [
    (Maps, ["maps[1]:8x16x16", "num_patches:python=196"]),  # 14x14 of 16x16 pixels in an image of 224x224
    (Computed, ["context:packed:5x16", "scores:5"]),
    (Wider, ["hidden_states:128x12"]),
    (Indexed, ["hidden_states:128x8", "where:int64:128"]),
    (KeysAndValues, ["inputs_embeds:128x8", "shared_kv_states.full_attention.0:2x128x8", "shared_kv_states.full_attention.1:2x128x8"]),
    (Cached, ["input_ids:int64:128", "use_cache:python=False"]),
    (LooksForImages, ["input_ids=0:128"]),
])  # fmt: skip
def test_a_forward_says_what_it_takes(kind, inputs):
    with torch.device("meta"):
        module = kind()
    found = fitting_inputs(module, SimpleNamespace(**CONFIG))
    assert sorted(map(str, found)) == inputs
