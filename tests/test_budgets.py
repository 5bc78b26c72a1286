"""Budgets: verdicts, words, files, exit codes."""

import json
from pathlib import Path

import pytest
from networks import traced

from archscope import check, metrics
from archscope.bench.results.files import to_json
from archscope.bench.results.records import Settings, Timing
from archscope.cli.app import run
from archscope.comparison.budget_file import nearest, plans
from archscope.comparison.budgets import QUANTITIES, limit_of, passes
from archscope.errors import ArchscopeError, UsageError
from archscope.units import parse_seconds

PARAMS, MACS = 61_706, 416_520  # lenet5_dense


@pytest.fixture
def lenet():
    return traced("lenet5_dense")


def verdicts(findings) -> list[str]:
    return [finding.verdict for finding in findings]


def test_a_budget_is_kept_up_to_and_including_its_limit(lenet):
    assert verdicts(check(lenet, {"params": PARAMS})) == ["within"]
    assert verdicts(check(lenet, {"params": PARAMS - 1, "macs": MACS})) == ["exceeded", "within"]
    (kept,) = check(lenet, {"params": 100_000})
    assert (kept.actual, kept.headroom, kept.used) == (PARAMS, 100_000 - PARAMS, PARAMS / 100_000)
    (missed,) = check(lenet, {"macs": 400_000})
    assert (missed.headroom, passes([kept]), passes([kept, missed])) == (400_000 - MACS, True, False)


TRAIN = "traced in eval mode, without gradients: trace it in train mode"


def test_every_quantity_has_an_actual(lenet):
    found = {f.quantity: f.actual for f in check(lenet, dict.fromkeys(QUANTITIES, 10**12), latency=0.002)}
    assert found["params"] == PARAMS
    assert found["param_bytes"] == 4 * PARAMS
    assert found["weighted_depth"] == 5
    assert found["latency"] == 0.002
    assert found["flops"] > 2 * MACS
    assert found["peak_memory"] > 4 * PARAMS
    # What a trace in eval mode cannot say, or a network without words, is undecided, and says so.
    reasons = {metrics.Absent(TRAIN), metrics.Absent("it reads no token ids")}
    assert all(actual is not None or metrics.METRICS[name](lenet) in reasons for name, actual in found.items())


def test_a_latency_that_was_not_measured_is_undecided(lenet):
    (finding,) = check(lenet, {"latency": 1.0})
    assert (finding.verdict, finding.reason, finding.headroom) == ("undecided", "not measured", None)
    assert not passes([finding])


def test_an_unknown_quantity_is_named(lenet):
    with pytest.raises(UsageError, match="unknown budget 'speed'"):
        check(lenet, {"speed": 1})


NET = """
import torch

class Net(torch.nn.Module):
    example_input_shape = (8, 8)

    def forward(self, x):
        return torch.linalg.eigvals(x @ x).real
"""


@pytest.fixture
def uncounted(tmp_path):
    (tmp_path / "net.py").write_text(NET)
    return f"{tmp_path / 'net.py'}:Net"


def test_an_uncounted_operator_leaves_macs_and_flops_undecided(uncounted, capsys):
    words = ["check", uncounted, "--max-macs", "1M", "--max-params", "0"]
    assert run(words) == 1
    out = capsys.readouterr().out
    assert "undecided" in out
    assert "without a cost formula: aten.linalg_eig" in out
    assert run([*words, "--allow-uncounted"]) == 0
    assert "aten.linalg_eig" in capsys.readouterr().out
    # What is counted is too much already: 8 x 8 x 8
    assert run(["check", uncounted, "--max-macs", "511", "--allow-uncounted"]) == 1
    assert "exceeded" in capsys.readouterr().out
    assert run(["check", uncounted, "--max-params", "0"]) == 0


@pytest.mark.parametrize(
    ("key", "words", "limit"),
    [
        ("params", "45M", 45_000_000), ("macs", "13.5G", 13_500_000_000), ("peak_memory", "500MiB", 500 * 2**20),
        ("param_bytes", "1GB", 10**9), ("weighted_depth", "100", 100), ("latency", "50ms", 0.05), ("latency", "800us", 0.0008),
        ("params", 45_000_000, 45_000_000), ("latency", 0.5, 0.5),
    ],
)  # fmt: skip
def test_limits_as_people_write_them(key, words, limit):
    assert limit_of(key, words) == pytest.approx(limit)


@pytest.mark.parametrize(
    ("key", "words"),
    [
        ("params", "45MiB"),
        ("macs", "many"),
        ("latency", "50"),
        ("latency", "5 minutes"),
        ("params", -1),
        ("params", True),
        ("speed", "1"),
    ],
)
def test_what_is_no_amount(key, words):
    if (key, words) == ("latency", "50"):
        assert limit_of(key, words) == 50
        return
    with pytest.raises(UsageError):
        limit_of(key, words)


def test_seconds():
    assert [parse_seconds(words) for words in ("1.5s", "2 ms", "3us", "4ns", "0.25")] == pytest.approx(
        [1.5, 2e-3, 3e-6, 4e-9, 0.25]
    )


# -- pyproject.toml --------------------------------------------------------------------------------------------------------------

TOML = """
[tool.archscope.budgets.lenet5_dense]
max-params = "62K"
max-macs = 416_520
max-peak-memory = "1MiB"

[tool.archscope.budgets.lenet5]
input = "1x32x32"
batch = 2
max-macs = "1M"
"""


def test_budgets_from_a_file(tmp_path):
    path = tmp_path / "pyproject.toml"
    path.write_text(TOML)
    first, second = plans(path)
    assert (first.model, first.limits) == ("lenet5_dense", {"params": 62_000, "macs": 416_520, "peak_memory": 2**20})
    assert (second.model, second.request) == ("lenet5", {"input": [(1, 32, 32)], "batch": 2})
    (tmp_path / "a" / "b").mkdir(parents=True)
    assert nearest(start=tmp_path / "a" / "b") == path


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("[tool.archscope.budgets.lenet5]\nmax-speed = 1", "max-speed"),
        ("[tool.archscope.budgets]\nlenet5 = 3", "one table per model"),
        ("[tool.archscope.budgets.lenet5]\nmax-params = [1]", "not an amount"),
        ("not toml", "is not TOML"),
    ],
)
def test_files_that_cannot_mean_a_budget(tmp_path, content, message):
    (tmp_path / "pyproject.toml").write_text(content)
    with pytest.raises(ArchscopeError, match=message):
        plans(tmp_path / "pyproject.toml")
    with pytest.raises(ArchscopeError, match="cannot read"):
        plans(tmp_path / "none.toml")


def test_the_command_reads_the_nearest_file(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert run(["check"]) == 2
    Path("pyproject.toml").write_text(TOML)
    assert run(["check"]) == 0
    out = capsys.readouterr().out
    assert "lenet5_dense: budgets kept" in out
    assert "lenet5: budgets kept" in out
    assert run(["check", "lenet5", "--format", "csv"]) == 0
    # batch 2 of 325,680
    assert "lenet5,macs,MACs,1000000,651360," in capsys.readouterr().out
    assert run(["check", "alexnet"]) == 2
    Path("pyproject.toml").write_text(TOML.replace("62K", "61K"))
    assert run(["check"]) == 1
    assert "budgets not kept, 1 of 3" in capsys.readouterr().out


def test_options_and_exit_codes(capsys, tmp_path):
    assert run(["check", "lenet5_dense", "--max-params", "62K", "--max-weighted-depth", "5"]) == 0
    assert run(["check", "lenet5_dense", "--max-params", "61K"]) == 1
    assert run(["check", "--max-params", "61K"]) == 2
    assert run(["check", "nonsense_v7", "--max-params", "61K"]) == 2
    assert run(["check", "lenet5_dense", "--max-params", "61KiB"]) == 2
    capsys.readouterr()
    assert run(["check", "lenet5_dense", "--max-params", "61K", "--format", "json"]) == 1
    read = json.loads(capsys.readouterr().out)
    assert read["totals"] == {"passed": False}
    assert read["rows"][0]["headroom"] == 61_000 - PARAMS


def test_latency_from_a_saved_benchmark(tmp_path, capsys):
    from test_comparison import bench_of

    path = tmp_path / "bench.json"
    path.write_text(to_json(bench_of(Timing("lenet5", "a", Settings(), rounds=((0.02, 0.03, 0.04),)))))
    assert run(["check", "lenet5", "--max-latency", "30ms", "--bench", str(path)]) == 0
    assert run(["check", "lenet5", "--max-latency", "29ms", "--bench", str(path)]) == 1
    capsys.readouterr()
    assert run(["check", "lenet5", "--max-latency", "1s", "--bench", str(path), "--batch", "4"]) == 1
    assert "not measured" in capsys.readouterr().out


def test_latency_measured_now(capsys):
    assert run(["check", "lenet5_dense", "--max-latency", "1000s", "--format", "csv"]) == 0
    actual = float(capsys.readouterr().out.splitlines()[1].split(",")[4])
    assert 0 < actual < 1000
