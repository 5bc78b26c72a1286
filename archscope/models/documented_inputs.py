"""Inputs as the documentation of a forward describes them: "`torch.LongTensor` of shape `(batch_size, sequence_length)`", or
"Text features [batch_size, seq_len, hidden_size]".
"""

import inspect
import re
from math import prod

from torch import nn

from archscope.graph.input_spec import InputSpec
from archscope.models.hf_sizes import Sizes

_ENTRY = re.compile(r"^\s*(\w+) \(`?(?:torch\.)?(\w*Tensor)`?[^\n]*? of shape `\(((?:[^()`\n]|\([^()`\n]*\))*)\)", re.MULTILINE)
_BRACKETS = re.compile(r"^\s*(\w+): ()[^\n]*\[(batch\w*, [^\]\n]*)\]", re.MULTILINE)
_DTYPES = {"LongTensor": "int64", "IntTensor": "int32", "BoolTensor": "bool"}
_IDS = ("ids", "text_inputs", "task_inputs")
_SOME = 16  # of what neither the word nor the configuration tells
GRID = 16  # patches along each side of an image


def documented(module: nn.Module, sizes: Sizes) -> dict[str, list[InputSpec]]:
    """The inputs whose shape the docstring of forward tells, one example without the batch."""
    found: dict[str, list[InputSpec]] = {}
    for name, kind, words in _ENTRY.findall(inspect.getdoc(module.forward) or ""):
        axes = [word.strip(" `{}") for word in words.split(",") if word.strip()]
        shape = [size_of(word, sizes) for word in axes[1:] if word != "optional"]
        whole = "int64" if name.endswith(_IDS) else ""
        found[name] = [_mask(shape) if name.endswith("mask") else InputSpec(shape, _DTYPES.get(kind, whole))]
    return found


def computed(module: nn.Module, sizes: Sizes) -> dict[str, list[InputSpec]]:
    """The same where the documentation computes with sizes, `hidden_size * len(layers)`, writes them in brackets, or joins the
    examples along the first axis: `(batch_size * n_docs, length)`, `(num_image_tokens, height, width)`.
    """
    found: dict[str, list[InputSpec]] = {}
    doc = inspect.getdoc(module.forward) or ""
    for name, kind, words in [*_ENTRY.findall(doc), *_BRACKETS.findall(doc)]:
        first, *axes = [word.strip(" `{}") for word in words.split(",") if word.strip() and word.strip() != "optional"]
        dtype = _DTYPES.get(kind, "int64" if name.endswith((*_IDS, "idx", "indices")) else "")
        shape, joined = [_computed(word, sizes) for word in axes], _joined(first, sizes)
        one = _mask(shape) if name.endswith("mask") else InputSpec(shape, dtype)
        found[name] = [one.but([count, *one], packed=True) for count in joined] + [one]
    return found


def _joined(first: str, sizes: Sizes) -> list[int]:
    """How many parts an example has where its parts and not the examples stand along the first axis; nothing for a batch."""
    if first == "batch_size":
        return []
    if "batch" in first:
        return [size] if (size := _computed(re.sub(r"\w*batch\w*", "1", first), sizes)) > 1 else []
    return [GRID * GRID] if "token" in first or "patch" in first else []


def _computed(word: str, sizes: Sizes) -> int:
    """How many "height*width", "hidden_size * len(layers)" or "config.n_docs" stands for."""
    word = word.replace("config.", "").strip(" `{}()")
    if "height" in word and "width" in word:
        return GRID * GRID
    return prod(sum(_term(term.strip(), sizes) for term in factor.split("+")) for factor in word.split("*"))


def _term(word: str, sizes: Sizes) -> int:
    listed = re.fullmatch(r"len\((\w+)\)?", word)
    if listed:
        return max(1, len(sizes.listed(listed[1])))
    return size_of("sequence" if word.startswith("seq") or word.endswith("_len") else word, sizes)


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


def size_of(word: str, sizes: Sizes) -> int:
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
        "audio": 16_000, "num_samples": 16_000, "sequence": sizes.tokens, "pool_": 2,
    }  # fmt: skip
    return next((size for part, size in meanings.items() if part in word), _SOME)
