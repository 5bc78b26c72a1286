"""What cannot be meant is refused in one line with a hint, and never answered with something else."""

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
