"""What a network of transformers takes, read off its configuration and its documentation, and tried on the meta device."""

import inspect
from collections.abc import Iterator
from itertools import islice, product
from typing import Any

from torch import nn

from archscope.graph.input_spec import InputSpec
from archscope.models.assumed_input import required
from archscope.models.documented_inputs import by_name, computed, documented
from archscope.models.guessed_inputs import guessed, switches, takes_list
from archscope.models.hf_patches import of_patches
from archscope.models.hf_sizes import Sizes
from archscope.models.input_changes import Set
from archscope.models.input_search import Known, Search, flat
from archscope.tracing.module_contents import has_forward

_MOST = 220  # forwards on the meta device that are tried

_GRIDS = {
    "grid_thw",
    "image_grid_thw",
    "grid_hw",
    "target_sizes",
    "tgt_sizes",
    "spatial_shapes",
    "pixel_position_ids",
    "aspect_ratio_ids",
}
"""A network with one of these takes patches."""

_SIDES = (256, 384, 448, 512, 560, 640, 1024, 1536)
"""Of square images, where the configuration tells none that fit."""

_INSTEAD = {"inputs_embeds", "hidden_states", "query_embeds", "encoder_hidden_states", "position_ids", "inputs"}
"""What is given in the place of something else, if at all."""

Table = dict[str, list[InputSpec]]


def fitting_inputs(module: nn.Module, config: Any) -> tuple[InputSpec, ...]:
    """The smallest set of inputs, by name, that the network runs with; the one that it gets farthest with where none was found,
    empty where nothing is known of what it takes.

    A forward says which inputs it knows, the configuration their sizes; which of them are needed shows when it is run.
    """
    if not has_forward(module):
        return ()
    sizes = Sizes(config)
    known = _known(module, sizes)
    if not known and len(required(module)) == 1:
        return ()  # its first layer tells more
    search = Search(module, known, _MOST)
    if not _runs(search, known, module, config) and search.reach.runs is False:  # where it wants values, no input is wrong
        known = _more(module, sizes, known)
        search.guesses(known, switches(module), _MOST)
        _runs(search, known, module, config)
    search.tells_values()
    return flat(search.best)


def _runs(search: Search, known: Known, module: nn.Module, config: Any) -> bool:
    """Whether the search comes to an end with what is known."""
    needed, sets = _needed(module, known), _sets(module, config, known)

    def shaped(names: tuple[str, ...], first: int = 0) -> Iterator[Set]:
        for specs in islice(product(*(known[name] for name in names)), first, 12):
            yield dict(zip(names, specs, strict=True))

    return (
        search.tries(given for names in sets[: 0 if search.guesses_more else 2] for given in shaped(names))
        or search.tries({name: known[name][0] for name in names} for names in sets)
        or search.improves(needed)
        or search.tries(given for names in sets for given in shaped(names, 1))
        or search.improves(needed)
        or search.tries({name: known[name][0]} for name in _mains(module) if name in known)
    )


def _more(module: nn.Module, sizes: Sizes, known: Known) -> Known:
    """What documentation tells that has to be computed, what is known, and behind it what is guessed."""
    told = {name: [(spec.called(name),) for spec in specs] for name, specs in computed(module, sizes).items()}
    tables: tuple[Known, ...] = (told, known, guessed(module, sizes))
    names = dict.fromkeys(name for table in tables for name in table if name in inspect.signature(module.forward).parameters)
    return {name: [*{str(g): g for table in tables for g in table.get(name, ())}.values()] for name in names}


def _mains(module: nn.Module) -> list[str]:
    main: Any = getattr(module, "main_input_name", None)
    return [main] if isinstance(main, str) else list(main or ())


def _needed(module: nn.Module, known: Known) -> list[str]:
    return [name for name, p in inspect.signature(module.forward).parameters.items() if p.default is p.empty and name in known]


def _sets(module: nn.Module, config: Any, known: Known) -> list[tuple[str, ...]]:
    """Sets of names, the likeliest first."""
    mains = [name for name in _mains(module) if name in known]
    decoder = [name for name in known if name.startswith("decoder_") and getattr(config, "is_encoder_decoder", False)]
    needed = _needed(module, known)
    others = [name for name in known if name not in mains]
    wide = [name for name in known if name not in _INSTEAD]
    sets = [mains + decoder, mains, needed, needed + mains, *([*mains, name] for name in others), wide]
    sets += [*([*needed, name] for name in others if needed), [*known], *([name] for name in others)]
    return list(dict.fromkeys(tuple(dict.fromkeys(names)) for names in sets if names))


def _known(module: nn.Module, sizes: Sizes) -> Known:
    """What is known of each parameter of forward: from the tables, its documentation, its name."""
    parameters = {name: p for name, p in inspect.signature(module.forward).parameters.items() if not takes_list(p)}
    patches = of_patches(sizes) if _GRIDS & parameters.keys() else {}
    told = documented(module, sizes)
    tables = (patches, _of_text(sizes), _of_images(sizes), _of_sound(sizes), _of_series(sizes), told)
    order = list(dict.fromkeys(name for table in tables for name in table if name in parameters))
    order += [name for name in parameters if name not in order and by_name(name, sizes)]
    found: Table = {}
    for name in dict.fromkeys(order):
        specs = [spec for table in tables for spec in table.get(name, ())] or by_name(name, sizes)
        found[name] = list({str(s): s.called(name) for s in specs}.values())
    return {name: [(spec,) for spec in specs] for name, specs in found.items()}


def _of_text(sizes: Sizes) -> Table:
    tokens, width = sizes.tokens, sizes.width
    ids = InputSpec((tokens,), "int64")
    codebooks = sizes.first("num_codebooks", "n_codebooks", "num_quantizers", default=8)
    return {
        "input_ids": [ids, InputSpec((codebooks, tokens), "int64", packed=True), InputSpec((tokens, codebooks), "int64"),
                      InputSpec((codebooks, tokens), "int64"), InputSpec((tokens, codebooks + 1), "int64")],
        "decoder_input_ids": [ids, InputSpec((codebooks, tokens), "int64")],
        "bbox": [InputSpec((tokens, 4), "int64"), InputSpec((tokens, 4))],
        "inputs_embeds": [InputSpec((tokens, width))],
        "hidden_states": [InputSpec((tokens, width))],
        "query_embeds": [InputSpec((32, width))],
        "encoder_hidden_states": [InputSpec((77, sizes.first("encoder_hidden_size", default=width)))],
        "attention_mask": [InputSpec((tokens,), "int64", values=(1,))],
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
    pixels += [InputSpec((sizes.channels, side, side)) for side in _SIDES] + [
        InputSpec(clip, packed=True),
        InputSpec((1, *image)),
    ]
    return {
        "pixel_values": pixels,
        "pixel_values_videos": [clip],
        "image_attention_mask": [InputSpec((sizes.tokens, 1), "int64", values=(1,))],
        "hidden_states": [image, InputSpec((16, sizes.tokens, sizes.width), packed=True)],
        "image_features": [InputSpec((at * at, sizes.width))],
        "images": [image],
        "image": [image],
        "pixel_position_ids": [InputSpec((at * at, 2), "int64")],
        "flattened_patches": [InputSpec((64, 2 + flat))],
        "inputs": [InputSpec((2048, sizes.first("d_model", default=768)))],
    }


def _of_sound(sizes: Sizes) -> Table:
    bins, seconds = sizes.mels, sizes.first("max_source_positions", default=1500) * 2
    frames = InputSpec((seconds,), "bool", values=(1,))
    features = [
        InputSpec((bins, seconds)), InputSpec((seconds, bins)), InputSpec((1, 1024, 64)), InputSpec((1, seconds, bins)),
        InputSpec((512, 2 * bins)), InputSpec((512, 4 * bins)), InputSpec((4, seconds, bins)),
        InputSpec((bins, seconds), packed=True), *([InputSpec((seconds, 128)), InputSpec((128, seconds))] if bins != 128 else []),
    ]  # fmt: skip
    spectrum = sizes.first("max_length", default=1024), sizes.first("num_mel_bins", default=128)
    return {
        "input_features": features,
        "input_values": [
            InputSpec((16_000,)),
            InputSpec((1, 16_000)),
            InputSpec(spectrum),
            InputSpec((sizes.tokens, sizes.width)),
        ],
        "input_features_mask": [frames],
        "hidden_states": [InputSpec((1, 48_000))],
        "decoder_input_values": [InputSpec((sizes.tokens, bins)), InputSpec((sizes.tokens, sizes.width))],
        "chunk_sample_lengths": [InputSpec((), "int64", values=(160 * seconds,))],
        "feature_lens": [InputSpec((), "int64", values=(seconds,))],
        "aftercnn_lens": [InputSpec((), "int64", values=(seconds // 2,))],
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
