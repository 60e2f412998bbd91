"""What a notification is made of: where it goes, and the requests that it takes, as values.

A sender is a generator: it hands out one request after the other and is given each answer. It does no I/O itself, so
that every payload is tested as a value, and a repetition begins anew.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any
from urllib.parse import quote, urlsplit

from applier.agent.notification.event import Event, encoded
from applier.agent.runtime.fetching import USUAL, Answer, Trust
from applier.agent.runtime.github_app import App

JSON = "application/json"
NO_HEADERS: Mapping[str, str] = MappingProxyType({})


class SetupError(Exception):
    """A provider that nothing can be sent with, whatever the event."""


class PostError(Exception):
    """An event that cannot be sent with this provider."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Destination:
    """A Provider with the values of its Secrets. Units: `timeout_s` seconds for one delivery with all its attempts.

    Shape: `app` stands for a token that is still to be had.
    """

    type: str
    name: str = ""
    uid: str = ""
    address: str = field(default="", repr=False)
    channel: str = ""
    username: str = ""
    password: str = field(default="", repr=False)
    token: str = field(default="", repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    trust: Trust = USUAL
    timeout_s: float = 15.0
    app: App | None = None

    def secrets(self) -> set[str]:
        """Every text that must be seen by nobody: credentials, and the parts of the address behind the host."""
        parts = urlsplit(self.address)
        hidden = {self.password, self.token, *self.headers.values(), parts.query, parts.password or ""}
        hidden |= {part for part in self.token.split(":") if len(part) > 3}
        pairs = (f"{self.username}:{self.password}", f":{self.token}", self.token)
        hidden |= {base64.b64encode(pair.encode()).decode() for pair in pairs if pair.strip(":")}
        if parts.path.strip("/"):
            hidden |= {self.address, parts.path}
        return {text for text in hidden if text}


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One request. Shape: `what` stands before an error's sentence; `accepts` are statuses that are no failure besides 2xx."""

    url: str = field(repr=False)
    method: str = "POST"
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: bytes | None = field(default=None, repr=False)
    what: str = "postMessage failed"
    accepts: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """An event with its final metadata, and where it goes. Shape: `status_id` names a commit status."""

    event: Event
    to: Destination
    status_id: str = ""

    @property
    def facts(self) -> list[tuple[str, str]]:
        """The metadata in the order of its keys."""
        return sorted(self.event.metadata.items())


Sending = Generator[Call, Answer, None]
Sender = Callable[[Notice], Sending]


def post(
    url: str,
    payload: Any,
    headers: Mapping[str, str] = NO_HEADERS,
    *,
    what: str = "postMessage failed",
    method: str = "POST",
) -> Call:
    """A request with a JSON body."""
    body = encoded(payload)
    return Call(url=url, method=method, headers={"Content-Type": JSON, **headers}, body=body, what=what)


def bearer(token: str) -> dict[str, str]:
    """The header for a token, none without one."""
    return {"Authorization": f"Bearer {token}"} if token else {}


def basic(user: str, password: str) -> dict[str, str]:
    """The header for user and password."""
    return {"Authorization": "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()}


def checked(address: str, what: str) -> str:
    """An address that is a URL. Raises: SetupError."""
    parts = urlsplit(address)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise SetupError(f"invalid {what} URL")
    return address


@dataclass(frozen=True, slots=True)
class Repository:
    """A Git repository by its address. Shape: `host` is scheme and host, `id` the path without `.git`."""

    host: str
    id: str

    @property
    def is_github(self) -> bool:
        """Whether it is on github.com itself."""
        return urlsplit(self.host).netloc == "github.com"

    @property
    def quoted_id(self) -> str:
        """The path as one part of another."""
        return quote(self.id, safe="")

    def parts(self, count: int) -> list[str]:
        """The parts of the path. Raises: SetupError, where there are not so many."""
        found = self.id.split("/")
        if len(found) != count:
            raise SetupError(f"invalid repository id '{self.id}'")
        return found


def repository(address: str) -> Repository:
    """The repository of an address: a URL, or `user@host:path`. Raises: SetupError."""
    if "://" not in address and ":" in address:
        host, _, path = address.partition(":")
        address = f"ssh://{host}/{path.lstrip('/')}"
    parts = urlsplit(address)
    if not parts.hostname:
        raise SetupError("failed parsing Git URL")
    host = (
        f"https://{parts.hostname}" if parts.scheme == "ssh" else f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"
    )
    return Repository(host, parts.path.lstrip("/").removesuffix(".git"))


def need_token(destination: Destination, what: str) -> str:
    """The token of a destination. Raises: SetupError."""
    if not destination.token:
        raise SetupError(f"{what} cannot be empty")
    return destination.token


def decoded(answer: Answer) -> Any:
    """The JSON of an answer, None for an empty one. Raises: PostError."""
    try:
        return json.loads(answer.body or b"null")
    except ValueError:
        raise PostError("the answer is no JSON") from None
