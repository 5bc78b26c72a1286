"""The help: what is said in brackets is shown."""

import re

import pytest

from archscope.cli.app import application, run
from archscope.cli.command_files import COMMANDS


@pytest.mark.parametrize("name", COMMANDS)
def test_no_help_loses_what_stands_in_brackets(name, capsys):
    import typer

    command = typer.main.get_command(application([name])).commands[name.strip("_")]
    texts = [command.help or "", *(param.help or "" for param in command.params if hasattr(param, "help"))]
    said = [word for text in texts for word in re.findall(r"\[[^\]]*\]", text)]
    assert run([name.strip("_"), "--help"]) == 0
    shown = re.sub(r"[\s│]", "", capsys.readouterr().out)
    assert "\\[" not in shown
    for word in said:
        assert re.sub(r"\s", "", word) in shown


def test_the_budgets_of_pyproject_are_named(capsys):
    assert run(["check", "--help"]) == 0
    assert "[tool.archscope.budgets]" in " ".join(capsys.readouterr().out.replace("│", " ").split())
