"""What runs of torch's own operators are, kept for the next trace of this process: who looks at thousands of networks meets the
same operators on the same shapes over and over.

A run is known by its operator and all that it is given but values; what it costs follows from these and from the formulas. Where
a formula is added, or another dtype becomes the default, everything is worked out anew.
"""

from typing import Any

import torch

from archscope.counts.formulas import registered
from archscope.tracing.operator_runs import Assessment, Operator

Runs = dict[tuple[Any, ...], Assessment]

_OPERATORS: dict[int, Operator] = {}  # by id() of the overload: it works its hash out in Python
_RUNS: dict[tuple[int, torch.dtype], Runs] = {}
_MOST = 50_000  # runs; their keys are a kilobyte each


def operators() -> dict[int, Operator]:
    """The overloads that were met in this process, by id()."""
    return _OPERATORS


def known_runs() -> Runs:
    """The runs that were met in this process, as far as they hold today."""
    state = registered(), torch.get_default_dtype()
    runs = _RUNS.get(state)
    if runs is None or len(runs) > _MOST:
        _RUNS.clear()
        runs = _RUNS[state] = {}
    return runs
