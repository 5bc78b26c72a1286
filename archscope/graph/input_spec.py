"""What goes into one input of a network, in words: "3x224x224", "int64:128", "mask:bool:128", "grid_thw=1,16,16",
"num_frames:python=5".

A name may say where in a nest of lists and dicts the input stands: `cond.size` is the entry "size" of a dict, `pair.0` the first
of a list, `layers[3]` stands for a list of three such, `images[]` for a list with one for each example.
"""

import ast
import re
from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import Any

from archscope.errors import UsageError
from archscope.graph.records import ITEM_BYTES
from archscope.units import parse_shape
from archscope.units import shape as written

_SHORT = {"int": "int64", "float": "float32", "half": "float16", "double": "float64"}
PYTHON = "python"
_PACKED, _SHARED = "packed", "shared"
_NAME = re.compile(r"[^\W\d]\w*(\.\w+)*(\[\d*\])?")
_AS_IN = (
    "write NAME:DTYPE:SHAPE, name and dtype optional: --input ids:int64:128; NAME:DTYPE:shared:SHAPE is one for all examples, "
    "packed joins them"
)


class InputSpec(tuple[int, ...]):
    """The shape of one example of an input, without the batch, and what else was said of it.

    Attributes:
        dtype: of its numbers; "" for that of the run; "python" where it is no tensor but the one value that it has.
        name: the parameter of forward that takes it; "" where its place tells.
        values: its numbers, row by row, where these matter and not only their shape: the sizes of a grid; or the one that is
            everywhere: the 1 of a mask that hides nothing. Empty otherwise.
        packed: whether examples are joined along the first axis, as sequences of different lengths are, instead of stacked along
            a new one.
        shared: whether it is one for all examples.
    """

    dtype: str
    name: str
    values: tuple[Any, ...]
    packed: bool
    shared: bool

    def __new__(
        cls, sizes: Iterable[int], dtype: str = "", name: str = "", values: Sequence[Any] = (), packed: bool = False,
        shared: bool = False,
    ) -> "InputSpec":  # fmt: skip
        """The shape as a tuple that knows what else was said."""
        made = super().__new__(cls, tuple(sizes))
        made.dtype, made.name, made.values, made.packed, made.shared = dtype, name, tuple(values), packed, shared
        return made

    def batched(self, batch: int) -> tuple[int, ...]:
        """The shape of a tensor for so many examples."""
        if self.shared:
            return tuple(self)
        return (batch * self[0], *self[1:]) if self.packed else (batch, *self)

    def called(self, name: str) -> "InputSpec":
        """The same for another parameter."""
        return self.but(name=name)

    def but(self, sizes: Iterable[int] | None = None, **parts: Any) -> "InputSpec":
        """The same with other sizes, or with some of its attributes changed."""
        same = {part: getattr(self, part) for part in ("dtype", "name", "values", "packed", "shared")}
        return InputSpec(self if sizes is None else sizes, **{**same, **parts})

    def __str__(self) -> str:
        if self.values:
            usual = "int64" if all(type(value) is int for value in self.values) else ""
            return f"{self.name}{f':{self.dtype}' if self.dtype != usual else ''}={self.told}"
        batching = _PACKED * self.packed + _SHARED * self.shared
        return ":".join(word for word in (self.name, self.dtype, batching, written(self)) if word)

    def __repr__(self) -> str:
        return str(self)

    def __reduce__(self) -> tuple[object, ...]:
        return InputSpec, (tuple(self), self.dtype, self.name, self.values, self.packed, self.shared)

    @property
    def told(self) -> str:
        """Its values in words: "1,16,16", rows with a semicolon between them, "0*77,1*64" for 77 zeros and 64 ones, "1:128" for 1
        everywhere, "grid:16x16" for the places of a grid; "" where they do not matter.
        """
        if self.dtype == PYTHON:
            return str(self.values[0])
        count = len(self.values)
        if count == 1 and self:
            return f"{self.values[0]:g}:{written(self)}"
        columns = max(self.values[::2], default=0) + 1
        if (
            count > 2
            and self[-1] == 2
            and columns == int(columns)
            and self.values == places(self[0] // int(columns), int(columns))
        ):
            return f"grid:{self[0] // int(columns)}x{int(columns)}"
        row = self[-1] if self else 1
        return ";".join(_runs(self.values[at : at + row]) for at in range(0, count, row))


def _runs(values: Iterable[float]) -> str:
    """`(0, 0, 0, 0, 1)` -> "0*4,1"; what stands there less often is written out."""
    words: list[str] = []
    for value, run in groupby(values):
        count = len(list(run))
        words += [f"{value:g}*{count}"] if count > 3 else [f"{value:g}"] * count
    return ",".join(words)


def spec_of(shape: Iterable[int]) -> InputSpec:
    """A shape as a spec; a spec is one already."""
    return shape if isinstance(shape, InputSpec) else InputSpec(shape)


def parse_input(text: str) -> InputSpec:
    """`"ids:int64:128"` -> the shape (128,) of dtype int64, for forward's parameter `ids`; name and dtype may be left out.
    `"grid=1,16,16"` -> the shape (3,) with these values; `"places=0,0;0,1"` -> (2, 2); `"step=5"` -> () with the value 5;
    `"mask=1:128"` -> (128,) with 1 everywhere; `"places=grid:16x16"` -> (256, 2), the column and row of each place.
    `"patches:packed:256x588"`: the examples of a batch are joined, 512x588 for two; `"ids:shared:256x3"` is one for all of them;
    `"num_frames:python=5"` is the int 5.

    Raises `UsageError` for anything else.
    """
    head, equals, told = text.partition("=")
    if equals:
        return _with_values(head, told, text)
    *words, sizes = text.split(":")
    shape, batching = parse_shape(sizes), next((word for word in words[1:] if word in (_PACKED, _SHARED)), "")
    words = [*words[:1], *(word for word in words[1:] if word != batching)]
    packed, shared = batching == _PACKED, batching == _SHARED
    kinds = [_SHORT.get(word, word) for word in words]
    if not kinds:
        return InputSpec(shape)
    if len(kinds) == 1:
        if kinds[0] in ITEM_BYTES:
            return InputSpec(shape, dtype=kinds[0], packed=packed, shared=shared)
        return InputSpec(shape, name=_name(words[0], text), packed=packed, shared=shared)
    if len(kinds) > 2 or kinds[1] not in ITEM_BYTES:
        raise UsageError(f"'{text}' is not an input", _AS_IN)
    return InputSpec(shape, dtype=kinds[1], name=_name(words[0], text), packed=packed, shared=shared)


def places(rows: int, columns: int) -> tuple[int, ...]:
    """The column and the row of each place of a grid, row by row."""
    return tuple(at for row in range(rows) for column in range(columns) for at in (column, row))


def _with_values(head: str, told: str, text: str) -> InputSpec:
    name, _, dtype = head.partition(":")
    if dtype == PYTHON:
        return InputSpec((), PYTHON, _name(name, text), (_literal(told, text),))
    if told.startswith("grid:"):
        sides = parse_shape(told.removeprefix("grid:"))
        if len(sides) != 2:
            raise UsageError(f"'{text}' has no grid of rows and columns", f"write {name}=grid:16x16")
        return InputSpec((sides[0] * sides[1], 2), _SHORT.get(dtype, dtype) or "int64", _name(name, text), places(*sides))
    numbers, everywhere, sizes = told.partition(":")
    rows = [[number for word in row.split(",") for number in _numbers(word)] for row in numbers.split(";")]
    values = [value for row in rows for value in row if value is not None]
    dtype = _SHORT.get(dtype, dtype) or ("int64" if all(type(value) is int for value in values) else "")
    even = len(values) == len(rows) * len(rows[0]) and (not everywhere or len(values) == 1)
    if not even or (dtype and dtype not in ITEM_BYTES):
        raise UsageError(
            f"'{text}' is not an input with values",
            "write NAME=NUMBER,NUMBER with a semicolon between rows, or NAME=NUMBER:SHAPE: --input grid_thw=1,16,16",
        )
    row = () if len(values) == 1 else (len(rows[0]),)
    shape = parse_shape(sizes) if everywhere else (len(rows), *row) if len(rows) > 1 else row
    return InputSpec(shape, dtype, _name(name, text), values)


def _literal(told: str, text: str) -> object:
    try:
        value: object = ast.literal_eval(told)
    except (ValueError, SyntaxError, TypeError, RecursionError, MemoryError):
        raise UsageError(
            f"'{told}' in '{text}' is no value", f"write NAME:{PYTHON}=VALUE: --input num_frames:{PYTHON}=5"
        ) from None
    return value


def _numbers(word: str) -> list[float | None]:
    """`"0*77"` -> 77 zeros."""
    number, _, count = word.partition("*")
    return [_number(number)] * int(count) if count.isdecimal() and int(count) <= 2**20 else [_number(word)]


def _number(word: str) -> float | None:
    for kind in (int, float):
        try:
            return kind(word)
        except ValueError:
            continue
    return None


def _name(word: str, text: str) -> str:
    if not _NAME.fullmatch(word):
        raise UsageError(f"'{word}' in '{text}' is no name of a parameter", "write NAME:DTYPE:SHAPE: --input ids:int64:128")
    return word
