"""Figures -> what charts and diagrams take: plain mappings, and a number for each module. No torch."""

from collections.abc import Sequence
from typing import Any

import msgspec

from archscope.errors import UsageError
from archscope.registry import unknown
from archscope.signal.records import BY_KEY, Signal


def as_rows(signals: Sequence[Signal]) -> list[dict[str, Any]]:
    """Signals as plain mappings, for `chart --kind signal`."""
    rows: list[dict[str, Any]] = msgspec.to_builtins(list(signals))
    return rows


def by_module(signal: Signal, key: str) -> dict[str, float]:
    """A figure for each module path, for a diagram's colours; places without it are left out.

    Raises `UsageError` for a figure that does not exist, or of which this network has no value.
    """
    if key not in BY_KEY:
        raise unknown("figure", key, BY_KEY, list_all=True)
    found: dict[str, float] = {}
    for place in signal.places:
        value = place.typical(key)
        if value is not None:
            found.update({path: value for path in (*place.modules, place.path) if path})
    if not found:
        raise UsageError(f"{signal.label} has no {key} that could decide a colour", f"choose from {', '.join(BY_KEY)}")
    return found
