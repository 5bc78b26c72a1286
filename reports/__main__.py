"""Makes the files of this folder anew, by the commands that stand beside them in README.md.

python -m reports               those that come out the same every time
python -m reports --measured    also those that are measured, or made from a file of one's own where it is here
"""

import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

FOLDER = Path(__file__).parent
_ROW = re.compile(r"^\| \[(?P<file>[^\]]+)\]\([^)]*\) \| `(?:archscope|python) (?P<words>[^`]+)` \|")


class Entry(NamedTuple):
    """A line of the index: the file, and the words of the command that makes it: of archscope, or of Python where they begin with
    -m; `measured` if not every run writes the same.
    """

    @property
    def needs(self) -> Path | None:
        """A file that the project does not have, and whoever runs the command brings."""
        return Path(self.words[self.words.index("--accuracy") + 1]) if "--accuracy" in self.words else None

    file: str
    words: list[str]
    measured: bool


def index(text: str) -> Iterator[Entry]:
    """The lines of README.md's tables."""
    measured = False
    for line in text.splitlines():
        if line.startswith("## "):
            measured = line != "## Deterministic"
        found = _ROW.match(line)
        if found:
            yield Entry(found["file"], shlex.split(found["words"]), measured)


def main(arguments: list[str]) -> int:
    """Runs the commands; returns the exit code of the first that fails."""
    from archscope.cli.app import run

    done: list[list[str]] = []
    for entry in index((FOLDER / "README.md").read_text(encoding="utf-8")):
        if entry.words in done or (entry.measured and "--measured" not in arguments):
            continue
        done.append(entry.words)
        if entry.needs is not None and not entry.needs.is_file():
            sys.stderr.write(f"{entry.file} stays as it is: {entry.needs} is not here\n")
            continue
        python = entry.words[0] == "-m"
        code = subprocess.run([sys.executable, *entry.words], check=False).returncode if python else run(entry.words)
        if code:
            return code
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
