"""What a shell is told at Tab, against typer's own answer to the same question."""

import json
import os
import re
import subprocess
import sys

import pytest

from archscope.cli.command_files import COMMANDS, docstring

SHELLS = ("bash", "zsh", "fish", "powershell", "pwsh")
LINES = (
    "archscope ", "archscope pa", "archscope -", "archscope --v", "archscope params inc", "archscope params inception_v4 ",
    "archscope params inception_v4 resnet50 vgg", "archscope shapes inception_v4 ", "archscope params --batch ", "archscope params --batch 2 --b",
    "archscope params --batch=2 --b", "archscope params -b 2 -", "archscope params --input 3x8x8 --inp", "archscope params --exact --ex",
    "archscope params --format=c", "archscope params -- --f", "archscope params -- inc", "archscope params 'inc", "archscope params no_such_",
    "archscope compare --columns params,macs --c", "archscope compare --sort x inc", "archscope diff resnet18 ", "archscope diff resnet18 resnet",
    *(f"archscope {name.strip('_')} {begun}" for name in COMMANDS for begun in ("-", "lenet5 --")),
)  # fmt: skip

THEIRS = """
import contextlib, io, json, os, sys
import typer
from archscope.cli.app import application
command = typer.main.get_command(application())
def answer(asked):
    os.environ.update(asked)
    out = io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.suppress(SystemExit):
        command([], prog_name="archscope", standalone_mode=False)
    return out.getvalue()
"""
OURS = """
import contextlib, io, json, os, sys
from archscope.cli.completion import answered
def answer(asked):
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        assert answered(asked)
    return out.getvalue()
"""
ALL = "\nprint(json.dumps([answer(asked) for asked in json.load(sys.stdin)]))"


def question(shell: str, line: str) -> dict[str, str]:
    words = line.split(" ")
    return {
        "_ARCHSCOPE_COMPLETE": f"complete_{shell}", "COMP_WORDS": line, "COMP_CWORD": str(len(words) - 1), "_TYPER_COMPLETE_ARGS": line,
        "_TYPER_COMPLETE_FISH_ACTION": "get-args", "_TYPER_COMPLETE_WORD_TO_COMPLETE": words[-1],
    }  # fmt: skip


@pytest.fixture(scope="module")
def answers() -> dict[tuple[str, str], tuple[str, str]]:
    asked = [(shell, line) for shell in SHELLS for line in LINES]
    data = json.dumps([question(*one) for one in asked])
    # A wide page: typer breaks a description at the width of the terminal.
    environment = {**os.environ, "COLUMNS": "10000", "TERMINAL_WIDTH": "10000"}
    ours, theirs = (
        json.loads(subprocess.run([sys.executable, "-c", code + ALL], input=data, env=environment, capture_output=True, text=True, check=True).stdout)
        for code in (OURS, THEIRS)
    )  # fmt: skip
    return {one: pair for one, *pair in zip(asked, ours, theirs, strict=True)}


def values(shell: str, answer: str) -> list[str]:
    if shell == "zsh":
        return re.findall(r'^(?:_arguments \'\*: :\(\()?"((?:""|[^"])*)"', answer, re.MULTILINE)
    return [re.split("\t|:::", line)[0] for line in answer.split("\n") if line]


@pytest.mark.parametrize("shell", SHELLS)
def test_the_words_are_typers(answers, shell):
    some = 0
    for line in LINES:
        ours, theirs = (values(shell, answer) for answer in answers[shell, line])
        assert sorted(ours) == sorted(theirs), line  # typer gives --help and -h in whatever order
        some += bool(ours)
    assert some > len(LINES) / 2


@pytest.mark.parametrize("shell", SHELLS)
def test_so_are_the_descriptions_of_options(answers, shell):
    """Of commands, typer shows no more than 45 characters. It takes a [word] for a sign of its own, and leaves it out."""
    for line in (line for line in LINES if line.split(" ")[-1].startswith("-")):
        ours, theirs = (sorted(re.sub(r"\[[^]\n]*\]", "", answer).split()) for answer in answers[shell, line])
        assert ours == theirs, line


def test_a_command_is_described_by_its_first_sentence(answers):
    ours = dict(line.split("\t") for line in answers["fish", "archscope "][0].splitlines())
    theirs = dict(line.split("\t") for line in answers["fish", "archscope "][1].splitlines())
    assert ours.keys() == theirs.keys()
    for name, words in theirs.items():
        assert ours[name].startswith(words.removesuffix("...").removesuffix("."))


@pytest.mark.parametrize("name", COMMANDS)
def test_the_docstring_is_found_without_importing(name):
    from importlib import import_module
    from inspect import getdoc

    assert docstring(name) == getdoc(getattr(import_module(f"archscope.cli.{name}"), name))


@pytest.mark.parametrize(("line", "code"), [("archscope params inc", 0), ("archscope params no_such_", 1)])
def test_fish_asks_whether_there_is_anything(line, code):
    asked = {**os.environ, **question("fish", line), "_TYPER_COMPLETE_FISH_ACTION": "is-args"}
    assert subprocess.run([sys.executable, "-m", "archscope"], env=asked, check=False).returncode == code


def test_the_script_for_a_shell_is_typers():
    asked = {**os.environ, "_ARCHSCOPE_COMPLETE": "source_fish"}
    script = subprocess.run([sys.executable, "-m", "archscope"], env=asked, capture_output=True, text=True, check=True).stdout
    assert "complete_fish" in script
