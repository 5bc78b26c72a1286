"""What a reader sees: columns, digits, notes."""

import csv
import io
import re

import msgspec
import pytest
from bench_records import HERE, ROOF, session, steady, timing
from hypothesis import given
from hypothesis import strategies as st

from archscope import units
from archscope.bench.results.layer_table import layer_tables, stages_of
from archscope.bench.results.records import Bench, CallTime, LayerTimes, Memory, Settings
from archscope.bench.results.timings_table import timings_table
from archscope.render import FORMATS, render
from archscope.tables.table import Measured


@pytest.mark.parametrize(
    ("value", "spread", "kind", "text"),
    [
        (0.0123456, 0.0002, "seconds", "12.3 ms"),
        (0.0123456, 0.004, "seconds", "12 ms"),
        (0.0123456, 0.04, "seconds", "10 ms"),
        (0.9996, 0.001, "seconds", "1.000 s"),
        (1.234567, 1e-9, "seconds", "1.235 s"),
        (9.7e-6, None, "seconds", "9.70 us"),
        (2.1345, 0.02, "ratio", "2.13x"),
        (48.45e9, 2e9, "count", "48 G"),
        (1234.5, 300, "count", "1.2 K"),
        (3.21, 0.1, "number", "3.2"),
        (0.4216, 0.02, "share", "42%"),
        (0.4216, None, "share", "42.2%"),
        (0, 1, "seconds", "0"),
    ],
)
def test_no_digit_that_the_spread_does_not_allow(value, spread, kind, text):
    assert units.measured(value, spread, kind) == text


@given(st.floats(1e-6, 1e3), st.floats(1e-4, 1))
def test_the_last_digit_is_not_finer_than_the_spread(value, relative):
    number, unit = units.measured(value, value * relative, "seconds").split()
    scale = {"s": 1, "ms": 1e-3, "us": 1e-6, "ns": 1e-9}[unit]
    decimals = len(number.partition(".")[2])
    finest = 10.0**-decimals * scale
    assert finest * 10.0001 > value * relative or decimals == 0
    assert abs(float(number.replace(",", "")) * scale - value) <= max(value * relative, 0.51 * finest) * 1.0001


def test_files_carry_the_whole_number():
    assert float(str(Measured(0.0123456789, 0.01))) == 0.0123456789


def table(*timings, **fields):
    return timings_table(Bench((session(*timings, **fields),)))


def test_what_is_the_same_everywhere_is_in_the_heading_and_in_files():
    report = table(timing("a"), timing("b"))
    assert report.title == "Benchmark: batch 1, float32, 4 threads"
    assert {c.key for c in report.columns if not c.file_only}.isdisjoint({"batch", "dtype", "compiled", "train", "threads"})
    varied = table(timing("a"), timing("a", batch=8))
    assert [c.title for c in varied.columns if not c.file_only][:2] == ["model", "batch"]


def test_every_format_has_every_timing():
    report = table(timing("a", memory=Memory(2**20, 2**21, 2**20)), timing("b", rounds=(), failure="out of memory"))
    for form in FORMATS:
        text = render([report], form)
        assert "a" in text
        assert "out of memory" in text


def test_csv_has_base_units_and_full_precision():
    sample = steady(0.0123456789)
    rows = list(csv.DictReader(io.StringIO(render([table(timing("a", rounds=sample, flops=10**9))], "csv"))))
    (row,) = rows
    assert row["model"] == "a"
    assert float(row["minimum_seconds"]) == min(s for (s,) in sample)
    assert float(row["flops_per_second"]) == 10**9 / float(row["median_seconds"])
    assert row["batch"] == "1"


def test_the_table_says_machine_plan_ceilings_and_doubts():
    text = render([table(timing("a"), timing("b", rounds=steady(0.02, 50)))], "table")
    assert "cpu: Some CPU, 4 cores; torch 2.9.0" in text
    assert "2 s to 10 s each, models in turn" in re.sub(r"\.0+ s", " s", text)
    assert "2048x2048 matrix product 1.0 TFLOP/s, copy of 256.0 MiB 100 GB/s" in text
    assert "p99: b, batch 1, float32: p99 needs 100 runs; --runs 100 would take about 2 s." in text


def test_a_time_that_the_processor_spends_on_queueing_is_not_called_the_gpus():
    waiting, busy = timing("small", queueing=0.0095), timing("large", queueing=0.004)  # of 10 ms
    made = table(waiting, busy)
    assert [row.values["bound"] for row in made.rows] == ["launches", None]
    (said,) = [note for note in made.notes if note.startswith("launches: ")]
    assert said.startswith("launches: small, batch 1, float32: queueing the kernels of a run takes the processor 9.50 ms")


def test_tf32_is_said_where_the_ceiling_is_of_it():
    roof = msgspec.structs.replace(ROOF, precision="TF32", convolution_rate=4e12)
    # 10 ms for 10 GFLOP are 1 TFLOP/s: all of 1, a quarter of 4, and half done at 1 and half at 4 are done at 1.6
    timings = [
        timing(name, flops=10**10, bytes_moved=10**8, convolutions=share) for name, share in (("a", 0), ("b", 1), ("c", 0.5))
    ]
    made = table(*timings, timing(memory=Memory(peak=100)), ceilings=(roof,))
    assert [float(row.values["peak_share"]) for row in made.rows[:3]] == pytest.approx([1, 1 / 4, 1 / 1.6], rel=0.02)
    assert "matrix product 1.0 TFLOP/s, in TF32 4.0 TFLOP/s" in " ".join(made.facts)
    assert any(note.startswith("TF32: ") for note in made.notes)
    assert any("with its kernels' workspaces" in note for note in made.notes)


def test_the_ratio_comes_with_its_interval():
    report = table(timing("a"), timing("b", rounds=steady(0.02)), baseline="a")
    first, second = (row.values for row in report.rows)
    assert first["ratio"] == 1
    assert first["ratio_low"] is None
    assert second["ratio_low"] <= second["ratio"] <= second["ratio_high"]
    assert float(second["ratio"]) == pytest.approx(2, rel=0.01)
    assert any(note.startswith("Ratio: times the time of a") for note in report.notes)


def test_joined_sessions_are_numbered_and_their_difference_is_named():
    other = msgspec.structs.replace(HERE, cpu="Another CPU")
    report = timings_table(Bench((session(timing()), session(timing(), environment=other))))
    assert [row.values["session"] for row in report.rows] == [1, 2]
    assert any("cpu Some CPU and Another CPU" in note for note in report.notes)
    assert any(fact.startswith("session 2: cpu: Another CPU") for fact in report.facts)


# -- layers ------------------------------------------------------------------------------------------------------------


def call(number, parent, path, total, own, macs=0, moved=0):
    return CallTime(number, parent, path, "Conv2d" if macs else "Sequential", total, own, own / 100, macs, 2 * macs, moved)


NET = LayerTimes(
    calls=(
        call(0, None, "", 1.00, 0.05),
        call(1, 0, "stem", 0.15, 0.05),
        call(2, 1, "stem.conv", 0.10, 0.10, macs=10**9, moved=10**8),
        call(3, 0, "body", 0.70, 0.10),
        call(4, 3, "body.0", 0.40, 0.10),
        call(5, 4, "body.0.conv1", 0.20, 0.20, macs=2 * 10**9, moved=10**9),
        call(6, 4, "body.0.conv2", 0.10, 0.10, macs=10**9, moved=10**9),
        call(7, 3, "body.1", 0.20, 0.20, macs=10**9, moved=10**9),
        call(8, 0, "pool", 0.04, 0.04, moved=10**6),
        call(9, 0, "head", 0.06, 0.06, macs=10**6, moved=10**6),
    ),
    plain=0.9,
    instrumented=1.0,
    runs=7,
)


def test_layers_and_what_lies_between_them_add_up():
    timed = timing("net", layers=NET)
    by_stage, by_layer = layer_tables(session(timed), timed)
    for report in (by_stage, by_layer):
        assert sum(row.values["seconds"] for row in report.rows) == pytest.approx(1.0)
        assert sum(row.values["share"] for row in report.rows) == pytest.approx(1.0)
        assert sum(row.values["macs"] or 0 for row in report.rows) == 5 * 10**9 + 10**6
        assert report.facts == ("medians of 7 runs; looking at the layers made a run 11% longer than one without",)
    layers = ["stem.conv", "body.0.conv1", "body.0.conv2", "body.1", "pool", "head", "(between modules)"]
    assert [row.values["module"] for row in by_layer.rows] == layers
    assert [row.values["module"] for row in by_stage.rows] == ["stem", "body.0", "body.1", "pool", "head", "(between modules)"]


@pytest.mark.parametrize(
    ("queueing", "instrumented", "processors"),
    [(None, 2.0, False), (0.5, 0.95, False), (0.5, 1.0, True), (0.85, 0.91, True)],  # of 0.9 s without looking
)
def test_layers_of_a_gpu_that_waited_are_said_to_be_the_processors(queueing, instrumented, processors):
    timed = timing("net", layers=msgspec.structs.replace(NET, instrumented=instrumented), queueing=queueing)
    for report in layer_tables(session(timed), timed):
        assert any(note.startswith("Launches: ") for note in report.notes) is processors


def test_stages_open_the_longest_while_they_are_few():
    assert [stage.path for stage in stages_of(NET)] == ["stem", "body.0", "body.1", "pool", "head"]
    flat = msgspec.structs.replace(NET, calls=NET.calls[:1] + tuple(call(n, 0, f"m{n}", 0.1, 0.1) for n in range(1, 7)))
    assert [stage.path for stage in stages_of(flat)] == [f"m{n}" for n in range(1, 7)]


def test_which_ceiling_binds_a_layer():
    timed = msgspec.structs.replace(timing("net", layers=NET), settings=Settings())
    _, by_layer = layer_tables(session(timed), timed)
    first = by_layer.rows[0].values
    # 2e9 FLOPs over 1e8 bytes are 20 a byte, right of the ridge of 1e12 / 1e11 = 10
    assert (first["intensity_flops_per_byte"], first["bound"]) == (20, "arithmetic")
    assert float(first["flops_per_second"]) == pytest.approx(2e9 / 0.10)
    assert float(first["roof_share"]) == pytest.approx(2e10 / 1e12)
    assert by_layer.rows[1].values["bound"] == "memory"
    assert float(by_layer.rows[1].values["roof_share"]) == pytest.approx((4e9 / 0.20) / (4 * 1e11))


def test_seconds_by_path():
    twice = msgspec.structs.replace(NET, calls=(*NET.calls, call(10, 0, "pool", 0.03, 0.03)))
    assert twice.by_path()["body.0"] == 0.40
    assert twice.by_path()["pool"] == pytest.approx(0.04 + 0.03)


def test_no_layers_no_table():
    assert layer_tables(session(), timing()) == []
