"""The transport against a server on the loopback: kept connections, broken answers, credentials, nothing secret told."""

from __future__ import annotations

import gc
import gzip
import socket
import ssl
import threading
import time
import weakref
from collections.abc import Callable, Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import certificates
import pytest

from applier.cluster.address import address_of
from applier.cluster.connection import Connection
from applier.cluster.exchange import Exchange
from applier.cluster.http import HttpTransport
from applier.cluster.transport import Request
from applier.failures import ApplierError, ErrorClass, TransportError

Reply = Callable[[BaseHTTPRequestHandler], None]


class Server:
    """Answers each request with the next reply (the last one again and again)."""

    def __init__(self, *, is_proxy: bool = False) -> None:
        self.replies: list[Reply] = []
        self.seen: list[tuple[str, str, dict[str, str]]] = []
        self.connections = 0
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def setup(self) -> None:
                outer.connections += 1
                super().setup()

            def answer(self) -> None:
                length = int(self.headers.get("Content-Length") or 0)
                self.rfile.read(length)
                outer.seen.append((self.command, self.path.removeprefix(outer.url), dict(self.headers)))
                reply = outer.replies[0] if len(outer.replies) == 1 else outer.replies.pop(0)
                reply(self)

            do_GET = do_PATCH = do_POST = do_DELETE = answer  # noqa: N815  (named by the library)

            def log_message(self, *_: Any) -> None:
                return

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.http.server_port}"
        self.proxy = self.url if is_proxy else ""
        threading.Thread(target=self.http.serve_forever, args=(0.01,), daemon=True).start()


def json_reply(
    text: bytes, status: int = 200, headers: dict[str, str] | None = None, length: int | None = None
) -> Reply:
    def reply(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        for name, value in (headers or {}).items():
            handler.send_header(name, value)
        handler.send_header("Content-Length", str(len(text) if length is None else length))
        handler.end_headers()
        handler.wfile.write(text)
        if length is not None:
            handler.close_connection = True

    return reply


def hang_up(handler: BaseHTTPRequestHandler) -> None:
    handler.close_connection = True
    handler.connection.close()


@pytest.fixture(params=["direct", "through a proxy"])
def server(request: pytest.FixtureRequest) -> Iterator[Server]:
    found = Server(is_proxy=request.param != "direct")
    yield found
    found.http.shutdown()
    found.http.server_close()


def transport(server: Server, **more: Any) -> HttpTransport:
    connection = more.pop("connection", None) or Connection(server=server.url, authorization="Bearer canary")
    return HttpTransport(replace(connection, proxy=server.proxy), user_agent="kbuild/test", **more)


def test_a_connection_is_kept(server: Server) -> None:
    server.replies = [json_reply(b"{}")]
    used = transport(server)
    for _ in range(5):
        assert used.send(Request("GET", "/api")).status == 200
    assert server.connections == 1
    assert server.seen[0][2]["Authorization"] == "Bearer canary"
    used.close()


def test_compressed_answers_are_read(server: Server) -> None:
    server.replies = [json_reply(gzip.compress(b'{"a": 1}'), headers={"Content-Encoding": "gzip"})]
    used = transport(server)
    assert used.send(Request("GET", "/api")).body == b'{"a": 1}'
    used.close()


@pytest.mark.parametrize(
    "reply",
    [
        json_reply(b'{"items": []', length=100),
        json_reply(gzip.compress(b'{"a": 1}')[:-12], headers={"Content-Encoding": "gzip"}),
        json_reply(b'{"items": ['),
    ],
    ids=["short", "gzip", "json"],
)
def test_a_cut_body_is_no_answer(reply: Reply, server: Server) -> None:
    server.replies = [reply]
    used = transport(server)
    with pytest.raises(ApplierError) as caught:
        Exchange(used).once(Request("GET", "/api"), "get")
    assert caught.value.error_class is ErrorClass.TRANSIENT
    assert caught.value.failure.lost
    used.close()


def test_a_closed_connection_is_tried_once_more(server: Server) -> None:
    server.replies = [json_reply(b"{}"), hang_up, json_reply(b"{}")]
    used = transport(server)
    assert used.send(Request("GET", "/api")).status == 200
    assert used.send(Request("PATCH", "/api", body=b"{}")).status == 200
    assert len(server.seen) == 3
    used.close()


def test_a_creation_is_not_sent_twice(server: Server) -> None:
    server.replies = [hang_up]
    used = transport(server)
    with pytest.raises(TransportError) as caught:
        used.send(Request("POST", "/api", body=b"{}"))
    assert caught.value.lost
    assert len(server.seen) == 1
    used.close()


def test_a_slow_answer_is_a_lost_one(server: Server) -> None:
    waiting = threading.Event()
    server.replies = [lambda _: waiting.wait(5) and None]
    used = transport(server)
    with pytest.raises(TransportError, match="in time") as caught:
        used.send(Request("GET", "/api", timeout_s=0.05))
    assert caught.value.lost
    waiting.set()
    used.close()


def test_nobody_there_is_told_apart() -> None:
    used = HttpTransport(Connection(server="http://127.0.0.1:1"), user_agent="kbuild/test")
    with pytest.raises(TransportError, match="refused") as caught:
        used.send(Request("GET", "/api"))
    assert caught.value.refused
    assert not caught.value.lost


def test_refused_credentials_are_had_anew_once_for_all_threads(server: Server) -> None:
    calls: list[int] = []

    def reply(handler: BaseHTTPRequestHandler) -> None:
        fresh = handler.headers["Authorization"] == "Bearer new"
        json_reply(b"{}", 200 if fresh else 401)(handler)

    def reload() -> Connection:
        calls.append(1)
        return Connection(server=server.url, proxy=server.proxy, authorization="Bearer new")

    server.replies = [reply]
    used = transport(server, connection=Connection(server=server.url, authorization="Bearer old", reload=reload))
    statuses: list[int] = []
    threads = [
        threading.Thread(target=lambda: statuses.append(used.send(Request("GET", "/api")).status)) for _ in range(6)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert statuses == [200] * 6
    assert len(calls) == 1
    used.close()


def test_credentials_that_stay_refused_are_not_sent_for_ever(server: Server) -> None:
    server.replies = [json_reply(b"{}", 401)]
    used = transport(server)
    assert used.send(Request("GET", "/api")).status == 401
    assert len(server.seen) == 1
    used.close()


def test_what_is_traced_and_warned_holds_no_header(server: Server) -> None:
    server.replies = [json_reply(b"{}", headers={"Warning": '299 - "v1 \\"Foo\\" is deprecated"'})]
    traced: list[Any] = []
    warned: list[str] = []
    used = transport(server, trace=lambda *found: traced.append(found), warn=warned.append)
    used.send(Request("GET", "/api", "limit=1"))
    assert [found[:3] for found in traced] == [("GET", "/api?limit=1", 200)]
    assert warned == ['v1 "Foo" is deprecated']
    assert "canary" not in repr(traced)
    used.close()


def test_the_path_of_the_server_comes_first(server: Server) -> None:
    server.replies = [json_reply(b"{}")]
    used = transport(server, connection=Connection(server=f"{server.url}/k8s/clusters/c-1"))
    used.send(Request("GET", "/api/v1"))
    assert server.seen[0][1] == "/k8s/clusters/c-1/api/v1"
    used.close()


def test_a_watch_hands_on_whole_lines_and_tells_of_half_ones(server: Server) -> None:
    def reply(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("Transfer-Encoding", "chunked")
        handler.end_headers()
        for part in (b'{"a":1}\n{"b"', b":2}\n", b'{"c"'):
            handler.wfile.write(b"%x\r\n%s\r\n" % (len(part), part))
        handler.wfile.write(b"0\r\n\r\n")

    server.replies = [reply]
    used = transport(server)
    lines = used.open(Request("GET", "/watch")).lines()
    assert [next(lines), next(lines)] == [b'{"a":1}', b'{"b":2}']
    with pytest.raises(TransportError, match="middle of a line"):
        next(lines)
    used.close()


def test_impersonation_is_sent(server: Server) -> None:
    server.replies = [json_reply(b"{}")]
    groups = (("Impersonate-User", "a"), ("Impersonate-Group", "g"), ("Impersonate-Group", "h"))
    used = transport(server, connection=Connection(server=server.url, impersonation=groups))
    used.send(Request("GET", "/api"))
    assert server.seen[0][2]["Impersonate-User"] == "a"
    used.close()


def raw(text: bytes) -> Reply:
    """An answer as bytes, after which the connection ends."""

    def reply(handler: BaseHTTPRequestHandler) -> None:
        handler.wfile.write(text)
        handler.close_connection = True

    return reply


@pytest.mark.parametrize(
    ("text", "status", "body"),
    [
        (b"HTTP/1.1 200 OK\r\n\r\n{}", 200, b"{}"),
        (b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\n{}", 200, b"{}"),
        (b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}", 200, b"{}"),
        (b"HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n", 304, b""),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;x=y\r\n{\r\n1\r\n}\r\n0\r\nA: b\r\n\r\n", 200, b"{}"),
    ],
    ids=["until the end", "1.0", "100 first", "without a body", "chunks"],
)
def test_every_shape_of_an_answer_is_read(text: bytes, status: int, body: bytes, server: Server) -> None:
    server.replies = [raw(text)]
    used = transport(server)
    found = used.send(Request("GET", "/api"))
    assert (found.status, found.body) == (status, body)
    used.close()


@pytest.mark.parametrize(
    "text",
    [
        b"SSH-2.0-x\r\n", b"HTTP/1.1 200 OK\r\nContent-Le", b"HTTP/1.1 200 OK\r\nno header\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{}",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n", b"HTTP/1.1 200 OK\r\nContent-Encoding: br\r\nContent-Length: 2\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\n" + b"a: b\r\n" * 300 + b"\r\n",
    ],
    ids=["no http", "half a header", "no header", "no length", "half a chunk", "no chunk", "unknown encoding", "many headers"],
)  # fmt: skip
def test_what_is_no_answer_may_have_been_carried_out(text: bytes) -> None:
    found = Server()
    found.replies = [raw(text)]
    used = transport(found)
    with pytest.raises(TransportError) as caught:
        used.send(Request("PATCH", "/api", body=b"{}"))
    assert caught.value.lost
    assert len(found.seen) == 1
    used.close()
    found.http.shutdown()
    found.http.server_close()


def test_an_idle_connection_that_the_server_closed_is_not_used(server: Server) -> None:
    def close_after(handler: BaseHTTPRequestHandler) -> None:
        json_reply(b"{}")(handler)
        handler.close_connection = True

    server.replies = [close_after]
    used = transport(server)
    for _ in range(3):
        used.send(Request("POST", "/api", body=b"{}"))
        time.sleep(0.05)
    assert len(server.seen) == server.connections == 3
    used.close()


def test_no_more_connections_than_workers(server: Server) -> None:
    gate = threading.Event()

    def reply(handler: BaseHTTPRequestHandler) -> None:
        gate.wait(5)
        json_reply(b"{}")(handler)

    server.replies = [reply]
    used = transport(server, workers=2)
    threads = [threading.Thread(target=used.send, args=(Request("GET", f"/{number}"),)) for number in range(6)]
    for thread in threads:
        thread.start()
    time.sleep(0.2)
    assert server.connections == 2
    gate.set()
    for thread in threads:
        thread.join()
    assert len(server.seen) == 6
    assert server.connections == 2
    used.close()


def test_a_watch_is_ended_from_another_thread(server: Server) -> None:
    def reply(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("Transfer-Encoding", "chunked")
        handler.end_headers()
        handler.wfile.write(b"2\r\n{}\r\n2\r\n\n{\r\n")
        over.wait(5)

    over = threading.Event()
    server.replies = [reply]
    used = transport(server)
    stream = used.open(Request("GET", "/watch"))
    lines = stream.lines()
    assert next(lines) == b"{}"
    threading.Timer(0.1, stream.close).start()
    with pytest.raises(TransportError):
        next(lines)
    over.set()
    used.close()


@pytest.mark.parametrize("value", ["Bearer a\r\nX-Evil: 1", "Bearer a\nb", "Bearer \u20ac"])
def test_a_credential_cannot_add_a_header(value: str) -> None:
    found = Server()
    used = transport(found, connection=Connection(server=found.url, authorization=value))
    with pytest.raises(ApplierError) as caught:
        used.send(Request("GET", "/api"))
    assert caught.value.error_class is ErrorClass.CONFIGURATION
    assert "Evil" not in str(caught.value)
    assert not found.seen
    found.http.shutdown()
    found.http.server_close()


@pytest.mark.parametrize(
    ("server", "expected"),
    [
        ("https://example.com", ("https", b"example.com", 443, "", "example.com")),
        ("HTTP://10.0.0.1:8080/", ("http", b"10.0.0.1", 8080, "", "10.0.0.1:8080")),
        ("https://[::1]:6443/k8s/c-1/", ("https", b"::1", 6443, "/k8s/c-1", "[::1]:6443")),
        ("https://user@example.com/a", ("https", b"example.com", 443, "/a", "example.com")),
        ("https://b\xfccher.example", ("https", b"xn--bcher-kva.example", 443, "", "xn--bcher-kva.example")),
    ],
)
def test_addresses(server: str, expected: tuple[object, ...]) -> None:
    found = address_of(Connection(server=server))
    assert (found.scheme, found.host, found.port, found.path, found.authority) == expected


@pytest.mark.parametrize(
    "server",
    [
        "", "example.com", "ftp://example.com", "https://", "https://:1", "https://a:b", "https://a:70000", "https://[::1",
        "https://[::1]x", "https://a b", "https://a/b c", "https://a/b?c", "https://a/\n", "https://a\r\nHost: b", "https://" + "\xfc" * 99,
    ],
)  # fmt: skip
def test_what_is_no_address_is_said(server: str) -> None:
    with pytest.raises(ApplierError, match="is not the address of an API server"):
        address_of(Connection(server=server))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("certificates")
    certificates.make(made)
    return made


@pytest.fixture
def secure(folder: Path) -> Iterator[Server]:
    found = Server()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "server.crt", folder / "server.key")
    found.http.socket = context.wrap_socket(found.http.socket, server_side=True)
    found.url = found.url.replace("http:", "https:")
    found.replies = [json_reply(b"{}")]
    yield found
    found.http.shutdown()
    found.http.server_close()


@pytest.mark.parametrize("more", [{}, {"tls_server_name": "localhost"}, {"verify": False, "ca": b""}])
def test_a_server_of_the_named_authority_is_trusted(more: dict[str, Any], secure: Server, folder: Path) -> None:
    found = {"server": secure.url, "ca": (folder / "ca.crt").read_bytes(), **more}
    used = transport(secure, connection=Connection(**found))
    for _ in range(3):
        assert used.send(Request("GET", "/api")).status == 200
    assert len(secure.seen) == 3
    used.close()


@pytest.mark.parametrize("more", [{"tls_server_name": "example.org"}, {"ca": b""}], ids=["another name", "another CA"])
def test_another_server_is_not_trusted(more: dict[str, Any], secure: Server, folder: Path) -> None:
    found = {"server": secure.url, "ca": (folder / "ca.crt").read_bytes(), **more}
    used = transport(secure, connection=Connection(**found))
    with pytest.raises(ApplierError, match="is not trusted") as caught:
        used.send(Request("GET", "/api"))
    assert caught.value.error_class is ErrorClass.CONFIGURATION
    assert not secure.seen
    used.close()


def test_connections_that_nobody_closes_are_closed(secure: Server, folder: Path) -> None:
    """Also where the transport is part of a cycle, which ends in no order; a warning would be an error here."""
    used = transport(secure, connection=Connection(server=secure.url, ca=(folder / "ca.crt").read_bytes()))
    used.send(Request("GET", "/api"))
    used.warn = used.send  # type: ignore[assignment]
    gone = weakref.ref(used)
    del used
    assert gone() is not None
    gc.collect()
    assert gone() is None


def test_a_server_without_tls_is_not_trusted_either(folder: Path) -> None:
    found = Server()
    used = transport(found, connection=Connection(server=found.url.replace("http:", "https:")))
    with pytest.raises(ApplierError, match="is not trusted"):
        used.send(Request("GET", "/api"))
    found.http.shutdown()
    found.http.server_close()


def test_a_server_that_hangs_up_while_a_connection_is_made_was_not_asked() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]

        def hang_up_at_once() -> None:
            listener.accept()[0].close()

        threading.Thread(target=hang_up_at_once, daemon=True).start()
        used = HttpTransport(Connection(server=f"https://127.0.0.1:{port}"), user_agent="kbuild/test")
        with pytest.raises(TransportError) as caught:
            used.send(Request("POST", "/api", body=b"{}"))
        assert not caught.value.lost
