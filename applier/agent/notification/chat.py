"""Senders for chats: a message with the object, what happened to it, and the metadata, in each vendor's form.

Source: notification-controller's notifiers, as recorded (slack, discord, rocket, msteams, googlechat, lark, matrix) or
read in their sources (webex, telegram, zulip, zoom, mastodon). Metadata is in the order of its keys, where Flux shuffles it.
"""

from __future__ import annotations

import hashlib
import json
import posixpath
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlencode, urlsplit, urlunsplit

from applier.agent.notification.event import encoded
from applier.agent.notification.markdown import status_text
from applier.agent.notification.sending import Call, PostError, SetupError, basic, bearer, checked, post

if TYPE_CHECKING:
    from applier.agent.notification.event import Event
    from applier.agent.notification.sending import Notice, Sending

SLACK_API = "https://slack.com/api/chat.postMessage"
TELEGRAM_API = "https://api.telegram.org"
STATUSES_PATH, STATUS_LENGTH = "/api/v1/statuses", 500
_SCHEMA = "http://adaptivecards.io/schemas/adaptive-card.json"


def slack(notice: Notice) -> Sending:
    """A message of Slack, by webhook or, with a token, by its API."""
    to, event = notice.to, notice.event
    first = event.message.partition("\n")[0]
    payload = _attachment(notice, "danger" if event.is_error else "good", f"{event.label}: {first}")
    payload |= {"channel": to.channel, "username": to.username or event.controller}
    answer = yield post(checked(to.address, "Slack hook"), payload, bearer(to.token))
    if to.address == SLACK_API:
        _check_slack(answer.body)


def _check_slack(body: bytes) -> None:
    """Slack's API tells failures with status 200. Raises: PostError."""
    try:
        found = json.loads(body)
    except ValueError:
        raise PostError("failed to decode the Slack response") from None
    if isinstance(found, dict) and not found.get("ok"):
        raise PostError(f"Slack responded with error: {found.get('error', '')}")


def discord(notice: Notice) -> Sending:
    """A message of Discord, in Slack's form."""
    to, event = notice.to, notice.event
    parts = urlsplit(checked(to.address, "Discord hook"))
    if not to.address.endswith("/slack"):
        parts = parts._replace(path=posixpath.join(parts.path or "/", "slack"))
    payload = _attachment(notice, "danger" if event.is_error else "good", "")
    yield post(urlunsplit(parts), payload | {"username": to.username or event.controller})


def rocket(notice: Notice) -> Sending:
    """A message of Rocket.Chat, in Slack's form."""
    to = notice.to
    payload = _attachment(notice, "#FF0000" if notice.event.is_error else "#0076D7", "")
    yield post(checked(to.address, "Rocket hook"), payload | {"channel": to.channel, "username": to.username})


def _attachment(notice: Notice, color: str, fallback: str) -> dict[str, Any]:
    attachment = {
        "fallback": fallback,
        "color": color,
        "author_name": notice.event.label,
        "text": notice.event.message,
        "mrkdwn_in": ["text"],
        "fields": [{"title": name, "value": value, "short": False} for name, value in notice.facts],
    }
    return {"channel": "", "username": "", "icon_url": "", "icon_emoji": "", "attachments": [attachment]}


def msteams(notice: Notice) -> Sending:
    """A card of Microsoft Teams: adaptive, or for old connectors a message card."""
    address = checked(notice.to.address, "MS Teams webhook")
    is_old = (urlsplit(address).hostname or "").endswith(".webhook.office.com")
    yield post(address, _message_card(notice) if is_old else _adaptive_card(notice))


def _message_card(notice: Notice) -> dict[str, Any]:
    event = notice.event
    facts = [{"name": name, "value": value} for name, value in notice.facts]
    return {
        "@type": "MessageCard",
        "@context": "http://schema.org/extensions",
        "themeColor": "FF0000" if event.is_error else "0076D7",
        "summary": event.label,
        "sections": [{"activityTitle": event.message, "activitySubtitle": event.label, "facts": facts}],
    }


def _adaptive_card(notice: Notice) -> dict[str, Any]:
    event = notice.event
    facts = sorted(notice.facts, key=lambda fact: (fact[0] != "summary", fact[0]))
    color = {"color": "attention"} if event.is_error else {}
    items: list[dict[str, Any]] = [
        {"type": "TextBlock", "text": event.label, "size": "large", "weight": "bolder", "wrap": True},
        {"type": "TextBlock", **({"text": event.message} if event.message else {}), **color, "wrap": True},
        {"type": "FactSet", **({"facts": [{"title": one, "value": value} for one, value in facts]} if facts else {})},
    ]
    content = {
        "$schema": _SCHEMA, "type": "AdaptiveCard", "version": "1.4", "body": [{"type": "Container", "items": items}],
        "msteams": {"width": "Full"},
    }  # fmt: skip
    kind = "application/vnd.microsoft.card.adaptive"
    return {"type": "message", "attachments": [{"contentType": kind, "content": content}]}


def googlechat(notice: Notice) -> Sending:
    """A card of Google Chat."""
    event = notice.event
    text = f'<font color="#ff0000">{event.message}</font>' if event.is_error else event.message
    sections = [{"header": "", "widgets": [{"textParagraph": {"text": text}, "keyValue": None}]}]
    if notice.facts:
        widgets = [
            {
                "textParagraph": None,
                "keyValue": {
                    "topLabel": name, "content": value, "contentMultiline": False, "bottomLabel": None, "icon": None,
                },
            }
            for name, value in notice.facts
        ]  # fmt: skip
        sections.append({"header": "", "widgets": widgets})
    header = {"title": event.label, "subtitle": event.controller, "imageUrl": None, "imageStyle": None}
    yield post(checked(notice.to.address, "Google Chat hook"), {"cards": [{"header": header, "sections": sections}]})


def lark(notice: Notice) -> Sending:
    """A card of Lark."""
    event = notice.event
    lines = "".join(f"{name}: {value}\n" for name, value in notice.facts)
    card = {
        "config": {"wide_screen_mode": True},
        "header": {
            "title": {"tag": "plain_text", "content": f"{_emoji(event)} {event.label}"},
            "template": "red" if event.is_error else "turquoise",
        },
        "elements": [{"tag": "div", "text": {"tag": "lark_md", "content": f"**{event.message}**\n\n{lines}"}}],
    }
    yield post(checked(notice.to.address, "Lark hook"), {"msg_type": "interactive", "card": card})


def matrix(notice: Notice) -> Sending:
    """A message of Matrix; the same event has the same transaction, so that a repetition shows once."""
    to, event = notice.to, notice.event
    transaction = hashlib.sha1(encoded(event.document()), usedforsecurity=False).hexdigest()
    address = checked(to.address, "Matrix homeserver")
    url = f"{address}/_matrix/client/r0/rooms/{to.channel}/send/m.room.message/{transaction}"
    lines = "".join(f"- {name}: {value}\n" for name, value in notice.facts)
    text = f"{_emoji(event)} {event.label}\n{event.message}\n{lines}"
    yield post(url, {"body": text, "msgtype": "m.text"}, bearer(to.token), method="PUT")


def webex(notice: Notice) -> Sending:
    """A message of Webex; the channel is the id of the room."""
    to, event = notice.to, notice.event
    lines = "".join(f">**{name}**: {value}\n" for name, value in notice.facts)
    text = f"{'💣' if event.is_error else '✅'} **{event.label}**\n{event.message}\n{lines}"
    payload = {"roomId": to.channel, "markdown": text} if to.channel else {"markdown": text}
    yield post(checked(to.address, "Webex hook"), payload, {"Authorization": f"Bearer {to.token}"})


def telegram(notice: Notice) -> Sending:
    """A message of Telegram; the channel is the chat, with `:` and the number of a topic where there is one.

    Flux knows one server only; an address given here stands for another.
    """
    to, event = notice.to, notice.event
    if not to.channel or not to.token:
        raise SetupError("empty Telegram channel" if not to.channel else "empty Telegram token")
    chat, has_topic, topic = to.channel.partition(":")
    heading = f"{_emoji(event)} {event.kind.lower()}/{event.name}/{event.namespace}"
    lines = "".join(f"\\- *{_escaped(name)}*: {_escaped(value)}\n" for name, value in notice.facts)
    text = f"*{_escaped(heading)}*\n{_escaped(event.message)}\n{lines}"
    more = {"message_thread_id": topic} if has_topic and topic else {}
    url = f"{(to.address or TELEGRAM_API).rstrip('/')}/bot{to.token}/sendMessage"
    yield post(url, {"chat_id": chat, **more, "text": text, "parse_mode": "MarkdownV2"})


def _escaped(text: str) -> str:
    return "".join(f"\\{char}" if char in "\\.-_[]()~>`#+=|{}!*" else char for char in text)


def zulip(notice: Notice) -> Sending:
    """A message of Zulip; the channel is `channel/topic`."""
    to = notice.to
    channel, _, topic = to.channel.partition("/")
    if not channel or not topic:
        raise SetupError(f"invalid Zulip channel format, expected <channel>/<topic>, got '{to.channel}'")
    parts = urlsplit(checked(to.address, "Zulip endpoint"))
    fields = {"content": status_text(notice.event), "to": channel, "topic": topic, "type": "stream"}
    headers = {"Content-Type": "application/x-www-form-urlencoded", **basic(to.username, to.password)}
    url = urlunsplit(parts._replace(path="/api/v1/messages"))
    yield Call(url=url, headers=headers, body=urlencode(fields).encode())


def zoom(notice: Notice) -> Sending:
    """A message of Zoom's team chat."""
    to, event = notice.to, notice.event
    parts = urlsplit(checked(to.address, "Zoom incoming webhook"))
    if not to.token:
        raise SetupError("empty Zoom verification token")
    if not parse_qs(parts.query).get("format"):
        parts = parts._replace(query="&".join(filter(None, [parts.query, "format=full"])))
    body: list[dict[str, Any]] = [{"type": "message", "text": event.message}]
    if notice.facts:
        body.append({"type": "fields", "items": [{"key": name, "value": value} for name, value in notice.facts]})
    head = {"text": event.label, "sub_head": {"text": event.severity}}
    yield post(urlunsplit(parts), {"content": {"head": head, "body": body}}, {"Authorization": to.token})


def mastodon(notice: Notice) -> Sending:
    """A status of Mastodon; the event's key keeps a repetition from showing twice."""
    to, event = notice.to, notice.event
    parts = urlsplit(checked(to.address, "Mastodon server"))
    token = to.token
    if not token:
        raise SetupError("empty Mastodon access token")
    path = parts.path.removesuffix("/")
    parts = parts._replace(path=path if path.endswith(STATUSES_PATH) else path + STATUSES_PATH)
    lines = "".join(f"{name}: {value}\n" for name, value in notice.facts)
    text = f"{_emoji(event)} {event.label}\n{event.message}\n\n{lines}".strip()
    if len(text) > STATUS_LENGTH:
        text = text[: STATUS_LENGTH - 1] + "…"
    yield post(urlunsplit(parts), {"status": text}, {"Idempotency-Key": event.key(), **bearer(token)})


def _emoji(event: Event) -> str:
    return "🚨" if event.is_error else "💫"
