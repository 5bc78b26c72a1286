"""Names that would do something: to a terminal, to a spreadsheet, to a browser, to the file system. They are shown, and do nothing."""

import csv
import io
import json
import os
import pty
import re
import subprocess
import sys
from xml.etree import ElementTree

import msgspec
import pytest

from archscope.cli import app
from archscope.graph import Graph
from archscope.printable import cell, file_stem, printable, printable_json
from archscope.render import FORMATS, render
from archscope.tables.flops import flops_table
from tests.tiny import tiny_graph

SIGNS = {
    "colour": "\x1b[31m", "window title": "\x1b]0;owned\x07", "8-bit escape": "\x9b2J", "delete": "\x7f", "null": "\x00",
    "right to left": "\u202e", "isolate": "\u2066", "mark": "\u200f", "line separator": "\u2028", "line end": "\r\n", "bell": "\a",
    "no width": "\u200b",
}  # fmt: skip
HOSTILE = "".join(SIGNS.values()) + "<script>alert(1)</script>[bold]$\\frac$`x`|&\"'_{%"
# Everything that is not to reach a reader raw; a line end is the format's own.
RAW = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069]")


def hostile(graph: Graph, before: str = HOSTILE) -> Graph:
    """The graph with every name beginning like this."""
    names = {"name", "type", "path", "module", "variant", "source", "torch", "params", "aliases", "op", "error", "reason"}

    def poisoned(value, key=""):
        if isinstance(value, dict):
            return {name: poisoned(item, name) for name, item in value.items()}
        if isinstance(value, (list, tuple)):
            return [poisoned(item, key) for item in value]
        if isinstance(value, str) and key in names:
            return ".".join(before.replace(".", "") + part for part in value.split("."))
        return value

    tree = msgspec.to_builtins(graph)
    return msgspec.convert(
        {**poisoned({**tree, "nodes": ()}), "nodes": [_node(node, poisoned) for node in tree["nodes"]]}, Graph
    ).kept()


def _node(node, poisoned):
    return {**node, "params": [poisoned(name, "name") for name in node["params"]]}


@pytest.mark.parametrize("sign", SIGNS.values(), ids=SIGNS)
def test_signs_that_do_something_are_written_out(sign):
    assert printable(f"a{sign}b").isprintable()
    assert printable(f"a{sign}b") == f"a{sign.encode('unicode_escape').decode()}b"
    written = printable_json(json.dumps(sign, ensure_ascii=False))
    assert written.isprintable()
    assert json.loads(written) == sign


def test_what_is_harmless_stays():
    for words in ("conv_1", "Größe 3×3", "畳み込み", "≥ 12.25 G", "\U0001f600", ""):
        assert printable(words) == words
        assert printable_json(words) == words
    assert printable("two\nlines", keep="\n") == "two\nlines"
    assert json.loads(printable_json('"\U000e0041"')) == "\U000e0041"  # beyond 16 bits: a pair


@pytest.mark.parametrize("form", FORMATS)
def test_in_every_format(form):
    text = render([flops_table(hostile(tiny_graph()))], form)
    assert not RAW.search(text)
    assert "<script" not in text or form != "html"


def test_json_says_the_same_names():
    graph = hostile(tiny_graph())
    assert not RAW.search(graph.to_json().decode())
    assert Graph.from_json(graph.to_json()) == graph
    assert json.loads(render([flops_table(graph)], "json"))["model"] == graph.name


COMMANDS = [
    ["params"], ["params", "-f", "csv"], ["flops"], ["flops", "-f", "md"], ["shapes"], ["shapes", "-f", "latex"], ["trace"],
    ["tree"], ["compare"], ["compare", "-f", "html"], ["diagram", "-o", "-"], ["chart", "-k", "stages", "-o", "-"],
    ["chart", "-k", "depth", "-o", "-"], ["chart", "-k", "memory", "-o", "-"], ["chart", "-k", "field", "-o", "-"],
    ["check", "--max-macs", "1"],
]  # fmt: skip


@pytest.fixture
def saved(tmp_path):
    path = tmp_path / "hostile.json"
    path.write_bytes(hostile(tiny_graph()).to_json())
    return str(path)


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_in_every_command(words, saved, capfdbinary):
    assert app.run([words[0], saved, *words[1:]]) in (0, 1)
    out, err = (text.decode() for text in capfdbinary.readouterr())
    assert out or err
    assert not RAW.search(out)
    assert not RAW.search(err)
    if words[-2:] == ["-o", "-"]:
        ElementTree.fromstring(out)
        assert "<script" not in out


def test_diff_of_two(saved, tmp_path, capfdbinary):
    other = tmp_path / "other.json"
    other.write_bytes(hostile(tiny_graph(), "\x1b[2J" + HOSTILE).to_json())
    assert app.run(["diff", saved, str(other)]) == 0
    assert not RAW.search(capfdbinary.readouterr().out.decode())


@pytest.mark.parametrize("command", ["tree", "flops"])
def test_in_a_terminal(command, saved):
    leader, follower = pty.openpty()
    words = [sys.executable, "-m", "archscope", command, saved]
    process = subprocess.Popen(words, stdout=follower, stderr=follower, env={**os.environ, "TERM": "dumb", "NO_COLOR": "1"})
    os.close(follower)
    shown = b""
    while True:
        try:
            part = os.read(leader, 65536)
        except OSError:
            break
        if not part:
            break
        shown += part
    os.close(leader)
    assert process.wait(timeout=60) == 0
    plain = re.sub(r"\x1b\[[0-9;]*m|\r", "", shown.decode())  # bold and dim are the command's own
    assert not RAW.search(plain)
    assert "\\x1b[31m" in plain.replace("\n", "")


def test_in_an_error(capfdbinary):
    assert app.run(["flops", "no\x1b[31msuch\u202ething"]) == 2
    assert app.run(["flops", "no\x1b[31msuch\u202e.json"]) == 1
    assert app.run(["no\x1b[31m\u202esuch"]) == 2
    err = capfdbinary.readouterr().err.decode()
    assert not RAW.search(err)
    assert "no\\x1b[31msuch\\u202e" in err


@pytest.mark.parametrize(
    "words", ["=1+1", "+cmd|'/c calc'!A1", "-2+3", "@SUM(A1)", "\t=1+1", "=", "-", "-0.5", "+3", "1e-5", "-1,000"]
)
def test_cells_of_a_csv_are_text(words):
    runs = words[0] in "=+-@" and words not in ("=", "-", "-0.5", "+3", "-1,000")
    assert cell(words) == (f"'{words}" if runs else printable(words))
    assert cell(words)[0] not in "=@" or len(words) == 1


def test_a_csv_keeps_its_numbers(capsys):
    graph = hostile(tiny_graph(), "=HYPERLINK(1)")
    rows = list(csv.DictReader(io.StringIO(render([flops_table(graph)], "csv"))))
    assert rows[0]["model"].startswith("'=HYPERLINK(1)")
    assert [row["macs"] for row in rows] == [
        row["macs"] for row in csv.DictReader(io.StringIO(render([flops_table(tiny_graph())], "csv")))
    ]
    assert all(value[:1] not in tuple("=+@") for row in rows for value in row.values() if value)


@pytest.mark.parametrize(
    "name", ["../../etc/passwd", "/etc/passwd", "..\\..\\x", "a/b:c", "..", "", "\x1b[2J", "x" * 5000, "-rf", "~root", "a\x00b"]
)
def test_names_of_files_hold_no_path(name):
    stem = file_stem(name)
    assert re.fullmatch(r"[\w+][\w.+-]{0,119}", stem)
    assert not stem.endswith((".", "-"))
    assert file_stem("timm:x/y") == "timm-x-y"


def test_a_file_named_after_a_hostile_network_stays_in_its_folder(tmp_path, monkeypatch, capfdbinary):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "g.json").write_bytes(hostile(tiny_graph(), "../../../x\x1b[31m/" + "y" * 300).to_json())
    assert app.run(["trace", "g.json", "--out", "json"]) == 0
    assert app.run(["diagram", "g.json"]) == 0
    assert app.run(["flops", "g.json", "--out", "csv"]) == 0
    files = sorted(p.relative_to(tmp_path).parts for p in tmp_path.rglob("*") if p.is_file())
    assert {parts[0] for parts in files} == {"g.json", "reports"}
    assert all(len(parts) <= 2 for parts in files)
    assert not RAW.search(capfdbinary.readouterr().out.decode())
