"""An HTTP endpoint that records what it is sent, and answers as a test wants it to."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(frozen=True)
class Received:
    """One request. Units: `at_s` seconds of the monotonic clock."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes
    at_s: float = field(default_factory=time.monotonic)

    @property
    def json(self) -> Any:
        """The body, decoded."""
        return json.loads(self.body)


Answer = Callable[[Received], tuple[int, bytes]]


class Sink(ThreadingHTTPServer):
    """The endpoint. Shape: `answers` by the beginning of the path, longest first; everything else is 200."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.received: list[Received] = []
        self.answers: dict[str, Answer] = {}
        self.closing = threading.Event()
        threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()

    def handle_error(self, *_: object) -> None:
        """Clients that give up are nothing to talk about."""

    def url(self, path: str) -> str:
        """The URL of a path."""
        return f"http://127.0.0.1:{self.server_port}{path}"

    def at(self, path: str) -> list[Received]:
        """What a path was sent, in order."""
        return [one for one in self.received if one.path == path]

    def answer(self, path: str, status: int, body: bytes = b"") -> None:
        """Answer like this from now on."""
        self.answers[path] = lambda _: (status, body)

    def hang(self, path: str) -> None:
        """Never answer, from now on."""

        def never(_: Received) -> tuple[int, bytes]:
            self.closing.wait()
            return 500, b""

        self.answers[path] = never

    def close(self) -> None:
        """Serve no more."""
        self.closing.set()
        self.shutdown()
        self.server_close()


class _Handler(BaseHTTPRequestHandler):
    server: Sink
    protocol_version = "HTTP/1.1"
    wbufsize = -1
    disable_nagle_algorithm = True

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def _answer(self) -> None:
        data = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        headers = {name.lower(): value for name, value in self.headers.items()}
        found = Received(self.command, self.path, headers, data)
        self.server.received.append(found)
        fitting = [prefix for prefix in self.server.answers if self.path.startswith(prefix)]
        status, body = self.server.answers[max(fitting, key=len)](found) if fitting else (200, b"")
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST = do_PUT = do_PATCH = _answer  # noqa: N815
