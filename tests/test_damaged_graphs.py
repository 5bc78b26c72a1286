"""Saved graphs that somebody changed, by accident or on purpose: bytes flipped, fields swapped, numbers out of range, under all
commands. One line and a hint, never a traceback; no raw control character; time and memory have bounds.
"""

import json
import random
import re
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from archscope.cli import app
from archscope.counts.audit import audit
from archscope.errors import ArchscopeError
from archscope.graph import Graph
from tests.tiny import tiny_graph

COMMANDS = [
    ["params"], ["flops"], ["flops", "--by", "operator"], ["flops", "-f", "csv"], ["shapes"], ["shapes", "-f", "html"],
    ["tree"], ["diagram", "-o", "-"], ["diagram", "-l", "op", "-o", "-"], ["compare"], ["check", "--max-macs", "1G"],
    ["trace"], ["flops", "--convention", "fvcore"], ["shapes", "-f", "latex"], ["flops", "-f", "md"], ["params", "-f", "json"],
    ["chart", "-k", "stages", "-o", "-"], ["chart", "-k", "memory", "-o", "-"], ["chart", "-k", "field", "-o", "-"],
]  # fmt: skip
RAW = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069]")
ODD = [
    -1, 0, 1, 2**31, 2**63 - 1, 2**63, 2**64, 10**30, -(2**63), 1.5, 1e308, None, True, "", "x", "\x1b[2J", "\u202e", [], [0], {},
    [2**40, 2**40], [[]], {"a": 1}, "9" * 5000,
]  # fmt: skip
CASES = 240  # changed files, each under one command


def places(tree, above=()):
    """Every place in a tree of lists and objects, as keys from the top."""
    items = tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ()
    for key, value in items:
        yield (*above, key)
        yield from places(value, (*above, key))


def at(tree, place):
    for key in place:
        tree = tree[key]
    return tree


def changed(tree, chance: random.Random) -> bytes:
    """The graph's file with one to three changes of one kind."""
    data = json.dumps(tree).encode()
    kind = chance.choice(["bytes", "cut", "odd", "odd", "odd", "swap", "swap", "gone", "twice"])
    if kind == "bytes":
        flipped = bytearray(data)
        for _ in range(chance.randint(1, 3)):
            flipped[chance.randrange(len(flipped))] ^= 1 << chance.randrange(8)
        return bytes(flipped)
    if kind == "cut":
        return data[: chance.randrange(len(data))]
    tree = json.loads(data)
    for _ in range(chance.randint(1, 3)):
        found = list(places(tree))
        place, other = chance.choice(found), chance.choice(found)
        holder, key = at(tree, place[:-1]), place[-1]
        if kind == "odd":
            holder[key] = chance.choice(ODD)
        elif kind == "swap":
            far = at(tree, other[:-1])
            if place[: len(other)] != other and other[: len(place)] != place:
                holder[key], far[other[-1]] = far[other[-1]], holder[key]
        elif kind == "gone":
            del holder[key]
        elif isinstance(holder, list):
            holder.insert(key, holder[key])
    return json.dumps(tree).encode()


def fuzz(folder: str, part: int) -> None:
    """What the test below starts in a process of its own: writes what went wrong, one line each."""
    resource.setrlimit(resource.RLIMIT_AS, (3 * 2**30, 3 * 2**30))
    resource.setrlimit(resource.RLIMIT_CPU, (120, 120))
    path = Path(folder) / "changed.json"
    for case in range(part * CASES, (part + 1) * CASES):
        chance = random.Random(case)
        path.write_bytes(changed(json.loads(tiny_graph().to_json()), chance))
        words = COMMANDS[case % len(COMMANDS)]
        out, err = Path(folder) / "out", Path(folder) / "err"
        with out.open("w", errors="backslashreplace") as sys.stdout, err.open("w", errors="backslashreplace") as sys.stderr:
            try:
                code = app.run([words[0], str(path), *words[1:]])
            except BaseException as error:
                code = f"{type(error).__name__}: {error}"
        sys.stdout, sys.stderr = sys.__stdout__, sys.__stderr__
        shown, told = out.read_bytes().decode(), err.read_bytes().decode()
        if code not in (0, 1, 2):
            sys.stdout.write(f"case {case}, {' '.join(words)}: {code}\n")
        if RAW.search(shown + told):
            sys.stdout.write(f"case {case}, {' '.join(words)}: a raw control character\n")
        if code and not re.match(r"error: .+\n(hint: .+\n)?\Z", told) and words[0] != "check":
            sys.stdout.write(f"case {case}, {' '.join(words)}: {told!r}\n")
    sys.stdout.write("done\n")


@pytest.mark.parametrize("part", range(2))
def test_changed_files_under_all_commands(part, tmp_path):
    command = [sys.executable, __file__, str(tmp_path), str(part)]
    process = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert process.stdout == "done\n", process.stdout + process.stderr[-2000:]


# -- costs that do not follow from the shapes ----------------------------------------------------------------------------------


def altered(change) -> Graph:
    tree = json.loads(tiny_graph().to_json())
    change(tree["nodes"]["kinds"], tree)
    return Graph.from_json(json.dumps(tree))


CHANGES = {
    "a digit of a convolution": (lambda kinds, _: kinds[0]["cost"].update(macs=6913), "6,913 MACs; its shapes give 6,912"),
    "a digit of a linear layer": (lambda kinds, _: kinds[5]["cost"].update(macs=41), "41 MACs; its shapes give 40"),
    "its bias": (lambda kinds, _: kinds[5]["cost"].update(adds=11), "more operations than a bias"),
    "a digit of a rectifier": (lambda kinds, _: kinds[2]["cost"].update(comparisons=255), "255 FLOPs; its shapes give 256"),
    "a column": (lambda kinds, _: kinds[3].update(cost={"muls": 256}), None),
    "a shape": (lambda _, tree: tree["tensors"]["kinds"][1].update(shape=[1, 4, 8, 9]), "MACs; its shapes give"),
    "a kernel": (lambda kinds, _: kinds[1]["attrs"].update(kernel=[3, 5]), "its shapes give"),
    "below zero": (lambda kinds, _: kinds[4]["cost"].update(adds=-5), "costs less than nothing"),
    "free of charge": (lambda kinds, _: kinds[0].pop("cost"), "costs nothing without a reason"),
    "free and dear": (lambda kinds, _: kinds[0].update(free="a gift"), "has a cost and is free"),
    "what is free has a cost": (lambda kinds, _: kinds[4].update(op="aten.clone"), "has a cost and is free"),
}  # fmt: skip


def test_costs_that_follow_are_not_questioned():
    audit(tiny_graph(), "tiny.json")


@pytest.mark.parametrize("name", [name for name, (_, words) in CHANGES.items() if words])
def test_costs_that_do_not_follow_are_told(name, tmp_path, capsys):
    change, words = CHANGES[name]
    graph = altered(change)
    with pytest.raises(ArchscopeError, match=re.escape(words)):
        audit(graph, "tiny.json")
    path = tmp_path / "tiny.json"
    path.write_bytes(graph.to_json())
    assert app.run(["flops", str(path)]) == 1
    out, err = capsys.readouterr()
    assert not out
    assert f"{path} is not as it was written: operator " in err
    assert "hint: trace the model again" in err


if __name__ == "__main__":
    fuzz(sys.argv[1], int(sys.argv[2]))
