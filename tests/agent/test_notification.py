"""Alerts and their Providers on a real control plane: what recording endpoints are sent, and what they are not.

Names of tests begin with the scenario they stand for (F60 to F68, F85).
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import http.client
import itertools
import json
import re
import signal
import time
from contextlib import closing
from typing import Any

import pytest
from agent_bed import AgentBed, Object, until
from agent_process import Process
from sink import Received, Sink

from applier.agent.runtime.queue import Key

BETA, V1 = "notification.toolkit.fluxcd.io/v1beta3", "notification.toolkit.fluxcd.io/v1"
KUSTOMIZATION = "kustomize.toolkit.fluxcd.io"
COMMIT = "8dd76f8dc4c29bd53828c1e0c4ba5abdf5d2a725"


class Alerting:
    """An agent that notifies, and an endpoint that it notifies."""

    def __init__(self, scene: AgentBed, sink: Sink, port: int = 0) -> None:
        self.scene, self.sink, self.port = scene, sink, port
        self.numbers = itertools.count()

    def start(self, *others: str, **options: Any) -> None:
        agent = self.scene.start(controllers=(*others, "notification"), **options)
        self.port = agent.servers["events"].port

    def provider(
        self, name: str = "hook", *, version: str = BETA, secret: dict[str, str] | None = None, **spec: Any
    ) -> Object:
        """A Provider, generic unless said otherwise, and its Secret."""
        reference = {}
        if secret is not None:
            self.secret(f"{name}-secret", secret)
            reference = {"secretRef": {"name": f"{name}-secret"}}
        address = {} if secret and "address" in secret else {"address": self.sink.url(f"/{name}")}
        return self.scene.create(version, "Provider", name, {"type": "generic", **address, **reference, **spec})

    def alert(
        self, name: str = "all", *, provider: str = "hook", version: str = BETA, annotations: Any = None, **spec: Any
    ) -> Object:
        """An Alert, for all Kustomizations unless said otherwise; returns once the agent knows it."""
        sources = [{"kind": "Kustomization", "name": "*"}]
        body = self.scene.create(
            version, "Alert", name, {"providerRef": {"name": provider}, "eventSources": sources, **spec},
            **({"annotations": annotations} if annotations else {}),
        )  # fmt: skip
        self.wait_for(Key(self.scene.namespace, name), Key(self.scene.namespace, provider))
        return body

    def wait_for(self, alert: Key, provider: Key) -> None:
        """Wait until the agent knows both, where it is in this process: they have no status that would tell."""
        known = self.scene.agents[-1].notifications if self.scene.agents else None
        if known is not None:
            until(lambda: known.alerts.get(alert), self.scene.told)
            until(lambda: provider.name == "nowhere" or known.providers.get(provider), self.scene.told)

    def secret(self, name: str, values: dict[str, str]) -> None:
        data = {key: base64.b64encode(value.encode()).decode() for key, value in values.items()}
        self.scene.kube.create(
            {
                "apiVersion": "v1",
                "kind": "Secret",
                "metadata": {"name": name, "namespace": self.scene.namespace},
                "data": data,
            }
        )

    def event(self, name: str = "web", **changes: Any) -> Object:
        """An event of a Kustomization; its message is a new one unless said otherwise."""
        metadata = changes.pop("metadata", {f"{KUSTOMIZATION}/revision": f"main@sha1:{COMMIT}"})
        involved = {
            "kind": "Kustomization", "namespace": self.scene.namespace, "name": name, "uid": "1",
            "apiVersion": f"{KUSTOMIZATION}/v1",
        }  # fmt: skip
        return {
            "involvedObject": involved, "severity": "info", "timestamp": "2026-01-01T00:00:00Z", "reason": "Progressing",
            "message": f"ConfigMap/apps/c{next(self.numbers)} created", "metadata": metadata,
            "reportingController": "kustomize-controller", "reportingInstance": "pod", **changes,
        }  # fmt: skip

    def post(self, event: Any, method: str = "POST") -> tuple[int, bytes]:
        """Bring an event as a controller does; returns status and body of the answer."""
        data = event if isinstance(event, bytes) else json.dumps(event).encode()
        with closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)) as connection:
            connection.request(method, "/", data, {"Content-Type": "application/json"})
            answer = connection.getresponse()
            return answer.status, answer.read()

    def tell(self, **changes: Any) -> Object:
        """Bring an event that is taken."""
        event = self.event(**changes)
        assert self.post(event)[0] == 202
        return event

    def received(self, path: str, count: int = 1, within_s: float = 10.0) -> list[Received]:
        """What a path was sent, once it is so much."""
        until(lambda: len(self.sink.at(path)) >= count, lambda: f"{self.sink.received}\n{self.scene.told()}", within_s)
        return self.sink.at(path)

    def messages(self, path: str) -> list[str]:
        return [one.json["message"] for one in self.sink.at(path)]

    def settle(self, provider: str = "hook") -> None:
        """Wait until everything before now is delivered: letters of one object go out in order."""
        mark = self.tell(message=f"mark {next(self.numbers)}", severity="error", reason="Mark")["message"]
        until(lambda: mark in self.messages(f"/{provider}"), self.scene.told)

    def warnings(self, name: str, count: int = 1, within_s: float = 15.0) -> list[Object]:
        """The events on an Alert, once there are so many."""
        until(lambda: len(self.scene.events(name)) >= count, self.scene.told, within_s)
        return self.scene.events(name)


@pytest.fixture
def alerting(scene: AgentBed, sink: Sink) -> Alerting:
    return Alerting(scene, sink)


@pytest.fixture
def started(alerting: Alerting) -> Alerting:
    alerting.start()
    return alerting


def test_f60_each_event_of_a_run_is_told_once_with_its_fields(alerting: Alerting) -> None:
    scene = alerting.scene
    alerting.start("source", "kustomize")
    alerting.provider()
    alerting.provider("chat", type="slack", channel="deploys")
    sources = [{"kind": "GitRepository", "name": "*"}, {"kind": "Kustomization", "name": "*"}]
    alerting.alert(eventSources=sources, eventMetadata={"cluster": "staging"})
    alerting.alert("chat", provider="chat", eventSources=sources)
    repository = scene.repository()
    config_map = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\n"
    commit = repository.commit({"c.yaml": config_map})
    scene.source(repository)
    web = scene.kustomization(targetNamespace=scene.namespace)
    scene.settled(web)
    source, created, finished = (one.json for one in alerting.received("/hook", 3))
    assert (source["involvedObject"]["kind"], source["reason"]) == ("GitRepository", "NewArtifact")
    assert source["metadata"] == {"cluster": "staging", "revision": f"main@sha1:{commit}"}
    assert created["message"] == f"ConfigMap/{scene.namespace}/c created"
    assert created["severity"] == "info"
    assert created["reportingController"] == "kustomize-controller"
    assert finished["reason"] == "ReconciliationSucceeded"
    assert finished["metadata"]["commit_status"] == "update"
    label = f"kustomization/web.{scene.namespace}"
    _, chat = (one.json for one in alerting.received("/chat", 2))
    assert chat["attachments"][0]["author_name"] == label
    assert chat["attachments"][0]["fallback"] == f"{label}: ConfigMap/{scene.namespace}/c created"
    assert chat["channel"] == "deploys"
    scene.run_again(web)
    alerting.received("/hook", 4)
    assert len(alerting.sink.at("/chat")) == 2, "the end of a run that changed nothing is no news for a chat"


def test_f60_severity_object_and_labels_decide(started: Alerting) -> None:
    scene = started.scene
    started.provider()
    started.provider("errors")
    started.provider("named")
    started.provider("labelled")
    started.alert()
    started.alert("errors", provider="errors", eventSeverity="error")
    started.alert("named", provider="named", eventSources=[{"kind": "Kustomization", "name": "b"}])
    labels = {"kind": "Kustomization", "name": "*", "matchLabels": {"team": "a"}}
    started.alert("labelled", provider="labelled", eventSources=[labels])
    labelled = scene.kustomization("a", suspend=True)
    scene.kustomization("b", suspend=True)
    scene.kube.merge(labelled, {"metadata": {"labels": {"team": "a"}}})
    for name, severity in (("a", "info"), ("b", "info"), ("b", "error")):
        started.tell(name=name, severity=severity, message=f"{name} {severity}", reason="X")
    other = started.event(message="other kind")
    other["involvedObject"] |= {"kind": "GitRepository", "apiVersion": "source.toolkit.fluxcd.io/v1"}
    assert started.post(other) == (202, b"")
    elsewhere = started.event(message="elsewhere")
    elsewhere["involvedObject"]["namespace"] = "default"
    assert started.post(elsewhere) == (202, b"")
    until(lambda: sorted(started.messages("/hook")) == ["a info", "b error", "b info"], scene.told)
    until(lambda: started.messages("/errors") == ["b error"])
    until(lambda: started.messages("/named") == ["b info", "b error"])
    until(lambda: started.messages("/labelled") == ["a info"])


def test_f61_lists_of_expressions_choose_and_a_bad_one_is_reported_while_others_work(started: Alerting) -> None:
    started.provider()
    started.provider("some")
    started.alert(
        "some", provider="some", inclusionList=["[bad", "^Config", r"\bfail(ed|ure)\b"], exclusionList=["skip$"]
    )
    started.alert()
    for message in ("ConfigMap/a created", "it failed", "failing", "ConfigMap/a skip", "Service/a created"):
        started.tell(message=message)
    started.settle()
    until(lambda: len(started.messages("/some")) >= 2)
    assert started.messages("/some") == ["ConfigMap/a created", "it failed"]
    warning = started.warnings("some")[0]
    assert (warning["reason"], warning["type"]) == ("InvalidConfig", "Warning")
    assert warning["message"] == "failed to compile inclusion regex: [bad"


def test_f62_a_server_error_is_repeated_with_growing_pauses_then_told_while_others_go_on(started: Alerting) -> None:
    started.provider(timeout="4s")
    started.provider("other")
    started.alert()
    started.alert("other", provider="other")
    started.sink.answer("/hook", 500, b"out of order")
    event = started.tell()
    first, second = started.received("/hook", 2)
    assert second.at_s - first.at_s > 1.9
    assert started.received("/other")[0].at_s < second.at_s, "nobody waits for somebody else's endpoint"
    warning = started.warnings("all")[0]
    assert (warning["reason"], warning["type"]) == ("NotificationDispatchFailed", "Warning")
    subject = f"Kustomization/{started.scene.namespace}/web"
    assert warning["message"] == (
        f"failed to send notification for {subject}: postMessage failed: request failed: "
        "request failed with status code 500: out of order; tried again in 30s"
    )
    assert warning["involvedObject"]["kind"] == "Alert"
    assert first.json["message"] == event["message"]


def test_f62_a_refusal_is_final(started: Alerting) -> None:
    started.provider()
    started.provider("plain")
    started.alert()
    started.alert("plain", provider="plain")
    started.sink.answer("/hook", 404, b"no such hook")
    started.sink.answer("/plain", 501)
    started.tell()
    for name in ("all", "plain"):
        warning = started.warnings(name)[0]
        assert warning["reason"] == "NotificationDispatchFailed"
        assert "again" not in warning["message"]
    assert "request failed with status code 404: no such hook" in started.warnings("all")[0]["message"]
    time.sleep(2.5)
    assert len(started.sink.at("/hook")) == len(started.sink.at("/plain")) == 1


def test_f62_what_could_not_be_delivered_is_delivered_when_the_endpoint_is_back(started: Alerting) -> None:
    started.provider(timeout="10s")
    started.alert()
    started.sink.answer("/hook", 503)
    first, second = started.tell(), started.tell()
    started.received("/hook")
    del started.sink.answers["/hook"]
    until(lambda: len(started.sink.at("/hook")) == 3, started.scene.told)
    assert started.messages("/hook") == [first["message"], first["message"], second["message"]]


def test_f63_a_hanging_endpoint_is_cut_off_at_the_providers_timeout(started: Alerting) -> None:
    started.provider(timeout="1s")
    started.alert()
    started.sink.hang("/hook")
    started.tell()
    warning = started.warnings("all")[0]
    assert "context deadline exceeded" in warning["message"]
    assert started.sink.url("/hook") not in warning["message"]
    assert len(started.sink.at("/hook")) == 1


def test_f63_endpoints_that_hang_hold_up_no_other(started: Alerting) -> None:
    started.provider("stuck", timeout="20s")
    started.provider()
    started.alert("stuck", provider="stuck")
    started.alert()
    started.sink.hang("/stuck")
    for number in range(40):
        started.tell(name=f"k{number}")
    until(lambda: len(started.sink.at("/hook")) == 40, started.scene.told, 10)
    assert len(started.sink.at("/stuck")) == 4, "of one provider only so many are at work at once"


def test_f64_the_same_event_is_taken_once_and_another_revision_is_another_event(started: Alerting) -> None:
    started.provider()
    started.alert()
    event = started.event(message="the same")
    assert started.post(event) == (202, b"")
    assert started.post(event) == (429, b"Too Many Requests\n")
    assert started.post({**event, "severity": "error", "reason": "Other"})[0] == 429
    metadata = {f"{KUSTOMIZATION}/revision": "main@sha1:0"}
    assert started.post({**event, "metadata": metadata})[0] == 202
    started.settle()
    assert started.messages("/hook")[:2] == ["the same"] * 2
    assert len(started.messages("/hook")) == 3


def test_f64_what_is_no_event_is_refused(started: Alerting) -> None:
    assert started.post(b"{") == (400, b"")
    assert started.post(b"[]")[0] == 400
    assert started.post({**started.event(), "timestamp": "yesterday"})[0] == 400
    assert started.post(b"", method="GET")[0] == 400
    with closing(http.client.HTTPConnection("127.0.0.1", started.port, timeout=10)) as connection:
        connection.putrequest("POST", "/")
        connection.putheader("Content-Length", str(3 * 1024 * 1024 + 1))
        connection.endheaders()
        assert connection.getresponse().status == 413, "before a byte of the body is there"


def test_f65_the_signature_is_that_of_the_token(started: Alerting) -> None:
    started.provider("signed", type="generic-hmac", secret={"token": "topsecret", "headers": "X-Env: staging\n"})
    started.alert("signed", provider="signed")
    started.tell()
    found = started.received("/signed")[0]
    right = hmac.new(b"topsecret", found.body, hashlib.sha256).hexdigest()
    assert found.headers["x-signature"] == f"sha256={right}"
    assert found.headers["x-signature"] != f"sha256={hmac.new(b'wrong', found.body, hashlib.sha256).hexdigest()}"
    assert found.headers["x-env"] == "staging"


def test_f66_commit_statuses_follow_the_run_and_are_not_repeated(alerting: Alerting) -> None:
    scene, sink = alerting.scene, alerting.sink
    alerting.start("source", "kustomize")
    statuses: list[Any] = []

    def github(asked: Received) -> tuple[int, bytes]:
        if asked.method == "GET":
            return 200, json.dumps(statuses).encode()
        statuses.insert(0, asked.json)
        return 201, b"{}"

    sink.answers["/api/v3/"] = github
    provider = alerting.provider(
        "forge", type="github", address=sink.url("/acme/shop"), secret={"token": "ghp_0123456789"}
    )
    alerting.alert("forge", provider="forge")
    repository = scene.repository()
    commit = repository.commit({"c.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\n"})
    shop = scene.source(repository)
    web = scene.kustomization(targetNamespace=scene.namespace)
    scene.settled(web)
    until(lambda: len(statuses) == 1, scene.told)
    identity = f"kustomization/web/{provider['metadata']['uid'].partition('-')[0]}"
    assert statuses[0] == {"state": "success", "description": "reconciliation succeeded", "context": identity}
    posted = [one for one in sink.received if one.method == "POST"]
    assert posted[0].path == f"/api/v3/repos/acme/shop/statuses/{commit}"
    scene.run_again(web)
    until(lambda: len([one for one in sink.received if one.method == "GET"]) == 2, scene.told)
    repository.commit({"c.yaml": "apiVersion: v1\nkind: Wrong\nmetadata: {name: c}\n"})
    scene.run_again(shop)
    scene.settled(web, "False")
    until(lambda: len(statuses) == 2, scene.told)
    assert (statuses[0]["state"], statuses[0]["context"]) == ("failure", identity)
    assert len([one for one in sink.received if one.method == "POST"]) == 2


def test_f67_no_secret_is_in_events_logs_or_what_is_kept(started: Alerting) -> None:
    token, path = "tok-1234567890", "/services/T000/B000/XXXX"
    address = started.sink.url(path)
    started.provider("chat", type="slack", secret={"address": address, "token": token}, timeout="1s")
    started.alert("chat", provider="chat")
    started.sink.answer(path, 500, f"cannot use {token} at {path}".encode())
    started.tell()
    message = started.warnings("chat")[0]["message"]
    assert "status code 500: cannot use ***** at *****" in message
    kept = [file.read_text() for file in started.scene.folder.glob("storage/notifications/**/*.json")]
    assert len(kept) == 1
    for text in (message, started.scene.told(), *kept):
        assert token not in text
        assert "B000" not in text


def test_f85_alerts_of_both_versions_behave_the_same(started: Alerting) -> None:
    started.provider(version=V1)
    started.provider("beta", version=BETA)
    started.alert("v1", version=V1, eventMetadata={"summary": "from v1"})
    started.alert("beta", provider="beta", version=BETA, summary="from beta")
    event = started.tell()
    new, old = started.received("/hook")[0].json, started.received("/beta")[0].json
    assert new.pop("metadata") == {"revision": f"main@sha1:{COMMIT}", "summary": "from v1"}
    assert old.pop("metadata") == {"revision": f"main@sha1:{COMMIT}", "summary": "from beta"}
    assert new == old
    assert new["message"] == event["message"]


def test_metadata_comes_from_four_places_and_a_clash_is_told(started: Alerting) -> None:
    started.provider()
    started.alert("clash", eventMetadata={"revision": "mine", "team": "a"}, summary="s")
    metadata = {
        f"{KUSTOMIZATION}/revision": "r", f"{KUSTOMIZATION}/digest": "d", f"{KUSTOMIZATION}/token": "t", "foreign/x": "y",
        "event.toolkit.fluxcd.io/change_request": "7",
    }  # fmt: skip
    started.tell(metadata=metadata)
    assert started.received("/hook")[0].json["metadata"] == {
        "change_request": "7", "revision": "r", "summary": "s", "team": "a",
    }  # fmt: skip
    warning = started.warnings("clash")[0]
    assert warning["reason"] == "MetadataAppendFailed"
    assert warning["metadata"]["annotations"] == {
        "revision": "Alert object .spec.eventMetadata, involved object controller metadata"
    }


def test_suspended_alerts_and_providers_are_silent(started: Alerting) -> None:
    started.provider()
    started.provider("quiet", suspend=True)
    started.alert()
    started.alert("quiet", provider="quiet")
    started.alert("off", suspend=True)
    started.tell()
    started.settle()
    assert len(started.sink.received) == 2


def test_providers_that_cannot_work_are_told_on_the_alert(started: Alerting) -> None:
    started.provider("bus", type="nats")
    started.provider("forge", type="github", address="https://github.com/onlyone", secret={"token": "t0k3n-x"})
    started.alert("bus", provider="bus")
    started.alert("forge", provider="forge")
    started.alert("lost", provider="nowhere")
    started.tell(severity="error")
    subject = f"failed to dispatch notification for Kustomization/{started.scene.namespace}/web"
    assert started.warnings("bus")[0]["message"] == (
        f"{subject}: failed to initialize notifier for provider 'bus': providers of type 'nats' are not supported"
    )
    assert started.warnings("forge")[0]["message"] == (
        f"{subject}: failed to initialize notifier for provider 'forge': invalid repository id 'onlyone'"
    )
    assert started.warnings("lost")[0]["message"] == (
        f'{subject}: failed to read provider: Provider.notification.toolkit.fluxcd.io "nowhere" not found'
    )


def test_failures_and_recoveries_come_in_pairs_where_an_alert_asks_for_it(started: Alerting) -> None:
    started.provider()
    started.provider("chat", type="slack")
    pairs = {"kbuild.dev/notify": "transitions"}
    started.alert(eventSeverity="error", annotations=pairs)
    started.alert("chat", provider="chat", eventSeverity="error", annotations=pairs)
    finished = {"severity": "info", "reason": "ReconciliationSucceeded"}
    update = {f"{KUSTOMIZATION}/revision": f"main@sha1:{COMMIT}", f"{KUSTOMIZATION}/commit_status": "update"}
    started.tell(**finished, metadata=update, message="finished 1")
    started.tell(severity="error", reason="BuildFailed", message="broken, first time")
    started.tell(severity="error", reason="BuildFailed", message="broken, second time")
    started.tell(severity="info", message="unrelated")
    started.tell(**finished, metadata=update, message="finished 2")
    started.tell(**finished, metadata=update, message="finished 3")
    started.tell(severity="error", reason="BuildFailed", message="broken, third time")
    until(lambda: len(started.messages("/hook")) == 3, started.scene.told)
    until(lambda: len(started.sink.at("/chat")) == 3)
    first, recovered, third = started.messages("/hook")
    assert (first, third) == ("broken, first time", "broken, third time")
    assert re.fullmatch(r"Recovered from BuildFailed after \d+s: finished 2", recovered)
    assert [one.json["attachments"][0]["color"] for one in started.sink.at("/chat")] == ["danger", "good", "danger"]


def test_a_killed_agent_delivers_after_its_restart_what_it_had_taken(
    alerting: Alerting, processes: list[Process]
) -> None:
    scene, sink = alerting.scene, alerting.sink
    alerting.provider()
    alerting.alert()
    sink.hang("/hook")
    processes.append(Process(scene, "first", "--controllers", "notification", storage="kept"))
    alerting.port = until(lambda: port_of(processes[0]), scene.told)
    events = [alerting.tell(name=f"k{number}") for number in range(3)]
    alerting.received("/hook", 3)
    processes[0].end(signal.SIGKILL)
    del sink.answers["/hook"]
    before = len(sink.at("/hook"))
    processes.append(Process(scene, "second", "--controllers", "notification", storage="kept"))
    until(lambda: len(sink.at("/hook")) >= before + 3, scene.told)
    assert sorted(alerting.messages("/hook")[before:]) == sorted(event["message"] for event in events)
    until(lambda: not list((scene.folder / "kept").glob("notifications/waiting/*.json")))


def port_of(process: Process) -> int:
    found = [line["port"] for line in process.lines() if line.get("what") == "events"]
    return int(found[0]) if found and process.says("started") else 0
