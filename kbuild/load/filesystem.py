"""Where files come from: the protocol, and the disk."""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Protocol

    class FileSystem(Protocol):
        """What a render needs of a file system. Paths are POSIX paths, absolute unless said otherwise.

        Errors are `OSError`s: FileNotFoundError, IsADirectoryError, NotADirectoryError, PermissionError.
        """

        def absolute(self, path: str) -> str:
            """The path made absolute against the working directory, without `.` and `..`, links not resolved."""

        def real(self, path: str) -> str:
            """The path with all links resolved. Raises: OSError, whose `filename` is the first missing part."""

        def is_dir(self, path: str) -> bool:
            """Whether the path is a folder (links followed)."""

        def read(self, path: str) -> bytes:
            """The bytes of a file (links followed)."""

        def read_unlinked(self, path: str) -> bytes | None:
            """The bytes of a file, or None when its last part is a link."""

        def names(self, path: str) -> list[str]:
            """The names in a folder, sorted."""

else:
    FileSystem = object


class DiskFileSystem:
    """The files of this machine."""

    __slots__ = ()

    def absolute(self, path: str) -> str:
        """The path made absolute against the working directory."""
        return os.path.abspath(path)

    def real(self, path: str) -> str:
        """The path with all links resolved. Raises: OSError."""
        return os.path.realpath(path, strict=True)

    def is_dir(self, path: str) -> bool:
        """Whether the path is a folder."""
        return os.path.isdir(path)

    def read(self, path: str) -> bytes:
        """The bytes of a file. Raises: OSError."""
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            return _read_all(descriptor, b"", path)
        finally:
            os.close(descriptor)

    def read_unlinked(self, path: str) -> bytes | None:
        """The bytes of a file, or None when it is a link. Raises: OSError."""
        try:
            descriptor = os.open(path, _UNLINKED)
        except OSError as error:
            # Opening a link without following it says "too many levels".
            if error.errno == _LINK:
                return None
            raise
        try:
            data = os.read(descriptor, _PIECE)
            # A regular file gives all it has: only a full piece can have something behind it.
            return data if len(data) < _PIECE else _read_all(descriptor, data, path)
        finally:
            os.close(descriptor)

    def names(self, path: str) -> list[str]:
        """The names in a folder, sorted. Raises: OSError."""
        return sorted(os.listdir(path))


_PIECE = 1 << 16
_UNLINKED = os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
_LINK = 40 if sys.platform == "linux" else 62  # ELOOP, without the module


def _read_all(descriptor: int, start: bytes, path: str) -> bytes:
    """`start` and what is left to read. Raises: OSError."""
    pieces = [start]
    try:
        while piece := os.read(descriptor, _PIECE):
            pieces.append(piece)
    except OSError as error:
        error.filename = path
        raise
    return b"".join(pieces)
