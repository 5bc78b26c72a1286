"""A set of inputs, changed in one thing that the error of a forward speaks of: a size, a width, an axis, a kind of number."""

import re
from collections.abc import Iterator
from itertools import product

from archscope.graph.input_spec import PYTHON, InputSpec
from archscope.models.evidence import mismatch

Given = tuple[InputSpec, ...]
"""What one parameter is given: one input, or several that are entries of it."""
Set = dict[str, Given]
"""Inputs by parameter."""

_NUMBER = re.compile(r"\d+")
_LARGEST = 100_000
_WANTS_INDICES = re.compile(r"used as indices must be|scalar types: Long|index.*int64|expected.*int64", re.IGNORECASE)
_RANK = re.compile(r"expected (?:at least )?(\d+),? (?:but )?got (\d+)")


def resized(given: Set, said: str) -> Iterator[Set]:
    """Other sizes that an error names, in one input, then in all that have such a size."""
    for here, there in _sizes(said):
        changed = {name: other for name, specs in given.items() if (other := _resized(specs, here, there)) is not None}
        for one in (*({name: other} for name, other in changed.items()), changed if len(changed) > 1 else {}):
            yield {**given, **one}


def reshaped(given: Set, said: str, error: BaseException | None) -> Iterator[Set]:
    """What is wrong may be a width, which layers tell, a size that grew on its way, a missing axis, or a kind of number."""
    yield from _widened(given, error)
    for here, there in _sizes(said):  # 128 tokens that were repeated to 256 should have been 64
        if here * here % there == 0:
            changed = {
                name: other for name, specs in given.items() if (other := _resized(specs, here, here * here // there)) is not None
            }
            yield from ({**given, name: other} for name, other in changed.items())
    for name, specs in given.items():
        if _WANTS_INDICES.search(said):
            yield {**given, name: tuple(spec if spec.dtype else spec.but(dtype="int64") for spec in specs)}
        rank = _RANK.search(said)
        if rank and any(len(spec) + 1 == int(rank[2]) for spec in specs):
            yield {**given, name: tuple(spec.but([1] * (int(rank[1]) - int(rank[2])) + [*spec]) for spec in specs)}
        if any(len(spec) > 1 and not spec.packed and not spec.values for spec in specs):
            yield {**given, name: tuple(spec.but(packed=True) for spec in specs)}


def counted(given: Set) -> Iterator[Set]:
    """1 for a whole number of which no value was told: none of something is seldom what is meant."""
    for name, specs in given.items():
        if any(map(_counts, specs)):
            yield {**given, name: tuple(spec.but(values=(1,)) if _counts(spec) else spec for spec in specs)}


def _widened(given: Set, error: BaseException | None) -> Iterator[Set]:
    """An axis of one input, or of all with such a size, so that the layer that failed gets the width that it takes."""
    width = mismatch(error)
    if width is None:
        return
    have, wanted = width
    floats = {name: specs for name, specs in given.items() if not any(spec.dtype for spec in specs)}
    yield from ({**given, name: other} for name, specs in floats.items() if (other := _resized(specs, have, wanted)) is not None)
    for name, specs in floats.items():
        for at in {min(map(len, specs)) - 1, 0} if all(specs) else ():
            own = specs[0][at]
            for size in (own * wanted // have if own * wanted % have == 0 else 0, own + wanted - have):
                if 0 < size <= _LARGEST:
                    yield {**given, name: tuple(spec.but([*spec[:at], size, *spec[at + 1 :]]) for spec in specs)}


def _counts(spec: InputSpec) -> bool:
    """Whether an input is one whole number of which no value was told."""
    return len(spec) == 0 and spec.dtype.startswith("int") and not spec.values


def _sizes(said: str) -> Iterator[tuple[int, int]]:
    """A size and another to try in its place, as an error names them: "Input height (224) doesn't match model (336)"."""
    numbers = [int(number) for number in dict.fromkeys(_NUMBER.findall(said))]
    for here, there in product(numbers, numbers):
        if there != here and 1 < there <= _LARGEST:
            yield here, here // there * there or there if "multiple" in said else there


def _resized(specs: Given, here: int, there: int) -> Given | None:
    """The inputs with that size in the place of the one; None where none has such, or values for each place."""
    changed = tuple(_with_size(spec, here, there) for spec in specs)
    return None if changed == specs else changed


def _with_size(spec: InputSpec, here: int, there: int) -> InputSpec:
    if here not in spec or spec.values[1:] or spec.dtype == PYTHON:
        return spec
    return spec.but([there if n == here else n for n in spec])
