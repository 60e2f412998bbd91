"""What each type of Provider is sent: against the requests that Flux's controllers were recorded with, and by rule.

The recordings are beside the checkout where there are any (KBUILD_FLUX_SAMPLES names another place).
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import pytest

from applier.agent.install.notification_kinds import PROVIDER_TYPES
from applier.agent.notification import event as events
from applier.agent.notification.commit_status import default_id
from applier.agent.notification.event import Event
from applier.agent.notification.markdown import words
from applier.agent.notification.senders import UNSUPPORTED_TYPES, sender_of
from applier.agent.notification.sending import Call, Destination, Notice, PostError, SetupError
from applier.agent.runtime.fetching import Answer

SAMPLES = (
    Path(os.environ.get("KBUILD_FLUX_SAMPLES") or Path(__file__).parents[4] / "shared" / "flux-samples") / "webhooks"
)
COMMIT = "8dd76f8dc4c29bd53828c1e0c4ba5abdf5d2a725"
EMPTY = Answer(200, {}, b"[]")
needs_samples = pytest.mark.skipif(not SAMPLES.is_dir(), reason="Flux's recorded requests are not beside the checkout")


def event(**changes: Any) -> Event:
    fields: dict[str, Any] = {
        "involved": {
            "kind": "Kustomization", "namespace": "flux-system", "name": "slow", "uid": "0b-1",
            "apiVersion": "kustomize.toolkit.fluxcd.io/v1", "resourceVersion": "1",
        },
        "severity": "error", "timestamp": "2026-01-01T00:00:00Z", "message": "it <failed>\nbadly", "reason": "HealthCheckFailed",
        "metadata": {"revision": f"main@sha1:{COMMIT}", "cluster": "staging"}, "controller": "kustomize-controller",
        "instance": "pod",
    }  # fmt: skip
    return Event(**{**fields, **changes})


def calls(notice: Notice, answers: Sequence[Answer] = ()) -> list[Call]:
    """Every request of a sender that is given these answers, then empty ones."""
    sender = sender_of(notice.to.type)
    assert sender is not None
    sending, found, left = sender(notice), [], [*answers]
    call = next(sending, None)
    while call is not None:
        found.append(call)
        try:
            call = sending.send(left.pop(0) if left else EMPTY)
        except StopIteration:
            break
    return found


def sent(kind: str, told: Event, answers: Sequence[Answer] = (), status_id: str = "", **to: Any) -> list[Call]:
    address = {"address": f"https://{kind.replace('.', '')}.example.test/hook"}
    destination = Destination(**{"type": kind, "uid": "c85d8482-1", **address, **to})
    return calls(Notice(event=told, to=destination, status_id=status_id), answers)


def body(call: Call) -> Any:
    assert call.body is not None
    return json.loads(call.body)


def payload(kind: str, told: Event, **to: Any) -> Any:
    (call,) = sent(kind, told, **to)
    assert call.method in ("POST", "PUT")
    return body(call)


# As recorded: type, file, and how the Provider was set up.
RECORDED = [
    ("slack", "slack", {"channel": "deploys", "address": "http://h.example.test/slack"}),
    ("slack", "slack-api", {"channel": "deploys", "username": "fluxbot", "token": "xoxb-1", "address": "http://h.example.test/api/chat.postMessage"}),
    ("discord", "discord", {"channel": "deploys", "username": "fluxbot", "address": "http://h.example.test/discord"}),
    ("rocket", "rocket", {"channel": "deploys", "address": "http://h.example.test/rocket"}),
    ("msteams", "msteams", {"address": "http://h.example.test/msteams"}),
    ("googlechat", "googlechat", {"address": "http://h.example.test/gchat"}),
    ("lark", "lark", {"address": "http://h.example.test/lark"}),
    ("matrix", "matrix", {"channel": "!r:x", "token": "topsecret", "address": "http://h.example.test"}),
    ("alertmanager", "alertmanager", {"address": "http://h.example.test/am"}),
    ("generic", "generic", {"headers": {"Authorization": "Bearer abc", "X-Env": "staging"}, "address": "http://h.example.test/generic"}),
    ("githubdispatch", "githubdispatch", {"token": "ghp_faketoken", "address": "http://h.example.test/acme/shop"}),
]  # fmt: skip


def recorded_event(name: str, with_summary: bool) -> Event:
    """The event that the recordings tell, as the generic recording has it."""
    found = json.loads((SAMPLES / f"generic.{name}.json").read_text())["body"]
    if with_summary:
        found["metadata"]["summary"] = "shop in staging"
    return events.of(found)


def unordered(value: Any) -> Any:
    """Flux shuffles metadata: lists of fields count as sets, and so do the lines of the texts that have them."""
    if isinstance(value, dict):
        return {name: unordered(one) for name, one in value.items()}
    if isinstance(value, list):
        return sorted((unordered(one) for one in value), key=lambda one: json.dumps(one, sort_keys=True))
    return sorted(value.split("\n")) if isinstance(value, str) else value


@needs_samples
@pytest.mark.parametrize("severity", ["info", "error"])
@pytest.mark.parametrize(("kind", "file", "setup"), RECORDED, ids=[file for _, file, _ in RECORDED])
def test_the_request_is_the_recorded_one(kind: str, file: str, setup: dict[str, Any], severity: str) -> None:
    sample = json.loads((SAMPLES / f"{file}.{severity}.json").read_text())
    with_summary = "shop in staging" in json.dumps(sample["body"])
    (call,) = sent(kind, recorded_event(severity, with_summary), **setup)
    assert call.method == sample["method"]
    path = urlsplit(call.url).path
    if kind == "matrix":  # the last part stands for the event, whose uid the recording has not
        path, sample["path"] = path.rpartition("/")[0], sample["path"].rpartition("/")[0]
    assert path == sample["path"]
    headers = {name.title(): value for name, value in call.headers.items()}
    assert headers == {name.title(): value for name, value in sample["headers"].items() if name != "User-Agent"}
    assert unordered(body(call)) == unordered(sample["body"])


@needs_samples
def test_the_recorded_signature_is_that_of_the_body() -> None:
    vector = json.loads((SAMPLES / "generic-hmac.vector.json").read_text())
    (call,) = sent("generic-hmac", events.read(vector["body"].encode()), token=vector["token"])
    assert call.body == vector["body"].encode()
    assert call.headers["X-Signature"] == vector["X-Signature"]


@needs_samples
@pytest.mark.parametrize("severity", ["info", "error"])
def test_commit_status_of_github_as_recorded(severity: str) -> None:
    listed = json.loads((SAMPLES / "github-list.info.json").read_text())
    sample = json.loads((SAMPLES / f"github.{severity}.json").read_text())
    told = recorded_event(severity, with_summary=False)
    commit = sample["path"].rpartition("/")[2]
    reason = "ReconciliationSucceeded" if severity == "info" else told.reason
    told = event(involved=told.involved, severity=severity, reason=reason, metadata={"revision": f"main@sha1:{commit}"})
    first, second = sent(
        "github", told, token="ghp_faketoken", address="http://h.example.test/acme/shop",
        status_id=default_id(told, "c85d8482-7788-413a"),
    )  # fmt: skip
    assert (first.method, second.method) == ("GET", "POST")
    assert urlsplit(first.url).path.rpartition("/commits/")[0] == listed["path"].rpartition("/commits/")[0]
    assert urlsplit(first.url).query == urlsplit(listed["path"]).query
    assert urlsplit(second.url).path == sample["path"]
    assert body(second) == sample["body"]
    wanted = {name.title(): value for name, value in sample["headers"].items() if name != "User-Agent"}
    assert {name.title(): value for name, value in second.headers.items()} == wanted


@needs_samples
@pytest.mark.parametrize("kind", ["gitlab", "gitea"])
def test_commit_statuses_of_other_forges_as_recorded(kind: str) -> None:
    samples = json.loads((SAMPLES / f"{kind}.sequence.json").read_text())
    commit = unquote(samples[-1]["path"]).rpartition("/")[2]
    uid = (samples[-1]["body"].get("context") or samples[-1]["body"]["name"]).rpartition("/")[2]
    told = event(
        involved={**event().involved, "name": "nokfile"}, severity="info", reason="ReconciliationSucceeded",
        metadata={"revision": f"main@sha1:{commit}"},
    )  # fmt: skip
    found = sent(
        kind,
        told,
        token="ghp_faketoken",
        address="http://h.example.test/acme/shop.git",
        status_id=default_id(told, f"{uid}-1"),
    )
    assert [(call.method, call.url.removeprefix("http://h.example.test")) for call in found] == [
        (sample["method"], sample["path"]) for sample in samples
    ]
    assert body(found[-1]) == samples[-1]["body"]


def test_the_event_itself_is_written_as_go_writes_it() -> None:
    (call,) = sent("generic-hmac", event(message='a <b> & "c" \u2028 ö'), token="key")
    assert call.body is not None
    assert b'"message":"a \\u003cb\\u003e \\u0026 \\"c\\" \\u2028 \xc3\xb6","reason"' in call.body
    assert call.headers["X-Signature"] == "sha256=" + hmac.new(b"key", call.body, hashlib.sha256).hexdigest()
    assert call.headers["Gotk-Component"] == "kustomize-controller"
    assert list(body(call)) == [
        "involvedObject", "severity", "timestamp", "message", "reason", "metadata", "reportingController", "reportingInstance",
    ]  # fmt: skip


LABEL = "kustomization/slow.flux-system"
FIELDS = [
    {"title": "cluster", "value": "staging", "short": False},
    {"title": "revision", "value": f"main@sha1:{COMMIT}", "short": False},
]


@pytest.mark.parametrize(
    ("kind", "to", "url", "front", "color", "fallback"),
    [
        ("slack", {}, "/hook", {"channel": "c", "username": "kustomize-controller"}, "danger", f"{LABEL}: it <failed>"),
        ("slack", {"username": "me"}, "/hook", {"channel": "c", "username": "me"}, "danger", f"{LABEL}: it <failed>"),
        ("discord", {}, "/hook/slack", {"channel": "", "username": "kustomize-controller"}, "danger", ""),
        ("discord", {"address": "https://discord.example.test/x/slack"}, "/x/slack", {"channel": "", "username": "kustomize-controller"}, "danger", ""),
        ("rocket", {}, "/hook", {"channel": "c", "username": ""}, "#FF0000", ""),
    ],
)  # fmt: skip
def test_chats_in_the_form_of_slack(
    kind: str, to: dict[str, Any], url: str, front: dict[str, str], color: str, fallback: str
) -> None:
    (call,) = sent(kind, event(), channel="c", **to)
    assert urlsplit(call.url).path == url
    attachment = {
        "fallback": fallback, "color": color, "author_name": LABEL, "text": "it <failed>\nbadly", "mrkdwn_in": ["text"],
        "fields": FIELDS,
    }  # fmt: skip
    assert body(call) == {**front, "icon_url": "", "icon_emoji": "", "attachments": [attachment]}


def test_teams_get_an_adaptive_card_with_the_summary_first() -> None:
    told = event(severity="info", metadata={"a": "1", "summary": "s", "z": "2"})
    content = payload("msteams", told)["attachments"][0]["content"]
    title, text, facts = content["body"][0]["items"]
    assert title == {"type": "TextBlock", "text": LABEL, "size": "large", "weight": "bolder", "wrap": True}
    assert text == {"type": "TextBlock", "text": "it <failed>\nbadly", "wrap": True}
    assert [fact["title"] for fact in facts["facts"]] == ["summary", "a", "z"]
    assert payload("msteams", event())["attachments"][0]["content"]["body"][0]["items"][1]["color"] == "attention"


def test_google_chat_lark_and_matrix() -> None:
    card = payload("googlechat", event())["cards"][0]
    assert (card["header"]["title"], card["header"]["subtitle"]) == (LABEL, "kustomize-controller")
    assert (
        card["sections"][0]["widgets"][0]["textParagraph"]["text"] == '<font color="#ff0000">it <failed>\nbadly</font>'
    )
    assert [widget["keyValue"]["topLabel"] for widget in card["sections"][1]["widgets"]] == ["cluster", "revision"]
    assert len(payload("googlechat", event(metadata={}))["cards"][0]["sections"]) == 1
    card = payload("lark", event(severity="info"))["card"]
    assert card["header"] == {"title": {"tag": "plain_text", "content": f"💫 {LABEL}"}, "template": "turquoise"}
    lines = f"cluster: staging\nrevision: main@sha1:{COMMIT}\n"
    assert card["elements"][0]["text"]["content"] == f"**it <failed>\nbadly**\n\n{lines}"
    one, same, other = (
        sent("matrix", told, token="t", channel="!r:x")[0] for told in (event(), event(), event(reason="R"))
    )
    assert one.method == "PUT"
    assert one.url.rpartition("/")[0].endswith("/hook/_matrix/client/r0/rooms/!r:x/send/m.room.message")
    assert one.url == same.url != other.url
    text = f"🚨 {LABEL}\nit <failed>\nbadly\n- cluster: staging\n- revision: main@sha1:{COMMIT}\n"
    assert body(one) == {"body": text, "msgtype": "m.text"}


def test_alertmanager_gets_labels_and_the_summary_as_an_annotation() -> None:
    (found,) = payload("alertmanager", event(metadata={"cluster": "staging", "summary": "s"}))
    assert found["labels"] == {
        "alertname": "FluxKustomizationHealthcheckfailed", "cluster": "staging", "kind": "Kustomization", "name": "slow",
        "namespace": "flux-system", "reason": "HealthCheckFailed", "reportingcontroller": "kustomize-controller", "severity": "error",
    }  # fmt: skip
    assert found["annotations"] == {"message": "it <failed>\nbadly", "summary": "s"}
    assert (found["status"], found["startsAt"], found["endsAt"]) == (
        "firing",
        "2026-01-01T00:00:00Z",
        "0001-01-01T00:00:00Z",
    )
    for to, header in (({"token": "t"}, "Bearer t"), ({"username": "u", "password": "p"}, "Basic dTpw"), ({}, None)):
        assert sent("alertmanager", event(), **to)[0].headers.get("Authorization") == header


def test_github_is_sent_a_dispatch_with_the_event() -> None:
    (call,) = sent("githubdispatch", event(), token="t", address="https://github.com/acme/shop.git")
    assert call.url == "https://api.github.com/repos/acme/shop/dispatches"
    assert body(call) == {"event_type": "Kustomization/slow.flux-system", "client_payload": event().document()}


def test_slacks_api_tells_failures_with_status_200() -> None:
    api = {"address": "https://slack.com/api/chat.postMessage", "token": "xoxb"}
    with pytest.raises(PostError, match="Slack responded with error: channel_not_found"):
        sent("slack", event(), [Answer(200, {}, b'{"ok":false,"error":"channel_not_found"}')], **api)
    assert len(sent("slack", event(), [Answer(200, {}, b'{"ok":true}')], **api)) == 1
    assert len(sent("slack", event(), [Answer(200, {}, b'{"ok":false}')])) == 1


def test_old_connectors_of_teams_get_a_message_card() -> None:
    found = payload("msteams", event(), address="https://acme.webhook.office.com:443/x")
    assert (found["@type"], found["themeColor"], found["summary"]) == (
        "MessageCard",
        "FF0000",
        "kustomization/slow.flux-system",
    )
    assert found["sections"][0]["facts"][0] == {"name": "cluster", "value": "staging"}


def test_telegram_escapes_its_signs_and_knows_topics() -> None:
    (call,) = sent(
        "telegram", event(message="a.b_c!", metadata={"k-1": "v"}), address="", channel="-100:7", token="1:a"
    )
    assert call.url == "https://api.telegram.org/bot1:a/sendMessage"
    assert body(call) == {
        "chat_id": "-100", "message_thread_id": "7", "parse_mode": "MarkdownV2",
        "text": "*🚨 kustomization/slow/flux\\-system*\na\\.b\\_c\\!\n\\- *k\\-1*: v\n",
    }  # fmt: skip


def test_webex() -> None:
    (call,) = sent("webex", event(severity="info", metadata={"a": "b"}), channel="room", token="t")
    assert call.headers["Authorization"] == "Bearer t"
    text = "✅ **kustomization/slow.flux-system**\nit <failed>\nbadly\n>**a**: b\n"
    assert body(call) == {"roomId": "room", "markdown": text}


def test_pagerduty_opens_an_incident_for_an_error_and_closes_it_with_a_change_otherwise() -> None:
    (incident,) = sent("pagerduty", event(), channel="key")
    assert incident.url == "https://pagerduty.example.test/v2/enqueue"
    assert body(incident) == {
        "routing_key": "key", "event_action": "trigger", "dedup_key": "0b-1",
        "payload": {
            "summary": "health check failed: kustomization/slow", "source": "Flux kustomize-controller", "severity": "error",
            "timestamp": "2026-01-01T00:00:00Z", "component": "slow", "group": "Kustomization",
            "custom_details": {"message": "it <failed>\nbadly", "metadata": dict(event().metadata)},
        },
    }  # fmt: skip
    end, change = sent("pagerduty", event(severity="info", reason="ReconciliationSucceeded"), channel="key")
    assert body(end) == {"routing_key": "key", "event_action": "resolve", "dedup_key": "0b-1"}
    assert change.url.endswith("/v2/change/enqueue")
    assert body(change)["payload"]["summary"] == "reconciliation succeeded: kustomization/slow"
    assert sent("pagerduty", event(severity="info", reason="Progressing"), channel="key") == []


def test_opsgenie_grafana_datadog_and_incident_io() -> None:
    (call,) = sent("opsgenie", event(), token="k")
    assert call.headers["Authorization"] == "GenieKey k"
    assert body(call)["message"] == "Kustomization/slow"
    assert body(call)["details"]["severity"] == "error"
    found = payload("grafana", event(metadata={"a": "b:c"}))
    assert found == {
        "when": 1767225600, "text": "kustomization/slow.flux-system",
        "tags": ["flux", "kustomize-controller", "a: b|c", "kind: Kustomization", "name: slow", "namespace: flux-system"],
    }  # fmt: skip
    (call,) = sent("datadog", event(), token="k")
    assert (call.url, call.headers["DD-API-KEY"]) == ("https://datadog.example.test/api/v1/events", "k")
    assert body(call)["tags"][:2] == ["flux_reporting_controller:kustomize-controller", "flux_reason:healthcheckfailed"]
    found = payload("incident.io", event(), token="k")
    assert (found["status"], found["deduplication_key"]) == ("firing", "0b-1")
    assert found["metadata"]["reason"] == "HealthCheckFailed"


def test_sentry_gets_an_envelope_for_the_project_of_its_dsn() -> None:
    (call,) = sent("sentry", event(), address="https://public@sentry.example.test/base/42", channel="prod")
    assert call.url == "https://sentry.example.test/base/api/42/envelope/"
    assert "sentry_key=public" in call.headers["X-Sentry-Auth"]
    assert call.body is not None
    header, item, found = map(json.loads, call.body.decode().splitlines())
    assert header["event_id"] == found["event_id"]
    assert (item["type"], found["level"], found["environment"]) == ("event", "error", "prod")
    assert found["transaction"] == "Kustomization: flux-system/slow"
    (call,) = sent("sentry", event(**SUCCESS), address="https://public@sentry.example.test/42")
    header, item, found = map(json.loads, (call.body or b"").decode().splitlines())
    assert (item["type"], found["type"], found["tags"]["flux_reason"]) == (
        "transaction",
        "transaction",
        "ReconciliationSucceeded",
    )
    assert len(found["contexts"]["trace"]["span_id"]) == 16
    with pytest.raises(SetupError, match="invalid Sentry DSN"):
        sent("sentry", event(), address="https://sentry.example.test/42")


def test_zulip_zoom_and_mastodon() -> None:
    (call,) = sent("zulip", event(metadata={"a": "b"}), channel="ops/flux", username="bot", password="p")
    assert call.url == "https://zulip.example.test/api/v1/messages"
    assert call.headers["Authorization"] == "Basic " + base64.b64encode(b"bot:p").decode()
    fields = parse_qs((call.body or b"").decode())
    assert (fields["to"], fields["topic"]) == (["ops"], ["flux"])
    assert fields["content"][0].startswith("## Flux Status\n\n⚠️ Kustomization/flux-system/slow\n\n")
    (call,) = sent("zoom", event(), token="t")
    assert call.url.endswith("/hook?format=full")
    assert call.headers["Authorization"] == "t"
    assert body(call)["content"]["head"]["sub_head"] == {"text": "error"}
    (call,) = sent("mastodon", event(message="x" * 600), token="t")
    assert call.url.endswith("/hook/api/v1/statuses")
    assert len(body(call)["status"]) == 500
    assert call.headers["Idempotency-Key"] == event(message="x" * 600).key()


SUCCESS = {"severity": "info", "reason": "ReconciliationSucceeded"}
FORGES: dict[str, dict[str, Any]] = {
    "github": {"token": "t", "address": "https://github.com/acme/shop"},
    "gitlab": {"token": "t", "address": "git@gitlab.com:acme/sub/shop.git"},
    "gitea": {"token": "t", "address": "ssh://git@gitea.example.test/acme/shop.git"},
    "azuredevops": {"token": "t", "address": "https://dev.azure.com/org/proj/_git/shop"},
    "bitbucket": {"token": "u:p", "address": "https://bitbucket.org/acme/shop"},
    "bitbucketserver": {"token": "t", "address": "https://h.example.test/ctx/scm/proj/shop.git"},
}
URLS = {
    "github": f"https://api.github.com/repos/acme/shop/statuses/{COMMIT}",
    "gitlab": f"https://gitlab.com/api/v4/projects/acme%2Fsub%2Fshop/statuses/{COMMIT}",
    "gitea": f"https://gitea.example.test/api/v1/repos/acme/shop/statuses/{COMMIT}",
    "azuredevops": f"https://dev.azure.com/org/proj/_apis/git/repositories/shop/commits/{COMMIT}/statuses",
    "bitbucket": f"https://api.bitbucket.org/2.0/repositories/acme/shop/commit/{COMMIT}/statuses/build",
    "bitbucketserver": f"https://h.example.test/ctx/rest/api/latest/projects/proj/repos/shop/commits/{COMMIT}/builds",
}
STATES = {
    "github": ("success", "failure"), "gitlab": ("success", "failed"), "gitea": ("success", "failure"),
    "azuredevops": ("succeeded", "error"), "bitbucket": ("SUCCESSFUL", "FAILED"), "bitbucketserver": ("SUCCESSFUL", "FAILED"),
}  # fmt: skip


@pytest.mark.parametrize("kind", FORGES)
def test_a_commit_status_is_set_once_for_each_state_and_never_while_work_goes_on(kind: str) -> None:
    for state, changes in zip(STATES[kind], (SUCCESS, {}), strict=True):
        found = sent(kind, event(**changes), status_id="kustomization/slow/c85d8482", **FORGES[kind])
        assert (found[-1].method, found[-1].url) == ("POST", URLS[kind])
        status = body(found[-1])
        assert status["state"] == state
        assert status["description"] == words(event(**changes).reason)
        listed: Any = {**status, "status": status["state"], "sha": COMMIT}
        if kind == "azuredevops":
            listed = {"value": [{**listed, "id": 1}]}
        elif kind not in ("bitbucket", "bitbucketserver"):
            listed = [listed]
        same = [Answer(200, {}, json.dumps(listed).encode())] * len(found)
        again = sent(kind, event(**changes), same, status_id="kustomization/slow/c85d8482", **FORGES[kind])
        assert [call.method for call in again] == ["GET"] * (len(found) - 1)
    assert sent(kind, event(severity="info", reason="Progressing"), **FORGES[kind]) == []


def test_the_summary_makes_the_genre_of_azure_devops_its_own() -> None:
    told = event(metadata={**event().metadata, "summary": "east"})
    status = body(sent("azuredevops", told, status_id="x", **FORGES["azuredevops"])[-1])
    assert status["context"] == {"genre": "fluxcd:east", "name": "x"}


@pytest.mark.parametrize(
    ("metadata", "commit"),
    [
        ({"revision": "main@sha1:abc"}, "abc"), ({"revision": "main/abc"}, "abc"), ({"revision": "sha1:abc"}, "abc"),
        ({"revision": "main@sha1:abc", "originRevision": "main@sha1:def"}, "def"),
        ({"commit": "012", "originRevision": "main@sha1:def"}, "012"),
    ],
)  # fmt: skip
def test_the_commit_is_found_in_the_metadata(metadata: dict[str, str], commit: str) -> None:
    assert sent("github", event(metadata=metadata), **FORGES["github"])[-1].url.endswith(f"/statuses/{commit}")


def test_a_status_without_revision_is_refused() -> None:
    with pytest.raises(PostError, match="missing revision metadata"):
        sent("github", event(metadata={}), **FORGES["github"])


@pytest.mark.parametrize(
    ("kind", "to", "sentence"),
    [
        ("github", {"token": "t", "address": "https://github.com/onlyone"}, "invalid repository id 'onlyone'"),
        ("github", {"address": "https://github.com/a/b"}, "github token or github app details must be specified"),
        ("gitlab", {"address": "https://gitlab.com/a/b"}, "gitlab token cannot be empty"),
        ("azuredevops", {"token": "t", "address": "https://dev.azure.com/org/proj/shop"}, "invalid repository id"),
        ("bitbucket", {"token": "t", "address": "https://bitbucket.org/a/b"}, "invalid token format"),
        ("bitbucketserver", {"token": "t", "address": "https://h.example.test/a/b"}, "not http.s. git clone url"),
        ("bitbucketserver", {"address": "https://h.example.test/scm/a/b.git"}, "invalid credentials"),
        ("slack", {"address": "nowhere"}, "invalid Slack hook URL"),
        ("telegram", {"token": "t"}, "empty Telegram channel"),
        ("zulip", {"channel": "x"}, "invalid Zulip channel format"),
        ("opsgenie", {}, "empty Opsgenie apikey/token"),
    ],
)  # fmt: skip
def test_a_provider_that_cannot_work_says_why(kind: str, to: dict[str, Any], sentence: str) -> None:
    with pytest.raises(SetupError, match=sentence):
        sent(kind, event(), **to)


@pytest.mark.parametrize("kind", ["githubpullrequestcomment", "giteapullrequestcomment", "gitlabmergerequestcomment"])
def test_a_change_request_has_one_comment_for_each_object(kind: str) -> None:
    told = event(metadata={"change_request": "7", "a": "b"})
    user = Answer(200, {}, b'{"login":"bot","username":"bot"}')
    to = {"token": "t", "address": "https://forge.example.test/acme/shop"}
    create = sent(kind, told, [user], **to)[-1]
    assert create.method == "POST"
    text = body(create)["body"]
    assert text.startswith("<!-- flux-")
    assert "-comment-key:c85d8482-1/Kustomization/flux-system/slow -->" in text
    assert "* `a`: b\n" in text
    assert "change_request" not in text
    known = [{"id": 3, "body": text, "user": {"login": "other"}, "author": {"username": "other"}},
             {"id": 4, "body": text, "user": {"login": "bot"}, "author": {"username": "bot"}}]  # fmt: skip
    update = sent(kind, told, [user, Answer(200, {}, json.dumps(known).encode())], **to)[-1]
    assert update.method in ("PATCH", "PUT")
    assert update.url.endswith("/4")
    with pytest.raises(PostError, match='invalid "change_request" metadata value "x"'):
        sent(kind, event(metadata={"change_request": "x"}), **to)


def test_reasons_as_words() -> None:
    assert [words(text) for text in ("HealthCheckFailed", "InvalidCELExpression", "ReconciliationSucceeded", "a1B")] == [
        "health check failed", "invalid cel expression", "reconciliation succeeded", "a 1 b",
    ]  # fmt: skip


def test_every_secret_of_a_destination_is_known_to_be_one() -> None:
    to = Destination(
        type="generic", address="https://u:pw@h.example.test/T0/B1?key=q", token="1:abcd", password="p9", username="u",
        headers={"A": "Bearer h"},
    )  # fmt: skip
    assert {"/T0/B1", "key=q", "pw", "1:abcd", "abcd", "p9", "Bearer h"} <= to.secrets()
    assert "h.example.test" not in to.secrets()


def test_each_type_that_the_definition_allows_is_served_or_refused_by_name() -> None:
    served = {kind for kind in PROVIDER_TYPES if sender_of(kind) is not None}
    assert set(PROVIDER_TYPES) - served == UNSUPPORTED_TYPES


@needs_samples
def test_every_recorded_event_is_read_and_written_again_without_loss() -> None:
    lines = (SAMPLES.parent / "events" / "posted-events.jsonl").read_text().splitlines()
    assert len(lines) > 30
    for line in lines:
        assert events.read(line.encode()).document() == json.loads(line)
