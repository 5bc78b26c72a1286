"""The networks as a table that travels with the package: names, papers, claims and counts, read without torch.

`catalog.json` is written by `python -m archscope.zoo.verification`; a test holds it against fresh builds and fresh traces.
"""

from functools import cache
from pathlib import Path

import msgspec

from archscope.registry import unknown
from archscope.zoo.cards import Entry

PATH = Path(__file__).with_name("catalog.json")


@cache
def entries() -> tuple[Entry, ...]:
    """Every network, family by family in the order of history."""
    return msgspec.json.decode(PATH.read_bytes(), type=tuple[Entry, ...])


@cache
def _by_name() -> dict[str, Entry]:
    return {name: entry for entry in entries() for name in (entry.name, *entry.aliases)}


def find(name: str) -> Entry:
    """The network of this name or alias; case does not matter, and `-`, `.` and spaces read as `_`: "ResNet-50" is resnet50's
    alias.

    Raises `UsageError` with the three nearest names where there is none.
    """
    known = _by_name()
    plain = name.strip().lower()
    for spelling in (plain, plain.translate({ord(sign): "_" for sign in "-. "})):
        if spelling in known:
            return known[spelling]
    raise unknown("model", name, known)
