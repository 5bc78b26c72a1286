"""The best network within a budget, against arithmetic and against looking at all of them."""

import pandas as pd
import pytest
from networks_of_sweeps import PARAMETERS

from archscope.cli.app import run
from archscope.sweep.grid import Grid
from archscope.sweep.search import Wish, search


def test_the_largest_width_within_a_budget(here, capsys):
    words = ["sweep", "net.py:Net", "--set", "width=1..39", "--max-params", "1000", "--out", "r.csv", "-p", "1"]
    assert run(words) == 0
    told = capsys.readouterr()
    best = max(width for width in range(1, 40) if PARAMETERS[width, 1] <= 1000)
    assert PARAMETERS[best, 1] <= 1000 < PARAMETERS[best + 1, 1]
    assert f"net.py:Net     {best}" in told.out
    rows = pd.read_csv("r.csv")
    assert {best, best + 1} <= set(rows["width"])
    assert len(rows) < 20
    assert run(words) == 0
    again = capsys.readouterr()
    assert again.out == told.out
    assert f"{len(rows)} of them were there" in again.err


def test_no_network_is_within(here, capsys):
    assert run(["sweep", "net.py:Net", "--set", "width=1..39", "--max-params", "10", "--out", "r.csv", "-p", "1"]) == 1
    assert "none of 39 networks is within 10 params" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--maximise", "params"], "--maximise params without a budget"),
        (["--max-macs", "6x"], "'6x' is not an amount"),
        (["--max-macs", "1M", "--maximise", "prams"], "unknown metric 'prams'"),
        (["--max-macs", "1M"], "there is no range to search"),
        (["--max-macs", "1M", "--set", "width=1..9", "--sample", "3"], "a search looks at few of a whole grid"),
    ],
)
def test_words_that_cannot_be(here, capsys, words, said):
    assert run(["sweep", "net.py:Net", "--out", "r.csv", *words]) in (1, 2)
    assert said in capsys.readouterr().err


def found(grid: Grid, wish: Wish, value) -> tuple[dict | None, int, bool]:
    """What `search` finds where the rows are a function of the options."""

    def look(numbers):
        return {n: {"index": n, **value(grid.at(n).options)} for n in numbers}

    answer = search(grid, wish, look)
    return answer.best, answer.looked, answer.halved


def best_of_all(grid: Grid, wish: Wish, value) -> dict | None:
    rows = [{"index": n, **value(grid.at(n).options)} for n in range(len(grid))]
    return max((row for row in rows if wish.keeps(row)), key=lambda row: (row[wish.goal], -row["index"]), default=None)


@pytest.mark.parametrize("most", [0, 1, 9, 10, 99, 5000, 250_000, 10**9])
def test_halving_finds_what_looking_at_all_finds(most):
    grid = Grid(["net"], {"depth": (1, 2, 3), "width": range(1, 500), "heads": (1, 2)}, batches=(1, 4))

    def value(options):
        return {
            "macs": options["width"] ** 2 * options["depth"],
            "params": options["width"] * options["depth"] + options["heads"],
        }

    wish = Wish({"macs": most}, "params")
    best, looked, halved = found(grid, wish, value)
    assert best == best_of_all(grid, wish, value)
    assert halved
    assert looked <= 12 * (9 + 9)


def test_what_does_not_grow_is_looked_at_value_by_value():
    grid = Grid(["net"], {"width": range(1, 200)})

    def value(options):
        return {"macs": options["width"], "params": options["width"] % 50}

    wish = Wish({"macs": 120}, "params")
    best, looked, halved = found(grid, wish, value)
    assert best == best_of_all(grid, wish, value) == {"index": 48, "macs": 49, "params": 49}
    assert (looked, halved) == (199, False)


def test_values_that_cannot_be_built_are_left_out():
    grid = Grid(["net"], {"width": range(1, 200)})

    def value(options):
        if options["width"] % 8:
            return {"failed_in": "building", "failure": "width must be a multiple of 8"}
        return {"macs": options["width"], "params": options["width"]}

    assert found(grid, Wish({"macs": 100}, "params"), value)[0] == {"index": 95, "macs": 96, "params": 96}


def test_a_cost_that_is_a_lower_bound_is_not_within_a_budget():
    grid = Grid(["net"], {"width": range(1, 20)})

    def value(options):
        return {"macs": options["width"], "params": options["width"], "uncounted": 1}

    assert found(grid, Wish({"macs": 100}, "params"), value)[0] is None
    assert found(grid, Wish({"params": 10}, "params"), value)[0]["params"] == 10
