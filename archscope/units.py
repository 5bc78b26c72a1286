"""The only place where 12253974624 becomes "12.25 G" and 0.0123 becomes "12.3 ms". Files carry the plain number instead."""

import ast
import re
from decimal import Decimal
from math import floor, log10
from typing import Any

from archscope.errors import UsageError

_COUNT = (("P", 10**15), ("T", 10**12), ("G", 10**9), ("M", 10**6), ("K", 10**3))
_BYTES = (("TiB", 2**40), ("GiB", 2**30), ("MiB", 2**20), ("KiB", 2**10))
_TIME = (("s", 1.0), ("ms", 1e-3), ("us", 1e-6), ("ns", 1e-9))


def _scaled(value: float, units: tuple[tuple[str, int], ...], digits: int) -> str:
    for at, (unit, size) in enumerate(units):
        if abs(value) >= size:
            text = f"{value / size:.{digits}f}"
            # 999,999 is 1.00 M, not 1000.00 K
            if at and abs(float(text)) * size >= units[at - 1][1]:
                unit, size = units[at - 1]
                text = f"{value / size:.{digits}f}"
            return f"{text} {unit}"
    return f"{value:,}"


def count(value: int | None, digits: int = 2) -> str:
    """`12253974624` -> `"12.25 G"`; below 1,000 the number itself; None -> `"-"`. K, M, G, T, P are powers of ten."""
    return "-" if value is None else _scaled(value, _COUNT, digits)


def exact(value: int | None) -> str:
    """`42679816` -> `"42,679,816"`; None -> `"-"`."""
    return "-" if value is None else f"{value:,}"


def size(value: int | None, digits: int = 1) -> str:
    """Bytes, in powers of 1,024: `170719264` -> `"162.8 MiB"`; None -> `"-"`."""
    if value is None:
        return "-"
    text = _scaled(value, _BYTES, digits)
    return text if text[-1] == "B" else f"{text} B"


def seconds(value: float | None, digits: int = 3) -> str:
    """`0.0123` -> `"12.3 ms"`, to `digits` significant digits; None -> `"-"`."""
    if value is None:
        return "-"
    if value == 0:
        return "0 s"
    rounded = abs(float(f"{value:.{digits - 1}e}"))  # 0.99996 s is 1.00 s, not 1000 ms
    unit, scale = next(((u, s) for u, s in _TIME if rounded >= s), _TIME[-1])
    decimals = max(0, digits - len(str(int(round(rounded / scale, 6)))))
    return f"{value / scale:.{decimals}f} {unit}"


_SCALES = {"seconds": _TIME, "count": (*_COUNT, ("", 1))}


def measured(value: float, spread: float | None, kind: str = "number", most: int = 4) -> str:
    """A measured number to the place of its spread's first digit: `12.3456 ms` with a spread of `0.2 ms` -> `"12.3 ms"`.

    Arguments:
        spread: None allows three significant digits.
        kind: "seconds", "count" (K, M, G), "ratio" (a factor), "share" (per cent) or "number".
        most: significant digits, whatever the spread.
    """
    if kind == "share":
        return measured(100 * value, None if spread is None else 100 * spread, most=min(most, 3)) + "%"
    if value == 0:
        return "0"
    first = floor(log10(abs(value)))
    last = floor(log10(spread)) if spread else first - 2
    last = min(max(last, first - most + 1), first)
    rounded = round(value, -last)
    scales = _SCALES.get(kind, (("", 1),))
    unit, scale = next(((unit, scale) for unit, scale in scales if abs(rounded) >= scale), scales[-1])
    decimals = max(0, round(log10(scale)) - last)
    return f"{rounded / scale:,.{decimals}f}{'x' if kind == 'ratio' else ''} {unit}".rstrip()


def share(value: float | None) -> str:
    """`0.4213` -> `"42.1%"`; None -> `"-"`; what is not zero never reads as 0.0%."""
    if value is None:
        return "-"
    return "<0.1%" if 0 < value < 0.0005 else f"{value:.1%}"


def shape(dims: tuple[int, ...]) -> str:
    """`(1, 64, 56, 56)` -> `"1x64x56x56"`; a scalar is `"scalar"`."""
    return "x".join(map(str, dims)) or "scalar"


def parse_shape(text: str) -> tuple[int, ...]:
    """`"3x299x299"` -> `(3, 299, 299)`, `"scalar"` -> `()`; raises `UsageError` on anything else."""
    if text == "scalar":
        return ()
    if not re.fullmatch(r"\d+(x\d+)*", text):
        raise UsageError(
            f"'{text}' is not a shape", "write the sizes with an x between them, without the batch: --input 3x299x299"
        )
    dims = tuple(map(int, text.split("x")))
    if 0 in dims:
        raise UsageError(f"'{text}' has a size of 0", "every size is 1 or more: --input 3x299x299")
    return dims


def parse_count(text: str) -> int:
    """`"45M"` -> `45000000`, `"13G"`, `"5e6"`, `"162MiB"`; raises `UsageError` on anything else."""
    match = re.fullmatch(r"([0-9][0-9_,]*(?:\.[0-9]+)?(?:[eE][0-9]{1,2})?)\s*([KMGTP]?i?B?|[kmg]i?B?)", text.strip())
    scales = {"": 1, "B": 1} | dict(_COUNT) | {u + "B": s for u, s in _COUNT} | dict(_BYTES)
    unit = (match[2][:1].upper() + match[2][1:]) if match else ""
    if match is None or unit not in scales:
        raise UsageError(
            f"'{text}' is not an amount", "write a number with K, M, G or T behind it, or KiB, MiB, GiB for bytes: 45M"
        )
    return round(Decimal(match[1].replace(",", "").replace("_", "")) * scales[unit])


def parse_seconds(text: str) -> float:
    """`"50ms"` -> `0.05`, `"1.5s"`, `"800us"`, `"0.05"`; raises `UsageError` on anything else."""
    match = re.fullmatch(r"([0-9]+(?:\.[0-9]+)?(?:[eE]-?[0-9]+)?)\s*(s|ms|us|ns|)", text.strip())
    if match is None:
        raise UsageError(f"'{text}' is not a time", "write a number with s, ms or us behind it: 50ms")
    return float(match[1]) * dict(_TIME).get(match[2], 1.0)


def literal(text: str) -> Any:
    """A value as a person writes it: 10, 0.5, true, none, [1, 2], A."""
    words = {"true": True, "false": False, "none": None, "null": None}
    if text.lower() in words:
        return words[text.lower()]
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return text
