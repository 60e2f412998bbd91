"""Which sender serves which type of Provider, and which events it is for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from applier.agent.notification import change_requests, chat, commit_status, forwarding, paging
from applier.agent.notification.metadata import CHANGE_REQUEST, COMMIT, is_status_update

if TYPE_CHECKING:
    from collections.abc import Mapping

    from applier.agent.notification.event import Event
    from applier.agent.notification.sending import Sender

COMMIT_STATUS_TYPES = frozenset({"github", "gitlab", "gitea", "azuredevops", "bitbucket", "bitbucketserver"})
CHANGE_REQUEST_TYPES = frozenset({"githubpullrequestcomment", "gitlabmergerequestcomment", "giteapullrequestcomment"})
GENERIC_TYPES = frozenset({"generic", "generic-hmac"})
WITHOUT_ADDRESS = frozenset({"telegram"})
# Types of Flux whose protocols need libraries of their vendors; a Provider of them is refused when it is used.
UNSUPPORTED_TYPES = frozenset({"azureeventhub", "googlepubsub", "nats", "otel"})


def sender_of(kind: str) -> Sender | None:
    """The sender of a type of Provider, None for one that is not supported."""
    return _senders().get(kind)


def _senders() -> Mapping[str, Sender]:
    return {
        "generic": forwarding.generic,
        "generic-hmac": forwarding.generic_hmac,
        "githubdispatch": forwarding.github_dispatch,
        "slack": chat.slack,
        "discord": chat.discord,
        "rocket": chat.rocket,
        "msteams": chat.msteams,
        "googlechat": chat.googlechat,
        "lark": chat.lark,
        "matrix": chat.matrix,
        "webex": chat.webex,
        "telegram": chat.telegram,
        "zulip": chat.zulip,
        "zoom": chat.zoom,
        "mastodon": chat.mastodon,
        "pagerduty": paging.pagerduty,
        "opsgenie": paging.opsgenie,
        "alertmanager": paging.alertmanager,
        "grafana": paging.grafana,
        "datadog": paging.datadog,
        "incident.io": paging.incident_io,
        "sentry": paging.sentry,
        "github": commit_status.github,
        "gitlab": commit_status.gitlab,
        "gitea": commit_status.gitea,
        "azuredevops": commit_status.azuredevops,
        "bitbucket": commit_status.bitbucket,
        "bitbucketserver": commit_status.bitbucketserver,
        "githubpullrequestcomment": change_requests.github_comment,
        "gitlabmergerequestcomment": change_requests.gitlab_comment,
        "giteapullrequestcomment": change_requests.gitea_comment,
    }


def is_for(kind: str, event: Event) -> bool:
    """Whether a type of Provider is told an event at all: statuses of commits are not for chats, and the other way round."""
    if kind in COMMIT_STATUS_TYPES:
        return COMMIT in event.metadata or is_status_update(event) or event.is_error
    if kind in CHANGE_REQUEST_TYPES:
        return CHANGE_REQUEST in event.metadata and not is_status_update(event)
    return kind in GENERIC_TYPES or not is_status_update(event)
