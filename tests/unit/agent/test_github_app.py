"""GitHub Apps: signatures against another program's, what is refused, and tokens that are kept while they last."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

from applier.agent.runtime import github_app, rsa_keys
from applier.agent.runtime.github_app import App, AppError, AppTokens

PEM, BARE = serialization.Encoding.PEM, serialization.NoEncryption()
FORMS = (serialization.PrivateFormat.PKCS8, serialization.PrivateFormat.TraditionalOpenSSL)


@pytest.fixture(scope="module")
def key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65_537, key_size=2_048)


def pem(key: Any, form: serialization.PrivateFormat = FORMS[0]) -> bytes:
    return bytes(key.private_bytes(PEM, form, BARE))


@pytest.mark.parametrize("form", FORMS)
def test_a_signature_is_what_another_program_makes(key: rsa.RSAPrivateKey, form: serialization.PrivateFormat) -> None:
    read = rsa_keys.read(b"leading text\n" + pem(key, form))
    for text in (b"", b"a text", bytes(range(256)) * 40):
        assert read.sign(text) == key.sign(text, padding.PKCS1v15(), hashes.SHA256())
    assert str(key.private_numbers().d) not in repr(read)


def test_what_is_no_rsa_key_is_refused_and_not_shown(key: rsa.RSAPrivateKey) -> None:
    lines = pem(key).splitlines(keepends=True)
    broken = [
        b"", b"hello", pem(ec.generate_private_key(ec.SECP256R1())), b"".join([*lines[:3], *lines[4:]]),
        pem(rsa.generate_private_key(public_exponent=65_537, key_size=2_048)).replace(b"M", b"N", 1),
        lines[0] + b"MIIB\n" + lines[-1], lines[0] + b"A\n" + lines[-1],
    ]  # fmt: skip
    for text in broken:
        with pytest.raises(rsa_keys.KeyTextError) as told:
            rsa_keys.read(text)
        assert str(told.value).startswith("could not parse the private key: ")
        assert len(str(told.value)) < 100


class GitHub(BaseHTTPRequestHandler):
    """The part of GitHub's API that apps use."""

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def do_GET(self) -> None:
        server: Any = self.server
        server.asked.append((self.command, self.path, self.headers["Authorization"]))
        status, answer = server.answers.get((self.command, self.path), (404, {"message": "Not Found"}))
        body = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_GET  # noqa: N815


@pytest.fixture
def github() -> Iterator[Any]:
    server: Any = ThreadingHTTPServer(("127.0.0.1", 0), GitHub)
    server.asked, server.answers = [], {}
    Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


class Clock:
    def __init__(self, now_s: float) -> None:
        self.now_s = now_s

    def now(self) -> float:
        return self.now_s


def test_tokens_are_asked_for_once_while_they_last(github: Any, key: rsa.RSAPrivateKey) -> None:
    api = f"http://127.0.0.1:{github.server_port}"
    first = [{"id": number, "account": {"login": f"o{number}"}} for number in range(100)]
    github.answers = {
        ("GET", "/app/installations?per_page=100&page=1"): (200, first),
        ("GET", "/app/installations?per_page=100&page=2"): (200, [{"id": 7, "account": {"login": "Acme"}}]),
        ("POST", "/app/installations/7/access_tokens"): (201, {"token": "t0k3n", "expires_at": "2026-01-01T01:00:00Z"}),
    }
    clock: Any = Clock(1_767_225_600.0)  # 2026-01-01T00:00:00Z
    tokens, app = AppTokens(clock), App("123", pem(key), owner="acme", api=api)
    assert [tokens.token(app) for _ in range(3)] == ["t0k3n"] * 3
    assert [path for _, path, _ in github.asked] == [path for _, path in github.answers]
    head, claims, signature = github.asked[0][2].removeprefix("Bearer ").split(".")
    read = [json.loads(base64.urlsafe_b64decode(part + "==")) for part in (head, claims)]
    assert read == [{"alg": "RS256", "typ": "JWT"}, {"iat": 1_767_225_540, "exp": 1_767_226_140, "iss": "123"}]
    key.public_key().verify(
        base64.urlsafe_b64decode(signature + "=="), f"{head}.{claims}".encode(), padding.PKCS1v15(), hashes.SHA256()
    )
    clock.now_s += 3_301
    tokens.token(app)
    assert len(github.asked) == 6
    with pytest.raises(AppError, match="no installation of the app was found for 'nobody'"):
        tokens.token(App("123", pem(key), owner="nobody", api=api))
    with pytest.raises(AppError, match="404 Not Found"):
        tokens.token(App("123", pem(key), installation="8", api=api))


@pytest.mark.parametrize(
    ("left_out", "words"),
    [
        ("githubAppID", "app ID must be provided"), ("githubAppInstallationID", "app installation must be provided"),
        ("githubAppPrivateKey", "private key must be provided"),
    ],
)  # fmt: skip
def test_what_a_secret_lacks_is_told(left_out: str, words: str) -> None:
    data = {"githubAppID": b"1", "githubAppInstallationID": b"2", "githubAppPrivateKey": b"k", "githubAppClientID": b""}
    assert github_app.app_of(data) == App("1", b"k", "2")
    del data[left_out]
    with pytest.raises(AppError, match=words):
        github_app.app_of(data)
