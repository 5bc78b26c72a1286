"""How wide a text is in Helvetica (Arial, Liberation Sans and Arimo have the same widths), in thousandths of its size.

The numbers are those of Adobe's font metrics for Helvetica and Helvetica-Bold, characters 32 to 126.
"""

import unicodedata
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


@lru_cache(maxsize=4096)
def width(text: str, size: float, bold: bool = False) -> float:
    """Width of `text` in points."""
    table = _BOLD if bold else _REGULAR
    return sum(table[ord(c) - 32] if 32 <= ord(c) < 127 else _other(c) for c in text) * size / 1000


def _other(character: str) -> int:
    if unicodedata.combining(character) or unicodedata.category(character) in ("Cc", "Cf"):
        return 0
    return 1100 if unicodedata.east_asian_width(character) in "WF" else 620


def fitted(text: str, size: float, room: float, bold: bool = False) -> str:
    """`text` if it is no wider than `room`, else its beginning and an ellipsis."""
    text = " ".join(text.split())
    if width(text, size, bold) <= room:
        return text
    while text and width(f"{text}…", size, bold) > room:
        text = text[:-1]
    return f"{text.rstrip(' ,.')}…"


def wrapped(text: str, size: float, room: float, lines: int, bold: bool = False) -> list[str]:
    """`text` on at most `lines` lines no wider than `room`, broken at spaces; what does not fit ends in an ellipsis."""
    found: list[str] = []
    for word in text.split():
        trial = f"{found[-1]} {word}" if found else word
        if found and (width(trial, size, bold) <= room or len(found) == lines):
            found[-1] = trial
        else:
            found.append(word)
    return [fitted(line, size, room, bold) for line in found] or [""]
