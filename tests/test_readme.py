"""The README tells the truth: its commands print what it shows, its Python runs, it names every command."""

import doctest
import re

import pytest

from archscope.cli.app import COMMANDS
from tests.readme import README, Example, examples, pattern, printed

TEXT = README.read_text()


@pytest.mark.parametrize("example", examples(TEXT), ids=lambda example: " ".join(example.words[1:]))
def test_a_command_prints_what_the_readme_shows(example: Example):
    code, output = printed(example.words)
    assert code == 0, output
    assert pattern(example.expected).fullmatch(output + "\n"), output


def test_the_python_of_the_readme_gives_what_it_shows():
    blocks = re.findall(r"^```python\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)
    parser, runner = doctest.DocTestParser(), doctest.DocTestRunner(optionflags=doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE)
    assert blocks
    runner.run(parser.get_doctest("\n".join(blocks), {}, "README", str(README), 0))
    assert runner.summarize(verbose=False).failed == 0


@pytest.mark.parametrize("command", [name.strip("_") for name in COMMANDS])
def test_every_command_is_in_the_readme(command: str):
    assert re.search(rf"archscope {command}\b", TEXT)


def test_the_two_commands_of_the_readme_are_targets_of_the_makefile():
    makefile = (README.parent / "Makefile").read_text()
    for target in ("demo", "test"):
        assert f"make {target}" in TEXT
        assert re.search(rf"^{target}:", makefile, re.MULTILINE)
    assert (README.parent / ".ci" / "run").read_text().strip().splitlines()[-1] == "make test"


def test_the_readme_is_short():
    assert len(TEXT.splitlines()) <= 350
