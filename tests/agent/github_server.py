"""A stand-in of GitHub: its API as far as bootstrap asks it, and its repositories, on the loopback."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

from agent_bed import GitHandler, GitServer, Object

TOKEN = "s3cret-token"


class GitHubHandler(GitHandler):
    """The API below `/api/v3/` (Gitea: `/api/v1/`), Git everywhere else. What is asked of the API is written down."""

    def do_GET(self) -> None:  # noqa: N802
        front = "/api/v1" if self.path.startswith("/api/v1/") else "/api/v3"
        if not self.path.startswith(f"{front}/"):
            super().do_GET()
            return
        server: Any = self.server
        length = int(self.headers.get("Content-Length") or 0)
        asked = json.loads(self.rfile.read(length) or b"{}")
        path = self.path.removeprefix(front).partition("?")[0]
        server.asked.append((self.command, path, asked))
        if self.headers.get("Authorization") != f"token {TOKEN}":
            self.reply(401, {}, b'{"message": "Bad credentials"}')
            return
        status, answer = self.answered(server, path, asked)
        self.reply(status, {"Content-Type": "application/json"}, json.dumps(answer).encode())

    do_PUT = do_PATCH = do_DELETE = do_POST = do_GET  # noqa: N815

    def answered(self, server: Any, path: str, asked: Object) -> tuple[int, Any]:
        """Status and body of an answer."""
        if (self.command, path) in (("POST", "/user/repos"), ("POST", f"/orgs/{server.owner}/repos")):
            place = server.root / server.owner / f"{asked['name']}.git"
            subprocess.run(["git", "init", "--quiet", "--bare", "--initial-branch=main", str(place)], check=True)
            subprocess.run(["git", "-C", str(place), "config", "http.receivepack", "true"], check=True)
            return 201, {"name": asked["name"], "private": asked["private"]}
        owner, _, name = path.removeprefix("/repos/").partition("/")
        if path.startswith("/repos/") and (server.root / owner / f"{name}.git").exists():
            return 200, {"name": name, "private": True}
        return (204, {}) if self.command == "PUT" else (404, {"message": "Not Found"})


def github_server(folder: Path, owner: str) -> GitServer:
    """A server without repositories; those that a user creates belong to `owner`."""
    folder.mkdir()
    server = GitServer(folder)
    server.http.RequestHandlerClass = GitHubHandler
    server.http.asked, server.http.owner = [], owner  # type: ignore[attr-defined]
    server.protect(TOKEN)
    return server


class AppHandler(GitHandler):
    """An installation of a GitHub App: its token is the password of repositories, and opens the API. What is asked is written down."""

    def do_GET(self) -> None:  # noqa: N802
        server: Any = self.server
        if not self.path.startswith("/api/v3/"):
            super().do_GET()
            return
        length = int(self.headers.get("Content-Length") or 0)
        asked = self.rfile.read(length).decode()
        server.asked.append((self.command, self.path, self.headers["Authorization"], asked))
        if self.path == "/api/v3/app/installations/7/access_tokens":
            answer = {"token": server.password, "expires_at": "2099-01-01T00:00:00Z"}
            self.reply(201, {}, json.dumps(answer).encode())
        elif self.headers["Authorization"] == f"Bearer {server.password}":
            self.reply(200 if self.command == "GET" else 201, {}, b"[]")
        else:
            self.reply(404, {}, b'{"message": "Not Found"}')

    do_POST = do_GET  # noqa: N815


def app_server(folder: Path) -> GitServer:
    """A server that knows an app."""
    folder.mkdir()
    server = GitServer(folder)
    server.http.RequestHandlerClass = AppHandler
    server.http.asked = []  # type: ignore[attr-defined]
    server.protect("ghs_t0k3n", "x-access-token")
    return server


class GitLabHandler(GitHandler):
    """GitLab's API below `/api/v4/`, Git everywhere else. What is asked of the API is written down."""

    def do_GET(self) -> None:  # noqa: N802
        server: Any = self.server
        if not self.path.startswith("/api/v4/"):
            super().do_GET()
            return
        length = int(self.headers.get("Content-Length") or 0)
        document = json.loads(self.rfile.read(length) or b"{}")
        path = self.path.removeprefix("/api/v4").partition("?")[0]
        server.asked.append((self.command, path, document))
        status, answer = (401, {"message": "401 Unauthorized"})
        if self.headers.get("PRIVATE-TOKEN") == TOKEN:
            status, answer = self.answered(server, path, document)
        self.reply(status, {"Content-Type": "application/json"}, b"" if status == 204 else json.dumps(answer).encode())

    do_PUT = do_DELETE = do_POST = do_GET  # noqa: N815

    def answered(self, server: Any, path: str, document: Object) -> tuple[int, Any]:
        """Status and body of an answer."""
        how, project = self.command, server.project
        if path.startswith("/groups/"):
            return 200, {"id": 7}
        if (how, path) == ("POST", "/projects"):
            owner = "shop/infra" if "namespace_id" in document else "shop"
            place = server.root / owner / f"{document['path']}.git"
            subprocess.run(["git", "init", "--quiet", "--bare", "--initial-branch=main", str(place)], check=True)
            subprocess.run(["git", "-C", str(place), "config", "http.receivepack", "true"], check=True)
            project |= document
            return 201, project
        if not project:
            return 404, {"message": "404 Project Not Found"}
        if path.endswith("/deploy_keys") and how == "POST":
            server.keys[len(server.asked)] = {**document, "id": len(server.asked)}
            return 201, {}
        if path.endswith("/deploy_keys"):
            return 200, list(server.keys.values())
        if "/deploy_keys/" in path:
            del server.keys[int(path.rpartition("/")[2])]
            return 204, {}
        if how == "PUT":
            project |= document
        return (201 if how == "POST" else 200), project


def gitlab_server(folder: Path) -> GitServer:
    """A server of GitLab without projects."""
    folder.mkdir()
    server = GitServer(folder)
    server.http.RequestHandlerClass = GitLabHandler
    server.http.asked, server.http.project, server.http.keys = [], {}, {}  # type: ignore[attr-defined]
    server.protect(TOKEN)
    return server
