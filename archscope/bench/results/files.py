"""Saved benchmarks: written with every raw time, read, joined. No torch."""

import json
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import msgspec

from archscope.bench.results.cautions import cautions
from archscope.bench.results.records import SCHEMA_VERSION, Bench
from archscope.bench.results.summary import summarise
from archscope.errors import ArchscopeError
from archscope.printable import printable_json

_HINT = "write one with: archscope bench MODEL --out bench.json"
# A list of plain values is one line; a line break inside a string is written \\n and not touched.
_LIST, _BREAK = re.compile(r"\[\n\s+([^\[\]{}]*?)\n\s*\]"), re.compile(r"\n\s*")
_FIGURES = "figures"  # for readers of the file; computed anew when it is loaded


def to_json(bench: Bench) -> str:
    """The benchmark as JSON: the raw times, and beside each timing the figures computed from them, so that nobody has to."""
    tree: dict[str, Any] = {"kind": bench.kind, "schema_version": bench.schema_version, **msgspec.to_builtins(bench)}
    rows = iter(summarise(bench))
    for session in tree["sessions"]:
        for timing in session["timings"]:
            timing[_FIGURES] = msgspec.to_builtins(next(rows)[2])
    tree["cautions"] = [msgspec.to_builtins(caution) for caution in cautions(bench)]
    text = printable_json(json.dumps(tree, indent=1, ensure_ascii=False))
    return _LIST.sub(lambda found: f"[{_BREAK.sub(' ', found[1])}]", text) + "\n"


def from_json(text: str | bytes, where: str = "the benchmark") -> Bench:
    """Reads what `to_json` wrote. Raises `ArchscopeError` where it is damaged, something else, or of another version."""
    try:
        head = msgspec.json.decode(text)
        if not isinstance(head, dict) or head.get("kind") != "archscope bench":
            raise ArchscopeError(f"{where} is not a saved benchmark", _HINT)
        if head.get("schema_version") != SCHEMA_VERSION:
            version = head.get("schema_version")
            raise ArchscopeError(
                f"{where} has schema version {version}, this archscope reads {SCHEMA_VERSION}", "run the benchmark again"
            )
        bench = msgspec.convert(head, type=Bench)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise ArchscopeError(f"{where} is not a saved benchmark: {error}", _HINT) from None
    if not bench.sessions:
        raise ArchscopeError(f"{where} holds no session", _HINT)
    return bench


def load(paths: Iterable[str | Path]) -> Bench:
    """Reads saved benchmarks and joins them.

    Raises `ArchscopeError` for a file that is not there or not a benchmark, and when two different models have one name.
    """
    return join([(str(path), from_json(_read(Path(path)), str(path))) for path in paths])


def latencies(bench: Bench, model: str) -> dict[str, float]:
    """Seconds by module path, from the first timing of this model that looked at its layers.

    Raises `ArchscopeError` where there is none.
    """
    timings = [timing for _, timing in bench.timings if timing.model == model]
    layers = next((timing.layers for timing in timings if timing.layers is not None), None)
    if layers is not None:
        return layers.by_path()
    if timings:
        raise ArchscopeError(f"the benchmark has no times of the layers of {model}", "measure it with: archscope bench --layers")
    measured = ", ".join(dict.fromkeys(timing.model for _, timing in bench.timings)) or "nothing"
    raise ArchscopeError(f"the benchmark has no times of {model}", f"it has those of {measured}")


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise ArchscopeError(f"cannot read {path}: {(error.strerror or str(error)).lower()}", _HINT) from None


def join(benches: Sequence[tuple[str, Bench]]) -> Bench:
    """Several benchmarks as one.

    Arguments:
        benches: with the name of where each comes from, for the message.

    Raises `ArchscopeError` when two different models have one name.
    """
    known: dict[str, tuple[str, str, int]] = {}
    for where, bench in benches:
        for _, timing in bench.timings:
            digest, first, params = known.setdefault(timing.model, (timing.digest, where, timing.params))
            if digest != timing.digest:
                raise ArchscopeError(
                    f"two different models are called {timing.model}: {params:,} params in {first}, {timing.params:,} in {where}",
                    "load the files one by one, or give one of the models another name",
                )
    return Bench(tuple(session for _, bench in benches for session in bench.sessions))
