"""What a Git server has: one request to a smart HTTP server, with the credentials in it from the start.

Asked for at every interval of every source, so that it is a request of our own and no process; ssh goes through git.
Source: Git's `gitprotocol-http` and `gitprotocol-pack`; the sentences are those of Flux's client, as recorded.
"""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urljoin, urlsplit, urlunsplit

import urllib3

if TYPE_CHECKING:
    from collections.abc import Mapping

    from applier.agent.source.credentials import Credentials

MAX_ANSWER, MAX_ERROR, MAX_REDIRECTS = 64 << 20, 2_000, 5
_NO_REFS = "capabilities^{}"


class RemoteError(Exception):
    """A server that does not answer as wanted: the sentence without the URL of the repository in front."""


@dataclass(frozen=True, slots=True)
class Refs:
    """The refs of a repository. Shape: `by_name` maps full names to commits, `peeled` annotated tags to their commits."""

    by_name: Mapping[str, str]
    peeled: Mapping[str, str]

    def commit(self, name: str) -> str | None:
        """The commit that a full ref name leads to."""
        return self.peeled.get(name) or self.by_name.get(name)


def without_credentials(url: str) -> str:
    """A URL without user and password."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))


def list_http(url: str, credentials: Credentials, timeout_s: float) -> Refs:
    """The refs of a repository on an HTTP server. Raises: RemoteError."""
    target = f"{without_credentials(url).rstrip('/')}/info/refs?service=git-upload-pack"
    host = urlsplit(target).netloc
    with _pool(credentials) as pool:
        for _ in range(MAX_REDIRECTS):
            # Credentials are for the host that they were given for, whatever it points at.
            authorization = credentials.authorization if urlsplit(target).netloc == host else ""
            answer, body = _ask(pool, target, authorization, timeout_s)
            location = answer.headers.get("Location") or ""
            if answer.status not in (301, 302, 307, 308) or not location:
                break
            target = urljoin(target, location)
            if urlsplit(target).scheme not in ("http", "https"):
                raise RemoteError("the server points at something that is no web address")
    if answer.status != 200:
        raise RemoteError(_refusal(answer.status, body))
    if len(body) > MAX_ANSWER:
        raise RemoteError("the server advertises too many refs")
    return parse(body)


def _ask(
    pool: urllib3.PoolManager, target: str, authorization: str, timeout_s: float
) -> tuple[urllib3.BaseHTTPResponse, bytes]:
    headers = {"User-Agent": "git/2.0 (kbuild)", "Accept": "*/*"}
    if authorization:
        headers["Authorization"] = authorization
    timeout = urllib3.Timeout(total=timeout_s)
    try:
        answer = pool.request(
            "GET", target, headers=headers, timeout=timeout, retries=False, redirect=False, preload_content=False
        )
        return answer, answer.read(MAX_ANSWER + 1)
    except (urllib3.exceptions.HTTPError, OSError, ValueError) as problem:
        raise RemoteError(f'Get "{target}": {_network_sentence(problem, target)}') from None


def _pool(credentials: Credentials) -> urllib3.PoolManager:
    context = ssl.create_default_context()
    if credentials.authority:
        context.load_verify_locations(cadata=credentials.authority.decode("ascii", "replace"))
    if credentials.certificate and credentials.key:
        from applier.agent.source.key_files import key_files

        with key_files(certificate=credentials.certificate, key=credentials.key) as files:
            context.load_cert_chain(files["certificate"], files["key"])
    if credentials.proxy:
        return urllib3.ProxyManager(credentials.proxy, ssl_context=context)
    return urllib3.PoolManager(ssl_context=context)


def _refusal(status: int, body: bytes) -> str:
    """The sentence for a status; the server's own words are part of it."""
    text = body[:MAX_ERROR].decode("utf-8", "replace").strip()
    names = {401: "authentication required", 403: "authorization failed", 404: "repository not found"}
    if status in names:
        return f"{names[status]}: {text}" if text else names[status]
    return f"unexpected requesting status code: {status} {text}".rstrip()


def _network_sentence(problem: Exception, target: str) -> str:
    """A failure of the network in the words that are known from Go."""
    parts = urlsplit(target)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    text = str(problem)
    if isinstance(problem, urllib3.exceptions.TimeoutError):
        return "context deadline exceeded"
    if "refused" in text:
        return f"dial tcp {parts.hostname}:{port}: connect: connection refused"
    if isinstance(problem, urllib3.exceptions.NameResolutionError):
        return f"dial tcp: lookup {parts.hostname}: no such host"
    if isinstance(problem, urllib3.exceptions.SSLError):
        return f"tls: failed to verify certificate: {text.rpartition('] ')[2]}"
    return "EOF" if isinstance(problem, urllib3.exceptions.ProtocolError) else text


def parse(body: bytes) -> Refs:
    """The refs of an advertisement. Raises: RemoteError, for what is none."""
    by_name: dict[str, str] = {}
    peeled: dict[str, str] = {}
    at, size = 0, len(body)
    while at + 4 <= size:
        try:
            length = int(body[at : at + 4], 16)
        except ValueError:
            raise RemoteError("the server does not speak the smart HTTP protocol") from None
        if length < 4:
            at += 4
            continue
        line = body[at + 4 : at + length].partition(b"\0")[0].rstrip(b"\n").decode("utf-8", "replace")
        at += length
        commit, _, name = line.partition(" ")
        if line.startswith("#") or name == _NO_REFS or not name:
            continue
        if line.startswith("ERR "):
            raise RemoteError(line[4:])
        if name.endswith("^{}"):
            peeled[name[:-3]] = commit
        else:
            by_name[name] = commit
    return Refs(by_name, peeled)
