"""What a transport is: requests and answers as values, and the two calls that carry them.

The real one is `applier/cluster/http.py`; tests and library users may bring their own.
"""

from __future__ import annotations

from threading import Lock
from typing import TYPE_CHECKING, NamedTuple, Protocol

from applier.failures import TransportError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

JSON_TYPE = "application/json"
APPLY_TYPE = "application/apply-patch+yaml"
JSON_PATCH_TYPE = "application/json-patch+json"
# What a server that cannot leave out the rest may answer with as well.
METADATA_TYPE = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1,application/json"

READ_TIMEOUT_S, LIST_TIMEOUT_S = 30.0, 60.0


class ClosedBeforehandError(TransportError):
    """The server closed the connection without a byte of an answer."""


class Request(NamedTuple):
    """One request. Units: `timeout_s` seconds without a byte of the answer. Shape: `query` is encoded, without `?`."""

    method: str
    path: str
    query: str = ""
    body: bytes | None = None
    content_type: str = ""
    accept: str = JSON_TYPE
    timeout_s: float = READ_TIMEOUT_S
    etag: str = ""

    @property
    def target(self) -> str:
        """Path and query."""
        return f"{self.path}?{self.query}" if self.query else self.path

    @property
    def may_be_repeated(self) -> bool:
        """True where sending it twice does the same as once: all but creations and replacements by POST."""
        return self.method != "POST"


class Response(NamedTuple):
    """One answer. Shape: names of `headers` are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Stream(Protocol):
    """An answer that goes on: its status, its lines, and a way to end it from another thread."""

    status: int

    def lines(self) -> Iterator[bytes]:
        """Every line as it arrives. Raises: TransportError, where the answer breaks off."""

    def close(self) -> None:
        """End it; `lines` then ends or raises in whatever thread reads it."""


class KubeTransport(Protocol):
    """Carries requests to one API server."""

    def send(self, request: Request) -> Response:
        """One request and its whole answer, whatever its status. Raises: TransportError."""

    def open(self, request: Request) -> Stream:
        """One request whose answer goes on. Raises: TransportError."""


class Traffic:
    """How many requests were sent, by what they were; safe to count from several threads.

    Shape: keys of `counts` are `get`, `list`, `watch`, `patch`, `put`, `post`, `delete`, `discovery`, `retries`.
    """

    __slots__ = ("counts", "lock")

    def __init__(self) -> None:
        self.counts: dict[str, int] = {}
        self.lock = Lock()

    def add(self, name: str) -> None:
        """Count one request."""
        with self.lock:
            self.counts[name] = self.counts.get(name, 0) + 1

    @property
    def total(self) -> int:
        """All requests; retries are requests already counted under their own name."""
        return sum(count for name, count in self.counts.items() if name != "retries")
