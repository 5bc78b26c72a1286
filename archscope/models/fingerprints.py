"""What a stored Graph depends on, told apart cheaply: archscope's own source, installed packages, the environment, files.
No torch.

Packages and archscope itself are told apart by modification times and sizes (reading them would cost more than the answer), a
user's own files by their content.
"""

import os
import sys
from functools import cache
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


def environment() -> list[tuple[str, str]]:
    """The variables by which libraries choose what they build."""
    return sorted(item for item in os.environ.items() if item[0].startswith(_PREFIXES))


def python() -> str:
    """Which Python this is."""
    return f"{sys.version} {sys.prefix}"
