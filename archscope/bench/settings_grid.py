"""Lists of settings make a grid: `--batch 1,8 --dtype float32,bfloat16` are four settings. No torch."""

import os
from collections.abc import Callable, Sequence
from itertools import product
from typing import TypeVar

from archscope import units
from archscope.bench.results.records import Settings
from archscope.errors import UsageError
from archscope.graph.input_spec import parse_input
from archscope.registry import unknown

DTYPES = ("float32", "float16", "bfloat16", "float64", "autocast")
SWITCHES = {"channels-last": "channels_last", "compile": "compiled", "train": "train"}

_PER_CPU = 16  # far more than ever helps; libraries of threads crash at some thousands

T = TypeVar("T")


def words(text: str) -> list[str]:
    """`"1, 8,32"` -> `["1", "8", "32"]`."""
    return [word.strip() for word in text.split(",")]


def numbers(option: str, text: str) -> list[int]:
    """`"1,8,32"` -> `[1, 8, 32]`; raises `UsageError` for what is not a list of whole numbers of 1 or more."""
    return _each(
        option, text, "whole numbers of 1 or more, with commas between them", lambda word: int(word) if int(word) >= 1 else None
    )


def threads(text: str) -> list[int]:
    """As `numbers`; raises `UsageError` also for more than `_PER_CPU` threads for each CPU, which no machine may survive."""
    found, cpus = numbers("--threads", text), os.cpu_count() or 1
    if max(found) > _PER_CPU * cpus:
        raise UsageError(
            f"--threads {max(found)} is too many: this machine has {units.exact(cpus)} {'CPU' if cpus == 1 else 'CPUs'}",
            f"give at most {_PER_CPU} for each CPU: --threads 1,{cpus}",
        )
    return found


def dtypes(text: str) -> list[str]:
    """`"float32,autocast"` -> `["float32", "autocast"]`; raises `UsageError` with the choices for what is none."""
    for word in words(text):
        if word not in DTYPES:
            raise unknown("dtype", word, DTYPES, list_all=True)
    return list(dict.fromkeys(words(text)))


def inputs(options: Sequence[str]) -> list[tuple[tuple[int, ...], ...]]:
    """`["3x224x224,3x299x299"]` -> two choices of one input each; every option is one input of the network.

    `[]` is one choice, the network's own. Raises `UsageError` for what is not a shape.
    """
    return [tuple(choice) for choice in product(*([parse_input(word) for word in words(option)] for option in options))]


def switches(text: str | None) -> set[str]:
    """`"compile,train"` -> `{"compiled", "train"}`, to be run both off and on.

    Raises `UsageError` with the choices for anything else.
    """
    chosen = words(text) if text else []
    for word in chosen:
        if word not in SWITCHES:
            raise unknown("switch", word, SWITCHES, list_all=True)
    return {SWITCHES[word] for word in chosen}


def grid(
    batch: Sequence[int] = (1,),
    dtype: Sequence[str] = ("float32",),
    threads: Sequence[int] = (0,),
    inputs: Sequence[tuple[tuple[int, ...], ...]] = ((),),
    on: Sequence[str] = (),
    vary: Sequence[str] = (),
) -> list[Settings]:
    """Every combination.

    Arguments:
        on: switches that are on: "channels_last", "compiled", "train".
        vary: switches that are run both off and on.
    """
    states = [(False, True) if switch in vary else ((True,) if switch in on else (False,)) for switch in SWITCHES.values()]
    return [
        Settings(b, d, t, channels_last, compiled, train, shapes)
        for shapes, t, train, b, d, channels_last, compiled in product(
            inputs, threads, states[2], batch, dtype, states[0], states[1]
        )
    ]  # fmt: skip


def groups(settings: Sequence[Settings], models: int) -> list[list[Settings]]:
    """The settings that run in turn, round by round, so that their times can be compared pair by pair.

    Several models run in turn at each setting; a single model runs its dtypes, layouts and compilation in turn, at each batch,
    input, number of threads and mode.
    """
    if models > 1:
        return [[setting] for setting in settings]
    together: dict[object, list[Settings]] = {}
    for s in settings:
        together.setdefault((s.batch, s.inputs, s.threads, s.train), []).append(s)
    return list(together.values())


def _each(option: str, text: str, rule: str, read: Callable[[str], T | None]) -> list[T]:
    found: list[T] = []
    for word in words(text):
        try:
            value = read(word)
        except ValueError:
            value = None
        if value is None:
            raise UsageError(f"{option} {text}: '{word}' is not possible", f"{option} takes {rule}")
        if value not in found:
            found.append(value)
    return found
