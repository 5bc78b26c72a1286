"""Networks of transformers and diffusers from their configurations, without weights and without a download:

    hf:bert                   a model type of transformers, in its default configuration
    hf:path/to/config.json    a configuration file of either library
    hf:gpt2:GPT2LMHeadModel   another class than the one of the configuration
    hf:UNet2DConditionModel   a model class of diffusers

`--set num_hidden_layers=2` sets entries of the configuration, `--set text_config.num_hidden_layers=2` those of a part of it.
"""

import copy
import importlib
import json
import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from archscope.errors import ArchscopeError
from archscope.models.model import Model, Options
from archscope.models.source import guarded, optional, source, varied
from archscope.registry import unknown


def _names() -> list[str]:
    return sorted(_transformers().models.auto.configuration_auto.CONFIG_MAPPING_NAMES)


@source("hf", names=_names)
def hf(name: str, options: Options) -> Model:
    """A model by its type, its class or its configuration file."""
    what, _, wanted = name.partition(":")
    with _offline():
        if what.endswith(".json"):
            settings = _read(what)
            if "_class_name" in settings:
                return _diffusers(str(settings["_class_name"]), settings, name, options)
            config = _config(str(settings.get("model_type", "")), settings, what, options)
            wanted = wanted or next(iter(settings.get("architectures") or ()), "")
        elif what in _names():
            config = _config(what, {}, what, options)
        elif what[:1].isupper():
            return _diffusers(what, {}, name, options)
        else:
            raise unknown("model type of transformers", what, _names())
        return _transformer(config, wanted, name, options)


def _transformers() -> Any:
    return optional("transformers", "archscope[hf]")


@contextmanager
def _offline() -> Iterator[None]:
    """Nothing is fetched, whatever a configuration names."""
    before = {key: os.environ.get(key) for key in ("HF_HUB_OFFLINE", "TRANSFORMERS_VERBOSITY")}
    os.environ.update(HF_HUB_OFFLINE="1", TRANSFORMERS_VERBOSITY="error")
    try:
        yield
    finally:
        for key, value in before.items():
            if value is None:
                os.environ.pop(key, None)
            else:
                os.environ[key] = value


def _read(where: str) -> dict[str, Any]:
    try:
        settings = json.loads(Path(where).read_text(encoding="utf-8"))
    except OSError as error:
        raise ArchscopeError(f"cannot read {where}: {(error.strerror or str(error)).lower()}") from None
    except (ValueError, RecursionError) as error:
        raise ArchscopeError(f"{where} is not a configuration: {error}") from None
    if not isinstance(settings, dict) or not ("model_type" in settings or "_class_name" in settings):
        raise ArchscopeError(
            f"{where} is not a configuration: it has no model_type", "give a config.json of transformers or diffusers"
        )
    return settings


def _config(kind: str, settings: dict[str, Any], where: str, options: Options) -> Any:
    """The configuration; raises `UsageError` for an option that it does not have."""
    _transformers()
    from transformers.models.auto.configuration_auto import CONFIG_MAPPING

    if kind not in CONFIG_MAPPING:
        raise unknown("model type of transformers", kind, _names())
    config = guarded(where, lambda: CONFIG_MAPPING[kind].from_dict({**settings}))
    if not options:
        return config
    settings = copy.deepcopy(settings)
    for key, value in options.items():
        _overlay(settings, key, value, config, kind)
    return guarded(where, lambda: CONFIG_MAPPING[kind].from_dict(settings))


def _overlay(settings: dict[str, Any], key: str, value: Any, config: Any, kind: str) -> None:
    """Sets an entry of the settings, `text_config.num_hidden_layers` in a part of them. Lists with an entry for each layer are
    cut to the new number of layers. Raises `UsageError` for an entry that the configuration does not have.
    """
    *parts, last = key.split(".")
    for part in parts:
        config = _entry(config, part, key, kind)
        inner = settings.get(part)
        settings[part] = settings = inner if isinstance(inner, dict) else {}
        if hasattr(config, "model_type"):
            settings.setdefault("model_type", config.model_type)
    before = _entry(config, last, key, kind)
    if type(before) is int and type(value) is int and value < before and "layer" in last:
        settings.update({k: v[:value] for k, v in settings.items() if isinstance(v, list) and len(v) == before})
    settings[last] = value


def _entry(config: Any, name: str, key: str, kind: str) -> Any:
    known = config if isinstance(config, dict) else config.to_dict() if hasattr(config, "to_dict") else {}
    if name in known:
        return known[name] if not hasattr(getattr(config, name, None), "to_dict") else getattr(config, name)
    if not hasattr(config, name):  # names by which a library knows its entries as well: num_hidden_layers of n_layer
        raise unknown(f"entry of {kind}'s configuration", key, known)
    return getattr(config, name)


def _transformer(config: Any, wanted: str, name: str, options: Options) -> Model:
    import transformers

    from archscope.models.hf_inputs import fitting_inputs

    library: Any = transformers
    if wanted:
        if wanted not in dir(library):  # to ask for it would import it
            raise unknown("model class of transformers", wanted, _classes(library))
        build = getattr(library, wanted)
    else:
        build = _own_class(config) or library.AutoModel.from_config
    module = _built(name, lambda: build(config))
    kind = type(module).__name__
    default = "default configuration" if not name.endswith(".json") else "configuration of the file"
    variant = varied("; ".join([f"transformers' {kind}, {default}", *_attention(config)]), options)
    return Model(_short(name), module, fitting_inputs(module, config), variant, f"hf:{name}", dict(options))


def _built(name: str, build: Callable[[], Any]) -> Any:
    """The module; without the values of its whole numbers where the constructor brings them together with what has none."""
    from archscope.models.without_weights import WholeNumbers

    with suppress(ArchscopeError), WholeNumbers():
        return guarded(name, build)
    return guarded(name, build)


def _attention(config: Any) -> Iterator[str]:
    """What is special about what its attention keeps, as far as the configuration says it."""
    text = config.get_text_config() if hasattr(config, "get_text_config") else config
    heads, shared, latent, window, kinds = (
        getattr(text, name, None)
        for name in ("num_attention_heads", "num_key_value_heads", "kv_lora_rank", "sliding_window", "layer_types")
    )
    if latent:
        yield f"keys and values from a latent vector of {latent}"
    elif isinstance(heads, int) and isinstance(shared, int) and shared < heads:
        yield f"{heads} heads share {shared} of keys and values"
    if isinstance(window, int) and getattr(text, "use_sliding_window", True) is not False:
        count = [kinds.count("sliding_attention"), len(kinds)] if isinstance(kinds, list) else []
        if not count or count[0]:
            yield f"a window of {window:,} tokens{f' in {count[0]} of {count[1]} layers' if count else ''}"


def _own_class(config: Any) -> Any:
    """The network of a part, such as a text encoder, that the library builds only inside another, or of a type that has no bare
    network: then that for a task, and not one of its layers. None where it is listed.
    """
    from transformers.models.auto.modeling_auto import MODEL_MAPPING

    if type(config) in MODEL_MAPPING:
        return None
    where = type(config).__module__.replace(".configuration_", ".modeling_")
    try:
        holder = importlib.import_module(where)
    except ImportError:
        return None
    own = [
        kind for kind in vars(holder).values()
        if isinstance(kind, type) and getattr(kind, "config_class", None) is type(config) and "PreTrained" not in kind.__name__
        and kind.__module__ == where
    ]  # fmt: skip

    def unlikely(kind: type) -> tuple[bool, bool, int]:
        name = kind.__name__
        return not name.endswith("Model"), re.search("For[A-Z]", name) is None, len(name)

    return min(own, key=unlikely, default=None)


def _short(name: str) -> str:
    what, _, wanted = name.partition(":")
    return wanted or (Path(what).parent.name or "config" if what.endswith(".json") else what)


def _diffusers(kind: str, settings: dict[str, Any], name: str, options: Options) -> Model:
    from archscope.models.denoising.search import inputs_of

    library = optional("diffusers", "archscope[hf]")
    build = guarded(name, lambda: getattr(library, kind, None))
    if not isinstance(build, type) or not hasattr(build, "from_config"):
        raise unknown("model class of diffusers", kind, _classes(library))
    given = {key: value for key, value in settings.items() if not key.startswith("_")} | dict(options)
    module = guarded(name, lambda: build.from_config(given))
    variant = varied(f"diffusers' {kind}", options)
    return Model(kind, module, inputs_of(module, module.config), variant, f"hf:{name}", dict(options))


def _classes(library: Any) -> list[str]:
    """Names of a library's models, as far as names tell."""
    return [name for name in dir(library) if name.endswith(("Model", "2D")) or "For" in name]
