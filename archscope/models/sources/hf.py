"""Networks of transformers and diffusers from their configurations, without weights and without a download:

    hf:bert                   a model type of transformers, in its default configuration
    hf:path/to/config.json    a configuration file of either library
    hf:gpt2:GPT2LMHeadModel   another class than the one of the configuration
    hf:UNet2DConditionModel   a model class of diffusers

`--set num_hidden_layers=2` sets entries of the configuration.
"""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
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
    for key in options:
        if not hasattr(config, key):
            raise unknown(f"entry of {kind}'s configuration", key, config.to_dict())
    return guarded(where, lambda: CONFIG_MAPPING[kind].from_dict({**config.to_dict(), **options})) if options else config


def _transformer(config: Any, wanted: str, name: str, options: Options) -> Model:
    import transformers

    from archscope.models.hf_inputs import fitting_inputs

    library: Any = transformers
    if wanted:
        if not hasattr(library, wanted):
            raise unknown("model class of transformers", wanted, _classes(library))
        build = getattr(library, wanted)
        module = guarded(name, lambda: build(config))
    else:
        module = guarded(name, lambda: library.AutoModel.from_config(config))
    kind = type(module).__name__
    default = "default configuration" if not name.endswith(".json") else "configuration of the file"
    variant = varied(f"transformers' {kind}, {default}", options)
    return Model(_short(name), module, fitting_inputs(module, config), variant, f"hf:{name}", dict(options))


def _short(name: str) -> str:
    what, _, wanted = name.partition(":")
    return wanted or (Path(what).parent.name or "config" if what.endswith(".json") else what)


def _diffusers(kind: str, settings: dict[str, Any], name: str, options: Options) -> Model:
    from archscope.models.hf_inputs import fitting_inputs

    library = optional("diffusers", "archscope[hf]")
    build = getattr(library, kind, None)
    if not isinstance(build, type) or not hasattr(build, "from_config"):
        raise unknown("model class of diffusers", kind, _classes(library))
    given = {key: value for key, value in settings.items() if not key.startswith("_")} | dict(options)
    module = guarded(name, lambda: build.from_config(given))
    variant = varied(f"diffusers' {kind}", options)
    return Model(kind, module, fitting_inputs(module, module.config), variant, f"hf:{name}", dict(options))


def _classes(library: Any) -> list[str]:
    """Names of a library's models, as far as names tell."""
    return [name for name in dir(library) if name.endswith(("Model", "2D")) or "For" in name]
