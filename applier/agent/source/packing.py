"""The files of a source: those of its commit, its submodules and its includes, without what the ignore rules leave out."""

from __future__ import annotations

import posixpath
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urljoin

from applier.agent.source.archive import Entry
from applier.agent.source.git import GITLINK, SYMLINK, Remote, TreeEntry
from kbuild import Ignore, source_ignore

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from applier.agent.source.git import Mirrors

SOURCE_IGNORE = ".sourceignore"
MAX_SUBMODULES = 100


class SparseError(Exception):
    """A folder of `sparseCheckout` that the repository does not have."""


@dataclass(frozen=True, slots=True)
class Contents:
    """Everything that a source may be packed from. Shape: `folders` are those that are there without any file."""

    files: Sequence[Entry]
    folders: Sequence[str] = ()


def of_commit(mirrors: Mirrors, folder: Path, commit: str, sparse: Sequence[str] = ()) -> Contents:
    """The regular files of a commit; links are left out. Raises: RemoteError, SparseError."""
    tree = mirrors.tree(folder, commit)
    if sparse:
        tree = sparse_tree(tree, sparse)
    files = [entry for entry in tree if entry.mode not in (SYMLINK, GITLINK)]
    links = [entry.path for entry in tree if entry.mode == GITLINK]
    return Contents(list(mirrors.blobs(folder, files)), links)


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


def with_submodules(contents: Contents, tree: Sequence[TreeEntry], remote: Remote, mirrors: Mirrors) -> Contents:
    """The contents with those of all submodules in their places. Raises: RemoteError."""
    modules = next((entry.data for entry in contents.files if entry.path == ".gitmodules"), None)
    urls = submodule_urls((modules or b"").decode("utf-8", "replace"), remote.url)
    files, folders = list(contents.files), list(contents.folders)
    for link in [entry for entry in tree if entry.mode == GITLINK][:MAX_SUBMODULES]:
        if link.path not in urls:
            continue
        inner = Remote(urls[link.path], remote.credentials, remote.timeout_s)
        folder = mirrors.fetch(inner, [f"+{link.object_id}:refs/kbuild/{link.object_id}"], is_shallow=True)
        found = of_commit(mirrors, folder, link.object_id)
        found = with_submodules(found, mirrors.tree(folder, link.object_id), inner, mirrors)
        files += [Entry(f"{link.path}/{entry.path}", entry.data, entry.is_executable) for entry in found.files]
        folders += [f"{link.path}/{path}" for path in found.folders]
    return Contents(files, folders)


def submodule_urls(text: str, base: str) -> dict[str, str]:
    """The URLs of `.gitmodules` by path; relative ones are meant from the repository's own."""
    found: dict[str, str] = {}
    section: dict[str, str] = {}
    for line in [*text.splitlines(), "[end]"]:
        stripped = line.strip()
        if stripped.startswith("["):
            if "path" in section and "url" in section:
                url = section["url"]
                found[section["path"]] = urljoin(f"{base.rstrip('/')}/", url) if url.startswith(("./", "../")) else url
            section = {}
        elif "=" in stripped:
            name, _, value = stripped.partition("=")
            section[name.strip()] = value.strip()
    return found


def included(files: Mapping[str, Entry], source: str, target: str) -> Iterator[Entry]:
    """The files of another source's artifact below `source`, moved to `target`; both from the root."""
    start = "" if source in ("", ".") else f"{source.strip('/')}/"
    for path, entry in files.items():
        if path.startswith(start):
            moved = posixpath.normpath(f"{target.strip('/')}/{path[len(start) :]}")
            yield Entry(moved, entry.data, entry.is_executable)


def packed(contents: Contents, ignore: str) -> list[Entry]:
    """What goes into the artifact, folders and files in the order of a walk."""
    texts = [
        (entry.path.rpartition("/")[0], (entry.data or b"").decode("utf-8", "replace"))
        for entry in contents.files
        if entry.path.rpartition("/")[2] == SOURCE_IGNORE
    ]
    rules = source_ignore("/", sorted(texts, key=lambda item: item[0].count("/") if item[0] else -1), ignore)
    files = {entry.path: entry for entry in contents.files}
    folders = set(contents.folders)
    for path in (*files, *contents.folders):
        folders.update(_above(path))
    kept = {path: Entry(path) for path in folders if not _is_ignored(path, rules, is_dir=True)}
    kept |= {path: entry for path, entry in files.items() if not _is_ignored(path, rules, is_dir=False)}
    return [kept[path] for path in sorted(kept, key=lambda path: path.split("/"))]


def _is_ignored(path: str, rules: Ignore, *, is_dir: bool) -> bool:
    return rules.matches(f"/{path}", is_dir=is_dir)


def _above(path: str) -> Iterable[str]:
    at = path.find("/")
    while at >= 0:
        yield path[:at]
        at = path.find("/", at + 1)
