"""The trace store: Graphs on disk, so that the second look at a network needs no torch.

A Graph is kept under a key made of everything it depends on: archscope's own source, Python, torch and the library that the model
comes from, the environment variables that these obey, the model's name and arguments, input, batch, dtype and mode. What becomes
known only when the model runs (the files that a user's own model is made of) stands in the entry and is compared when it is read.

The store is a cache: an entry that is damaged, was renamed, is of another version or cannot be written is as good as absent, and
is made anew. Entries appear whole (written aside and renamed), so that several processes may use one store.

    ARCHSCOPE_STORE=/some/folder   keeps it there
    ARCHSCOPE_STORE=off            keeps nothing
"""

import os
import re
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Literal, NamedTuple

import msgspec

from archscope.errors import ArchscopeError
from archscope.graph import Graph
from archscope.graph.compact import checksum, pack, unpack
from archscope.models import fingerprints

_MAGIC = b"archscope trace 1\n"
_MOST = 500  # graphs; the least recently used go first
_ABANDONED = 3600.0  # seconds after which a file that is still being written belongs to a process that was killed
_OURS = re.compile(r"[0-9a-f]{32}\.graph(\.\w+\.tmp)?")  # nothing else in the folder is ever touched


class Need(NamedTuple):
    """Something that a Graph depends on besides its key.

    Attributes:
        kind: a file by its path, the modules in a folder by its path, an environment variable by its name.
        what: which one.
        was: its fingerprint when the Graph was made; "" for what was not there.
    """

    kind: Literal["file", "folder", "variable"]
    what: str
    was: str

    def holds(self) -> bool:
        """Whether it still is what it was."""
        return _NOW[self.kind](self.what) == self.was


_NOW: Mapping[str, Callable[[str], str]] = {
    "file": fingerprints.content, "folder": fingerprints.importable, "variable": fingerprints.variable,
}  # fmt: skip


class _Entry(msgspec.Struct, frozen=True, array_like=True):
    needs: tuple[Need, ...]
    graph: bytes


class Content(NamedTuple):
    """What a store holds: its entries, their bytes."""

    entries: int
    bytes: int


def folder() -> Path | None:
    """Where the store is; None where it is switched off, or where this user has no home."""
    told = os.environ.get("ARCHSCOPE_STORE", "")
    if told.lower() in ("off", "0", "no", "false"):
        return None
    if told:
        return Path(told)
    from platformdirs import user_cache_path

    usual = user_cache_path("archscope", appauthor=False) / "graphs"
    return usual if usual.is_absolute() else None


def key(request: Mapping[str, Any], packages: Sequence[str]) -> str | None:
    """The name under which a Graph is kept; None where one of the packages cannot be told apart from another version of itself.

    Arguments:
        request: what was asked for: name, arguments, input, batch, dtype, mode.
        packages: that the answer depends on, beside archscope itself.
    """
    from hashlib import sha256

    versions = {package: fingerprints.package(package) for package in packages}
    if None in versions.values():
        return None
    words = {name: repr(value) for name, value in sorted(request.items())}
    content = [fingerprints.own_source(), fingerprints.python(), fingerprints.environment(), versions, words]
    return sha256(msgspec.json.encode(content)).hexdigest()[:32]


def get(name: str) -> Graph | None:
    """The Graph under this key, if there is one, it is undamaged, and everything that it depends on is as it was."""
    where = folder()
    if where is None:
        return None
    path = where / f"{name}.graph"
    try:
        graph = _read(name, path.read_bytes())
    except (OSError, ValueError, msgspec.DecodeError, ArchscopeError):
        return None
    if graph is not None:
        with suppress(OSError):
            os.utime(path)
    return graph


def put(name: str, graph: Graph, needs: Sequence[Need] = ()) -> None:
    """Keeps a Graph; quietly does nothing where that is not possible."""
    where = folder()
    if where is None:
        return
    import tempfile

    with suppress(OSError, ValueError, ArchscopeError):
        content = _written(name, graph, needs)
        where.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=where, prefix=f"{name}.graph.", suffix=".tmp")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(content)
            Path(temporary).replace(where / f"{name}.graph")
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise
        _prune(where)


def content() -> Content:
    """How many Graphs the store holds, and their bytes."""
    sizes = [status.st_size for path, status in _files(folder()) if path.suffix == ".graph"]
    return Content(len(sizes), sum(sizes))


def clear() -> Content:
    """Empties the store and says what it held; files that are not the store's own stay. Raises `ArchscopeError` if it cannot."""
    held, where = content(), folder()
    try:
        for path, _ in _files(where):
            path.unlink(missing_ok=True)
    except OSError as error:
        raise ArchscopeError(f"cannot empty {where}: {(error.strerror or str(error)).lower()}") from None
    return held


def _written(name: str, graph: Graph, needs: Sequence[Need]) -> bytes:
    body = msgspec.msgpack.encode(_Entry(tuple(needs), pack(graph)))
    return _MAGIC + checksum(name.encode() + body) + body


def _read(name: str, data: bytes) -> Graph | None:
    begin = len(_MAGIC) + len(checksum(b""))
    body = data[begin:]
    if data[:begin] != _MAGIC + checksum(name.encode() + body):
        return None
    entry = msgspec.msgpack.decode(body, type=_Entry)
    return unpack(entry.graph, name) if all(need.holds() for need in entry.needs) else None


def _files(where: Path | None) -> list[tuple[Path, os.stat_result]]:
    """The store's own files; one that vanishes meanwhile is left out."""
    found = []
    if where is not None:
        with suppress(OSError):
            for path in where.iterdir():
                if _OURS.fullmatch(path.name):
                    with suppress(OSError):
                        found.append((path, path.stat()))
    return found


def _prune(where: Path) -> None:
    files = sorted(_files(where), key=lambda file: file[1].st_mtime, reverse=True)
    old = time.time() - _ABANDONED
    left = [path for path, status in files if path.suffix == ".tmp" and status.st_mtime < old]
    for path in [path for path, _ in files if path.suffix == ".graph"][_MOST:] + left:
        path.unlink(missing_ok=True)
