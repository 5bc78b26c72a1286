"""What a network of transformers or diffusers takes, read off its configuration and tried on the meta device."""

import inspect
from collections.abc import Iterator
from itertools import islice, product
from typing import Any

import torch
from torch import nn

from archscope.graph.input_spec import InputSpec
from archscope.models.hf_denoising import FIRST, of_denoising
from archscope.models.hf_sizes import Sizes
from archscope.tracing.forward_pass import takes

_MOST = 60  # forwards on the meta device that are tried
_MORE = 8  # of these after one that only wanted values

_INSTEAD = {"inputs_embeds", "hidden_states", "query_embeds", "encoder_hidden_states", "position_ids", "inputs"}
"""What is given in the place of something else, if at all."""

Known = dict[str, tuple[InputSpec, ...]]
"""Inputs by name, each with the shapes that networks which call it so take, the likeliest first."""


def fitting_inputs(module: nn.Module, config: Any) -> tuple[InputSpec, ...]:
    """The smallest set of inputs, by name, that the network runs with; empty where none was found.

    A forward says which inputs it knows, the configuration their sizes; which of them are needed shows when it is run.
    """
    known = _known(module, Sizes(config))
    perhaps: tuple[InputSpec, ...] = ()
    left = _MOST
    for specs in islice(_candidates(module, config, known), _MOST):
        runs = _runs(module, specs)  # None: it stops only for want of values
        if runs:
            return specs
        if runs is None and not perhaps:
            perhaps, left = specs, _MORE
        left -= 1
        if not left:
            break
    mains = [name for name in _mains(module) if name in known]
    return perhaps or tuple(known[name][0] for name in mains[:1])


def _mains(module: nn.Module) -> list[str]:
    main: Any = getattr(module, "main_input_name", None)
    return [main] if isinstance(main, str) else list(main or ())


def _candidates(module: nn.Module, config: Any, known: Known) -> Iterator[tuple[InputSpec, ...]]:
    """Sets of inputs, the likeliest first: each set of names with the first shapes, then with the others."""
    mains = [name for name in _mains(module) if name in known]
    decoder = [name for name in known if name.startswith("decoder_") and getattr(config, "is_encoder_decoder", False)]
    needed = [name for name, p in inspect.signature(module.forward).parameters.items() if p.default is p.empty and name in known]
    others = [name for name in known if name not in mains]
    wide = [name for name in known if name not in _INSTEAD]
    steps: list[str] = [name for name in FIRST[:-1] if name in known] if "timestep" in known else []
    places: list[str] = [name for name in ("img_ids", "txt_ids") if name in known]
    sets = [mains + decoder, mains, needed, needed + mains, steps, steps + places, *([*mains, name] for name in others), wide]
    sets += [*([*needed, name] for name in others if needed), [*known], *([name] for name in others)]
    unique = list(dict.fromkeys(tuple(dict.fromkeys(names)) for names in sets if names))
    for names in unique:
        yield tuple(known[name][0] for name in names)
    for names in unique:
        yield from islice(product(*(known[name] for name in names)), 1, 12)


def _known(module: nn.Module, sizes: Sizes) -> Known:
    parameters = inspect.signature(module.forward).parameters
    table = {**_of_text(sizes), **_of_images(sizes), **_of_sound(sizes), **_of_series(sizes), **of_denoising(sizes)}
    order = [name for name in table if name in parameters]
    if "timestep" in order:  # a denoising network: what it cleans, when, and the text it follows
        order = [name for name in (*FIRST, *order) if name in parameters]
    return {name: tuple(InputSpec(s, s.dtype, name) for s in dict.fromkeys(table[name])) for name in order}


Table = dict[str, list[InputSpec]]


def _of_text(sizes: Sizes) -> Table:
    tokens, width = sizes.tokens, sizes.width
    ids = InputSpec((tokens,), "int64")
    codebooks = sizes.first("num_codebooks", "n_codebooks", "num_quantizers", default=8)
    return {
        "input_ids": [ids, InputSpec((tokens, codebooks), "int64"), InputSpec((codebooks, tokens), "int64"),
                      InputSpec((tokens, codebooks + 1), "int64")],
        "decoder_input_ids": [ids, InputSpec((codebooks, tokens), "int64")],
        "bbox": [InputSpec((tokens, 4), "int64")],
        "inputs_embeds": [InputSpec((tokens, width))],
        "hidden_states": [InputSpec((tokens, width))],
        "query_embeds": [InputSpec((32, width))],
        "encoder_hidden_states": [InputSpec((77, sizes.first("encoder_hidden_size", default=width)))],
        "attention_mask": [ids],
        "qformer_input_ids": [ids],
        "position_ids": [ids],
    }  # fmt: skip


def _of_images(sizes: Sizes) -> Table:
    image, frames = InputSpec((sizes.channels, *sizes.image)), sizes.first("num_frames", default=8)
    clip = InputSpec((frames, *image))
    patch, at = sizes.first("patch_size", default=16), sizes.image[0] // sizes.first("patch_size", default=16)
    flat = sizes.channels * patch * patch
    pixels = [image, clip, InputSpec((2, *image)), InputSpec((at * at, flat)), InputSpec((sizes.channels, frames, *sizes.image))]
    if sizes.is_video:
        pixels = [clip, image]
    return {
        "pixel_values": pixels,
        "pixel_values_videos": [clip],
        "image_features": [InputSpec((at * at, sizes.width))],
        "images": [image],
        "image": [image],
        "pixel_position_ids": [InputSpec((at * at, 2), "int64")],
        "flattened_patches": [InputSpec((64, 2 + flat))],
        "inputs": [InputSpec((2048, sizes.first("d_model", default=768)))],
    }


def _of_sound(sizes: Sizes) -> Table:
    bins, seconds = sizes.mels, sizes.first("max_source_positions", default=1500) * 2
    frames = InputSpec((seconds,), "bool")
    features = [
        InputSpec((bins, seconds)), InputSpec((seconds, bins)), InputSpec((1, 1024, 64)), InputSpec((1, seconds, bins)),
        InputSpec((512, 2 * bins)), InputSpec((512, 4 * bins)), InputSpec((4, seconds, bins)),
    ]  # fmt: skip
    spectrum = sizes.first("max_length", default=1024), sizes.first("num_mel_bins", default=128)
    return {
        "input_features": features,
        "input_values": [InputSpec((16_000,)), InputSpec((1, 16_000)), InputSpec(spectrum)],
        "input_features_mask": [frames],
        "audio_mel": features[1:2],
        "audio_mel_mask": [frames],
        "spectrogram": [InputSpec((seconds, sizes.first("model_in_dim", "num_mel_bins", default=80)))],
        "audio_values": [InputSpec((1, 16_000))],
    }


def _of_series(sizes: Sizes) -> Table:
    long, channels = sizes.first("context_length", "prompt_length", default=512), sizes.first("num_input_channels", default=1)
    series = [InputSpec((long, channels)), InputSpec((long,))]
    steps = 20
    return {
        "past_values": series,
        "states": [InputSpec((steps, sizes.first("state_dim", default=17)))],
        "actions": [InputSpec((steps, sizes.first("act_dim", default=4)))],
        "rewards": [InputSpec((steps, 1))],
        "returns_to_go": [InputSpec((steps, 1))],
        "timesteps": [InputSpec((steps,), "int64")],
    }


def _runs(module: nn.Module, specs: tuple[InputSpec, ...]) -> bool | None:
    return takes(module, {s.name: torch.empty(1, *s, dtype=getattr(torch, s.dtype or "float32"), device="meta") for s in specs})
