"""Budgets: what a network may cost at most, and whether it keeps to that. For continuous integration.

    archscope check inception_resnet_v2 --max-params 60M --max-macs 13.5G --max-peak-memory 300MiB

or, in pyproject.toml, and then `archscope check` alone:

    [tool.archscope.budgets.inception_resnet_v2]
    max-params = "60M"
    max-macs = "13.5G"
    max-peak-memory = "300MiB"

    [tool.archscope.budgets."models/net.py:Net"]
    input = "3x224x224"
    max-latency = "50ms"
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Literal, NamedTuple

from archscope import metrics, units
from archscope.errors import UsageError
from archscope.graph import Graph
from archscope.registry import unknown
from archscope.tables.metrics import kind_of
from archscope.tables.table import Kind
from archscope.values import Absent, AtLeast, Varies
from archscope.values import Value as MetricValue

Verdict = Literal["within", "exceeded", "undecided"]
Limits = Mapping[str, int | float]


class Quantity(NamedTuple):
    """Something that a budget can limit: any metric, or the latency.

    Attributes:
        title: in a table.
        kind: how its numbers are to be read, and its limit to be written.
        of: Graph -> number; None for what has to be measured.
    """

    title: str
    kind: Kind
    of: Callable[[Graph], MetricValue] | None


QUANTITIES: dict[str, Quantity] = {
    **{name: Quantity(metric.title, kind_of(metric), metric.__call__) for name, metric in metrics.METRICS.items()},
    "latency": Quantity("latency", "seconds", None),
}


@dataclass(frozen=True)
class Finding:
    """One budget and what became of it.

    Attributes:
        quantity: a key of `QUANTITIES`.
        limit: the most that is allowed, in base units.
        actual: what it is; a lower bound, or one of several that it could be, where `reason` says so; "whole input" for a
            receptive field that no window bounds; None where it is not known.
        verdict: "undecided" where an unknown could lift it over the limit.
        reason: why it is undecided, or what was left out.
    """

    quantity: str
    limit: int | float
    actual: int | float | str | None
    verdict: Verdict
    reason: str = ""

    @property
    def headroom(self) -> int | float | None:
        """What is left below the limit; negative above it."""
        return self.limit - self.actual if isinstance(self.actual, int | float) else None

    @property
    def used(self) -> float | None:
        """The share of the limit that is used."""
        return self.actual / self.limit if isinstance(self.actual, int | float) and self.limit else None


def check(graph: Graph, limits: Limits, *, latency: float | None = None, allow_uncounted: bool = False) -> tuple[Finding, ...]:
    """Holds a network against its limits.

    Arguments:
        limits: by quantity, in base units: {"params": 45_000_000, "peak_memory": 500 * 2**20, "latency": 0.05}.
        latency: seconds of one forward, measured; a limit of it is undecided without.
        allow_uncounted: whether operators without a cost formula may stay out of the count; otherwise they leave it undecided.

    Raises `UsageError` for a quantity that does not exist.

    >>> [finding.verdict for finding in check(look("inception_v4"), {"params": 45_000_000, "macs": 12_000_000_000})]
    ['within', 'exceeded']
    """
    return tuple(_found(graph, key, limit, latency, allow_uncounted) for key, limit in limits.items())


def _found(graph: Graph, key: str, limit: int | float, latency: float | None, allow_uncounted: bool) -> Finding:
    if key not in QUANTITIES:
        raise unknown("budget", key, QUANTITIES)
    quantity = QUANTITIES[key]
    actual = latency if quantity.of is None else quantity.of(graph)
    if actual is None:
        return Finding(key, limit, None, "undecided", "not measured")
    if isinstance(actual, Absent):
        return Finding(key, limit, None, "undecided", str(actual))
    if isinstance(actual, str):
        return Finding(key, limit, actual, "exceeded", "no window bounds it")
    if isinstance(actual, Varies):
        return _of_several(key, limit, actual, allow_uncounted)
    if actual > limit:
        return Finding(key, limit, actual, "exceeded")
    if isinstance(actual, AtLeast):
        return Finding(key, limit, actual, "within" if allow_uncounted else "undecided", actual.reason)
    return Finding(key, limit, actual, "within")


def _of_several(key: str, limit: int | float, actual: Varies, allow_uncounted: bool) -> Finding:
    """A number that data decide: kept if the most that it can be is within, missed if the least is not."""
    written = units.size if QUANTITIES[key].kind == "bytes" else units.count
    if actual.least is not None and actual.least > limit:
        return Finding(key, limit, actual, "exceeded", f"{written(actual.least)} or more, whatever the data")
    if actual.most is None or actual.most > limit:
        hint = "" if actual.most is None else f", up to {written(actual.most)}"
        return Finding(key, limit, actual, "undecided", f"depends on the data ({actual.reason}){hint}: tell how many with --keep")
    if actual.lacks and not allow_uncounted:
        return Finding(key, limit, actual, "undecided", actual.lacks)
    return Finding(key, limit, actual, "within", f"{written(actual.most)} or less, whatever the data")


def passes(findings: Sequence[Finding]) -> bool:
    """Whether every budget is kept."""
    return all(finding.verdict == "within" for finding in findings)


# -- words -----------------------------------------------------------------------------------------------------------------------


def limit_of(key: str, words: object, where: str = "") -> int | float:
    """A limit as a person writes it, in base units: ("macs", "13G") -> 13000000000, ("latency", "50ms") -> 0.05.

    Arguments:
        words: a string with a unit, or a plain number in base units.
        where: the file it stands in, for the message.

    Raises `UsageError` for a quantity that does not exist, or what is not an amount of it: below 0, infinite, no number.
    """
    if key not in QUANTITIES:
        raise unknown("budget", key, QUANTITIES)
    kind = QUANTITIES[key].kind
    place = f"{where}: " if where else ""
    option = f"max-{key.replace('_', '-')}"
    if isinstance(words, (int, float)) and not isinstance(words, bool):
        if words < 0:
            raise UsageError(f"{place}{option} = {words} is below 0", "a budget is 0 or more")
        if isinstance(words, float) and not isfinite(words):  # a whole number of hundreds of digits is finite
            raise UsageError(f"{place}{option} = {words} is not an amount", _example(option, kind))
        return words
    if not isinstance(words, str):
        raise UsageError(f"{place}{option} = {words!r} is not an amount", _example(option, kind))
    if kind in ("seconds", "number"):
        limit = units.parse_seconds(words) if kind == "seconds" else _number(words, f"{place}{option}")
        if not isfinite(limit) or limit < 0:
            raise UsageError(f"{place}{option} = {words!r} is not an amount", _example(option, kind))
        return limit
    if kind == "count" and words.rstrip().endswith(("B", "b")):
        raise UsageError(f"{place}{option} {words}: {QUANTITIES[key].title} are a count, not bytes", _example(option, kind))
    return units.parse_count(words)


def _number(words: str, option: str) -> float:
    try:
        return float(words)
    except ValueError:
        raise UsageError(f"{option} = {words!r} is not a number", f'write {option} = "12.5"') from None


def _example(option: str, kind: Kind) -> str:
    amount = {"bytes": "500MiB", "seconds": "50ms", "number": "12.5"}.get(kind, "45M")
    return f'write {option} = "{amount}"'
