"""The Pareto front of results, with accuracies from a file; comparisons and charts of results."""

import csv
import io
import random

import pandas as pd
import pytest

from archscope.charts.kinds.front import front as chart_of
from archscope.charts.save import render
from archscope.cli.app import run
from archscope.sweep.accuracy import accuracies
from archscope.tables.pareto import front

# The first lines of timm's published results, results-imagenet.csv, cut down to small networks.
ACCURACIES = """model,img_size,top1,top1_err,top5,top5_err,param_count,crop_pct,interpolation
lenet5.made_up,32,50.0,50.0,80.0,20.0,"1,000.06",0.875,bilinear
lenet5.better,32,55.0,45.0,82.0,18.0,0.06,0.875,bilinear
lenet5.large,64,99.0,1.0,99.0,1.0,0.06,0.875,bilinear
lenet5_dense.made_up,32,54.0,46.0,80.0,20.0,0.06,0.875,bilinear
lenet_slim.made_up,28,60.0,40.0,80.0,20.0,3.27,0.875,bilinear
unheard_of.made_up,28,70.0,30.0,80.0,20.0,3.27,0.875,bilinear
"""


def by_hand(rows, x, y, greater) -> set[int]:
    """Every pair compared with every other."""

    def key(row):
        return tuple(-row[c] if c in greater else row[c] for c in (x, y))

    there = {at: key(row) for at, row in enumerate(rows) if row[x] is not None and row[y] is not None}
    return {
        at for at, here in there.items() if not any(a <= here[0] and b <= here[1] and (a, b) != here for a, b in there.values())
    }


@pytest.mark.parametrize("greater", [(), ("x",), ("y",), ("x", "y")])
def test_the_front_is_what_comparing_every_pair_gives(greater):
    draw = random.Random(3)
    for _ in range(60):
        rows = [{"x": draw.choice([None, *range(6)]), "y": draw.choice([None, *range(6)])} for _ in range(draw.randrange(25))]
        found = front(rows, "x", "y", greater)
        assert set(found) == by_hand(rows, "x", "y", greater)
        assert len(found) == len(set(found))
        xs = [rows[at]["x"] for at in found]
        assert xs == sorted(xs, reverse="x" in greater)


def read(text: str) -> list[dict]:
    return list(csv.DictReader(io.StringIO(text)))


@pytest.fixture
def results(here, capsys):
    (here / "acc.csv").write_text(ACCURACIES)
    assert run(["sweep", "lenet*", "--out", "r.parquet", "-p", "1"]) == 0
    capsys.readouterr()
    return here


def test_accuracies_are_joined_by_name_and_input_size(results, capsys):
    assert run(["pareto", "r.parquet", "--accuracy", "acc.csv", "--y", "top1", "--format", "csv"]) == 0
    rows = read(capsys.readouterr().out)
    # lenet5: 325,680 MACs; lenet5_dense, with more of them, is worse than lenet5.better; lenet_slim is the best and the dearest
    assert [(row["model"], row["macs"], row["top1"]) for row in rows] == [
        ("lenet5.better", "325680", "55.0"), ("lenet_slim.made_up", "13883904", "60.0"),
    ]  # fmt: skip


def test_the_table_says_what_was_matched(results, capsys):
    assert run(["pareto", "r.parquet", "--accuracy", "acc.csv", "--y", "top1"]) == 0
    out = " ".join(capsys.readouterr().out.split())
    assert "Pareto front: least multiply-accumulates and most top-1 accuracy" in out
    assert "2 of 4 networks" in out
    assert "4 of its lines are about 3 of the 3 networks at their input sizes" in out


def test_models_are_swept_first_at_the_sizes_of_the_accuracies(results, capsys):
    words = [
        "pareto",
        "lenet*",
        "--accuracy",
        "acc.csv",
        "--y",
        "top1",
        "--results",
        "s.csv",
        "--chart",
        "f.svg",
        "--chart",
        "f.html",
    ]
    assert run([*words, "-p", "1"]) == 0
    rows = pd.read_csv("s.csv")
    assert [*zip(rows["model"], rows["input"], rows["failed_in"].fillna(""), strict=True)] == [
        ("lenet5", "1x32x32", ""), ("lenet5", "1x64x64", "forward"), ("lenet5_dense", "1x32x32", ""), ("lenet_slim", "1x28x28", ""),
    ]  # fmt: skip
    told = capsys.readouterr()
    assert "1 of 4 networks failed (1 forward)" in told.err
    assert "lenet5.better" in told.out
    assert "lenet5.large" not in told.out
    assert {path.name for path in results.glob("f.*")} == {"f.svg", "f.html"}


def test_directions_can_be_turned(results, capsys):
    assert (
        run(["pareto", "r.parquet", "--x", "params", "--y", "macs", "--maximise", "params", "--maximise", "macs", "-f", "csv"])
        == 0
    )
    assert [row["model"] for row in read(capsys.readouterr().out)] == ["lenet_slim"]
    assert run(["pareto", "r.parquet", "--x", "params", "--y", "macs", "-f", "csv"]) == 0
    assert [row["model"] for row in read(capsys.readouterr().out)] == ["lenet5"]


@pytest.mark.parametrize("form", ["svg", "png", "pdf", "html"])
def test_the_chart_is_drawn_in_every_format(results, form):
    assert run(["pareto", "r.parquet", "--accuracy", "acc.csv", "--y", "top1", "--chart", f"front.{form}"]) == 0
    content = (results / f"front.{form}").read_bytes()
    assert len(content) > 1000
    if form == "svg":
        assert b"lenet_slim.made_up: 13.88 M multiply-accumulates, 60% top-1 accuracy" in content
    if form == "html":
        assert b"lenet5_dense.made_up: 416.52 K" in content or b"lenet5_dense.made_up: 416,520" in content


def test_a_large_field_is_drawn_with_names_that_do_not_overlap():
    rows = [{"model": f"network {n}", "macs": 10**6 * (n + 1), "top1": 50 + n**0.5} for n in range(60)]
    chart = chart_of(rows, "macs", "top1", {"top1"})
    assert sum(point.best for point in chart.items) == 60
    assert render(chart, "svg").count(b"<title>network") == 60


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["r.parquet", "--y", "top1"], "unknown column 'top1'"),
        (["nosuch.parquet"], "there is no file nosuch.parquet"),
        (["r.parquet", "lenet5"], "r.parquet is a file of results, and others are models"),
        (["r.parquet", "--accuracy", "nosuch.csv"], "cannot read nosuch.csv"),
        (["r.parquet", "--accuracy", "names.csv"], "names.csv has no column 'model'"),
        (["r.parquet", "--accuracy", "others.csv"], "none of 3 networks is in others.csv"),
        (["alexnet", "--accuracy", "acc.csv"], "none of 1 models is in acc.csv"),
        (["r.parquet", "--x", "model"], "the values of model are no numbers"),
        (["r.parquet", "--chart", "f.bmp"], "no suffix that names a format"),
        (["broken.parquet"], "broken.parquet cannot be read"),
    ],
)
def test_words_that_cannot_be(results, capsys, words, said):
    (results / "names.csv").write_text("name,top1\na,1\n")
    (results / "others.csv").write_text("model,top1\na,1\n")
    (results / "broken.parquet").write_text("no parquet")
    assert run(["pareto", *words]) in (1, 2)
    assert said in capsys.readouterr().err


def test_compare_reads_results_as_it_reads_models(results, capsys):
    assert run(["compare", "lenet5", "lenet5_dense", "lenet_slim", "--format", "csv"]) == 0
    models = read(capsys.readouterr().out)
    assert run(["compare", "r.parquet", "--format", "csv"]) == 0
    kept = read(capsys.readouterr().out)
    for one, other in zip(models, kept, strict=True):
        assert {key: value for key, value in one.items() if key != "variant"} == {
            key: other[key] for key in one if key != "variant"
        }


def test_compare_mixes_results_and_models_and_shows_arguments_and_failures(here, capsys):
    assert run(["sweep", "net.py:Net", "bad.py:raises", "--set", "width=1,2", "--out", "r.csv", "-p", "1"]) == 1
    capsys.readouterr()
    assert run(["compare", "r.csv", "lenet5", "--columns", "width,params"]) == 0
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert ["Net", "width=1", "1", "24"] in lines
    assert ["Net", "width=2", "2", "40"] in lines
    assert ["lenet5", "60,000"] in lines
    assert any(line[:2] == ["raises", "width=1"] and "argument" in line for line in lines)


def test_charts_of_results(here, capsys):
    assert run(["sweep", "alexnet", "lenet5", "--out", "r.csv", "-p", "1"]) == 0
    assert run(["chart", "r.csv", "--kind", "front", "--out", "a.svg"]) == 0
    assert "not drawn, as no top-1 error of theirs is known: 1 of 2 networks" in capsys.readouterr().err
    assert b"alexnet" in (here / "a.svg").read_bytes()
    assert run(["chart", "r.csv", "--kind", "depth", "--out", "b.svg"]) == 0
    assert b"lenet5" in (here / "b.svg").read_bytes()


def test_accuracies_of_a_file_without_sizes(here):
    (here / "a.csv").write_text("model,score\nnet,7\n")
    known = accuracies(here / "a.csv")
    assert known.numbers == ("score",)
    assert known.inputs(["timm:net", "other"]) == [("timm:net", ())]


def test_a_sweep_that_nobody_named_gives_way_to_the_next(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    words = ["pareto", "--processes", "1", "-f", "csv"]
    for model in ("lenet5", "lenet_slim"):
        assert run([*words, model]) == 0, capsys.readouterr().err
        assert capsys.readouterr().out.splitlines()[1].startswith(f"{model},")
    assert run([*words, "lenet5", "--results", "mine.csv"]) == 0
    capsys.readouterr()
    assert run([*words, "lenet_slim", "--results", "mine.csv"]) == 1
    said = capsys.readouterr().err
    assert "mine.csv is the result of another command" in said
    assert "--results FILE" in said
    assert "--out" not in said


def test_more_and_less_of_one_column_is_no_wish(results, capsys):
    assert run(["pareto", "r.parquet", "--maximise", "macs", "--minimise", "macs"]) == 2
    assert capsys.readouterr().err.startswith("error: --maximise macs and --minimise macs")
