"""A test bed for the agent: Flux's kinds on the control plane, a Git server on the loopback, an agent in this process.

Objects are written and read with the tests' own client; the agent gets a kubeconfig like any user's.
"""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, TextIO

from bed import Bed

from applier.agent.assembly import Agent, AgentOptions
from applier.agent.install.definitions import definitions
from applier.agent.runtime.logs import Log
from applier.cluster.cluster import of_connection
from applier.cluster.kubeconfig import Choice, connect

Object = dict[str, Any]
SOURCE, KUSTOMIZE = "source.toolkit.fluxcd.io/v1", "kustomize.toolkit.fluxcd.io/v1"
NOTIFICATION, HELM = "notification.toolkit.fluxcd.io/v1", "helm.toolkit.fluxcd.io/v2"


def until(condition: Callable[[], Any], what: str = "", within_s: float = 30.0) -> Any:
    """The first true answer of a condition; fails after a while."""
    deadline = time.monotonic() + within_s
    while True:
        found = condition()
        if found:
            return found
        assert time.monotonic() < deadline, f"still not true after {within_s} s: {what() if callable(what) else what}"
        time.sleep(0.05)


class GitHandler(BaseHTTPRequestHandler):
    """Git's http backend, behind a password where the server has one."""

    protocol_version = "HTTP/1.1"
    wbufsize = -1
    disable_nagle_algorithm = True

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def do_POST(self) -> None:
        """The same as GET."""
        self.do_GET()

    def do_GET(self) -> None:
        """Answer."""
        server: Any = self.server
        server.requests.append((self.command, self.path, self.headers.get("Authorization", "")))
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length)
        if self.command == "POST" and server.slow_s:
            time.sleep(server.slow_s)
        if server.password:
            wanted = "Basic " + base64.b64encode(f"{server.user}:{server.password}".encode()).decode()
            if self.headers.get("Authorization") != wanted:
                return self.reply(401, {"WWW-Authenticate": 'Basic realm="git"'}, b"nope")
        path, _, query = self.path.partition("?")
        done = subprocess.run(
            ["git", "http-backend"],
            env={
                "PATH": os.environ["PATH"], "GIT_PROJECT_ROOT": str(server.root), "GIT_HTTP_EXPORT_ALL": "1",
                "PATH_INFO": path, "QUERY_STRING": query, "REQUEST_METHOD": self.command, "REMOTE_USER": "git",
                "CONTENT_TYPE": self.headers.get("Content-Type", ""), "CONTENT_LENGTH": str(length),
                "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding", ""),
                "GIT_PROTOCOL": self.headers.get("Git-Protocol", ""),
            },
            input=body, capture_output=True, check=False,
        )  # fmt: skip
        head, _, answer = done.stdout.partition(b"\r\n\r\n")
        headers = dict(line.split(": ", 1) for line in head.decode().splitlines() if ": " in line)
        status = int(headers.pop("Status", "200").split()[0])
        return self.reply(status, headers, answer)

    def reply(self, status: int, headers: dict[str, str], body: bytes) -> None:
        """Send a whole answer."""
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)


class _Http(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_: object) -> None:
        """A client that was killed is no news."""


class GitServer:
    """Repositories over http. Shape: `requests` are (method, path, authorization)."""

    def __init__(self, root: Path, port: int = 0) -> None:
        self.http = _Http(("127.0.0.1", port), GitHandler)
        self.http.root, self.http.password, self.http.requests = root, "", []  # type: ignore[attr-defined]
        self.root, self.http.slow_s = root, 0.0  # type: ignore[attr-defined]
        threading.Thread(target=self.http.serve_forever, args=(0.05,), daemon=True).start()

    @property
    def requests(self) -> list[tuple[str, str, str]]:
        """What was asked."""
        return self.http.requests  # type: ignore[attr-defined, no-any-return]

    def url(self, name: str) -> str:
        """The URL of a repository."""
        return f"http://127.0.0.1:{self.http.server_port}/{name}.git"

    def protect(self, password: str, user: str = "git") -> None:
        """Ask for a user's password from now on."""
        self.http.user, self.http.password = user, password  # type: ignore[attr-defined]

    def slow(self, seconds: float) -> None:
        """Answer fetches so much later from now on."""
        self.http.slow_s = seconds  # type: ignore[attr-defined]

    def close(self) -> None:
        """Serve no more."""
        self.http.shutdown()
        self.http.server_close()


class Repository:
    """A repository with a work tree beside it; every change is a commit that is pushed."""

    def __init__(self, server: GitServer, folder: Path, name: str) -> None:
        self.server, self.name, self.tree = server, name, folder / f"work-{name}"
        bare = server.root / f"{name}.git"
        self.git("init", "--quiet", "--bare", "--initial-branch=main", str(bare), cwd=folder)
        (bare / "config").write_text(
            (bare / "config").read_text() + "[http]\n\treceivepack = true\n[uploadpack]\n\tallowAnySHA1InWant = true\n"
        )
        self.git("init", "--quiet", "--initial-branch=main", str(self.tree), cwd=folder)
        self.git("remote", "add", "origin", str(bare))

    @property
    def url(self) -> str:
        """Its URL."""
        return self.server.url(self.name)

    def git(self, *command: str, cwd: Path | None = None) -> str:
        """Run git in the work tree."""
        who = dict.fromkeys(("GIT_AUTHOR_NAME", "GIT_COMMITTER_NAME"), "test")
        mail = dict.fromkeys(("GIT_AUTHOR_EMAIL", "GIT_COMMITTER_EMAIL"), "test@example.test")
        environment = {"PATH": os.environ["PATH"], "HOME": "/nonexistent", **who, **mail}
        done = subprocess.run(
            ["git", *command], cwd=cwd or self.tree, env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, f"git {' '.join(command)}: {done.stderr}"
        return done.stdout.strip()

    def commit(self, files: dict[str, str | None], message: str = "change", *, branch: str = "main") -> str:
        """Write files (None removes one), commit and push; returns the commit."""
        for path, text in files.items():
            place = self.tree / path
            if text is None:
                place.unlink()
                continue
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(text)
        self.git("add", "-A")
        self.git("commit", "--quiet", "--allow-empty", "-m", message)
        self.git("push", "--quiet", "origin", f"HEAD:{branch}")
        return self.git("rev-parse", "HEAD")


class AgentBed:
    """What one test of the agent works with."""

    def __init__(self, bed: Bed, git: GitServer, folder: Path) -> None:
        self.bed, self.git, self.folder, self.kube, self.namespace = bed, git, folder, bed.kube, bed.namespace
        self.agents: list[Agent] = []
        self.files: list[TextIO] = []
        self.repositories: dict[str, Repository] = {}
        self.log = folder / "agent.log"

    def repository(self, name: str = "shop") -> Repository:
        """A new repository."""
        self.repositories[name] = Repository(self.git, self.folder, name)
        return self.repositories[name]

    def start(self, **options: Any) -> Agent:
        """An agent for the test's namespace; a `clock` is given to it instead of the system's."""
        return self.start_as(Choice(kubeconfig=str(self.bed.kubeconfig)), **options)

    def start_as(self, choice: Choice, **options: Any) -> Agent:
        """The same as somebody in particular."""
        clock = options.pop("clock", None)
        connection = connect(choice, {})
        cluster = of_connection(connection, {})
        chosen = AgentOptions(
            **{
                "namespace": self.namespace, "storage": self.folder / "storage", "storage_address": "127.0.0.1:0",
                "metrics_address": "127.0.0.1:0", "health_address": "127.0.0.1:0", "controllers": ("source", "kustomize"),
                "events_address": "127.0.0.1:0", "receiver_address": "127.0.0.1:0",
                **options,
            }
        )  # fmt: skip
        self.files.append(self.log.open("a"))
        agent = Agent(cluster, connection, chosen, Log("debug", self.files[-1]))
        if clock is not None:
            agent.clock = clock
        agent.start()
        self.agents.append(agent)
        return agent

    def create(self, api_version: str, kind: str, name: str, spec: Object, **metadata: Any) -> Object:
        """Create an object of the agent's."""
        body = {
            "apiVersion": api_version,
            "kind": kind,
            "metadata": {"name": name, "namespace": self.namespace, **metadata},
            "spec": spec,
        }
        return self.kube.create(body)

    def source(self, repository: Repository, name: str = "shop", **spec: Any) -> Object:
        """Create a GitRepository."""
        return self.create(
            SOURCE, "GitRepository", name, {"interval": "1h", "url": repository.url, "ref": {"branch": "main"}, **spec}
        )

    def kustomization(self, name: str = "web", **spec: Any) -> Object:
        """Create a Kustomization."""
        return self.create(
            KUSTOMIZE, "Kustomization", name,
            {"interval": "1h", "retryInterval": "1h", "prune": True, "sourceRef": {"kind": "GitRepository", "name": "shop"}, **spec},
        )  # fmt: skip

    def get(self, body: Object) -> Object:
        """An object as it is now."""
        found = self.kube.live(body)
        assert found is not None
        return found

    def condition(self, body: Object, kind: str = "Ready") -> Object:
        """A condition as it is now, empty where there is none."""
        conditions = self.get(body).get("status", {}).get("conditions", [])
        return next((found for found in conditions if found["type"] == kind), {})

    def settled(self, body: Object, status: str = "True", reason: str = "", within_s: float = 30.0) -> Object:
        """The object once its Ready has this status (and reason) for its present generation and request."""

        def is_so() -> Object | None:
            live = self.get(body)
            ready = next((c for c in live.get("status", {}).get("conditions", []) if c["type"] == "Ready"), {})
            token = live["metadata"].get("annotations", {}).get("reconcile.fluxcd.io/requestedAt")
            handled = token is None or live["status"].get("lastHandledReconcileAt") == token
            fits = ready.get("status") == status and (not reason or ready.get("reason") == reason)
            return (
                live if fits and handled and ready.get("observedGeneration") == live["metadata"]["generation"] else None
            )

        return until(is_so, lambda: json.dumps(self.get(body).get("status"), indent=1) + self.told(), within_s)

    def told(self) -> str:
        """The end of what agents have logged."""
        return "\n".join(path.read_text()[-3000:] for path in sorted(self.folder.glob("*.log")))

    def request(self, body: Object) -> str:
        """Ask for a run; returns the token."""
        token = str(time.time_ns())
        self.kube.merge(body, {"metadata": {"annotations": {"reconcile.fluxcd.io/requestedAt": token}}})
        return token

    def run_again(self, body: Object, status: str = "True") -> Object:
        """Ask for a run and wait for its end."""
        self.request(body)
        return self.settled(body, status)

    def handled(self, body: Object) -> Object:
        """Ask for a run and wait until the request was taken note of."""
        token = self.request(body)
        until(lambda: self.get(body).get("status", {}).get("lastHandledReconcileAt") == token)
        return self.get(body)

    def events(self, name: str) -> list[Object]:
        """The events about an object, oldest first."""
        found = [e for e in self.kube.list("v1", "Event", self.namespace) if e["involvedObject"]["name"] == name]
        return sorted(found, key=lambda event: event["metadata"]["creationTimestamp"])

    def close(self) -> None:
        """Stop the agents, and let go of what their finalizers hold."""
        for agent in self.agents:
            agent.stop()
        for file in self.files:
            file.close()
        for kind, version in (
            ("Kustomization", KUSTOMIZE),
            ("GitRepository", SOURCE),
            ("Receiver", NOTIFICATION),
            ("OCIRepository", SOURCE),
            ("HelmRepository", SOURCE),
            ("HelmChart", SOURCE),
            ("HelmRelease", HELM),
        ):
            for body in self.kube.list(version, kind, self.namespace):
                self.kube.merge({**body, "apiVersion": version, "kind": kind}, {"metadata": {"finalizers": None}})
        shutil.rmtree(self.folder / "storage", ignore_errors=True)


def install_kinds(bed: Bed) -> None:
    """Flux's kinds on the control plane, unless they are there."""
    for found in definitions():
        bed.kube.apply(found.body({}), "test")
    for found in definitions():
        name = f"{found.plural}.{found.group}"

        def established(name: str = name) -> bool:
            live = bed.kube.get("apiextensions.k8s.io/v1", "CustomResourceDefinition", "", name) or {}
            conditions = live.get("status", {}).get("conditions", [])
            return any(c["type"] == "Established" and c["status"] == "True" for c in conditions)

        until(established, name)
        # For a moment after that the server still sets up its storage.
        until(lambda p=found: bed.kube.raw("GET", f"/apis/{p.group}/{p.versions[0].name}/{p.plural}")[0] == 200, name)


@contextmanager
def agent_bed(bed: Bed, folder: Path) -> Iterator[AgentBed]:
    """The bed for one test."""
    install_kinds(bed)
    (folder / "repositories").mkdir()
    git = GitServer(folder / "repositories")
    made = AgentBed(bed, git, folder)
    try:
        yield made
    finally:
        made.close()
        made.git.close()
