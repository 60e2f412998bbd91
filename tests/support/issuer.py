"""An issuer of identity tokens on the loopback: its documents, its keys, and tokens that it signs."""

from __future__ import annotations

import base64
import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa


def encoded(data: bytes) -> str:
    """Base64 for URLs, without padding."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


class Issuer(ThreadingHTTPServer):
    """Serves its documents. Shape: `asked` are the paths of requests; `name` what its document says that it is."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.keys = {"one": rsa.generate_private_key(public_exponent=65537, key_size=2048)}
        self.asked: list[str] = []
        self.name = self.url
        threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()

    @property
    def url(self) -> str:
        """What it is called."""
        return f"http://127.0.0.1:{self.server_port}"

    def new_key(self, name: str) -> None:
        """Sign with another key from now on."""
        self.keys = {name: rsa.generate_private_key(public_exponent=65537, key_size=2048)}

    def key_set(self) -> dict[str, Any]:
        """Its public keys."""
        found = []
        for name, key in self.keys.items():
            numbers = key.public_key().public_numbers()
            parts = {"n": encoded(numbers.n.to_bytes(256, "big")), "e": encoded(numbers.e.to_bytes(3, "big"))}
            found.append({"kty": "RSA", "use": "sig", "alg": "RS256", "kid": name, **parts})
        return {"keys": found}

    def token(self, header: dict[str, Any] | None = None, **claims: Any) -> str:
        """A token with these claims besides issuer and times."""
        ((name, key),) = self.keys.items()
        head = {"alg": "RS256", "kid": name, **(header or {})}
        body = {"iss": self.url, "exp": int(time.time()) + 600, **claims}
        signed = ".".join(encoded(json.dumps(part).encode()) for part in (head, body))
        signature = key.sign(signed.encode(), padding.PKCS1v15(), hashes.SHA256())
        return f"{signed}.{encoded(signature)}"

    def close(self) -> None:
        """Serve no more."""
        self.shutdown()
        self.server_close()


class _Handler(BaseHTTPRequestHandler):
    server: Issuer

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def do_GET(self) -> None:
        """A document."""
        self.server.asked.append(self.path)
        documents = {
            "/.well-known/openid-configuration": {"issuer": self.server.name, "jwks_uri": f"{self.server.url}/keys"},
            "/keys": self.server.key_set(),
        }
        found = documents.get(self.path)
        self.send_response(404 if found is None else 200)
        self.end_headers()
        self.wfile.write(json.dumps(found).encode())
