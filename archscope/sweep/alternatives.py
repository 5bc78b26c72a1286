"""Words -> the values that an argument takes in a grid: `32,64,128`, `2..8`, `16..256:16`."""

import re
from collections.abc import Iterable, Sequence
from typing import Any

from archscope.errors import UsageError
from archscope.units import literal

_RANGE = re.compile(r"(-?\d+)\.\.(-?\d+)(?::(\d+))?")


def arguments(words: Iterable[str]) -> dict[str, Sequence[Any]]:
    """`["width=32,64", "depth=2..8"]` -> `{"width": (32, 64), "depth": range(2, 9)}`.

    Raises `UsageError` for a word without an `=`, an empty range, or a name that stands twice.
    """
    found: dict[str, Sequence[Any]] = {}
    for word in words:
        name, equals, text = (part.strip() for part in word.partition("="))
        if not equals or not name.isidentifier():
            raise UsageError(f"'{word}' is not NAME=VALUE", "write --set width=32,64,128 or --set depth=2..8")
        if name in found:
            raise UsageError(f"--set {name} stands twice", f"write its values in one list: --set {name}=1,2,3")
        found[name] = values(name, text)
    return found


def values(name: str, text: str) -> Sequence[Any]:
    """The values of one argument. A range includes both ends; a list in brackets is one value."""
    if match := _RANGE.fullmatch(text):
        first, last, step = int(match[1]), int(match[2]), int(match[3] or 1)
        if last < first or step < 1:
            raise UsageError(f"--set {name}={text} is empty", "write FIRST..LAST or FIRST..LAST:STEP, as in 16..256:16")
        return range(first, last + 1, step)
    made: list[Any] = []
    for part in _split(text):
        found: Sequence[Any] = values(name, part) if _RANGE.fullmatch(part) else (literal(part),)
        made += [value for value in found if not any(value is one or (type(value) is type(one) and value == one) for one in made)]
    return tuple(made)


def _split(text: str) -> list[str]:
    """At the commas that are outside brackets and quotes."""
    parts, depth, quote = [""], 0, ""
    for sign in text:
        if quote:
            quote = "" if sign == quote else quote
        elif sign in "'\"":
            quote = sign
        depth += (sign in "([{") - (sign in ")]}")
        if sign == "," and depth == 0 and not quote:
            parts.append("")
        else:
            parts[-1] += sign
    return [part.strip() for part in parts]
