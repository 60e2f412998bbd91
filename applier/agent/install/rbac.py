"""Who may do what: the roles and bindings of an installation.

The controllers' own work (their kinds, sources' Secrets, events, Leases) is `crd-controller`; whoever applies what is in Git
must be able to apply anything, which is `cluster-reconciler`. Kustomizations that shall be able to do less name a service account.
Source: flux2 v2.9, its roles and their names.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from applier.agent.install.components import EVERY, HELM, KUSTOMIZE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from applier.agent.install.components import Component, Installation

    Body = dict[str, Any]

API_GROUP = "rbac.authorization.k8s.io"
CONTROLLERS, RECONCILER = "crd-controller", "cluster-reconciler"
READ, CHANGE = ("get", "list", "watch"), ("create", "delete", "deletecollection", "patch", "update")
ALL = ("*",)


def roles(plan: Installation) -> list[Body]:
    """The cluster roles and their bindings. A namespaced installation has no right beyond its namespace."""
    groups = [found.group for found in EVERY]
    suffix = plan.namespace
    if not plan.watch_all_namespaces:
        rules = [*controller_rules(groups), _rule(ALL, ALL, ALL)]
        role = _body(plan, "Role", f"{CONTROLLERS}-{suffix}", plan.namespace, rules=rules)
        return [
            role,
            *_viewing(plan, groups),
            _binding(plan, "RoleBinding", CONTROLLERS, ("Role", role), plan.components),
        ]
    role = _body(plan, "ClusterRole", f"{CONTROLLERS}-{suffix}", rules=[*controller_rules(groups), _alive()])
    admin = {"metadata": {"name": "cluster-admin"}}
    appliers = [found for found in plan.components if found in (KUSTOMIZE, HELM)]
    bound = [_binding(plan, "ClusterRoleBinding", CONTROLLERS, ("ClusterRole", role), plan.components)]
    if appliers:
        bound.insert(0, _binding(plan, "ClusterRoleBinding", RECONCILER, ("ClusterRole", admin), appliers))
    return [role, *_viewing(plan, groups), *bound]


def controller_rules(groups: Sequence[str]) -> list[Body]:
    """What every controller needs for its own work."""
    return [
        _rule(groups, ALL, ALL),
        _rule([""], ["namespaces", "secrets", "configmaps", "serviceaccounts"], READ),
        _rule([""], ["events"], ["create", "patch"]),
        _rule([""], ["configmaps"], [*READ, "create", "update", "patch", "delete"]),
        _rule(["coordination.k8s.io"], ["leases"], [*READ, "create", "update", "patch", "delete"]),
    ]


def _alive() -> Body:
    return {"nonResourceURLs": ["/livez/ping"], "verbs": ["head"]}


def _viewing(plan: Installation, groups: Sequence[str]) -> list[Body]:
    """What people with the usual roles of a cluster may do with the controllers' kinds."""
    front = f"{API_GROUP}/aggregate-to"
    edit = {f"{front}-admin": "true", f"{front}-edit": "true"}
    view = {**edit, f"{front}-view": "true"}
    return [
        _body(plan, "ClusterRole", f"flux-edit-{plan.namespace}", labels=edit, rules=[_rule(groups, ALL, CHANGE)]),
        _body(plan, "ClusterRole", f"flux-view-{plan.namespace}", labels=view, rules=[_rule(groups, ALL, READ)]),
    ]


def _rule(groups: Sequence[str], resources: Sequence[str], verbs: Sequence[str]) -> Body:
    return {"apiGroups": list(groups), "resources": list(resources), "verbs": list(verbs)}


def _binding(plan: Installation, kind: str, name: str, role: tuple[str, Body], components: Sequence[Component]) -> Body:
    subjects = [{"kind": "ServiceAccount", "name": found.name, "namespace": plan.namespace} for found in components]
    reference = {"apiGroup": API_GROUP, "kind": role[0], "name": role[1]["metadata"]["name"]}
    namespace = plan.namespace if kind == "RoleBinding" else ""
    return _body(plan, kind, f"{name}-{plan.namespace}", namespace, roleRef=reference, subjects=subjects)


def _body(
    plan: Installation, kind: str, name: str, namespace: str = "", *, labels: Body | None = None, **rest: Any
) -> Body:
    metadata = {"labels": {**plan.labels(), **(labels or {})}, "name": name}
    if namespace:
        metadata["namespace"] = namespace
    return {"apiVersion": f"{API_GROUP}/v1", "kind": kind, "metadata": metadata, **rest}
