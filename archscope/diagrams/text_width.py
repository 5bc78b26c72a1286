"""How wide a text is in Helvetica (Arial, Liberation Sans and Arimo have the same widths), in thousandths of its size.

The numbers are those of Adobe's font metrics for Helvetica and Helvetica-Bold, characters 32 to 126.
"""

import re
import unicodedata
from collections.abc import Callable
from functools import lru_cache

FAMILY = "Helvetica, Arial, 'Liberation Sans', Arimo, sans-serif"

_REGULAR = (
    278, 278, 355, 556, 556, 889, 667, 191, 333, 333, 389, 584, 278, 333, 278, 278, 556, 556, 556, 556, 556, 556, 556, 556,
    556, 556, 278, 278, 584, 584, 584, 556, 1015, 667, 667, 722, 722, 667, 611, 778, 722, 278, 500, 667, 556, 833, 722, 778,
    667, 778, 722, 667, 611, 722, 667, 944, 667, 667, 611, 278, 278, 278, 469, 556, 333, 556, 556, 500, 556, 556, 278, 556,
    556, 222, 222, 500, 222, 833, 556, 556, 556, 556, 333, 500, 278, 556, 500, 722, 500, 500, 500, 334, 260, 334, 584,
)  # fmt: skip
_BOLD = (
    278, 333, 474, 556, 556, 889, 722, 238, 333, 333, 389, 584, 278, 333, 278, 278, 556, 556, 556, 556, 556, 556, 556, 556,
    556, 556, 333, 333, 584, 584, 584, 611, 975, 722, 722, 722, 722, 667, 611, 778, 722, 278, 556, 722, 611, 833, 722, 778,
    667, 778, 722, 667, 611, 722, 667, 944, 667, 667, 611, 333, 278, 333, 584, 556, 333, 556, 611, 556, 611, 556, 333, 611,
    611, 278, 278, 556, 278, 889, 611, 611, 611, 611, 389, 556, 333, 611, 556, 778, 556, 556, 500, 389, 280, 389, 584,
)  # fmt: skip


MOST_LINES = 12
_WORDS = re.compile(r"\S+(?: x \S+)*(?: \+(?= |$))?")  # "77 tokens x 1280" is not broken at its x, "A + B" not before its sign
_PARTS = re.compile(r"[A-Z]+(?![a-z])[^A-Za-z]*|[A-Z]?[a-z]+(?:\d+[dD](?![a-z]))?[^A-Za-z]*|[^A-Za-z]+|.")


@lru_cache(maxsize=4096)
def width(text: str, size: float, bold: bool = False) -> float:
    """Width of `text` in points."""
    table = _BOLD if bold else _REGULAR
    return sum(table[ord(c) - 32] if 32 <= ord(c) < 127 else _other(c) for c in text) * size / 1000


def _other(character: str) -> int:
    if unicodedata.combining(character) or unicodedata.category(character) in ("Cc", "Cf"):
        return 0
    return 1100 if unicodedata.east_asian_width(character) in "WF" else 620


def wrapped(text: str, size: float, room: float, lines: int = MOST_LINES, bold: bool = False) -> list[str]:
    """`text` on lines no wider than `room` points; see `folded`."""
    return folded(text, room, lambda words: width(words, size, bold), lines)


def folded(text: str, room: float, measure: Callable[[str], float], lines: int = MOST_LINES) -> list[str]:
    """`text` on lines no wider than `room`, broken at spaces, and inside a word where a new part of it begins ("DecoderLayer") or
    anywhere. What does not fit on `lines` lines, which only a name of hundreds of letters needs, ends in an ellipsis.

    Arguments:
        measure: how wide words are.
    """
    text = " ".join(text.split())
    if " + " in text and measure(text) > room:  # each summand begins a line
        first, rest = text.split(" + ", 1)
        begun = folded(f"{first} +", room, measure, lines)
        return [*begun, *folded(rest, room, measure, max(lines - len(begun), 1))]
    found: list[str] = []
    for word in _WORDS.findall(text):
        trial = f"{found[-1]} {word}" if found else word
        if found and measure(trial) <= room:
            found[-1] = trial
        else:
            found += _broken(word, room, measure) if len(found) < lines else [word]
        if len(found) > lines:
            return [*found[: lines - 1], _cut(" ".join((*found[lines - 1 :], "…")), room, measure)]
    return found or [""]


def _broken(word: str, room: float, measure: Callable[[str], float]) -> list[str]:
    """A word in parts no wider than `room`."""
    if measure(word) <= room:
        return [word]
    found: list[str] = []
    for part in _PARTS.findall(word):
        if found and measure(found[-1] + part) <= room:
            found[-1] += part
            continue
        found.append("")
        for letter in part:
            if found[-1] and measure(found[-1] + letter) > room:
                found.append("")
            found[-1] += letter
    return found


def _cut(text: str, room: float, measure: Callable[[str], float]) -> str:
    """`text` if it is no wider than `room`, else its beginning and an ellipsis."""
    text = " ".join(text.split())
    if measure(text) <= room:
        return text
    while text and measure(f"{text}…") > room:
        text = text[:-1]
    return f"{text.rstrip(' ,.')}…"
