"""Words -> Model: "inception_v4", "timm:resnet50", "net.py:Net" become a module and its example inputs.

Models are built on the meta device (no memory, no arithmetic) unless another device is asked for.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import torch

import archscope.models.sources  # noqa: F401  each of its files registers a source
from archscope.errors import ArchscopeError, UsageError
from archscope.graph.input_spec import spec_of
from archscope.models import assumed_input
from archscope.models.model import Model, Options
from archscope.models.source import SOURCES
from archscope.models.sources.python import python
from archscope.models.without_weights import Weightless, needs_values
from archscope.supported import require_torch


def load(
    name: str, *, input: Sequence[Sequence[int]] | Sequence[int] | None = None, device: str = "meta", **options: Any
) -> Model:
    """Loads a model by name.

    Arguments:
        name: see the head of this package.
        input: shape of one example without the batch, or a list of such shapes for several inputs; the model's own if not given.
        device: "meta" builds it without weights; "cpu", "cuda", "mps" with freshly drawn ones.
        options: constructor arguments: `num_classes=10`.

    Raises `UsageError` for a name, option or shape that cannot be, `ArchscopeError` when the model cannot be built, or torch is
    too old.

    >>> load("inception_v4").shapes
    ((3, 299, 299),)
    """
    require_torch(torch.__version__)
    try:
        where = torch.device(device)
    except RuntimeError:
        raise UsageError(f"unknown device '{device}'", "choose from meta, cpu, cuda, mps") from None
    try:
        with where:
            model = _built(name, options)
    except ArchscopeError as error:
        if where.type != "meta" or not needs_values(error.__cause__):
            raise
        with Weightless():
            model = _built(name, options)
    if input is None and not model.shapes:
        model = _assumed(model)
    usual = model.shapes
    shapes = usual if input is None else _shapes(input)
    return replace(model, shapes=shapes, usual=usual)


def _assumed(model: Model) -> Model:
    """The model with the input that its first layer tells; raises `UsageError` with an example where none does."""
    found = assumed_input.assumed(model.module)
    if found is None:
        count = len(assumed_input.required(model.module))
        what = f"the {count} inputs of {model.name} are" if count > 1 else f"the input of {model.name} is"
        raise UsageError(
            f"{what} not known", f"say what it takes, without the batch, as in {assumed_input.example(model.module)}"
        )
    spec, layer = found
    words = f"input assumed from {layer}: --input {spec}"
    return replace(model, shapes=(spec,), variant=f"{model.variant}; {words}" if model.variant else words)


def _built(name: str, options: Options) -> Model:
    prefix, colon, rest = name.partition(":")
    if not colon:
        return SOURCES.find("").load(name, options)
    return SOURCES.find(prefix).load(rest, options) if prefix and prefix in SOURCES else python(name, options)


def _shapes(input: Sequence[Sequence[int]] | Sequence[int]) -> tuple[tuple[int, ...], ...]:
    one = [size for size in input if isinstance(size, int)]
    return (tuple(one),) if one else tuple(spec_of(shape) for shape in input if not isinstance(shape, int))
