"""What cannot be meant is refused in one line with a hint, and never answered with something else."""

import warnings

import pytest

from archscope.cli.app import run


@pytest.fixture(autouse=True)
def _folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def refused(words: list[str], capsys, code: int = 2) -> str:
    """What is said of these words: one line and at most one hint on stderr, nothing on stdout."""
    assert run(words) == code
    shown = capsys.readouterr()
    assert shown.out == ""
    error, *hint = shown.err.splitlines()
    assert error.startswith("error: ")
    assert len(hint) <= 1
    assert all(line.startswith("hint: ") for line in hint)
    return shown.err


@pytest.mark.parametrize(
    "command", ["params", "flops", "compare", "report", "bench", "signal", "pareto", "diagram", "chart", "check", "sweep", "open"]
)
def test_a_file_of_names_without_any_is_refused(command, tmp_path, capsys):
    (tmp_path / "none.txt").write_text("# lenet5\n\n")
    assert "none.txt names no model" in refused([command, "none.txt"], capsys)


@pytest.mark.parametrize("words", [["memory"], ["flops", "--training"], ["chart", "--kind", "memory", "--training"]])
def test_training_takes_a_trace_in_train_mode(words, capsys):
    assert run(["trace", "lenet5_dense", "--out", "eval.json"]) == 0
    assert run(["trace", "lenet5_dense", "--mode", "train", "--out", "train.json"]) == 0
    assert run([*words, "train.json"]) == 0
    capsys.readouterr()
    assert "archscope trace MODEL --mode train" in refused([*words, "eval.json"], capsys)


def test_threads_beyond_all_measure_are_refused(capsys, monkeypatch):
    monkeypatch.setattr("os.cpu_count", lambda: 4)
    said = refused(["bench", "lenet5", "--threads", "1,99999"], capsys)
    assert "--threads 99999" in said
    assert "has 4 CPUs" in said
    assert "at most 16 for each CPU" in said


@pytest.mark.parametrize("command", ["params", "signal"])
@pytest.mark.parametrize("dtype", ["foo", "int8", "complex64"])
def test_a_dtype_that_cannot_be_is_told_those_that_can(command, dtype, capsys):
    hint = refused([command, "lenet5_dense", "--dtype", dtype], capsys).splitlines()[1]
    assert set(hint.removeprefix("hint: choose from ").split(", ")) == {"float32", "float64", "float16", "bfloat16"}


NETS = """
from torch import nn

raise RuntimeError("nothing is run to name the classes")

class Net(nn.Module):
    pass

class Other(Net):
    pass

class Plain:
    pass
"""


def test_a_python_file_alone_is_told_its_modules(tmp_path, capsys):
    (tmp_path / "net.py").write_text(NETS)
    said = refused(["params", "net.py"], capsys)
    assert said == "error: net.py is a file: which model of it?\nhint: name the class: net.py:Net, net.py:Other\n"
    (tmp_path / "empty.py").write_text("x = (\n")
    assert "empty.py is a file, not a model" in refused(["params", "empty.py"], capsys)
    assert "there is no file nosuch.py" in refused(["params", "nosuch.py"], capsys, 1)


def test_what_torch_saves_is_told_what_it_is(tmp_path, capsys):
    import torch

    linear = torch.nn.Linear(3, 3)
    torch.save(linear.state_dict(), "w.pt")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that TorchScript is deprecated
        torch.jit.save(torch.jit.script(linear), "ts.pt")
    assert "w.pt: what torch.save pickles is not read" in refused(["params", "w.pt"], capsys)
    assert "ts.pt is a TorchScript program" in refused(["params", "ts.pt"], capsys)
    assert "there is no file nosuch.pth" in refused(["params", "nosuch.pth"], capsys, 1)


@pytest.mark.parametrize(
    ("model", "said"),
    [
        ("", "an empty name is no model"), (" ", "an empty name is no model"), (".", ". is a folder, not a model"),
        ("timm:", "'timm:' names no model of timm"), ("hf:", "'hf:' names no model of hf"),
        ("torchvision:", "'torchvision:' names no model of torchvision"), ("notes.md", "notes.md is no kind of file that is read"),
    ],
)  # fmt: skip
def test_words_that_name_no_model(model, said, tmp_path, capsys):
    (tmp_path / "notes.md").write_text("# notes\n")
    assert said in refused(["params", model], capsys)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["signal", "net.onnx"], "net.onnx holds a network as it is: it has no weights to run with"),
        (["signal", "net.pt2"], "it has no weights to run with"), (["signal", "net.json"], "it has no weights to run with"),
        (["signal", "w.safetensors"], "w.safetensors holds weights, not a network"),
        (["chart", "--kind", "tokens", "net.onnx"], "it has no weights to run with"),
    ],
)  # fmt: skip
def test_a_file_cannot_be_run(words, said, capsys):
    assert said in refused(words, capsys)


def test_open_names_the_variable_of_its_folder(tmp_path, monkeypatch, capsys):
    (tmp_path / "taken").write_text("")
    monkeypatch.setenv("ARCHSCOPE_STORE", str(tmp_path / "taken"))
    said = refused(["open", "lenet5"], capsys, 1)
    assert "cannot write" in said
    assert "ARCHSCOPE_STORE=FOLDER" in said
    assert "--out" not in said


def test_two_files_of_one_network_go_by_their_names_and_modes(capsys):
    for mode in ("eval", "train"):
        assert run(["trace", "lenet5_dense", "--mode", mode, "--out", f"{mode}.json"]) == 0
    capsys.readouterr()
    assert run(["diff", "eval.json", "train.json"]) == 0
    shown = capsys.readouterr().out.splitlines()
    assert shown[0] == "eval.json and train.json: no structural difference"
    assert (shown[1].endswith("; eval mode"), shown[2].endswith("; train mode")) == (True, True)
    assert run(["diff", "eval.json", "eval.json"]) == 0
    assert capsys.readouterr().out.startswith("first and second: ")


@pytest.mark.parametrize("rate", ["nan", "-1", "inf"])
def test_what_is_no_learning_rate(rate, capsys):
    assert f"--lr {float(rate)} is no learning rate" in refused(["signal", "lenet5", "--steps", "1", "--lr", rate], capsys)


@pytest.mark.parametrize("command", ["list", "metrics"])
def test_a_pattern_that_nothing_matches(command, capsys):
    assert "'zzz'" in refused([command, "zzz"], capsys)


def test_a_sweep_of_one_name_that_is_wrong_is_not_begun(tmp_path, capsys):
    assert "did you mean resnet18" in refused(["sweep", "resnet188"], capsys)
    assert not (tmp_path / "reports").exists()
