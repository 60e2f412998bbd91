"""Where a bootstrap writes to: any Git server by its URL, or GitHub, GitLab and Gitea by owner and name.

Tokens and passwords come from the environment, a pipe or a prompt.
"""

from __future__ import annotations

import getpass
import os
import sys
from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from applier.agent.runtime.fetching import Trust, without_credentials
from applier.agent.source.credentials import Credentials
from applier.cli.operate.words import ACTION, SUCCESS, StoppedError, say
from applier.cli.setup import secrets
from applier.cli.setup.bootstrap import Target, ask_for_access
from applier.cli.setup.forges import GITEA, GITHUB, GITLAB, HOSTS, Forge
from applier.cli.setup.gitlab import GitLab
from applier.cli.setup.nouns import checked_url
from applier.cli.setup.sync import Sync, folder_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from applier.cli.setup.line import Line

LOOPBACK = ("localhost", "127.0.0.1", "::1")
TOKEN_USER = "git"  # noqa: S105  (a name; servers want one beside a token)


def of_git(line: Line) -> Target:
    """A repository by its URL. Raises: StoppedError."""
    url = checked_url(line.text("url"))
    own = _sync(line, without_credentials(url) if urlsplit(url).scheme != "ssh" else url)
    if urlsplit(url).scheme == "ssh":
        return _by_ssh(line, own)
    _check_insecure(line, url)
    authority = secrets.ca_text(line.text("ca_file"))
    parts = urlsplit(url)
    password = line.text("password") or unquote(parts.password or "")
    password = password or _secret_text("GIT_PASSWORD", "password or token of the Git server")
    is_bearer = line.is_on("with_bearer_token")
    username = line.text("username") or unquote(parts.username or "") or TOKEN_USER
    credentials = Credentials(
        username="" if is_bearer else username, password="" if is_bearer else password,
        bearer=password if is_bearer else "", trust=Trust(authority=authority.encode()),
    )  # fmt: skip
    values = secrets.http_data(username, password, password if is_bearer else "", authority)
    return Target(url=own.url, credentials=credentials, sync=own, secret=values)


def _by_ssh(line: Line, own: Sync) -> Target:
    """The key that commits is the one that the cluster reads with, as the server knows no other. Raises: StoppedError."""
    path = line.text("private_key_file")
    key = secrets.key_of(path) if path else secrets.generated_key(line.text("ssh_key_algorithm", "ecdsa"))
    hosts = secrets.known_hosts(own.url)
    if not path:
        say(SUCCESS, f"public key: {key.public}")
        ask_for_access(line)(key.public)
    user = urlsplit(own.url).username or "git"
    credentials = Credentials(username=user, identity=key.private.encode(), known_hosts=hosts.encode())
    return Target(url=own.url, credentials=credentials, sync=own, secret=secrets.ssh_data(key, hosts))


def of_github(line: Line) -> Target:
    """A repository of GitHub, made where there is none. Raises: StoppedError."""
    return _of_forge(line, GITHUB, ("GITHUB_TOKEN", "GitHub personal access token (PAT)"))


def of_gitea(line: Line) -> Target:
    """A repository of Gitea, made where there is none. Raises: StoppedError."""
    return _of_forge(line, GITEA, ("GITEA_TOKEN", "Gitea personal access token (PAT)"))


def of_gitlab(line: Line) -> Target:
    """A project of GitLab, made where there is none. Raises: StoppedError."""
    return _of_forge(line, GITLAB, ("GITLAB_TOKEN", "GitLab personal access token (PAT)"))


def _of_forge(line: Line, kind: str, wanted: tuple[str, str]) -> Target:
    owner, name = line.text("owner"), line.text("repository")
    for flag, value in (("owner", owner), ("repository", name)):
        if not value:
            raise StoppedError(f"--{flag} is required")
    host = line.text("hostname", HOSTS[kind]).rstrip("/")
    web = host if "://" in host else f"https://{host}"
    _check_insecure(line, web)
    token = _secret_text(*wanted)
    authority = secrets.ca_text(line.text("ca_file"))
    trust = Trust(authority=authority.encode())
    server = (GitLab if kind == GITLAB else Forge)(web, token, trust, kind)
    say(ACTION, f"connecting to {urlsplit(web).netloc}")
    _ensure_repository(line, server, owner, name)
    url = f"{web}/{owner}/{name}.git"
    credentials = Credentials(username=TOKEN_USER, password=token, trust=trust)
    own = _sync(line, url)
    if line.is_on("token_auth"):
        values = secrets.http_data(TOKEN_USER, token, "", authority)
        return Target(url=url, credentials=credentials, sync=own, secret=values)
    own = replace(own, url=f"ssh://git@{line.text('ssh_hostname', urlsplit(web).netloc)}/{owner}/{name}")
    registered = _deploy_key(line, server, owner, name, own)
    return Target(url=url, credentials=credentials, sync=own, secret=None, shown=registered)


def _ensure_repository(line: Line, server: Forge, owner: str, name: str) -> None:
    is_private = line.is_on("private", default=True)
    found = server.repository(owner, name)
    shown = f'repository "{server.web}/{owner}/{name}"'
    if found is None:
        server.create(owner, name, is_personal=line.is_on("personal"), is_private=is_private)
        say(SUCCESS, f"{shown} created")
    elif line.is_on("reconcile") and bool(found.get("private")) != is_private:
        server.set_private(owner, name, is_private=is_private)
        say(SUCCESS, f"{shown} reconciled")
    for team in line.items("team"):
        word, _, permission = team.partition(":")
        server.give_team(owner, name, word, permission or "maintain")


def _deploy_key(line: Line, server: Forge, owner: str, name: str, own: Sync) -> Callable[[str], None]:
    title = f"{own.namespace}-{own.branch}-{own.secret}-./{own.path}"
    is_writing = line.is_on("read_write_key")

    def register(public: str) -> None:
        if server.put_key(owner, name, title, public, is_writing=is_writing):
            say(SUCCESS, f'configured deploy key "{title}" for "{server.web}/{owner}/{name}"')

    return register


def _sync(line: Line, url: str) -> Sync:
    return Sync(
        url=url,
        branch=line.text("branch", "main"),
        path=folder_of(line.text("path")),
        secret=line.text("secret_name", line.namespace),
        interval=line.duration("interval", "1m"),
        namespace=line.namespace,
        recurse_submodules=line.is_on("recurse_submodules"),
        is_sparse=line.is_on("sparse_checkout"),
    )


def _check_insecure(line: Line, url: str) -> None:
    """Credentials go by http only where that is wished for, or where they do not leave the machine. Raises: StoppedError."""
    parts = urlsplit(url)
    if parts.scheme == "http" and parts.hostname not in LOOPBACK and not line.is_on("allow_insecure_http"):
        raise StoppedError("scheme http is insecure, pass --allow-insecure-http=true to allow it")


def _secret_text(variable: str, what: str) -> str:
    """A secret from the environment, from a pipe, or from a person. Raises: StoppedError."""
    found = os.environ.get(variable, "")
    if found:
        return found
    if sys.stdin is not None and sys.stdin.isatty():
        found = getpass.getpass(f"Please enter your {what}: ", sys.stderr)
    elif sys.stdin is not None:
        found = sys.stdin.readline().strip()
    if not found:
        raise StoppedError(f"no {what}: set {variable}, or give it on standard input")
    return found
