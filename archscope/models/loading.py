"""Words -> Model: "inception_v4", "timm:resnet50", "net.py:Net" become a module and its example inputs.

Models are built on the meta device (no memory, no arithmetic) unless another device is asked for.
"""

from collections.abc import Sequence
from dataclasses import replace
from importlib import import_module
from typing import Any

import torch
from torch.utils._python_dispatch import TorchDispatchMode

import archscope.models.sources  # noqa: F401  each of its files registers a source
from archscope.errors import ArchscopeError, UsageError
from archscope.graph.input_spec import InputSpec, spec_of
from archscope.models import assumed_input
from archscope.models.model import Model, Options
from archscope.models.source import SOURCES
from archscope.models.sources.python import python
from archscope.models.without_weights import Weightless, needs_values
from archscope.models.words import built_in, is_file, without_weights
from archscope.supported import require_torch


def load(
    name: str, *, input: Sequence[Sequence[int]] | Sequence[int] | None = None, device: str = "meta", **options: Any
) -> Model:
    """Loads a model by name.

    Arguments:
        name: see the head of this package.
        input: shape of one example without the batch, or a list of such shapes for several inputs; the model's own if not given.
        device: "meta" builds it without weights; "cpu", "cuda", "mps" with freshly drawn ones.
        options: constructor arguments: `num_classes=10`. Those called name, input or device take `load_with`.

    Raises `UsageError` for a name, option or shape that cannot be, `ArchscopeError` when the model cannot be built, or torch is
    too old.

    >>> load("inception_v4").shapes
    ((3, 299, 299),)
    """
    return load_with(name, options, input, device)


def load_with(
    name: str, options: Options, input: Sequence[Sequence[int]] | Sequence[int] | None = None, device: str = "meta"
) -> Model:
    """As `load`, with the constructor arguments apart from its own: they may be called anything."""
    require_torch(torch.__version__)
    if is_file(name):
        raise without_weights(name)
    try:
        where = torch.device(device)
    except RuntimeError:
        raise UsageError(f"unknown device '{device}'", "choose from meta, cpu, cuda, mps") from None
    if where.type == "meta":
        _prepare()
    try:
        with where:
            model = _built(name, options)
    except ArchscopeError as error:
        if where.type != "meta" or not needs_values(error.__cause__):
            raise
        with Weightless():
            model = _built(name, options)
    if input is None:
        model = model if model.shapes else _assumed(model)
        return replace(model, usual=model.shapes)
    given = _shapes(input)
    if not model.shapes:
        return _with_ids(replace(model, shapes=given))
    return replace(model, shapes=_completed(given, model.specs), usual=model.shapes)


def _prepare() -> None:
    """An older torch loads `torch._dynamo` in every trace. What a model imports may load it as well, and torch 2.6 to 2.8 cannot
    once meta is the default device.
    """
    if not hasattr(TorchDispatchMode, "_should_skip_dynamo"):
        import_module("torch._dynamo")


def _assumed(model: Model) -> Model:
    """The model with the input that its first layer tells; raises `UsageError` with an example where none does."""
    found = assumed_input.assumed(model.module)
    if found is None:
        count = len(assumed_input.required(model.module))
        what = f"the {count} inputs of {model.name} are" if count > 1 else f"the input of {model.name} is"
        raise UsageError(f"{what} not known", f"say what it takes, without the batch, as in {assumed_input.example(model)}")
    spec, layer = found
    words = f"input assumed from {layer}: --input {spec}"
    return replace(model, shapes=(spec,), variant=f"{model.variant}; {words}" if model.variant else words)


def _with_ids(model: Model) -> Model:
    """The model with whole numbers for its one input, where neither they nor anything else was asked for and its first layer
    looks ids up.
    """
    found = assumed_input.assumed(model.module)
    if found is None or not found[0].dtype or len(model.specs) != 1 or model.specs[0].dtype:
        return model
    (spec,), words = _completed(model.specs, found[:1]), f"{found[0].dtype} assumed from {found[1]}"
    return replace(model, shapes=(spec,), variant=f"{model.variant}; {words}" if model.variant else words)


def _completed(given: tuple[InputSpec, ...], usual: tuple[InputSpec, ...]) -> tuple[InputSpec, ...]:
    """What was not said of the inputs, dtype and name, as the model's own have it: those of the same name, or, where there are as
    many, in the same place.
    """
    named = {spec.name: spec for spec in usual if spec.name}
    places = usual if len(given) == len(usual) and not any(spec.name for spec in given) else (None,) * len(given)
    found = []
    for spec, there in zip(given, places, strict=True):
        like = named.get(spec.name) if spec.name else there
        found.append(
            spec
            if like is None
            else InputSpec(
                spec,
                spec.dtype or like.dtype,
                spec.name or like.name,
                spec.values,
                spec.packed or (like.packed and not spec.values),
            )
        )
    return tuple(found)


def _built(name: str, options: Options) -> Model:
    prefix, colon, rest = name.partition(":")
    if not colon:
        built_in(name)  # raises with what the words are, where they are no name
        return SOURCES.find("").load(name, options)
    if not rest and prefix in SOURCES:
        raise UsageError(f"'{name}' names no model of {prefix}", f"write its name behind the colon: {prefix}:NAME")
    return SOURCES.find(prefix).load(rest, options) if prefix and prefix in SOURCES else python(name, options)


def _shapes(input: Sequence[Sequence[int]] | Sequence[int]) -> tuple[InputSpec, ...]:
    one = [size for size in input if isinstance(size, int)]
    return (spec_of(one),) if one else tuple(spec_of(shape) for shape in input if not isinstance(shape, int))
