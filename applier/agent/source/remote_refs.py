"""What a Git server has: one request to a smart HTTP server, with the credentials in it from the start.

Asked for at every interval of every source, so that it is a request of our own and no process; ssh goes through git.
Source: Git's `gitprotocol-http` and `gitprotocol-pack`; the sentences are those of Flux's client, as recorded.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urljoin, urlsplit

from applier.agent.runtime.fetching import FetchError, Question, ask, pool, without_credentials

if TYPE_CHECKING:
    from collections.abc import Mapping

    from applier.agent.runtime.fetching import Answer
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


def list_http(url: str, credentials: Credentials, timeout_s: float) -> Refs:
    """The refs of a repository on an HTTP server. Raises: RemoteError."""
    target = f"{without_credentials(url).rstrip('/')}/info/refs?service=git-upload-pack"
    try:
        answer = _follow(target, credentials, timeout_s)
    except FetchError as problem:
        raise RemoteError(f'Get "{target}": {problem}') from None
    if answer.status != 200:
        raise RemoteError(_refusal(answer.status, answer.body))
    if len(answer.body) > MAX_ANSWER:
        raise RemoteError("the server advertises too many refs")
    return parse(answer.body)


def _follow(target: str, credentials: Credentials, timeout_s: float) -> Answer:
    """The answer behind redirects. Raises: FetchError, RemoteError."""
    host = urlsplit(target).netloc
    with pool(credentials.trust) as connections:
        for _ in range(MAX_REDIRECTS):
            headers = {"User-Agent": "git/2.0 (kbuild)", "Accept": "*/*"}
            # Credentials are for the host that they were given for, whatever it points at.
            if credentials.authorization and urlsplit(target).netloc == host:
                headers["Authorization"] = credentials.authorization
            answer = ask(connections, Question(url=target, headers=headers, timeout_s=timeout_s, at_most=MAX_ANSWER))
            location = answer.headers.get("location") or ""
            if answer.status not in (301, 302, 307, 308) or not location:
                return answer
            target = urljoin(target, location)
            if urlsplit(target).scheme not in ("http", "https"):
                raise RemoteError("the server points at something that is no web address")
    raise RemoteError("the server sends on and on")


def _refusal(status: int, body: bytes) -> str:
    """The sentence for a status; the server's own words are part of it."""
    text = body[:MAX_ERROR].decode("utf-8", "replace").strip()
    names = {401: "authentication required", 403: "authorization failed", 404: "repository not found"}
    if status in names:
        return f"{names[status]}: {text}" if text else names[status]
    return f"unexpected requesting status code: {status} {text}".rstrip()


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
