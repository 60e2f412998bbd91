"""SOPS: files of a source decrypted as they are read, so that everything a build makes of them is plain from the start.

Decrypted is the file as it was committed, whose MAC therefore still holds and is checked; Flux decrypts what the build
made of it and cannot check. The program `sops` does it, with keys in its environment and nothing of ours or the user's besides.
Source: kustomize-controller v1 `decryptor`, as recorded; the forms of SOPS's stores.
"""

from __future__ import annotations

import base64
import binascii
import os
import re
import shutil
import subprocess
import tempfile
from contextlib import suppress
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

import kbuild
from applier.agent.kustomization.build import DECRYPT, is_disabled, shown_id
from applier.agent.kustomization.kfile import BuildError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kbuild import FileSystem

PROVIDER, PROGRAM, AGE_SUFFIX = "sops", "sops", ".agekey"
MAX_FILE, TIMEOUT_S, MAX_KEPT = 5 << 20, 30.0, 1000
_FORMATS = {"yaml": "yaml", "yml": "yaml", "json": "json", "env": "dotenv", "ini": "ini"}
_CIPHER = b"ENC[AES256_GCM,data:"
_TOKENS = {"sops.vault-token": "VAULT_TOKEN"}
_CLOUD = ("sops.aws-kms", "sops.azure-kv", "sops.gcp-kms")
_SEPARATOR = re.compile(rb"(?m)^---[ \t]*(?:#[^\n]*)?\n")


@dataclass(frozen=True, slots=True)
class Keyring:
    """Keys, and the program that uses them. Shape: `armored` are OpenPGP keys; `digest` tells one set of keys from another."""

    identities: str = field(default="", repr=False)
    armored: tuple[bytes, ...] = field(default=(), repr=False)
    tokens: Mapping[str, str] = field(default_factory=dict, repr=False)
    digest: str = "none"
    _known: dict[bytes, bytes] = field(default_factory=dict, repr=False)

    def decrypted(self, data: bytes, form: str) -> bytes:
        """The plain text of one document. Raises: BuildError, with the program's words."""
        key = blake2b(data, digest_size=16, person=form.encode()).digest()
        if key not in self._known:
            if len(self._known) >= MAX_KEPT:
                self._known.clear()
            self._known[key] = self._run(data, form)
        return self._known[key]

    def _run(self, data: bytes, form: str) -> bytes:
        program = shutil.which(PROGRAM)
        if program is None:
            raise BuildError("the program 'sops' was not found, which decryption needs")
        home = tempfile.mkdtemp(prefix="kbuild-sops-")
        try:
            environment = {
                "PATH": os.environ.get("PATH", "/usr/bin:/bin"), "HOME": home, "GNUPGHOME": home, "LC_ALL": "C",
                "SOPS_AGE_KEY": self.identities, **self.tokens,
            }  # fmt: skip
            for armored in self.armored:
                _import(armored, environment)
            command = [program, "--decrypt", "--input-type", form, "--output-type", form, "/dev/stdin"]
            done = subprocess.run(  # noqa: S603  (an argument list, no shell)
                command, input=data, env=environment, cwd=home, capture_output=True, timeout=TIMEOUT_S, check=False
            )
        except subprocess.TimeoutExpired:
            raise BuildError("sops did not answer in time") from None
        finally:
            shutil.rmtree(home, ignore_errors=True)
        if done.returncode:
            raise BuildError(" ".join(done.stderr.decode("utf-8", "replace").split())[:2_000] or "sops failed")
        return done.stdout


def keyring_of(data: Mapping[str, bytes], secret: str) -> Keyring:
    """The keys of a decryption Secret, which is named `namespace/name` in errors. Raises: BuildError."""
    identities: list[str] = []
    armored, tokens = [], {}
    for name, value in sorted(data.items()):
        if name.endswith(AGE_SUFFIX):
            identities += _identities(name, value, secret)
        elif name.endswith(".asc"):
            armored.append(value)
        elif name in _TOKENS:
            tokens[_TOKENS[name]] = value.decode("utf-8", "replace").strip()
        elif name in _CLOUD:
            raise BuildError(
                f"cannot use '{name}' of sops decryption Secret '{secret}': it is not supported by this agent"
            )
    digest = blake2b(repr(sorted(data.items())).encode(), digest_size=16).hexdigest()
    return Keyring("\n".join(identities), tuple(armored), tokens, digest)


def age_keyring_of(data: Mapping[str, bytes], secret: str) -> Keyring:
    """The age keys of a Secret for everybody, and nothing else of it. Raises: BuildError."""
    return keyring_of({name: value for name, value in data.items() if name.endswith(AGE_SUFFIX)}, secret)


def _identities(name: str, value: bytes, secret: str) -> list[str]:
    """The age identities of one entry. Raises: BuildError, which shows nothing of it."""
    lines = [line.strip() for line in value.decode("utf-8", "replace").splitlines()]
    found = [line for line in lines if line and not line.startswith("#")]
    if not found or not all(line.startswith(("AGE-SECRET-KEY-", "AGE-PLUGIN-")) for line in found):
        raise BuildError(
            f"failed to import '{name}' data from sops decryption Secret '{secret}': failed to parse and add to age"
            " identities: unknown identity type"
        )
    return found


def _import(armored: bytes, environment: Mapping[str, str]) -> None:
    """Bring an OpenPGP key into the home of one run. Raises: BuildError."""
    program = shutil.which("gpg")
    if program is None:
        raise BuildError("the program 'gpg' was not found, which OpenPGP keys need")
    command = [program, "--batch", "--quiet", "--import"]
    done = subprocess.run(  # noqa: S603  (an argument list, no shell)
        command, input=armored, env=dict(environment), capture_output=True, timeout=TIMEOUT_S, check=False
    )
    if done.returncode:
        raise BuildError("failed to import an OpenPGP key from the sops decryption Secret")


class DecryptingFileSystem:
    """Another file system whose encrypted files are read as their plain text."""

    def __init__(self, inner: FileSystem, keyring: Keyring) -> None:
        self._inner, self._keyring = inner, keyring

    def absolute(self, path: str) -> str:
        """As the inner file system makes it."""
        return self._inner.absolute(path)

    def real(self, path: str) -> str:
        """The path with links resolved. Raises: OSError."""
        return self._inner.real(path)

    def is_dir(self, path: str) -> bool:
        """Whether the path is a folder."""
        return self._inner.is_dir(path)

    def names(self, path: str) -> list[str]:
        """The names in a folder, sorted. Raises: OSError."""
        return self._inner.names(path)

    def read(self, path: str) -> bytes:
        """The plain text of a file. Raises: OSError, BuildError."""
        return self._plain(path, self._inner.read(path))

    def read_unlinked(self, path: str) -> bytes | None:
        """The same, or None for a link. Raises: OSError, BuildError."""
        found = self._inner.read_unlinked(path)
        return found if found is None else self._plain(path, found)

    def _plain(self, path: str, data: bytes) -> bytes:
        if not is_encrypted(data):
            return data
        if len(data) > MAX_FILE:
            raise BuildError(f"cannot decrypt '{_name(path)}': it is larger than 5 MiB")
        form = _FORMATS.get(path.rpartition("/")[2].rpartition(".")[2].lower(), "binary")
        if form == "yaml":
            return _plain_yaml(path, data, self._keyring)
        try:
            return self._keyring.decrypted(data, form)
        except BuildError as problem:
            raise BuildError(f"decryption failed for '{_name(path)}': {problem}") from None


def is_encrypted(data: bytes) -> bool:
    """Whether a text looks like a file of SOPS: a cipher text, and the metadata that tells how it was made."""
    return _CIPHER in data and b"sops" in data


def _plain_yaml(path: str, data: bytes, keyring: Keyring) -> bytes:
    """A YAML file whose encrypted documents are plain. Raises: BuildError."""
    parts = [part for part in _SEPARATOR.split(data) if part.strip()]
    try:
        bodies = [_first_map(kbuild.read_documents(part)) for part in parts]
    except kbuild.KbuildError:
        return data  # the build says what is wrong with it
    macs = {str(body["sops"]["mac"]) if _has_metadata(body) else "" for body in bodies}
    if len(macs) == 1 and not any(is_disabled(body, DECRYPT) for body in bodies):
        # One document, or several that were encrypted in one go, whose MAC is that of the whole file.
        return _plain_document(path, data, bodies[0], keyring) if macs != {""} else data
    found = []
    for part, body in zip(parts, bodies, strict=True):
        is_plain = not _has_metadata(body) or is_disabled(body, DECRYPT)
        found.append(part if is_plain else _plain_document(path, part, body, keyring))
    return b"---\n".join(part if part.endswith(b"\n") else part + b"\n" for part in found)


def _plain_document(path: str, data: bytes, body: Mapping[str, Any], keyring: Keyring) -> bytes:
    """Raises: BuildError, which names the object."""
    try:
        return keyring.decrypted(data, "yaml")
    except BuildError as problem:
        name = shown_id(body) if body.get("kind") else _name(path)
        raise BuildError(f"decryption failed for '{name}': {problem}") from None


def _first_map(documents: list[Any]) -> dict[str, Any]:
    return next((one for one in documents if isinstance(one, dict)), {})


def _has_metadata(body: Mapping[str, Any]) -> bool:
    metadata = body.get("sops")
    return isinstance(metadata, dict) and bool(metadata.get("mac"))


def _name(path: str) -> str:
    return path.removeprefix("/source/")


def decrypted_values(body: dict[str, Any], keyring: Keyring) -> dict[str, Any]:
    """A Secret in which no value is an encrypted file any more; other objects as they are. Raises: BuildError."""
    data = body.get("data")
    if not is_secret(body) or not isinstance(data, dict) or is_disabled(body, DECRYPT):
        return body
    changed = {}
    for name, text in data.items():
        value = _decoded(text)
        form = _form_of(value) if is_encrypted(value) else ""
        if not form:
            continue
        try:
            plain = keyring.decrypted(value, form)
        except BuildError as problem:
            raise BuildError(f"decryption failed for '{shown_id(body)}': data entry '{name}': {problem}") from None
        changed[name] = base64.b64encode(plain).decode()
    return {**body, "data": {**data, **changed}} if changed else body


def _form_of(value: bytes) -> str:
    """The form of a whole encrypted file, empty where a text is none."""
    start = value.lstrip()[:1]
    if start == b"{":
        return "binary" if b'"data":' in value and value.count(_CIPHER) == 1 else "json"
    if re.search(rb"(?m)^sops_mac=", value):
        return "dotenv"
    if re.search(rb"(?m)^\[sops\]", value):
        return "ini"
    return "yaml" if re.search(rb"(?m)^sops:", value) else ""


def is_secret(body: Mapping[str, Any]) -> bool:
    """Whether an object is a Secret of the core group."""
    return body.get("kind") == "Secret" and body.get("apiVersion") == "v1"


def cipher_text(body: Mapping[str, Any]) -> bool:
    """Whether a Secret still holds cipher text, in whatever form: it must never reach a cluster."""
    if not is_secret(body) or is_disabled(body, DECRYPT):
        return False
    if _has_metadata(body):
        return True
    plain = body.get("stringData")
    values = (
        [str(value).encode("utf-8", "surrogatepass") for value in plain.values()] if isinstance(plain, dict) else []
    )
    data = body.get("data")
    values += [_decoded(value) for value in data.values()] if isinstance(data, dict) else []
    return any(value.startswith(_CIPHER) or is_encrypted(value) for value in values)


def _decoded(text: Any) -> bytes:
    with suppress(binascii.Error, ValueError, TypeError):
        return base64.b64decode(str(text).encode())
    return b""
