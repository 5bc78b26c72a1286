"""Rows of the benchmark of coverage -> reports/coverage.md."""

from collections.abc import Callable, Sequence
from datetime import date
from importlib.metadata import version
from pathlib import Path
from typing import Any

import archscope
from archscope.sweep.specification import Limits

Row = dict[str, Any]
LIBRARIES = ("timm", "torchvision", "transformers", "diffusers")

HEAD = """# Coverage

Every network that four libraries offer by name, built without weights and traced: {day}, archscope {own}, torch {torch}, {libraries}.
Made by `python -m benchmarks coverage`.

A network is *complete* where its forward was traced to its end and every operator has a cost, or a known reason to cost nothing. *Built* are
those that the library itself makes from its defaults. *Run* are all of these but the ones that the library itself does not run, asked
without archscope (`benchmarks/_alone.py`): they have no forward, or raise the same whatever they are given of what their documentation
describes. Of transformers these are all entries of its table of configurations, parts of networks included, each in its default
configuration with two layers of every kind (*with few layers*), or whole where that is not complete. Inputs are found from the configuration and the forward's
documentation, by trying: where none was found, the failure below is the library's answer to the likeliest. What was not looked at is not judged.
Each network had {seconds:g} s and {memory:g} GiB.

"""
AGAIN = "Looked at once more than the rest of their library, for they were not complete before: {models}.\n\n"


def complete(row: Row) -> bool:
    """Traced to its end, with a cost or a reason for every operator."""
    return row["failed_in"] is None and not row["uncounted"]


def built(row: Row) -> bool:
    """Whether the library makes it from its defaults; that its inputs are not found is another matter."""
    return row["failed_in"] != "building" or row["failure"].endswith("not known")


def runs(row: Row) -> bool:
    """Whether the library itself runs it by itself; what was not asked is taken to run."""
    return built(row) and not row.get("alone")


COLUMNS: tuple[tuple[str, Callable[[Row], bool]], ...] = (
    ("looked at", lambda row: True),
    ("with few layers", lambda row: bool(row["options"])),
    ("built", built),
    ("run", runs),
    ("complete", complete),
    ("of these on the CPU", lambda row: complete(row) and row["device"] == "cpu"),
    ("lower bound", lambda row: runs(row) and bool(row["uncounted"])),
    ("failed", lambda row: runs(row) and row["failed_in"] is not None),
)


def library(name: str) -> str:
    """Of a name as archscope takes it."""
    prefix, _, rest = name.partition(":")
    return prefix if prefix != "hf" else "diffusers" if rest[:1].isupper() else "transformers"


def reason(row: Row) -> str:
    """Why a network is not complete."""
    if row["failed_in"]:
        return f"{row['failed_in']}: {row['failure']}"
    return f"without a cost formula: {row['uncounted_operators']}"


def counts(names: Sequence[str], rows: Sequence[Row], earlier: dict[str, str] | None = None) -> list[str]:
    """A table of how many, by library.

    Arguments:
        names: those that there are.
        earlier: lines of libraries whose rows are not here.
    """
    lines = [
        f"| library | named | {' | '.join(head for head, _ in COLUMNS)} | complete of run |",
        f"| --- |{' ---: |' * (len(COLUMNS) + 2)}",
    ]
    for name in LIBRARIES:
        if earlier and name in earlier:
            lines.append(earlier[name])
            continue
        of = [row for row in rows if library(row["model"]) == name]
        numbers = {head: sum(map(is_one, of)) for head, is_one in COLUMNS}
        share = f"{numbers['complete'] / numbers['run']:.1%}" if numbers["run"] else ""
        there = sum(library(one) == name for one in names)
        lines.append(f"| {name} | {there:,} | {' | '.join(f'{number:,}' for number in numbers.values())} | {share} |")
    return lines


# -- the lists of those that are not complete, line by line -----------------------------------------------------------------------

FAILED, ALONE, UNBUILT = "## Not complete", "## Not run by the library by themselves", "## Not built by the library itself"


def listed(rows: Sequence[Row]) -> dict[str, dict[str, str]]:
    """Under each heading the networks, each with the rest of its line: where and why."""
    return {
        FAILED: {r["model"]: f"{r['failed_in'] or 'lower bound'} | {_cell(r)}" for r in rows if runs(r) and not complete(r)},
        ALONE: {r["model"]: _short(r["alone"]) for r in rows if built(r) and r.get("alone")},
        UNBUILT: {r["model"]: _cell(r).replace(r["model"].partition(":")[2], "it", 1) for r in rows if not built(r)},
    }


TITLES = {FAILED: "| network | where | why |", ALONE: "| networks | its answer |", UNBUILT: "| networks | why |"}


def lists(found: dict[str, dict[str, str]]) -> list[str]:
    """The three lists; networks with the same reason in one line where the names come first."""
    lines: list[str] = []
    for heading, title in TITLES.items():
        lines += ["", heading, "", title, "|" + " --- |" * (title.count("|") - 1)]
        together: dict[str, list[str]] = {}
        for model, rest in found[heading].items():
            together.setdefault(rest if heading != FAILED else f"{rest} {model}", []).append(model)
        lines += [f"| {', '.join(models)} | {found[heading][models[0]]} |" for models in together.values()]
    return lines


def report(names: Sequence[str], rows: Sequence[Row], limits: Limits, before: str = "") -> str:
    """reports/coverage.md; what is not among the rows has not been looked at.

    Arguments:
        before: the report so far. A library of which not all rows are here keeps what that says of it, but for the networks among
            the rows that it lists as not complete: these take the place of what was said of them.
    """
    here = {name for name in LIBRARIES if {n for n in names if library(n) == name} <= {row["model"] for row in rows}}
    lines, found = _of(before)
    lists_before = {model: _said(heading, model, rest) for heading, models in found.items() for model, rest in models.items()}
    again = [row for row in rows if library(row["model"]) in lines.keys() - here and row["model"] in lists_before]
    kept = {name: _with(line, lists_before, again) for name, line in lines.items() if name not in here}
    rows = [row for row in rows if library(row["model"]) not in kept]
    now = listed([*rows, *again])
    fresh = {row["model"] for row in again}
    for heading, models in found.items():
        now[heading] |= {model: rest for model, rest in models.items() if library(model) in kept and model not in fresh}
    order = {name: place for place, name in enumerate(names)}
    ordered = {h: dict(sorted(models.items(), key=lambda item: order.get(item[0], len(order)))) for h, models in now.items()}
    head = HEAD.format(
        day=date.today(), own=archscope.__version__, torch=version("torch"), seconds=limits.seconds, memory=limits.memory / 2**30,
        libraries=", ".join(f"{name} {version(name)}" for name in LIBRARIES),
    )  # fmt: skip
    head += AGAIN.format(models=", ".join(sorted(fresh, key=order.__getitem__))) if again else ""
    return head + "\n".join(counts(names, rows, kept) + lists(ordered)) + "\n"


def _said(heading: str, model: str, rest: str) -> Row:
    """The row of a network that a report lists, as far as its counts need it."""
    where, _, why = rest.partition(" | ") if heading == FAILED else ("building" if heading == UNBUILT else "forward", "", rest)
    bound = where == "lower bound"
    return {
        "model": model, "options": {}, "device": "", "uncounted": int(bound), "failed_in": None if bound else where,
        "failure": why, "alone": rest if heading == ALONE else None,
    }  # fmt: skip


def _with(line: str, before: dict[str, Row], again: Sequence[Row]) -> str:
    """The line of a library with what some networks now are, in the place of what they were before."""
    name, named, *cells = [cell.strip() for cell in line.strip("| ").split(" | ")]
    rows = [row for row in again if library(row["model"]) == name]
    numbers = {
        head: int(cell.replace(",", "")) + sum(int(is_one(row)) - int(is_one(before[row["model"]])) for row in rows)
        for (head, is_one), cell in zip(COLUMNS, cells, strict=False)
    }
    share = f"{numbers['complete'] / numbers['run']:.1%}" if numbers["run"] else ""
    return f"| {name} | {named} | {' | '.join(f'{number:,}' for number in numbers.values())} | {share} |"


def _of(before: str) -> tuple[dict[str, str], dict[str, dict[str, str]]]:
    """What a report says: the line of each library, and the lists. Of one made with other releases: nothing."""
    said: dict[str, str] = {}
    found: dict[str, dict[str, str]] = {heading: {} for heading in TITLES}
    if not all(f"{name} {version(name)}" in before for name in (*LIBRARIES, "torch")):
        return said, found
    heading = ""
    for line in before.splitlines():
        heading = line if line.startswith("## ") else heading
        first, _, rest = line.removeprefix("| ").removesuffix(" |").partition(" | ")
        if not heading and first in LIBRARIES:
            said[first] = line
        elif heading in found and ":" in first:
            found[heading] |= dict.fromkeys(first.split(", "), rest)
    return said, found


def earlier(path: Path) -> str:
    """The text of a report; empty where there is none."""
    return path.read_text(encoding="utf-8") if path.exists() else ""


def _cell(row: Row) -> str:
    return _short(row["failure"] or reason(row))


def _short(said: str) -> str:
    words = " ".join(said.split()).replace("|", "\\|")
    return words if len(words) <= 240 else f"{words[:239]}…"
