"""Saved benchmarks: written, read, joined, compared; and what there is to be careful about in them."""

import json
import subprocess
import sys
from dataclasses import dataclass

import msgspec
import pytest
from bench_records import HERE, ROOF, session, steady, timing

from archscope.bench.results.cautions import Caution, cautions
from archscope.bench.results.environments import differences
from archscope.bench.results.files import from_json, join, load, to_json
from archscope.bench.results.records import Bench, Memory, Plan, Settings, Strain, Timing
from archscope.bench.results.summary import summarise, summary
from archscope.bench.settings_grid import dtypes, grid, groups, inputs, numbers, switches
from archscope.errors import ArchscopeError, UsageError


def kinds(*sessions):
    return [caution.kind for caution in cautions(Bench(sessions))]


# -- files -------------------------------------------------------------------------------------------------------------


def test_a_benchmark_survives_its_file_with_every_raw_time(tmp_path):
    bench = Bench((session(timing(flops=10, memory=Memory(1, 2, 3))),))
    path = tmp_path / "a.json"
    path.write_text(to_json(bench))
    assert load([path]) == bench
    saved = json.loads(path.read_text())["sessions"][0]["timings"][0]
    assert saved["rounds"] == [list(block) for block in steady(0.01)]
    assert saved["figures"]["median"] == summary(bench.sessions[0], bench.sessions[0].timings[0]).median


def test_files_are_joined_in_their_order():
    a, b = Bench((session(timing("a")),)), Bench((session(timing("b")),))
    assert [t.model for _, t in join([("a.json", a), ("b.json", b)]).timings] == ["a", "b"]


def test_two_different_models_under_one_name_are_refused():
    a, b = Bench((session(timing(params=10)),)), Bench((session(timing(params=20, digest="2")),))
    with pytest.raises(ArchscopeError, match=r"two different models are called net: 10 params in a.json, 20 in b.json"):
        join([("a.json", a), ("b.json", b)])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is not a saved benchmark"),
        ("{}", "x.json is not a saved benchmark"),
        ("[1]", "x.json is not a saved benchmark"),
        ('{"kind": "archscope bench", "schema_version": 99}', "has schema version 99, this archscope reads 1"),
        ('{"kind": "archscope bench", "schema_version": 1}', "missing required field `sessions`"),
        ('{"kind": "archscope bench", "schema_version": 1, "sessions": []}', "holds no session"),
        (to_json(Bench((session(timing()),))).replace('"batch": 1', '"batch": "one"'), r"settings.batch"),
    ],
)
def test_damaged_files(text, message):
    with pytest.raises(ArchscopeError, match=message) as caught:
        from_json(text, "x.json")
    assert caught.value.hint


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(ArchscopeError, match="no such file"):
        load([tmp_path / "none.json"])


def test_environments_differ_by_what_matters():
    other = msgspec.structs.replace(
        HERE, torch="2.8.0", math={"TF32 matmul": "on"}, date="2025-02-02", variables={"OMP_NUM_THREADS": "2"}
    )
    assert differences(HERE, other) == ["torch 2.9.0 and 2.8.0", "TF32 matmul off and on", "OMP_NUM_THREADS unset and 2"]
    assert differences(HERE, msgspec.structs.replace(HERE, date="later", clocks="SM 1 MHz")) == []


def test_loading_and_showing_never_imports_torch(tmp_path):
    path = tmp_path / "a.json"
    path.write_text(to_json(Bench((session(timing()),))))
    code = (
        "import sys\n"
        "from archscope.cli.app import run\n"
        f"assert run(['bench', '--load', {str(path)!r}]) == 0\n"
        "assert 'torch' not in sys.modules, 'torch was imported'\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "net" in done.stdout


# -- cautions ----------------------------------------------------------------------------------------------------------


def test_a_quiet_session_has_nothing_to_be_careful_about():
    assert kinds(session(timing(flops=10**6, bytes_moved=10**6))) == []


def ramp(start, end, count=100):
    return tuple((start + (end - start) * n / count,) for n in range(count))


@dataclass(frozen=True)
class Doubtful:
    kind: str
    timings: tuple[Timing, ...]
    fields: dict


@pytest.mark.parametrize(
    "case",
    [
        Doubtful("spread", (timing(rounds=tuple((1.0 if n % 2 else 1.3,) for n in range(100))),), {}),
        Doubtful("drift", (timing(rounds=ramp(0.0100, 0.0108)),), {}),
        Doubtful("drift", (timing(rounds=ramp(0.0108, 0.0100)), timing("b")), {}),
        Doubtful("throttling", (timing(rounds=ramp(0.0100, 0.0108)), timing("b", rounds=ramp(0.0200, 0.0216))), {}),
        Doubtful("throttling", (timing(),), {"strain": Strain(throttled=3)}),
        Doubtful("swap", (timing(),), {"strain": Strain(swapped=12)}),
        Doubtful("uneven", (timing(),), {"ceilings": (msgspec.structs.replace(ROOF, change=0.5),)}),
        Doubtful("load", (timing(),), {"strain": Strain(load_before=1.5)}),
        Doubtful("warm-up", (timing(steady=False, warmup=20),), {}),
        Doubtful("p99", (timing(rounds=steady(0.01, 99)),), {"plan": Plan(runs=99)}),
        Doubtful("precision", (timing(rounds=((0.01,), (0.0101,), (0.01,), (0.0101,), (0.0102,)) * 1),), {}),
        Doubtful("outliers", (timing(rounds=(*steady(0.01, 96), (0.1,), (0.1,), (0.1,), (0.1,))),), {}),
        Doubtful("ceiling", (timing(flops=2 * 10**10),), {}),
        Doubtful("uncounted", (timing(flops=10, uncounted=2),), {}),
        Doubtful("interrupted", (timing(),), {"interrupted": True}),
        Doubtful("failure", (timing(), timing("b", rounds=(), failure="out of memory")), {}),
    ],
    ids=lambda case: case.kind,
)
def test_each_doubt_is_a_value_with_a_cause_and_a_remedy(case):
    found = {caution.kind: caution for caution in cautions(Bench((session(*case.timings, **case.fields),)))}
    extra = {"p99"} if case.kind == "precision" else set()
    assert set(found) - extra == {case.kind}
    assert found[case.kind].cause
    assert found[case.kind].remedy


def test_noise_without_a_trend_is_no_drift():
    assert "drift" not in kinds(session(timing(rounds=steady(0.01) + steady(0.01))))


def test_the_same_remark_about_many_is_made_once():
    many = [timing(f"net{n}", rounds=steady(0.01, 50)) for n in range(5)]
    (caution,) = cautions(Bench((session(*many, plan=Plan(runs=50)),)))
    assert caution.about == "5 timings"
    assert "net0, batch 1, float32" in caution.cause


def test_sessions_of_different_environments_say_so():
    other = msgspec.structs.replace(HERE, cpu="Another CPU")
    (caution,) = cautions(Bench((session(timing()), session(timing(), environment=other))))
    assert caution == Caution(
        "environment",
        "",
        "sessions 1 and 2 are of different environments: cpu Some CPU and Another CPU",
        "compare within one session only",
    )
    assert kinds(session(timing()), session(timing())) == []


# -- figures -----------------------------------------------------------------------------------------------------------


def test_figures_of_the_roofline():
    memory_bound = timing(rounds=((0.01,),) * 10, flops=10**9, bytes_moved=10**9, batch=8)
    bound = timing("b", rounds=((0.01,),) * 10, flops=4 * 10**9, bytes_moved=10**8)
    first, second = (figures for *_, figures in summarise(Bench((session(memory_bound, bound),))))
    assert first.throughput == pytest.approx(8 / 0.01)
    assert first.flop_rate == pytest.approx(1e9 / 0.01)
    assert (first.intensity, first.bound) == (1.0, "memory")
    # the roof at 1 FLOP per byte is the bandwidth
    assert first.roof_share == pytest.approx(1e11 / 1e11)
    assert (second.intensity, second.bound) == (40.0, "arithmetic")
    assert second.peak_share == second.roof_share == pytest.approx(4e11 / 1e12)


def test_figures_that_do_not_exist_are_none():
    figures = summary(session(), timing(rounds=()))
    assert figures.runs == 0
    assert figures.median is None
    assert figures.spread is None
    few = summary(session(), timing(rounds=((1.0,), (2.0,))))
    assert (few.median, few.q1, few.p90, few.low) == (1.5, None, None, None)


def test_no_ratio_across_groups():
    one, other = timing("a", group=0), timing("b", group=1)
    whole = session(one, other, baseline="a")
    assert summary(whole, other).ratio is None


# -- grids -------------------------------------------------------------------------------------------------------------


def test_lists_make_a_grid():
    made = grid(batch=(1, 8), dtype=("float32", "bfloat16"), threads=(1, 2), on=("channels_last",), vary=("compiled",))
    assert len(made) == len(set(made)) == 2 * 2 * 2 * 2
    assert all(s.channels_last and not s.train for s in made)
    assert grid() == [Settings()]


def test_several_models_run_in_turn_at_each_setting_one_model_at_its_variants():
    made = grid(batch=(1, 8), dtype=("float32", "bfloat16"))
    assert [len(group) for group in groups(made, models=2)] == [1, 1, 1, 1]
    assert [[s.batch for s in group] for group in groups(made, models=1)] == [[1, 1], [8, 8]]


def test_words_of_the_grid():
    assert numbers("--batch", "1, 8,8,32") == [1, 8, 32]
    assert dtypes("bfloat16,autocast") == ["bfloat16", "autocast"]
    assert inputs([]) == [()]
    assert inputs(["3x224x224,3x299x299"]) == [((3, 224, 224),), ((3, 299, 299),)]
    assert inputs(["3x8x8", "10"]) == [((3, 8, 8), (10,))]
    assert switches("compile,train") == {"compiled", "train"}
    assert switches(None) == set()


@pytest.mark.parametrize(
    ("read", "message"),
    [
        (lambda: numbers("--batch", "0"), "--batch 0: '0' is not possible"),
        (lambda: numbers("--threads", "1,two"), "'two' is not possible"),
        (lambda: numbers("--batch", ""), "'' is not possible"),
        (lambda: dtypes("int8"), "unknown dtype 'int8'"),
        (lambda: switches("fast"), "unknown switch 'fast'"),
        (lambda: inputs(["3x"]), "'3x' is not a shape"),
    ],
)
def test_words_that_are_no_grid(read, message):
    with pytest.raises(UsageError, match=message):
        read()


def test_settings_in_words():
    assert Settings().words() == "batch 1, float32"
    full = Settings(8, "bfloat16", 2, True, True, True, ((3, 64, 64),))
    assert full.words() == "batch 8, bfloat16, channels-last, compiled, train, 3x64x64, 2 threads"
