"""A kustomization's folder: reading files and finding other folders, with the reference's restrictions and sentences.

Source: kustomize v5.8.1 `loader.FileLoader`, `filesys.ConfirmDir`.
"""

from __future__ import annotations

from posixpath import isabs, normpath

from kbuild.model.errors import KbuildError, MissingFileError, RemoteError, RestrictedPathError
from kbuild.model.quote import go_quote

TYPE_CHECKING = False
if TYPE_CHECKING:
    from kbuild.counters import Counters
    from kbuild.load.clones import Clone
    from kbuild.load.filesystem import FileSystem
    from kbuild.model.tree import Node


class HttpStatusError(RemoteError):
    """An http(s) file that the server refuses: no other reading of the entry is tried."""


class CloneTimeoutError(RemoteError):
    """A git command that took too long: it is reported even where the entry looks like a broken file."""


class Access:
    """What the roots of one render share: file system, restriction, counters, what was read, folders known to be real.

    Shape: `real_folders` maps absolute folders to their real paths, `""` for what cannot be resolved; `clones` has the
    cloned repositories by URL, ref and whether they have submodules; `clone_cache` is the folder that keeps clones, if any;
    `log` has (path, size) of every read, where renders share what they did; `bases` has the trees that loaded whole, by
    folder; `is_latest` refuses what later versions refuse.
    """

    __slots__ = (
        "bases", "clone_cache", "clones", "counters", "files_read", "fs", "is_latest", "log", "real_folders", "restricted",
    )  # fmt: skip

    def __init__(self, fs: FileSystem, counters: Counters, *, restricted: bool = True) -> None:
        self.fs, self.counters, self.restricted = fs, counters, restricted
        self.files_read: dict[str, None] = {}
        self.real_folders: dict[str, str] = {}
        self.clones: dict[tuple[str, str, bool], Clone] = {}
        self.bases: dict[str, Node] = {}
        self.clone_cache, self.is_latest = "", False
        self.log: list[tuple[str, int]] | None = None

    def close(self) -> None:
        """Remove the clones of this render, and let go of its trees, which lead back here."""
        self.bases.clear()
        for clone in self.clones.values():
            if clone.scratch is not None:
                clone.scratch.remove()

    def real_folder(self, folder: str) -> str:
        """The real path of an absolute folder, `""` where there is none."""
        found = self.real_folders.get(folder)
        if found is None:
            try:
                found = self.fs.real(folder)
            except (OSError, ValueError):
                found = ""
            self.real_folders[folder] = found
        return found


class Root:
    """One folder that a build visits.

    Shape: `path` is absolute with links resolved; `referrer` the root that named it; `clone` the git clone whose
    folder it is, if it was named by URL.
    """

    __slots__ = ("access", "clone", "path", "referrer")

    def __init__(self, access: Access, path: str, referrer: Root | None = None, clone: Clone | None = None) -> None:
        self.access, self.path, self.referrer, self.clone = access, path, referrer, clone

    def read(self, path: str) -> bytes:
        """The bytes of a file that this folder's kustomization names.

        Raises: MissingFileError, RestrictedPathError, RemoteError.
        """
        if is_remote_file(path):
            from kbuild.load.http_file import fetch

            self.access.counters.remotes += 1
            data = fetch(path)
            return self._noted(path, data)
        full = self.joined(path)
        shown = path if isabs(path) else full
        if not self.access.restricted:
            return self._noted(full, self._read_following(shown))
        data_below = self._read_below(full)
        if data_below is not None:
            return self._noted(full, data_below)
        real = self._allowed(full, shown)
        return self._noted(full, self._read_following(real))

    def find(self, name: str) -> bytes | None:
        """The bytes of a file right in this folder, None where nothing loadable has that name."""
        full = self.joined(name)
        try:
            data = self.access.fs.read_unlinked(full)
            return self.read(name) if data is None else self._noted(full, data)
        except (OSError, KbuildError):
            return None

    def _read_below(self, full: str) -> bytes | None:
        """The short way for what most entries are: a file, no link, in a folder in or below this one; else None."""
        folder, _, name = full.rpartition("/")
        real = self.access.real_folder(folder or "/")
        if not real or not has_prefix(real, self.path):
            return None
        try:
            return self.access.fs.read_unlinked(full if real == folder else f"{real.rstrip('/')}/{name}")
        except (OSError, ValueError):
            return None

    def _read_following(self, full: str) -> bytes:
        try:
            return self.access.fs.read(full)
        except OSError as error:
            call = "read" if isinstance(error, IsADirectoryError) else "open"
            raise MissingFileError(os_sentence(call, error, full)) from None
        except ValueError:
            raise MissingFileError(f"open {full}: invalid argument") from None

    def _noted(self, full: str, data: bytes) -> bytes:
        self.access.counters.reads += 1
        self.access.files_read[full] = None
        if self.access.log is not None:
            self.access.log.append((full, len(data)))
        return data

    def joined(self, path: str) -> str:
        """The path as seen from this folder, cleaned."""
        if isabs(path):
            return normpath(path)
        return normpath(f"{self.path}/{path}" if self.path != "/" else f"/{path}")

    def _allowed(self, full: str, shown: str) -> str:
        """The real path of a file in or below this folder. Raises: MissingFileError, RestrictedPathError, with the path as it was given."""
        real = real_path(self.access, full, shown)
        if self.access.fs.is_dir(real):
            raise MissingFileError(f"'{shown}' must resolve to a file")
        if not has_prefix(real.rpartition("/")[0] or "/", self.path):
            raise RestrictedPathError(f"security; file '{shown}' is not in or below '{self.path}'").advise(
                "a folder with a kustomization may be outside, a file only with --load-restrictor LoadRestrictionsNone"
            )
        return real

    def child(self, path: str) -> Root:
        """The folder of a base or component, a fresh clone for a git URL.

        Raises: MissingFileError, RestrictedPathError for a cycle, RemoteError.
        """
        if not path:
            raise MissingFileError("new root cannot be empty")
        from kbuild.model.repo_spec import parse

        spec = parse(path)
        if spec is not None:
            from kbuild.load.clones import open_clone

            return open_clone(spec, self.access, self)
        if isabs(path):
            raise RestrictedPathError(f"new root '{path}' cannot be absolute")
        if self.access.is_latest and any(".." in part for part in path.split("/") if part != ".."):
            raise ambiguous(path)
        real = confirm_folder(self.access, self.joined(path))
        self._check_containment(real)
        for visited in self.way_here():
            if has_prefix(visited.path, real):
                raise RestrictedPathError(
                    f"cycle detected: candidate root '{real}' contains visited root '{visited.path}'"
                )
        return Root(self.access, real, self)

    def way(self) -> list[Root]:
        """All roots from here back to where the render started, innermost first."""
        result, root = [self], self.referrer
        while root is not None:
            result.append(root)
            root = root.referrer
        return result

    def way_here(self) -> list[Root]:
        """The same, up to the root that a URL named: what lies before it is in another folder, or in another clone."""
        way = self.way()
        stop = next((at for at, root in enumerate(way) if root.clone is not None), len(way) - 1)
        return way[: stop + 1]

    def _check_containment(self, real: str) -> None:
        """Raise RestrictedPathError for a folder outside of the clone that this folder is in."""
        clone = next((root.clone for root in self.way() if root.clone is not None), None)
        if clone is not None and not has_prefix(real, clone.folder):
            raise RestrictedPathError(
                "security; bases in kustomizations found in cloned git repos must be within the repo, "
                f"but base '{real}' is outside '{clone.folder}'"
            )


def ambiguous(path: str) -> MissingFileError:
    """The error of later versions for two list entries that became one: `../a - ../b` (ADR 0017)."""
    return MissingFileError(
        f"path {go_quote(path)} is ambiguous: resolves to {go_quote(normpath(path))} after normalization, "
        "which is likely not the intended target; check for YAML indentation errors in your kustomization file"
    )


def open_root(access: Access, path: str) -> Root:
    """The folder that a render starts at. Raises: MissingFileError, RemoteError."""
    if ("/" in path or ":" in path) and not isabs(path):
        from kbuild.model.repo_spec import parse

        spec = parse(path)
        if spec is not None:
            from kbuild.load.clones import open_clone

            return open_clone(spec, access, None)
    return Root(access, confirm_folder(access, path))


def confirm_folder(access: Access, path: str) -> str:
    """The real path of a folder. Raises: MissingFileError."""
    if not path:
        raise MissingFileError("must build at directory: directory path cannot be empty")
    full = access.fs.absolute(path)
    found = access.real_folders.get(full)
    if found and access.fs.is_dir(found):
        return found
    try:
        real = real_path(access, full, path)
    except KbuildError as error:
        raise error.within("not a valid directory").within("must build at directory") from None
    if not access.fs.is_dir(real):
        raise MissingFileError(f"must build at directory: '{path}': file is not directory")
    access.real_folders[full] = access.real_folders[real] = real
    return real


def real_path(access: Access, full: str, shown: str) -> str:
    """A path with links resolved. Raises: MissingFileError, showing the path as it was given."""
    try:
        return access.fs.real(full)
    except OSError as error:
        raise MissingFileError(f"evalsymlink failure on '{shown}' : {os_sentence('lstat', error, full)}") from None
    except ValueError:
        raise MissingFileError(f"evalsymlink failure on '{shown}' : lstat {full}: invalid argument") from None


def os_sentence(call: str, error: OSError, path: str) -> str:
    """A system error as Go words it."""
    from errno import ELOOP, ENOTDIR

    reason = (error.strerror or str(error)).lower()
    if call == "lstat" and error.errno == ELOOP:
        return "EvalSymlinks: too many links"
    if call == "lstat" and error.errno == ENOTDIR:
        # Go's walk along the path notices this itself, and names no path.
        return reason
    return f"{call} {error.filename or path}: {reason}"


def has_prefix(path: str, folder: str) -> bool:
    """Whether a real path is a folder or below it."""
    return folder in (path, "/") or path.startswith(folder + "/")


def is_remote_file(path: str) -> bool:
    """Whether a path is an http(s) URL."""
    if path[:4].lower() != "http" or ":" not in path:
        return False
    from kbuild.load.go_url import is_http

    return is_http(path)
