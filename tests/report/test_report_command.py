"""`archscope report` and `archscope open`, as commands."""

import csv
import json
import re
from pathlib import Path

import pytest
import torch
from looking import click, written
from torch import nn

from archscope import units
from archscope.bench.results.files import latencies, load
from archscope.cli.app import run
from archscope.comparison.side_by_side import Subject
from archscope.errors import UsageError
from archscope.models.look_up import look
from archscope.report.folding import Folding
from archscope.report.page_data import Request, page_data
from archscope.tracing import TraceError, trace

REPORTS = Path(__file__).parents[2] / "reports"
LOOK = {"input": [], "batch": 1, "dtype": "float32", "mode": "eval", "options": {}}


@pytest.fixture(autouse=True)
def _here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def data_of(page) -> dict:
    return json.loads(
        re.search(r'<script type="application/json" id="data">(.*?)</script>', page.read_text(encoding="utf-8"), re.DOTALL)[1]
    )


def test_a_report_is_a_folder(tmp_path, capsys):
    assert run(["report", "lenet5", "alexnet", "--out", "made", "--baseline", "alexnet"]) == 0
    written = capsys.readouterr().out.split()
    assert written[:2] == ["made/index.html", "made/compare.csv"]
    assert {
        "made/diagrams/lenet5.svg",
        "made/diagrams/alexnet-block.svg",
        "made/charts/stages.svg",
        "made/charts/memory.svg",
    } <= set(written)
    assert all((tmp_path / file).stat().st_size for file in written)
    data = data_of(tmp_path / "made" / "index.html")
    assert data["baseline"] == 1
    assert data["command"] == "archscope report lenet5 alexnet --baseline alexnet --out made"
    with (tmp_path / "made" / "compare.csv").open() as file:
        assert [row["params"] for row in csv.DictReader(file)] == [str(row["params"]) for row in data["rows"]]


def test_the_page_alone_is_the_same_every_time(tmp_path):
    words = ["report", "lenet5", "--input", "1x32x32", "--out", "a.html"]
    assert run(words) == 0
    first = (tmp_path / "a.html").read_bytes()
    assert run(words) == 0
    assert (tmp_path / "a.html").read_bytes() == first
    assert b"default-src &#39;none&#39;; script-src &#39;sha256-" in first
    assert not re.search(rb"<(link|img|iframe|script src)", first.partition(b'id="data"')[0])


def test_open_says_where_the_page_is(tmp_path, capsys, monkeypatch):
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("sys.platform", "linux")
    assert run(["open", "lenet5"]) == 0
    said = capsys.readouterr()
    assert said.out.strip() == str(tmp_path / "store" / "pages" / "lenet5.html")
    assert "no browser" in said.err
    seen = []
    monkeypatch.setenv("DISPLAY", ":0")
    monkeypatch.setattr("webbrowser.open", lambda address: seen.append(address) or True)
    assert run(["open", "lenet5"]) == 0
    assert seen == [(tmp_path / "store" / "pages" / "lenet5.html").as_uri()]


@pytest.mark.parametrize(
    "words",
    [
        ["report", "nosuch"],
        ["report", "lenet5", "--bench", "nosuch.json"],
        ["report", "lenet5", "--baseline", "vgg16"],
        ["open", "nosuch"],
    ],
    ids=" ".join,
)
def test_wrong_words_write_nothing(tmp_path, capsys, words):
    assert run([*words, *(["--out", "made"] if words[0] == "report" else [])]) in (1, 2)
    assert not (tmp_path / "made").exists()
    assert capsys.readouterr().err.startswith("error: ")


def test_a_file_is_not_made_a_folder(tmp_path, capsys):
    (tmp_path / "made").write_text("mine")
    assert run(["report", "lenet5", "--out", "made"]) == 2
    assert (tmp_path / "made").read_text() == "mine"


class Breaks(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU())
        self.second = nn.Conv2d(9, 8, 3)

    def forward(self, x):
        return self.second(self.first(x))


def test_a_forward_that_failed_is_shown_as_far_as_it_came():
    with pytest.raises(TraceError) as caught:
        trace(Breaks(), torch.zeros(1, 3, 16, 16))
    data = page_data([Subject("breaks", caught.value.graph, None, caught.value)], Request(LOOK))
    (network,) = data["networks"]
    assert network["failure"].startswith("second")
    assert network["pieces"]["count"]
    assert data["rows"][0]["failure"]
    assert "macs" not in data["rows"][0]


def test_a_network_without_a_trace_keeps_its_place():
    data = page_data(
        [Subject("gone", None, None, UsageError("unknown model 'gone'", "look")), Subject("lenet5", look("lenet5"))],
        Request(LOOK),
    )
    assert [network["error"] for network in data["networks"]] == ["unknown model 'gone'", None]
    assert [len(network["insides"]) > 0 for network in data["networks"]] == [False, True]


@pytest.mark.parametrize("name", ["inception_v4", "inception_resnet_v2", "googlenet", "lenet5"])
def test_what_opens_holds_every_piece_once_and_adds_up(name):
    folding = Folding(look(name))
    cut, insides = folding.maker.cut, folding.insides

    def leaves(inside: int, start: int) -> list[int]:
        found = []
        for (a, b), opens in zip(insides[inside]["at"], insides[inside]["opens"], strict=True):
            if b - a > 1:
                found += leaves(opens, start + a)
            else:
                found.append(start + a)
        return found

    assert leaves(0, 0) == list(range(len(cut.items)))
    for inside in insides:
        count = len(inside["labels"])
        assert len(inside["boxes"]) == count + 2
        assert len(inside["lines"]) == len(inside["edges"])
        assert all(0 <= a <= count < b + count and b <= count + 1 for a, b in inside["edges"])
        width, height = inside["size"]
        assert all(x >= -1 and x + w <= width + 1 and y >= -1 and y + h <= height + 1 for x, y, w, h in inside["boxes"])


def test_times_are_those_of_a_benchmark(visit, tmp_path):
    """A box has the time of the modules that ran in it and nowhere else; a concatenation that a block runs itself has none."""
    bench = load([REPORTS / "bench-cpu.json"])
    page = written(tmp_path, ["inception_v4"], bench=bench)
    times = latencies(bench, "inception_v4")
    tab = visit("#open=1.0", file=page)
    told = {}
    for box in ("2", "1.0.0", "1.0.8"):
        click(tab, box)
        rows = tab.evaluate("[...document.querySelectorAll('.details dt')].map(e => [e.textContent, e.nextSibling.textContent])")
        told[box] = dict(rows).get("time")
    assert told["2"] == units.seconds(times["reduction_a"])
    assert told["1.0.0"] in {units.seconds(times[f"inception_a.0.{name}"]) for name in branches(times)}
    assert told["1.0.8"] is None


def branches(times) -> list[str]:
    """The modules of convolution, normalisation and activation function in the first block."""
    return [path.removeprefix("inception_a.0.") for path in times if path.startswith("inception_a.0.branch")]
