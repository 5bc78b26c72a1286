"""What the marks behind the labels of boxes mean: "/2 V", "p2", "no bn", "linear". Only marks that occur are explained, each kind
once.
"""

import re
from collections.abc import Sequence

from archscope.diagrams.picture import Box
from archscope.graph import kinds, naming, window_signs

BY_TABLE = "by table"
LINEAR = "linear"


def behind_mark(norm: str, activation: str, usual: tuple[str, str]) -> str:
    """What stands behind a convolution, where that is not `usual`: "linear", "bn", "no bn, silu"; "" where it is.

    Arguments:
        norm, activation: "" for none.
    """
    words = []
    if norm != usual[0]:
        words.append(norm or f"no {usual[0]}")
    if activation != usual[1]:
        words.append(activation or LINEAR)
    return ", ".join(words)


def mark_notes(boxes: Sequence[Box], usual: tuple[str, str]) -> list[str]:
    """The lines of a legend for the marks of these boxes.

    Arguments:
        usual: the norm and the activation function that no convolution is marked with.
    """
    found = [convolution_note(boxes, usual), window_signs.explained(box.mark for box in boxes)]
    if any(BY_TABLE in box.mark for box in boxes):
        found.append(f"{BY_TABLE}: each filter reads some of the maps.")
    found.append(_unequal(boxes))
    return [line for line in found if line]


def _unequal(boxes: Sequence[Box]) -> str:
    """Which boxes stand for blocks of one type that differ: the first lowers the resolution, the next ones are wider."""
    labels = dict.fromkeys([box.label for box in boxes if box.count > 1 and not box.equal and not box.again])
    more = f" and {len(labels) - _NAMED} more" if len(labels) > _NAMED else ""
    return f"N x {', '.join([*labels][:_NAMED])}{more}: of one type, not all alike." if labels else ""


_NAMED = 3


def convolution_note(boxes: Sequence[Box], usual: tuple[str, str]) -> str:
    """What a convolution without a mark is, where there is one, and what the words of the others mean."""
    words = [_words(box.mark) for box in boxes if box.kind == kinds.CONVOLUTION]
    left_out = [
        usual[0] and not all(any(_is_norm(word) for word in said) for said in words),
        usual[1] and not all(any(not _is_norm(word) for word in said) for said in words),
    ]
    found = []
    if any(left_out):
        found.append(f"conv: convolution, {', '.join(naming.NORMS.get(word, word) for word in usual if word)}, unless marked.")
    elif not any(usual) and any(words) and not all(words):
        found.append("conv: convolution alone, unless marked.")
    if any(LINEAR in said for said in words):
        found.append(f"{LINEAR}: no activation function.")
    for word in sorted({word for said in words for word in said if _is_norm(word)}):
        name = word.removeprefix("no ")
        found.append(f"{word}: {word.replace(name, naming.NORMS[name])}.")
    return " ".join(found)


def _words(mark: str) -> list[str]:
    """The words of a convolution's mark for what stands behind it: "/2 V no bn, linear" -> ["no bn", "linear"]."""
    rest = mark.replace(BY_TABLE, "")
    while (window := _WINDOW.match(rest)) is not None:
        rest = rest[window.end() :]
    return [word for word in rest.strip().split(", ") if word]


def _is_norm(word: str) -> bool:
    return word.removeprefix("no ") in naming.NORMS


_WINDOW = re.compile(rf"\s*(?:{window_signs.SIGN})(?=\s|$)")
