"""The table of what sets two networks apart, and the same in sentences."""

import re
from collections.abc import Sequence

from archscope import metrics
from archscope.comparison.structural_diff import Change, Difference
from archscope.graph import Graph
from archscope.tables.common import called
from archscope.tables.table import Column, Row, Table

_MOST_PATHS = 2


def diff_table(difference: Difference, words: tuple[str, str] = ("", "")) -> Table:
    """One row per change, with the change in parameters and MACs; the rows add up to the difference of the totals.

    Arguments:
        words: that stand for the two, files or models: what they are called where both are of one network.
    """
    first, second = difference.first, difference.second
    names = (called(first), called(second))
    if names[0] == names[1]:
        names = words if words[0] != words[1] else ("first", "second")
    params = metrics.params(first), metrics.params(second)
    macs = metrics.macs(first), metrics.macs(second)
    columns = (
        Column("change", "change"),
        Column("where", "where", "path"),
        Column("stage", "stage", rank=2),
        Column("before", names[0]),
        Column("after", names[1]),
        Column("params_change", "params", "change", rank=1),
        Column("macs_change", "MACs", "change", rank=1),
        Column("paths", "paths", file_only=True),
        Column("says", "says", file_only=True),
    )
    title = f"{names[0]} and {names[1]}"
    return Table(
        name=f"{first.name}-{second.name}",
        title=f"{title}: no structural difference" if difference.equal else f"{title}: {_count(difference.changes)}",
        facts=tuple(f"{name}: {told}" for name, told in zip(names, _told(first, second), strict=True) if told),
        columns=columns,
        rows=tuple(_row(change) for change in difference.changes),
        totals={
            "equal": difference.equal, "params": list(params), "params_change": params[1] - params[0],
            "macs": list(macs), "macs_change": macs[1] - macs[0],
        },
        summary=(
            (f"parameters of {names[0]}", params[0], "count"), (f"parameters of {names[1]}", params[1], "count"),
            (f"MACs of {names[0]}", macs[0], "count"), (f"MACs of {names[1]}", macs[1], "count"),
        ),
        notes=_notes(difference),
        head={"models": list(names)},
    )  # fmt: skip


def _told(first: Graph, second: Graph) -> list[str]:
    """What each is: its variant, and its mode where that is not the other's."""
    apart = first.meta.mode != second.meta.mode
    modes = [f"{graph.meta.mode} mode" if apart else "" for graph in (first, second)]
    return ["; ".join(filter(None, (graph.meta.variant, mode))) for graph, mode in zip((first, second), modes, strict=True)]


def _count(changes: Sequence[Change]) -> str:
    count = sum(change.kind != "follows" for change in changes)
    return f"{count} difference{'s' if count != 1 else ''}"


def _row(change: Change) -> Row:
    return Row(
        {
            "change": change.kind, "where": where(change.paths) or None, "stage": change.stage or None,
            "before": change.before or None, "after": change.after or None, "params_change": change.params or None,
            "macs_change": change.macs or None, "paths": " ".join(change.paths) or None, "says": sentence(change),
        },
        quiet=change.kind == "follows",
    )  # fmt: skip


def _notes(difference: Difference) -> tuple[str, ...]:
    if difference.equal:
        return ("The same layers in the same wiring, with the same widths. Names, weights and resolutions play no part.",)
    notes = ["params, MACs: of the second less those of the first; the rows add up to the difference of the totals."]
    if any(change.kind == "follows" for change in difference.changes):
        notes.append("follows: layers that are the same in both, but read other widths or work at other resolutions.")
    return tuple(notes)


def sentence(change: Change) -> str:
    """A change as one would say it: "stage 3 (conv4_x, 14x14) has 6 x Bottleneck here and 23 x Bottleneck there"."""
    place = where(change.paths)
    stage, _, resolution = change.stage.partition(", ")
    if stage.startswith("stage "):
        place = f"{stage} ({place}, {resolution})"
    match change.kind:
        case "added":
            return f"only there: {place}, {change.after}"
        case "removed":
            return f"only here: {place}, {change.before}"
        case "follows":
            return change.after
        case "rewired":
            return f"{place or 'the network'}: {change.after}"
        case "input":
            return f"the input is {change.before} here and {change.after} there"
        case _:
            return f"{place} has {change.before} here and {change.after} there"


def where(paths: Sequence[str]) -> str:
    """Paths in short: `["a.0.conv", "a.1.conv", "a.2.conv"]` -> `"a.0-2.conv"`; of many places, the first two and how many
    more.
    """
    found: dict[tuple[str, str], list[str]] = {}
    for path in paths:
        head, number, tail = _split(path)
        found.setdefault((head, tail), []).append(number)
    places = [f"{head}{_numbers(numbers)}{tail}" for (head, tail), numbers in found.items()]
    if len(places) <= _MOST_PATHS + 1:
        return ", ".join(places)
    return f"{', '.join(places[:_MOST_PATHS])} and {len(places) - _MOST_PATHS} more"


def _split(path: str) -> tuple[str, str, str]:
    """`"a.12.conv"` -> `("a.", "12", ".conv")`, by the first step that is a number."""
    match = re.search(r"(?<=\.)\d+(?=\.|$)", path)
    return (path[: match.start()], match[0], path[match.end() :]) if match else (path, "", "")


def _numbers(numbers: Sequence[str]) -> str:
    """`["0", "1", "2", "5"]` -> `"0-2,5"`."""
    values = sorted({int(number) for number in numbers if number})
    spans: list[list[int]] = []
    for value in values:
        if spans and value == spans[-1][-1] + 1:
            spans[-1].append(value)
        else:
            spans.append([value])
    return ",".join(str(span[0]) if len(span) == 1 else f"{span[0]}-{span[-1]}" for span in spans)
