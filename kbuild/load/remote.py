"""Remote sources: git repositories cloned into a fresh folder, and http(s) files. The only subprocesses of load.

Nothing here is imported before an entry turns out to be a URL. Git runs without a shell and without asking anything.
Source: kustomize v5.8.1 `git.ClonerUsingGitExec`, `loader.newLoaderAtGitClone`, `httpClientGetContent`.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import weakref

from kbuild.load.filesystem import DiskFileSystem
from kbuild.load.root import Access, CloneTimeoutError, HttpStatusError, Root, has_prefix, real_path
from kbuild.model.errors import MissingFileError, RemoteError, RestrictedPathError
from kbuild.model.quote import go_quote

TYPE_CHECKING = False
if TYPE_CHECKING:
    from kbuild.load.repo_spec import RepoSpec

HTTP_TIMEOUT_S = 60.0


class Clone:
    """A cloned repository. Its folder is removed with the last root that is in it, at the latest when the process ends."""

    __slots__ = ("__weakref__", "folder", "spec")

    def __init__(self, spec: RepoSpec, folder: str) -> None:
        self.spec, self.folder = spec, folder
        weakref.finalize(self, shutil.rmtree, folder, True)


def open_clone(spec: RepoSpec, access: Access, referrer: Root | None) -> Root:
    """Clone a repository and go to the folder in it; the restriction to that folder always holds there.

    Raises: RemoteError, MissingFileError, RestrictedPathError.
    """
    for root in referrer.way() if referrer is not None else ():
        if root.clone is not None and root.clone.spec.raw.startswith(spec.raw):
            raise RemoteError(f"cycle detected: URI '{spec.raw}' referenced by previous URI '{root.clone.spec.raw}'")
    clone = make_clone(spec)
    inside = Access(DiskFileSystem(), access.counters, restricted=True)
    inside.files_read = access.files_read
    wanted = os.path.normpath(os.path.join(clone.folder, spec.path))
    real = real_path(inside, wanted, wanted)
    if not os.path.isdir(real):
        raise MissingFileError(f"'{wanted}' refers to file '{os.path.basename(real)}'; expecting directory")
    if not has_prefix(real, clone.folder):
        raise RestrictedPathError(f"{go_quote(wanted)} refers to directory outside of repo {go_quote(clone.folder)}")
    inside.real_folders[real] = real
    return Root(inside, real, referrer, clone)


def make_clone(spec: RepoSpec) -> Clone:
    """A shallow checkout of one ref. Raises: RemoteError."""
    program = shutil.which("git")
    if program is None:
        raise RemoteError("no 'git' program on path: exec: \"git\": executable file not found in $PATH")
    ref = spec.ref or "HEAD"
    if ref.startswith("-") or spec.clone_url.startswith("-"):
        # The reference hands this to git, which takes it for an option.
        raise RemoteError(f"ref '{ref}' of '{spec.raw}' looks like an option of git")
    clone = Clone(spec, os.path.realpath(fresh_folder()))
    steps = [
        ["init"],
        ["remote", "add", "origin", spec.clone_url],
        ["fetch", "--depth=1", spec.clone_url, ref],
        ["checkout", "FETCH_HEAD"],
    ]
    if spec.submodules:
        steps.append(["submodule", "update", "--init", "--recursive"])
    for step in steps:
        run([program, *step], clone.folder, spec.timeout_s)
    return clone


def fresh_folder() -> str:
    """A new folder that only we can enter, named as the reference names its own: tools hide such names in messages."""
    while True:
        folder = os.path.join(tempfile.gettempdir(), f"kustomize-{int.from_bytes(os.urandom(4), 'big')}")
        try:
            os.mkdir(folder, 0o700)
        except FileExistsError:
            continue
        return folder


def run(command: list[str], folder: str, timeout_s: float) -> None:
    """Run one git command. Raises: RemoteError, with its output; CloneTimeoutError."""
    shown = " ".join(command)
    process = subprocess.Popen(  # noqa: S603, an argument list without a shell; options are refused above
        command,
        cwd=folder,
        env={**os.environ, "GIT_TERMINAL_PROMPT": "0"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    try:
        output, _ = process.communicate(timeout=timeout_s)
    except subprocess.TimeoutExpired:
        # The group, because git's own helpers hold the pipe as well.
        os.killpg(process.pid, 9)
        process.communicate()
        raise CloneTimeoutError(f"hit {duration_text(timeout_s)} timeout running '{shown}'") from None
    if process.returncode:
        text = output.decode("utf-8", "replace")
        raise RemoteError(f"failed to run '{shown}': {text}: exit status {process.returncode}")


def duration_text(seconds: float) -> str:
    """Seconds as Go prints a duration: `27s`, `1m1s`, `500ms`."""
    if seconds < 1:
        for unit, factor in (("ms", 1e3), ("µs", 1e6), ("ns", 1e9)):
            if seconds * factor >= 1:
                return f"{_short(seconds * factor)}{unit}"
        return "0s"
    hours, rest = divmod(seconds, 3600)
    minutes, rest = divmod(rest, 60)
    text = f"{int(hours)}h" if hours else ""
    text += f"{int(minutes)}m" if hours or minutes else ""
    return f"{text}{_short(rest)}s"


def _short(number: float) -> str:
    return f"{number:.9f}".rstrip("0").rstrip(".")


def fetch(url: str) -> bytes:
    """The body of an http(s) URL; redirects are followed.

    Raises: HttpStatusError, for a status that is no success and a URL that names no repository; RemoteError.
    """
    from http.client import HTTPException, responses
    from urllib.error import HTTPError, URLError
    from urllib.request import Request, urlopen

    from kbuild.load.repo_spec import parse

    request = Request(url, headers={"User-Agent": "kbuild"})  # noqa: S310, only http(s) URLs come here
    try:
        with urlopen(request, timeout=HTTP_TIMEOUT_S) as answer:  # noqa: S310
            return answer.read()  # type: ignore[no-any-return]
    except HTTPError as error:
        error.close()
        if parse(url) is not None:
            raise RemoteError("URL is a git repository") from None
        text = responses.get(error.code, "")
        raise HttpStatusError(f"HTTP Error: status code {error.code} ({text})") from None
    except (URLError, HTTPException, OSError, ValueError) as error:
        raise RemoteError(f"Get {go_quote(url)}: {transport_reason(url, getattr(error, 'reason', error))}") from None


def transport_reason(url: str, reason: object) -> str:
    """Why there was no answer, close to Go's words."""
    from socket import gaierror
    from urllib.parse import urlsplit

    parts = urlsplit(url)
    if isinstance(reason, gaierror):
        return f"dial tcp: lookup {parts.hostname}: no such host"
    if isinstance(reason, OSError) and reason.strerror:
        port = parts.port or (443 if parts.scheme == "https" else 80)
        return f"dial tcp {parts.hostname}:{port}: connect: {reason.strerror.lower()}"
    return str(reason)
