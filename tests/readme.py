"""The README's console blocks: found, run, compared. `python -m tests.readme` writes what the commands print now into the README.

In a block, a line `$ archscope ...` is run in an empty folder, and the lines below it are what it prints; a line of three dots stands for any
number of lines, and three dots inside a line for any text.
"""

import contextlib
import io
import os
import re
import shlex
import tempfile
from pathlib import Path
from typing import NamedTuple

from archscope.cli.app import run

README = Path(__file__).parent.parent / "README.md"
_BLOCK = re.compile(r"^```console\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_ANYTHING = re.compile(r"\.\.\.(?!\))")


class Example(NamedTuple):
    """A command, what the README says that it prints, and where in the README that stands."""

    words: list[str]
    expected: str
    start: int
    end: int


def examples(text: str) -> list[Example]:
    """Every command of every console block."""
    found = []
    for block in _BLOCK.finditer(text):
        starts = [match.start() + block.start(1) for match in re.finditer(r"^\$ ", block[1], re.MULTILINE)]
        for start, end in zip(starts, [*starts[1:], block.end(1)], strict=True):
            line, _, expected = text[start:end].partition("\n")
            found.append(Example(shlex.split(line[2:]), expected, start + len(line) + 1, end))
    return found


def printed(words: list[str]) -> tuple[int, str]:
    """Exit code and output of one command, run in an empty folder with a terminal of no width."""
    assert words[0] == "archscope", words
    out, err = io.StringIO(), io.StringIO()
    before = Path.cwd()
    with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        os.chdir(folder)
        try:
            code = run(words[1:])
        finally:
            os.chdir(before)
    return code, plain(out.getvalue() + err.getvalue())


def plain(text: str) -> str:
    """Without what differs from machine to machine."""
    return re.sub(r"torch \d[\w.+]*", "torch 2.x", text).strip("\n")


def pattern(expected: str) -> re.Pattern[str]:
    """What the README shows, as a pattern."""
    lines = []
    for line in plain(expected).split("\n"):
        lines.append("(?:.*\n)*" if line.strip() == "..." else ".*".join(map(re.escape, _ANYTHING.split(line))) + "\n")
    return re.compile("".join(lines))


def main() -> None:
    text = README.read_text()
    for example in reversed(examples(text)):
        if "..." not in example.expected.split("\n"):
            _, output = printed(example.words)
            gap = "\n" if example.end < len(text) and text[example.end : example.end + 3] != "```" else ""
            text = text[: example.start] + output + "\n" + gap + text[example.end :]
    README.write_text(text)


if __name__ == "__main__":
    main()
