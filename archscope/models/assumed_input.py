"""What a model takes that does not say it: read off its forward's parameters and its first layers.

An embedding takes ids, a convolution images, signals or volumes with its channels, a linear layer vectors, a recurrent layer
sequences. Only one input can be assumed; for several, what runs becomes the example in the hint.
"""

import inspect
from collections.abc import Iterator
from contextlib import redirect_stdout
from dataclasses import replace
from io import StringIO
from itertools import islice, product
from warnings import catch_warnings, simplefilter

from torch import nn

from archscope.errors import ArchscopeError
from archscope.graph.input_spec import InputSpec
from archscope.models.model import Model

_LENGTH = 128  # tokens, samples of a sequence
_CONVOLUTIONS = {1: (1024,), 2: (224, 224), 3: (16, 112, 112)}
_IDS = ("ids", "idx", "token", "tokens", "input_ids")
_TRIES = 16
_MASKS = ("mask", "attention_mask")


def parameters(module: nn.Module) -> list[str]:
    """Names of the parameters of forward, in order, `*args` and `**kwargs` left out."""
    found = inspect.signature(module.forward).parameters.values()
    return [p.name for p in found if p.kind not in (p.VAR_KEYWORD, p.VAR_POSITIONAL)]


def required(module: nn.Module) -> list[str]:
    """Names of the parameters of forward that have no default, in order; `*args` is one input."""
    parameters = inspect.signature(module.forward).parameters.values()
    needed = [
        p.name for p in parameters if p.default is p.empty and p.kind not in (p.VAR_KEYWORD, p.KEYWORD_ONLY, p.VAR_POSITIONAL)
    ]
    return needed or [p.name for p in parameters if p.kind is p.VAR_POSITIONAL]


def assumed(module: nn.Module) -> tuple[InputSpec, str] | None:
    """The input of a module that takes one, and the layer that tells it; None where nothing does, or where it takes several."""
    if len(required(module)) != 1:
        return None
    return next(_told(module), None)


def example(model: Model) -> str:
    """Options that fit: `--input image:3x224x224 --input ids:int64:128`, one for each input. Of several inputs, what their names
    and the first layers suggest is tried; the likeliest are told where nothing that was tried runs.
    """
    names = required(model.module)
    told = list(dict.fromkeys(spec for spec, _ in _told(model.module)))
    if len(names) < 2:
        return f"--input {told[0] if told else '3x224x224'}"
    left, likeliest = list(told), []
    for name in names:
        fitting = _by_name(name, left)
        if fitting in left:
            left.remove(fitting)
        likeliest.append(fitting)
    tried = (tuple(likeliest), *islice(product(told, repeat=len(names)), _TRIES))
    named = [tuple(InputSpec(spec, spec.dtype, name) for spec, name in zip(specs, names, strict=True)) for specs in tried]
    found = next((specs for specs in named if _runs(model, specs)), named[0])
    return " ".join(f"--input {spec}" for spec in found)


def _runs(model: Model, specs: tuple[InputSpec, ...]) -> bool:
    with catch_warnings(), redirect_stdout(StringIO()):
        simplefilter("ignore")
        try:
            replace(model, shapes=specs).trace()
        except ArchscopeError:
            return False
    return True


def _by_name(name: str, told: list[InputSpec]) -> InputSpec:
    low = name.lower()
    if low in _MASKS or low.endswith("mask"):
        return InputSpec((_LENGTH,), "bool")
    whole = any(low == word or low.endswith(f"_{word}") for word in _IDS)
    ids = [spec for spec in told if spec.dtype]
    floats = [spec for spec in told if not spec.dtype]
    if whole:
        return ids[0] if ids else InputSpec((_LENGTH,), "int64")
    return floats[0] if floats else told[0] if told else InputSpec((3, 224, 224))


def _told(module: nn.Module) -> Iterator[tuple[InputSpec, str]]:
    """What each layer that can be a first one takes, in the order in which they were made."""
    for path, layer in module.named_modules():
        spec = _of(layer)
        if spec is not None:
            yield spec, f"{path or 'it'} ({_words(layer)})"


def _of(layer: nn.Module) -> InputSpec | None:
    if isinstance(layer, (nn.Embedding, nn.EmbeddingBag)):
        return InputSpec((_LENGTH,), "int64")
    for axes, kind in enumerate((nn.Conv1d, nn.Conv2d, nn.Conv3d), 1):
        if isinstance(layer, kind):
            return InputSpec((layer.in_channels, *_CONVOLUTIONS[axes]))
    if isinstance(layer, nn.RNNBase):
        return InputSpec((_LENGTH, layer.input_size))
    if isinstance(layer, nn.TransformerEncoderLayer):
        return InputSpec((_LENGTH, layer.self_attn.embed_dim))
    if isinstance(layer, nn.Linear) and layer.in_features:
        return InputSpec((layer.in_features,))
    return None


def _words(layer: nn.Module) -> str:
    return f"{type(layer).__name__}{f' of {layer.num_embeddings:,}' if isinstance(layer, nn.Embedding) else ''}"
