"""The files of an unpacked artifact in a file of the disk that has no name; in memory is only where each of them lies."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from applier.agent.source import unpack
from kbuild import MemoryFileSystem

if TYPE_CHECKING:
    from collections.abc import Mapping


class ArchiveFileSystem:
    """A file system below `root`. Safe to use from several threads.

    Shape: `descriptor` is that of the open file, which is closed with this; `places` are (offset, size) by path from the root.
    """

    def __init__(self, root: str, descriptor: int, places: Mapping[str, tuple[int, int]]) -> None:
        self._descriptor = descriptor
        self._places = {f"{root}/{path}": place for path, place in places.items()}
        self._tree = MemoryFileSystem(dict.fromkeys(self._places, b""))

    def __del__(self) -> None:
        """The file goes with the last build that reads it."""
        os.close(self._descriptor)

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
        return os.pread(self._descriptor, size, offset)

    def read_unlinked(self, path: str) -> bytes | None:
        """The same as `read`: there are no links."""
        return self.read(path)

    def names(self, path: str) -> list[str]:
        """The names in a folder, sorted. Raises: OSError."""
        return self._tree.names(path)


def unpacked(data: bytes, root: str) -> tuple[ArchiveFileSystem, int]:
    """(the files of a tar.gz below `root`, how many bytes of the disk they take). Raises: ArchiveError, OSError."""
    descriptor, path = tempfile.mkstemp(prefix="kbuild-artifact-")
    try:
        Path(path).unlink()
        with open(descriptor, "w+b", closefd=False) as file:
            size = unpack.inflate(data, file)
            file.flush()
            found = unpack.places(file)
    except BaseException:
        os.close(descriptor)
        raise
    return ArchiveFileSystem(root, descriptor, found), size
