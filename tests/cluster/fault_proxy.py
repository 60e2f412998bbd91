"""A proxy between a client and the API server that records every request and does to some of them what rules say.

It speaks TLS with a certificate of the test's authority, passes bearer tokens on, and streams watches line by line.
"""

from __future__ import annotations

import http.client
import json
import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

from faults import Answer, CutWatch, Delay, Drop, Exchange, Fault, Gone, Half, Hold, ResetAfter, Rewrite, Rule, Rules
from kube import Access

Moment = Literal["before", "held", "answered"]
HOP_BY_HOP = ("connection", "keep-alive", "transfer-encoding", "content-length", "date", "server")


class FaultProxy(ThreadingHTTPServer):
    """Listens on a port of the loopback. `log` holds the exchanges in the order in which they came in."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, access: Access, certificate: tuple[Path, Path], seed: int = 0) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.access = access
        self.upstream = urlsplit(access.server)
        self.upstream_context = access.context()
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(*certificate)
        self.rules = Rules(seed)
        self.log: list[Exchange] = []
        self.lock = threading.Lock()
        self.idle = threading.Condition(self.lock)
        self.busy = 0
        self.hook: tuple[Callable[[Exchange], bool], Moment, Callable[[], None]] | None = None

    @property
    def url(self) -> str:
        """Where it is."""
        return f"https://127.0.0.1:{self.server_port}"

    def get_request(self) -> tuple[socket.socket, Any]:
        """The handshake happens in the request's own thread."""
        connection, address = super().get_request()
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return self.context.wrap_socket(connection, server_side=True, do_handshake_on_connect=False), address

    def handle_error(self, *_: object) -> None:
        """Clients that go away are nothing to talk about."""

    def add(self, fault: Fault, method: str = "", path: str = "", **more: Any) -> Rule:
        """Put a rule in force, behind those that are."""
        rule = Rule(fault, method, path, **more)
        self.rules.rules.append(rule)
        return rule

    def clear(self) -> None:
        """Forget rules, log and hook."""
        self.rules.rules.clear()
        self.hook = None
        with self.lock:
            self.log.clear()

    def at(self, where: int | Callable[[Exchange], bool], moment: Moment, call: Callable[[], None]) -> None:
        """Call back once, at a moment of the n-th request (1-based) of the log, or of the first that is meant."""
        meant = where if callable(where) else lambda exchange: exchange.number == where
        self.hook = (meant, moment, call)

    def reached(self, exchange: Exchange, moment: Moment) -> bool:
        """Whether the hook is for now; calls it if so."""
        with self.lock:
            hook = self.hook
            if hook is None or hook[1] != moment or not hook[0](exchange):
                return False
            self.hook = None
        hook[2]()
        return True

    def opened(self, handler: Handler, body: bytes) -> Exchange:
        """Note a request."""
        path, _, query = handler.path.partition("?")
        headers = {key.lower(): value for key, value in handler.headers.items()}
        with self.lock:
            exchange = Exchange(
                number=len(self.log) + 1,
                method=handler.command,
                path=path,
                query=query,
                headers=headers,
                body=body,
                started_s=time.monotonic(),
            )
            self.log.append(exchange)
            self.busy += not exchange.is_watch
        return exchange

    def closed(self, exchange: Exchange) -> None:
        """Note its end."""
        exchange.ended_s = time.monotonic()
        with self.idle:
            self.busy -= not exchange.is_watch
            self.idle.notify_all()

    def settle(self, within_s: float = 120.0) -> None:
        """Wait until nothing but watches is under way."""
        with self.idle:
            is_idle = self.idle.wait_for(lambda: self.busy == 0, within_s)
            open_ones = [str(one) for one in self.log if not one.ended_s and not one.is_watch]
            assert is_idle, f"still under way: {open_ones}"

    @property
    def writes(self) -> list[Exchange]:
        """The requests that may have changed something."""
        with self.lock:
            return [exchange for exchange in self.log if exchange.is_write]

    def find(self, method: str = "", path: str = "") -> list[Exchange]:
        """The requests that a rule with this method and path would match."""
        rule = Rule(Drop(), method, path)
        with self.lock:
            return [exchange for exchange in self.log if rule.matches(exchange)]


class Handler(BaseHTTPRequestHandler):
    """One connection of a client; its requests go up a connection of its own."""

    server: FaultProxy
    protocol_version = "HTTP/1.1"
    timeout = 120
    wbufsize = -1
    disable_nagle_algorithm = True
    up: http.client.HTTPSConnection | None = None

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def finish(self) -> None:
        """Close the connection up too."""
        if self.up is not None:
            self.up.close()
        with suppress(OSError, ValueError):
            super().finish()

    def do_GET(self) -> None:
        """Handle a request of any method."""
        announced = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(announced)
        if len(body) < announced:
            # The client died while it wrote: no server would act on half a request.
            self.close_connection = True
            return
        exchange = self.server.opened(self, body)
        try:
            if self.server.reached(exchange, "before"):
                self.reset()
                return
            fault = self.server.rules.fault_of(exchange)
            exchange.fault = type(fault).__name__ if fault is not None else ""
            self.serve(exchange, fault)
            self.wfile.flush()
            self.server.reached(exchange, "answered")
        except (OSError, http.client.HTTPException):
            # The server could not be reached, or the client went away.
            self.reset()
        finally:
            self.server.closed(exchange)

    do_POST = do_PUT = do_PATCH = do_DELETE = do_GET  # noqa: N815 - the names that the server calls

    def serve(self, exchange: Exchange, fault: Fault | None) -> None:
        """Forward the request and its answer, with what the fault does to them."""
        if isinstance(fault, Drop):
            self.reset()
        elif isinstance(fault, Answer):
            headers = {"Content-Type": fault.payload()[0]}
            if fault.retry_after_s is not None:
                headers["Retry-After"] = str(fault.retry_after_s)
            self.answer(exchange, fault.status, headers, fault.payload()[1])
        elif isinstance(fault, Gone):
            event = {
                "type": "ERROR",
                "object": json.loads(Answer(410, "Expired", "too old resource version").payload()[1]),
            }
            self.answer(exchange, 200, {"Content-Type": "application/json"}, json.dumps(event).encode() + b"\n")
        else:
            if isinstance(fault, Delay):
                time.sleep(fault.seconds)
            answer = self.forward(exchange, plain=isinstance(fault, Rewrite))
            if exchange.is_watch and answer.status == 200:
                self.stream(exchange, answer, fault)
            else:
                self.deliver(exchange, answer, fault)

    def forward(self, exchange: Exchange, *, plain: bool) -> http.client.HTTPResponse:
        """Send the request up. `plain` asks for an answer that is not packed."""
        headers = {key: value for key, value in exchange.headers.items() if key not in ("host", "connection")}
        if plain:
            headers.pop("accept-encoding", None)
        access = self.server.access
        if "authorization" not in headers and access.token:
            headers["authorization"] = f"Bearer {access.token}"
        if self.up is None:
            host, port = self.server.upstream.hostname or "", self.server.upstream.port or 443
            self.up = http.client.HTTPSConnection(host, port, context=self.server.upstream_context, timeout=300)
            self.up.connect()
            self.up.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            self.up.request(exchange.method, self.path, exchange.body or None, headers)
            return self.up.getresponse()
        except (OSError, http.client.HTTPException):
            self.up.close()
            self.up = None
            raise

    def deliver(self, exchange: Exchange, answer: http.client.HTTPResponse, fault: Fault | None) -> None:
        """Send a whole answer down, or what the fault leaves of it."""
        body = answer.read()
        exchange.upstream_status = answer.status
        headers = {key: value for key, value in answer.getheaders() if key.lower() not in HOP_BY_HOP}
        if self.server.reached(exchange, "held") or isinstance(fault, ResetAfter):
            self.reset()
            return
        if isinstance(fault, Hold):
            time.sleep(fault.seconds)
        if isinstance(fault, Rewrite) and body:
            body = json.dumps(fault.change(json.loads(body))).encode()
        if isinstance(fault, Half):
            self.answer(exchange, answer.status, headers, body, len(body) - int(len(body) * fault.part) - 1)
            self.close_connection = True
            return
        self.answer(exchange, answer.status, headers, body)

    def answer(self, exchange: Exchange, status: int, headers: dict[str, str], body: bytes, missing: int = 0) -> None:
        """Write an answer; the last `missing` bytes of its body are announced but not sent."""
        exchange.status, exchange.answer = status, body
        self.send_response_only(status)
        for key, value in headers.items():
            self.send_header(key, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body[: len(body) - max(0, missing)])

    def stream(self, exchange: Exchange, answer: http.client.HTTPResponse, fault: Fault | None) -> None:
        """Send a watch down line by line until either side ends it."""
        exchange.status = exchange.upstream_status = answer.status
        self.send_response_only(answer.status)
        self.send_header("Content-Type", answer.getheader("Content-Type") or "application/json")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        self.wfile.flush()
        self.close_connection = True
        cut = fault if isinstance(fault, CutWatch) else None
        if cut is not None and self.up is not None and self.up.sock is not None:
            self.up.sock.settimeout(cut.seconds)
        with suppress(TimeoutError):
            for line in iter(answer.readline, b""):
                if cut is not None and cut.half_a_line:
                    self.chunk(line[: len(line) // 2])
                    break
                if isinstance(fault, Rewrite):
                    line = json.dumps(fault.change(json.loads(line))).encode() + b"\n"
                self.chunk(line)
        if self.up is not None:
            self.up.close()
            self.up = None
        if cut is None or not cut.half_a_line:
            self.wfile.write(b"0\r\n\r\n")

    def chunk(self, data: bytes) -> None:
        """Send a piece of a stream at once."""
        self.wfile.write(b"%x\r\n%b\r\n" % (len(data), data))
        self.wfile.flush()

    def reset(self) -> None:
        """End the connection with a TCP reset, so that no half of an answer looks whole."""
        self.close_connection = True
        with suppress(OSError):
            # The handler's file objects would keep the socket open: it is taken away from them.
            bare = socket.socket(fileno=self.connection.detach())
            bare.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            bare.close()


@contextmanager
def running(proxy: FaultProxy) -> Iterator[FaultProxy]:
    """Serve in a thread while the block runs."""
    thread = threading.Thread(target=proxy.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield proxy
    finally:
        proxy.shutdown()
        proxy.server_close()
        thread.join()
