"""Objects for tests, as small as the server accepts them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

Object = dict[str, Any]
IMAGE = "registry.invalid/app:1"


def named(api_version: str, kind: str, name: str, namespace: str = "", **more: Any) -> Object:
    """An object of any kind; `annotations` and `labels` go into its metadata, all else beside it."""
    meta: Object = {"name": name}
    if namespace:
        meta["namespace"] = namespace
    for key in ("annotations", "labels", "finalizers"):
        if more.get(key):
            meta[key] = more.pop(key)
        else:
            more.pop(key, None)
    return {"apiVersion": api_version, "kind": kind, "metadata": meta, **more}


def config_map(name: str, data: Mapping[str, str] | None = None, **more: Any) -> Object:
    """A ConfigMap."""
    return named("v1", "ConfigMap", name, data=dict(data or {"key": "value"}), **more)


def secret(name: str, data: Mapping[str, str] | None = None, **more: Any) -> Object:
    """A Secret from plain strings."""
    return named("v1", "Secret", name, stringData=dict(data or {"key": "value"}), **more)


def namespace(name: str, **more: Any) -> Object:
    """A Namespace."""
    return named("v1", "Namespace", name, **more)


def service_account(name: str, **more: Any) -> Object:
    """A ServiceAccount."""
    return named("v1", "ServiceAccount", name, **more)


def service(name: str, app: str = "", port: int = 80, **more: Any) -> Object:
    """A Service for the Pods of an app."""
    spec = {"selector": {"app": app or name}, "ports": [{"name": "http", "port": port, "targetPort": 8080}]}
    return named("v1", "Service", name, spec=spec, **more)


def pod_template(app: str, annotations: Mapping[str, str] | None = None, **spec: Any) -> Object:
    """The template of a workload's Pods; `container` holds further fields of its one container."""
    container = {"name": "main", "image": IMAGE, **spec.pop("container", {})}
    meta: Object = {"labels": {"app": app}}
    if annotations:
        meta["annotations"] = dict(annotations)
    return {"metadata": meta, "spec": {"containers": [container], **spec}}


def deployment(
    name: str, *, replicas: int = 1, annotations: Mapping[str, str] | None = None, of: Object | None = None, **pod: Any
) -> Object:
    """A Deployment; `annotations` are those of its Pods, `of` is its own metadata besides the name."""
    spec = {
        "replicas": replicas,
        "selector": {"matchLabels": {"app": name}},
        "template": pod_template(name, annotations, **pod),
    }
    return named("apps/v1", "Deployment", name, spec=spec, **(of or {}))


def stateful_set(name: str, *, replicas: int = 1, of: Object | None = None, **pod: Any) -> Object:
    """A StatefulSet with a Service of its name."""
    spec = {
        "replicas": replicas,
        "serviceName": name,
        "podManagementPolicy": "Parallel",
        "selector": {"matchLabels": {"app": name}},
        "template": pod_template(name, **pod),
    }
    return named("apps/v1", "StatefulSet", name, spec=spec, **(of or {}))


def job(name: str, *, annotations: Mapping[str, str] | None = None, of: Object | None = None, **spec: Any) -> Object:
    """A Job that runs one Pod once; `annotations` are those of the Pod."""
    template = pod_template(name, annotations, restartPolicy="Never")
    return named("batch/v1", "Job", name, spec={"backoffLimit": 0, "template": template, **spec}, **(of or {}))


def role(name: str, resources: Sequence[str] = ("configmaps",), verbs: Sequence[str] = ("get",), **more: Any) -> Object:
    """A Role on kinds of the core group."""
    rules = [{"apiGroups": [""], "resources": list(resources), "verbs": list(verbs)}]
    return named("rbac.authorization.k8s.io/v1", "Role", name, rules=rules, **more)


def role_binding(name: str, role_name: str, *, user: str = "", account: str = "", **more: Any) -> Object:
    """A RoleBinding of a Role to a user or to a ServiceAccount."""
    group = "rbac.authorization.k8s.io"
    subject = {"kind": "User", "name": user, "apiGroup": group} if user else {"kind": "ServiceAccount", "name": account}
    reference = {"apiGroup": group, "kind": "Role", "name": role_name}
    return named(f"{group}/v1", "RoleBinding", name, subjects=[subject], roleRef=reference, **more)


def claim(name: str, size: str = "1Gi", **more: Any) -> Object:
    """A PersistentVolumeClaim."""
    spec = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": size}}, **more.pop("spec", {})}
    return named("v1", "PersistentVolumeClaim", name, spec=spec, **more)


def resource_definition(kind: str, group: str, *, scope: str = "Namespaced", schema: Object | None = None) -> Object:
    """A CustomResourceDefinition with one version, v1, any spec and a status of its own."""
    plural = kind.lower() + "s"
    open_object = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    properties = {"spec": schema or open_object, "status": open_object}
    version = {
        "name": "v1",
        "served": True,
        "storage": True,
        "schema": {"openAPIV3Schema": {"type": "object", "properties": properties}},
        "subresources": {"status": {}},
    }
    names = {"kind": kind, "plural": plural, "singular": kind.lower(), "listKind": f"{kind}List"}
    spec = {"group": group, "scope": scope, "names": names, "versions": [version]}
    return named("apiextensions.k8s.io/v1", "CustomResourceDefinition", f"{plural}.{group}", spec=spec)


def custom(kind: str, group: str, name: str, spec: Object | None = None, **more: Any) -> Object:
    """A custom resource of version v1."""
    return named(f"{group}/v1", kind, name, spec=spec or {"size": 1}, **more)


def filled(spaces: Sequence[Object], count: int) -> list[Object]:
    """Namespaces and objects of nine more kinds in them, `count` together; none of them makes a Pod."""
    makers: tuple[Callable[..., Object], ...] = (
        config_map,
        secret,
        service,
        role,
        service_account,
        lambda name, **more: role_binding(name, "r-3", account="x", **more),
        lambda name, **more: deployment(name, replicas=0, of=more),
        lambda name, **more: named("networking.k8s.io/v1", "NetworkPolicy", name, spec={"podSelector": {}}, **more),
        lambda name, **more: named("policy/v1", "PodDisruptionBudget", name, spec={"minAvailable": 1}, **more),
    )
    bodies = list(spaces)
    for number in range(count - len(spaces)):
        space = spaces[number % len(spaces)]["metadata"]["name"]
        bodies.append(makers[number % len(makers)](f"r-{number}", namespace=space))
    return bodies
