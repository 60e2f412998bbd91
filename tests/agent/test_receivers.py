"""Receivers and their webhooks on a real control plane (F68)."""

from __future__ import annotations

import base64
import hashlib
import hmac
import http.client
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from agent_bed import KUSTOMIZE, NOTIFICATION, SOURCE, AgentBed, Object, until
from issuer import Issuer

REQUESTED = "reconcile.fluxcd.io/requestedAt"
JSON = {"Content-Type": "application/json"}


class Hooks:
    """An agent that listens for webhooks."""

    def __init__(self, scene: AgentBed) -> None:
        self.scene = scene
        self.port = scene.start(controllers=("notification",)).servers["webhooks"].port
        self.secret("token", "s3cr3t-token")

    def secret(self, name: str, token: str) -> Object:
        data = {"token": base64.b64encode(token.encode()).decode()}
        metadata = {"name": name, "namespace": self.scene.namespace}
        return self.scene.kube.create({"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "data": data})

    def receiver(self, kind: str = "github", resources: list[Object] | None = None, **spec: Any) -> Object:
        entries = [{"kind": "GitRepository", "name": "shop"}] if resources is None else resources
        full = {"type": kind, "secretRef": {"name": "token"}, "resources": entries, **spec}
        given = {name: value for name, value in full.items() if value is not None}
        return self.scene.create(NOTIFICATION, "Receiver", kind, given)

    def path(self, receiver: Object) -> str:
        return str(self.scene.settled(receiver)["status"]["webhookPath"])

    def call(self, path: str, body: bytes = b"{}", method: str = "POST", **headers: str) -> int:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        connection.request(method, path, body, {name.replace("_", "-"): value for name, value in headers.items()})
        answer = connection.getresponse()
        answer.read()
        connection.close()
        return answer.status

    def github(self, path: str, token: str = "s3cr3t-token", event: str = "push", body: bytes = b'{"ref":"x"}') -> int:
        signature = "sha256=" + hmac.new(token.encode(), body, hashlib.sha256).hexdigest()
        return self.call(path, body, X_Hub_Signature_256=signature, X_GitHub_Event=event, **JSON)

    def requested(self, body: Object) -> str:
        return str((self.scene.get(body)["metadata"].get("annotations") or {}).get(REQUESTED) or "")


@pytest.fixture
def hooks(scene: AgentBed) -> Hooks:
    return Hooks(scene)


def git_repository(scene: AgentBed, name: str = "shop", **labels: str) -> Object:
    spec = {"interval": "1h", "url": "http://git.example.test/shop.git", "suspend": True}
    return scene.create(SOURCE, "GitRepository", name, spec, labels=labels)


def test_f68_a_signed_request_asks_for_a_run_and_others_do_not(hooks: Hooks, scene: AgentBed) -> None:
    shop = git_repository(scene)
    receiver = hooks.receiver(events=["ping", "push"])
    path = hooks.path(receiver)
    digest = hashlib.sha256(f"s3cr3t-tokengithub{scene.namespace}".encode()).hexdigest()
    assert path == f"/hook/{digest}"
    assert hooks.github(path, token="wrong") == 400
    assert hooks.github(path, event="issues") == 400
    assert hooks.call(path, b"{}", **JSON) == 400
    assert hooks.call("/hook/0123") == 404
    assert hooks.call("/elsewhere") == 404
    assert hooks.requested(shop) == ""
    assert hooks.github(path) == 200
    first = hooks.requested(shop)
    assert first.endswith("Z")
    assert hooks.github(path, event="PUSH") == 200
    assert hooks.requested(shop) > first
    scene.kube.merge(receiver, {"spec": {"suspend": True}})
    until(lambda: hooks.github(path) == 503, scene.told)
    assert "s3cr3t-token" not in scene.told()


def test_f68_the_status_is_fluxs(hooks: Hooks, scene: AgentBed) -> None:
    receiver = hooks.receiver("generic")
    live = scene.settled(receiver)
    path = live["status"]["webhookPath"]
    (condition,) = live["status"]["conditions"]
    assert (condition["reason"], condition["message"]) == ("Succeeded", f"Receiver initialized for path: {path}")
    assert live["status"]["observedGeneration"] == 1
    assert live["metadata"]["finalizers"] == ["finalizers.fluxcd.io"]
    told = until(lambda: scene.events("generic"), scene.told)[0]
    assert (told["reason"], told["message"]) == ("Succeeded", "Reconciliation finished, next run in 10m0s")
    scene.kube.delete(receiver)
    until(lambda: scene.kube.live(receiver) is None)


def test_f68_a_missing_token_is_told_until_it_is_there(hooks: Hooks, scene: AgentBed) -> None:
    receiver = hooks.receiver("generic", secretRef={"name": "later"})
    live = scene.settled(receiver, "False", "TokenNotFound")
    message = f"unable to read token from secret '{scene.namespace}/later' error: secrets \"later\" not found"
    assert scene.condition(receiver)["message"] == message
    assert scene.condition(receiver, "Reconciling")["reason"] == "ProgressingWithRetry"
    assert "webhookPath" not in live["status"]
    assert until(lambda: scene.events("generic"), scene.told)[0]["reason"] == "Failed"
    hooks.secret("later", "t")
    scene.settled(receiver)


def test_a_new_token_has_a_new_path_and_the_old_one_opens_nothing(hooks: Hooks, scene: AgentBed) -> None:
    shop = git_repository(scene)
    receiver = hooks.receiver("generic")
    old = hooks.path(receiver)
    data = {"token": base64.b64encode(b"another").decode()}
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "token", "namespace": scene.namespace}}
    scene.kube.merge(secret, {"data": data})
    assert hooks.call(old) == 400
    until(lambda: hooks.path(receiver) != old, scene.told)
    assert hooks.call(old) == 404
    assert not hooks.requested(shop)
    assert hooks.call(hooks.path(receiver)) == 200


def test_all_objects_with_labels_are_asked_and_a_missing_one_is_an_error(hooks: Hooks, scene: AgentBed) -> None:
    both = [git_repository(scene, name, team="a") for name in ("one", "two")]
    other = git_repository(scene, "three", team="b")
    entry = {"kind": "GitRepository", "name": "*", "matchLabels": {"team": "a"}}
    path = hooks.path(hooks.receiver("generic", [entry]))
    assert hooks.call(path) == 200
    assert all(hooks.requested(body) for body in both)
    assert not hooks.requested(other)
    path = hooks.path(hooks.receiver("harbor", [{**entry, "matchLabels": {"team": "z"}}]))
    assert hooks.call(path, Authorization="s3cr3t-token") == 500
    path = hooks.path(hooks.receiver("gitlab", [{"kind": "Kustomization", "name": "web"}]))
    assert hooks.call(path, X_Gitlab_Token="s3cr3t-token") == 500
    assert 'apiVersion must be specified for kind \\"Kustomization\\"' in scene.told()


def test_a_kustomization_is_asked_by_its_api_version(hooks: Hooks, scene: AgentBed) -> None:
    web = scene.kustomization(suspend=True)
    path = hooks.path(hooks.receiver("generic", [{"apiVersion": KUSTOMIZE, "kind": "Kustomization", "name": "web"}]))
    assert hooks.call(path, method="GET") == 200
    assert hooks.requested(web)


def test_a_filter_over_request_and_resource_chooses(hooks: Hooks, scene: AgentBed) -> None:
    wanted, other = git_repository(scene, "wanted", app="x"), git_repository(scene, "other", app="x")
    entry = {"kind": "GitRepository", "name": "*", "matchLabels": {"app": "x"}}
    path = hooks.path(hooks.receiver("generic", [entry], resourceFilter="res.metadata.name == req.image.name"))
    assert hooks.call(path, json.dumps({"image": {"name": "wanted"}}).encode(), **JSON) == 200
    assert hooks.requested(wanted)
    assert not hooks.requested(other)
    assert hooks.call(path, b"{", **JSON) == 400


def test_an_identity_token_of_an_issuer_opens_the_hook_for_those_that_its_rules_name(
    hooks: Hooks, scene: AgentBed
) -> None:
    issuer = Issuer()
    shop = git_repository(scene)
    rule = {"expression": "claims.repository == 'acme/shop'", "message": "only the shop"}
    provider = {"issuerURL": issuer.url, "audience": "kbuild", "validations": [rule]}
    receiver = hooks.receiver(
        "generic-oidc", oidcProviders=[provider], resourceFilter="claims.ref == req.ref", secretRef=None
    )
    path = hooks.path(receiver)
    claims = {"aud": "kbuild", "repository": "acme/shop", "ref": "main"}
    for token in (issuer.token(**{**claims, "repository": "acme/other"}), issuer.token(**{**claims, "aud": "x"}), "x"):
        assert hooks.call(path, b'{"ref":"main"}', Authorization=f"Bearer {token}", **JSON) == 400
    assert hooks.call(path, b'{"ref":"other"}', Authorization=f"Bearer {issuer.token(**claims)}", **JSON) == 200
    assert not hooks.requested(shop)
    assert hooks.call(path, b'{"ref":"main"}', Authorization=f"Bearer {issuer.token(**claims)}", **JSON) == 200
    assert hooks.requested(shop)
    issuer.close()


def test_a_receiver_of_googles_registry_lets_nobody_in_without_a_token(hooks: Hooks, scene: AgentBed) -> None:
    path = hooks.path(hooks.receiver("gcr"))
    assert hooks.call(path, b"{}", **JSON) == 400
    assert "required field 'email'" in scene.told()


@pytest.mark.parametrize(
    ("kind", "spec", "reason"),
    [
        ("generic", {"resourceFilter": "req.tag.split('/')[0] == 'x'"}, "InvalidCELExpression"),
        ("generic-oidc", {}, "ValidationFailed"),
    ],
)
def test_what_cannot_be_checked_is_refused_in_the_status(
    hooks: Hooks, scene: AgentBed, kind: str, spec: Object, reason: str
) -> None:
    receiver = hooks.receiver(kind, **spec)
    live = scene.settled(receiver, "False", reason)
    assert scene.condition(receiver, "Stalled")["reason"] == reason
    assert live["status"]["observedGeneration"] == 1
    assert "webhookPath" not in live["status"]


def test_a_suspended_receiver_is_resumed_at_its_time(hooks: Hooks) -> None:
    scene, receiver = hooks.scene, hooks.receiver()
    path = hooks.path(receiver)
    scene.create(SOURCE, "GitRepository", "shop", {"interval": "1h", "url": "https://git.example.test/shop.git"})
    end = (datetime.now(tz=UTC) + timedelta(seconds=4)).isoformat()
    notes = {"kbuild.dev/suspended-until": end, "kbuild.dev/suspended-reason": "moving"}
    scene.kube.merge(receiver, {"metadata": {"annotations": notes}, "spec": {"suspend": True}})
    until(lambda: hooks.github(path) == 503)
    live = until(lambda: found if not (found := scene.get(receiver))["spec"].get("suspend") else None)
    assert not notes.keys() & (live["metadata"].get("annotations") or {}).keys()
    scene.settled(receiver)
    until(lambda: hooks.github(path) == 200)
    assert any(event["reason"] == "Resumed" for event in scene.events("github"))
