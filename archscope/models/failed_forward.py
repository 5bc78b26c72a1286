"""Why a forward failed, in the words of the person who chose the input: wrong rank, wrong channels, too small."""

from dataclasses import replace
from difflib import get_close_matches
from math import prod

from archscope.errors import ArchscopeError
from archscope.graph.input_spec import spec_of
from archscope.models.assumed_input import parameters
from archscope.models.model import Model
from archscope.models.nests import argument
from archscope.tracing.one_forward import TraceError
from archscope.units import shape as written


def explained(model: Model, error: TraceError) -> TraceError:
    """The same error with a hint that says what the model takes: the rank, the channels, or the smallest size that works."""
    hint = _too_few(error) or _hint(model)
    if hint:
        error.hint = hint
    return error


def _too_few(error: TraceError) -> str:
    """Where a batch norm in train mode was given one value for each channel, of which there are no statistics."""
    failure = error.failure
    if error.graph.meta.mode != "train" or "BatchNorm" not in failure.type or len(failure.inputs) != 1:
        return ""
    shape = failure.inputs[0]
    single = len(shape) > 1 and prod(shape) == shape[1]
    return "a batch norm in train mode needs more than one value for each channel: --batch 2" if single else ""


def _hint(model: Model) -> str:
    stray = _stray(model)
    if stray:
        return stray
    usual = model.usual
    if len(model.shapes) != 1 or len(usual) != 1:
        same = [*map(str, usual)] == [*map(str, model.shapes)]
        return f"its inputs are {' and '.join(str(spec_of(shape)) for shape in usual)}" if usual and not same else ""
    given, expected = model.specs[0], spec_of(usual[0])
    if given.dtype and given.dtype != expected.dtype:
        other = given.but(dtype=expected.dtype, values=())
        if _runs(replace(model, shapes=(other,))):
            return f"it takes {expected.dtype or 'numbers of the dtype of its weights'}, not {given.dtype}: --input {other}"
    if given == expected:
        return ""
    if spec_of(expected).dtype:  # ids and masks have no channels
        return f"made for --input {spec_of(expected)}"
    if len(given) != len(expected):
        example = f"--input {written(expected)}"
        return f"it takes {len(expected)} sizes without the batch, as in {example}; {written(given)} has {len(given)}"
    if given[0] != expected[0]:
        return f"it takes {expected[0]} channels, given {given[0]}; try --input {written((expected[0], *given[1:]))}"
    smallest = smallest_size(model)
    if smallest is None or all(size >= smallest for size in given[1:]):
        return f"made for --input {written(expected)}"
    side = written((expected[0], *[smallest] * (len(expected) - 1)))
    return f"too small: the smallest square input that works is --input {side}"


def _stray(model: Model) -> str:
    """Which input the forward has no parameter for, and what it has."""
    taken = parameters(model.module)
    wrong = next((spec.name for spec in model.specs if spec.name and argument(spec.name) not in taken), "")
    if not wrong or not taken:
        return ""
    close = get_close_matches(wrong, taken, 1, 0.5) or [name for name in taken if name.endswith(f"_{wrong}")][:1]
    known = f"did you mean {close[0]}?" if close else f"it takes {', '.join(taken[:6])}{' ...' if len(taken) > 6 else ''}"
    return f"its forward has no input '{wrong}'; {known}"


def smallest_size(model: Model) -> int | None:
    """The smallest square input that the model takes, found by halving between the given size and the usual one; None if the
    usual one fails too.
    """
    expected = model.usual[0]
    low, high = min(model.shapes[0][1:], default=0), max(expected[1:], default=0)
    if not _works(model, high):
        return None
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if _works(model, middle) else (middle, high)
    return high


def _works(model: Model, size: int) -> bool:
    channels, *sides = model.usual[0]
    return _runs(replace(model, shapes=((channels, *[size] * len(sides)),)))


def _runs(model: Model) -> bool:
    try:
        model.trace()
    except ArchscopeError:
        return False
    return True
