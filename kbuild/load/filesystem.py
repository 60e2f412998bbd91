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
        return _read(os.open(path, _FOLLOWED), path)

    def read_unlinked(self, path: str) -> bytes | None:
        """The bytes of a file, or None when it is a link. Raises: OSError."""
        try:
            descriptor = os.open(path, _UNLINKED)
        except OSError as error:
            # Opening a link without following it says "too many levels".
            if error.errno == _LINK:
                return None
            raise
        return _read(descriptor, path)

    def names(self, path: str) -> list[str]:
        """The names in a folder, sorted. Raises: OSError."""
        return sorted(os.listdir(path))


_PIECE = 1 << 16
# Opening a named pipe that nobody writes to would wait for ever.
_FOLLOWED = os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK
_UNLINKED = _FOLLOWED | os.O_NOFOLLOW
_LINK = 40 if sys.platform == "linux" else 62  # ELOOP, without the module
_NO_DEVICE, _TOO_LARGE = 6, 27  # ENXIO, EFBIG
_KIND, _REGULAR, _PIPE = 0o170000, 0o100000, 0o010000
_MAX_SPECIAL = 1 << 26


def _read(descriptor: int, path: str) -> bytes:
    """All bytes behind a descriptor, which is closed. Raises: OSError."""
    try:
        kind = os.fstat(descriptor).st_mode & _KIND
        if kind != _REGULAR:
            return _read_special(descriptor, path, is_pipe=kind == _PIPE)
        data = os.read(descriptor, _PIECE)
        # A regular file gives all it has: only a full piece can have something behind it.
        if len(data) < _PIECE:
            return data
        pieces = [data]
        while piece := os.read(descriptor, _PIECE):
            pieces.append(piece)
        return b"".join(pieces)
    except OSError as error:
        error.filename = path
        raise
    finally:
        os.close(descriptor)


def _read_special(descriptor: int, path: str, *, is_pipe: bool) -> bytes:
    """What a pipe or device gives. Raises: OSError, for a pipe that nobody writes to and for what has no end."""
    if is_pipe:
        os.set_blocking(descriptor, True)
    pieces: list[bytes] = []
    while piece := os.read(descriptor, _PIECE):
        pieces.append(piece)
        if len(pieces) * _PIECE > _MAX_SPECIAL:
            raise OSError(_TOO_LARGE, os.strerror(_TOO_LARGE), path)
    if is_pipe and not pieces:
        raise OSError(_NO_DEVICE, os.strerror(_NO_DEVICE), path)
    return b"".join(pieces)
