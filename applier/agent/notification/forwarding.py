"""Senders that pass on the event itself: generic, generic-hmac, githubdispatch.

Source: notification-controller's forwarder, as recorded.
"""

from __future__ import annotations

import hashlib
import hmac
from typing import TYPE_CHECKING

from applier.agent.notification.event import encoded
from applier.agent.notification.github import github_api
from applier.agent.notification.sending import JSON, Call, checked, post

if TYPE_CHECKING:
    from applier.agent.notification.sending import Notice, Sending


def generic(notice: Notice) -> Sending:
    """The event as JSON, with the Secret's headers."""
    yield _forward(notice, {})


def generic_hmac(notice: Notice) -> Sending:
    """The same, signed with the token."""
    body = encoded(notice.event.document())
    signature = hmac.new(notice.to.token.encode(), body, hashlib.sha256).hexdigest()
    yield _forward(notice, {"X-Signature": f"sha256={signature}"})


def _forward(notice: Notice, more: dict[str, str]) -> Call:
    headers = {"Content-Type": JSON, "Gotk-Component": notice.event.controller, **more, **notice.to.headers}
    body = encoded(notice.event.document())
    return Call(url=checked(notice.to.address, "hook"), headers=headers, body=body)


def github_dispatch(notice: Notice) -> Sending:
    """A `repository_dispatch` event with the event in it."""
    api = github_api(notice.to)
    event = notice.event
    payload = {"event_type": f"{event.kind}/{event.name}.{event.namespace}", "client_payload": event.document()}
    yield post(f"{api.url}/dispatches", payload, api.headers, what="failed to dispatch")
