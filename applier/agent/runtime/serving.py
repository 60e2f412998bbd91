"""Small HTTP servers in threads: probes, metrics, artifacts, events, the status page.

A server is a table from methods and path prefixes to functions; everything else is 404, a wrong method 405. Bodies and
headers are bounded, slow clients are cut off.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socket import SO_REUSEADDR, SOL_SOCKET
from threading import Thread
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import BinaryIO

MAX_BODY = 3 << 20
CLIENT_TIMEOUT_S = 30.0


@dataclass(frozen=True, slots=True)
class Asked:
    """One request. Shape: `path` without the query; names of `headers` in lower case."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class Reply:
    """One answer. Shape: either `body`, or `file` of `size` bytes, which is closed afterwards."""

    status: int = 200
    body: bytes = b""
    content_type: str = "text/plain; charset=utf-8"
    headers: Mapping[str, str] = field(default_factory=dict)
    file: BinaryIO | None = None
    size: int = 0


Answerer = "Callable[[Asked], Reply]"


class Server:
    """Serves until it is stopped. Shape: `routes` maps (method, prefix) to what answers; the longest prefix wins."""

    def __init__(self, address: str, routes: Mapping[tuple[str, str], Callable[[Asked], Reply]]) -> None:
        host, _, port = address.rpartition(":")
        self.routes = sorted(routes.items(), key=lambda item: -len(item[0][1]))
        handler = type("Handler", (_Handler,), {"owner": self})
        self._http = _Http((host, int(port)), handler)
        self._thread = Thread(target=self._http.serve_forever, args=(0.1,), name=f"server {address}", daemon=True)

    @property
    def port(self) -> int:
        """The port that it listens on; the one that was free where 0 was asked for."""
        return int(self._http.server_address[1])

    def start(self) -> None:
        """Begin to serve."""
        self._thread.start()

    def stop(self) -> None:
        """Serve no more."""
        self._http.shutdown()
        self._http.server_close()

    def answer(self, asked: Asked) -> Reply:
        """The reply of the first route that fits."""
        matching = [(method, found) for (method, prefix), found in self.routes if asked.path.startswith(prefix)]
        for method, found in matching:
            if method == asked.method or (method == "GET" and asked.method == "HEAD"):
                return found(asked)
        return Reply(405) if matching else Reply(404, b"404 page not found\n")


class _Http(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def server_bind(self) -> None:
        self.socket.setsockopt(SOL_SOCKET, SO_REUSEADDR, 1)
        super().server_bind()


class _Handler(BaseHTTPRequestHandler):
    owner: Server
    protocol_version = "HTTP/1.1"
    server_version, sys_version = "kbuild", ""
    timeout = CLIENT_TIMEOUT_S

    def log_message(self, *_: Any) -> None:
        """Say nothing: who asks for what is no news."""

    def _handle(self) -> None:
        length = self.headers.get("content-length", "0")
        if not length.isdigit() or int(length) > MAX_BODY:
            self.close_connection = True
            self._send(Reply(413 if length.isdigit() else 400))
            return
        path, _, query = self.path.partition("?")
        headers = {name.lower(): value for name, value in self.headers.items()}
        asked = Asked(self.command, path, query, headers, self.rfile.read(int(length)))
        try:
            reply = self.owner.answer(asked)
        except Exception:  # noqa: BLE001  (a bug in one answer must not show its insides, nor end the server)
            reply = Reply(500)
        self._send(reply)

    def _send(self, reply: Reply) -> None:
        size = reply.size if reply.file is not None else len(reply.body)
        try:
            self.send_response(reply.status)
            self.send_header("Content-Type", reply.content_type)
            self.send_header("Content-Length", str(size))
            for name, value in reply.headers.items():
                self.send_header(name, value)
            self.end_headers()
            if self.command != "HEAD":
                self._send_body(reply, size)
        except (ConnectionError, TimeoutError):
            self.close_connection = True
        finally:
            if reply.file is not None:
                reply.file.close()

    def _send_body(self, reply: Reply, size: int) -> None:
        if reply.file is None:
            self.wfile.write(reply.body)
            return
        left = size
        while left and (piece := reply.file.read(min(left, 1 << 16))):
            self.wfile.write(piece)
            left -= len(piece)

    do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = do_PATCH = _handle  # noqa: N815
