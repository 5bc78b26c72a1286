"""CONTRIBUTING.md tells the truth: each of its examples, put into a copy of the package, is seen by the command that it names."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from readme import examples, pattern

ROOT = Path(__file__).parent.parent
TEXT = (ROOT / "CONTRIBUTING.md").read_text()
EXAMPLES = re.findall(r"^`(archscope/[\w/]+\.py)`:\n\n```python\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)

NET = '''
"""Two networks that use operators of our own."""

import torch
from torch import nn


@torch.library.custom_op("mylab::gate", mutates_args=())
def gate(x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    return x * torch.sigmoid(y)


@torch.library.custom_op("mylab::shuffle", mutates_args=())
def shuffle(x: torch.Tensor) -> torch.Tensor:
    return x.flip(-1)


gate.register_fake(lambda x, y: torch.empty_like(x))
shuffle.register_fake(lambda x: torch.empty_like(x))


class Gated(nn.Module):
    def forward(self, x):
        return gate(x, x)


class Shuffled(nn.Module):
    def forward(self, x):
        return shuffle(x)
'''


@pytest.fixture(scope="module")
def extended(tmp_path_factory) -> Path:
    """A folder with a copy of the package in which all the examples are, and with `net.py` and `net.params`."""
    folder = tmp_path_factory.mktemp("extended")
    shutil.copytree(ROOT / "archscope", folder / "archscope", ignore=shutil.ignore_patterns("__pycache__"))
    for path, code in EXAMPLES:
        assert not (folder / path).exists(), f"{path} is there already"
        (folder / path).write_text(code)
    (folder / "net.py").write_text(NET)
    (folder / "net.params").write_text("fc.weight 10x784\nfc.bias 10\n")
    _python(folder, "-m", "archscope.zoo.verification")
    return folder


def _python(folder: Path, *arguments: str) -> str:
    done = subprocess.run([sys.executable, *arguments], cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_every_row_of_the_table_has_an_example_of_at_most_15_lines():
    rows = re.findall(r"^\| \[.*\]\((#[\w-]+)\) \|", TEXT, re.MULTILINE)
    headings = {
        "#" + re.sub(r"[^\w -]", "", words).lower().replace(" ", "-") for words in re.findall(r"^### (.+)$", TEXT, re.MULTILINE)
    }
    assert rows
    assert set(rows) == headings
    for path, code in EXAMPLES:
        assert len([line for line in code.splitlines() if line.strip()]) <= 15, path


@pytest.mark.parametrize("example", examples(TEXT), ids=lambda example: " ".join(example.words[1:]))
def test_what_was_added_is_seen_by_its_command(extended, example):
    printed = _python(extended, "-m", "archscope", *example.words[1:])
    assert pattern(example.expected).fullmatch(printed.strip("\n") + "\n"), printed


def test_the_copy_is_what_ran(extended):
    assert Path(_python(extended, "-c", "import archscope; print(archscope.__file__)").strip()).is_relative_to(extended)
