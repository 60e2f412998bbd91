"""Sets of objects for tests that need many: 12 of some kinds, 40 of 16 kinds in two versions, 300 and 5,000 for measuring."""

from __future__ import annotations

import hashlib
from typing import Any

from objects import (
    Object,
    claim,
    config_map,
    custom,
    deployment,
    filled,
    job,
    named,
    namespace,
    resource_definition,
    role,
    role_binding,
    secret,
    service,
    service_account,
    stateful_set,
)

RECREATE = {"kbuild.dev/recreate": "true"}


def twelve(tag: str) -> list[Object]:
    """Twelve objects of eleven kinds with every sort of edge; `tag` makes what is in no namespace unique."""
    group = f"{tag}.example.com"
    return [
        namespace(f"{tag}-in"),
        resource_definition("Widget", group),
        custom("Widget", group, "gadget"),
        config_map("settings"),
        config_map("inner", namespace=f"{tag}-in"),
        secret("keys"),
        service_account("runner"),
        role("reader"),
        role_binding("readers", "reader", account="runner"),
        service("web"),
        deployment("web", serviceAccountName="runner", container={"envFrom": [{"configMapRef": {"name": "settings"}}]}),
        job("once", of={"annotations": RECREATE}),
    ]


def twelve_changed(tag: str) -> list[Object]:
    """The same after three changes and two removals."""
    bodies = [body for body in twelve(tag) if (body["kind"], body["metadata"]["name"]) not in REMOVED]
    for body in bodies:
        if (body["kind"], body["metadata"]["name"]) == ("ConfigMap", "settings"):
            body["data"] = {"key": "changed"}
        elif body["kind"] == "Deployment":
            body["spec"]["template"]["spec"]["containers"][0]["image"] = "registry.invalid/app:2"
        elif body["kind"] == "Widget":
            body["spec"] = {"size": 2}
    return bodies


REMOVED = {("Secret", "keys"), ("Service", "web")}


def hashed(name: str, data: dict[str, str]) -> str:
    """A name that changes with the content, as generated ConfigMaps have."""
    return f"{name}-{hashlib.sha256(repr(sorted(data.items())).encode()).hexdigest()[:10]}"


def forty(tag: str, version: int) -> list[Object]:
    """Forty objects of 16 kinds. From version 1 to 2: four generated ConfigMaps get other names, five objects go and five
    come, four change, and a Job must be created again.
    """
    group = f"{tag}.example.com"
    bodies = [namespace(f"{tag}-in"), resource_definition("Widget", group), resource_definition("Gear", group)]
    bodies += [custom("Widget", group, f"widget-{number}", {"size": version}) for number in (1, 2)]
    bodies += [custom("Gear", group, f"gear-{number}", {"teeth": 7}) for number in (1, version + 1)]
    settings = []
    for number in range(4):
        data = {"number": str(number), "version": str(version)}
        settings.append(hashed(f"generated-{number}", data))
        bodies.append(config_map(settings[-1], data))
    bodies += [config_map(f"plain-{number}", {"fixed": "value"}) for number in range(3)]
    bodies += [config_map("inner", {"version": str(version)}, namespace=f"{tag}-in")]
    bodies += [secret("keys", {"password": f"secret-{version}"}), secret(f"only-in-{version}")]
    bodies += [service_account("runner"), service_account(f"runner-{version}")]
    bodies += [
        role("reader"),
        role("writer", verbs=("get", "update")),
        role_binding("readers", "reader", account="runner"),
    ]
    bodies += [service(f"web-{number}") for number in range(3)] + [service(f"service-{version}")]
    for number in range(4):
        source = {"envFrom": [{"configMapRef": {"name": settings[number]}}]}
        bodies.append(deployment(f"web-{number}", serviceAccountName="runner", container=source))
    bodies += [stateful_set("store"), service("store"), claim("data"), *policies()]
    bodies += [job("once", annotations={"example.com/version": str(version)}, of={"annotations": RECREATE})]
    bodies += [deployment(f"worker-{version}")]
    return bodies


def policies() -> list[Any]:
    """One small object of each of some further kinds."""
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web-0"}
    scaler = {"scaleTargetRef": target, "minReplicas": 1, "maxReplicas": 1}
    template: Object = {"spec": {"template": job("x")["spec"]["template"]}}
    return [
        named("networking.k8s.io/v1", "NetworkPolicy", "quiet", spec={"podSelector": {}, "policyTypes": ["Ingress"]}),
        named(
            "policy/v1",
            "PodDisruptionBudget",
            "some",
            spec={"minAvailable": 1, "selector": {"matchLabels": {"app": "x"}}},
        ),
        named("autoscaling/v2", "HorizontalPodAutoscaler", "web", spec=scaler),
        named("batch/v1", "CronJob", "often", spec={"schedule": "0 0 1 1 *", "jobTemplate": template}),
        named("v1", "LimitRange", "limits", spec={"limits": [{"type": "Container", "default": {"cpu": "500m"}}]}),
    ]


def three_hundred() -> list[Object]:
    """300 objects of four kinds: 120 ConfigMaps, 60 Services, 60 ServiceAccounts, 60 Deployments with one Pod each."""
    bodies = [config_map(f"c-{number}", {"a": "x" * 200, "b": str(number)}) for number in range(120)]
    bodies += [service(f"s-{number}") for number in range(60)]
    bodies += [service_account(f"a-{number}") for number in range(60)]
    return bodies + [deployment(f"d-{number}") for number in range(60)]


def five_thousand(prefix: str) -> list[Object]:
    """5,000 objects of ten kinds in 20 namespaces of their own; no Pods, so that what is measured is applying."""
    spaces = [namespace(f"{prefix}-{number}") for number in range(20)]
    return filled(spaces, 5000)
