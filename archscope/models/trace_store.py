"""The trace store: Graphs on disk, so that the second look at a network needs no torch.

A Graph is kept under a key made of everything it depends on: archscope's own source, the versions of torch and of the library
that the model comes from, the model's name and arguments, input, batch, dtype and mode. Models from a user's own files are
never kept. The store is a
cache: what is damaged or cannot be written is as good as absent.

    ARCHSCOPE_STORE=/some/folder   keeps it there
    ARCHSCOPE_STORE=off            keeps nothing
"""

import hashlib
import os
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import msgspec
from platformdirs import user_cache_path

from archscope.errors import ArchscopeError
from archscope.graph import Graph

_MOST = 500  # graphs; the least recently used go first


def folder() -> Path | None:
    """Where the store is; None where it is switched off."""
    told = os.environ.get("ARCHSCOPE_STORE", "")
    if told.lower() in ("off", "0", "no", "false"):
        return None
    return Path(told) if told else user_cache_path("archscope", appauthor=False) / "graphs"


def key(request: Mapping[str, Any], packages: tuple[str, ...]) -> str:
    """The name under which a Graph is kept.

    Arguments:
        request: what was asked for: name, arguments, input, batch, dtype, mode.
        packages: distributions that the answer depends on, beside archscope itself.
    """
    versions = {package: _version(package) for package in packages}
    content = msgspec.json.encode([_source_digest(), versions, {name: repr(value) for name, value in sorted(request.items())}])
    return hashlib.sha256(content).hexdigest()[:32]


def get(name: str) -> Graph | None:
    """The Graph under this key, if there is one that can be read."""
    where = folder()
    if where is None:
        return None
    with suppress(OSError, ArchscopeError):
        path = where / f"{name}.json"
        graph = Graph.from_json(path.read_bytes())
        os.utime(path)
        return graph
    return None


def put(name: str, graph: Graph) -> None:
    """Keeps a Graph; quietly does nothing where that is not possible."""
    where = folder()
    if where is None:
        return
    with suppress(OSError):
        where.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=where, suffix=".tmp")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(graph.to_json())
            Path(temporary).replace(where / f"{name}.json")
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise
        _prune(where)


def _prune(where: Path) -> None:
    kept = sorted(where.glob("*.json"), key=lambda path: path.stat().st_mtime, reverse=True)
    for path in kept[_MOST:]:
        path.unlink(missing_ok=True)


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return ""


@cache
def _source_digest() -> str:
    digest = hashlib.sha256()
    root = Path(__file__).parent.parent
    for path in sorted(root.rglob("*.py")):
        digest.update(str(path.relative_to(root)).encode() + path.read_bytes())
    return digest.hexdigest()
