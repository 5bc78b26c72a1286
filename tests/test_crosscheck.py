"""The second opinion: fvcore's own figures beside ours, and every difference with its reason."""

import os
import subprocess
import sys

import pytest
from fvcore.nn import FlopCountAnalysis

from archscope.comparison import counters
from archscope.comparison.second_opinion import cross_check_table
from archscope.errors import ArchscopeError, UsageError
from archscope.models.loading import load


@pytest.mark.parametrize("name", ["lenet5_dense", "torchvision:resnet18"])
def test_fvcores_figure_is_fvcores_own(name):
    report = cross_check_table("fvcore", name, {})
    model = load(name, device="cpu")
    analysis = FlopCountAnalysis(model.module.eval(), model.inputs(device="cpu"))
    analysis.unsupported_ops_warnings(False).uncalled_modules_warnings(False)
    assert report.totals["fvcore"] == analysis.total()
    assert report.totals["macs"] == load(name).trace().cost.macs
    assert report.totals["difference"] == report.totals["fvcore"] - report.totals["macs"]


@pytest.mark.parametrize("name", ["lenet5_dense", "inception_v4", "torchvision:resnet18", "torchvision:vit_b_16"])
def test_every_difference_has_its_reason(name):
    report = cross_check_table("fvcore", name, {})
    assert report.totals["explained"] is True
    assert sum(row.values["difference"] for row in report.rows) == report.totals["difference"]
    assert sum(row.values["macs"] for row in report.rows) == report.totals["macs"]
    assert all((row.values["because"] == "the same") == (row.values["difference"] == 0) for row in report.rows)
    assert "Every difference is explained." in report.notes


def test_batch_norm_is_most_of_resnets_difference():
    rows = {row.values["operator"]: row.values for row in cross_check_table("fvcore", "torchvision:resnet18", {}).rows}
    # fvcore: 2 per element of every normalised map: 5 of 64x112x112 and 64x56x56 ... summed by stage
    maps = 64 * 112 * 112 + 4 * 64 * 56 * 56 + 5 * 128 * 28 * 28 + 5 * 256 * 14 * 14 + 5 * 512 * 7 * 7
    assert rows["batch_norm"]["fvcore"] == 2 * maps
    assert rows["batch_norm"]["macs"] == 0


def test_batch_and_input_reach_both():
    one, two = (cross_check_table("fvcore", "lenet5_dense", {"batch": batch}).totals for batch in (1, 2))
    assert two["fvcore"] == 2 * one["fvcore"]
    assert two["macs"] == 2 * one["macs"]


def test_what_cannot_be_cross_checked():
    with pytest.raises(UsageError, match="unknown counter to cross-check with 'thob'"):
        cross_check_table("thob", "lenet5", {})
    with pytest.raises(ArchscopeError, match="fvcore has to run the network"):
        cross_check_table("fvcore", "x.json", {})


def test_torchs_counter_is_a_second_opinion_too():
    table = cross_check_table("torch", "lenet5_dense", {})
    assert table.totals["explained"] is True
    assert table.totals["torch"] == 2 * table.totals["macs"] == sum(row.values["torch"] for row in table.rows)


def test_a_counter_that_is_not_installed_is_one_line(monkeypatch):
    def missing(name):
        raise ModuleNotFoundError(f"No module named '{name}'", name=name)

    monkeypatch.setattr(counters.importlib, "import_module", missing)
    with pytest.raises(ArchscopeError, match="thop is not installed") as error:
        cross_check_table("thop", "lenet5", {})
    assert error.value.hint == "pip install thop"


def test_what_a_counter_says_and_our_rules_do_not_is_not_explained(monkeypatch):
    def wrong(module, inputs):
        return counters.Opinion(12_345_678)

    monkeypatch.setitem(counters.COUNTERS._entries, "torch", wrong)
    table = cross_check_table("torch", "lenet5_dense", {})
    assert table.totals["explained"] is False
    assert sum(row.values["torch"] for row in table.rows) == 12_345_678
    assert "A difference is left that we cannot explain." in table.notes


def test_its_warnings_stay_out_of_sight():
    found = subprocess.run(
        [sys.executable, "-m", "archscope", "flops", "lenet5_dense", "--cross-check", "fvcore"],
        capture_output=True, text=True, check=False, env=os.environ,
    )  # fmt: skip
    assert (found.returncode, found.stderr) == (0, "")
    assert "416,520" in found.stdout
