"""Senders for systems that watch: pagers, alert managers, dashboards.

Source: notification-controller's notifiers, as recorded (alertmanager) or read in their sources (the others); Sentry's
protocol from its documentation.
"""

from __future__ import annotations

import hashlib
import json
from datetime import datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from applier.agent.notification.commit_status import PROGRESSING
from applier.agent.notification.markdown import words
from applier.agent.notification.sending import Call, SetupError, basic, bearer, checked, post

if TYPE_CHECKING:
    from applier.agent.notification.event import Event
    from applier.agent.notification.sending import Notice, Sending

NO_TIME = "0001-01-01T00:00:00Z"


def pagerduty(notice: Notice) -> Sending:
    """An incident for an error; the end of it, and a change, for everything else. Work in progress is not told."""
    to, event = notice.to, notice.event
    parts = urlsplit(checked(to.address, "PagerDuty endpoint"))
    host = f"{parts.scheme}://{parts.netloc}"
    if event.reason == PROGRESSING:
        return
    yield post(f"{host}/v2/enqueue", _incident(event, to.channel), what="failed sending event")
    if not event.is_error:
        yield post(f"{host}/v2/change/enqueue", _change(event, to.channel), what="failed sending change event")


def _incident(event: Event, routing_key: str) -> dict[str, Any]:
    incident = {
        "routing_key": routing_key,
        "event_action": "trigger" if event.is_error else "resolve",
        **({"dedup_key": event.involved["uid"]} if event.involved.get("uid") else {}),
    }
    if not event.is_error:
        return incident
    payload = {
        "summary": _headline(event),
        "source": f"Flux {event.controller}",
        "severity": "error",
        "timestamp": event.timestamp,
        "component": event.name,
        "group": event.kind,
        "custom_details": _details(event),
    }
    return {**incident, "payload": payload}


def _change(event: Event, routing_key: str) -> dict[str, Any]:
    payload = {
        "source": f"Flux {event.controller}",
        "summary": _headline(event),
        "timestamp": event.timestamp,
        "custom_details": _details(event),
    }
    return {"routing_key": routing_key, "payload": payload, "links": None}


def _headline(event: Event) -> str:
    summary = event.metadata.get("summary")
    name = f"{summary}/{event.kind}/{event.name}" if summary is not None else f"{event.kind}/{event.name}"
    return f"{words(event.reason)}: {name.lower()}"


def _details(event: Event) -> dict[str, Any]:
    return {"message": event.message, "metadata": dict(sorted(event.metadata.items()))}


def opsgenie(notice: Notice) -> Sending:
    """An alert of Opsgenie."""
    to, event = notice.to, notice.event
    address = checked(to.address, "Opsgenie hook")
    if not to.token:
        raise SetupError("empty Opsgenie apikey/token")
    details = dict(sorted({**event.metadata, "severity": event.severity}.items()))
    payload = {"message": f"{event.kind}/{event.name}", "description": event.message, "details": details}
    yield post(address, payload, {"Authorization": f"GenieKey {to.token}"})


def alertmanager(notice: Notice) -> Sending:
    """A firing alert of Prometheus' Alertmanager."""
    to, event = notice.to, notice.event
    annotations = {"message": event.message}
    if "summary" in event.metadata:
        annotations["summary"] = event.metadata["summary"]
    labels = {
        **{name: value for name, value in event.metadata.items() if name != "summary"},
        "alertname": f"Flux{event.kind}{event.reason[:1].upper()}{event.reason[1:].lower()}",
        "severity": event.severity,
        "reason": event.reason,
        "kind": event.kind,
        "name": event.name,
        "namespace": event.namespace,
        "reportingcontroller": event.controller,
    }
    found = {
        "status": "firing",
        "labels": dict(sorted(labels.items())),
        "annotations": annotations,
        "startsAt": event.timestamp,
        "endsAt": NO_TIME,
    }
    credentials = basic(to.username, to.password) if to.username and to.password and not to.token else bearer(to.token)
    yield post(checked(to.address, "Alertmanager"), [found], credentials)


def grafana(notice: Notice) -> Sending:
    """An annotation of Grafana, in Graphite's form."""
    to, event = notice.to, notice.event
    tags = ["flux", event.controller]
    tags += [f"{name.replace(':', '|')}: {value.replace(':', '|')}" for name, value in notice.facts]
    tags += [f"kind: {event.kind}", f"name: {event.name}", f"namespace: {event.namespace}"]
    credentials = basic(to.username, to.password) if to.username and to.password and not to.token else bearer(to.token)
    payload = {"when": _seconds(event), "text": event.label, "tags": tags}
    yield post(checked(to.address, "Grafana"), payload, credentials)


def datadog(notice: Notice) -> Sending:
    """An event of Datadog."""
    to, event = notice.to, notice.event
    parts = urlsplit(checked(to.address, "DataDog"))
    if not to.token:
        raise SetupError("token cannot be empty")
    tags = [
        f"flux_reporting_controller:{event.controller}", f"flux_reason:{event.reason}", f"kube_kind:{event.kind}",
        f"kube_name:{event.name}", f"kube_namespace:{event.namespace}",
        *(f"{name}:{value}" for name, value in notice.facts),
    ]  # fmt: skip
    payload = {
        "alert_type": "error" if event.is_error else "info",
        "date_happened": _seconds(event),
        "source_type_name": "fluxcd",
        "tags": [tag.lower() for tag in tags],
        "text": event.message,
        "title": f"Events from the {event.kind} {event.name}/{event.namespace}",
    }
    url = f"{parts.scheme}://{parts.netloc}/api/v1/events"
    yield post(url, payload, {"DD-API-KEY": to.token}, what="failed to post event to DataDog")


def incident_io(notice: Notice) -> Sending:
    """An alert of incident.io: firing for an error, resolved for everything else but work in progress."""
    to, event = notice.to, notice.event
    address = checked(to.address, "incident.io alert source")
    if not to.token:
        raise SetupError("empty incident.io API token")
    if event.reason == PROGRESSING:
        return
    metadata = {**event.metadata, "severity": event.severity, "reason": event.reason}
    if event.controller:
        metadata["reportingController"] = event.controller
    payload = {
        "title": f"{event.label}: {event.reason}",
        "status": "firing" if event.is_error else "resolved",
        "deduplication_key": event.involved.get("uid", ""),
        **({"description": event.message} if event.message else {}),
        "metadata": dict(sorted(metadata.items())),
    }
    yield post(address, payload, bearer(to.token))


def sentry(notice: Notice) -> Sending:
    """An event of Sentry for an error, a transaction without time for everything else; the address is the DSN."""
    to, event = notice.to, notice.event
    parts = urlsplit(checked(to.address, "Sentry DSN"))
    front, _, project = parts.path.rstrip("/").rpartition("/")
    if not parts.username or not project:
        raise SetupError("invalid Sentry DSN")
    body = _sentry_error(event, to.channel) if event.is_error else _sentry_transaction(event, to.channel)
    kind = "event" if event.is_error else "transaction"
    header = {"event_id": body["event_id"], "sent_at": event.timestamp}
    lines = [json.dumps(one) for one in (header, {"type": kind}, body)]
    host = parts.netloc.rpartition("@")[2]
    headers = {
        "Content-Type": "application/x-sentry-envelope",
        "X-Sentry-Auth": f"Sentry sentry_version=7, sentry_client=kbuild, sentry_key={parts.username}",
    }
    url = f"{parts.scheme}://{host}{front}/api/{project}/envelope/"
    yield Call(url=url, headers=headers, body=("\n".join(lines) + "\n").encode())


def _sentry(event: Event, environment: str) -> dict[str, Any]:
    return {
        "event_id": _id(event, 32),
        "timestamp": event.timestamp,
        "platform": "other",
        "server_name": event.controller,
        "transaction": f"{event.kind}: {event.namespace}/{event.name}",
        **({"environment": environment} if environment else {}),
    }


def _sentry_error(event: Event, environment: str) -> dict[str, Any]:
    metadata = dict(sorted(event.metadata.items()))
    return {**_sentry(event, environment), "level": "error", "message": event.message, "extra": metadata}


def _sentry_transaction(event: Event, environment: str) -> dict[str, Any]:
    tags = {
        "flux_involved_object_kind": event.kind,
        "flux_involved_object_namespace": event.namespace,
        "flux_involved_object_name": event.name,
        "flux_reporting_controller": event.controller,
        "flux_reporting_instance": event.instance,
        "flux_reason": event.reason,
        **event.metadata,
    }
    trace = {"trace_id": _id(event, 32), "span_id": _id(event, 16), "op": "event"}
    return {
        **_sentry(event, environment),
        "type": "transaction",
        "start_timestamp": event.timestamp,
        "message": event.message,
        "contexts": {"trace": trace},
        "tags": tags,
    }


def _id(event: Event, length: int) -> str:
    return hashlib.sha256(f"{event.key()}{event.timestamp}".encode()).hexdigest()[:length]


def _seconds(event: Event) -> int:
    return int(datetime.fromisoformat(event.timestamp).timestamp())
