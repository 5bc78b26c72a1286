"""The columns of a result, and how metrics are called in it: as `archscope compare` calls them."""

from collections.abc import Iterable, Sequence

from archscope.metrics import METRICS

DEFAULT_METRICS = (
    "params", "macs", "flops", "activations", "peak_memory", "weighted_depth", "convolutions", "receptive_field",
    "effective_stride",
)  # fmt: skip
UNCOUNTED, UNCOUNTED_NAMES = "uncounted", "uncounted_operators"
NOTES = "notes"
"""Of the metrics that are no plain number: "whole input", or why they are not known."""

IDENTITY = ("index", "model")
CIRCUMSTANCES = ("input", "batch", "dtype", "mode", "device")
OUTCOME = (NOTES, UNCOUNTED, UNCOUNTED_NAMES, "failed_in", "failure")

WHOLE = {"index", "batch", UNCOUNTED}
"""Columns of whole numbers, beside the metrics."""


def metric_names(words: str | None) -> tuple[str, ...]:
    """`"params,macs"` -> the names; `"all"` is every metric, None those of a comparison.

    Raises `UsageError` for a name that no metric has.
    """
    if words is None:
        return DEFAULT_METRICS
    if words.strip() == "all":
        return tuple(METRICS)
    names = tuple(dict.fromkeys(word.strip() for word in words.split(",") if word.strip()))
    for name in names:
        METRICS.find(name)
    return names


def argument_column(name: str, metrics: Iterable[str]) -> str:
    """The column of a constructor argument: its own name, unless the result has a column of that name already."""
    taken = {*IDENTITY, *CIRCUMSTANCES, *OUTCOME, *metrics}
    return f"set_{name}" if name in taken else name


def ordered(arguments: Sequence[str], metrics: Sequence[str], others: Sequence[str] = ()) -> tuple[str, ...]:
    """Every column in its order: who it is, its arguments, its circumstances, the metrics, what became of it."""
    return (*IDENTITY, *arguments, *CIRCUMSTANCES, *metrics, *others, *OUTCOME)
