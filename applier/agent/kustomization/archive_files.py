"""The files of an unpacked artifact in a file of the disk that has no name; in memory is only where each of them lies."""

from __future__ import annotations

import os
import tempfile
from typing import TYPE_CHECKING

from applier.agent.source import unpack
from kbuild import MemoryFileSystem

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import BinaryIO


class ArchiveFileSystem:
    """A file system below `root`. Safe to use from several threads. Shape: `places` are (offset, size) by path from the root."""

    def __init__(self, root: str, file: BinaryIO, places: Mapping[str, tuple[int, int]]) -> None:
        self._file = file
        self._places = {f"{root}/{path}": place for path, place in places.items()}
        self._tree = MemoryFileSystem(dict.fromkeys(self._places, b""))

    def __del__(self) -> None:
        """The file goes with the last build that reads it."""
        self._file.close()

    def absolute(self, path: str) -> str:
        """The path below `/`, without `.` and `..`."""
        return self._tree.absolute(path)

    def real(self, path: str) -> str:
        """The path itself: there are no links. Raises: OSError."""
        return self._tree.real(path)

    def is_dir(self, path: str) -> bool:
        """Whether files are below this path."""
        return self._tree.is_dir(path)

    def read(self, path: str) -> bytes:
        """The bytes of a file. Raises: OSError."""
        self._tree.read(path)
        offset, size = self._places[self._tree.absolute(path)]
        return os.pread(self._file.fileno(), size, offset)

    def read_unlinked(self, path: str) -> bytes | None:
        """The same as `read`: there are no links."""
        return self.read(path)

    def names(self, path: str) -> list[str]:
        """The names in a folder, sorted. Raises: OSError."""
        return self._tree.names(path)


def unpacked(data: bytes, root: str) -> tuple[ArchiveFileSystem, int]:
    """(the files of a tar.gz below `root`, how many bytes of the disk they take). Raises: ArchiveError, OSError."""
    file = tempfile.TemporaryFile(prefix="kbuild-artifact-")  # noqa: SIM115  (it lives as long as its file system)
    try:
        size = unpack.inflate(data, file)
        return ArchiveFileSystem(root, file, unpack.places(file)), size
    except BaseException:
        file.close()
        raise
