"""Which commit a GitRepository's `ref` means, and the revision that names it.

Source: source-controller v1 and fluxcd/pkg `git`: commit before name before tag before semver before branch.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from applier.agent.source import semver
from applier.agent.source.remote_refs import RemoteError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from applier.agent.source.git import Mirrors, Remote
    from applier.agent.source.remote_refs import Refs

DEFAULT_BRANCH = "master"
_HEADS, _TAGS = "refs/heads/", "refs/tags/"


class EmptyRepositoryError(Exception):
    """A repository without any commit."""


@dataclass(frozen=True, slots=True)
class Target:
    """What is to be fetched. Shape: `name` is a full ref; `tag_object` the id of an annotated tag, empty for none."""

    name: str
    label: str
    commit: str = ""
    needs_history: bool = False
    tag_object: str = ""

    @property
    def revision(self) -> str:
        """`main@sha1:…`, or `sha1:…` alone."""
        algorithm = "sha256" if len(self.commit) == 64 else "sha1"
        text = f"{algorithm}:{self.commit}"
        return f"{self.label}@{text}" if self.label else text


def find(ref: Mapping[str, Any], refs: Refs) -> Target:
    """What a ref means on a server. Raises: RemoteError, EmptyRepositoryError."""
    if not refs.by_name:
        raise EmptyRepositoryError
    if ref.get("commit"):
        branch = str(ref.get("branch") or "")
        name = f"{_HEADS}{branch}" if branch else ""
        if name:
            _known(refs, name)
        return Target(name, branch, str(ref["commit"]), needs_history=True)
    if ref.get("name"):
        name = str(ref["name"])
        commit = refs.commit(name)
        if commit is None:
            raise RemoteError(f"unable to resolve ref '{name}' to a specific commit")
        return Target(name, name, commit, tag_object=_tag_object(refs, name))
    if ref.get("tag"):
        return _known(refs, f"{_TAGS}{ref['tag']}")
    if ref.get("semver"):
        return _known(refs, _TAGS + newest_tag(str(ref["semver"]), refs))
    return _known(refs, f"{_HEADS}{ref.get('branch') or DEFAULT_BRANCH}")


def _known(refs: Refs, name: str) -> Target:
    commit = refs.commit(name)
    if commit is None:
        raise RemoteError(f'couldn\'t find remote ref "{name}"')
    return Target(name, name.split("/", 2)[2], commit, tag_object=_tag_object(refs, name))


def _tag_object(refs: Refs, name: str) -> str:
    return refs.by_name[name] if name in refs.peeled and name.startswith(_TAGS) else ""


def newest_tag(text: str, refs: Refs) -> str:
    """The tag of the highest version in a range. Raises: RemoteError."""
    try:
        wanted = semver.parse_range(text)
    except ValueError as problem:
        raise RemoteError(f"semver parse error: {problem}") from None
    best: tuple[Any, str] | None = None
    for name in refs.by_name:
        version = semver.parse(name.removeprefix(_TAGS)) if name.startswith(_TAGS) else None
        if version is not None and wanted.admits(version):
            candidate = (version.order, name.removeprefix(_TAGS))
            best = candidate if best is None or candidate > best else best
    if best is None:
        raise RemoteError(f"no match found for semver: {text}")
    return best[1]


def fetch(target: Target, remote: Remote, mirrors: Mirrors) -> Path:
    """Bring the target's commit into the mirror. Raises: RemoteError."""
    specs = [f"+{target.name}:{target.name}"] if target.name else [f"+{_HEADS}*:{_HEADS}*", f"+{_TAGS}*:{_TAGS}*"]
    folder = mirrors.fetch(remote, specs, is_shallow=not target.needs_history)
    if not mirrors.has_commit(folder, target.commit):
        raise missing(target.commit)
    if target.needs_history and target.name and not mirrors.is_ancestor(folder, target.commit, target.name):
        raise missing(target.commit)
    return folder


def missing(commit: str) -> RemoteError:
    """The error for a commit that a repository does not have."""
    return RemoteError(f"unable to resolve commit object for '{commit}': object not found")
