"""A node's agent that has nothing but logs: the API server asks it for those of pods on the nodes that name it."""

from __future__ import annotations

import ssl
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

from kube import Kube

Object = dict[str, Any]


class LogHandler(BaseHTTPRequestHandler):
    """Answers `/containerLogs/NAMESPACE/POD/CONTAINER`."""

    protocol_version = "HTTP/1.1"

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def do_GET(self) -> None:
        """The lines of a pod's file; with `follow` also those that are added, until the server is closed."""
        server: Any = self.server
        path, _, query = self.path.partition("?")
        wanted = parse_qs(query)
        server.asked.append((path, wanted))
        parts = path.strip("/").split("/")
        file = next(
            (found for prefix, found in server.files.items() if parts[2:3] and parts[2].startswith(prefix)), None
        )
        if parts[0] != "containerLogs" or file is None:
            self.send_error(404)
            return
        self.send_response(200)
        self.send_header("Content-Type", "text/plain")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        try:
            self.send_lines(file, wanted)
        except (OSError, ValueError):
            return  # whoever read has gone

    def send_lines(self, file: Path, wanted: dict[str, list[str]]) -> None:
        """Raises: OSError, where nobody reads any more."""
        server: Any = self.server
        lines = file.read_text().splitlines(keepends=True)
        at = len(lines) - int(wanted["tailLines"][0]) if "tailLines" in wanted else 0
        while True:
            for line in lines[max(at, 0) :]:
                self.chunk(line.encode())
            at = len(lines)
            if "follow" not in wanted or server.closing.is_set():
                break
            time.sleep(0.05)
            lines = file.read_text().splitlines(keepends=True)
        self.chunk(b"")

    def chunk(self, data: bytes) -> None:
        """Send one piece."""
        self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))
        self.wfile.flush()


class Kubelet:
    """Serves the logs of pods. Shape: `files` by the beginning of a pod's name; `asked` are paths and queries."""

    def __init__(self, certificate: tuple[Path, Path]) -> None:
        self.http = ThreadingHTTPServer(("127.0.0.1", 0), LogHandler)
        self.http.daemon_threads = True
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*certificate)
        self.http.socket = context.wrap_socket(self.http.socket, server_side=True)
        self.files: dict[str, Path] = {}
        self.asked: list[tuple[str, dict[str, list[str]]]] = []
        self.http.files, self.http.asked = self.files, self.asked  # type: ignore[attr-defined]
        self.http.closing = self.closing = threading.Event()  # type: ignore[attr-defined]
        threading.Thread(target=self.http.serve_forever, args=(0.05,), daemon=True).start()

    def play(self, kube: Kube, node: str) -> None:
        """Have the API server ask here about pods on a node."""
        body = {"apiVersion": "v1", "kind": "Node", "metadata": {"name": node}}
        status = {
            "addresses": [{"type": "InternalIP", "address": "127.0.0.1"}],
            "daemonEndpoints": {"kubeletEndpoint": {"Port": self.http.server_port}},
        }
        kube.merge(body, {"status": status}, sub="status")

    def close(self) -> None:
        """Serve no more."""
        self.closing.set()
        self.http.shutdown()
        self.http.server_close()
