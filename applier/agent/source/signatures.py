"""Signatures of commits and tags, verified by the programs `gpg` and `ssh-keygen` with the keys of a Secret and no others.

Source: source-controller v1 `verify`, as recorded; Git's `gpgsig` header and `gpg.format`.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

TIMEOUT_S = 30.0
PGP, SSH = b"-----BEGIN PGP SIGNATURE-----", b"-----BEGIN SSH SIGNATURE-----"
_HEADERS = (b"gpgsig ", b"gpgsig-sha256 ")
_SSH_KEY = re.compile(r"^(?:ssh-|ecdsa-|sk-)[a-z0-9@.-]+ [A-Za-z0-9+/=]+")
_SIGNER = "kbuild"
_BAD = ("EXPSIG", "EXPKEYSIG", "REVKEYSIG", "BADSIG", "ERRSIG")


class SignatureError(Exception):
    """A signature that is not verified: the sentence."""


@dataclass(frozen=True, slots=True)
class Keys:
    """The public keys of a Secret. Shape: `armored` are OpenPGP keys, `ssh` lines as in `authorized_keys`."""

    armored: tuple[bytes, ...] = ()
    ssh: tuple[str, ...] = ()


def keys_of(data: Mapping[str, bytes]) -> Keys:
    """The keys of a Secret's data. Raises: SignatureError, where it has none."""
    armored, ssh = [], []
    for name, value in sorted(data.items()):
        text = value.decode("utf-8", "replace")
        if name.endswith(".asc") or "BEGIN PGP PUBLIC KEY BLOCK" in text:
            armored.append(value)
            continue
        for line in text.splitlines():
            found = _SSH_KEY.match(line.strip())
            if found:
                ssh.append(found.group(0))
    if not armored and not ssh:
        raise SignatureError("the Secret has neither OpenPGP nor SSH public keys")
    return Keys(tuple(armored), tuple(ssh))


def of_commit(raw: bytes) -> tuple[bytes, bytes]:
    """(what was signed, the signature) of a commit object; the signature is empty where there is none."""
    head, separator, message = raw.partition(b"\n\n")
    kept: list[bytes] = []
    signature: list[bytes] = []
    is_inside = False
    for line in head.split(b"\n"):
        if line.startswith(_HEADERS):
            is_inside = True
            signature.append(line.partition(b" ")[2])
        elif is_inside and line.startswith(b" "):
            signature.append(line[1:])
        else:
            is_inside = False
            kept.append(line)
    text = b"\n".join(signature) + b"\n" if signature else b""
    return b"\n".join(kept) + separator + message, text


def of_tag(raw: bytes) -> tuple[bytes, bytes]:
    """(what was signed, the signature) of a tag object, whose signature stands at its end."""
    places = [place for place in (raw.rfind(PGP), raw.rfind(SSH)) if place >= 0]
    at = max(places, default=len(raw))
    return raw[:at], raw[at:]


def verify(signed: bytes, signature: bytes, keys: Keys) -> str:
    """The name of the key that made a signature. Raises: SignatureError."""
    if not signature.strip():
        raise SignatureError("it has no signature")
    if signature.lstrip().startswith(SSH):
        return _verify_ssh(signed, signature, keys.ssh)
    if signature.lstrip().startswith(PGP):
        return _verify_pgp(signed, signature, keys.armored)
    raise SignatureError("the form of its signature is not known")


def _verify_pgp(signed: bytes, signature: bytes, armored: Sequence[bytes]) -> str:
    """The id of the primary key. Raises: SignatureError."""
    if not armored:
        raise SignatureError("it has an OpenPGP signature, and the Secret has no OpenPGP keys")
    program = _program("gpg")
    home = Path(tempfile.mkdtemp(prefix="kbuild-gpg-"))
    try:
        command = [program, "--homedir", str(home), "--batch", "--no-autostart", "--quiet"]
        for number, key in enumerate(armored):
            (home / f"{number}.asc").write_bytes(key)
        names = [str(home / f"{number}.asc") for number in range(len(armored))]
        if _run([*command, "--import", *names], b"", home)[0]:
            raise SignatureError("the OpenPGP keys of the Secret cannot be read")
        (home / "signature").write_bytes(signature)
        check = ["--trust-model", "always", "--status-fd", "1", "--verify", str(home / "signature"), "-"]
        code, output = _run([*command, *check], signed, home)
    finally:
        shutil.rmtree(home, ignore_errors=True)
    words = [line.split()[1:] for line in output.splitlines() if line.startswith("[GNUPG:] ")]
    valid = next((found for found in words if found and found[0] == "VALIDSIG"), None)
    if code or valid is None or any(found and found[0] in _BAD for found in words):
        raise SignatureError("none of the OpenPGP keys of the Secret made the signature")
    return valid[-1][-16:]


def _verify_ssh(signed: bytes, signature: bytes, lines: Sequence[str]) -> str:
    """The fingerprint of the key. Raises: SignatureError."""
    if not lines:
        raise SignatureError("it has an SSH signature, and the Secret has no SSH keys")
    program = _program("ssh-keygen")
    home = Path(tempfile.mkdtemp(prefix="kbuild-ssh-"))
    try:
        (home / "allowed").write_text("".join(f'{_SIGNER} namespaces="git" {line}\n' for line in lines))
        (home / "signature").write_bytes(signature)
        command = [program, "-Y", "verify", "-f", str(home / "allowed"), "-I", _SIGNER, "-n", "git"]
        code, output = _run([*command, "-s", str(home / "signature")], signed, home)
    finally:
        shutil.rmtree(home, ignore_errors=True)
    found = re.search(r"key (SHA256:\S+)", output)
    if code or found is None:
        raise SignatureError("none of the SSH keys of the Secret made the signature")
    return found.group(1)


def _program(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        raise SignatureError(f"the program '{name}' was not found, which the verification needs")
    return found


def _run(command: Sequence[str], data: bytes, home: Path) -> tuple[int, str]:
    """(exit status, output) of a program that knows nothing of the user's configuration. Raises: SignatureError."""
    environment = {"PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": str(home), "LC_ALL": "C"}
    try:
        done = subprocess.run(list(command), input=data, env=environment, cwd=home, capture_output=True, timeout=TIMEOUT_S, check=False)  # noqa: S603  # fmt: skip
    except subprocess.TimeoutExpired:
        raise SignatureError("the verification took too long") from None
    return done.returncode, done.stdout.decode("utf-8", "replace")
