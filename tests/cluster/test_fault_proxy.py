"""The fault proxy passes on what no rule is about, and does exactly what a rule says."""

from __future__ import annotations

import http.client
import json
import socket
import ssl
import threading
import time
from collections.abc import Callable
from contextlib import closing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import certificates
import pytest
from fault_proxy import FaultProxy, running
from faults import Answer, CutWatch, Delay, Drop, Gone, Half, Hold, ResetAfter, Rewrite
from kube import Access

BODY = json.dumps({"items": list(range(100))}).encode()
EVENTS = [json.dumps({"type": "ADDED", "object": {"number": number}}).encode() + b"\n" for number in range(3)]


class Upstream(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    seen: list[tuple[str, str, bytes, str]]
    gate: threading.Event

    def log_message(self, *_: object) -> None:
        pass

    def do_GET(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.seen.append((self.command, self.path, body, self.headers.get("Authorization", "")))
        self.send_response(200)
        if "watch=true" in self.path:
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            for number, event in enumerate(EVENTS):
                if number and "&gated" in self.path:
                    assert self.gate.wait(10)
                self.wfile.write(b"%x\r\n%b\r\n" % (len(event), event))
                self.wfile.flush()
                time.sleep(0.3)
            self.wfile.write(b"0\r\n\r\n")
            return
        self.send_header("Content-Length", str(len(BODY)))
        self.end_headers()
        self.wfile.write(BODY)

    do_PATCH = do_GET  # noqa: N815 - the name that the server calls


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> certificates.Certificates:
    return certificates.make(tmp_path_factory.mktemp("certificates"))


@pytest.fixture
def upstream(made: certificates.Certificates) -> ThreadingHTTPServer:
    handler = type("Handler", (Upstream,), {"seen": [], "gate": threading.Event()})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(made.server, made.server_key)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    server.handle_error = lambda *_: None  # type: ignore[method-assign]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def proxy(upstream: ThreadingHTTPServer, made: certificates.Certificates) -> FaultProxy:
    access = Access(server=f"https://127.0.0.1:{upstream.server_port}", authority=str(made.authority), token="secret")
    with running(FaultProxy(access, (made.server, made.server_key), seed=7)) as started:
        yield started


Ask = Callable[..., tuple[int, bytes, dict[str, str]]]


@pytest.fixture
def ask(proxy: FaultProxy, made: certificates.Certificates) -> Ask:
    context = ssl.create_default_context(cafile=made.authority)

    def request(
        path: str = "/api", method: str = "GET", body: bytes | None = None
    ) -> tuple[int, bytes, dict[str, str]]:
        with closing(http.client.HTTPSConnection("127.0.0.1", proxy.server_port, context=context, timeout=10)) as link:
            link.request(method, path, body)
            answer = link.getresponse()
            with closing(answer):
                return answer.status, answer.read(), dict(answer.getheaders())

    return request


def seen(upstream: ThreadingHTTPServer) -> int:
    return len(upstream.RequestHandlerClass.seen)


def test_requests_pass_unchanged_and_are_recorded(ask: Ask, proxy: FaultProxy, upstream: ThreadingHTTPServer) -> None:
    assert ask("/api/v1/x?fieldManager=me", "PATCH", b'{"a": 1}')[:2] == (200, BODY)
    assert upstream.RequestHandlerClass.seen == [("PATCH", "/api/v1/x?fieldManager=me", b'{"a": 1}', "Bearer secret")]
    [exchange] = proxy.log
    assert (exchange.number, exchange.name, exchange.json, exchange.status) == (1, "x", {"a": 1}, 200)
    assert exchange.is_write


def test_a_dry_run_is_no_write(ask: Ask, proxy: FaultProxy) -> None:
    ask("/api/v1/x?dryRun=All", "PATCH", b"{}")
    assert proxy.writes == []


@pytest.mark.parametrize("fault", [Drop(), ResetAfter()], ids=lambda fault: type(fault).__name__)
def test_a_reset_before_or_after_the_server_acts(
    fault: Drop | ResetAfter, ask: Ask, proxy: FaultProxy, upstream: ThreadingHTTPServer
) -> None:
    proxy.add(fault, "PATCH", times=1)
    with pytest.raises((ConnectionResetError, http.client.RemoteDisconnected)):
        ask("/api", "PATCH", b"{}")
    assert seen(upstream) == (1 if isinstance(fault, ResetAfter) else 0)
    assert ask("/api", "PATCH", b"{}")[0] == 200


def test_an_answer_of_its_own(ask: Ask, proxy: FaultProxy, upstream: ThreadingHTTPServer) -> None:
    proxy.add(Answer(429, "TooManyRequests", "slow down", retry_after_s=2), path="/slow")
    status, body, headers = ask("/slow")
    assert (status, headers["Retry-After"], json.loads(body)["reason"]) == (429, "2", "TooManyRequests")
    assert seen(upstream) == 0
    assert ask("/other")[0] == 200


def test_half_an_answer_is_noticed_by_its_length(ask: Ask, proxy: FaultProxy) -> None:
    proxy.add(Half(0.3), times=1)
    with pytest.raises((http.client.IncompleteRead, ssl.SSLEOFError, ConnectionResetError)):
        ask()


@pytest.mark.parametrize("fault", [Delay(0.5), Hold(0.5)], ids=lambda fault: type(fault).__name__)
def test_a_slow_way_there_or_back(fault: Delay | Hold, ask: Ask, proxy: FaultProxy) -> None:
    proxy.add(fault)
    begun = time.monotonic()
    assert ask()[0] == 200
    assert time.monotonic() - begun >= 0.5


def test_a_changed_answer(ask: Ask, proxy: FaultProxy) -> None:
    proxy.add(Rewrite(lambda value: {**value, "items": []}))
    assert json.loads(ask()[1]) == {"items": []}


def test_watches_are_streamed_line_by_line(
    proxy: FaultProxy, made: certificates.Certificates, upstream: ThreadingHTTPServer
) -> None:
    context = ssl.create_default_context(cafile=made.authority)
    with closing(http.client.HTTPSConnection("127.0.0.1", proxy.server_port, context=context, timeout=10)) as link:
        link.request("GET", "/api?watch=true&gated")
        answer = link.getresponse()
        assert answer.readline() == EVENTS[0]
        upstream.RequestHandlerClass.gate.set()  # the others are only written now
        assert answer.read() == b"".join(EVENTS[1:])
        answer.close()


def test_a_watch_that_is_too_old(ask: Ask, proxy: FaultProxy) -> None:
    proxy.add(Gone())
    assert ask("/api")[1] == BODY
    event = json.loads(ask("/api?watch=true")[1])
    assert (event["type"], event["object"]["code"]) == ("ERROR", 410)


def test_a_watch_that_breaks_off(ask: Ask, proxy: FaultProxy) -> None:
    proxy.add(CutWatch(0.1), times=1)
    assert ask("/api?watch=true")[1] == EVENTS[0]
    proxy.add(CutWatch(5, half_a_line=True), times=1)
    with pytest.raises((http.client.IncompleteRead, ssl.SSLEOFError, ConnectionResetError)):
        ask("/api?watch=true")


def test_every_nth_and_a_chance(ask: Ask, proxy: FaultProxy) -> None:
    proxy.add(Answer(503), path="/third", every=3)
    assert [ask("/third")[0] for _ in range(6)] == [200, 200, 503, 200, 200, 503]
    proxy.add(Answer(500), path="/dice", chance=0.5)
    thrown = [ask("/dice")[0] for _ in range(20)]
    assert 4 <= thrown.count(500) <= 16
    # The same seed throws the same numbers.
    proxy.rules.__post_init__()
    assert [ask("/dice")[0] for _ in range(20)] == thrown


@pytest.mark.parametrize("moment", ["before", "held", "answered"])
def test_a_call_back_at_a_moment_of_a_request(
    moment: str, ask: Ask, proxy: FaultProxy, upstream: ThreadingHTTPServer
) -> None:
    called = threading.Event()
    proxy.at(2, moment, called.set)
    ask()
    assert not called.is_set()
    try:
        status = ask()[0]
    except (ConnectionResetError, http.client.RemoteDisconnected):
        status = 0
    assert called.wait(5)
    assert (status, seen(upstream)) == {"before": (0, 1), "held": (0, 2), "answered": (200, 2)}[moment]


def test_a_server_that_is_gone_looks_like_a_reset(proxy: FaultProxy, ask: Ask) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    proxy.upstream = proxy.upstream._replace(netloc=f"127.0.0.1:{port}")
    with pytest.raises((ConnectionResetError, http.client.RemoteDisconnected)):
        ask()
    assert proxy.log[0].status == 0


def test_paths_of_certificates_are_private(made: certificates.Certificates) -> None:
    for key in (made.server_key, made.client_key, made.accounts_key):
        assert Path(key).stat().st_mode & 0o077 == 0
