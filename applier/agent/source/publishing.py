"""Commits to a repository without ever checking it out: blobs, an index and a commit are made in a bare mirror and pushed.

As there is no work tree, nothing of the repository can run or point anywhere: no hooks, no filters, no links. Credentials are
handed to git as everywhere (`git.Mirrors`): in its environment and in files that only we can read.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import kbuild
from applier.agent.source.git import EXECUTABLE, Mirrors, without_credentials_but_user

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from applier.agent.source.git import Remote

MODE = "100644"


@dataclass(frozen=True, slots=True)
class Author:
    """Who commits."""

    name: str
    email: str = ""


class CommittedFiles(kbuild.MemoryFileSystem):
    """The files of a commit, each had when it is first read: a large repository is not loaded for a few of them."""

    def __init__(self, ids: Mapping[str, str], load: Callable[[str], bytes]) -> None:
        self._ids: dict[str, str] = {}
        super().__init__(dict.fromkeys(ids, b""))
        self._ids, self._load = dict(ids), load

    def put(self, path: str, content: bytes | str) -> None:
        """Add or replace one file."""
        self._ids.pop(self.absolute(path), None)
        super().put(path, content)

    def read(self, path: str) -> bytes:
        """The bytes of a file. Raises: OSError, RemoteError."""
        object_id = self._ids.get(self.absolute(path))
        if object_id is not None:
            self.put(path, self._load(object_id))
        return super().read(path)


class Publisher(Mirrors):
    """One branch of one repository as it is in a mirror, and commits on top of it."""

    def __init__(self, root: Path, remote: Remote, branch: str) -> None:
        super().__init__(root)
        self.remote, self.branch = remote, branch
        self.folder = root
        self.head = ""

    def fetch_branch(self) -> None:
        """Bring the branch; one that does not exist yet begins empty. Raises: RemoteError."""
        name = f"refs/heads/{self.branch}"
        commit = self.refs(self.remote).commit(name)
        if commit:
            self.folder = self.fetch(self.remote, [f"+{name}:{name}"], is_shallow=True)
        else:
            self.folder = self.root / "empty"
            self._git(None, ["init", "--quiet", "--bare", str(self.folder)], None)
        self.head = commit or ""

    def files(self, below: str) -> dict[str, bytes]:
        """The files below a folder, by their whole paths. Raises: RemoteError."""
        if not self.head:
            return {}
        front = f"{below.strip('/')}/" if below.strip("/") else ""
        entries = [one for one in self.tree(self.folder, self.head) if one.path.startswith(front)]
        wanted = [one for one in entries if one.mode in (MODE, EXECUTABLE)]
        contents = self.blobs(self.folder, [one.object_id for one in wanted])
        return {one.path: content for one, content in zip(wanted, contents, strict=True)}

    def committed(self, root: str) -> CommittedFiles:
        """All files of the branch as a file system, below `root`. Raises: RemoteError."""
        entries = self.tree(self.folder, self.head) if self.head else []
        ids = {f"{root}/{one.path}": one.object_id for one in entries if one.mode in (MODE, EXECUTABLE)}
        return CommittedFiles(ids, lambda object_id: next(iter(self.blobs(self.folder, [object_id]))))

    def commit(self, files: Mapping[str, bytes], message: str, author: Author) -> str:
        """Commit files on top of what is there; empty where that changes nothing. Raises: RemoteError."""
        self._git(self.folder, ["read-tree", self.head or "--empty"], None)
        rows = []
        for path, data in sorted(files.items()):
            blob = self._git(self.folder, ["hash-object", "-w", "--stdin"], None, stdin=data).decode().strip()
            rows.append(f"{MODE} {blob}\t{path}\0")
        self._git(self.folder, ["update-index", "-z", "--index-info"], None, stdin="".join(rows).encode())
        tree = self._git(self.folder, ["write-tree"], None).decode().strip()
        if self.head and tree == self._git(self.folder, ["rev-parse", f"{self.head}^{{tree}}"], None).decode().strip():
            return ""
        who = ["-c", f"user.name={author.name}", "-c", f"user.email={author.email}"]
        parent = ["-p", self.head] if self.head else []
        made = self._git(self.folder, [*who, "commit-tree", tree, *parent], None, stdin=f"{message}\n".encode())
        self.head = made.decode().strip()
        return self.head

    def push(self) -> None:
        """Push what was committed; never over what somebody else pushed meanwhile. Raises: RemoteError."""
        target = f"{self.head}:refs/heads/{self.branch}"
        url = without_credentials_but_user(self.remote.url)
        self._git(self.folder, ["push", "--quiet", "--", url, target], self.remote)
