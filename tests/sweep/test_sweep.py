"""What a sweep writes: the rows, their types, what became of networks that fail."""

import json

import duckdb
import pandas as pd
import polars as pl
import pyarrow.parquet as pq
import pytest
from networks_of_sweeps import PARAMETERS

from archscope import look, measure
from archscope.cli.app import run


def swept(*words: str) -> int:
    return run(["sweep", *words])


def test_every_combination_is_a_row_with_the_numbers_of_its_trace(here):
    assert (
        swept(
            "net.py:Net", "--set", "width=2,3", "--set", "depth=1..3", "--input", "1x8x8,1x4x4", "--out", "r.parquet", "-p", "2"
        )
        == 0
    )
    rows = pd.read_parquet("r.parquet")
    assert len(rows) == 2 * 3 * 2
    assert list(rows["index"]) == list(range(12))
    for row in rows.itertuples():
        side = int(row.input.rpartition("x")[2])
        assert row.params == PARAMETERS[row.width, row.depth]
        assert row.macs == side * side * (row.width + row.depth * row.width**2) + row.width * 10
        graph = look("net.py:Net", input=[(1, side, side)], options={"width": row.width, "depth": row.depth})
        assert row.peak_memory == measure(graph, ["peak_memory"])["peak_memory"]
        assert (row.uncounted, row.failure) == (0, None) or pd.isna(row.failure)


def test_columns_are_typed_and_every_reader_agrees(here):
    assert swept("net.py:Net", "bad.py:raises", "--metrics", "params,receptive_field", "--out", "r.parquet") == 1
    rows = pd.read_parquet("r.parquet")
    assert str(rows["params"].dtype) == "Int64"
    assert str(rows["index"].dtype) == "int64"
    assert list(rows["params"]) == [PARAMETERS[4, 1], pd.NA]
    frame = pl.read_parquet("r.parquet")
    assert frame.schema["params"] == pl.Int64
    assert frame["params"].to_list() == [PARAMETERS[4, 1], None]
    assert duckdb.sql("select params, failed_in from 'r.parquet' order by index").fetchall() == [
        (PARAMETERS[4, 1], None),
        (None, "building"),
    ]


def test_the_metadata_say_how_the_file_came_to_be(here):
    swept("net.py:Net", "--out", "r.parquet")
    about = json.loads(pq.read_schema("r.parquet").metadata[b"archscope"])
    assert about["request"]["models"] == "net.py:Net"
    assert {"file net.py", "file parts.py", "torch", "archscope"} <= set(about["request"])
    assert {"system", "python", "torch"} <= set(about["environment"])
    swept("net.py:Net", "--out", "r.csv")
    assert json.loads((here / "r.csv.meta.json").read_text())["request"]["models"] == "net.py:Net"


@pytest.mark.parametrize("form", ["csv", "jsonl"])
def test_the_other_formats_hold_the_same(here, form):
    swept("net.py:Net", "--set", "width=1..3", "--out", "r.parquet")
    swept("net.py:Net", "--set", "width=1..3", "--out", f"r.{form}")
    read = pd.read_csv("r.csv") if form == "csv" else pd.read_json("r.jsonl", lines=True)
    kept = pd.read_parquet("r.parquet")
    numbers = kept.select_dtypes("number").columns
    pd.testing.assert_frame_equal(read[numbers], kept[numbers])
    assert list(read.columns) == list(kept.columns)


def test_a_network_that_fails_costs_its_own_row(here, capsys):
    words = ["net.py:Net", *(f"bad.py:{n}" for n in "hangs leaves crashes hungry hungry_in_torch raises exits Forward".split())]
    assert (
        swept(
            *words,
            "raising.py:X",
            "nosuch.py:X",
            "net.py:Net",
            "lenet5",
            "--timeout",
            "10s",
            "--memory",
            "768MiB",
            "--out",
            "r.csv",
            "-p",
            "2",
        )
        == 1
    )
    rows = pd.read_csv("r.csv").set_index("model")
    assert list(rows["failed_in"].fillna("")) == [
        "", "timeout", "killed", "killed", "memory", "memory", "building", "building", "forward", "building", "building", "",
    ]  # fmt: skip
    assert rows.loc["bad.py:hangs", "failure"] == "no answer within 10 s"
    assert rows.loc["bad.py:leaves", "failure"] == "it ended its process with exit code 3"
    assert rows.loc["bad.py:crashes", "failure"] == "its process was ended by SIGSEGV"
    assert (
        rows.loc["bad.py:hungry", "failure"]
        == rows.loc["bad.py:hungry_in_torch", "failure"]
        == "it needs more than 768.0 MiB of memory"
    )
    assert "no such width" in rows.loc["bad.py:raises", "failure"]
    assert "not today" in rows.loc["raising.py:X", "failure"]
    assert "7" in rows.loc["bad.py:Forward", "failure"]
    assert rows.loc["bad.py:Forward", "params"] == 8 * 8 + 8
    assert rows.loc["net.py:Net", "params"] == PARAMETERS[4, 1]
    assert rows.loc["lenet5", "params"] == 60000
    assert "error: 10 of 12 networks failed (4 building, 1 forward, 2 killed, 2 memory, 1 timeout)" in capsys.readouterr().err


def test_the_table_does_not_depend_on_the_number_of_processes(here):
    for count in "1", "3":
        swept("net.py:Net", "bad.py:raises", "bad.py:leaves", "--set", "width=1..12", "--out", f"r{count}.csv", "-p", count)
    assert (here / "r1.csv").read_bytes() == (here / "r3.csv").read_bytes()


def test_a_generator_is_a_list_of_work(here):
    assert swept("net.py:candidates", "--set", "most=2", "--seed", "7", "--out", "a.csv") == 0
    rows = pd.read_csv("a.csv")
    assert list(rows["model"]) == ["net.py:Net", "net.py:Net", "net.py:candidates[2]", "net.py:Net"]
    assert list(rows["params"]) == [PARAMETERS[1, 1], PARAMETERS[2, 1], PARAMETERS[5, 1], _of(rows["width"][3])]
    assert list(rows["batch"]) == [1, 1, 1, 2]
    assert rows["input"][3] == "1x4x4"
    swept("net.py:candidates", "--set", "most=2", "--seed", "7", "--out", "b.csv", "-p", "1")
    assert (here / "a.csv").read_bytes() == (here / "b.csv").read_bytes()
    swept("net.py:candidates", "--set", "most=2", "--seed", "8", "--out", "c.csv", "-p", "1")
    assert pd.read_csv("c.csv")["width"][3] != rows["width"][3]


def _of(width: int) -> int:
    """Stem, block and head of a Net of depth 1."""
    return (width + width) + (width * width + width) + (width * 10 + 10)


def test_a_sample_is_part_of_the_grid_and_the_same_for_a_seed(here):
    grid = ["net.py:Net", "--set", "width=1..30", "--set", "depth=1..9"]
    for name, seed in (("a", "0"), ("b", "0"), ("c", "1")):
        assert swept(*grid, "--sample", "6", "--seed", seed, "--out", f"{name}.csv") == 0
    a, b, c = (pd.read_csv(f"{name}.csv") for name in "abc")
    pd.testing.assert_frame_equal(a, b)
    assert len(a) == 6
    assert list(a["index"]) != list(c["index"])
    assert all(row.params == PARAMETERS[row.width, row.depth] for row in a.itertuples())


def test_names_come_from_patterns_and_files(here):
    (here / "names.txt").write_text("lenet5  # the first\n\ninception_v?\n")
    assert swept("names.txt", "lenet*", "--out", "r.csv", "-m", "params") == 0
    rows = pd.read_csv("r.csv")
    assert list(rows["model"]) == ["lenet5", "inception_v3", "inception_v4", "lenet5_dense", "lenet_slim"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["net.py:Net", "--set", "width"], "'width' is not NAME=VALUE"),
        (["net.py:Net", "--set", "width=9..2"], "--set width=9..2 is empty"),
        (["net.py:Net", "--set", "width=1", "--set", "width=2"], "--set width stands twice"),
        (["net.py:Net", "--metrics", "prams"], "unknown metric 'prams'"),
        (["net.py:Net", "--out", "r.xlsx"], "no suffix that names a format"),
        (["net.py:Net", "--out", "-"], "--out -"),
        (["net.py:Net", "--engine", "rai"], "unknown engine 'rai'"),
        (["net.py:Net", "--address", "auto"], "--address is that of a Ray cluster"),
        (["net.py:Net", "--memory", "1MiB"], "less than torch alone takes"),
        (["net.py:Net", "--timeout", "0s"], "leaves no time"),
        (["net.py:Net", "--batch", "0"], "--batch 0 is not possible"),
        (["net.py:candidates", "lenet5"], "stands alone"),
        (["net.py:candidates", "--sample", "3"], "its length is not known"),
        (["net.py:candidates", "--set", "most=1,2"], "--set most has several values"),
        (["net.py:wrong"], "net.py:wrong yielded int at 0"),
        (["lenet9*"], "no built-in model matches 'lenet9*'"),
        (["nosuch.txt"], "cannot read nosuch.txt"),
        (["net.py:*"], "cannot be listed"),
    ],
)  # fmt: skip
def test_words_that_cannot_be(here, capsys, words, said):
    assert swept(*words) in (1, 2)
    told = capsys.readouterr()
    assert said in told.err
    assert told.err.startswith("error: ")
    assert told.out == ""
    assert list(here.glob("*.parquet")) == []


def test_numbers_that_no_column_holds_stand_in_words(here, monkeypatch):
    from archscope.sweep import examine, results

    class Huge:
        uncounted, cost, examples = (), type("Cost", (), {"unknown": 0}), ()
        meta = type("Meta", (), {"device": "meta"})

    monkeypatch.setattr(examine.metrics, "measure", lambda graph, names: {"params": 2**63 - 1, "receptive_field": 10**45})
    values = examine.measured(Huge(), ("params", "receptive_field"))
    assert (values["params"], values["receptive_field"], values["notes"]) == (2**63 - 1, None, f"receptive_field: {10**45}")
    rows = [{"index": 0, "model": "a", "seed": 10**45, **values}, {"index": 1, "model": "b", "seed": 3, "params": 1}]
    table = results.arrow(lambda: rows, ("params", "receptive_field"))
    assert table["params"].to_pylist() == [2**63 - 1, 1]
    assert table["seed"].to_pylist() == [str(10**45), "3"]
