"""What can go wrong between a client and the API server, as rules: which requests, how often, and what happens to them."""

from __future__ import annotations

import json
import random
import re
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeAlias
from urllib.parse import parse_qs

WRITES = ("POST", "PUT", "PATCH", "DELETE")


@dataclass(slots=True, kw_only=True)
class Exchange:
    """One request as the proxy saw it. Units: seconds of the monotonic clock; `status` is 0 where no answer was sent."""

    number: int
    method: str
    path: str
    query: str
    headers: dict[str, str]
    body: bytes
    started_s: float
    ended_s: float = 0.0
    status: int = 0
    upstream_status: int = 0
    answer: bytes = b""
    fault: str = ""

    @property
    def parameters(self) -> dict[str, list[str]]:
        """The query's values."""
        return parse_qs(self.query, keep_blank_values=True)

    @property
    def is_watch(self) -> bool:
        """Whether the answer goes on until somebody ends it."""
        return self.parameters.get("watch") in (["true"], ["1"])

    @property
    def is_write(self) -> bool:
        """Whether it may change something: reviews of access and dry runs do not."""
        return self.method in WRITES and "/authorization.k8s.io/" not in self.path and "dryRun" not in self.parameters

    @property
    def json(self) -> Any:
        """The request's body as a value; None where there is none."""
        return json.loads(self.body) if self.body else None

    @property
    def name(self) -> str:
        """The last part of the path: the object's name, where one is named."""
        return self.path.rpartition("/")[2]

    def __str__(self) -> str:
        query = f"?{self.query}" if self.query else ""
        fault = f" [{self.fault}]" if self.fault else ""
        return f"{self.number:4} {self.method} {self.path}{query} -> {self.status}{fault}"


@dataclass(frozen=True, slots=True)
class Drop:
    """The connection is reset; the server never sees the request."""


@dataclass(frozen=True, slots=True)
class Delay:
    """The request reaches the server so many seconds later."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Answer:
    """The client gets this answer; the server never sees the request. A `retry_after_s` goes into a header."""

    status: int
    reason: str = ""
    message: str = ""
    retry_after_s: int | None = None
    text: str | None = None

    def payload(self) -> tuple[str, bytes]:
        """Content type and body: a Status, or plain text."""
        if self.text is not None:
            return "text/plain; charset=utf-8", self.text.encode()
        status = {
            "kind": "Status",
            "apiVersion": "v1",
            "metadata": {},
            "status": "Failure",
            "message": self.message,
            "reason": self.reason,
            "code": self.status,
        }
        return "application/json", json.dumps(status).encode()


@dataclass(frozen=True, slots=True)
class Half:
    """The server did it; of its answer's body only a part arrives, then the connection ends."""

    part: float = 0.5


@dataclass(frozen=True, slots=True)
class ResetAfter:
    """The server did it; the connection is reset before any of its answer arrives."""


@dataclass(frozen=True, slots=True)
class Hold:
    """The server did it; its answer arrives so many seconds later."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Rewrite:
    """The server's answer arrives changed: `change` gets the decoded body (of a watch: each event) and returns another."""

    change: Callable[[Any], Any]


@dataclass(frozen=True, slots=True)
class Gone:
    """A watch is answered with the event that its version is too old."""


@dataclass(frozen=True, slots=True)
class CutWatch:
    """A watch ends after so many seconds; `half_a_line` ends it in the middle of an event."""

    seconds: float
    half_a_line: bool = False


Fault: TypeAlias = Drop | Delay | Answer | Half | ResetAfter | Hold | Rewrite | Gone | CutWatch


@dataclass(slots=True)
class Rule:
    """Which requests a fault happens to.

    `method` is a name or empty for any, `path` a regular expression searched in path and query, `when` a further
    condition. Of the requests that match, every `every`-th counts, each with `chance`, until it happened `times` times.
    """

    fault: Fault
    method: str = ""
    path: str = ""
    when: Callable[[Exchange], bool] | None = None
    every: int = 1
    chance: float = 1.0
    times: int = -1
    seen: int = 0
    happened: int = 0

    def matches(self, exchange: Exchange) -> bool:
        """Whether the request is one of those that are meant."""
        if self.method and exchange.method != self.method:
            return False
        if self.path and not re.search(self.path, f"{exchange.path}?{exchange.query}"):
            return False
        if isinstance(self.fault, Gone | CutWatch) and not exchange.is_watch:
            return False
        return self.when is None or self.when(exchange)

    def strikes(self, exchange: Exchange, dice: random.Random) -> bool:
        """Whether the fault happens to this request now."""
        if self.happened == self.times or not self.matches(exchange):
            return False
        self.seen += 1
        if self.seen % self.every or (self.chance < 1 and dice.random() >= self.chance):
            return False
        self.happened += 1
        return True


@dataclass(slots=True)
class Rules:
    """The rules in force, first match first, and their dice. Safe for threads; the same seed throws the same numbers."""

    seed: int = 0
    rules: list[Rule] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)
    dice: random.Random = field(init=False)

    def __post_init__(self) -> None:
        self.dice = random.Random(self.seed)

    def fault_of(self, exchange: Exchange) -> Fault | None:
        """What happens to a request."""
        with self.lock:
            for rule in self.rules:
                if rule.strikes(exchange, self.dice):
                    return rule.fault
        return None
