"""File systems for library users: in memory, files changed on top of another, jailed, and with files ignored."""

from __future__ import annotations

from errno import EACCES, EISDIR, ENOENT, ENOTDIR
from os import strerror
from posixpath import dirname, join, normpath

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from kbuild.load.filesystem import FileSystem


def _missing(path: str) -> FileNotFoundError:
    return FileNotFoundError(ENOENT, strerror(ENOENT), path)


class MemoryFileSystem:
    """Files held in a mapping of path to text or bytes; relative paths are below `/`.

    Folders exist where files are below them. There are no links.
    """

    __slots__ = ("_files", "_folders")

    def __init__(self, files: Mapping[str, bytes | str]) -> None:
        self._files: dict[str, bytes] = {}
        self._folders: dict[str, set[str]] = {"/": set()}
        for path, content in files.items():
            self.put(path, content)

    def put(self, path: str, content: bytes | str) -> None:
        """Add or replace one file."""
        path = self.absolute(path)
        self._files[path] = content.encode() if isinstance(content, str) else content
        while path != "/":
            folder = dirname(path)
            self._folders.setdefault(folder, set()).add(path[len(folder.rstrip("/")) + 1 :])
            path = folder

    def absolute(self, path: str) -> str:
        """The path below `/`, without `.` and `..`."""
        return "/" + normpath(join("/", path)).lstrip("/")

    def real(self, path: str) -> str:
        """The path itself. Raises: FileNotFoundError, naming the first part that is missing."""
        path = self.absolute(path)
        if path in self._files or path in self._folders:
            return path
        part = ""
        for name in path.split("/")[1:]:
            if part in self._files:
                raise NotADirectoryError(ENOTDIR, strerror(ENOTDIR), f"{part}/{name}")
            part = f"{part}/{name}"
            if part not in self._files and part not in self._folders:
                raise _missing(part)
        raise _missing(path)

    def is_dir(self, path: str) -> bool:
        """Whether files are below this path."""
        return self.absolute(path) in self._folders

    def holds(self, path: str) -> bool:
        """Whether a path is a file or folder here."""
        path = self.absolute(path)
        return path in self._files or path in self._folders

    def read(self, path: str) -> bytes:
        """The bytes of a file. Raises: OSError."""
        path = self.absolute(path)
        found = self._files.get(path)
        if found is None:
            if path in self._folders:
                raise IsADirectoryError(EISDIR, strerror(EISDIR), path)
            raise _missing(path)
        return found

    def read_unlinked(self, path: str) -> bytes | None:
        """The same as `read`: there are no links."""
        return self.read(path)

    def names(self, path: str) -> list[str]:
        """The names in a folder, sorted. Raises: OSError."""
        found = self._folders.get(self.absolute(path))
        if found is None:
            raise _missing(path)
        return sorted(found)


class OverlayFileSystem:
    """Another file system with some files changed or added on top; nothing is written to it.

    Shape: `changes` maps paths (as `lower` makes them absolute) to their new content; a change to a link changes what
    the link points to.
    """

    __slots__ = ("_lower", "_upper")

    def __init__(self, lower: FileSystem, changes: Mapping[str, bytes | str]) -> None:
        self._lower = lower
        self._upper = MemoryFileSystem({})
        for path, content in changes.items():
            self._upper.put(_resolved(lower, lower.absolute(path)), content)

    def absolute(self, path: str) -> str:
        """As the lower file system makes it."""
        return self._lower.absolute(path)

    def real(self, path: str) -> str:
        """The path with the links of the lower file system resolved. Raises: OSError."""
        full = self._lower.absolute(path)
        try:
            return self._lower.real(full)
        except OSError:
            if full == "/":
                raise
            found = join(self.real(dirname(full)), full.rpartition("/")[2])
            if self._upper.holds(found):
                return found
            if self._upper.is_dir(dirname(found)):
                raise _missing(found) from None
            if self._upper.holds(dirname(found)):
                raise NotADirectoryError(ENOTDIR, strerror(ENOTDIR), found) from None
            raise

    def is_dir(self, path: str) -> bool:
        """Whether either has a folder there."""
        try:
            real = self.real(path)
        except OSError:
            return False
        return self._upper.is_dir(real) or (not self._upper.holds(real) and self._lower.is_dir(real))

    def read(self, path: str) -> bytes:
        """The changed file, else the lower one. Raises: OSError."""
        real = self.real(path)
        return self._upper.read(real) if self._upper.holds(real) else self._lower.read(real)

    def read_unlinked(self, path: str) -> bytes | None:
        """The changed file, else the lower one, or None for a link. Raises: OSError."""
        real = self.real(path)
        return self._upper.read(real) if self._upper.holds(real) else self._lower.read_unlinked(path)

    def names(self, path: str) -> list[str]:
        """The names of both. Raises: OSError."""
        real = self.real(path)
        if not self._upper.is_dir(real):
            return self._lower.names(real)
        below = self._lower.names(real) if self._lower.is_dir(real) else []
        return sorted({*below, *self._upper.names(real)})


def _resolved(fs: FileSystem, path: str) -> str:
    """An absolute path with links resolved as far as it exists."""
    try:
        return fs.real(path)
    except OSError:
        return path if path == "/" else join(_resolved(fs, dirname(path)), path.rpartition("/")[2])


class _Filtered:
    """Another file system in which some real paths do not exist, or may not be touched."""

    __slots__ = ("_inner", "_refuse")

    def __init__(self, inner: FileSystem, refuse: Callable[[str], OSError | None]) -> None:
        self._inner, self._refuse = inner, refuse

    def absolute(self, path: str) -> str:
        """As the inner file system makes it."""
        return self._inner.absolute(path)

    def real(self, path: str) -> str:
        """The path with links resolved. Raises: OSError."""
        real = self._inner.real(path)
        refused = self._refuse(real)
        if refused is not None:
            raise refused
        return real

    def is_dir(self, path: str) -> bool:
        """Whether the path is a folder that exists here."""
        return self._inner.is_dir(path) and self._refuse(self._inner.real(path)) is None

    def read(self, path: str) -> bytes:
        """The bytes of a file. Raises: OSError."""
        return self._inner.read(self.real(path))

    def read_unlinked(self, path: str) -> bytes | None:
        """The bytes of a file, or None for a link. Raises: OSError."""
        self.real(path)
        return self._inner.read_unlinked(path)

    def names(self, path: str) -> list[str]:
        """The names that exist here. Raises: OSError."""
        folder = self.real(path)
        return [name for name in self._inner.names(folder) if self._exists(join(folder, name))]

    def _exists(self, path: str) -> bool:
        try:
            self.real(path)
        except OSError:
            return False
        return True


class JailedFileSystem(_Filtered):
    """Another file system of which only what is in or below `root` can be reached, links resolved.

    Folders above the root exist (so that paths resolve) but show nothing else.
    """

    __slots__ = ()

    def __init__(self, inner: FileSystem, root: str) -> None:
        jail = inner.real(root)
        inside = jail.rstrip("/") + "/"

        def refuse(path: str) -> OSError | None:
            if path == jail or path.startswith(inside) or inside.startswith(path.rstrip("/") + "/"):
                return None
            return PermissionError(EACCES, strerror(EACCES), path)

        super().__init__(inner, refuse)


class IgnoringFileSystem(_Filtered):
    """Another file system in which what matches gitignore patterns does not exist.

    Shape: `patterns` are lines as in `.gitignore`, relative to `root`; later ones win, `!` includes again. `hidden` holds
    the hidden paths that somebody asked for, in order.
    """

    __slots__ = ("hidden",)

    def __init__(self, inner: FileSystem, root: str, patterns: Iterable[str]) -> None:
        from kbuild.load.ignore import Ignore

        ignore = Ignore(inner.real(root), patterns)
        self.hidden: dict[str, None] = {}

        def refuse(path: str) -> OSError | None:
            if not ignore.matches(path, is_dir=inner.is_dir(path)):
                return None
            self.hidden[path] = None
            return _missing(path)

        super().__init__(inner, refuse)
