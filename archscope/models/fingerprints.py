"""What a stored Graph depends on, told apart cheaply: archscope's own source, installed packages, the environment, files.
No torch.

Packages and archscope itself are told apart by modification times and sizes (reading them would cost more than the answer), a
user's own files by their content.
"""

import os
import sys
from collections.abc import Mapping
from functools import cache
from itertools import islice
from pathlib import Path

# Variables by which the libraries that build networks choose between implementations: TIMM_FUSED_ATTN.
_PREFIXES = ("TORCH", "PYTORCH", "TIMM", "ATEN")
_ABSENT = ""


@cache
def own_source() -> str:
    """archscope's modules: path, size and modification time of each."""
    return "\n".join(sorted(_stats(str(Path(__file__).parent.parent))))


def _stats(folder: str) -> list[str]:
    found = []
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                if entry.name != "__pycache__":
                    found += _stats(entry.path)
            elif entry.name.endswith(".py"):
                found.append(f"{entry.path} {stamp(entry.stat())}")
    return found


def stamp(status: os.stat_result) -> str:
    """What changes when a file is written."""
    return f"{status.st_mtime_ns} {status.st_size}"


@cache
def package(name: str) -> str | None:
    """An installed package: where it is, its version, when it was installed. None where that is not known: it is missing, or its
    source is being worked on.
    """
    for place in sys.path:
        begin = os.path.join(place, name, "__init__.py")  # noqa: PTH118  os.path is what is loaded already
        if os.path.exists(begin):  # noqa: PTH110
            records = sorted(entry for entry in os.listdir(place or ".") if _is_record(entry, name))  # noqa: PTH208
            return " ".join([begin, *records, stamp(os.stat(begin))]) if records else None  # noqa: PTH116
    return None


def _is_record(entry: str, name: str) -> bool:
    return entry.endswith((".dist-info", ".egg-info")) and entry.lower().startswith((f"{name}-", f"{name}."))


def content(path: str) -> str:
    """A file's content, as a digest; "" where there is no such file."""
    from hashlib import sha256

    try:
        with open(path, "rb") as file:  # noqa: PTH123
            return sha256(file.read()).hexdigest()
    except (OSError, ValueError):
        return _ABSENT


def folder(path: str) -> str:
    """What changes when something in a folder comes, goes or is renamed; "" where there is no such folder."""
    try:
        return str(os.stat(path).st_mtime_ns)  # noqa: PTH116
    except OSError:
        return _ABSENT


def importable(path: str) -> str:
    """The names in a folder that Python could import."""
    try:
        with os.scandir(path) as entries:
            names = [entry.name for entry in entries if entry.name.endswith(_MODULES) or _is_package(entry)]
    except OSError:
        return _ABSENT
    return "\n".join(sorted(names))


_MODULES = (".py", ".pyc", ".so", ".pyd", ".pth")


_MOST = 1000  # entries of a folder that are looked at


def _is_package(entry: "os.DirEntry[str]") -> bool:
    """Whether a folder could be imported and hold something: a folder of results or data is none."""
    if not entry.name.isidentifier() or entry.name == "__pycache__" or not entry.is_dir():
        return False
    with os.scandir(entry.path) as inside:
        names = [(one.name, one.is_dir()) for one in islice(inside, _MOST)]
    return len(names) == _MOST or any(name.endswith(_MODULES) or (folder and name.isidentifier()) for name, folder in names)


def variable(name: str, environment: Mapping[str, str] = os.environ) -> str:
    """The value of an environment variable; "" where there is none."""
    value = environment.get(name)
    return _ABSENT if value is None else f"={value}"


def environment() -> list[tuple[str, str]]:
    """The variables by which libraries choose what they build."""
    return sorted(item for item in os.environ.items() if item[0].startswith(_PREFIXES))


def python() -> str:
    """Which Python this is."""
    return f"{sys.version} {sys.prefix}"
