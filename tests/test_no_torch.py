"""What must feel instant never imports torch: import, help, completion, wrong words, the first look at a network of ours, every
second look.
"""

import os
import subprocess
import sys

import pytest

HEAVY = ("torch", "torchvision", "timm", "pandas", "numpy", "sympy", "fvcore")

PROBE = """
import atexit, sys
there = set(sys.modules)  # what the environment itself loads
atexit.register(lambda: print(*[name for name in {heavy} if name in sys.modules and name not in there], file=sys.stderr))
from archscope.cli.app import run
sys.exit(run(sys.argv[1:]))
"""


@pytest.fixture(scope="module")
def python(tmp_path_factory):
    store = tmp_path_factory.mktemp("traces")

    def call(*words: str, code: str = PROBE, cwd=None, **environment: str) -> subprocess.CompletedProcess:
        return subprocess.run(
            [sys.executable, "-c", code.format(heavy=HEAVY), *words],
            capture_output=True, text=True, check=False, cwd=cwd, env={**os.environ, "ARCHSCOPE_STORE": str(store), **environment},
        )  # fmt: skip

    return call


def heavy(found: subprocess.CompletedProcess) -> list[str]:
    return found.stderr.splitlines()[-1].split()


def test_importing_archscope(python):
    code = "import archscope, sys; dir(archscope); print(*[m for m in {heavy} if m in sys.modules], file=sys.stderr)"
    assert heavy(python(code=code)) == []


def test_every_public_name_is_there(python):
    code = "import archscope as a; [getattr(a, name) for name in a.__all__]; assert set(a.__all__) <= set(dir(a))"
    assert python(code=code).stderr == ""


@pytest.mark.parametrize(
    "words",
    [
        ("--help",), ("--version",), ("params", "--help"), ("flops", "--help"), ("shapes", "--help"), ("trace", "--help"), ("sweep", "--help"), ("pareto", "--help"),
        ("params",), ("parms", "x"), ("params", "lenet5", "--batch", "0"), ("params", "inceptoin_v4"), ("params", "lenet5", "--input", "x"),
        ("params", "nosuch.json"), ("list",), ("list", "resnet"), (),
    ],
    ids=" ".join,
)  # fmt: skip
def test_words_without_a_network(python, words):
    found = python(*words)
    assert "Traceback" not in found.stderr
    assert heavy(found) == []


def test_completion(python):
    line = {"COMP_WORDS": "archscope params inception_v", "COMP_CWORD": "2", "_ARCHSCOPE_COMPLETE": "complete_bash"}
    begin = PROBE.partition("from archscope")[0].replace("{heavy}", str((*HEAVY, "typer.core", "rich")))
    found = python(code=f"{begin}from archscope.cli import main\nmain()", **line)
    assert "inception_v4" in found.stdout.split()
    assert heavy(found) == []


@pytest.mark.parametrize(
    "words",
    [
        ("params", "v4"), ("flops", "v4", "--by", "layer"), ("shapes", "v4", "--every"), ("tree", "v4"), ("diagram", "v4", "--out", "v4.svg"),
        ("diff", "v4", "irv2"), ("trace", "v4"), ("cache",), ("cache", "clear"),
    ],
    ids=" ".join,
)  # fmt: skip
def test_a_first_look_at_a_network_of_ours(python, words, tmp_path):
    found = python(*words, cwd=tmp_path, ARCHSCOPE_STORE=str(tmp_path / "nothing"))
    assert found.returncode == 0
    assert heavy(found) == []
    assert not (tmp_path / "nothing").exists()


@pytest.mark.parametrize(
    ("words", "unneeded"),
    [
        (("params", "v4"), ("archscope.counts", "archscope.tracing", "archscope.models.trace_store", "rich.console", "importlib.metadata")),
        (("flops", "v4", "--format", "json"), ("archscope.counts", "rich.cells", "rich.console", "tempfile")),
        (("shapes", "v4", "--format", "csv"), ("archscope.counts", "rich.cells", "rich.console", "tempfile")),
        (("list",), ("archscope.counts", "rich.console", "archscope.models")),
        (("--help",), ("archscope.graph", "archscope.zoo", "rich.markdown", "markdown_it", "pygments")),
    ],
    ids=lambda words: " ".join(words),
)  # fmt: skip
def test_what_a_command_does_not_need_is_not_imported(python, words, unneeded):
    found = python(*words, code=PROBE.replace("{heavy}", str(unneeded)))
    assert found.returncode == 0
    assert heavy(found) == []


def test_a_first_comparison(python, tmp_path):
    found = python("compare", "v4", "irv2", "resnet50", "--format", "csv", ARCHSCOPE_STORE=str(tmp_path / "nothing"))
    assert len(found.stdout.splitlines()) == 4
    assert "torch" not in heavy(found)


@pytest.mark.parametrize("command", ["params", "flops", "shapes"])
def test_a_second_look(python, command):
    first, second = (python(command, "v4", "--batch", "2", "--format", "json") for _ in range(2))
    assert first.returncode == second.returncode == 0
    assert second.stdout == first.stdout
    assert heavy(second) == []


def test_a_second_look_at_a_file_of_ones_own(python, tmp_path):
    (tmp_path / "net.py").write_text("from torch import nn\nnet = nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU())\n")
    first, second = (python("params", "net.py:net", "--input", "3x8x8", cwd=tmp_path) for _ in range(2))
    assert first.returncode == second.returncode == 0
    assert second.stdout == first.stdout
    assert "torch" in heavy(first)
    assert heavy(second) == []


@pytest.mark.parametrize("form", ["table", "csv", "json", "md", "latex", "html"])
def test_every_format_of_a_first_look(python, form):
    assert heavy(python("flops", "v4", "--format", form)) == []


def test_a_saved_graph(python, tmp_path):
    assert python("trace", "v4", "--out", "v4.json", cwd=tmp_path).returncode == 0
    found = python("flops", "v4.json", "--by", "layer", cwd=tmp_path, ARCHSCOPE_STORE="off")
    assert found.returncode == 0
    assert heavy(found) == []
