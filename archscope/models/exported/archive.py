"""Text inside a zip archive, read with care: nothing is unpacked to disk, nothing is larger than it may be."""

import zipfile
import zlib
from collections.abc import Sequence
from pathlib import Path

from archscope.errors import ArchscopeError, first_line

_MOST = 2**29  # bytes of text: the programs of the largest networks have a tenth of it
_RATIO = 200  # unpacked to packed: what is beyond has been made to fill a memory


class Archive:
    """The members of a zip file, without the folder that holds them all.

    Arguments:
        path: the file.
        what: what it should be, for messages.

    Raises `ArchscopeError` for a file that is no zip archive.
    """

    def __init__(self, path: Path, what: str) -> None:
        self.path, self.what = path, what
        try:
            with zipfile.ZipFile(path) as file:
                self._members = {_inside(info.filename): info for info in file.infolist()}
        except (zipfile.BadZipFile, ValueError, NotImplementedError, EOFError, UnicodeDecodeError) as error:
            raise self.wrong(first_line(error)) from None

    @property
    def names(self) -> Sequence[str]:
        """Of its members."""
        return list(self._members)

    def text(self, name: str) -> bytes:
        """The bytes of one member. Raises `ArchscopeError` where it is damaged or too large."""
        info = self._members[name]
        if info.file_size > min(_MOST, max(info.compress_size, 1) * _RATIO):
            raise self.wrong(f"{name} would be {info.file_size:,} bytes")
        try:
            with zipfile.ZipFile(self.path) as file, file.open(info) as member:
                content = member.read(info.file_size + 1)
        except (zipfile.BadZipFile, zlib.error, RuntimeError, NotImplementedError, EOFError, ValueError, OSError) as error:
            raise self.wrong(f"{name}: {first_line(error)}") from None
        if len(content) > info.file_size:
            raise self.wrong(f"{name} is longer than it says")
        return content

    def wrong(self, why: str) -> ArchscopeError:
        """The error for a file that is not what its name says."""
        return ArchscopeError(f"{self.path} is not {self.what}, or damaged: {why}", "save it again with torch.export.save")


def _inside(name: str) -> str:
    """`"net/models/model.json"` -> `"models/model.json"`."""
    head, slash, rest = name.partition("/")
    return rest if slash and head not in ("models", "data", "extra") else name
