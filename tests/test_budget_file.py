"""Budgets in pyproject.toml: what a table cannot mean is one line; models are found by alias, and files from the file's folder."""

import pytest

from archscope.cli.app import run
from archscope.comparison.budget_file import plans
from archscope.errors import UsageError

NET = """
from torch import nn

class Net(nn.Module):
    example_input_shape = (3,)

    def __init__(self):
        super().__init__()
        self.linear = nn.Linear(3, 3)

    def forward(self, x):
        return self.linear(x)
"""


@pytest.fixture(autouse=True)
def _folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def refused(table: str, tmp_path) -> UsageError:
    path = tmp_path / "pyproject.toml"
    path.write_text(f"[tool.archscope.budgets.lenet5]\n{table}\n")
    with pytest.raises(UsageError) as error:
        plans(path)
    assert str(path) in error.value.message
    assert "\n" not in error.value.message
    assert error.value.hint
    return error.value


@pytest.mark.parametrize("amount", ["nan", "inf", "-inf", "1e400", '"nan"', '"inf"', "true"])
@pytest.mark.parametrize("key", ["max-params", "max-latency", "max-forward-intensity"])
def test_what_is_no_finite_amount_is_refused(key, amount, tmp_path):
    path = tmp_path / "pyproject.toml"
    path.write_text(f"[tool.archscope.budgets.lenet5]\n{key} = {amount}\n")
    with pytest.raises(UsageError, match=r"is not an amount|below 0|is not a time|is not a number"):
        plans(path)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('batch = "2"', "batch = '2' of lenet5 is not possible"), ("batch = -1", "batch = -1"), ("batch = 1.5", "batch = 1.5"),
        ("batch = true", "batch = true"), ("batch = 0", "batch = 0"), ("dtype = 3", "dtype = 3"), ("input = 5", "input = 5"),
        ("input = [5]", "input = [5]"), ("input = []", "input = []"), ('mode = "fast"', "mode = 'fast'"),
        ("options = 3", "options = 3"), ("keep = -1", "keep = -1"), ('keep = { rpn = "x" }', "keep = {'rpn': 'x'}"),
    ],
)  # fmt: skip
def test_what_the_forward_cannot_be_is_refused(line, said, tmp_path, capsys):
    assert said in refused(f"max-params = 1\n{line}", tmp_path).message
    assert run(["check"]) == 2
    assert len(capsys.readouterr().err.splitlines()) == 2


def test_a_table_without_a_budget_keeps_none(tmp_path):
    assert "limits nothing" in refused("batch = 2", tmp_path).message
    (tmp_path / "pyproject.toml").write_text("tool = 3\n")
    with pytest.raises(UsageError, match="one table per model"):
        plans(tmp_path / "pyproject.toml")


def test_an_unknown_key_is_told_what_there_is(tmp_path):
    error = refused('max-params = 1\nset = "width=3"', tmp_path)
    assert "'set'" in error.message
    assert "options" in error.hint
    assert "max-macs" in error.hint


def test_a_file_of_a_model_is_looked_for_beside_the_budgets(tmp_path, monkeypatch, capsys):
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "net.py").write_text(NET)
    (tmp_path / "pyproject.toml").write_text('[tool.archscope.budgets."models/net.py:Net"]\nmax-params = 12\n')
    assert run(["check"]) == 0
    monkeypatch.chdir(tmp_path / "models")
    for words in ([], ["models/net.py:Net"], ["net.py:Net"], ["./net.py:Net"]):
        assert run(["check", *words]) == 0, capsys.readouterr().err
    assert run(["check", "other.py:Net"]) == 2


def test_an_alias_reaches_the_table_of_its_network(tmp_path, capsys):
    (tmp_path / "pyproject.toml").write_text("[tool.archscope.budgets.inception_v4]\nmax-params = 1\n")
    assert run(["check", "v4"]) == 1
    assert "inception_v4: budgets not kept" in capsys.readouterr().out
