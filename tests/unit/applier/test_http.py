"""The transport against a server on the loopback: kept connections, broken answers, credentials, nothing secret told."""

from __future__ import annotations

import gzip
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from applier.cluster.connection import Connection
from applier.cluster.exchange import Exchange
from applier.cluster.http import HttpTransport
from applier.cluster.transport import Request
from applier.failures import ApplierError, ErrorClass, TransportError

Reply = Callable[[BaseHTTPRequestHandler], None]


class Server:
    """Answers each request with the next reply (the last one again and again)."""

    def __init__(self) -> None:
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
                outer.seen.append((self.command, self.path, dict(self.headers)))
                reply = outer.replies[0] if len(outer.replies) == 1 else outer.replies.pop(0)
                reply(self)

            do_GET = do_PATCH = do_POST = do_DELETE = answer  # noqa: N815  (named by the library)

            def log_message(self, *_: Any) -> None:
                return

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.http.server_port}"
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


@pytest.fixture
def server() -> Iterator[Server]:
    found = Server()
    yield found
    found.http.shutdown()
    found.http.server_close()


def transport(server: Server, **more: Any) -> HttpTransport:
    connection = more.pop("connection", None) or Connection(server=server.url, authorization="Bearer canary")
    return HttpTransport(connection, user_agent="kbuild/test", **more)


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
        return Connection(server=server.url, authorization="Bearer new")

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
