"""Saved signals: written whole, read, joined. No torch."""

import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import msgspec

from archscope.errors import ArchscopeError, UsageError
from archscope.signal.records import KIND, SCHEMA_VERSION, Signal, Signals
from archscope.signal.verdict import verdict

_HINT = "write one with: archscope signal MODEL --out signal.json"
_DIGITS = 7  # float32 has no more
# A list of plain values is one line; a line break inside a string is written \\n and not touched.
_LIST, _BREAK = re.compile(r"\[\n\s+([^\[\]{}]*?)\n\s*\]"), re.compile(r"\n\s*")


def to_json(signals: list[Signal]) -> str:
    """The signals as JSON, with the verdict on each in words for those who read the file."""
    tree = msgspec.to_builtins(Signals(signals))
    for signal, written in zip(signals, tree["signals"], strict=True):
        written["verdict"] = verdict(signal)
    head = {"kind": KIND, "schema_version": SCHEMA_VERSION}
    text = json.dumps({**head, **_shortened(tree)}, indent=1, ensure_ascii=False)
    return _LIST.sub(lambda found: f"[{_BREAK.sub(' ', found[1])}]", text) + "\n"


def _shortened(value: Any) -> Any:
    if isinstance(value, float):
        return float(f"{value:.{_DIGITS}g}")
    if isinstance(value, dict):
        return {key: _shortened(inner) for key, inner in value.items()}
    return [_shortened(inner) for inner in value] if isinstance(value, list) else value


def from_json(text: str | bytes, where: str = "the signals") -> list[Signal]:
    """Reads what `to_json` wrote. Raises `ArchscopeError` where it is damaged, something else, or of another version."""
    try:
        head = msgspec.json.decode(text)
        if not isinstance(head, dict) or head.get("kind") != KIND:
            raise ArchscopeError(f"{where} is not a saved signal", _HINT)
        if head.get("schema_version") != SCHEMA_VERSION:
            version = head.get("schema_version")
            raise ArchscopeError(f"{where} has schema version {version}, this archscope reads {SCHEMA_VERSION}", _HINT)
        signals = msgspec.convert(head, type=Signals).signals
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise ArchscopeError(f"{where} is not a saved signal: {error}", _HINT) from None
    if not signals or not all(signal.places for signal in signals):
        raise ArchscopeError(f"{where} holds nothing", _HINT)
    return signals


def load(paths: Iterable[str]) -> list[Signal]:
    """Reads saved signals, in the order given. Raises `ArchscopeError` for a file that is not there or is something else."""
    found = []
    for path in paths:
        try:
            data = Path(path).read_bytes()
        except OSError as error:
            raise ArchscopeError(f"{path} cannot be read: {(error.strerror or str(error)).lower()}", _HINT) from None
        found += from_json(data, path)
    return found


def one_of(signals: list[Signal], name: str) -> Signal:
    """The signal of one network. Raises `UsageError` where there is none, or several settings of it."""
    found = [signal for signal in signals if signal.name == name]
    if len(found) != 1:
        there = ", ".join(dict.fromkeys(signal.label for signal in signals))
        what = "is not in it" if not found else "has several settings in it"
        raise UsageError(f"the saved signal: {name} {what}", f"there are: {there}")
    return found[0]
