"""A chart repository on the loopback: charts are packed by the tests and listed in an index."""

from __future__ import annotations

import base64
import gzip
import hashlib
import io
import json
import tarfile
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

CONFIG = """\
apiVersion: v1
kind: ConfigMap
metadata:
  name: {{ .Release.Name }}-config
data:
  colour: {{ .Values.colour | quote }}
  size: {{ .Values.size | quote }}
"""
VALUES = "colour: red\nsize: 1\n"


def packed(name: str, version: str, files: dict[str, str] | None = None) -> bytes:
    """A chart as `helm package` would pack it; `files` come beside or in place of the usual ones."""
    contents = {
        "Chart.yaml": f"apiVersion: v2\nname: {name}\nversion: {version}\n", "values.yaml": VALUES,
        "templates/config.yaml": CONFIG, **(files or {}),
    }  # fmt: skip
    plain = io.BytesIO()
    with tarfile.open(fileobj=plain, mode="w") as archive:
        for path, text in contents.items():
            member = tarfile.TarInfo(f"{name}/{path}")
            member.size = len(text.encode())
            archive.addfile(member, io.BytesIO(text.encode()))
    return gzip.compress(plain.getvalue())


class _Handler(BaseHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def do_GET(self) -> None:
        """Answer."""
        server: Any = self.server
        server.requests.append((self.path, self.headers.get("Authorization", "")))
        wanted = "Basic " + base64.b64encode(b"me:s3cret-word").decode()
        data = server.files.get(self.path)
        status = 404 if data is None else 200
        if server.is_protected and self.headers.get("Authorization") != wanted:
            status, data = 401, b"who are you"
        self.send_response(status)
        self.send_header("Content-Length", str(len(data or b"")))
        self.end_headers()
        self.wfile.write(data or b"")


class ChartRepository:
    """The server. Shape: `files` by path, `requests` are (path, authorization)."""

    def __init__(self) -> None:
        self.http = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
        self.files: dict[str, bytes] = {}
        self.requests: list[tuple[str, str]] = []
        self._entries: dict[str, list[dict[str, Any]]] = {}
        self.http.files, self.http.requests, self.http.is_protected = self.files, self.requests, False  # type: ignore[attr-defined]
        threading.Thread(target=self.http.serve_forever, args=(0.05,), daemon=True).start()

    @property
    def url(self) -> str:
        """Its URL."""
        return f"http://127.0.0.1:{self.http.server_port}/charts"

    def protect(self) -> None:
        """Ask for user `me` and password `s3cret-word` from now on."""
        self.http.is_protected = True  # type: ignore[attr-defined]

    def publish(self, name: str, version: str, files: dict[str, str] | None = None, *, digest: str = "") -> bytes:
        """Add a chart and list it; returns its archive."""
        data = packed(name, version, files)
        self.files[f"/charts/{name}-{version}.tgz"] = data
        entry = {
            "apiVersion": "v2", "name": name, "version": version, "urls": [f"{name}-{version}.tgz"],
            "digest": digest or hashlib.sha256(data).hexdigest(), "created": "2026-01-01T00:00:00Z",
        }  # fmt: skip
        self._entries.setdefault(name, []).append(entry)
        self.files["/charts/index.yaml"] = json.dumps({"apiVersion": "v1", "entries": self._entries}, indent=1).encode()
        return data

    def close(self) -> None:
        """Serve no more."""
        self.http.shutdown()
        self.http.server_close()
