"""The transport: kept connections, trusted and identified as a `Connection` says.

It decides nothing about answers. It repeats a request on its own in two cases only: a kept connection that the server had
already closed, and credentials that were refused and could be had anew. Nothing it reports holds a header value.
"""

from __future__ import annotations

import time
from threading import Lock
from typing import TYPE_CHECKING, Final

from applier.cluster.address import address_of
from applier.cluster.transport import ClosedBeforehandError, Request, Response
from applier.failures import TransportError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from ssl import SSLContext

    from applier.cluster.connection import Connection
    from applier.cluster.wires import Answer, Headers, Wires

WATCHES: Final = 32  # kept connections for watches through a proxy; more are opened as needed


class HttpTransport:
    """Sends requests over kept connections; safe to use from several threads.

    `trace` is called after each request with its method, target, status (0: no answer) and seconds; `warn` with the
    text of each `Warning` header. `answer_within_s` replaces the time that requests give the server, 0 does not; watches
    keep theirs.
    """

    def __init__(
        self,
        connection: Connection,
        *,
        user_agent: str,
        workers: int = 8,
        answer_within_s: float = 0.0,
        trace: Callable[[str, str, int, float], None] | None = None,
        warn: Callable[[str], None] | None = None,
    ) -> None:
        self.user_agent, self.workers, self.trace, self.warn = user_agent, workers, trace, warn
        self.answer_within_s = answer_within_s
        self._lock = Lock()
        self._use(connection)

    def _use(self, connection: Connection) -> None:
        self.connection = connection
        self._headers = _fixed_headers(connection, self.user_agent)
        context = _context_of(connection)
        self._wires = wires_of(connection, context, self.workers, is_limit=True)
        self._watch_wires = wires_of(connection, context, WATCHES, is_limit=False)

    def send(self, request: Request) -> Response:
        """One request and its whole answer. Raises: TransportError; ApplierError, where TLS or credentials fail."""
        used = self.connection
        response = self._send(request)
        if response.status == 401 and self._renewed(used):
            response = self._send(request)
        return response

    def open(self, request: Request) -> HttpStream:
        """One request whose answer goes on. Raises: TransportError, ApplierError."""
        used = self.connection
        answer = self._exchange(request, self._watch_wires, whole=False)
        if answer.status == 401 and self._renewed(used):
            answer.close()
            answer = self._exchange(request, self._watch_wires, whole=False)
        return HttpStream(answer)

    def close(self) -> None:
        """Close every kept connection."""
        self._wires.close()
        self._watch_wires.close()

    def _send(self, request: Request) -> Response:
        try:
            answer = self._exchange(request, self._wires, whole=True)
        except ClosedBeforehandError as problem:
            if not request.may_be_repeated:
                raise TransportError(str(problem), lost=True) from None
            answer = self._exchange(request, self._wires, whole=True)
        if self.warn is not None:
            for name, value in answer.headers:
                if name == "warning":
                    self.warn(_warning_text(value))
        return Response(answer.status, dict(answer.headers), answer.body)

    def _exchange(self, request: Request, wires: Wires, *, whole: bool) -> Answer:
        started = time.monotonic()
        status = 0
        timeout_s = (self.answer_within_s if whole else 0) or request.timeout_s
        try:
            answer = wires.ask(request, self._request_headers(request, whole=whole), timeout_s, whole=whole)
            status = answer.status
            return answer
        finally:
            if self.trace is not None:
                self.trace(request.method, request.target, status, time.monotonic() - started)

    def _request_headers(self, request: Request, *, whole: bool) -> Headers:
        headers = [*self._headers, ("Accept", request.accept)]
        if whole:
            headers.append(("Accept-Encoding", "gzip"))
        if request.content_type:
            headers.append(("Content-Type", request.content_type))
        if request.etag:
            headers.append(("If-None-Match", request.etag))
        return headers

    def _renewed(self, used: Connection) -> bool:
        """Read the credentials again, once for all threads that were refused with them; True where they changed."""
        with self._lock:
            if self.connection is not used:
                return True
            renewed = used.refresh()
            if renewed == used:
                return False
            self._use(renewed)
            return True


class HttpStream:
    """The lines of a watch."""

    def __init__(self, answer: Answer) -> None:
        self.status = answer.status
        self._answer = answer

    def lines(self) -> Iterator[bytes]:
        """Every line as it arrives; half a line at the end is an error."""
        rest = b""
        try:
            for part in self._answer.parts():
                rest += part
                if b"\n" in part:
                    *whole, rest = rest.split(b"\n")
                    yield from (line for line in whole if line.strip())
        except (TransportError, OSError, ValueError, AttributeError) as problem:
            # The last two: what reading raises after `close` in another thread.
            raise TransportError(f"the watch broke off: {problem}", lost=False) from None
        finally:
            self._answer.close()
        if rest.strip():
            raise TransportError("the watch ended in the middle of a line", lost=False)

    def close(self) -> None:
        """Wake up whoever reads, and end."""
        try:
            self._answer.shut()
        except (OSError, ValueError):
            self._answer.close()


def wires_of(connection: Connection, context: SSLContext | None, size: int, *, is_limit: bool) -> Wires:
    """Connections to the server, through its proxy where there is one; `size` are kept. Raises: ApplierError."""
    if connection.proxy:
        from applier.cluster.proxied import ProxiedWires

        return ProxiedWires(connection, size, context, block=is_limit)
    from applier.cluster.wires import DirectWires

    return DirectWires(connection, size if is_limit else 0, context)


def _context_of(connection: Connection) -> SSLContext | None:
    """How TLS is spoken; None where it is not. Raises: ApplierError."""
    if address_of(connection).scheme == "http":
        return None
    from applier.cluster.tls import ssl_context

    return ssl_context(connection)


def _fixed_headers(connection: Connection, user_agent: str) -> Headers:
    found = [("User-Agent", user_agent), *connection.impersonation]
    if connection.authorization:
        found.append(("Authorization", connection.authorization))
    return found


def _warning_text(line: str) -> str:
    """The text of `299 - "text"`."""
    first, last = line.find('"'), line.rfind('"')
    return line[first + 1 : last].replace('\\"', '"') if 0 <= first < last else line
