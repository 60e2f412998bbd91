"""Connections to an API server through a proxy, by urllib3, which is imported here alone and only then."""

from __future__ import annotations

import socket
from http.client import RemoteDisconnected
from typing import TYPE_CHECKING, Any

import urllib3
from urllib3.connection import HTTPConnection
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
from applier.cluster.transport import ClosedBeforehandError
from applier.cluster.wires import CONNECT_TIMEOUT_S
from applier.failures import ApplierError, TransportError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from ssl import SSLContext

    from applier.cluster.connection import Connection
    from applier.cluster.transport import Request
    from applier.cluster.wires import Answer, Headers

_SOCKET_OPTIONS = (*HTTPConnection.default_socket_options, (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1))


class ProxiedWires:
    """Kept connections through the proxy of a connection."""

    def __init__(self, connection: Connection, size: int, context: SSLContext | None, *, block: bool) -> None:
        self.connection = connection
        options: dict[str, Any] = {"maxsize": size, "block": block, "socket_options": _SOCKET_OPTIONS}
        if context is not None:
            options["ssl_context"] = context
            if connection.tls_server_name:
                options["server_hostname"] = options["assert_hostname"] = connection.tls_server_name
        self._manager = urllib3.ProxyManager(connection.proxy, **options)

    def ask(self, request: Request, headers: Headers, timeout_s: float, *, whole: bool) -> Answer:
        """One request; with `whole`, the complete answer. Raises: TransportError, ApplierError."""
        sent = urllib3.HTTPHeaderDict()
        for name, value in headers:
            sent.add(name, value)
        try:
            answer = self._manager.urlopen(
                request.method,
                self.connection.server + request.target,
                body=request.body,
                headers=sent,
                retries=False,
                redirect=False,
                timeout=urllib3.Timeout(connect=CONNECT_TIMEOUT_S, read=timeout_s),
                preload_content=whole,
            )
        except HTTPError as problem:
            raise _problem(problem, self.connection) from None
        except OSError as problem:
            raise TransportError(f"the connection to {self.connection.server} broke: {problem}", lost=True) from None
        return _ProxiedAnswer(answer, whole=whole)

    def close(self) -> None:
        """Close every kept connection."""
        self._manager.clear()


class _ProxiedAnswer:
    """An answer of urllib3 in our own shape."""

    def __init__(self, answer: urllib3.BaseHTTPResponse, *, whole: bool) -> None:
        self._answer = answer
        self.status = answer.status
        self.headers: Headers = [(name.lower(), value) for name, value in answer.headers.iteritems()]
        self.body = answer.data if whole else b""

    def parts(self) -> Iterator[bytes]:
        """The body as it arrives."""
        try:
            yield from self._answer.stream(1 << 16)
        except HTTPError as problem:
            raise TransportError(str(problem), lost=False) from None

    def shut(self) -> None:
        """Wake up whoever reads."""
        try:
            self._answer.shutdown()
        except (ValueError, OSError, RuntimeError):
            self._answer.close()

    def close(self) -> None:
        """Give up what is left of it."""
        self._answer.close()


def _problem(problem: HTTPError, connection: Connection) -> TransportError | ApplierError:
    server = connection.server
    if isinstance(problem, SSLError):
        return configuration_error(
            f"the connection to {server} is not trusted: {problem}",
            "is the kubeconfig's certificate authority that of this cluster?",
        )
    if isinstance(problem, ProxyError):
        # Without a tunnel, urllib3 also says this of connections that end after the request was sent.
        if isinstance(problem.original_error, RemoteDisconnected):
            return ClosedBeforehandError(f"{server} closed the connection without an answer", lost=True)
        if isinstance(problem.original_error, ConnectionError):
            return TransportError(f"the connection to {server} broke: {problem.original_error}", lost=True)
        return TransportError(f"the proxy for {server} does not answer", lost=False, refused=True)
    if isinstance(problem, NewConnectionError):
        return TransportError(f"{server} cannot be reached: {_cause(problem)}", lost=False, refused=True)
    if isinstance(problem, ReadTimeoutError):
        return TransportError(f"{server} did not answer in time", lost=True)
    if isinstance(problem, UrllibTimeoutError):
        return TransportError(f"{server} cannot be reached: connecting timed out", lost=False, refused=True)
    if isinstance(problem, ProtocolError) and "without response" in str(problem):
        return ClosedBeforehandError(f"{server} closed the connection without an answer", lost=True)
    if isinstance(problem, DecodeError):
        return TransportError(f"{server} sent a broken answer", lost=True)
    return TransportError(f"the connection to {server} broke: {problem}", lost=True)


def _cause(problem: NewConnectionError) -> str:
    """The part of urllib3's sentence that says why."""
    return str(problem).rpartition("]")[2].strip() or str(problem).rpartition(":")[2].strip()
