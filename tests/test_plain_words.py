"""The lighter start of the command line: every word means what it means to typer, and every error is typer's."""

import subprocess
import sys

import pytest

from archscope.cli import plain_words
from archscope.cli.app import run

WORDS = ["2", "+2", "-1", "0", "02", "1_0", " 2", "2 ", "2.0", "1e1", "x", "", "\u0664", "9" * 15, "9" * 30, "inf", "nan", "true"]


@pytest.mark.parametrize("option", ["--depth", "--batch"])
@pytest.mark.parametrize("word", WORDS, ids=ascii)
def test_a_number_is_what_typer_makes_of_it(option, word, capsys, monkeypatch):
    line = ["params", "lenet5_dense", option, word, "--format", "csv"]
    ours = run(line), capsys.readouterr()
    monkeypatch.setattr(plain_words, "_lightened", lambda params: params)
    assert (run(line), capsys.readouterr()) == ours


@pytest.mark.parametrize("word", [*WORDS, "0.5", ".5", "5."], ids=ascii)
@pytest.mark.parametrize("least", [None, 0])
def test_a_fraction_is_what_typer_makes_of_it(word, least, capsys, monkeypatch):
    import typer

    seen = []
    app = typer.Typer()

    def command(share: float = typer.Option(1.0, min=least), names: list[str] = typer.Option([]), flag: bool = False) -> None:  # noqa: B008
        seen.append((type(share), str(share), names, flag))

    app.command(cls=plain_words.Command)(command)
    for lightened in (plain_words._lightened, lambda params: params):
        monkeypatch.setattr(plain_words, "_lightened", lightened)
        for line in (["--share", word], ["--share", word, "--names", word, "--names", "b", "--flag"]):
            try:
                app(line, standalone_mode=False)
            except Exception as error:
                seen.append((type(error).__name__, str(error)))
    assert seen[:2] == seen[2:]
    assert len(seen) == 4


def test_the_help_is_typers_own(capsys, monkeypatch):
    code = "import sys; from archscope.cli import plain_words as w; {}; from archscope.cli.app import run; sys.exit(run(['params', '--help']))"
    pages = [
        subprocess.run([sys.executable, "-c", code.format(way)], capture_output=True, text=True, check=True).stdout
        for way in ("0", "w._postpone = lambda: None", "w._UNUSED = {'rich.markdown': 'Other', 'rich.traceback': 'Other'}")
    ]
    assert "--depth" in pages[0]
    assert len(set(pages)) == 1


def test_what_was_postponed_is_there_when_it_is_made():
    code = """
import sys
from archscope.cli import plain_words
plain_words._postpone()
import typer.rich_utils as help
assert "rich.markdown" not in sys.modules
made = help.Markdown("*x*")
assert type(made).__module__ == "rich.markdown", type(made)
"""
    subprocess.run([sys.executable, "-c", code], check=True)
