"""An installation as manifests: everything that `kbuild install` applies and `bootstrap` commits, in one order, always the same.

Source: flux2 v2.9, `install --export`: names, labels and order of the objects.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import kbuild
from applier.agent.install.definitions import definitions
from applier.agent.install.rbac import roles
from applier.agent.install.workloads import workloads

if TYPE_CHECKING:
    from collections.abc import Iterable

    from applier.agent.install.components import Component, Installation

    Body = dict[str, Any]

POLICIES = "networking.k8s.io/v1"


def manifests(plan: Installation) -> list[Body]:
    """Every object of an installation."""
    found = [_namespace(plan)]
    if plan.network_policy:
        found += _network_policies(plan)
    found += [_quota(plan), *roles(plan)]
    for component in plan.components:
        found += _definitions(plan, component)
        found += workloads(plan, component)
    return found


def text(plan: Installation) -> str:
    """The same as a file for `kubectl apply -f`."""
    names = ",".join(found.name for found in plan.components)
    head = [
        "---",
        "# Written by `kbuild install`; changes belong into a patch beside it.",
        f"# Version: {plan.version}",
    ]
    return "\n".join([*head, f"# Components: {names}", yaml(manifests(plan))])


def yaml(bodies: Iterable[Body]) -> str:
    """Bodies as YAML documents, `---` between them."""
    return kbuild.to_yaml(bodies)


def _definitions(plan: Installation, component: Component) -> list[Body]:
    labels = plan.labels(component.name)
    return [found.body(labels) for found in definitions() if found.group == component.group]


def _namespace(plan: Installation) -> Body:
    front = "pod-security.kubernetes.io/warn"
    labels = {**plan.labels(), front: "restricted", f"{front}-version": "latest"}
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"labels": labels, "name": plan.namespace}}


def _named(plan: Installation, version: str, kind: str, name: str, spec: Body) -> Body:
    metadata = {"labels": plan.labels(), "name": name, "namespace": plan.namespace}
    return {"apiVersion": version, "kind": kind, "metadata": metadata, "spec": spec}


def _network_policies(plan: Installation) -> list[Body]:
    """The controllers may call anywhere; they are called by each other, by what scrapes metrics, and by webhooks' senders."""
    everywhere: Body = {"namespaceSelector": {}}
    egress = {
        "egress": [{}],
        "ingress": [{"from": [{"podSelector": {}}]}],
        "podSelector": {},
        "policyTypes": ["Ingress", "Egress"],
    }
    scraping = {
        "ingress": [{"from": [everywhere], "ports": [{"port": 8080, "protocol": "TCP"}]}],
        "podSelector": {},
        "policyTypes": ["Ingress"],
    }
    webhooks = {
        "ingress": [{"from": [everywhere]}],
        "podSelector": {"matchLabels": {"app": "notification-controller"}},
        "policyTypes": ["Ingress"],
    }
    named = (("allow-egress", egress), ("allow-scraping", scraping), ("allow-webhooks", webhooks))
    return [_named(plan, POLICIES, "NetworkPolicy", name, spec) for name, spec in named]


def _quota(plan: Installation) -> Body:
    """Some clusters allow critical pods only where a quota names them."""
    names = ["system-node-critical", "system-cluster-critical"]
    scope = {"matchExpressions": [{"operator": "In", "scopeName": "PriorityClass", "values": names}]}
    spec = {"hard": {"pods": "1000"}, "scopeSelector": scope}
    return _named(plan, "v1", "ResourceQuota", f"critical-pods-{plan.namespace}", spec)
