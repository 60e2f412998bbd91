"""S01 to S14: what is written before what, and what is never waited for."""

from __future__ import annotations

import random
import re
import time
from typing import Any

from bed import Bed, Plane
from faults import Exchange, Rewrite
from objects import (
    claim,
    config_map,
    custom,
    deployment,
    namespace,
    resource_definition,
    role,
    role_binding,
    secret,
    service,
    service_account,
)

DEPENDS_ON = "config.kubernetes.io/depends-on"


def depends_on(*references: str) -> dict[str, str]:
    return {DEPENDS_ON: ",".join(references)}


def in_namespace(bed: Bed, kind: str, name: str, group: str = "") -> str:
    return f"{group}/namespaces/{bed.namespace}/{kind}/{name}"


def group_of(bed: Bed) -> str:
    """A group of this test's own, because definitions are in no namespace."""
    return f"{bed.namespace}.example.com"


def mixed_set(bed: Bed) -> list[Any]:
    """A namespace, a definition with an instance, a ConfigMap and a Deployment, all in that namespace."""
    inner = f"{bed.namespace}-in"
    definition = bed.cleaned(resource_definition("Widget", group_of(bed)))
    bed.cleaned(namespace(inner))
    return [
        custom("Widget", group_of(bed), "gadget", namespace=inner),
        deployment("web", of={"namespace": inner}),
        config_map("settings", namespace=inner),
        definition,
        namespace(inner),
    ]


def test_s01_one_run_brings_namespace_definition_instance_and_workload(bed: Bed) -> None:
    bodies = mixed_set(bed)
    random.Random(1).shuffle(bodies)
    bed.apply(*bodies).expect(0)
    inner = f"{bed.namespace}-in"
    for name in ("gadget", "web", "settings"):
        assert bed.applied_at(inner) < bed.applied_at(name)
    assert [one.status for one in bed.applies("gadget")] == [201]


def held_back(seconds: float) -> tuple[Any, Any]:
    """Changes of answers and of events that hide that a definition is established until some seconds have passed."""
    first_seen: list[float] = []

    def since() -> float:
        first_seen.append(time.monotonic())
        return first_seen[-1] - first_seen[0]

    def without(body: Any) -> Any:
        if since() < seconds and isinstance(body, dict):
            for item in body.get("items") or [body]:
                if item.get("status", {}).pop("conditions", None) and body.get("kind") == "CustomResourceDefinition":
                    # As it was before that: a watch from this version on tells of it.
                    item["metadata"]["resourceVersion"] = str(int(item["metadata"]["resourceVersion"]) - 1)
        return body

    def late(event: Any) -> Any:
        conditions = event["object"].get("status", {}).get("conditions", [])
        if any(entry["type"] == "Established" and entry["status"] == "True" for entry in conditions):
            time.sleep(max(0.0, seconds - since()))
        return event

    return without, late


def test_s02_a_definition_that_takes_long_holds_nobody_else_up(bed: Bed) -> None:
    group = group_of(bed)
    definition = bed.cleaned(resource_definition("Widget", group))
    maps = [config_map(f"c-{number}") for number in range(200)]
    answer, event = held_back(6)
    is_watch = lambda exchange: exchange.is_watch  # noqa: E731
    bed.proxy.add(Rewrite(event), path="customresourcedefinitions", when=is_watch)
    bed.proxy.add(Rewrite(answer), "GET", "customresourcedefinitions", when=lambda exchange: not exchange.is_watch)
    begun = time.monotonic()
    bed.apply(definition, custom("Widget", group, "gadget"), *maps).expect(0)
    took = time.monotonic() - begun
    instance = bed.applied_at("gadget")
    assert max(bed.applied_at(body["metadata"]["name"]) for body in maps) < instance
    assert bed.applies("gadget")[0].started_s - bed.applies(definition["metadata"]["name"])[0].started_s > 5
    assert took < 6 + 20


def user_of_everything(**configuration: Any) -> Any:
    """A Deployment that needs an account, a ConfigMap, a Secret and a claim."""
    reference = {"configMapRef": {"name": "settings", **configuration}}
    volumes = [
        {"name": "keys", "secret": {"secretName": "keys"}},
        {"name": "data", "persistentVolumeClaim": {"claimName": "data"}},
    ]
    return deployment("web", serviceAccountName="runner", volumes=volumes, container={"envFrom": [reference]})


def test_s03_what_a_pod_needs_is_written_before_it(bed: Bed) -> None:
    needed = [service_account("runner"), config_map("settings"), secret("keys"), claim("data")]
    bed.apply(user_of_everything(), *needed, flags=["--no-wait"]).expect(0)
    for body in needed:
        assert bed.applied_at(body["metadata"]["name"]) < bed.applied_at("web")


def test_s04_an_optional_reference_blocks_nothing(bed: Bed) -> None:
    broken = config_map("settings", {"not a key!": "value"})
    workload = deployment("web", container={"envFrom": [{"configMapRef": {"name": "settings", "optional": True}}]})
    done = bed.apply(workload, broken).expect(3)
    assert done.outcomes() == {"ConfigMap/settings": "failed", "Deployment/web": "created"}


def test_s05_a_chain_over_three_namespaces_waits_for_health(bed: Bed, own_plane: Plane) -> None:
    others = [bed.cleaned(namespace(f"{bed.namespace}-{letter}")) for letter in "bc"]
    first = deployment("first", annotations={"testbed.invalid/ready-after": "2s"})
    b, c = (body["metadata"]["name"] for body in others)
    second = config_map("second", namespace=b, annotations=depends_on(in_namespace(bed, "Deployment", "first", "apps")))
    third = config_map("third", namespace=c, annotations=depends_on(f"/namespaces/{b}/ConfigMap/second"))
    bed.apply(third, second, first, *others).expect(0)
    assert bed.applies("second")[0].started_s - bed.applies("first")[0].ended_s > 1.8
    assert bed.applied_at("second") < bed.applied_at("third")


def test_s06_every_cycle_is_shown_as_a_path(bed: Bed) -> None:
    def needs(name: str, other: str) -> Any:
        return config_map(name, annotations=depends_on(in_namespace(bed, "ConfigMap", other)))

    done = bed.apply(needs("a", "b"), needs("b", "c"), needs("c", "a"), needs("x", "y"), needs("y", "x")).expect(2)
    for names in (("a", "b", "c"), ("x", "y")):
        paths = [line for line in done.text.splitlines() if all(f"{bed.namespace}/{name}" in line for name in names)]
        assert paths, done.text
    assert bed.proxy.writes == []


def test_s07_malformed_dependencies_are_told_by_object_and_index(bed: Bed) -> None:
    good = in_namespace(bed, "ConfigMap", "c")
    done = bed.apply(
        config_map("a", annotations=depends_on(good, "/namespaces/ConfigMap/c")),
        config_map("b", annotations=depends_on(f"/namespaces/{bed.namespace}//c")),
        config_map("c"),
        config_map("d", annotations=depends_on(good, good)),
    ).expect(2)
    for name in ("a", "b", "d"):
        assert f"{bed.namespace}/{name}" in done.text
    assert bed.proxy.writes == []


def test_s08_a_dependency_outside_of_the_set_is_waited_for(bed: Bed) -> None:
    outside = bed.kube.create(bed.owned(config_map("outside")))
    dependent = config_map("a", annotations=depends_on(in_namespace(bed, "ConfigMap", "outside")))
    bed.apply(dependent).expect(0)
    bed.kube.delete({**outside, "apiVersion": "v1", "kind": "ConfigMap"})
    bed.proxy.clear()
    done = bed.apply(dependent)
    assert done.code in (2, 3)
    assert "external-dependency-missing" in done.text
    assert bed.member_writes == []


def test_s09_webhooks_come_last(bed: Bed, own_plane: Plane) -> None:
    hook = {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "ValidatingWebhookConfiguration",
        "metadata": {"name": bed.namespace},
        "webhooks": [
            {
                "name": "check.example.com",
                "failurePolicy": "Fail",
                "sideEffects": "None",
                "admissionReviewVersions": ["v1"],
                "clientConfig": {"service": {"namespace": bed.namespace, "name": "web", "path": "/"}},
                "rules": [
                    {"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["secrets"]}
                ],
                "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": bed.namespace}},
            }
        ],
    }
    workload = deployment("web", annotations={"testbed.invalid/ready-after": "1s"})
    bed.apply(bed.cleaned(hook), service("web"), workload, secret("keys")).expect(0)
    last = max(bed.applies(), key=lambda one: one.number)
    assert last.name == bed.namespace
    assert last.started_s - bed.applies("web")[-1].ended_s > 0.8


def test_s10_a_binding_waits_for_its_role_only_when_it_is_in_the_set(bed: Bed) -> None:
    bed.apply(role_binding("a-binding", "reader", account="default"), role("reader")).expect(0)
    assert bed.applied_at("reader") < bed.applied_at("a-binding")
    bed.apply(role_binding("b-binding", "elsewhere", account="default"), flags=["--no-prune"]).expect(0)


def test_s11_a_failure_stops_only_what_needs_it(bed: Bed) -> None:
    good = [deployment(f"good-{number}") for number in range(4)]
    bad = deployment("bad", replicas=-1)
    child = config_map("child", annotations=depends_on(in_namespace(bed, "Deployment", "bad", "apps")))
    grandchild = config_map("grandchild", annotations=depends_on(in_namespace(bed, "ConfigMap", "child")))
    done = bed.apply(bad, child, grandchild, *good, flags=["--no-wait"]).expect(3)
    outcomes = done.outcomes()
    assert [outcomes[f"Deployment/good-{number}"] for number in range(4)] == ["created"] * 4
    assert (outcomes["Deployment/bad"], outcomes["ConfigMap/child"]) == ("failed", "skipped")
    assert "bad" in str(done.change("ConfigMap", "grandchild")["blockedBy"])
    assert bed.applies("child") == []


def test_s12_deleting_goes_the_other_way(bed: Bed) -> None:
    bodies = mixed_set(bed)
    bed.set_up(*bodies)
    bed.run("delete", "-o", "json", "--yes").expect(0)

    def ended(name: str, path: str) -> Exchange:
        return next(one for one in bed.deletes(name) if path in one.path)

    inner = f"{bed.namespace}-in"
    definition = bodies[3]["metadata"]["name"]
    assert ended("gadget", "widgets").number < ended(definition, "customresourcedefinitions").number
    order = [one.name for one in bed.deletes()]
    assert order.index(inner) > max(order.index(name) for name in ("gadget", "web", "settings"))
    assert bed.inventory() is None
    assert bed.lease() is None
    assert all(bed.live(body) is None for body in (bodies[3], bodies[4]))


def without_places(plan: str) -> str:
    """A plan without what tells of the input: positions in the file, and the digest of the stream."""
    return re.sub(r'("position"|"source"): "[^"]*"', r'\1: ""', plan)


def test_s13_the_plan_does_not_depend_on_the_order_of_the_input(bed: Bed) -> None:
    bodies = [*mixed_set(bed), *(config_map(f"c-{number}") for number in range(30)), role("reader"), service("web")]
    plans = set()
    for seed in range(20):
        random.Random(seed).shuffle(bodies)
        done = bed.run("apply", str(bed.write(*bodies)), "--dry-run=client", "-o", "json").expect(0)
        plans.add(without_places(done.stdout))
    assert len(plans) == 1
    assert bed.proxy.writes == []


def test_s14_ordering_words_of_other_tools_are_told_and_not_ignored(bed: Bed) -> None:
    rule = {"kapp.k14s.io/change-rule": "upsert after upserting example.com/database"}
    done = bed.run("apply", str(bed.write(config_map("a", annotations=rule))))
    assert "kapp.k14s.io/change-rule" in done.text
    wave = {"argocd.argoproj.io/sync-wave": "5"}
    done = bed.run("apply", str(bed.write(config_map("b", annotations=wave))))
    assert "argocd.argoproj.io/sync-wave" in done.text
