"""Servers on the loopback for tests of remote sources: files, odd answers and git repositories over http, and git's own."""

from __future__ import annotations

import gzip
import os
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote

import git


class Server(ThreadingHTTPServer):
    """An http server of files by path, of what a path asks for, and of the repositories below a folder.

    `/status/NUMBER` answers with that status, `/redirect/STATUS/PATH` sends on, `/packed/PATH` packs, `/hang` never answers,
    `/drop` closes, `/short` breaks off, `/garbage` is no http; `/git/REPOSITORY` is git's http backend.
    """

    daemon_threads = True

    def __init__(self, files: dict[str, str], repositories: Path) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.files, self.repositories = files, repositories
        self.requests: list[tuple[str, dict[str, str]]] = []
        self.closing = threading.Event()

    def handle_error(self, *_: object) -> None:
        """Clients that go away are nothing to talk about."""

    @property
    def url(self) -> str:
        """Where it is."""
        return f"http://127.0.0.1:{self.server_port}"


class Handler(BaseHTTPRequestHandler):
    """One request."""

    server: Server
    protocol_version = "HTTP/1.1"
    # Otherwise every answer takes 40 ms.
    wbufsize = -1
    disable_nagle_algorithm = True

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def do_POST(self) -> None:
        """Only git posts."""
        self.do_GET()

    def do_GET(self) -> None:
        """Answer."""
        path, _, query = self.path.partition("?")
        word, _, rest = path[1:].partition("/")
        if word != "git":
            self.server.requests.append((self.path, dict(self.headers)))
        odd = getattr(self, f"answer_{word}", None)
        if odd is not None:
            odd(rest, query)
        elif path in self.server.files:
            self.answer(200, self.server.files[path].encode())
        else:
            self.answer(404, b"not here")

    def answer(self, status: int, body: bytes, **headers: str) -> None:
        """Send a whole answer."""
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def answer_status(self, rest: str, _: str) -> None:
        """A status."""
        self.answer(int(rest.partition("/")[0]), b"kind: [")

    def answer_redirect(self, rest: str, query: str) -> None:
        """A redirect: the number of more of them to come may stand in the query."""
        status, _, target = rest.partition("/")
        count = int(query) if query.isdigit() else 0
        where = f"/redirect/{status}/{target}?{count - 1}" if count else unquote(target)
        if where.startswith("files"):
            where = "/" + where
        self.answer(int(status), b"", **({"Location": where} if where != "nowhere" else {}))

    def answer_packed(self, rest: str, _: str) -> None:
        """A file, packed."""
        self.answer(200, gzip.compress(self.server.files["/" + rest].encode()), Content_Encoding="gzip")

    def answer_hang(self, _: str, __: str) -> None:
        """Nothing, until the server closes."""
        self.server.closing.wait(60)
        self.close_connection = True

    def answer_drop(self, _: str, __: str) -> None:
        """An end without an answer."""
        self.close_connection = True

    def answer_short(self, _: str, __: str) -> None:
        """Less than was promised."""
        self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nkind: A")
        self.close_connection = True

    def answer_garbage(self, _: str, __: str) -> None:
        """No http."""
        self.wfile.write(b"good morning\r\n\r\n")
        self.close_connection = True

    def answer_git(self, rest: str, query: str) -> None:
        """What git's own CGI program says."""
        length = int(self.headers.get("Content-Length") or 0)
        done = subprocess.run(
            ["git", "http-backend"],
            env={
                **os.environ,
                "GIT_PROJECT_ROOT": str(self.server.repositories),
                "GIT_HTTP_EXPORT_ALL": "1",
                "PATH_INFO": "/" + unquote(rest),
                "QUERY_STRING": query,
                "REQUEST_METHOD": self.command,
                "CONTENT_TYPE": self.headers.get("Content-Type", ""),
                "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding", ""),
                "GIT_PROTOCOL": self.headers.get("Git-Protocol", ""),
            },
            input=self.rfile.read(length),
            capture_output=True,
            check=False,
        )
        head, _, body = done.stdout.partition(b"\r\n\r\n")
        status, headers = 200, {}
        for line in head.decode().splitlines():
            name, _, value = line.partition(": ")
            if name == "Status":
                status = int(value.split()[0])
            else:
                headers[name.replace("-", "_")] = value
        headers.pop("Content_Length", None)
        self.answer(status, body, **headers)


@contextmanager
def http_server(files: dict[str, str], repositories: Path) -> Iterator[Server]:
    """A server that runs while the block does."""
    with Server(files, repositories) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield server
        finally:
            server.closing.set()
            server.shutdown()
            thread.join()


@contextmanager
def git_daemon(repositories: Path) -> Iterator[str]:
    """git's own server; gives its URL."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [
        "git", "daemon", "--export-all", "--reuseaddr", "--listen=127.0.0.1", f"--port={port}",
        f"--base-path={repositories}", str(repositories),
    ]  # fmt: skip
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
    try:
        for _ in range(100):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.05)
        yield f"git://127.0.0.1:{port}"
    finally:
        os.killpg(process.pid, 15)
        process.wait()


def make_repository(folder: Path, files: dict[str, str], *, links: dict[str, str] | None = None) -> git.Repo:
    """A repository with one commit on `main`, served as it is."""
    folder.mkdir(parents=True)
    repository = git.Repo.init(folder, initial_branch="main")
    with repository.config_writer() as config:
        config.set_value("user", "name", "nobody").set_value("user", "email", "nobody@example.com")
        # Servers hand out what is not the tip of a branch only when they are told to.
        config.set_value("uploadpack", "allowReachableSHA1InWant", "true")
    for name, target in (links or {}).items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).symlink_to(target)
    commit(repository, files, "first")
    return repository


def commit(repository: git.Repo, files: dict[str, str], message: str) -> str:
    """Write files and commit everything; returns the commit's id."""
    folder = Path(repository.working_dir)
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    repository.git.add(all=True)
    repository.git.commit(message=message)
    return repository.head.commit.hexsha
