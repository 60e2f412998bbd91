"""A registry on the loopback: artifacts are put in by the tests; it may ask for a password, or for tokens."""

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

MANIFEST = "application/vnd.oci.image.manifest.v1+json"
CONTENT = "application/vnd.cncf.flux.content.v1.tar+gzip"
BASIC, BEARER = "basic", "bearer"


def packed(files: dict[str, str]) -> bytes:
    """A tar.gz of files."""
    plain = io.BytesIO()
    with tarfile.open(fileobj=plain, mode="w") as archive:
        for path, text in files.items():
            member = tarfile.TarInfo(path)
            member.size = len(text.encode())
            archive.addfile(member, io.BytesIO(text.encode()))
    return gzip.compress(plain.getvalue(), mtime=0)


def digest_of(data: bytes) -> str:
    """`sha256:` and the digest."""
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


class _Handler(BaseHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def do_GET(self) -> None:
        """Answer."""
        server: RegistryServer = self.server.owner  # type: ignore[attr-defined]
        path, _, query = self.path.partition("?")
        told = self.headers.get("Authorization", "")
        server.requests.append((self.path, told))
        if path == "/token":
            is_known = told == server.basic
            return self.reply(200 if is_known else 401, json.dumps({"token": "t0k3n"}).encode() if is_known else b"{}")
        if path.startswith("/blobs/"):
            return self.reply(200, server.blobs[path.removeprefix("/blobs/")])
        if server.mode == BASIC and told != server.basic:
            return self.reply(401, b"{}", {"WWW-Authenticate": 'Basic realm="r"'})
        if server.mode == BEARER and told != "Bearer t0k3n":
            challenge = f'Bearer realm="http://{server.host}/token",service="s",scope="repository:x:pull"'
            return self.reply(401, b"{}", {"WWW-Authenticate": challenge})
        name, _, rest = path.removeprefix("/v2/").rpartition("/tags/list")
        if name and not rest:
            return self.tags(server, name, query)
        name, kind, reference = self.parts(path)
        if kind == "manifests" and (name, reference) in server.manifests:
            return self.reply(200, server.manifests[name, reference], {"Content-Type": MANIFEST})
        if kind == "blobs" and reference in server.blobs:
            return self.reply(307, b"", {"Location": f"http://127.0.0.1:{server.http.server_port}/blobs/{reference}"})
        said = {"errors": [{"code": "MANIFEST_UNKNOWN", "message": "manifest unknown"}]}
        return self.reply(404, json.dumps(said).encode())

    @staticmethod
    def parts(path: str) -> tuple[str, str, str]:
        front, _, reference = path.removeprefix("/v2/").rpartition("/")
        name, _, kind = front.rpartition("/")
        return name, kind, reference

    def tags(self, server: RegistryServer, name: str, query: str) -> None:
        found = sorted(tag for one, tag in server.manifests if one == name and ":" not in tag)
        page = int(query.partition("page=")[2] or 0)
        headers = {"Link": f'</v2/{name}/tags/list?page={page + 1}>; rel="next"'} if found[2 * page + 2 :] else {}
        self.reply(200, json.dumps({"name": name, "tags": found[2 * page : 2 * page + 2]}).encode(), headers)

    def reply(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
        """Send a whole answer."""
        self.send_response(status)
        for name, value in {**(headers or {}), "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)


class RegistryServer:
    """The server. Shape: `manifests` by (name, tag or digest), `blobs` by digest, `requests` are (path, authorization).

    Tags come two at a time; blobs are kept elsewhere.
    """

    def __init__(self) -> None:
        self.manifests: dict[tuple[str, str], bytes] = {}
        self.blobs: dict[str, bytes] = {}
        self.requests: list[tuple[str, str]] = []
        self.mode = ""
        self.basic = "Basic " + base64.b64encode(b"me:s3cret-word").decode()
        self.http: Any = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
        self.http.owner = self
        threading.Thread(target=self.http.serve_forever, args=(0.05,), daemon=True).start()

    @property
    def host(self) -> str:
        """Host and port."""
        return f"localhost:{self.http.server_port}"

    def url(self, name: str) -> str:
        """The URL of a repository."""
        return f"oci://{self.host}/{name}"

    def push(self, name: str, tag: str, *layers: tuple[str, bytes], **annotations: str) -> str:
        """Put an artifact in; returns its digest."""
        listed = []
        for media_type, data in layers:
            self.blobs[digest_of(data)] = data
            listed.append({"mediaType": media_type, "digest": digest_of(data), "size": len(data)})
        notes = {f"org.opencontainers.image.{key}": value for key, value in annotations.items()}
        body = {"schemaVersion": 2, "mediaType": MANIFEST, "layers": listed, "annotations": notes}
        data = json.dumps(body).encode()
        self.manifests[name, tag] = self.manifests[name, digest_of(data)] = data
        return digest_of(data)

    def docker_config(self) -> str:
        """A Docker configuration for it."""
        auth = base64.b64encode(b"me:s3cret-word").decode()
        return json.dumps({"auths": {f"http://{self.host}/v1/": {"auth": auth}}})

    def close(self) -> None:
        """Serve no more."""
        self.http.shutdown()
        self.http.server_close()
