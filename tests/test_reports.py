"""The files in reports/ are what their commands write today."""

import importlib.util
import os
import re
import shutil
import subprocess
import sys
from importlib.metadata import version
from itertools import pairwise
from pathlib import Path

ROOT = Path(__file__).parent.parent
REPORTS = ROOT / "reports"

_spec = importlib.util.spec_from_file_location("reports_main", REPORTS / "__main__.py")
reports_main = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(reports_main)

INDEX = list(reports_main.index((REPORTS / "README.md").read_text(encoding="utf-8")))
CURRENT = [entry.file for entry in INDEX if not entry.measured]


def content(folder: Path, file: str) -> str:
    """A report without the versions of torch and Python, and the system."""
    text = re.sub(r"torch \d[\w.+]*", "torch", (folder / file).read_text(encoding="utf-8"))
    return re.sub(r'Python \d[\w.+]* on \w+|"python":"[^"]*","system":"[^"]*"', "Python", text)


def gallery_libraries_are_the_same() -> bool:
    """Whether the libraries that build the gallery's networks are those that it was made with."""
    said = re.search(r"Made with (.*)\.$", (REPORTS / "gallery" / "README.md").read_text(encoding="utf-8"), re.MULTILINE)
    return all(version(name).partition("+")[0] == number for name, number in (one.split() for one in said[1].split(", ")))


def is_current(kept: str, new: str) -> bool:
    drawn = re.search(r"<!-- matplotlib (\S+) -->", kept)
    if drawn is not None and drawn[1] != version("matplotlib"):
        # Another version draws another file; what it shows is the same.
        return re.findall(r"<desc>.*?</desc>", kept, re.DOTALL) == re.findall(r"<desc>.*?</desc>", new, re.DOTALL)
    return kept == new


def test_every_deterministic_report_is_what_its_command_writes(tmp_path):
    shutil.copytree(REPORTS / "gallery", tmp_path / "reports" / "gallery", ignore=shutil.ignore_patterns("*.svg"))
    where = {**os.environ, "ARCHSCOPE_STORE": str(tmp_path / "store"), "OMP_NUM_THREADS": "1"}
    run = subprocess.run(
        [sys.executable, REPORTS / "__main__.py"], cwd=tmp_path, env=where, capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stderr
    made = tmp_path / "reports"
    files = [entry.file for entry in INDEX if not entry.measured]
    assert len(files) > 20
    if not gallery_libraries_are_the_same():
        files = [file for file in files if not file.startswith("gallery/")]
    stale = [file for file in files if not is_current(content(REPORTS, file), content(made, file))]
    assert stale == [], "out of date: make reports"


def test_every_file_has_its_line_in_the_index_and_every_line_its_file():
    there = {str(path.relative_to(REPORTS)) for path in REPORTS.rglob("*") if path.is_file() and "__pycache__" not in path.parts}
    guides = {"README.md", "__main__.py", "screenshots.py", "signal/README.md", "gallery/README.md"}
    assert there - guides - {"gallery/unet.py", "gallery/tagger.py", "gallery/translator.py"} == {entry.file for entry in INDEX}


def test_each_command_writes_the_file_beside_it():
    for entry in INDEX:
        written = [word for option, word in pairwise(entry.words) if option in ("--out", "--chart")]
        assert f"reports/{entry.file}" in written or written == [Path(entry.file).suffix[1:]], entry
