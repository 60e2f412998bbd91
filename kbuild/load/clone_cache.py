"""Clones kept on disk by commit: opt-in (`Options.remote_cache`), shared by renders and processes.

What a ref is at the moment is asked of the server every time (one `git ls-remote`), except for a whole commit id: that is
answered without the network once it is there. A kept clone is complete: it is moved to its place when it is done.
"""

from __future__ import annotations

import os

from kbuild.load.clones import Clone, find_git, make_clone, run
from kbuild.load.scratch import Scratch
from kbuild.model.errors import RemoteError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from kbuild.model.repo_spec import RepoSpec

_COMMIT_LENGTHS = (40, 64)
# Where git looks for a ref, in order.
_PLACES = ("{}", "refs/{}", "refs/tags/{}", "refs/heads/{}", "refs/remotes/{}", "refs/remotes/{}/HEAD")


def find_or_make(spec: RepoSpec, kept: str) -> Clone:
    """The kept clone of what the ref is now, or a new one, kept from now on. Raises: RemoteError."""
    try:
        os.makedirs(kept, 0o700, exist_ok=True)
    except OSError as error:
        raise RemoteError(f"mkdir {kept}: {(error.strerror or str(error)).lower()}") from None
    kept = os.path.realpath(kept)
    commit = commit_of(spec, kept)
    if not commit:
        # Whatever is wrong with the ref or the server, a clone says it in the usual words.
        scratch = make_clone(spec, Scratch("kustomize-"))
        return Clone(spec, scratch.path, scratch)
    place = os.path.join(kept, f"{address_key(spec)}-{commit}")
    if not os.path.isdir(place):
        scratch = make_clone(spec, Scratch("kustomize-", kept))
        if head_of(scratch.path, spec) != commit:
            # The ref moved, or is a tag object: kept under no name that could be wrong.
            return Clone(spec, scratch.path, scratch)
        try:
            os.rename(scratch.path, place)
            scratch.keep()
        except OSError:
            # Another process was faster.
            scratch.remove()
    return Clone(spec, place, None)


def address_key(spec: RepoSpec) -> str:
    """A name for a repository's address and for what a clone of it has."""
    from hashlib import sha256

    return sha256(f"{spec.clone_url}\n{spec.submodules}".encode("utf-8", "surrogateescape")).hexdigest()[:16]


def commit_of(spec: RepoSpec, kept: str) -> str:
    """The commit that a ref is at the moment, `""` where that cannot be said."""
    ref = spec.ref or "HEAD"
    if len(ref) in _COMMIT_LENGTHS and all(char in "0123456789abcdef" for char in ref):
        return ref
    if ref.startswith("-"):
        return ""
    try:
        output = run([find_git(), "ls-remote", spec.clone_url, ref, ref + "^{}"], kept, spec.timeout_s)
    except RemoteError:
        return ""
    refs = {}
    for line in output.decode("utf-8", "replace").splitlines():
        commit, _, name = line.partition("\t")
        refs[name] = commit
    for place in _PLACES:
        name = place.format(ref)
        if name in refs:
            return refs.get(name + "^{}", refs[name])
    return ""


def head_of(folder: str, spec: RepoSpec) -> str:
    """The commit that is checked out."""
    return run([find_git(), "rev-parse", "HEAD"], folder, spec.timeout_s).decode("ascii", "replace").strip()
