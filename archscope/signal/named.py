"""Words -> what a signal does: "inception_v4" is built, drawn anew for each sample, and looked at."""

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import redirect_stdout
from dataclasses import replace
from itertools import product
from typing import Any

from torch import nn

from archscope.errors import no_exit
from archscope.models.failed_forward import explained
from archscope.models.loading import load_with
from archscope.models.look_up import canonical
from archscope.models.model import Model, torch_dtype
from archscope.models.words import is_file, without_weights
from archscope.signal.initialisation import check
from archscope.signal.propagation import Progress, Request, propagate
from archscope.signal.records import Signal
from archscope.tracing.one_forward import TraceError

_LARGE = 64  # inputs wider than this are halved where nothing else is asked for


def signals(
    name: str,
    request: Request,
    *,
    input: Sequence[Sequence[int]] = (),
    dtype: str = "float32",
    options: Mapping[str, Any] | None = None,
    label: str = "",
    progress: Progress | None = None,
) -> list[Signal]:
    """A network by name: one `Signal`, or one before and one after training.

    Arguments:
        input: shapes without the batch; if empty, the model's own, or half of it where that is an image of more than 64 pixels
            which the network also takes at half the size.
        dtype: of weights and inputs. An input of an integer type ("int64:128") gets random ids.
        options: constructor arguments.
        label: what to call it; its name if empty.

    Raises what `load` and `propagate` raise; `UsageError` for a file, which has no weights to run with.
    """
    if is_file(name):
        raise without_weights(name)
    name, options = canonical(name), dict(options or {})
    kind = torch_dtype(dtype)
    check(request.init, built_in=":" not in name)

    def built(device: str) -> Model:
        with redirect_stdout(sys.stderr):  # what a network prints is not among the results
            model = load_with(name, options, input or None, device)
        if kind.is_floating_point and dtype != "float32":
            model.module.to(kind)
        return model

    def redraw() -> nn.Module:
        return built("cpu").module

    model = built("meta")
    model.dtype_of_weights(dtype)
    if not input:
        model = replace(model, shapes=_sensible(model, request.mode, dtype, request.batch))
    args, kwargs = model.example(request.batch, dtype)
    try:
        with no_exit(name):
            return propagate(
                model.module, *args, named=kwargs, request=request, name=model.name, redraw=redraw, progress=progress,
                label=label or model.name, source=model.source, options=options,
            )  # fmt: skip
    except TraceError as error:
        raise explained(model, error) from error


def _sensible(model: Model, mode: str, dtype: str, batch: int) -> tuple[tuple[int, ...], ...]:
    """The model's shapes, an image's sides halved where it still runs."""
    if len(model.shapes) != 1 or len(model.shapes[0]) != 3 or min(model.shapes[0][1:]) <= _LARGE:
        return model.shapes
    channels, *sides = model.shapes[0]
    half = replace(model, shapes=((channels, *(side // 2 for side in sides)),))
    try:
        half.trace(batch=batch, dtype=dtype, mode=mode)
    except TraceError:
        return model.shapes
    return half.shapes


def settings(
    names: Sequence[str], options: Mapping[str, Any], varied: Mapping[str, Sequence[Any]]
) -> Iterator[tuple[str, dict[str, Any], str]]:
    """(name, constructor arguments, label) for every network and every combination of what varies.

    >>> [label for _, _, label in settings(["irv2"], {}, {"residual_scale": [1.0, 0.1]})]
    ['inception_resnet_v2 residual_scale=1.0', 'inception_resnet_v2 residual_scale=0.1']
    """
    for name in names:
        for values in product(*varied.values()):
            chosen = dict(zip(varied, values, strict=True))
            words = "".join(f" {key}={value}" for key, value in chosen.items())
            yield name, {**options, **chosen}, f"{canonical(name)}{words}"


def measured(
    cases: Sequence[tuple[str, dict[str, Any], str]], request: Request, progress: Progress | None = None, **how: Any
) -> Iterator[Signal]:
    """The signals of several networks or settings, one after the other; see `signals` and `settings`."""

    def shared(at: int) -> Callable[[str, float], None]:
        return lambda what, done: progress(what, (at + done) / len(cases)) if progress is not None else None

    for at, (name, options, label) in enumerate(cases):
        yield from signals(name, request, options=options, label=label, progress=shared(at), **how)
