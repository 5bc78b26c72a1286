"""What a metric answers: a number; a number that the truth may lie above; "whole input"; or that it cannot be known, and why.

12253974624                                             exact
AtLeast(12253974624, "without a cost formula: aten.x")  a lower bound; an int in all arithmetic
WHOLE_INPUT                                             no window: every place sees the whole input
Absent("after aten.x in layer3", "aten.x", "layer3")    unknown; JSON has null and the reason, a table "?"
"""

from dataclasses import dataclass


class AtLeast(int):
    """A whole number that something is missing from: the truth is this or more.

    Arguments:
        value: what was counted.
        reason: what was not: "without a cost formula: aten.foo".
    """

    reason: str

    def __new__(cls, value: int, reason: str) -> "AtLeast":
        """The number with the reason beside it."""
        made = super().__new__(cls, value)
        made.reason = reason
        return made


class Whole(str):
    """A word in the place of a number of pixels. There is one, `WHOLE_INPUT`; it is more than any number."""

    __slots__ = ()


WHOLE_INPUT = Whole("whole input")


@dataclass(frozen=True)
class Absent:
    """A number that cannot be known, or that a network does not have.

    Attributes:
        reason: in words, after "unknown: ": "after aten.foo in layer3".
        operator, path: the operator that broke the chain, and the module that ran it; both "" where no operator did: the network
            has no such number.
    """

    reason: str
    operator: str = ""
    path: str = ""

    @property
    def sign(self) -> str:
        """What a table shows: "?" for what is there and not known; nothing for what is not there."""
        return "?" if self.operator else ""

    def __str__(self) -> str:
        return f"unknown: {self.reason}" if self.operator else f"none: {self.reason}"


Number = int | float
Value = Number | Whole | Absent
"""What a metric answers."""


def reason(value: object) -> str | None:
    """Why a value is not simply a number: "unknown: after aten.foo in layer3"; None where it is."""
    if isinstance(value, Absent):
        return str(value)
    return f"at least: {value.reason}" if isinstance(value, AtLeast) else None


def after(operator: str, path: str, why: str = "") -> Absent:
    """Unknown from this operator on: `after("aten.foo", "layer3")` says "after aten.foo in layer3".

    Arguments:
        why: what about it, where the operator alone does not tell.
    """
    place = f"after {operator} in {path or 'the network'}"
    return Absent(f"{place}{f': {why}' if why else ''}", operator, path)
