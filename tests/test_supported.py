"""What is declared is what is tested: pyproject.toml, the code, CI, README and Makefile name the same releases, and on an older one
every command says so in one line.
"""

import ast
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from lower_bounds import PYPROJECT, constraints

import archscope
from archscope import supported
from archscope.errors import ArchscopeError
from archscope.models.source import optional

ROOT = PYPROJECT.parent
PROJECT = tomllib.loads(PYPROJECT.read_text())["project"]
PYTHONS = [tuple(map(int, found)) for found in re.findall(r"Python :: (\d+)\.(\d+)", "\n".join(PROJECT["classifiers"]))]
OLDEST, NEWEST = (".".join(map(str, version)) for version in (PYTHONS[0], PYTHONS[-1]))
TORCH = ".".join(map(str, supported.TORCH))


def test_the_code_refuses_what_pyproject_does_not_declare():
    assert PROJECT["requires-python"] == f">={OLDEST}"
    assert PYTHONS[0] == supported.PYTHON
    assert f"torch>={TORCH}" in PROJECT["dependencies"]


def test_no_python_between_the_oldest_and_the_newest_is_left_out():
    assert [(3, minor) for minor in range(PYTHONS[0][1], PYTHONS[-1][1] + 1)] == PYTHONS


def test_ci_runs_the_oldest_and_the_newest():
    workflow = (ROOT / ".github" / "workflows" / "ci.yml").read_text()
    runs = set(re.findall(r'python: "([\d.]+)", target: ([\w-]+)', workflow))
    assert {(OLDEST, "test"), (NEWEST, "test"), (OLDEST, "test-oldest")} <= runs
    assert {python for python, _ in runs} <= {".".join(map(str, version)) for version in PYTHONS}


def test_every_target_of_ci_is_in_the_makefile():
    makefile = (ROOT / "Makefile").read_text()
    for target in ("demo", "test", "test-oldest"):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE)
        assert f"make {target}" in (ROOT / "CONTRIBUTING.md").read_text()


def test_the_readme_names_them():
    readme = (ROOT / "README.md").read_text()
    assert f"Python {OLDEST} to {NEWEST}" in readme
    assert f"torch ({TORCH} or newer will do)" in readme


def test_every_requirement_has_a_lower_bound_that_is_tested():
    lines = constraints(PROJECT, ("test",))
    declared = {re.match(r"[\w.-]+", requirement)[0] for requirement in PROJECT["dependencies"]}
    for extra in ("torchvision", "timm", "hf", "onnx", "digits", "ray"):
        assert f"archscope[{extra}]" in constraints_of("test") or extra in constraints_of("test")
        declared |= {re.match(r"[\w.-]+", requirement)[0] for requirement in PROJECT["optional-dependencies"][extra]}
    assert declared <= {line.partition("==")[0] for line in lines}
    assert f"torch=={TORCH}" in lines
    with pytest.raises(ValueError, match="numpy has no lower bound"):
        constraints({"name": "x", "dependencies": ["numpy"]}, ())


def constraints_of(extra: str) -> str:
    return " ".join(PROJECT["optional-dependencies"][extra])


# -- an older one ---------------------------------------------------------------------------------------------------------------

OLD_TORCH = """
import sys
import torch
torch.__version__ = "2.3.1+cu121"
import importlib.metadata
real = importlib.metadata.version
importlib.metadata.version = lambda name: "2.3.1" if name == "torch" else real(name)
from archscope.cli.app import run
for line in sys.stdin:
    print(line.strip(), "->", run(line.split()), file=sys.stderr, flush=True)
import archscope
for call in (lambda: archscope.trace, lambda: archscope.load("lenet5"), lambda: archscope.propagate, lambda: archscope.look("lenet5", batch=2)):
    try:
        call()
    except archscope.ArchscopeError as error:
        print(type(error).__name__, error, file=sys.stderr)
"""

COMMANDS = """
params lenet5 --batch 2
flops torchvision:resnet18
memory lenet5
shapes lenet5 --batch 2
diagram torchvision:resnet18 --out -
tree torchvision:resnet18
trace lenet5 --batch 2 --out -
compare torchvision:resnet18 torchvision:resnet34
chart torchvision:resnet18 --out x.svg
report torchvision:resnet18 --out x.html
signal lenet5
sweep lenet5 --out x.csv
diff lenet5 torchvision:resnet18
verify lenet5
check torchvision:resnet18 --max-params 1
bench lenet5 --runs 1
flops lenet5 --cross-check torch
"""


def test_every_command_says_that_torch_is_too_old(tmp_path):
    found = subprocess.run(
        [sys.executable, "-c", OLD_TORCH], input=COMMANDS.strip(), capture_output=True, text=True, check=True, cwd=tmp_path
    )
    said = f"archscope needs torch {TORCH} or newer, and this is torch 2.3.1"
    errors, codes, calls = [], [], []
    for line in found.stderr.splitlines():
        (errors if line.startswith("error: ") else codes if " -> " in line else calls).append(line)
    assert [re.sub(r"\+cu121", "", line) for line in errors] == [f"error: {said}"] * len(codes)
    assert codes == [f"{line} -> 1" for line in COMMANDS.strip().splitlines()]
    hints = [line for line in calls if line.startswith("hint: ")]
    assert hints == [f"hint: pip install --upgrade 'torch>={TORCH}'"] * len(codes)
    assert [line for line in calls if line.startswith("ArchscopeError")] == [
        f"ArchscopeError {said}+cu121 (pip install --upgrade 'torch>={TORCH}')"
    ] * 4
    assert found.stdout == ""
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("release", ["2.6.0", "2.6.0a0+git123", "2.14.1+cpu", "3.0.0", "10.1", "a build of one's own"])
def test_what_is_new_enough_or_cannot_be_told_is_taken(release):
    supported.require_torch(release)


@pytest.mark.parametrize("release", ["2.5.1", "2.4.1+cu121", "1.13.1"])
def test_what_is_too_old_is_refused(release):
    with pytest.raises(ArchscopeError, match=f"needs torch {re.escape(TORCH)} or newer, and this is torch {re.escape(release)}"):
        supported.require_torch(release)


def test_torch_may_be_missing(tmp_path):
    code = "import sys; sys.modules['torch'] = None; from archscope.cli.app import run; sys.exit(run(['params', 'lenet5', '--batch', '2']))"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, cwd=tmp_path)
    assert (found.returncode, found.stderr) == (
        1, f"error: torch is not installed\nhint: pip install --upgrade 'torch>={TORCH}'\n",
    )  # fmt: skip


@pytest.mark.parametrize(
    "start", ["from archscope.cli import main; main()", "import runpy; runpy.run_module('archscope', run_name='__main__')"]
)
def test_an_old_python_is_told_so(start):
    code = f"import re, typing, importlib, runpy, sys; sys.version_info = (3, 9, 2, 'final', 0); {start}"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (found.returncode, found.stderr) == (1, f"error: archscope needs Python {OLDEST} or newer, and this is Python 3.9.2\n")


def test_the_library_tells_an_old_python_too(monkeypatch):
    monkeypatch.setattr(sys, "version_info", (3, 10, 1, "final", 0))
    with pytest.raises(ArchscopeError, match=r"this is Python 3\.10\.1"):
        _ = archscope.trace


@pytest.mark.parametrize("path", ["__init__.py", "__main__.py", "cli/__init__.py", "errors.py", "supported.py"])
def test_an_old_python_can_read_what_tells_it(path):
    ast.parse((Path(archscope.__file__).parent / path).read_text(), feature_version=(3, 7))


def test_a_library_for_another_torch_is_one_line(tmp_path, monkeypatch):
    (tmp_path / "otherlib.py").write_text("raise RuntimeError('operator otherlib::nms does not exist\\n  at C')")
    (tmp_path / "needylib.py").write_text("import nosuchlib")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(
        ArchscopeError, match=r"^otherlib cannot be imported: operator otherlib::nms does not exist \(is it of another release"
    ):
        optional("otherlib", "otherlib")
    with pytest.raises(ArchscopeError, match="needylib cannot be imported: No module named 'nosuchlib'"):
        optional("needylib", "needylib")
    with pytest.raises(ArchscopeError, match="nosuchlib is not installed"):
        optional("nosuchlib.models", "nosuchlib")
