"""What an operator costs: one small function of shapes each, plus the set of operators that cost nothing, with the reason.

The closed rule: an operator has a formula, or stands on the free list with its reason, or is unknown; it is never silently
zero.
"""

# ruff: noqa: F401  each of these modules registers its formulas
from archscope.counts import (
    attention,
    convolutions,
    einsums,
    elementwise,
    freelist,
    losses,
    norms,
    pooling,
    products,
    recurrent,
    reductions,
    sampling,
    scatters,
    softmax,
    solvers,
    tools,
    transforms,
)  # fmt: skip
from archscope.counts.formulas import FORMULAS, FREE, cost_of, formula, free

__all__ = ["FORMULAS", "FREE", "cost_of", "formula", "free"]
