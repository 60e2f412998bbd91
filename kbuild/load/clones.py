"""Git repositories, cloned into fresh folders by the git of this machine. Imported when an entry turns out to be a URL.

Decision record: docs/adr/0015-git-is-run-as-a-program.md.
Source: kustomize v5.8.1 `git.ClonerUsingGitExec`, `loader.newLoaderAtGitClone`.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess

from kbuild.load.filesystem import DiskFileSystem
from kbuild.load.programs import duration_text, exit_text
from kbuild.load.root import Access, CloneTimeoutError, Root, has_prefix, real_path
from kbuild.load.scratch import Scratch
from kbuild.model.errors import MissingFileError, RemoteError, RestrictedPathError
from kbuild.model.quote import go_quote

TYPE_CHECKING = False
if TYPE_CHECKING:
    from kbuild.model.repo_spec import RepoSpec

# What would make git work in another repository than the one in its working directory.
_ELSEWHERE = (
    "GIT_ALTERNATE_OBJECT_DIRECTORIES", "GIT_COMMON_DIR", "GIT_DIR", "GIT_GRAFT_FILE", "GIT_IMPLICIT_WORK_TREE",
    "GIT_INDEX_FILE", "GIT_NAMESPACE", "GIT_OBJECT_DIRECTORY", "GIT_PREFIX", "GIT_SHALLOW_FILE", "GIT_WORK_TREE",
)  # fmt: skip


class Clone:
    """A cloned repository as one URL names it. Several clones share a folder when they have the same contents."""

    __slots__ = ("folder", "scratch", "spec")

    def __init__(self, spec: RepoSpec, folder: str, scratch: Scratch | None) -> None:
        self.spec, self.folder, self.scratch = spec, folder, scratch


def open_clone(spec: RepoSpec, access: Access, referrer: Root | None) -> Root:
    """Clone a repository and go to the folder in it; the restriction to that folder always holds there.

    Raises: RemoteError, MissingFileError, RestrictedPathError.
    """
    for root in referrer.way() if referrer is not None else ():
        if root.clone is not None and root.clone.spec.raw.startswith(spec.raw):
            raise RemoteError(f"cycle detected: URI '{spec.raw}' referenced by previous URI '{root.clone.spec.raw}'")
    clone = find_clone(spec, access)
    inside = Access(DiskFileSystem(), access.counters, restricted=True)
    inside.files_read, inside.clones, inside.clone_cache = access.files_read, access.clones, access.clone_cache
    wanted = os.path.normpath(os.path.join(clone.folder, spec.path))
    real = real_path(inside, wanted, wanted)
    if not os.path.isdir(real):
        raise MissingFileError(f"'{wanted}' refers to file '{os.path.basename(real)}'; expecting directory")
    if not has_prefix(real, clone.folder):
        raise RestrictedPathError(f"{go_quote(wanted)} refers to directory outside of repo {go_quote(clone.folder)}")
    inside.real_folders[real] = real
    return Root(inside, real, referrer, clone)


def find_clone(spec: RepoSpec, access: Access) -> Clone:
    """A clone from this render, from the cache on disk, or a new one. Raises: RemoteError."""
    key = (spec.clone_url, spec.ref, spec.submodules)
    known = access.clones.get(key)
    if known is not None:
        return Clone(spec, known.folder, known.scratch)
    access.counters.remotes += 1
    if access.clone_cache:
        from kbuild.load import clone_cache

        clone = clone_cache.find_or_make(spec, access.clone_cache)
    else:
        scratch = make_clone(spec, Scratch("kustomize-"))
        clone = Clone(spec, scratch.path, scratch)
    access.clones[key] = clone
    return clone


def make_clone(spec: RepoSpec, scratch: Scratch) -> Scratch:
    """A shallow checkout of one ref in a fresh folder; removes it where that fails. Raises: RemoteError."""
    ref = spec.ref or "HEAD"
    steps = [
        ["init"],
        ["remote", "add", "origin", spec.clone_url],
        ["fetch", "--depth=1", spec.clone_url, ref],
        ["checkout", "FETCH_HEAD"],
    ]
    if spec.submodules:
        steps.append(["submodule", "update", "--init", "--recursive"])
    try:
        program = find_git()
        if ref.startswith("-") or spec.clone_url.startswith("-"):
            # The reference hands this to git, which takes it for an option: `--upload-pack=PROGRAM` is one.
            raise RemoteError(f"ref '{ref}' of '{spec.raw}' looks like an option of git")
        for step in steps:
            run([program, *step], scratch.path, spec.timeout_s)
    except BaseException:
        scratch.remove()
        raise
    return scratch


def find_git() -> str:
    """The path of git. Raises: RemoteError."""
    program = shutil.which("git")
    if program is None:
        raise RemoteError("no 'git' program on path: exec: \"git\": executable file not found in $PATH")
    return program


def run(command: list[str], folder: str, timeout_s: float) -> bytes:
    """What one git command prints. Raises: RemoteError, with its output; CloneTimeoutError."""
    shown = " ".join(command)
    alone = not has_terminal()
    process = subprocess.Popen(  # noqa: S603, an argument list without a shell; options are refused above
        command,
        cwd=folder,
        env={name: value for name, value in os.environ.items() if name not in _ELSEWHERE},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=alone,
    )
    try:
        output, _ = process.communicate(timeout=timeout_s)
    except subprocess.TimeoutExpired:
        end(process, alone=alone)
        raise CloneTimeoutError(f"hit {duration_text(timeout_s)} timeout running '{shown}'") from None
    except BaseException:
        end(process, alone=alone)
        raise
    if process.returncode:
        text = output.decode("utf-8", "replace")
        raise RemoteError(f"failed to run '{shown}': {text}: {exit_text(process.returncode)}")
    return output


def has_terminal() -> bool:
    """Whether git could ask somebody for a password: then it must stay in the terminal's session."""
    try:
        os.close(os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY))
    except OSError:
        return False
    return True


def end(process: subprocess.Popen[bytes], *, alone: bool) -> None:
    """End git with the programs that it started."""
    if alone:
        os.killpg(process.pid, signal.SIGKILL)
    else:
        # git ends its own programs on this one.
        process.terminate()
    try:
        process.communicate(timeout=1)
    except subprocess.TimeoutExpired:
        process.kill()
        if process.stdout is not None:
            process.stdout.close()
        process.wait()
