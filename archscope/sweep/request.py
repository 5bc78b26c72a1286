"""What was asked for, in words: the same request may go on with what another run has begun, a different one may not."""

import hashlib
import os
import platform
import sys
from collections.abc import Iterable, Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import archscope
from archscope.models.source import SOURCES
from archscope.supported import require_torch
from archscope.sweep.own_files import needed
from archscope.sweep.specification import Limits


def request(words: Sequence[str], options: Mapping[str, str], limits: Limits, names: Iterable[str]) -> dict[str, str]:
    """Everything that decides the table: the words, the options, the limits, the files of one's own and the libraries.

    The number of processes and the engine are not among it.

    Arguments:
        words: of the models, as they were given.
        options: the others by their flags: {"--set depth": "2..8"}.
        names: of the models, for their files and libraries.

    Raises `ArchscopeError` where torch is too old: its workers would all say so.
    """
    require_torch(_version("torch"))
    names = list(names)
    files = {f"file {path}": hashlib.sha256(path.read_bytes()).hexdigest()[:16] for path in needed(names)}
    prefixes = {name.partition(":")[0] for name in names if ":" in name}
    packages = [package for prefix in sorted(prefixes) if prefix in SOURCES for package in SOURCES[prefix].packages or ()]
    return {
        "models": " ".join(words),
        **{flag: value for flag, value in options.items() if value},
        "--timeout": f"{limits.seconds:g}",
        "--memory": str(limits.memory),
        **files,
        "archscope": f"{archscope.__version__} ({_own_source()})",
        **{package: _version(package) for package in ("torch", *packages)},
    }


def environment() -> dict[str, str]:
    """Where the rows were made, for a reader of the file."""
    return {
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "cores": str(os.cpu_count() or 1),
        **{name: _version(name) for name in ("torch", "torchvision", "timm", "pyarrow") if _version(name)},
    }


def command() -> str:
    """The command line, as it could be typed."""
    import shlex

    return shlex.join(["archscope", *sys.argv[1:]])


def _own_source() -> str:
    """A digest of archscope itself: another one may count in another way."""
    root = Path(archscope.__file__).parent
    content = hashlib.sha256()
    for path in sorted(root.rglob("*.py")):
        content.update(f"{path.relative_to(root)}".encode() + path.read_bytes())
    return content.hexdigest()[:8]


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return ""


def about(request: Mapping[str, str], metrics: Sequence[str], failures: Mapping[str, int], rows: int) -> dict[str, Any]:
    """What stands in the metadata of the result."""
    return {
        "kind": "archscope sweep", "schema_version": 1, "command": command(), "request": dict(request), "metrics": list(metrics),
        "rows": rows, "failures": dict(failures), "environment": environment(),
    }  # fmt: skip
