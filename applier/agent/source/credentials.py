"""What a source's Secret says about how to reach a Git server; no value of it is ever printed.

Source: source-controller v1, fluxcd/pkg `git.NewAuthOptions`, as recorded.
"""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from applier.agent.runtime.fetching import USUAL, Trust

if TYPE_CHECKING:
    from collections.abc import Mapping


class CredentialsError(Exception):
    """A Secret that cannot be used: the sentence for the status."""


@dataclass(frozen=True, slots=True)
class Credentials:
    """How to reach one server. Shape: empty where a Secret says nothing. Printing it shows no value."""

    username: str = ""
    password: str = field(default="", repr=False)
    bearer: str = field(default="", repr=False)
    trust: Trust = USUAL
    identity: bytes = field(default=b"", repr=False)
    known_hosts: bytes = field(default=b"", repr=False)

    @property
    def authorization(self) -> str:
        """The value of the Authorization header, empty for none."""
        if self.bearer:
            return f"Bearer {self.bearer}"
        if self.username:
            return "Basic " + base64.b64encode(f"{self.username}:{self.password}".encode()).decode()
        return ""


def decoded(secret: Mapping[str, Any]) -> dict[str, bytes]:
    """The data of a Secret. Raises: CredentialsError, for what is no base64."""
    try:
        return {name: base64.b64decode(text, validate=True) for name, text in (secret.get("data") or {}).items()}
    except (binascii.Error, TypeError):
        raise CredentialsError("the Secret's data is no base64") from None


def of_secret(url: str, data: Mapping[str, bytes], proxy: Mapping[str, bytes] | None = None) -> Credentials:
    """The credentials for a URL; those in the URL itself are the fallback. Raises: CredentialsError."""
    parts = urlsplit(url)
    texts = {name: value.decode("utf-8", "replace") for name, value in data.items()}
    if parts.scheme == "ssh":
        return _for_ssh(parts.username or "git", data, texts)
    username, password = texts.get("username", ""), texts.get("password", "")
    bearer = texts.get("bearerToken", "").strip()
    if password and not username:
        raise CredentialsError("invalid 'http' auth option: 'password' requires 'username' to be set")
    if not username and not bearer and parts.username:
        username, password = unquote(parts.username), unquote(parts.password or "")
    return Credentials(
        username=username,
        password=password,
        bearer="" if username else bearer,
        trust=trust_of(data, _proxy(proxy or {})),
    )


def trust_of(data: Mapping[str, bytes], proxy: str = "") -> Trust:
    """The certificates of a Secret, under their present and their old names."""
    return Trust(
        authority=data.get("ca.crt") or data.get("caFile") or b"",
        certificate=data.get("tls.crt") or data.get("certFile") or b"",
        key=data.get("tls.key") or data.get("keyFile") or b"",
        proxy=proxy,
    )


def _for_ssh(user: str, data: Mapping[str, bytes], texts: Mapping[str, str]) -> Credentials:
    for name in ("identity", "known_hosts"):
        if data and not data.get(name):
            raise CredentialsError(f"invalid 'ssh' auth option: '{name}' is required")
    return Credentials(
        username=user,
        password=texts.get("password", ""),
        identity=data.get("identity", b""),
        known_hosts=data.get("known_hosts", b""),
    )


def _proxy(data: Mapping[str, bytes]) -> str:
    address = data.get("address", b"").decode().strip()
    user, password = data.get("username", b"").decode(), data.get("password", b"").decode()
    if not address or not user:
        return address
    scheme, _, rest = address.partition("://")
    return f"{scheme}://{user}:{password}@{rest}"
