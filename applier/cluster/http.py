"""The transport: keep-alive connections of urllib3, trusted and identified as a `Connection` says.

It decides nothing about answers. It repeats a request on its own in two cases only: a kept connection that the server had
already closed, and credentials that were refused and could be had anew. Nothing it reports holds a header value.
"""

from __future__ import annotations

import os
import socket
import time
from threading import Lock
from typing import TYPE_CHECKING, Any, Final

import urllib3
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import (
    DecodeError,
    HTTPError,
    NewConnectionError,
    ProtocolError,
    ProxyError,
    ReadTimeoutError,
    SSLError,
)
from urllib3.exceptions import TimeoutError as UrllibTimeoutError

from applier.cluster.kubeconfig import configuration_error
from applier.cluster.transport import Request, Response
from applier.failures import ApplierError, TransportError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from ssl import SSLContext

    from applier.cluster.connection import Connection

CONNECT_TIMEOUT_S: Final = 5.0
WATCHES: Final = 32  # kept connections for watches; more are opened as needed
_SOCKET_OPTIONS: Final = (*HTTPConnection.default_socket_options, (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1))


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
        self._pool = pool_of(connection, self.workers, block=True)
        self._watch_pool = pool_of(connection, WATCHES, block=False)
        self._prefix = _prefix(self._pool, connection)

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
        answer = self._exchange(request, self._watch_pool, whole=False)
        if answer.status == 401 and self._renewed(used):
            answer.close()
            answer = self._exchange(request, self._watch_pool, whole=False)
        return HttpStream(answer)

    def close(self) -> None:
        """Close every kept connection."""
        self._pool.close()
        self._watch_pool.close()

    def _send(self, request: Request) -> Response:
        try:
            answer = self._exchange(request, self._pool, whole=True)
        except _ClosedBeforehandError as problem:
            if not request.may_be_repeated:
                raise TransportError(str(problem), lost=True) from None
            answer = self._exchange(request, self._pool, whole=True)
        headers = {name.lower(): value for name, value in answer.headers.items()}
        if self.warn is not None and "warning" in headers:
            for line in answer.headers.getlist("warning"):
                self.warn(_warning_text(line))
        return Response(answer.status, headers, answer.data)

    def _exchange(self, request: Request, pool: Any, *, whole: bool) -> urllib3.BaseHTTPResponse:
        started = time.monotonic()
        status = 0
        timeout_s = (self.answer_within_s if whole else 0) or request.timeout_s
        try:
            answer: urllib3.BaseHTTPResponse = pool.urlopen(
                request.method,
                self._prefix + request.target,
                body=request.body,
                headers=self._request_headers(request, whole=whole),
                retries=False,
                redirect=False,
                timeout=urllib3.Timeout(connect=CONNECT_TIMEOUT_S, read=timeout_s),
                preload_content=whole,
            )
            status = answer.status
            return answer
        except HTTPError as problem:
            raise _problem(problem, self.connection) from None
        except (ConnectionError, TimeoutError, OSError) as problem:
            raise TransportError(f"the connection to {self.connection.server} broke: {problem}", lost=True) from None
        finally:
            if self.trace is not None:
                self.trace(request.method, request.target, status, time.monotonic() - started)

    def _request_headers(self, request: Request, *, whole: bool) -> urllib3.HTTPHeaderDict:
        headers = self._headers.copy()
        headers["Accept"] = request.accept
        if whole:
            headers["Accept-Encoding"] = "gzip"
        if request.content_type:
            headers["Content-Type"] = request.content_type
        if request.etag:
            headers["If-None-Match"] = request.etag
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

    def __init__(self, answer: urllib3.BaseHTTPResponse) -> None:
        self.status = answer.status
        self._answer = answer

    def lines(self) -> Iterator[bytes]:
        """Every line as it arrives; half a line at the end is an error."""
        rest = b""
        try:
            for part in self._answer.stream(1 << 16):
                rest += part
                if b"\n" in part:
                    *whole, rest = rest.split(b"\n")
                    yield from (line for line in whole if line.strip())
        except (HTTPError, OSError, ValueError, AttributeError) as problem:
            # The last two: what reading raises after `close` in another thread.
            raise TransportError(f"the watch broke off: {problem}", lost=False) from None
        finally:
            self._answer.close()
        if rest.strip():
            raise TransportError("the watch ended in the middle of a line", lost=False)

    def close(self) -> None:
        """Wake up whoever reads, and end."""
        try:
            self._answer.shutdown()
        except (ValueError, OSError, RuntimeError):
            self._answer.close()


class _OneWrite:
    """Sends the head of a request and its body in one piece: one record and one wake-up of the server instead of two."""

    _parts: list[bytes] | None = None

    def send(self, data: Any) -> None:
        """Send, or keep for the end of the request."""
        if self._parts is None:
            super().send(data)  # type: ignore[misc]
        else:
            self._parts.append(data)

    def request(self, *args: Any, **named: Any) -> None:
        """Send a whole request."""
        self._parts = []
        try:
            super().request(*args, **named)  # type: ignore[misc]
        finally:
            parts, self._parts = self._parts, None
        self.send(b"".join(parts))


class _Connection(_OneWrite, HTTPConnection):
    pass


class _SecureConnection(_OneWrite, HTTPSConnection):
    pass


class _ClosedBeforehandError(TransportError):
    """The server closed the connection without a byte of an answer."""


def pool_of(connection: Connection, size: int, *, block: bool) -> Any:
    """Kept connections to the server, through its proxy where there is one. Raises: ApplierError."""
    url = urllib3.util.parse_url(connection.server)
    if url.scheme not in ("http", "https") or not url.host:
        raise configuration_error(f'"{connection.server}" is not the address of an API server')
    options: dict[str, Any] = {"maxsize": size, "block": block, "socket_options": _SOCKET_OPTIONS}
    if url.scheme == "https":
        options["ssl_context"] = ssl_context(connection)
        if connection.tls_server_name:
            options["server_hostname"] = options["assert_hostname"] = connection.tls_server_name
    if connection.proxy:
        return urllib3.ProxyManager(connection.proxy, **options)
    is_secure = url.scheme == "https"
    made = (urllib3.HTTPSConnectionPool if is_secure else urllib3.HTTPConnectionPool)(
        url.host.strip("[]"), url.port, **options
    )
    made.ConnectionCls = _SecureConnection if is_secure else _Connection
    return made


def ssl_context(connection: Connection) -> SSLContext:
    """What the connection trusts, and the certificate it shows. Raises: ApplierError."""
    import ssl

    try:
        context = ssl.create_default_context(cadata=connection.ca.decode("ascii", "replace") or None)
        if not connection.verify:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        if connection.client_certificate:
            _load_certificate(context, connection)
    except (ssl.SSLError, ValueError) as problem:
        raise configuration_error(f"the certificates of the kubeconfig cannot be used: {problem}") from None
    return context


def _load_certificate(context: SSLContext, connection: Connection) -> None:
    """The library reads certificates from files alone: one with mode 0600 that is gone before this returns."""
    from tempfile import mkstemp

    descriptor, path = mkstemp(prefix="kbuild-")
    try:
        with open(descriptor, "wb") as file:
            file.write(connection.client_certificate.rstrip() + b"\n" + connection.client_key)
        context.load_cert_chain(path)
    finally:
        os.unlink(path)


def _fixed_headers(connection: Connection, user_agent: str) -> urllib3.HTTPHeaderDict:
    headers = urllib3.HTTPHeaderDict({"User-Agent": user_agent})
    for name, value in connection.impersonation:
        headers.add(name, value)
    if connection.authorization:
        headers["Authorization"] = connection.authorization
    return headers


def _prefix(pool: Any, connection: Connection) -> str:
    """What stands before the path of a request: the server's own path; for a proxy manager the whole address."""
    if isinstance(pool, urllib3.PoolManager):
        return connection.server
    return (urllib3.util.parse_url(connection.server).path or "").rstrip("/")


def _problem(problem: HTTPError, connection: Connection) -> TransportError | ApplierError:
    server = connection.server
    if isinstance(problem, SSLError):
        return configuration_error(
            f"the connection to {server} is not trusted: {problem}",
            "is the kubeconfig's certificate authority that of this cluster?",
        )
    if isinstance(problem, ProxyError):
        return TransportError(f"the proxy for {server} does not answer", lost=False, refused=True)
    if isinstance(problem, NewConnectionError):
        return TransportError(f"{server} cannot be reached: {_cause(problem)}", lost=False, refused=True)
    if isinstance(problem, ReadTimeoutError):
        return TransportError(f"{server} did not answer in time", lost=True)
    if isinstance(problem, UrllibTimeoutError):
        return TransportError(f"{server} cannot be reached: connecting timed out", lost=False, refused=True)
    if isinstance(problem, ProtocolError) and "without response" in str(problem):
        return _ClosedBeforehandError(f"{server} closed the connection without an answer", lost=True)
    if isinstance(problem, DecodeError):
        return TransportError(f"{server} sent a broken answer", lost=True)
    return TransportError(f"the connection to {server} broke: {problem}", lost=True)


def _cause(problem: NewConnectionError) -> str:
    """The part of urllib3's sentence that says why."""
    return str(problem).rpartition("]")[2].strip() or str(problem).rpartition(":")[2].strip()


def _warning_text(line: str) -> str:
    """The text of `299 - "text"`."""
    first, last = line.find('"'), line.rfind('"')
    return line[first + 1 : last].replace('\\"', '"') if 0 <= first < last else line
