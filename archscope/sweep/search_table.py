"""The best network within budgets, as a table."""

from collections.abc import Sequence

from archscope.sweep.front_table import column
from archscope.sweep.search import Answer, Wish
from archscope.tables.common import CONVENTION
from archscope.tables.table import Row, Table

_BESIDE = ("params", "macs", "peak_memory", "weighted_depth")


def search_table(answer: Answer, wish: Wish, arguments: Sequence[str]) -> Table:
    """One row: the best, with its arguments and what it uses of each budget.

    Arguments:
        arguments: of the grid.
    """
    best = answer.best
    assert best is not None
    keys = dict.fromkeys(("model", *arguments, "input", wish.goal, *wish.budgets, *_BESIDE))
    columns = tuple(column(key, [best.get(key)], key in arguments) for key in keys if key in best)
    used = [f"{best[m] / most:.1%} of {most:,} {m.replace('_', ' ')}" for m, most in wish.budgets.items()]
    if answer.halved:
        grew = " and ".join(dict.fromkeys((*wish.budgets, wish.goal)))
        how = f"{answer.axis} was halved: {grew} grew with it wherever it was looked at, and are taken to do so between."
    else:
        how = f"Every {answer.axis} was looked at where something does not grow with it, or cannot be built."
    return Table(
        name="search", title=f"Most {wish.goal.replace('_', ' ')} within the budget", columns=columns, rows=(Row(dict(best)),),
        facts=(f"{answer.looked:,} of {answer.total:,} networks were looked at; it uses {' and '.join(used)}",),
        notes=(how, f"{CONVENTION}."),
    )  # fmt: skip
