"""The rows so far, on disk: appended as they come, so that the same command goes on after a crash, a Ctrl-C or a power cut.

One JSON object a line; the first says what was asked for. A line that was only half written is cut off, and its row computed
again.
"""

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO, Self

from archscope.errors import ArchscopeError
from archscope.tables.table import Value

_KIND = "archscope sweep journal"
Row = dict[str, Value]


class TakenError(ArchscopeError):
    """A file of results, or the journal of one, is something else, or was left by another command."""


class Journal:
    """The rows of one sweep that is not complete.

    Arguments:
        path: of the file; it is begun where there is none.
        request: what was asked for, in words; see `request.py`.
        overwrite: whether the journal of another request is thrown away.

    Raises `ArchscopeError` where the file belongs to another request, to a sweep that runs now, or to no sweep.

    Attributes:
        failures: rows so far that have no numbers, by where they failed.
    """

    def __init__(self, path: Path, request: Mapping[str, str], overwrite: bool = False) -> None:
        self.path = path
        self.failures: dict[str, int] = {}
        self._request = dict(request)
        self._done = bytearray()
        self._count = 0
        self._file = _opened(path)
        try:
            self._resume(overwrite)
        except BaseException:
            self._file.close()
            raise

    def __contains__(self, index: int) -> bool:
        return index < len(self._done) and self._done[index] == 1

    def __len__(self) -> int:
        return self._count

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def append(self, rows: Sequence[Row]) -> None:
        """Writes rows; they are on the disk when this returns."""
        new = [row for row in rows if int(row["index"]) not in self]  # type: ignore[arg-type]
        self._file.write(b"".join(_line(row) for row in new))
        self._file.flush()
        os.fsync(self._file.fileno())
        for row in new:
            self._note(row)

    def rows(self) -> Iterator[Row]:
        """Every row, in the order in which they came."""
        with self.path.open("rb") as file:
            next(file, None)
            for line in file:
                yield json.loads(line)

    def remove(self) -> None:
        """Once its rows are elsewhere."""
        self.path.unlink(missing_ok=True)

    # -- what is there already ---------------------------------------------------------------------------------------------------

    def _resume(self, overwrite: bool) -> None:
        self._file.seek(0)
        head = self._file.readline()
        if not head.endswith(b"\n"):  # nothing, or the begin of a first line: power went before there was a row
            if head and not _line({"kind": _KIND}).startswith(head[:20]):
                raise TakenError(f"{self.path} is not the journal of a sweep", "choose another --out, or move that file away")
            self._begin()
            return
        before = _read(head)
        if before is None or before.get("kind") != _KIND:
            raise TakenError(f"{self.path} is not the journal of a sweep", "choose another --out, or move that file away")
        different = differences(before["request"], self._request)
        if different and not overwrite:
            raise TakenError(
                f"{self.path} was begun by another command: {different}",
                "finish that one, choose another --out, or start anew with --overwrite",
            )
        if different:
            self._begin()
            return
        good = self._file.tell()
        for line in self._file:
            row = _read(line)
            if row is None or not isinstance(row.get("index"), int):
                break
            good += len(line)
            self._note(row)
        self._file.seek(good)
        self._file.truncate()

    def _begin(self) -> None:
        self._file.seek(0)
        self._file.truncate()
        self._file.write(_line({"kind": _KIND, "request": self._request}))
        self._file.flush()
        os.fsync(self._file.fileno())

    def _note(self, row: Row) -> None:
        index = int(row["index"])  # type: ignore[arg-type]
        if index >= len(self._done):
            self._done.extend(bytes(index + 1 - len(self._done) + len(self._done) // 2))
        self._count += not self._done[index]
        self._done[index] = 1
        if row.get("failed_in"):
            where = str(row["failed_in"])
            self.failures[where] = self.failures.get(where, 0) + 1


def differences(before: Mapping[str, str], now: Mapping[str, str]) -> str:
    """What differs between two requests, in words; empty where nothing does."""
    told = []
    for key in dict.fromkeys((*before, *now)):
        was, is_ = before.get(key, "not given"), now.get(key, "not given")
        if was != is_:
            told.append(f"{key} was {was}, is {is_}")
    return "; ".join(told)


def _opened(path: Path) -> BinaryIO:
    """The file, held for this process alone where the system can do that."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        file = os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT, 0o666), "r+b")
    except OSError as error:
        raise ArchscopeError(
            f"cannot write {path}: {(error.strerror or str(error)).lower()}", "choose another place with --out FILE"
        ) from None
    with suppress(ImportError):
        import fcntl

        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            file.close()
            raise ArchscopeError(f"{path} is being written by another sweep", "wait for it, or choose another --out") from None
    return file


def _line(value: Mapping[str, Any]) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=repr).encode(errors="backslashreplace") + b"\n"


def _read(line: bytes) -> dict[str, Any] | None:
    if not line.endswith(b"\n"):
        return None
    with suppress(ValueError):
        value = json.loads(line)
        return value if isinstance(value, dict) else None
    return None
