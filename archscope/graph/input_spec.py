"""What goes into one input of a network, in words: "3x224x224", "int64:128", "mask:bool:128"."""

from collections.abc import Iterable

from archscope.errors import UsageError
from archscope.graph.records import ITEM_BYTES
from archscope.units import parse_shape
from archscope.units import shape as written

_SHORT = {"int": "int64", "float": "float32", "half": "float16", "double": "float64"}


class InputSpec(tuple[int, ...]):
    """The shape of one example of an input, without the batch, and what else was said of it.

    Attributes:
        dtype: of its numbers; "" for that of the run.
        name: the parameter of forward that takes it; "" where its place tells.
    """

    dtype: str
    name: str

    def __new__(cls, sizes: Iterable[int], dtype: str = "", name: str = "") -> "InputSpec":
        """The shape as a tuple that knows its dtype and name."""
        made = super().__new__(cls, tuple(sizes))
        made.dtype, made.name = dtype, name
        return made

    def __str__(self) -> str:
        return ":".join(word for word in (self.name, self.dtype, written(self)) if word)

    def __repr__(self) -> str:
        return str(self)

    def __reduce__(self) -> tuple[object, ...]:
        return InputSpec, (tuple(self), self.dtype, self.name)


def spec_of(shape: Iterable[int]) -> InputSpec:
    """A shape as a spec; a spec is one already."""
    return shape if isinstance(shape, InputSpec) else InputSpec(shape)


def parse_input(text: str) -> InputSpec:
    """`"ids:int64:128"` -> the shape (128,) of dtype int64, for forward's parameter `ids`; name and dtype may be left out.

    Raises `UsageError` for anything else.
    """
    *words, sizes = text.split(":")
    shape = parse_shape(sizes)
    kinds = [_SHORT.get(word, word) for word in words]
    if not kinds:
        return InputSpec(shape)
    if len(kinds) == 1:
        return InputSpec(shape, dtype=kinds[0]) if kinds[0] in ITEM_BYTES else InputSpec(shape, name=_name(words[0], text))
    if len(kinds) > 2 or kinds[1] not in ITEM_BYTES:
        raise UsageError(f"'{text}' is not an input", "write NAME:DTYPE:SHAPE, name and dtype optional: --input ids:int64:128")
    return InputSpec(shape, dtype=kinds[1], name=_name(words[0], text))


def _name(word: str, text: str) -> str:
    if not word.isidentifier():
        raise UsageError(f"'{word}' in '{text}' is no name of a parameter", "write NAME:DTYPE:SHAPE: --input ids:int64:128")
    return word
