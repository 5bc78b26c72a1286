"""What a metric answers: a number; a number that the truth may lie above; "whole input"; or that it cannot be known, and why.

12253974624                                             exact
AtLeast(12253974624, "without a cost formula: aten.x")  a lower bound; an int in all arithmetic
Varies(12253974624, 12e9, 13e9, "what rpn passes")      one of several that it could be; an int in all arithmetic
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


class Varies(int):
    """A whole number that is another one for other data.

    Arguments:
        value: for the data of this run.
        least, most: with nothing and with everything passing; None where they are not known.
        reason: what decides: "what passes in rpn".
        lacks: what is missing from it besides, as in `AtLeast`; "" where nothing is.
    """

    least: int | None
    most: int | None
    reason: str
    lacks: str

    def __new__(cls, value: int, least: int | None, most: int | None, reason: str, lacks: str = "") -> "Varies":
        """The number with its bounds beside it."""
        made = super().__new__(cls, value)
        made.least, made.most, made.reason, made.lacks = least, most, reason, lacks
        return made

    @property
    def bounds(self) -> str:
        """ "120020169216 to 134379721216"; "" where they are not known."""
        return f"{self.least} to {self.most}" if self.most is not None else ""


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
    if isinstance(value, Varies):
        bounds = f", {value.bounds}" if value.bounds else ""
        lacks = f"; at least: {value.lacks}" if value.lacks else ""
        return f"depends on the data: {value.reason}{bounds}{lacks}"
    return f"at least: {value.reason}" if isinstance(value, AtLeast) else None


def signs(value: object) -> str:
    """What stands before a number that is not the whole truth: "≥ " for a lower bound, "~ " for one of several, "" for others."""
    if isinstance(value, Varies):
        return "≥ ~ " if value.lacks else "~ "
    return "≥ " if isinstance(value, AtLeast) else ""


def after(operator: str, path: str, why: str = "") -> Absent:
    """Unknown from this operator on: `after("aten.foo", "layer3")` says "after aten.foo in layer3".

    Arguments:
        why: what about it, where the operator alone does not tell.
    """
    place = f"after {operator} in {path or 'the network'}"
    return Absent(f"{place}{f': {why}' if why else ''}", operator, path)
