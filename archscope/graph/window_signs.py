"""What the signs behind a kernel mean: "3x3/2 V" is a 3x3 window with stride 2 and no padding."""

import re
from collections.abc import Callable, Iterable

_SIGNS: tuple[tuple[str, Callable[[str], str]], ...] = (
    (r"/\d+", lambda size: f"stride {size}"),
    (r"/\d+(?:x\d+)+", lambda sizes: f"stride {sizes}, axis by axis"),
    ("V", lambda _: "no padding"),
    (r"p\d+", lambda size: f"padding {size}"),
    (r"p\d+(?:x\d+)+", lambda sizes: f"padding {sizes}, axis by axis"),
    (r"d\d+", lambda size: f"dilation {size}"),
    (r"d\d+(?:x\d+)+", lambda sizes: f"dilation {sizes}, axis by axis"),
    (r"g\d+", lambda count: f"{count} groups"),
)

SIGN = "|".join(pattern for pattern, _ in _SIGNS)
"""The pattern of one sign."""


def explained(windows: Iterable[str]) -> str:
    """`"/2: stride 2. V: no padding."`: of each kind of sign in these windows one, the smallest; "" where there is none.

    Arguments:
        windows: as `kinds.window` writes them, with the kernel or without it.
    """
    signs = sorted({sign for window in set(windows) for sign in _without_kernel(window).split()}, key=_by_size)
    found = []
    for pattern, said in _SIGNS:
        example = next((sign for sign in signs if re.fullmatch(pattern, sign)), "")
        if example:
            found.append(f"{example}: {said(example[1:])}.")
    return " ".join(found)


def _without_kernel(window: str) -> str:
    return re.sub(r"^\d[\dx]*", "", window)


def _by_size(sign: str) -> tuple[list[int], str]:
    return [int(size) for size in re.findall(r"\d+", sign)], sign
