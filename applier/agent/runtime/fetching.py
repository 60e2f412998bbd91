"""HTTP requests of the agent's own: to Git servers, artifact servers, webhooks. One place for TLS, proxies and bounds.

Failures of the network are told in the words that users know from Flux; a URL in them has no user, password or query.
"""

from __future__ import annotations

import ssl
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias
from urllib.parse import unquote, urlsplit, urlunsplit

import urllib3

from applier.agent.runtime.key_files import key_files

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


MAX_KEPT = 64  # connections to one host; a further one would be told on standard error


class FetchError(Exception):
    """No answer came: the sentence without the URL. `is_timeout` says that time ran out."""

    def __init__(self, sentence: str, *, is_timeout: bool = False) -> None:
        super().__init__(sentence)
        self.is_timeout = is_timeout


@dataclass(frozen=True, slots=True)
class Trust:
    """Whom a connection trusts and how it shows who it is; empty values stand for the usual."""

    authority: bytes = field(default=b"", repr=False)
    certificate: bytes = field(default=b"", repr=False)
    key: bytes = field(default=b"", repr=False)
    proxy: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer. Shape: names of `headers` in lower case; `body` is cut at the bound."""

    status: int
    headers: Mapping[str, str]
    body: bytes


USUAL = Trust()
Connections: TypeAlias = urllib3.PoolManager


def manager(trust: Trust = USUAL) -> urllib3.PoolManager:
    """Connections that may be kept. Raises: FetchError, for keys that cannot be used."""
    context = ssl.create_default_context()
    try:
        if trust.authority:
            context.load_verify_locations(cadata=trust.authority.decode("ascii", "replace"))
        if trust.certificate and trust.key:
            with key_files(certificate=trust.certificate, key=trust.key) as files:
                context.load_cert_chain(files["certificate"], files["key"])
    except (ssl.SSLError, ValueError):
        raise FetchError("the certificates cannot be read") from None
    if not trust.proxy:
        return urllib3.PoolManager(ssl_context=context, maxsize=MAX_KEPT)
    parts = urlsplit(trust.proxy)
    credentials = f"{unquote(parts.username)}:{unquote(parts.password or '')}" if parts.username else ""
    headers = urllib3.make_headers(proxy_basic_auth=credentials) if credentials else {}
    return urllib3.ProxyManager(
        without_credentials(trust.proxy), ssl_context=context, maxsize=MAX_KEPT, proxy_headers=headers
    )


@contextmanager
def pool(trust: Trust = USUAL) -> Iterator[urllib3.PoolManager]:
    """Connections for a few requests. Raises: FetchError, for keys that cannot be used."""
    with manager(trust) as opened:
        yield opened


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A request. Units: `timeout_s` seconds in all; of the answer `at_most` bytes are read, one more where there are more."""

    method: str = "GET"
    url: str
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: bytes | None = field(default=None, repr=False)
    timeout_s: float = 60.0
    at_most: int = 1 << 30


def ask(connections: urllib3.PoolManager, question: Question) -> Answer:
    """One request, without redirects and repetitions. Raises: FetchError."""
    timeout = urllib3.Timeout(total=question.timeout_s)
    try:
        found = connections.request(
            question.method, question.url, headers=dict(question.headers), body=question.body, timeout=timeout,
            retries=False, redirect=False, preload_content=False,
        )  # fmt: skip
        try:
            data = found.read(question.at_most + 1)
        finally:
            found.release_conn()
    except (urllib3.exceptions.HTTPError, OSError, ValueError) as problem:
        is_timeout = _is_timeout(problem)
        raise FetchError(_sentence(problem, question.url), is_timeout=is_timeout) from None
    return Answer(found.status, {name.lower(): value for name, value in found.headers.items()}, data)


def without_credentials(url: str) -> str:
    """A URL without user and password."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))


def _sentence(problem: Exception, url: str) -> str:
    parts = urlsplit(url)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    text = str(problem)
    if _is_timeout(problem):
        return "context deadline exceeded"
    if "refused" in text:
        return f"dial tcp {parts.hostname}:{port}: connect: connection refused"
    if isinstance(problem, urllib3.exceptions.NameResolutionError):
        return f"dial tcp: lookup {parts.hostname}: no such host"
    if isinstance(problem, urllib3.exceptions.SSLError):
        return f"tls: failed to verify certificate: {text.rpartition('] ')[2]}"
    return "EOF" if isinstance(problem, urllib3.exceptions.ProtocolError) else "the request failed"


def _is_timeout(problem: Exception) -> bool:
    """Whether time ran out; a connection that cannot be made counts as that only by its class."""
    timeout, other = urllib3.exceptions.TimeoutError, urllib3.exceptions.NewConnectionError
    return isinstance(problem, timeout) and not isinstance(problem, other)
