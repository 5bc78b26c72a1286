"""Training on the command line: flops --training, memory, chart --training, columns and budgets."""

import json

import pytest

from archscope.cli.app import run
from archscope.metrics import METRICS
from archscope.metrics.training import OF_A_STEP
from archscope.models.loading import load
from archscope.values import Absent


@pytest.fixture
def cli(capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def call(*words):
        code = run(list(words))
        said = capsys.readouterr()
        assert "Traceback" not in said.out + said.err
        return code, said.out, said.err

    return call


def test_flops_of_training(cli):
    code, out, _ = cli("flops", "lenet5", "--training", "--format", "json")
    found = json.loads(out)
    assert code == 0
    assert found["mode"] == "train"
    assert found["totals"]["training_macs"] == found["totals"]["macs"] + found["totals"]["backward_macs"]


def test_memory_in_the_terminal(cli):
    code, out, _ = cli("memory", "resnet18", "--optimizer", "adam", "--checkpoint")
    assert code == 0
    for words in ("memory of a training step with adam, every block checkpointed", "peak of the step", "recompute", "optimizer"):
        assert words in out


def test_memory_in_files_adds_up(cli):
    _, out, _ = cli("memory", "lenet5", "--format", "json", "--batch", "4")
    stages, curve = json.loads(out)
    assert sum(row["kept_for_backward"] for row in stages["rows"]) == stages["totals"]["kept_for_backward"]
    assert max(row["bytes"] for row in curve["rows"]) == stages["totals"]["peak_bytes"]


def test_a_chart_of_the_step(cli):
    code, out, _ = cli("chart", "--kind", "memory", "--training", "lenet5", "--out", "-")
    assert code == 0
    assert "Memory over a training step" in out


@pytest.mark.parametrize(
    ("words", "message", "hint"),
    [
        (("memory", "lenet5", "--optimizer", "lion"), "unknown optimizer 'lion'", "choose from adam, adamw, momentum, sgd"),
        (("memory", "lenet5", "--mode", "eval"), "lenet5 was traced in eval mode, without gradients", "--mode train"),
        (("flops", "lenet5", "--training", "--convention", "torch"), "--training has no other tool's figures", "leave out"),
        (("flops", "lenet5", "--training", "--by", "kind"), "unknown grouping 'kind'", "layer, operator, stage"),
        (("chart", "--training", "lenet5"), "--training does not change --kind balls", "--kind memory"),
        (("compare", "lenet5", "--columns", "training_macs"), "training_macs is of a training step", "--mode train"),
    ],
)
def test_what_cannot_be_meant(cli, words, message, hint):
    code, out, err = cli(*words)
    assert (code, out) == (2, "")
    assert message in err
    assert hint in err


def test_columns_and_budgets(cli):
    code, out, _ = cli("compare", "lenet5", "--mode", "train", "--columns", "training_memory", "--format", "json")
    peak = json.loads(out)["rows"][0]["training_memory"]
    assert code == 0
    assert cli("check", "lenet5", "--mode", "train", "--max", f"training_memory={peak}")[0] == 0
    assert cli("check", "lenet5", "--mode", "train", "--max", f"training_memory={peak - 1}")[0] == 1


def test_metrics_of_training_need_a_trace_in_train_mode():
    forward, step = load("lenet5").trace(), load("lenet5").trace(mode="train")
    for name in OF_A_STEP:
        assert isinstance(METRICS[name](forward), Absent)
        assert METRICS[name](step) > 0
