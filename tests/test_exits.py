"""Code of a user's own that ends the process: an error of its own like any other, wherever it is met; Ctrl-C still interrupts."""

import sys

import pytest

import archscope.cli
from archscope.cli.app import run

NETS = """
import sys
from torch import nn

class Net(nn.Module):
    def __init__(self, code=None):
        super().__init__()
        self.linear = nn.Linear(3, 3)

    def forward(self, x):
        return self.linear(x)

class Built(Net):
    def __init__(self):
        sys.exit(0)

class Quiet(Net):
    def forward(self, x):
        sys.exit(0)

class Said(Net):
    def forward(self, x):
        sys.exit("bye")

class Nothing(Net):
    def forward(self, x):
        sys.exit()

class Interrupted(Net):
    def forward(self, x):
        raise KeyboardInterrupt
"""


@pytest.fixture(autouse=True)
def _folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "net.py").write_text(NETS)
    (tmp_path / "ends.py").write_text("import sys\nsys.exit(0)\n")
    (tmp_path / "raises.py").write_text("raise ValueError('at import')\n")
    yield
    for name in ("ends", "raises"):
        sys.modules.pop(name, None)


@pytest.mark.parametrize(
    ("model", "said"),
    [
        ("net.py:Quiet", "net.py:Quiet failed: SystemExit: 0"), ("net.py:Said", "net.py:Said failed: SystemExit: bye"),
        ("net.py:Nothing", "net.py:Nothing failed: SystemExit"), ("net.py:Built", "net.py:Built cannot be built: SystemExit: 0"),
        ("ends.py:Net", "ends.py cannot be built: SystemExit: 0"), ("ends:Net", "ends cannot be built: SystemExit: 0"),
        ("raises:Net", "raises cannot be built: ValueError: at import"),
    ],
)  # fmt: skip
def test_ending_the_process_is_an_error_of_the_network(model, said, capsys):
    assert run(["params", model, "-i", "3"]) == 1
    assert capsys.readouterr().err.splitlines()[0] == f"error: {said}"


def test_the_other_networks_are_looked_at_all_the_same(capsys):
    assert run(["check", "net.py:Quiet", "net.py:Net", "-i", "3", "--max-params", "12"]) == 1
    shown = capsys.readouterr()
    assert "budgets kept" in shown.out
    assert "net.py:Quiet failed: SystemExit: 0" in shown.err
    assert run(["compare", "net.py:Quiet", "net.py:Net", "-i", "3"]) == 1
    assert "SystemExit: 0" in capsys.readouterr().out


@pytest.mark.parametrize("words", [["bench", "--runs", "1"], ["signal", "--samples", "1"]])
def test_what_runs_with_weights_says_so_too(words, capsys):
    assert run([words[0], "net.py:Quiet", "-i", "3", *words[1:]]) == 1
    assert "SystemExit: 0" in capsys.readouterr().err


def test_ctrl_c_interrupts(capsys):
    assert run(["params", "net.py:Interrupted", "net.py:Net", "-i", "3"]) == 130
    assert capsys.readouterr() == ("", "error: interrupted\n")


def test_ctrl_c_before_anything_runs_interrupts(monkeypatch, capsys):
    def interrupted() -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("archscope.cli.app.main", interrupted)
    with pytest.raises(SystemExit) as ended:
        archscope.cli.main()
    assert (ended.value.code, capsys.readouterr().err) == (130, "error: interrupted\n")
