"""S63 to S70: fields that cannot change, and objects that are created again."""

from __future__ import annotations

import zlib
from typing import Any

import pytest
from bed import Bed, Plane
from faults import Exchange
from kube import eventually
from objects import (
    claim,
    config_map,
    custom,
    deployment,
    job,
    named,
    resource_definition,
    role_binding,
    secret,
    service,
    stateful_set,
)

NO_WAIT = "--no-wait"
WISH = {"kbuild.dev/recreate": "true"}


def changed(body: Any, *path: str, value: Any) -> Any:
    """A copy with one value put at a path."""
    key, *rest = path
    inner = changed(body.get(key, {}), *rest, value=value) if rest else value
    return {**body, key: inner}


def selector_change(kind: str, **spec: Any) -> tuple[Any, Any]:
    """A workload, and the same with another selector and labels."""
    first, second = deployment("w"), deployment("w")
    for body, app in ((first, "w"), (second, "v")):
        body["kind"] = kind
        body["spec"] |= spec
        if kind == "DaemonSet":
            del body["spec"]["replicas"]
        body["spec"]["selector"] = {"matchLabels": {"app": app}}
        body["spec"]["template"]["metadata"]["labels"] = {"app": app}
    return first, second


def cases(bed: Bed) -> dict[str, tuple[Any, Any]]:
    """By name: an object, and the same with a change that the server does not allow."""
    pod = named("v1", "Pod", "p", spec={"containers": [{"name": "main", "image": "registry.invalid/app:1"}]})
    storage = bed.cleaned(named("storage.k8s.io/v1", "StorageClass", bed.namespace, provisioner="example.com/one"))
    priority = bed.cleaned(named("scheduling.k8s.io/v1", "PriorityClass", bed.namespace, value=100))
    frozen = config_map("m", immutable=True)
    octet = zlib.crc32(bed.namespace.encode()) % 250 + 1
    return {
        "Deployment": selector_change("Deployment"),
        "DaemonSet": selector_change("DaemonSet"),
        "ReplicaSet": selector_change("ReplicaSet"),
        "StatefulSet": (stateful_set("s"), changed(stateful_set("s"), "spec", "serviceName", value="other")),
        "Job": (job("j"), job("j", annotations={"version": "2"})),
        "Pod": (pod, changed(pod, "spec", "hostNetwork", value=True)),
        "Service": (
            changed(service("web"), "spec", "clusterIP", value=f"10.96.{octet}.10"),
            changed(service("web"), "spec", "clusterIP", value=f"10.96.{octet}.11"),
        ),
        "PersistentVolumeClaim": (claim("c"), claim("c", spec={"accessModes": ["ReadWriteMany"]})),
        "ConfigMap": (frozen, changed(frozen, "data", value={"key": "other"})),
        "Secret": (secret("s", type="Opaque"), secret("s", type="example.com/other")),
        "RoleBinding": (role_binding("b", "one", account="x"), role_binding("b", "two", account="x")),
        "StorageClass": (storage, {**storage, "provisioner": "example.com/two"}),
        "PriorityClass": (priority, {**priority, "value": 200}),
    }


KINDS = (
    "Deployment", "DaemonSet", "ReplicaSet", "StatefulSet", "Job", "Pod", "Service", "PersistentVolumeClaim",
    "ConfigMap", "Secret", "RoleBinding", "StorageClass", "PriorityClass",
)  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
def test_s63_a_field_that_cannot_change(kind: str, bed: Bed, own_plane: Plane) -> None:
    first, second = cases(bed)[kind]
    bed.set_up(first, flags=[NO_WAIT])
    before = bed.live(first)
    done = bed.apply(second, flags=[NO_WAIT]).expect(3)
    change = done.change(first["kind"], first["metadata"]["name"])
    assert change["outcome"] == "failed"
    assert done.error_class(first["kind"], first["metadata"]["name"]) == "immutable"
    after = bed.live(first)
    assert before is not None
    assert after is not None
    assert before["metadata"]["uid"] == after["metadata"]["uid"]
    assert bed.deletes() == []


def test_s63_every_row_of_the_table_can_be_created_again(bed: Bed, own_plane: Plane) -> None:
    pairs = cases(bed)
    for first, second in pairs.values():
        bed.name = first["kind"].lower()
        bed.set_up(first, flags=[NO_WAIT])
        uid = (bed.live(first) or {})["metadata"]["uid"]
        done = bed.apply(second, flags=[NO_WAIT, "--recreate=all"]).expect(0)
        assert done.change(first["kind"], first["metadata"]["name"])["outcome"] == "recreated"
        assert (bed.live(first) or {})["metadata"]["uid"] != uid
        assert bed.deletes()[0].json["preconditions"]["uid"] == uid


def test_s64_an_invalid_value_is_no_reason_to_delete(bed: Bed) -> None:
    bed.set_up(deployment("web"), flags=[NO_WAIT])
    done = bed.apply(deployment("web", replicas=-1), flags=[NO_WAIT, "--recreate=all"]).expect(3)
    assert done.error_class("Deployment", "web") == "invalid"
    assert bed.deletes() == []


def test_s65_a_job_is_created_again_when_it_wishes_so(bed: Bed, own_plane: Plane) -> None:
    bed.set_up(job("once", of={"annotations": WISH}))
    old = bed.live(job("once"))
    assert old is not None
    changed_job = job("once", of={"annotations": WISH}, annotations={"version": "2"})
    done = bed.apply(changed_job, flags=["--recreate=listed"]).expect(0)
    assert done.outcomes() == {"Job/once": "recreated"}
    [deletion] = bed.deletes("once")
    assert deletion.json["preconditions"]["uid"] == old["metadata"]["uid"]
    new = bed.live(job("once"))
    assert new is not None
    assert new["metadata"]["uid"] != old["metadata"]["uid"]
    assert new["spec"]["template"]["metadata"]["annotations"] == {"version": "2"}


def test_s65_a_job_without_the_wish_is_left(bed: Bed, own_plane: Plane) -> None:
    bed.set_up(job("once"))
    bed.apply(job("once", annotations={"version": "2"}), flags=["--recreate=listed"]).expect(3)
    assert bed.deletes() == []


def test_s66_pods_of_a_stateful_set_live_on(bed: Bed, own_plane: Plane) -> None:
    bed.set_up(stateful_set("store", replicas=2), service("store"))
    pods = {item["metadata"]["name"]: item["metadata"]["uid"] for item in bed.kube.list("v1", "Pod", bed.namespace)}
    assert len(pods) == 2
    second = changed(stateful_set("store", replicas=2), "spec", "serviceName", value="other")
    bed.apply(second, service("store"), flags=["--recreate=all"]).expect(0)
    after = {item["metadata"]["name"]: item["metadata"]["uid"] for item in bed.kube.list("v1", "Pod", bed.namespace)}
    assert after == pods
    assert (bed.live(second) or {})["spec"]["serviceName"] == "other"


def test_s67_nothing_is_deleted_for_what_cannot_be_created(bed: Bed) -> None:
    first, second = selector_change("Deployment")
    bed.set_up(first, flags=[NO_WAIT])
    second["spec"]["template"]["spec"]["containers"][0]["image"] = ""
    bed.apply(second, flags=[NO_WAIT, "--recreate=all"]).expect(3)
    assert bed.deletes() == []
    assert bed.live(first) is not None


def test_s68_an_object_that_somebody_replaced_meanwhile(bed: Bed) -> None:
    bed.set_up(config_map("a"), config_map("b"))

    def replace() -> None:
        bed.kube.delete(bed.owned(config_map("a")))
        bed.kube.apply(bed.owned(config_map("a", {"key": "by hand"})), "kubectl")

    def is_write_of_a(exchange: Exchange) -> bool:
        return exchange.method == "PATCH" and exchange.name == "a"

    # The proxy resets the request after the call, and the client sends it again.
    bed.proxy.at(is_write_of_a, "before", replace)
    bed.apply(config_map("a", {"key": "new"}), config_map("b")).expect(0)
    assert (bed.live(config_map("a")) or {})["data"] == {"key": "new"}
    assert bed.deletes() == []


def test_s69_a_finalizer_delays_a_recreation(bed: Bed, own_plane: Plane) -> None:
    held = {"annotations": WISH, "finalizers": ["example.com/hold"]}
    bed.set_up(job("once", of=held))
    second = job("once", of={"annotations": WISH}, annotations={"version": "2"})
    bed.apply(second, flags=["--recreate=listed", "--timeout=3s"]).expect(3)
    bed.kube.merge(bed.owned(job("once")), {"metadata": {"finalizers": None}})
    assert eventually(lambda: bed.live(job("once")) is None)
    bed.apply(second, flags=["--recreate=listed"]).expect(0)
    assert (bed.live(second) or {})["spec"]["template"]["metadata"]["annotations"] == {"version": "2"}


def test_s70_rules_of_a_definition_can_make_a_field_immutable(bed: Bed) -> None:
    group = f"{bed.namespace}.example.com"
    rule = {"rule": "self == oldSelf", "message": "Value is immutable"}
    schema = {"type": "object", "properties": {"size": {"type": "integer", "x-kubernetes-validations": [rule]}}}
    definition = bed.cleaned(resource_definition("Widget", group, schema=schema))
    bed.set_up(definition, custom("Widget", group, "w", {"size": 1}))
    done = bed.apply(definition, custom("Widget", group, "w", {"size": 2})).expect(3)
    assert done.error_class("Widget", "w") == "immutable"


def test_s70_a_policy_that_says_immutable_denies(bed: Bed) -> None:
    policy = named(
        "admissionregistration.k8s.io/v1",
        "ValidatingAdmissionPolicy",
        bed.namespace,
        spec={
            "matchConstraints": {
                "resourceRules": [
                    {"apiGroups": [""], "apiVersions": ["v1"], "operations": ["UPDATE"], "resources": ["configmaps"]}
                ]
            },
            "validations": [
                {
                    "expression": "!has(object.data) || object.data == oldObject.data",
                    "message": "this field is immutable",
                }
            ],
        },
    )
    binding = named(
        "admissionregistration.k8s.io/v1",
        "ValidatingAdmissionPolicyBinding",
        bed.namespace,
        spec={
            "policyName": bed.namespace,
            "validationActions": ["Deny"],
            "matchResources": {
                "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": bed.namespace}},
                "objectSelector": {"matchLabels": {"guarded": "yes"}},
            },
        },
    )
    body = config_map("m", labels={"guarded": "yes"})
    bed.set_up(body)
    for guard in (policy, binding):
        bed.kube.create(bed.cleaned(guard))
    other = config_map("m", {"key": "other"}, labels={"guarded": "yes"})

    def denied() -> bool:
        status, _ = bed.kube.raw(
            "PATCH",
            bed.kube.path_of(bed.owned(body)) + "?dryRun=All",
            {"data": {"key": "x"}},
            "application/merge-patch+json",
        )
        return status in (403, 422)

    assert eventually(denied, 20)
    done = bed.apply(other, flags=["--recreate=all"]).expect(3)
    assert done.error_class("ConfigMap", "m") == "denied"
    assert bed.deletes() == []
