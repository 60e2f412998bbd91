"""A Git repository of this machine, served for reading on the loopback while a process lives.

Sources have http addresses, never `file://`: what reconciles a folder serves it to itself. The address has a part that nobody can
guess, as every user of the machine can reach the port.
Source: Git's `gitprotocol-http`; git itself (`upload-pack`) answers.
"""

from __future__ import annotations

import gzip
import os
import subprocess
import tempfile
from dataclasses import dataclass, field
from secrets import token_hex
from typing import TYPE_CHECKING, BinaryIO, cast

from applier.agent.runtime.serving import Reply, Server

if TYPE_CHECKING:
    from pathlib import Path

    from applier.agent.runtime.serving import Asked

SERVICE = "git-upload-pack"
TIMEOUT_S = 120.0


class LocalError(Exception):
    """A folder that is no repository, or has no such branch: the sentence."""


@dataclass(slots=True)
class LocalRepository:
    """One repository. Shape: `root` is its work tree, or a bare repository itself."""

    root: Path
    _secret: str = field(default_factory=lambda: token_hex(16), repr=False)
    _server: Server | None = None

    @classmethod
    def around(cls, folder: Path) -> LocalRepository:
        """The repository that a folder is in. Raises: LocalError."""
        try:
            found = _git(folder, "rev-parse", "--show-toplevel").strip() or str(folder)
        except LocalError:
            raise LocalError(
                f"{folder} is in no Git repository; make one with: git init && git add . && git commit"
            ) from None
        return cls(type(folder)(found))

    @property
    def url(self) -> str:
        """Where it is served."""
        assert self._server is not None
        return f"http://127.0.0.1:{self._server.port}{self._prefix}"

    @property
    def _prefix(self) -> str:
        name = (
            "".join(letter if letter.isalnum() or letter in "-._" else "-" for letter in self.root.name) or "repository"
        )
        return f"/{self._secret}/{name}.git"

    def branch(self) -> str:
        """The branch that is checked out. Raises: LocalError."""
        return _git(self.root, "symbolic-ref", "--quiet", "--short", "HEAD").strip()

    def head(self, branch: str) -> str:
        """The commit of a branch. Raises: LocalError."""
        try:
            return _git(self.root, "rev-parse", "--verify", "--quiet", f"refs/heads/{branch}^{{commit}}").strip()
        except LocalError:
            raise LocalError(f'{self.root} has no branch "{branch}" with a commit') from None

    def has_changes(self) -> bool:
        """Whether something is not committed, which is not seen. Raises: LocalError."""
        return bool(_git(self.root, "status", "--porcelain", "--untracked-files=normal").strip())

    def start(self) -> None:
        """Begin to serve. Raises: OSError."""
        routes = {("GET", f"{self._prefix}/info/refs"): self._refs, ("POST", f"{self._prefix}/{SERVICE}"): self._pack}
        self._server = Server("127.0.0.1:0", routes)
        self._server.start()

    def stop(self) -> None:
        """Serve no more."""
        if self._server is not None:
            self._server.stop()

    def _refs(self, asked: Asked) -> Reply:
        if asked.query != f"service={SERVICE}":
            return Reply(403, b"only reading is possible")
        front = (
            b"" if "version=2" in asked.headers.get("git-protocol", "") else _packet(f"# service={SERVICE}\n") + b"0000"
        )
        return self._answer(asked, ["--advertise-refs"], b"", front, "advertisement")

    def _pack(self, asked: Asked) -> Reply:
        body = asked.body
        if asked.headers.get("content-encoding") == "gzip":
            body = gzip.decompress(body)
        return self._answer(asked, [], body, b"", "result")

    def _answer(self, asked: Asked, flags: list[str], body: bytes, front: bytes, what: str) -> Reply:
        output = cast("BinaryIO", tempfile.TemporaryFile())  # noqa: SIM115  (the server closes it behind the answer)
        output.write(front)
        output.flush()
        command = ["git", "upload-pack", "--stateless-rpc", *flags, str(self.root)]
        settings = {"uploadpack.allowAnySHA1InWant": "true"}
        environment = _environment(settings) | {"GIT_PROTOCOL": asked.headers.get("git-protocol", "")}
        try:
            done = subprocess.run(  # noqa: S603  (an argument list, no shell)
                command,
                input=body,
                stdout=output,
                stderr=subprocess.DEVNULL,
                env=environment,
                timeout=TIMEOUT_S,
                check=False,
            )
        except subprocess.TimeoutExpired:
            output.close()
            return Reply(504)
        if done.returncode and not body:
            output.close()
            return Reply(500)
        size = output.seek(0, os.SEEK_END)
        output.seek(0)
        headers = {"Cache-Control": "no-cache"}
        return Reply(200, content_type=f"application/x-{SERVICE}-{what}", headers=headers, file=output, size=size)


def _packet(text: str) -> bytes:
    return f"{len(text) + 4:04x}{text}".encode()


def _environment(settings: dict[str, str]) -> dict[str, str]:
    """The environment of git: no configuration of the user's; the repository is one that he named himself."""
    chosen = {"safe.directory": "*", **settings}
    numbered = {"GIT_CONFIG_COUNT": str(len(chosen))}
    for at, (name, value) in enumerate(chosen.items()):
        numbered |= {f"GIT_CONFIG_KEY_{at}": name, f"GIT_CONFIG_VALUE_{at}": value}
    return {
        "PATH": os.environ.get("PATH", "/usr/bin:/bin"), "HOME": "/nonexistent", "LC_ALL": "C", "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_OPTIONAL_LOCKS": "0", **numbered,
    }  # fmt: skip


def _git(folder: Path, *command: str) -> str:
    """The output of git in a folder. Raises: LocalError."""
    try:
        done = subprocess.run(  # noqa: S603  (an argument list, no shell)
            ["git", "-C", str(folder), *command],  # noqa: S607
            env=_environment({}),
            capture_output=True, text=True, timeout=TIMEOUT_S, check=False,
        )  # fmt: skip
    except FileNotFoundError:
        raise LocalError("git is needed and not installed") from None
    except subprocess.TimeoutExpired:
        raise LocalError("git did not answer in time") from None
    if done.returncode:
        raise LocalError((done.stderr.strip().splitlines() or [f"git {command[0]} failed"])[-1])
    return done.stdout
