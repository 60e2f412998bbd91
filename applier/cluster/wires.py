"""Direct connections to an API server: HTTP/1.1 over kept sockets, as much of it as API servers speak.

A library for all of HTTP takes longer to import than a whole run that changes nothing: docs/adr/0070-speak-http-directly.md.
Connections through proxies go through one (`proxied`).
"""

from __future__ import annotations

import select
import socket
import ssl
import weakref
import zlib
from threading import BoundedSemaphore
from typing import TYPE_CHECKING, Protocol

from applier.cluster.address import address_of
from applier.cluster.kubeconfig import configuration_error
from applier.cluster.transport import ClosedBeforehandError
from applier.failures import TransportError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from io import BufferedReader

    from applier.cluster.connection import Connection
    from applier.cluster.transport import Request
    from applier.failures import ApplierError

    Headers = Sequence[tuple[str, str]]

CONNECT_TIMEOUT_S = 5.0
_BUFFER = 1 << 16
_LINE_LIMIT, _HEADERS_LIMIT = 1 << 16, 200
_WITHOUT_BODY = frozenset((204, 304))


class Answer(Protocol):
    """An answer as it comes in. Shape: `headers` have names in lower case, in the server's order; `body` is complete or empty."""

    status: int
    headers: Headers
    body: bytes

    def parts(self) -> Iterator[bytes]:
        """The body as it arrives. Raises: TransportError, OSError, ValueError, AttributeError: the last after `shut`."""

    def shut(self) -> None:
        """Wake up whoever reads."""

    def close(self) -> None:
        """Give up what is left of it, and its connection."""


class Wires(Protocol):
    """Connections to one server as one user."""

    def ask(self, request: Request, headers: Headers, timeout_s: float, *, whole: bool) -> Answer:
        """One request; with `whole`, the complete answer. Raises: TransportError, ApplierError."""

    def close(self) -> None:
        """Close every kept connection."""


class DirectWires:
    """At most `size` connections, each kept for the next request; with 0, as many as are asked for, none of them kept."""

    def __init__(self, connection: Connection, size: int, context: ssl.SSLContext | None) -> None:
        self._server, self._context, self._is_keeping = connection.server, context, size > 0
        self._address = address_of(connection)
        name = connection.tls_server_name
        self._name = name.encode("idna") if name else self._address.host
        self._free: list[_Wire] = []
        self._places = BoundedSemaphore(size) if size else None
        # Whoever forgets to close them leaves them to the collector, which would warn of each.
        weakref.finalize(self, _close_all, self._free).atexit = False

    def ask(self, request: Request, headers: Headers, timeout_s: float, *, whole: bool) -> Answer:
        """One request; with `whole`, the complete answer. Raises: TransportError, ApplierError."""
        head = self._head(request, headers)
        if self._places is not None:
            self._places.acquire()
        try:
            wire = self._wire()
            try:
                wire.send(head, request.body, timeout_s)
                answer = _WireAnswer(wire, request.method)
                if whole:
                    answer.read()
            except BaseException as problem:
                wire.close()
                self._translate(problem)
                raise
            if whole:
                if self._is_keeping and answer.is_reusable:
                    self._free.append(wire)
                else:
                    wire.close()
            return answer
        finally:
            if self._places is not None:
                self._places.release()

    def close(self) -> None:
        """Close every kept connection."""
        _close_all(self._free)

    def _head(self, request: Request, headers: Headers) -> bytes:
        target = self._address.path + request.target
        lines = [f"{request.method} {target} HTTP/1.1", f"Host: {self._address.authority}"]
        lines += [f"{name}: {value}" for name, value in headers]
        if request.body is not None or request.method in ("POST", "PUT", "PATCH"):
            lines.append(f"Content-Length: {len(request.body or b'')}")
        if not all(line.isprintable() for line in lines) or " " in target:
            raise configuration_error("a header or a path of a request holds characters that HTTP does not allow")
        try:
            return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")
        except UnicodeEncodeError:
            raise configuration_error("a header or a path of a request is no latin-1 text") from None

    def _wire(self) -> _Wire:
        """A kept connection that is still open, else a new one."""
        while self._free:
            try:
                wire = self._free.pop()
            except IndexError:  # another thread was faster
                break
            if wire.is_idle():
                return wire
            wire.close()
        return _Wire(self._connected())

    def _connected(self) -> socket.socket:
        try:
            # A host as bytes: of a text, the library would look for its form in other alphabets first.
            plain = socket.create_connection((self._address.host, self._address.port), CONNECT_TIMEOUT_S)  # type: ignore[arg-type]
        except OSError as problem:
            raise self._unreachable(problem) from None
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        plain.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        if self._context is None:
            return plain
        try:
            return self._context.wrap_socket(plain, server_hostname=self._name)
        except (ssl.SSLEOFError, ssl.SSLZeroReturnError, ConnectionError):
            plain.close()
            raise TransportError(f"{self._server} closed the connection while it was made", lost=False) from None
        except ssl.SSLError as problem:
            plain.close()
            raise self._untrusted(problem) from None
        except OSError as problem:
            plain.close()
            raise self._unreachable(problem) from None

    def _unreachable(self, problem: OSError) -> TransportError:
        why = "connecting timed out" if isinstance(problem, TimeoutError) else problem.strerror or str(problem)
        return TransportError(f"{self._server} cannot be reached: {why}", lost=False, refused=True)

    def _untrusted(self, problem: ssl.SSLError) -> ApplierError:
        return configuration_error(
            f"the connection to {self._server} is not trusted: {problem}",
            "is the kubeconfig's certificate authority that of this cluster?",
        )

    def _translate(self, problem: BaseException) -> None:
        """Raise what a failure of an open connection means. Raises: TransportError, ApplierError; returns for everything else."""
        if isinstance(problem, TimeoutError):
            raise TransportError(f"{self._server} did not answer in time", lost=True) from None
        if isinstance(problem, ssl.SSLError) and "ALERT" in (problem.reason or ""):
            raise self._untrusted(problem) from None  # a server may refuse a client's certificate this late
        if isinstance(problem, EOFError):
            raise ClosedBeforehandError(f"{self._server} closed the connection without an answer", lost=True) from None
        if isinstance(problem, (OSError, ValueError, zlib.error)):
            raise TransportError(f"the connection to {self._server} broke: {problem}", lost=True) from None


class _Wire:
    """One open connection. The system closes it when its reader is gone, however that comes about."""

    def __init__(self, opened: socket.socket) -> None:
        self.socket = opened
        self.reader: BufferedReader = opened.makefile("rb", _BUFFER)  # type: ignore[assignment]
        opened.close()  # takes effect when the reader is closed, too

    def is_idle(self) -> bool:
        """Whether the server neither closed it nor says what nobody asked for."""
        poll = select.poll()
        try:
            poll.register(self.socket, select.POLLIN)
            return not poll.poll(0)
        except (OSError, ValueError):
            return False

    def send(self, head: bytes, body: bytes | None, timeout_s: float) -> None:
        """Send a request; a server that closed its ear may have answered all the same."""
        self.socket.settimeout(timeout_s)
        try:
            self.socket.sendall(head + body if body else head)
        except BrokenPipeError:
            return

    def close(self) -> None:
        """Close it."""
        try:
            self.reader.close()
        except OSError:
            return


def _close_all(wires: list[_Wire]) -> None:
    while wires:
        wires.pop().close()


class _WireAnswer:
    """An answer on a wire; its head is read when it is made."""

    def __init__(self, wire: _Wire, method: str) -> None:
        self._wire, self._reader = wire, wire.reader
        version = self._read_status()
        while 100 <= self.status < 200:
            self._read_headers()
            version = self._read_status()
        self.headers: Headers = self._read_headers()
        self.body = b""
        self._named = dict(self.headers)
        self._is_chunked = "chunked" in self._named.get("transfer-encoding", "").lower()
        self._is_empty = method == "HEAD" or self.status in _WITHOUT_BODY
        self._length = int(self._named["content-length"]) if "content-length" in self._named else -1
        is_bounded = self._is_empty or self._is_chunked or self._length >= 0
        self.is_reusable = (
            is_bounded and version == b"HTTP/1.1" and self._named.get("connection", "").lower() != "close"
        )

    def _read_status(self) -> bytes:
        line = self._reader.readline(_LINE_LIMIT)
        if not line:
            raise EOFError
        version, _, rest = line.partition(b" ")
        if not version.startswith(b"HTTP/1.") or not rest[:3].isdigit():
            raise ValueError("the answer is no HTTP")
        self.status = int(rest[:3])
        return version

    def _read_headers(self) -> list[tuple[str, str]]:
        found: list[tuple[str, str]] = []
        while line := self._line():
            name, colon, value = line.decode("latin-1").partition(":")
            if not colon or len(found) == _HEADERS_LIMIT:
                raise ValueError("the answer has headers that cannot be read")
            found.append((name.lower(), value.strip()))
        return found

    def _line(self) -> bytes:
        line = self._reader.readline(_LINE_LIMIT)
        if not line.endswith(b"\n"):
            raise ValueError("the answer is cut off")
        return line.rstrip(b"\r\n")

    def read(self) -> None:
        """Read the body to its end. Raises: ValueError, OSError, zlib.error, where it is cut off."""
        body = b"".join(self.parts())
        encoding = self._named.get("content-encoding", "identity")
        if encoding == "gzip" and body:
            unpacking = zlib.decompressobj(wbits=31)
            body = unpacking.decompress(body)
            if not unpacking.eof:
                raise ValueError("the answer is cut off")
        elif encoding not in ("identity", "gzip"):
            raise ValueError(f"the answer is encoded as {encoding}")
        self.body = body

    def parts(self) -> Iterator[bytes]:
        """The body as it arrives."""
        if self._is_empty:
            return
        if self._is_chunked:
            while size := int(self._line().partition(b";")[0], 16):
                yield self._exactly(size)
                self._line()
            while self._line():
                pass
        elif self._length >= 0:
            yield self._exactly(self._length)
        else:
            while part := self._reader.read1(_BUFFER):
                yield part

    def _exactly(self, size: int) -> bytes:
        part = self._reader.read(size)
        if len(part) < size:
            raise ValueError("the answer is cut off")
        return part

    def shut(self) -> None:
        """Wake up whoever reads. Raises: OSError, where the connection is gone already."""
        self._wire.socket.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Give up what is left of it."""
        self._wire.close()
