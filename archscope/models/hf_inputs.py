"""What a network of transformers or diffusers takes, read off its configuration and tried on the meta device."""

import inspect
from collections.abc import Iterator
from typing import Any

import torch
from torch import nn

from archscope.graph.input_spec import InputSpec

_TOKENS = 128
_RATE = 16_000  # samples of a second of speech


def fitting_inputs(module: nn.Module, config: Any) -> tuple[InputSpec, ...]:
    """The smallest set of inputs, by name, that the network runs with; empty where none was found.

    A forward says which inputs it knows, the configuration their sizes; which of them are needed shows when it is run.
    """
    known = _known(module, config)
    for names in _candidates(module, config, list(known)):
        specs = tuple(known[name] for name in names)
        if _runs(module, specs):
            return specs
    main = getattr(module, "main_input_name", None)
    return (known[main],) if isinstance(main, str) and main in known else ()


def _candidates(module: nn.Module, config: Any, known: list[str]) -> Iterator[list[str]]:
    """Sets of inputs, the likeliest first."""
    main: Any = getattr(module, "main_input_name", None)
    mains = [name for name in ([main] if isinstance(main, str) else list(main or ())) if name in known]
    decoder = [name for name in known if name.startswith("decoder_") and getattr(config, "is_encoder_decoder", False)]
    yield mains + [name for name in decoder if name not in mains]
    yield mains
    for name in known:
        if name not in mains:
            yield [*mains, name]
    needed = [name for name, p in inspect.signature(module.forward).parameters.items() if p.default is p.empty and name in known]
    yield needed
    yield known


def _known(module: nn.Module, config: Any) -> dict[str, InputSpec]:
    takes = inspect.signature(module.forward).parameters
    tokens = min(_TOKENS, _first(config, "max_position_embeddings", "n_positions", default=_TOKENS) or _TOKENS)
    channels, (high, wide) = _first(config, "num_channels", "in_channels", "in_chans", default=3), _image(config)
    bins = _first(config, "num_mel_bins", "feature_size", "input_feat_per_channel", default=80)
    frames = _first(config, "num_frames", default=8)
    seconds = _first(config, "max_source_positions", default=1500) * 2
    width = _first(config, "cross_attention_dim", "joint_attention_dim", "encoder_hid_dim", default=768)
    table = {
        "input_ids": InputSpec((tokens,), "int64"),
        "decoder_input_ids": InputSpec((tokens,), "int64"),
        "pixel_values": InputSpec((channels, high, wide)),
        "pixel_values_videos": InputSpec((frames, channels, high, wide)),
        "input_features": InputSpec((bins, seconds)),
        "input_values": InputSpec((_RATE,)),
        "bbox": InputSpec((tokens, 4), "int64"),
        "sample": InputSpec((channels, *_sample(config))),
        "hidden_states": InputSpec((channels, *_sample(config))),
        "timestep": InputSpec((), "int64"),
        "encoder_hidden_states": InputSpec((77, width)),
        "class_labels": InputSpec((), "int64"),
        "attention_mask": InputSpec((tokens,), "int64"),
    }
    order = [name for name in table if name in takes and name != "attention_mask"]
    if "pixel_values" in order and (getattr(config, "model_type", "") in _VIDEO):
        table["pixel_values"] = table["pixel_values_videos"]
    if "timestep" in order:  # a denoising network: what it cleans, when, and the text it follows
        order = [name for name in _DENOISING if name in takes]
    return {name: InputSpec(table[name], table[name].dtype, name) for name in order}


_DENOISING = ("sample", "hidden_states", "timestep", "encoder_hidden_states", "class_labels")
_VIDEO = {"videomae", "vivit", "timesformer", "vjepa2"}


def _first(config: Any, *names: str, default: Any) -> Any:
    """The first of these entries that a configuration or one of its parts has."""
    parts = [config, *(getattr(config, part, None) for part in ("vision_config", "text_config", "audio_config", "encoder"))]
    for part in parts:
        for name in names:
            value = part.get(name) if isinstance(part, dict) else getattr(part, name, None)
            if isinstance(value, (list, tuple)) and value:
                value = value[0]
            if isinstance(value, int) and not isinstance(value, bool):
                return value
    return default


def _image(config: Any) -> tuple[int, int]:
    for part in (config, getattr(config, "vision_config", None)):
        size = getattr(part, "image_size", None)
        if isinstance(size, int):
            return size, size
        if isinstance(size, (list, tuple)) and len(size) == 2:
            return int(size[0]), int(size[1])
    return 224, 224


def _sample(config: Any) -> tuple[int, ...]:
    size = _first(config, "sample_size", default=64)
    return (size, size)


def _runs(module: nn.Module, specs: tuple[InputSpec, ...]) -> bool:
    """Whether one forward on the meta device gets through, or stops only for want of values."""
    if not specs:
        return False
    given = {s.name: torch.empty(1, *s, dtype=getattr(torch, s.dtype or "float32"), device="meta") for s in specs}
    training = module.training
    try:
        with torch.no_grad(), torch.random.fork_rng(devices=[]):
            module.eval()(**given)
    except NotImplementedError:
        return True
    except Exception as error:
        return "meta" in str(error).lower()
    finally:
        module.train(training)
    return True
