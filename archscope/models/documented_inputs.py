"""Inputs as the documentation of a forward describes them: "`torch.LongTensor` of shape `(batch_size, sequence_length)`"."""

import inspect
import re

from torch import nn

from archscope.graph.input_spec import InputSpec
from archscope.models.hf_sizes import Sizes

_ENTRY = re.compile(r"^\s*(\w+) \(`?(?:torch\.)?(\w*Tensor)`?[^\n]*? of shape `\(([^)`\n]*)\)", re.MULTILINE)
_DTYPES = {"LongTensor": "int64", "IntTensor": "int32", "BoolTensor": "bool"}
_IDS = ("ids", "text_inputs", "task_inputs")
_SOME = 16  # of what neither the word nor the configuration tells


def documented(module: nn.Module, sizes: Sizes) -> dict[str, list[InputSpec]]:
    """The inputs whose shape the docstring of forward tells, one example without the batch."""
    found: dict[str, list[InputSpec]] = {}
    for name, kind, words in _ENTRY.findall(inspect.getdoc(module.forward) or ""):
        axes = [word.strip(" `{}") for word in words.split(",") if word.strip()]
        shape = [_size(word, sizes) for word in axes[1:] if word != "optional"]
        whole = "int64" if name.endswith(_IDS) else ""
        found[name] = [_mask(shape) if name.endswith("mask") else InputSpec(shape, _DTYPES.get(kind, whole))]
    return found


def by_name(name: str, sizes: Sizes) -> list[InputSpec]:
    """What an input is likely to be whose name is all that is known of it."""
    if name.endswith(("input_ids", "token_type_ids")):
        return [InputSpec((sizes.tokens,), "int64")]
    if name.endswith(("mask", "padding")):
        return [_mask([sizes.tokens])]
    if name.endswith(("embeds", "hidden_states", "features", "context")):
        return [InputSpec((sizes.tokens, sizes.width))]
    if "pixel_values" in name:
        return [InputSpec((sizes.channels, *sizes.image))]
    return []


def _mask(shape: list[int]) -> InputSpec:
    """One that hides nothing."""
    return InputSpec(shape, "int64", values=(1,))


def _size(word: str, sizes: Sizes) -> int:
    """How many "sequence_length", "num_channels" or "visual_feat_dim" stands for."""
    if word.isdecimal():
        return int(word)
    told = sizes.first(word, f"vision_{word}", default=0)
    if told > 0:
        return told
    height, width = sizes.image
    patches = (height // sizes.first("patch_size", default=16)) * (width // sizes.first("patch_size", default=16))
    meanings = {
        "channels": sizes.channels, "height": height, "width": width, "image_size": height, "hidden": sizes.width,
        "embed": sizes.width, "patches": patches, "num_frames": sizes.first("num_frames", default=8), "mel": sizes.mels,
        "feature_size": sizes.mels, "feature_dim": sizes.mels, "feature_sequence": 3000, "feature_length": 3000, "num_images": 1,
        "audio": 16_000, "num_samples": 16_000, "sequence": sizes.tokens,
    }  # fmt: skip
    return next((size for part, size in meanings.items() if part in word), _SOME)
