"""Senders that comment on a pull or merge request: one comment for each object, changed in place.

Source: notification-controller's notifiers, read in their sources. Only comments of the own user are changed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from applier.agent.notification.commit_status import gitea_api
from applier.agent.notification.github import github_api
from applier.agent.notification.markdown import status_text
from applier.agent.notification.sending import Call, PostError, decoded, need_token, post, repository

if TYPE_CHECKING:
    from collections.abc import Mapping

    from applier.agent.notification.sending import Notice, Sending


@dataclass(frozen=True, slots=True, kw_only=True)
class _Forge:
    """How one forge's comments are read and written. Shape: `author` and `login` name the user's fields."""

    user: str
    login: str
    author: str
    comments: str
    query: str
    update: str
    update_method: str
    headers: Mapping[str, str]
    key: str = "flux-pr-comment-key"


def github_comment(notice: Notice) -> Sending:
    """A comment on a pull request of GitHub."""
    api = github_api(notice.to)
    comments = f"{api.url}/issues/{_number(notice)}/comments"
    yield from _comment(
        notice,
        _Forge(
            user=f"{api.root}/user", login="login", author="user", comments=comments,
            query="sort=created&direction=asc&per_page=100", update=f"{api.url}/issues/comments", update_method="PATCH",
            headers=api.headers,
        ),
    )  # fmt: skip


def gitea_comment(notice: Notice) -> Sending:
    """A comment on a pull request of Gitea."""
    api, headers = gitea_api(notice.to)
    root, _, _ = api.partition("/repos/")
    yield from _comment(
        notice,
        _Forge(
            user=f"{root}/user", login="login", author="user", comments=f"{api}/issues/{_number(notice)}/comments",
            query="limit=100&page=1", update=f"{api}/issues/comments", update_method="PATCH", headers=headers,
        ),
    )  # fmt: skip


def gitlab_comment(notice: Notice) -> Sending:
    """A note on a merge request of GitLab."""
    token = need_token(notice.to, "gitlab token")
    found = repository(notice.to.address)
    notes = f"{found.host}/api/v4/projects/{found.quoted_id}/merge_requests/{_number(notice)}/notes"
    yield from _comment(
        notice,
        _Forge(
            user=f"{found.host}/api/v4/user", login="username", author="author", comments=notes,
            query="order_by=created_at&per_page=100&sort=asc", update=notes, update_method="PUT",
            headers={"Accept": "application/json", "Private-Token": token}, key="flux-mr-comment-key",
        ),
    )  # fmt: skip


def _number(notice: Notice) -> str:
    """The number of the change request. Raises: PostError."""
    text = notice.event.metadata.get("change_request")
    if text is None:
        raise PostError('missing "change_request" metadata key')
    if not text.isdigit():
        raise PostError(f'invalid "change_request" metadata value "{text}"')
    return text


def _comment(notice: Notice, forge: _Forge) -> Sending:
    event = notice.event
    marker = f"<!-- {forge.key}:{notice.to.uid}/{event.kind}/{event.namespace}/{event.name} -->"
    payload = {"body": f"{marker}\n\n{status_text(event)}"}
    user = decoded(
        (yield Call(url=forge.user, method="GET", headers=forge.headers, what="failed to get authenticated user info"))
    )
    own = user.get(forge.login) if isinstance(user, dict) else None
    url = f"{forge.comments}?{forge.query}"
    found = decoded((yield Call(url=url, method="GET", headers=forge.headers, what="failed to list comments")))
    entries = [entry for entry in found if isinstance(entry, dict)] if isinstance(found, list) else []
    for entry in entries:
        author = entry.get(forge.author) or {}
        if own and author.get(forge.login) == own and marker in str(entry.get("body")):
            where, method, what = f"{forge.update}/{entry.get('id')}", forge.update_method, "failed to update comment"
            yield post(where, payload, forge.headers, method=method, what=what)
            return
    yield post(forge.comments, payload, forge.headers, what="failed to create comment")
