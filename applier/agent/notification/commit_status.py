"""Senders that set the status of a commit: success or failure, nothing while work goes on, nothing that is there already.

Source: notification-controller's notifiers, as recorded (github, gitlab, gitea) or read in their sources.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode, urlsplit

from applier.agent.notification.event import ERROR, INFO
from applier.agent.notification.github import github_api
from applier.agent.notification.markdown import words
from applier.agent.notification.metadata import REVISION_KEYS
from applier.agent.notification.sending import (
    Call,
    PostError,
    SetupError,
    basic,
    bearer,
    decoded,
    need_token,
    post,
    repository,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from applier.agent.notification.event import Event
    from applier.agent.notification.sending import Destination, Notice, Sending
    from applier.agent.runtime.fetching import Answer

PROGRESSING = "Progressing"
GENRE = "fluxcd"
MISSING = 404
_LIST = "could not list commit statuses"
_CREATE = "could not create commit status"


def default_id(event: Event, uid: str) -> str:
    """The id of a commit status, one for each cluster: the Provider's uid differs between clusters."""
    return f"{event.kind}/{event.name}/{uid.partition('-')[0]}".lower()


def github(notice: Notice) -> Sending:
    """A commit status of GitHub."""
    api = github_api(notice.to)
    if notice.event.reason == PROGRESSING:
        return
    commit = _commit(notice.event)
    url = f"{api.url}/commits/{commit}/statuses?per_page=50"
    answer = yield Call(url=url, method="GET", headers=api.headers, what=_LIST)
    status = {
        "state": _state(notice.event, "success", "failure"),
        "description": words(notice.event.reason),
        "context": notice.status_id,
    }
    if not _is_latest(_entries(answer), status, "context"):
        yield post(f"{api.url}/statuses/{commit}", status, api.headers, what=_CREATE)


def gitlab(notice: Notice) -> Sending:
    """A commit status of GitLab."""
    token = need_token(notice.to, "gitlab token")
    found = repository(notice.to.address)
    if notice.event.reason == PROGRESSING:
        return
    commit, name = _commit(notice.event), notice.status_id
    project = f"{found.host}/api/v4/projects/{found.quoted_id}"
    headers = {"Accept": "application/json", "Private-Token": token}
    url = f"{project}/repository/commits/{commit}/statuses?{urlencode({'name': name})}"
    answer = yield Call(url=url, method="GET", headers=headers, what="unable to list commit status")
    state, description = _state(notice.event, "success", "failed"), words(notice.event.reason)
    same = {"sha": commit, "status": state, "name": name, "description": description}
    if not any(same.items() <= _texts(entry).items() for entry in _entries(answer)):
        status = {"state": state, "name": name, "description": description}
        yield post(f"{project}/statuses/{commit}", status, headers, what=_CREATE)


def gitea(notice: Notice) -> Sending:
    """A commit status of Gitea."""
    api, headers = gitea_api(notice.to)
    if notice.event.reason == PROGRESSING:
        return
    commit = _commit(notice.event)
    root, _, _ = api.partition("/repos/")
    yield Call(url=f"{root}/version", method="GET", headers=headers, what="failed creating Gitea client")
    url = f"{api}/commits/{commit}/statuses?limit=50&page=1"
    answer = yield Call(url=url, method="GET", headers=headers, what=_LIST)
    status = {
        "state": _state(notice.event, "success", "failure"),
        "target_url": "",
        "description": words(notice.event.reason),
        "context": notice.status_id,
    }
    entries = [{**entry, "state": entry.get("status") or entry.get("state")} for entry in _entries(answer)]
    if not _is_latest(entries, status, "context"):
        yield post(f"{api}/statuses/{commit}", status, headers, what=_CREATE)


def gitea_api(destination: Destination) -> tuple[str, Mapping[str, str]]:
    """The URL of a repository in Gitea's API, and the headers. Raises: SetupError."""
    token = need_token(destination, "gitea token")
    found = repository(destination.address)
    owner, name = found.parts(2)
    return f"{found.host}/api/v1/repos/{owner}/{name}", {"Authorization": f"token {token}"}


def azuredevops(notice: Notice) -> Sending:
    """A commit status of Azure DevOps; an alert's summary makes the genre its own."""
    token = need_token(notice.to, "azure devops token")
    found = repository(notice.to.address)
    organization, project, _, name = found.parts(4)
    if notice.event.reason == PROGRESSING:
        return
    base = f"{found.host}/{organization}/{project}/_apis/git/repositories/{name}"
    url = f"{base}/commits/{_commit(notice.event)}/statuses"
    headers = {"Accept": "application/json;api-version=5.1", **basic("", token)}
    answer = yield Call(url=url, method="GET", headers=headers, what=_LIST)
    summary = notice.event.metadata.get("summary")
    context = {"genre": f"{GENRE}:{summary}" if summary else GENRE, "name": notice.status_id}
    status = {
        "state": _state(notice.event, "succeeded", "error"),
        "description": words(notice.event.reason),
        "context": context,
    }
    entries = [entry for entry in _entries(answer, "value") if context.items() <= (entry.get("context") or {}).items()]
    if not _is_latest([{**entry, "context": context} for entry in entries], status, "context"):
        yield post(url, status, headers, what=_CREATE)


def bitbucket(notice: Notice) -> Sending:
    """A commit status of Bitbucket Cloud; the token is `user:password`."""
    token = need_token(notice.to, "bitbucket token")
    found = repository(notice.to.address)
    user, colon, password = token.partition(":")
    if not colon or ":" in password:
        raise SetupError("invalid token format, expected to be <user>:<password>")
    owner, name = found.parts(2)
    event = notice.event
    if event.reason == PROGRESSING:
        return
    host = "https://api.bitbucket.org" if urlsplit(found.host).netloc == "bitbucket.org" else found.host
    commit, key = _commit(event), _short(notice.status_id)
    url = f"{host}/2.0/repositories/{owner}/{name}/commit/{commit}/statuses/build"
    headers = basic(user, password)
    answer = yield Call(
        url=f"{url}/{key}", method="GET", headers=headers, what="could not get commit status", accepts=(MISSING,)
    )
    status = {
        "key": key, "state": _state(event, "SUCCESSFUL", "FAILED"), "name": _name(event),
        "description": words(event.reason), "url": "https://bitbucket.org",
    }  # fmt: skip
    if not _is_same(answer, status, ("state", "description")):
        yield post(url, status, headers, what=_CREATE)


def bitbucketserver(notice: Notice) -> Sending:
    """A build status of Bitbucket Server; the address is that of `git clone` by HTTP."""
    to, event = notice.to, notice.event
    base = _bitbucket_commits(to.address)
    if not to.token and not (to.username and to.password):
        raise SetupError("invalid credentials, expected to be one of username/password or API Token")
    if event.reason == PROGRESSING:
        return
    url, key = f"{base}/{_commit(event)}/builds", _short(notice.status_id)
    credentials = bearer(to.token) if to.token else basic(to.username, to.password)
    headers = {**credentials, "x-atlassian-token": "no-check", "x-requested-with": "XMLHttpRequest"}
    what = "could not get existing commit status"
    answer = yield Call(url=f"{url}?key={key}", method="GET", headers=headers, what=what, accepts=(MISSING,))
    description = words(event.reason)
    status = {
        "description": description, "key": key, "name": f"{_name(event)} [{description}]",
        "state": _state(event, "SUCCESSFUL", "FAILED"), "url": to.address,
    }  # fmt: skip
    if not _is_same(answer, status, ("key", "state", "description", "name")):
        yield post(url, status, headers, what="could not post build status")


def _bitbucket_commits(address: str) -> str:
    """Where the commits of a Bitbucket Server's repository are. Raises: SetupError."""
    parts = urlsplit(address)
    front, found, path = parts.path.removesuffix(".git").rpartition("/scm/")
    names = path.split("/")
    if parts.scheme not in ("http", "https") or not found or len(names) != 2:
        raise SetupError("could not parse git address: supplied provider address is not http(s) git clone url")
    host = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"
    return f"{host}{front}/rest/api/latest/projects/{quote(names[0])}/repos/{quote(names[1])}/commits"


def _commit(event: Event) -> str:
    """The commit that an event is about. Raises: PostError."""
    text = next((event.metadata[name] for name in REVISION_KEYS if event.metadata.get(name)), None)
    if text is None:
        raise PostError("missing revision metadata")
    commit = text.rpartition("@")[2].rpartition(":")[2].rpartition("/")[2]
    if not commit.isalnum():
        raise PostError(f"failed to extract commit from revision '{text}'")
    return commit


def _state(event: Event, good: str, bad: str) -> str:
    """The state for a severity. Raises: PostError."""
    if event.severity not in (ERROR, INFO):
        raise PostError("can't convert to a commit state")
    return bad if event.is_error else good


def _name(event: Event) -> str:
    summary = event.metadata.get("summary")
    front = f"{summary}/" if summary is not None else ""
    return f"{front}{event.kind}/{event.name}".lower()


def _short(text: str) -> str:
    return hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()  # at most 40 characters are allowed


def _entries(answer: Answer, below: str = "") -> list[dict[str, Any]]:
    found = decoded(answer)
    if below:
        found = found.get(below) if isinstance(found, dict) else None
    return [entry for entry in found if isinstance(entry, dict)] if isinstance(found, list) else []


def _texts(entry: Mapping[str, Any]) -> dict[str, str]:
    return {name: value for name, value in entry.items() if isinstance(value, str)}


def _is_latest(entries: list[dict[str, Any]], status: Mapping[str, Any], by: str) -> bool:
    """Whether the newest entry with the status's id says the same."""
    latest = next((entry for entry in entries if entry.get(by) == status[by]), None)
    return latest is not None and all(latest.get(name) == status[name] for name in ("state", "description"))


def _is_same(answer: Answer, status: Mapping[str, Any], names: tuple[str, ...]) -> bool:
    if answer.status == MISSING:
        return False
    found = decoded(answer)
    return isinstance(found, dict) and all(found.get(name) == status[name] for name in names)
