"""`archscope bench`: words in, files out, errors in a line."""

import json
from pathlib import Path

import pytest
import torch

from archscope.bench import measure
from archscope.bench.results.files import load
from archscope.bench.settings_grid import DTYPES
from archscope.cli import bench as command
from archscope.cli.app import run

NET = """
import torch
from torch import nn

class Net(nn.Module):
    example_input_shape = (4,)
    def __init__(self, classes=2):
        super().__init__()
        self.linear = nn.Linear(4, classes)
    def forward(self, x):
        if x.shape[0] == 13 and not x.is_meta:
            raise RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 1 bytes.")
        return self.linear(x)
"""
QUICK = ["--runs", "6", "--warmup", "0"]


@pytest.fixture(autouse=True)
def _here(tmp_path, monkeypatch):
    """A folder with a network, and no ceilings: they take seconds."""
    (tmp_path / "net.py").write_text(NET)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(measure, "_measure_ceilings", lambda *_: [])


def test_a_grid_is_measured_and_saved(capsys):
    words = ["bench", "net.py:Net", "--batch", "1,8", "--dtype", "float32,bfloat16", "--threads", "1", *QUICK, "--out", "b.json"]
    assert run(words) == 0
    assert capsys.readouterr().out == "b.json\n"
    timings = [timing for _, timing in load(["b.json"]).timings]
    assert [(t.settings.batch, t.settings.dtype, t.settings.threads) for t in timings] == [
        (1, "float32", 1), (1, "bfloat16", 1), (8, "float32", 1), (8, "bfloat16", 1)
    ]  # fmt: skip
    assert all(len(t.times) == 6 for t in timings)


def test_saved_benchmarks_are_shown_and_joined(capsys):
    assert run(["bench", "net.py:Net", *QUICK, "--out", "a.json"]) == 0
    assert run(["bench", "net.py:Net", "--batch", "2", *QUICK, "--format", "json"]) == 0
    out = capsys.readouterr().out.removeprefix("a.json\n")
    Path("b.json").write_text(out)
    assert run(["bench", "--load", "a.json", "--load", "b.json", "--format", "csv"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("model,session,batch,dtype")
    assert [line[:8] for line in lines[1:]] == ["Net,1,1,", "Net,2,2,"]
    assert run(["bench", "--load", "a.json", "b.json"]) == 0


def test_two_models_of_one_name_are_not_joined(capsys):
    assert run(["bench", "net.py:Net", *QUICK, "--out", "a.json"]) == 0
    assert run(["bench", "net.py:Net", "--set", "classes=3", *QUICK, "--out", "b.json"]) == 0
    assert run(["bench", "--load", "a.json", "--load", "b.json"]) == 1
    error = capsys.readouterr().err
    assert error.startswith("error: two different models are called Net: 10 params in a.json, 15 in b.json\nhint: ")


def test_out_of_memory_at_one_batch_is_a_row_and_the_rest_goes_on(capsys):
    assert run(["bench", "net.py:Net", "--batch", "1,13", *QUICK]) == 0
    out = capsys.readouterr().out
    assert "out of memory: DefaultCPUAllocator: can't allocate memory" in out


def test_when_nothing_can_be_timed_the_exit_code_is_one(capsys):
    assert run(["bench", "net.py:Net", "--batch", "13", *QUICK]) == 1
    assert "error: Net, batch 13, float32: out of memory" in capsys.readouterr().err


def test_layers_have_their_tables(capsys):
    assert run(["bench", "net.py:Net", *QUICK, "--layers"]) == 0
    out = capsys.readouterr().out
    assert "Net, batch 1, float32: time by layer" in out
    assert "linear" in out


def test_ctrl_c_prints_and_saves_what_is_finished(monkeypatch, capsys):
    real = measure.in_rounds
    calls = []

    def interrupted(*args, **kwargs):
        calls.append(0)
        if len(calls) == 2:
            raise KeyboardInterrupt
        real(*args, **kwargs)

    monkeypatch.setattr(measure, "in_rounds", interrupted)
    assert run(["bench", "net.py:Net", "--batch", "1,2,4", *QUICK, "--out", "b.json"]) == 130
    saved = json.loads(Path("b.json").read_text())
    assert saved["sessions"][0]["interrupted"]
    assert [timing["settings"]["batch"] for timing in saved["sessions"][0]["timings"]] == [1]


def test_without_a_model_it_takes_the_four_networks_of_the_paper(monkeypatch):
    seen = []

    def stop(models, *args, **kwargs):
        seen.extend(model.name for model in models)
        raise KeyboardInterrupt

    monkeypatch.setattr(measure, "bench", stop)
    monkeypatch.setattr("archscope.models.loading.load", lambda name, **_: type("Named", (), {"name": name}))
    assert run(["bench", "--device", "cpu"]) == 130
    assert seen == ["inception_v3", "inception_v4", "inception_resnet_v1", "inception_resnet_v2"] == list(command.FOUR)


def test_a_baseline_may_be_called_by_its_alias(capsys):
    assert run(["bench", "lenet5", "net.py:Net", "--baseline", "net.py:Net", *QUICK, "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out)["sessions"][0]["baseline"] == "Net"


@pytest.mark.skipif(torch.cuda.is_available(), reason="a machine without CUDA")
def test_cuda_without_cuda(capsys):
    assert run(["bench", "lenet5", "--device", "cuda"]) == 1
    error = capsys.readouterr().err
    assert error.startswith(f"error: no CUDA device: torch {torch.__version__} was built for ")
    assert error.endswith("hint: try --device cpu\n")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--batch", "0"], "--batch 0: '0' is not possible"),
        (["--batch", "1,x"], "--batch 1,x: 'x' is not possible"),
        (["--dtype", "int8"], "unknown dtype 'int8'"),
        (["--device", "tpu"], "unknown device 'tpu'"),
        (["--threads", "0"], "--threads 0: '0' is not possible"),
        (["--vary", "all"], "unknown switch 'all'"),
        (["--baseline", "vgg16"], "--baseline vgg16 is none of the models"),
        (["--layers", "--train"], "--layers times the modules of a plain forward"),
        (["--format", "xls"], "unknown format 'xls'"),
        (["--out", "bench.xls"], "--out bench.xls: no suffix"),
        (["--input", "3x"], "'3x' is not a shape"),
        (["b.json"], "b.json has no weights to run with"),
    ],
)
def test_wrong_words_are_told_before_anything_is_measured(words, message, capsys, monkeypatch):
    monkeypatch.setattr(measure, "_measure_group", lambda *_: pytest.fail("something was measured"))
    assert run(["bench", "net.py:Net", *words]) == 2
    assert message in capsys.readouterr().err


def test_the_help_names_every_dtype(capsys):
    assert run(["bench", "--help"]) == 0
    text = capsys.readouterr().out
    assert all(dtype in text for dtype in DTYPES)
