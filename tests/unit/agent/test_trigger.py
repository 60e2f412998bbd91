"""`kbuild trigger receiver`: the call of a webhook, its repetitions, and what is refused."""

from __future__ import annotations

import hashlib
import hmac
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from applier.cli.setup.trigger import trigger


class Hook(BaseHTTPRequestHandler):
    """Answers with the next status, and remembers what it was asked."""

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def do_GET(self) -> None:
        server: Any = self.server
        server.asked.append((self.path, dict(self.headers), b""))
        self.reply(200, b'{"value": "identity"}')

    def do_POST(self) -> None:
        server: Any = self.server
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        server.asked.append((self.path, dict(self.headers), body))
        self.reply(server.statuses.pop(0) if server.statuses else 200, b"")

    def reply(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@pytest.fixture
def hook() -> Iterator[Any]:
    server: Any = ThreadingHTTPServer(("127.0.0.1", 0), Hook)
    server.asked, server.statuses = [], []
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    server.url = f"http://127.0.0.1:{server.server_port}"
    yield server
    server.shutdown()
    server.server_close()


def path_of(token: str, name: str = "push", namespace: str = "flux-system") -> str:
    return f"/hook/{hashlib.sha256((token + name + namespace).encode()).hexdigest()}"


def test_a_webhook_is_called_at_its_path(hook: Any, capsys: pytest.CaptureFixture[str]) -> None:
    assert trigger(["receiver", "push", "--token", "t0k", "--url", f"{hook.url}/"]) == 0
    assert capsys.readouterr().err == "► triggering Receiver flux-system/push\n✔ Receiver flux-system/push triggered\n"
    payload = '{"image": "a:1"}'
    assert (
        trigger(
            [
                "receiver",
                "push",
                "-n",
                "apps",
                "--type=generic-hmac",
                "--token=t0k",
                f"--url={hook.url}/in",
                f"--payload={payload}",
            ]
        )
        == 0
    )
    (first, headers, body), (second, signed, sent) = hook.asked
    assert (first, body, headers["Content-Type"]) == (path_of("t0k"), b"{}", "application/json")
    assert (second, sent) == ("/in" + path_of("t0k", namespace="apps"), payload.encode())
    assert signed["X-Signature"] == "sha256=" + hmac.new(b"t0k", payload.encode(), hashlib.sha256).hexdigest()
    assert "t0k" not in capsys.readouterr().err


def test_what_may_pass_is_repeated_and_what_may_not_is_told(hook: Any, capsys: pytest.CaptureFixture[str]) -> None:
    line = ["receiver", "push", "--token=t", f"--url={hook.url}", "--retry-delay=1ms"]
    hook.statuses[:] = [404, 503]
    assert trigger([*line, "--retries=2"]) == 0
    assert capsys.readouterr().err.splitlines()[1:3] == [
        f"◎ request to {hook.url} failed with status 404 Not Found; retrying in 1ms (1/2)",
        f"◎ request to {hook.url} failed with status 503 Service Unavailable; retrying in 1ms (2/2)",
    ]
    hook.statuses[:] = [401]
    assert trigger(line) == 1
    assert capsys.readouterr().err.splitlines()[1:] == [f"✗ request to {hook.url} failed with status 401 Unauthorized"]
    hook.statuses[:] = [404, 404]
    assert trigger([*line, "--retries=1"]) == 1
    assert hook.statuses == []


def test_an_identity_token_is_given_or_asked_for(hook: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    line = ["receiver", "push", "--type=generic-oidc", f"--url={hook.url}"]
    assert trigger([*line, "--oidc-token=mine"]) == 0
    monkeypatch.setenv("FLUX_TRIGGER_RECEIVER_OIDC_TOKEN", "ours")
    assert trigger(line) == 0
    monkeypatch.setenv("ACTIONS_ID_TOKEN_REQUEST_URL", f"{hook.url}/token?api=1")
    monkeypatch.setenv("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "job")
    assert trigger([*line, "--oidc-provider=github"]) == 0
    assert [headers["Authorization"] for _, headers, _ in hook.asked] == [
        "Bearer mine", "Bearer ours", "bearer job", "Bearer identity",
    ]  # fmt: skip
    assert hook.asked[2][0] == "/token?api=1&audience=notification-controller"
    assert {path for path, _, _ in hook.asked if path.startswith("/hook")} == {path_of("")}


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("receiver", "accepts 1 arg(s), received 0"),
        ("receiver push", "--url is required"),
        ("receiver push --url u", "--token is required for --type=generic"),
        ("receiver push --url u --type foo", 'invalid --type "foo", must be one of: generic, generic-hmac, generic-oidc'),
        ("receiver push --url u --token t --oidc-token o", "--oidc-provider, --oidc-token and --oidc-audience can only be set for --type=generic-oidc"),
        ("receiver push --url u --type generic-oidc --token t", "--token must not be set for --type=generic-oidc, the Receiver of this type has no secret"),
        ("receiver push --url u --type generic-oidc --oidc-provider a", 'invalid --oidc-provider "a", must be one of: github, forgejo'),
        ("receiver push --url u --type generic-oidc --oidc-audience a", "--oidc-audience can only be set together with --oidc-provider"),
        ("receiver push --url u --type generic-oidc --oidc-provider github --oidc-token a", "--oidc-provider and --oidc-token are mutually exclusive"),
        ("receiver push --url u --type generic-oidc",
         "no OIDC token provided: set --oidc-provider, --oidc-token or the FLUX_TRIGGER_RECEIVER_OIDC_TOKEN environment variable"),
        ("alert a", "say what to trigger: receiver, not alert"),
        ("receiver push --url u --token t --retries x", 'invalid argument "x" for "--retries" flag: strconv.ParseInt: parsing "x": invalid syntax'),
    ],
)  # fmt: skip
def test_wrong_lines_are_refused_in_fluxs_words(line: str, sentence: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert trigger(line.split()) == 1
    assert capsys.readouterr().err == f"✗ {sentence}\n"
