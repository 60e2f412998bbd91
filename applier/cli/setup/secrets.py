"""Secrets with credentials for Git: passwords, tokens, and ssh keys made by ssh-keygen.

What is secret comes from flags as Flux has them, from the environment or from a prompt; it is never printed (but by
`--export`, whose purpose it is), and never an argument of another program.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from applier.cli.operate.words import StoppedError

if TYPE_CHECKING:
    from collections.abc import Mapping

PROGRAM_TIMEOUT_S = 60.0
ALGORITHMS = ("ecdsa", "rsa", "ed25519")
_BITS = {"ecdsa": "384", "rsa": "2048", "ed25519": ""}


@dataclass(frozen=True, slots=True)
class KeyPair:
    """An ssh key. Shape: `public` is one line of an authorized_keys file."""

    private: str = field(repr=False)
    public: str


def generated_key(algorithm: str = "ecdsa") -> KeyPair:
    """A new key without passphrase. Raises: StoppedError."""
    with tempfile.TemporaryDirectory(prefix="kbuild-keys-") as folder:
        path = Path(folder) / "identity"
        bits = _BITS[algorithm]
        _run(
            ["ssh-keygen", "-q", "-t", algorithm, *(["-b", bits] if bits else []), "-N", "", "-C", "", "-f", str(path)]
        )
        return KeyPair(path.read_text(), path.with_suffix(".pub").read_text().strip())


def key_of(path: str) -> KeyPair:
    """The key in a file. Raises: StoppedError."""
    try:
        private = Path(path).read_text()
    except (OSError, UnicodeDecodeError) as problem:
        raise StoppedError(
            f"unable to read private key {path}: {getattr(problem, 'strerror', '') or 'no text'}"
        ) from None
    with tempfile.TemporaryDirectory(prefix="kbuild-keys-") as folder:
        copy = Path(folder) / "identity"
        copy.touch(mode=0o600)
        copy.write_text(private)
        return KeyPair(private, _run(["ssh-keygen", "-y", "-f", str(copy)]).strip())


def known_hosts(url: str) -> str:
    """The host keys of an ssh server, as it shows them now. Raises: StoppedError."""
    parts = urlsplit(url)
    port = ["-p", str(parts.port)] if parts.port else []
    host = parts.hostname or ""
    if not host or host.startswith("-"):
        raise StoppedError(f"'{url}' names no host")
    found = _run(["ssh-keyscan", "-t", "ecdsa,ed25519,rsa", *port, host])
    if not found.strip():
        raise StoppedError(f"no host keys could be had from {host}: is it reachable?")
    return "".join(f"{line}\n" for line in found.splitlines() if line and not line.startswith("#"))


def _run(command: list[str]) -> str:
    """The output of a program; its words go nowhere. Raises: StoppedError."""
    if shutil.which(command[0]) is None:
        raise StoppedError(f"{command[0]} is needed and not installed")
    environment = {"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "HOME": "/nonexistent", "LC_ALL": "C"}
    try:
        done = subprocess.run(  # noqa: S603  (an argument list, no shell)
            command, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
            timeout=PROGRAM_TIMEOUT_S,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        raise StoppedError(f"{command[0]} did not answer in time") from None
    if done.returncode and command[0] != "ssh-keyscan":
        words = (done.stderr.strip().splitlines() or ["it failed"])[-1]
        raise StoppedError(f"{command[0]}: {words}")
    return done.stdout


def ca_text(path: str) -> str:
    """The certificates in a file; empty without one. Raises: StoppedError."""
    if not path:
        return ""
    try:
        return Path(path).read_text()
    except (OSError, UnicodeDecodeError) as problem:
        raise StoppedError(f"unable to read CA file {path}: {getattr(problem, 'strerror', '') or 'no text'}") from None


def ssh_data(key: KeyPair, hosts: str, passphrase: str = "") -> dict[str, str]:
    """The values of a Secret for ssh."""
    return {
        "identity": key.private, "identity.pub": f"{key.public}\n", "known_hosts": hosts,
        **({"password": passphrase} if passphrase else {}),
    }  # fmt: skip


def http_data(username: str, password: str, bearer: str = "", ca: str = "") -> dict[str, str]:
    """The values of a Secret for http."""
    found = {"bearerToken": bearer} if bearer else {"username": username, "password": password}
    return {name: value for name, value in {**found, "ca.crt": ca}.items() if value}


def secret(
    name: str, namespace: str, values: Mapping[str, str], labels: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """A Secret."""
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": name, "namespace": namespace, **({"labels": dict(labels)} if labels else {})},
        "stringData": dict(values),
    }
