"""One request to one JSON answer: sent, counted, decoded, and where it was refused, raised as a failure.

Reads are repeated here, with back-off. Writes are not: whether and when a write is repeated is the executor's decision.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

from applier.clock import Clock, SystemClock, backoff_s
from applier.cluster.transport import Request, Response, Traffic
from applier.errors import Answer, classify, of_transport
from applier.failures import ApplierError, ErrorClass, TransportError

if TYPE_CHECKING:
    from collections.abc import Callable

    from applier.cluster.transport import KubeTransport, Stream
    from applier.model.ids import Body

READ_ATTEMPTS = 7
_WORTH_REPEATING = frozenset({ErrorClass.TRANSIENT, ErrorClass.KIND_UNKNOWN})


class Kind(NamedTuple):
    """What a failure's wording depends on: the kind that is written, and whether its values must not be shown."""

    name: str = ""
    sensitive: bool = False
    is_json_patch: bool = False


NO_KIND = Kind()


class Exchange:
    """Sends requests through a transport. Safe to use from several threads."""

    __slots__ = ("clock", "traffic", "transport")

    def __init__(self, transport: KubeTransport, clock: Clock | None = None, traffic: Traffic | None = None) -> None:
        self.transport = transport
        self.clock: Clock = clock or SystemClock()
        self.traffic = traffic or Traffic()

    def once(self, request: Request, name: str, kind: Kind = NO_KIND) -> tuple[Body, Response]:
        """Send once; `name` is what it is counted as. Raises: ApplierError."""
        response = self.raw(request, name)
        if response.status >= 400:
            raise ApplierError(classify(_answer(response, kind)))
        return decoded(response), response

    def raw(self, request: Request, name: str) -> Response:
        """Send once and give the answer whatever its status. Raises: ApplierError, where none came."""
        self.traffic.add(name)
        try:
            return self.transport.send(request)
        except TransportError as problem:
            raise ApplierError(of_transport(problem)) from None

    def read(self, request: Request, name: str) -> Body:
        """Send a read, repeated while the server is in trouble. Raises: ApplierError."""
        return self.patiently(lambda: self.once(request, name)[0])

    def open(self, request: Request) -> Stream:
        """Begin a watch. Raises: ApplierError, where it is refused."""
        self.traffic.add("watch")
        try:
            stream = self.transport.open(request)
        except TransportError as problem:
            raise ApplierError(of_transport(problem)) from None
        if stream.status >= 400:
            try:
                text = b"\n".join(stream.lines())
            except TransportError:
                text = b""
            raise ApplierError(classify(_answer(Response(stream.status, {}, text), NO_KIND)))
        return stream

    def patiently(self, call: Callable[[], Body]) -> Body:
        """Make a call up to seven times (a quarter of a minute) while it fails for reasons that pass. Raises: ApplierError."""
        for attempt in range(1, READ_ATTEMPTS):
            try:
                return call()
            except ApplierError as problem:
                if problem.error_class not in _WORTH_REPEATING:
                    raise
                self.traffic.add("retries")
                self.clock.sleep(backoff_s(attempt, problem.failure.retry_after_s, self.spread()))
        return call()

    def spread(self) -> float:
        """A number from 0 to 1 that differs from client to client."""
        return (self.clock.monotonic() * 7919.0) % 1.0


def decoded(response: Response) -> Body:
    """The answer's object. Raises: ApplierError, where it is none: a cut or garbled body is no answer."""
    try:
        found = json.loads(response.body)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        problem = TransportError("the server's answer is cut off or no JSON", lost=True)
        raise ApplierError(of_transport(problem))
    return found


def _answer(response: Response, kind: Kind) -> Answer:
    status: dict[str, Any] | None
    text = response.body.decode("utf-8", "replace")
    try:
        status = json.loads(text)
    except ValueError:
        status = None
    if not isinstance(status, dict) or status.get("kind") != "Status":
        status = None
    return Answer(
        code=response.status,
        status=status,
        text="" if kind.sensitive and status is None else text,
        retry_after_s=retry_after(response),
        kind=kind.name,
        sensitive=kind.sensitive,
        is_json_patch=kind.is_json_patch,
    )


def retry_after(response: Response) -> float:
    """The seconds that the server asked to wait, 0 where it did not."""
    text = response.headers.get("retry-after", "").strip()
    return float(text) if text.isdigit() else 0.0


def encoded(body: Any) -> bytes:
    """A body as compact JSON."""
    return json.dumps(body, separators=(",", ":"), ensure_ascii=False).encode("utf-8", "surrogatepass")
