"""What a column is called on an axis, in what unit, and how its values are written: a metric, or a published error."""

from math import log10

from archscope import units
from archscope.metrics import METRICS
from archscope.values import signs

_TITLES = {
    "macs": "multiply-accumulates", "params": "parameters", "flops": "floating-point operations",
    "top1_error": "top-1 error, %", "top5_error": "top-5 error, %", "top1": "top-1 accuracy, %", "top5": "top-5 accuracy, %",
    "weighted_depth": "weighted depth", "receptive_field": "receptive field", "effective_stride": "effective stride",
    "convolutions": "convolutions",
}  # fmt: skip
PUBLISHED = ("top1_error", "top5_error")
"""Columns that are no metrics: they come from the networks' cards."""


def title(column: str) -> str:
    """What an axis of this column is called."""
    return _TITLES.get(column) or (METRICS[column].title if column in METRICS else column.replace("_", " "))


def unit(column: str) -> str:
    """ "B" for bytes, "px", "%", "FLOPs/B"; "" for a count."""
    if column in METRICS:
        return METRICS[column].unit
    return "B" if "bytes" in column else "%" if title(column).endswith(", %") else ""


def titled(column: str) -> str:
    """The title with the unit, where the numbers on the axis do not have it: "receptive field, px"."""
    words = title(column)
    return words if unit(column) in ("", "B") or "," in words else f"{words}, {unit(column)}"


def written(value: float, unit: str) -> str:
    """A value: `12.25 G`, `64.0 MiB`, `299 px`, `21.2%`."""
    if unit == "B":
        return units.size(int(value))
    if unit == "":
        return units.count(int(value)) if float(value).is_integer() else f"{value:,.4g}"
    number = f"{value:,}" if isinstance(value, int) else f"{value:,.4g}"
    return f"{number}%" if unit == "%" else f"{number} {unit}"


def said(value: float, column: str) -> str:
    """A value with the name of its column: "≥ 12.25 G multiply-accumulates"."""
    return f"{signs(value)}{written(value, unit(column))} {title(column).removesuffix(', %')}"


def logarithmic(values: list[float], unit: str) -> bool:
    """Whether an axis of these values is best logarithmic: amounts of which some are ten times others."""
    return unit != "%" and bool(values) and min(values) > 0 and max(values) >= 10 * min(values)


def ticks(low: float, high: float, unit: str, *, log: bool) -> list[float]:
    """Round places between two values, from 0 on: 1, 2 and 5 times powers of ten, for bytes powers of two; twelve at most."""
    if log:
        places = [2.0**power for power in range(61)] if unit == "B" else _decades(low, high)
        places = [place for place in places if low <= place <= high]
        apart = -(-len(places) // 12)
        return places[::-apart][::-1] if places else [low]
    step = (high - low) / 5 or 1.0
    if unit == "B":
        step = 2.0 ** max(0, round(step)).bit_length() / 2
    else:
        power = 10.0 ** int(log10(step) // 1)
        step = next(power * factor for factor in (1, 2, 5, 10) if step <= power * factor)
        step = step if unit in ("%", "FLOPs/B") else max(step, 1.0)
    return [step * n for n in range(int(high // step) + 1) if low <= step * n]


def _decades(low: float, high: float) -> list[float]:
    factors = (1, 2, 5) if high < 10_000 * low else (1,)
    return [factor * 10.0**power for power in range(-6, 19) for factor in factors]
