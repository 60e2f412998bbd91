"""The files of a source: those of its commit, its submodules and its includes, without what the ignore rules leave out.

Contents are read from the mirror one after the other, in the order of the archive: only one is in memory at a time.
"""

from __future__ import annotations

import posixpath
from itertools import groupby
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urljoin, urlsplit

from applier.agent.source.archive import ArchiveError, Entry
from applier.agent.source.credentials import Credentials
from applier.agent.source.git import EXECUTABLE, GITLINK, SYMLINK, Remote, TreeEntry
from applier.agent.source.remote_refs import RemoteError
from applier.agent.source.unpack import MAX_FILES, MAX_UNPACKED, safe_path
from kbuild import Ignore, source_ignore

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from applier.agent.source.git import Mirrors

SOURCE_IGNORE, MODULES = ".sourceignore", ".gitmodules"
MAX_SUBMODULES, MAX_DEPTH = 100, 8


class SparseError(Exception):
    """A folder of `sparseCheckout` that the repository does not have."""


class Item(NamedTuple):
    """One file that may be packed: in a mirror (`folder` and `object_id`), or at hand (`data`)."""

    path: str
    is_executable: bool = False
    folder: Path | None = None
    object_id: str = ""
    data: bytes = b""


class Contents(NamedTuple):
    """Everything that a source may be packed from. Shape: `folders` are those that are there without any file."""

    files: Mapping[str, Item]
    folders: Sequence[str] = ()


def of_commit(mirrors: Mirrors, folder: Path, commit: str, sparse: Sequence[str] = ()) -> Contents:
    """The regular files of a commit; links are left out. Raises: RemoteError, SparseError, ArchiveError."""
    tree = mirrors.tree(folder, commit)
    if len(tree) > MAX_FILES:
        raise ArchiveError(f"the commit has more than {MAX_FILES} files")
    if sparse:
        tree = sparse_tree(tree, sparse)
    files = {
        entry.path: Item(_safe(entry.path), entry.mode == EXECUTABLE, folder, entry.object_id)
        for entry in tree
        if entry.mode not in (SYMLINK, GITLINK)
    }
    return Contents(files, [_safe(entry.path) for entry in tree if entry.mode == GITLINK])


def _safe(path: str) -> str:
    """A path as it is. Raises: ArchiveError, for one that leads out of the tree, as only a forged one can."""
    return path if "/../" not in f"/{path}/" and safe_path(path) == path else safe_path("..")


def sparse_tree(tree: Sequence[TreeEntry], wanted: Sequence[str]) -> list[TreeEntry]:
    """The entries in some folders, and the files of the root. Raises: SparseError."""
    folders = [posixpath.normpath(path).strip("/") for path in wanted]
    for path in folders:
        if path != "." and not any(entry.path.startswith(f"{path}/") for entry in tree):
            raise SparseError(path)
    return [
        entry
        for entry in tree
        if "/" not in entry.path or any(path == "." or entry.path.startswith(f"{path}/") for path in folders)
    ]


class Submodules:
    """Brings the submodules of one source, those of its submodules too. Shape: `left` is how many may still come."""

    def __init__(self, mirrors: Mirrors) -> None:
        self._mirrors, self.left = mirrors, MAX_SUBMODULES

    def added(self, contents: Contents, folder: Path, commit: str, remote: Remote, depth: int = 1) -> Contents:
        """The contents with those of all submodules in their places. Raises: RemoteError, ArchiveError."""
        links = [entry for entry in self._mirrors.tree(folder, commit) if entry.mode == GITLINK]
        modules = contents.files.get(MODULES)
        if not links or modules is None:
            return contents
        if depth > MAX_DEPTH:
            raise RemoteError("submodules are nested too deep")
        text = b"".join(read(self._mirrors, [modules])).decode("utf-8", "replace")
        urls = submodule_urls(text, remote.url)
        files, folders = dict(contents.files), list(contents.folders)
        for link in links:
            if link.path not in urls:
                continue
            found = self._contents(link, of_url(urls[link.path], remote), depth)
            for path, item in found.files.items():
                files[f"{link.path}/{path}"] = item._replace(path=f"{link.path}/{path}")
            folders += [f"{link.path}/{path}" for path in found.folders]
        return Contents(files, folders)

    def _contents(self, link: TreeEntry, remote: Remote, depth: int) -> Contents:
        self.left -= 1
        if self.left < 0:
            raise RemoteError(f"there are more than {MAX_SUBMODULES} submodules")
        spec = f"+{link.object_id}:refs/kbuild/{link.object_id}"
        folder = self._mirrors.fetch(remote, [spec], is_shallow=True)
        return self.added(of_commit(self._mirrors, folder, link.object_id), folder, link.object_id, remote, depth + 1)


def of_url(url: str, parent: Remote) -> Remote:
    """A submodule's repository: the source's credentials are for its own host, and for no other."""
    one, other = urlsplit(url), urlsplit(parent.url)
    is_same = (one.scheme, one.hostname, one.port) == (other.scheme, other.hostname, other.port)
    return Remote(url, parent.credentials if is_same else Credentials(), parent.timeout_s)


def submodule_urls(text: str, base: str) -> dict[str, str]:
    """The URLs of `.gitmodules` by path; relative ones are meant from the repository's own."""
    found: dict[str, str] = {}
    section: dict[str, str] = {}
    for line in [*text.splitlines(), "[end]"]:
        stripped = line.strip()
        if stripped.startswith("["):
            if "path" in section and "url" in section:
                found[section["path"]] = _resolved(base, section["url"])
            section = {}
        elif "=" in stripped:
            name, _, value = stripped.partition("=")
            section[name.strip()] = value.strip()
    return found


def _resolved(base: str, url: str) -> str:
    """A URL that may be relative; `urljoin` knows nothing of ssh."""
    if not url.startswith(("./", "../")):
        return url
    parts = urlsplit(base)
    path = urlsplit(urljoin(f"http://host{parts.path.rstrip('/')}/", url)).path
    return f"{parts.scheme}://{parts.netloc}{path}"


def included(files: Mapping[str, Entry], source: str, target: str) -> Iterator[Item]:
    """The files of another source's artifact below `source`, moved to `target`; both from the root."""
    start = "" if source in ("", ".") else f"{source.strip('/')}/"
    for path, entry in files.items():
        if path.startswith(start):
            moved = posixpath.normpath(f"{target.strip('/')}/{path[len(start) :]}")
            yield Item(moved, entry.is_executable, data=entry.data or b"")


def packed(contents: Contents, ignore: str, mirrors: Mirrors) -> Iterator[Entry]:
    """What goes into the artifact, folders and files in the order of a walk. Raises: RemoteError, ArchiveError."""
    lists = [item for path, item in contents.files.items() if path.rpartition("/")[2] == SOURCE_IGNORE]
    lists.sort(key=lambda item: item.path.count("/"))
    texts = [
        (item.path.rpartition("/")[0], text.decode("utf-8", "replace"))
        for item, text in zip(lists, read(mirrors, lists), strict=True)
    ]
    rules = source_ignore("/", texts, ignore)
    kept: dict[str, Item | None] = dict.fromkeys(_folders(contents, rules))
    kept |= {path: item for path, item in contents.files.items() if not rules.matches(f"/{path}", is_dir=False)}
    order = sorted(kept, key=lambda path: path.split("/"))
    bodies = read(mirrors, [item for path in order if (item := kept[path]) is not None])
    total = 0
    for path in order:
        item = kept[path]
        if item is None:
            yield Entry(path)
            continue
        data = next(bodies)
        total += len(data)
        if total > MAX_UNPACKED:
            raise ArchiveError("the source holds more than a gibibyte")
        yield Entry(path, data, item.is_executable)


def read(mirrors: Mirrors, items: Sequence[Item]) -> Iterator[bytes]:
    """The contents of items in their order. Raises: RemoteError."""
    for folder, group in groupby(items, key=lambda item: item.folder):
        if folder is None:
            yield from (item.data for item in group)
        else:
            yield from mirrors.blobs(folder, [item.object_id for item in group])


def _folders(contents: Contents, rules: Ignore) -> Iterable[str]:
    """The folders that are packed."""
    folders = set(contents.folders)
    for path in (*contents.files, *contents.folders):
        at = path.rfind("/")
        while at > 0 and path[:at] not in folders:
            folders.add(path[:at])
            at = path.rfind("/", 0, at)
    return [path for path in folders if not rules.matches(f"/{path}", is_dir=True)]
