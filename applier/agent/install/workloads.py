"""The controllers as workloads: service accounts, Deployments and Services.

Each Deployment runs one controller of `kbuild agent`. Names, labels, ports, the order of arguments and the container's name are
Flux's, so that dashboards, policies and patches written for it fit.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from applier.agent.install.components import NOTIFICATION

if TYPE_CHECKING:
    from applier.agent.install.components import Component, Installation

    Body = dict[str, Any]

METRICS, PROBES = ("http-prom", 8080), ("healthz", 9440)
GRACE_S = 70  # runs get a minute to end and to write their statuses
CONTAINER = "manager"


def workloads(plan: Installation, component: Component) -> list[Body]:
    """Service account, Services and Deployment of one component."""
    account = _named(plan, component, "v1", "ServiceAccount", component.name)
    if plan.image_pull_secret:
        account["imagePullSecrets"] = [{"name": plan.image_pull_secret}]
    return [account, *_services(plan, component), _deployment(plan, component)]


def arguments(plan: Installation, component: Component) -> list[str]:
    """The flags of a component, in Flux's order: patches of users count on it."""
    found = [
        f"--watch-all-namespaces={'true' if plan.watch_all_namespaces else 'false'}",
        f"--log-level={plan.log_level}",
        "--log-encoding=json",
    ]
    if component is not NOTIFICATION:  # which takes events in every replica, each of them once
        found.append("--enable-leader-election")
    if component is not NOTIFICATION and NOTIFICATION in plan.components:
        found.insert(0, f"--events-addr=http://{plan.address(NOTIFICATION.name)}/")
    if component.is_storing:
        host = plan.address(component.name).replace(f".{plan.namespace}.", ".$(RUNTIME_NAMESPACE).")
        found += ["--storage-path=/data", f"--storage-adv-addr={host}"]
    return found


def _named(plan: Installation, component: Component, version: str, kind: str, name: str, **labels: str) -> Body:
    metadata = {"labels": {**plan.labels(component.name), **labels}, "name": name, "namespace": plan.namespace}
    return {"apiVersion": version, "kind": kind, "metadata": metadata}


def _services(plan: Installation, component: Component) -> list[Body]:
    found = []
    for port, _ in component.ports:
        name = "webhook-receiver" if port == "http-webhook" else component.name
        body = _named(plan, component, "v1", "Service", name, **{"control-plane": "controller"})
        ports = [{"name": "http", "port": 80, "protocol": "TCP", "targetPort": port}]
        body["spec"] = {"ports": ports, "selector": {"app": component.name}, "type": "ClusterIP"}
        found.append(body)
    return found


def _deployment(plan: Installation, component: Component) -> Body:
    body = _named(plan, component, "apps/v1", "Deployment", component.name, **{"control-plane": "controller"})
    metadata = {
        "annotations": {"prometheus.io/port": str(METRICS[1]), "prometheus.io/scrape": "true"},
        "labels": {"app": component.name, **plan.labels(component.name)},
    }
    # Sources are served by the one pod that leads, and it alone is ready: a new one would wait for the old one for ever.
    strategy = {"strategy": {"type": "Recreate"}} if component.is_storing else {}
    body["spec"] = {
        "replicas": 1,
        "selector": {"matchLabels": {"app": component.name}},
        **strategy,
        "template": {"metadata": metadata, "spec": _pod(plan, component)},
    }
    return body


def _pod(plan: Installation, component: Component) -> Body:
    volumes = ["tmp", *(["data"] if component.is_storing else [])]
    found: Body = {
        "containers": [_container(plan, component, volumes)],
        "nodeSelector": {"kubernetes.io/os": "linux"},
        "securityContext": {"fsGroup": 1337},
        "serviceAccountName": component.name,
        "terminationGracePeriodSeconds": GRACE_S,
        "volumes": [{"emptyDir": {}, "name": name} for name in volumes],
    }
    if component.is_critical:
        found["priorityClassName"] = "system-cluster-critical"
    if plan.image_pull_secret:
        found["imagePullSecrets"] = [{"name": plan.image_pull_secret}]
    if plan.toleration_keys:
        found["tolerations"] = [{"key": key, "operator": "Exists"} for key in plan.toleration_keys]
    return found


def _container(plan: Installation, component: Component, volumes: list[str]) -> Body:
    ports = (*component.ports, METRICS, PROBES)
    return {
        "args": arguments(plan, component),
        "command": ["kbuild", "agent", f"--controllers={component.controller}"],
        "env": [
            {"name": "RUNTIME_NAMESPACE", "valueFrom": {"fieldRef": {"fieldPath": "metadata.namespace"}}},
            {"name": "XDG_CACHE_HOME", "value": "/tmp"},  # noqa: S108  (a volume of the pod, which nobody else has)
        ],
        "image": plan.image,
        "imagePullPolicy": "IfNotPresent",
        "livenessProbe": {"httpGet": {"path": "/healthz", "port": PROBES[0]}},
        "name": CONTAINER,
        "ports": [{"containerPort": port, "name": name, "protocol": "TCP"} for name, port in ports],
        "readinessProbe": {"httpGet": {"path": "/readyz", "port": PROBES[0]}},
        "resources": {
            "limits": {"cpu": "1000m", "memory": "1Gi"},
            "requests": {"cpu": component.requests_cpu, "memory": "64Mi"},
        },
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["ALL"]},
            "readOnlyRootFilesystem": True,
            "runAsNonRoot": True,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "volumeMounts": [{"mountPath": f"/{name}", "name": name} for name in volumes],
    }
