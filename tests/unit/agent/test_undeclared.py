"""Fields that the server does not know are taken out where it names them, of built-in kinds alone."""

from __future__ import annotations

from typing import Any

import pytest

from applier.agent.kustomization import undeclared
from applier.failures import ErrorClass, Failure
from applier.model.ids import ObjectId

HEAD = "failed to create typed patch object (apps/web; apps/v1, Kind=Deployment): "
KNOWN = "field not declared in schema"
WEB = ObjectId("apps", "Deployment", "apps", "web")


def web() -> dict[str, Any]:
    return {
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"},
        "spec": {
            "replicaz": 1,
            "template": {"spec": {"containers": [{"name": "side"}, {"name": "app", "imagez": "a", "ports": [{"containerPort": 80, "nam": "b"}]}]}},
        },
    }  # fmt: skip


def refused(message: str, object_id: ObjectId = WEB) -> dict[ObjectId, Failure]:
    return {object_id: Failure(error_class=ErrorClass.INVALID, message=message)}


def test_what_the_server_names_is_taken_out_and_told() -> None:
    given = web()
    path = '.spec.template.spec.containers[name="app"].imagez'
    found = undeclared.without(
        [{"kind": "ConfigMap", "apiVersion": "v1", "metadata": {"name": "web"}}, given],
        refused(f"{HEAD}{path}: {KNOWN}"),
    )
    assert found is not None
    (other, mended), lines = found
    assert lines == (f"Deployment/apps/web {path}",)
    assert mended["spec"]["template"]["spec"]["containers"][1] == {
        "name": "app",
        "ports": [{"containerPort": 80, "nam": "b"}],
    }
    assert (given, other["kind"]) == (web(), "ConfigMap")  # what was given is as it was
    assert undeclared.sentence(lines) == f"; left out, as the server does not know it: {lines[0]}"
    assert undeclared.sentence(()) == ""


def test_several_fields_and_items_with_defaults_of_the_server() -> None:
    port = '.spec.template.spec.containers[name="app"].ports[containerPort=80,protocol="TCP"].nam'
    message = f"{HEAD}errors:\n  .spec.replicaz: {KNOWN}\n  {port}: {KNOWN}\n  .spec.gone: {KNOWN}"
    found = undeclared.without([web()], refused(message))
    assert found is not None
    assert found[1] == ("Deployment/apps/web .spec.replicaz", f"Deployment/apps/web {port}")
    assert "replicaz" not in found[0][0]["spec"]
    assert found[0][0]["spec"]["template"]["spec"]["containers"][1]["ports"] == [{"containerPort": 80}]


@pytest.mark.parametrize(
    ("message", "object_id"),
    [
        (f"{HEAD}.spec.replicas: expected numeric (int or float), got string", WEB),
        (f"{HEAD}.spec.absent: {KNOWN}", WEB),
        (f"{HEAD}.spec.replicaz[3].a: {KNOWN}", WEB),
        (f"{HEAD}.spec.replicaz: {KNOWN}", ObjectId("example.test", "Web", "apps", "web")),
        (f"{HEAD}.rulez: {KNOWN}", ObjectId("rbac.authorization.k8s.io", "Role", "apps", "web")),
    ],
)
def test_other_refusals_stay(message: str, object_id: ObjectId) -> None:
    body = {**web(), "apiVersion": f"{object_id.group}/v1", "kind": object_id.kind, "rulez": []}
    assert undeclared.without([body], refused(message, object_id)) is None
