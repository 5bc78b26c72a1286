"""Sizes to go through, in words: from the first to the last, each twice the one before, or a list."""

from itertools import chain

from archscope.errors import UsageError

_EXAMPLES = {"--tokens": "128..8192", "--batch": "1..64"}


def doublings(option: str, text: str) -> list[int]:
    """`"128..1024"` -> `[128, 256, 512, 1024]`; `"100..300"` -> `[100, 200, 300]`; `"100,300"` -> `[100, 300]`.

    Raises `UsageError` that names the option for anything else.
    """
    found = sorted(set(chain.from_iterable(_range(option, word) for word in text.split(","))))
    if not found or found[0] < 1:
        raise _impossible(option, text)
    return found


def _range(option: str, word: str) -> list[int]:
    first, dots, last = word.strip().partition("..")
    if not first.isdecimal() or (dots and not last.isdecimal()):
        raise _impossible(option, word)
    start, end = int(first), int(last or first)
    sizes = [start]
    while start and sizes[-1] * 2 <= end:
        sizes.append(sizes[-1] * 2)
    return sizes if sizes[-1] == end else [*sizes, end] if end > start else []


def _impossible(option: str, word: str) -> UsageError:
    return UsageError(f"{option} {word} is not possible", f"write FIRST..LAST or a list: {option} {_EXAMPLES[option]}")
