"""Kustomizations for other clusters: by a kubeconfig in a Secret, and by a ConfigMap and tokens of a ServiceAccount.

The other cluster is the test's own under another name: what tells them apart is who writes.
"""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

from agent_bed import AgentBed, Object
from agent_sets import manifest

RBAC = "rbac.authorization.k8s.io"


def started(scene: AgentBed, config: Object, **files: str) -> Object:
    scene.repository().commit({f"{name}.yaml": text for name, text in files.items()})
    scene.start()
    scene.source(scene.repositories["shop"])
    return scene.kustomization(kubeConfig=config, targetNamespace=scene.namespace)


def secret(name: str) -> str:
    return json.dumps({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name}, "stringData": {"a": "b"}})


def account(scene: AgentBed) -> None:
    """A ServiceAccount that may do everything with ConfigMaps."""
    own = {"name": "deployer", "namespace": scene.namespace}
    rules = [{"apiGroups": [""], "resources": ["configmaps"], "verbs": ["*"]}]
    binding: dict[str, Any] = {
        "subjects": [{"kind": "ServiceAccount", **own}],
        "roleRef": {"apiGroup": RBAC, "kind": "Role", "name": "deployer"},
    }
    scene.kube.create({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": own})
    scene.kube.create({"apiVersion": f"{RBAC}/v1", "kind": "Role", "metadata": own, "rules": rules})
    scene.kube.create({"apiVersion": f"{RBAC}/v1", "kind": "RoleBinding", "metadata": own, **binding})


def place(scene: AgentBed, **data: str) -> Object:
    """A ConfigMap that names the cluster; what it calls itself in tokens is what it accepts."""
    issuer = json.loads(scene.kube.raw("GET", "/.well-known/openid-configuration")[1])["issuer"]
    full = {
        "provider": "generic", "address": scene.kube.access.server, "ca.crt": Path(scene.kube.access.authority).read_text(),
        "audiences": issuer, "serviceAccountName": "deployer", **data,
    }  # fmt: skip
    metadata = {"name": "remote", "namespace": scene.namespace}
    scene.kube.create({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": full})
    return {"configMapRef": {"name": "remote"}}


def test_a_kubeconfig_in_a_secret(scene: AgentBed) -> None:
    authority = base64.b64encode(Path(scene.kube.access.authority).read_bytes()).decode()
    config = json.loads(scene.bed.kubeconfig.read_text())
    config["clusters"][0]["cluster"] = {"server": scene.kube.access.server, "certificate-authority-data": authority}
    data = {"value": base64.b64encode(json.dumps(config).encode()).decode()}
    metadata = {"name": "remote", "namespace": scene.namespace}
    holder = scene.kube.create({"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "data": data})
    body = started(scene, {"secretRef": {"name": "remote"}}, a=manifest(scene, "a"))
    scene.settled(body)
    assert scene.kube.get("v1", "ConfigMap", scene.namespace, "a")
    # One that names files or programs would use those of the agent's machine, however it is written.
    for name, place_, change in (
        ("exec", "users", {"user": {"exec": {"apiVersion": "client.authentication.k8s.io/v1", "command": "id"}}}),
        ("tokenFile", "users", {"user": {"tokenFile": "/etc/hostname"}}),
        (
            "certificate-authority",
            "clusters",
            {"cluster": {"server": "https://x", "certificate-authority": "/etc/hostname"}},
        ),
    ):
        other = json.loads(json.dumps(config))
        other[place_][0].update(change)
        for indent in (None, 1):
            changed = base64.b64encode(json.dumps(other, indent=indent).encode()).decode()
            scene.kube.merge(holder, {"data": {"value": changed}})
            scene.run_again(body, "False")
            assert f"the kubeconfig names '{name}', which only its own machine has" in scene.condition(body)["message"]


def test_a_config_map_and_tokens_of_an_account(scene: AgentBed) -> None:
    account(scene)
    body = started(scene, place(scene), a=manifest(scene, "a"))
    scene.settled(body)
    assert scene.kube.get("v1", "ConfigMap", scene.namespace, "a")
    scene.repositories["shop"].commit({"b.yaml": secret("b")})
    scene.handled({**body, "apiVersion": "source.toolkit.fluxcd.io/v1", "kind": "GitRepository", "metadata": {**body["metadata"], "name": "shop"}})  # fmt: skip
    scene.settled(body, "False", "ReconciliationFailed")
    assert f"system:serviceaccount:{scene.namespace}:deployer" in scene.condition(body)["message"]


def test_a_config_map_that_cannot_be_used(scene: AgentBed) -> None:
    body = started(scene, place(scene, provider="aws"), a=manifest(scene, "a"))
    scene.settled(body, "False", "ReconciliationFailed")
    expected = (
        f"invalid kubeconfig ConfigMap '{scene.namespace}/remote': provider 'aws' is not supported, only 'generic' is"
    )
    assert expected in scene.condition(body)["message"]
    own = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "remote", "namespace": scene.namespace}}
    for change, words in (
        ({"provider": "generic", "address": "http://x"}, "'address' must be the https:// address of the cluster"),
        ({"address": "https://x", "serviceAccountName": None}, "'serviceAccountName' must name a ServiceAccount"),
    ):
        scene.kube.merge(own, {"data": change})
        scene.run_again(body, "False")
        assert words in scene.condition(body)["message"]
    assert scene.kube.get("v1", "ConfigMap", scene.namespace, "a") is None
