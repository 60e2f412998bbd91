"""Git repositories: one bare mirror for each URL, fetched incrementally, read without ever being checked out.

What is hostile in a repository has nothing to act on: no work tree (so no links to follow and no filters to run), no hooks,
no configuration but ours, http(s) and ssh only, a deadline and a size for every command. Credentials go through the
environment and files that only we can read, never through arguments.
"""

from __future__ import annotations

import hashlib
import os
import resource
import shutil
import subprocess
import sys
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock, Thread, Timer
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from applier.agent.runtime.fetching import without_credentials
from applier.agent.runtime.key_files import key_files
from applier.agent.source.remote_refs import Refs, RemoteError, list_http

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import IO

    from applier.agent.source.credentials import Credentials

MAX_PACK, LOCAL_TIMEOUT_S, _PIPE = 4 << 30, 300.0, 1 << 20
SYMLINK, GITLINK, EXECUTABLE = "120000", "160000", "100755"
_ASKPASS = "#!/bin/sh\nprintf '%s\\n' \"$KBUILD_PASSPHRASE\"\n"


@dataclass(frozen=True, slots=True)
class Remote:
    """A repository and how to reach it. Units: `timeout_s` seconds for all network work of one run together."""

    url: str
    credentials: Credentials = field(repr=False)
    timeout_s: float = 60.0

    @property
    def is_ssh(self) -> bool:
        """Whether it is reached by ssh."""
        return urlsplit(self.url).scheme == "ssh"


@dataclass(frozen=True, slots=True)
class TreeEntry:
    """One entry of a commit's tree. Shape: `mode` as Git writes it; `object_id` of the blob, or the submodule's commit."""

    mode: str
    object_id: str
    path: str


class Mirrors:
    """The mirrors below one folder. Safe to use from several threads; one fetch of a mirror at a time."""

    def __init__(self, root: Path, protocols: str = "http:https:ssh") -> None:
        self.root, self.protocols = root, protocols
        self._locks: dict[str, Lock] = {}
        self._lock = Lock()

    def refs(self, remote: Remote) -> Refs:
        """What the server has. Raises: RemoteError."""
        if not remote.is_ssh:
            return list_http(remote.url, remote.credentials, remote.timeout_s)
        output = self._git(None, ["ls-remote", "--", without_credentials_but_user(remote.url)], remote)
        by_name: dict[str, str] = {}
        peeled: dict[str, str] = {}
        for line in output.decode("utf-8", "replace").splitlines():
            commit, _, name = line.partition("\t")
            (peeled if name.endswith("^{}") else by_name)[name.removesuffix("^{}")] = commit
        return Refs(by_name, peeled)

    def fetch(self, remote: Remote, refspecs: Sequence[str], *, is_shallow: bool) -> Path:
        """Bring refs into the mirror; returns its folder. Raises: RemoteError."""
        folder = self.root / hashlib.sha256(without_credentials(remote.url).encode()).hexdigest()
        with self._lock:
            lock = self._locks.setdefault(str(folder), Lock())
        with lock:
            if not (folder / "HEAD").exists():
                folder.mkdir(mode=0o700, parents=True, exist_ok=True)
                self._git(None, ["init", "--quiet", "--bare", str(folder)], None)
            depth = ["--depth=1"] if is_shallow else ["--unshallow"] if (folder / "shallow").exists() else []
            command = ["fetch", "--quiet", "--no-tags", "--force", "--no-write-fetch-head", "--no-auto-gc", *depth]
            try:
                self._git(folder, [*command, "--", without_credentials_but_user(remote.url), *refspecs], remote)
            except RemoteError:
                if (folder / "shallow.lock").exists() or not (folder / "HEAD").exists():
                    shutil.rmtree(folder, ignore_errors=True)
                raise
        return folder

    def has_commit(self, folder: Path, commit: str) -> bool:
        """Whether the mirror has a commit."""
        return self._answers(folder, ["cat-file", "-e", f"{commit}^{{commit}}"])

    def is_ancestor(self, folder: Path, commit: str, of: str) -> bool:
        """Whether a commit is in the history of another one."""
        return self._answers(folder, ["merge-base", "--is-ancestor", commit, of])

    def _answers(self, folder: Path, command: list[str]) -> bool:
        try:
            self._git(folder, command, None)
        except RemoteError:
            return False
        return True

    def subject(self, folder: Path, commit: str) -> str:
        """The first line of a commit's message. Raises: RemoteError."""
        output = self._git(folder, ["log", "-1", "--format=%s", commit], None)
        return output.decode("utf-8", "replace").rstrip("\n")

    def commit_time(self, folder: Path, commit: str) -> int:
        """When a commit was made, in seconds since 1970. Raises: RemoteError."""
        return int(self._git(folder, ["log", "-1", "--format=%ct", commit], None))

    def raw(self, folder: Path, kind: str, object_id: str) -> bytes:
        """An object as Git stores it, for verifying signatures. Raises: RemoteError."""
        return self._git(folder, ["cat-file", kind, object_id], None)

    def tree(self, folder: Path, commit: str) -> list[TreeEntry]:
        """All entries of a commit's tree, folders apart. Raises: RemoteError."""
        output = self._git(folder, ["ls-tree", "-r", "-z", "--full-tree", commit], None)
        found = []
        for record in output.decode("utf-8", "surrogateescape").split("\0"):
            if record:
                facts, _, path = record.partition("\t")
                mode, _, object_id = facts.split(" ", 2)
                found.append(TreeEntry(mode, object_id, path))
        return found

    def blobs(self, folder: Path, ids: Sequence[str]) -> Iterator[bytes]:
        """The contents of blobs in their order, one after the other, never all at once. Raises: RemoteError."""
        if not ids:
            return
        with self._environment(None) as environment:
            command = ["git", "--git-dir", str(folder), "cat-file", "--batch", "--buffer"]
            process = _started(command, environment, has_input=True, buffer=_PIPE)
            assert process.stdin is not None
            assert process.stdout is not None
            feeder = Thread(target=_feed, args=(process.stdin, ids), daemon=True)
            timer = Timer(LOCAL_TIMEOUT_S, _kill, (process,))
            feeder.start()
            timer.start()
            try:
                for _ in ids:
                    yield _blob(process.stdout)
            finally:
                timer.cancel()
                _end(process)

    def _git(
        self, folder: Path | None, command: Sequence[str], remote: Remote | None, stdin: bytes | None = None
    ) -> bytes:
        """Run git; returns its output. Raises: RemoteError, with the sentence of its last words."""
        with self._environment(remote) as environment:
            arguments = ["git", *(["--git-dir", str(folder)] if folder else []), *command]
            deadline = remote.timeout_s if remote else LOCAL_TIMEOUT_S
            process = _started(arguments, environment, has_input=stdin is not None)
            try:
                output, errors = process.communicate(stdin, timeout=deadline)
            except subprocess.TimeoutExpired:
                _end(process)
                raise RemoteError("context deadline exceeded") from None
        if process.returncode:
            raise RemoteError(last_words(errors))
        return output

    @contextmanager
    def _environment(self, remote: Remote | None) -> Iterator[dict[str, str]]:
        """The environment of one command: nothing of the machine's or the user's configuration."""
        settings = {"core.hooksPath": "/dev/null", "credential.helper": "", "gc.auto": "0", "core.askPass": ""}
        environment = {
            "PATH": os.environ.get("PATH", "/usr/bin:/bin"),
            "HOME": "/nonexistent",
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_CONFIG_GLOBAL": "/dev/null",
            "GIT_TERMINAL_PROMPT": "0",
            "GIT_ALLOW_PROTOCOL": self.protocols,
            "LC_ALL": "C",
        }
        if remote is None:
            yield {**environment, **_as_variables(settings)}
            return
        found = remote.credentials
        askpass = _ASKPASS.encode() if found.identity and found.password else b""
        with key_files(
            authority=found.trust.authority, certificate=found.trust.certificate, key=found.trust.key, identity=found.identity,
            known_hosts=found.known_hosts, askpass=askpass,
        ) as files:  # fmt: skip
            if remote.is_ssh:
                environment |= _ssh(files, found)
            else:
                settings |= _http(without_credentials(remote.url), files, found)
            yield {**environment, **_as_variables(settings)}


def without_credentials_but_user(url: str) -> str:
    """A URL without password; ssh keeps its user."""
    parts = urlsplit(url)
    if parts.scheme != "ssh":
        return without_credentials(url)
    host = parts.netloc.rpartition("@")[2]
    return f"ssh://{parts.username or 'git'}@{host}{parts.path}"


def _as_variables(settings: dict[str, str]) -> dict[str, str]:
    found = {"GIT_CONFIG_COUNT": str(len(settings))}
    for at, (name, value) in enumerate(settings.items()):
        found |= {f"GIT_CONFIG_KEY_{at}": name, f"GIT_CONFIG_VALUE_{at}": value}
    return found


def _http(url: str, files: dict[str, str], found: Credentials) -> dict[str, str]:
    """Settings that hold for this URL only, so that no redirect takes the credentials elsewhere."""
    settings = {"http.followRedirects": "initial", "protocol.version": "2"}
    if found.authorization:
        settings[f"http.{url}.extraHeader"] = f"Authorization: {found.authorization}"
    for name, setting in (("authority", "sslCAInfo"), ("certificate", "sslCert"), ("key", "sslKey")):
        if name in files:
            settings[f"http.{url}.{setting}"] = files[name]
    if found.trust.proxy:
        settings[f"http.{url}.proxy"] = found.trust.proxy
    return settings


def _ssh(files: dict[str, str], found: Credentials) -> dict[str, str]:
    options = ["-F", "/dev/null", "-o", "IdentitiesOnly=yes", "-o", "StrictHostKeyChecking=yes"]
    if "identity" in files:
        options += ["-i", files["identity"]]
    options += [
        "-o",
        f"UserKnownHostsFile={files.get('known_hosts', '/dev/null')}",
        "-o",
        "GlobalKnownHostsFile=/dev/null",
    ]
    variables = {"GIT_SSH_COMMAND": " ".join(["ssh", *options, "-o", f"BatchMode={'no' if found.password else 'yes'}"])}
    if "askpass" in files:
        Path(files["askpass"]).chmod(0o700)
        variables |= {
            "SSH_ASKPASS": files["askpass"], "SSH_ASKPASS_REQUIRE": "force", "KBUILD_PASSPHRASE": found.password,
        }  # fmt: skip
    return variables


def _limit(pid: int) -> None:
    """No file that git writes may grow beyond a bound."""
    try:
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (MAX_PACK, MAX_PACK))
    except (OSError, ValueError):
        return  # it has ended already


def _started(
    command: Sequence[str], environment: dict[str, str], *, has_input: bool, buffer: int = -1
) -> subprocess.Popen[bytes]:
    """Git in a process group of its own, with bounds."""
    process = subprocess.Popen(  # noqa: S603  (an argument list, no shell)
        list(command),
        env=environment,
        stdin=subprocess.PIPE if has_input else subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL if has_input else subprocess.PIPE,
        bufsize=buffer,
        process_group=0,
        cwd="/",
    )
    if sys.platform == "linux":
        _limit(process.pid)
    return process


def _feed(pipe: IO[bytes], ids: Sequence[str]) -> None:
    """Ask for objects; git may have ended meanwhile."""
    with suppress(OSError), pipe:
        pipe.write("".join(f"{one}\n" for one in ids).encode())


def _blob(pipe: IO[bytes]) -> bytes:
    """The next object of an answer. Raises: RemoteError."""
    size = pipe.readline().rpartition(b" ")[2].strip()
    if not size.isdigit():
        raise RemoteError("the mirror lacks an object")
    found = pipe.read(int(size) + 1)
    if len(found) != int(size) + 1:
        raise RemoteError("git ended before its answer did")
    return found[:-1]


def _kill(process: subprocess.Popen[bytes]) -> None:
    with suppress(ProcessLookupError):
        os.killpg(process.pid, 9)


def _end(process: subprocess.Popen[bytes]) -> None:
    """Kill git and all that it started."""
    _kill(process)
    if process.stdin is not None:
        process.wait()
        if process.stdout is not None:
            process.stdout.close()
        return
    process.communicate()


def last_words(errors: bytes) -> str:
    """The sentence of git's error output."""
    lines = [line.strip() for line in errors.decode("utf-8", "replace").splitlines() if line.strip()]
    fatal = [line.partition(": ")[2] for line in lines if line.startswith(("fatal: ", "error: "))]
    return (fatal or lines or ["git failed"])[0]
