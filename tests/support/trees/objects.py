"""Random Kubernetes objects: many kinds, with references among them."""

from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from trees.choice import Choice
from trees.pods import labels, selector, workload
from trees.words import (
    ANNOTATION_VALUES,
    BUILD_ANNOTATIONS,
    CLUSTER_NAMES,
    CUSTOM,
    IMAGES,
    INTERNAL,
    NAMES,
    NAMESPACES,
    ODD_SCALARS,
    TEXTS,
)
from trees.yaml_text import Raw

Map = dict[str, Any]
Maker = Callable[[Choice], Map]


@dataclass(slots=True)
class Made:
    """An object and where it says who it is."""

    body: Map

    @property
    def api(self) -> str:
        """Its apiVersion."""
        return str(self.body.get("apiVersion", ""))

    @property
    def kind(self) -> str:
        """Its kind."""
        return str(self.body.get("kind", ""))

    @property
    def name(self) -> str:
        """Its name."""
        return str((self.body.get("metadata") or {}).get("name", ""))

    @property
    def namespace(self) -> str:
        """Its namespace."""
        return str((self.body.get("metadata") or {}).get("namespace", ""))


def config_map(choice: Choice) -> Map:
    """A config map with texts that hold other texts."""
    values = (
        *TEXTS,
        '{"a": {"b": 1}, "l": [1, 2]}',
        "a:\n  b: c\nl:\n- x\n- y\n",
        Raw("5"),
        Raw("true"),
        "host.example.com:80",
    )
    found: Map = {"data": {key: choice.one(values) for key in choice.some(("a", "b", "c.yaml", "d-e"), 1, 3)}}
    if choice.chance(0.1):
        found["binaryData"] = {"bin": base64.b64encode(b"\xff\x00" * choice.one((1, 40))).decode()}
    if choice.chance(0.05):
        found["immutable"] = True
    return found


def secret(choice: Choice) -> Map:
    """A secret."""
    found: Map = {"data": {"k": base64.b64encode(choice.one(NAMES).encode()).decode()}}
    if choice.chance(0.3):
        found = {"stringData": {"k": choice.one(TEXTS)}}
    if choice.chance(0.4):
        found["type"] = choice.one(("Opaque", "kubernetes.io/tls"))
    if choice.chance(0.1):
        found["type"] = "kubernetes.io/service-account-token"
    return found


def service(choice: Choice) -> Map:
    """A service."""
    ports = []
    for _ in range(choice.number(1, 3)):
        port: Map = {"port": choice.one((80, 443, 8080)), "targetPort": choice.one((8080, "http", "$(VAR_A)"))}
        if choice.chance(0.5):
            port["protocol"] = choice.one(("TCP", "UDP"))
        if choice.chance(0.4):
            port["name"] = choice.one(("http", "https"))
        ports.append(port)
    spec: Map = {"ports": ports}
    if choice.chance(0.7):
        spec["selector"] = labels(choice)
    return {"spec": spec}


def rules(choice: Choice) -> Map:
    """The rules of a role."""
    rule: Map = {"apiGroups": [""], "resources": [choice.one(("configmaps", "secrets", "*"))], "verbs": ["get"]}
    if choice.chance(0.6):
        rule["resourceNames"] = choice.some(NAMES, 1, 2)
    return {"rules": [rule for _ in range(choice.number(1, 2))]}


def binding(kind: str) -> Maker:
    """Subjects and the role of a binding."""

    def make(choice: Choice) -> Map:
        subjects = []
        for _ in range(choice.number(1, 3)):
            subject: Map = {"kind": choice.one(("ServiceAccount", "ServiceAccount", "User", "Group"))}
            subject["name"] = choice.one((*NAMES, "default"))
            if choice.chance(0.5):
                subject["namespace"] = choice.one(NAMESPACES)
            subjects.append(subject)
        role = choice.one(("Role", "ClusterRole")) if kind == "RoleBinding" else "ClusterRole"
        found: Map = {
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": role, "name": choice.one((*NAMES, "reader"))}
        }
        if choice.chance(0.9):
            found["subjects"] = subjects
        return found

    return make


def ingress(choice: Choice) -> Map:
    """An ingress with backends of the old and of the new form."""
    name = choice.one(NAMES)
    backend: Map = choice.one(
        ({"serviceName": name, "servicePort": 80}, {"service": {"name": name, "port": {"number": 80}}})
    )
    spec: Map = {
        "rules": [{"host": choice.one(("a.b", "$(VAR_A).c")), "http": {"paths": [{"path": "/", "backend": backend}]}}]
    }
    if choice.chance(0.3):
        spec["tls"] = [{"hosts": ["a.b", "$(VAR_A)"], "secretName": choice.one(NAMES)}]
    if choice.chance(0.2):
        spec["ingressClassName"] = choice.one(CLUSTER_NAMES)
    if choice.chance(0.2):
        spec[choice.one(("backend", "defaultBackend"))] = backend
    return {"spec": spec}


def network_policy(choice: Choice) -> Map:
    """A network policy."""
    peer = {"podSelector": selector(choice)}
    return {
        "spec": {
            "podSelector": selector(choice),
            "ingress": [{"from": [peer, {"ipBlock": {"cidr": "0.0.0.0/0"}}]}],
            "egress": [{"to": [peer]}],
        }
    }


def autoscaler(choice: Choice) -> Map:
    """A horizontal pod autoscaler."""
    kind = choice.one(("Deployment", "StatefulSet", "ReplicaSet"))
    target = {"apiVersion": "apps/v1", "kind": kind, "name": choice.one(("web", "db", "api"))}
    return {"spec": {"scaleTargetRef": target, "minReplicas": 1, "maxReplicas": Raw(choice.one(("3", "1e1")))}}


def volume(choice: Choice) -> Map:
    """A persistent volume."""
    source: Map = choice.one(
        (
            {"nfs": {"server": "$(VAR_A)", "path": "/"}},
            {"azureFile": {"secretName": choice.one(NAMES)}},
            {"hostPath": {"path": "/"}},
        )
    )
    return {"spec": {"capacity": {"storage": "1Gi"}, "storageClassName": choice.one(CLUSTER_NAMES), **source}}


def claim(choice: Choice) -> Map:
    """A persistent volume claim."""
    spec: Map = {"accessModes": ["ReadWriteOnce"], "storageClassName": choice.one(CLUSTER_NAMES)}
    if choice.chance(0.5):
        spec["volumeName"] = choice.one(CLUSTER_NAMES)
    return {"spec": spec}


def webhooks(choice: Choice) -> Map:
    """Webhooks with services as clients."""
    hooks = []
    for name in choice.some(("a.b.c", "d.e.f"), 1, 2):
        target: Map = {"name": choice.one(NAMES), "path": "/x"}
        if choice.chance(0.6):
            target["namespace"] = choice.one(NAMESPACES)
        hooks.append({"name": name, "clientConfig": {"service": target}, "sideEffects": "None"})
    return {"webhooks": hooks}


def definition(choice: Choice) -> Map:
    """A custom resource definition."""
    spec: Map = {
        "group": "example.com",
        "names": {"kind": "Widget", "plural": "widgets"},
        "scope": choice.one(("Namespaced", "Cluster")),
    }
    if choice.chance(0.5):
        spec["conversion"] = {
            "strategy": "Webhook",
            "webhook": {"clientConfig": {"service": {"name": "web", "namespace": "x"}}},
        }
    return {"spec": spec}


def custom(choice: Choice) -> Map:
    """Anything."""
    spec: Map = {}
    for key in choice.some(
        ("a", "b", "list", "ref", "image", "template", "containers", "nested", "odd", "secretName", "hosts"), 1, 5
    ):
        spec[key] = custom_value(key, choice)
    found: Map = {"spec": spec}
    if choice.chance(0.1):
        found[choice.one(("1", "status", "data", "x-note"))] = {"k": Raw(choice.one(ODD_SCALARS[:30]))}
    return found


def custom_value(key: str, choice: Choice) -> Any:
    """A value under a key that some transformer looks for, or any value."""
    if key in ("list", "hosts"):
        return [choice.one(TEXTS) for _ in range(choice.number(0, 3))]
    if key == "ref":
        return {"kind": "ConfigMap", "name": choice.one(NAMES)}
    if key == "containers":
        return [{"name": "main", "image": choice.one(IMAGES)}]
    if key == "template":
        return workload("PodTemplate", choice)["template"]
    if key == "nested":
        return {
            "list": [{"name": name, "v": choice.number(0, 9)} for name in choice.some(NAMES, 1, 3)],
            "empty": {},
            "none": None,
        }
    if key == "odd":
        return Raw(choice.one(ODD_SCALARS[:30]))
    return choice.one(TEXTS)


def fixed(body: Map) -> Maker:
    """A maker of something that does not vary."""
    return lambda _: dict(body)


def account(choice: Choice) -> Map:
    """A service account."""
    found: Map = {}
    if choice.chance(0.4):
        found["imagePullSecrets"] = [{"name": choice.one(NAMES)}]
    if choice.chance(0.3):
        found["secrets"] = [{"name": choice.one(NAMES)}]
    return found


def policy_binding(choice: Choice) -> Map:
    """A binding of a validating admission policy."""
    return {"spec": {"policyName": choice.one(NAMES)}}


def storage_class(choice: Choice) -> Map:
    """A storage class that names secrets."""
    return {
        "provisioner": "x",
        "parameters": {choice.one(("secretName", "adminSecretName", "secretRef")): choice.one(NAMES)},
    }


def api_service(choice: Choice) -> Map:
    """An API service."""
    if choice.chance(0.3):
        return {"spec": {"group": "g"}}
    return {"spec": {"service": {"name": choice.one(NAMES), "namespace": choice.one(NAMESPACES)}}}


def budget(choice: Choice) -> Map:
    """A pod disruption budget."""
    return {"spec": {"minAvailable": 1, "selector": selector(choice)}}


def of(kind: str) -> Maker:
    """A maker of a workload."""
    return lambda choice: workload(kind, choice)


RBAC, STORAGE, NET = "rbac.authorization.k8s.io/v1", "storage.k8s.io/v1", "networking.k8s.io/v1"
ADMISSION = "admissionregistration.k8s.io/v1"
CLUSTER = "cluster"
KINDS: tuple[tuple[int, str, str, Maker, str], ...] = (
    (12, "apps/v1", "Deployment", of("Deployment"), ""), (5, "apps/v1", "StatefulSet", of("StatefulSet"), ""),
    (3, "apps/v1", "DaemonSet", of("DaemonSet"), ""), (2, "apps/v1", "ReplicaSet", of("ReplicaSet"), ""),
    (1, "v1", "ReplicationController", of("ReplicationController"), ""), (3, "batch/v1", "Job", of("Job"), ""),
    (2, "batch/v1", "CronJob", of("CronJob"), ""), (1, "batch/v1beta1", "CronJob", of("CronJob"), ""), (3, "v1", "Pod", of("Pod"), ""),
    (1, "v1", "PodTemplate", of("PodTemplate"), ""), (1, "apps/v1beta2", "Deployment", of("Deployment"), ""),
    (1, "extensions/v1beta1", "Deployment", of("Deployment"), ""), (9, "v1", "ConfigMap", config_map, ""), (5, "v1", "Secret", secret, ""),
    (6, "v1", "Service", service, ""), (4, "v1", "ServiceAccount", account, ""), (3, RBAC, "Role", rules, ""),
    (3, RBAC, "ClusterRole", rules, CLUSTER), (3, RBAC, "RoleBinding", binding("RoleBinding"), ""),
    (3, RBAC, "ClusterRoleBinding", binding("ClusterRoleBinding"), CLUSTER), (3, NET, "Ingress", ingress, ""),
    (1, "networking.k8s.io/v1beta1", "Ingress", ingress, ""), (1, "extensions/v1beta1", "Ingress", ingress, ""),
    (1, NET, "IngressClass", fixed({"spec": {"controller": "c"}}), CLUSTER), (2, NET, "NetworkPolicy", network_policy, ""),
    (1, "policy/v1", "PodDisruptionBudget", budget, ""), (1, "autoscaling/v2", "HorizontalPodAutoscaler", autoscaler, ""),
    (1, "autoscaling/v1", "HorizontalPodAutoscaler", autoscaler, ""), (2, "v1", "PersistentVolume", volume, CLUSTER),
    (2, "v1", "PersistentVolumeClaim", claim, ""), (2, STORAGE, "StorageClass", storage_class, CLUSTER),
    (1, "scheduling.k8s.io/v1", "PriorityClass", fixed({"value": 1000}), CLUSTER), (2, "v1", "Namespace", fixed({}), CLUSTER),
    (1, "apiextensions.k8s.io/v1", "CustomResourceDefinition", definition, CLUSTER),
    (1, "apiregistration.k8s.io/v1", "APIService", api_service, CLUSTER),
    (1, ADMISSION, "MutatingWebhookConfiguration", webhooks, CLUSTER), (2, ADMISSION, "ValidatingWebhookConfiguration", webhooks, CLUSTER),
    (1, ADMISSION, "ValidatingAdmissionPolicy", fixed({"spec": {"x": 1}}), CLUSTER),
    (1, ADMISSION, "ValidatingAdmissionPolicyBinding", policy_binding, CLUSTER), (1, "v1", "Node", fixed({"spec": {"podCIDRs": ["a", "b"]}}), CLUSTER),
    (1, "v1", "LimitRange", fixed({"spec": {"limits": [{"type": "Pod"}]}}), ""), (1, "v1", "ResourceQuota", fixed({"spec": {"hard": {"pods": "1"}}}), ""),
    (1, "v1", "Endpoints", fixed({"subsets": []}), ""), (1, "serving.knative.dev/v1", "Service", of("Deployment"), ""),
    (1, "config.kubernetes.io/v1", "WidgetList", fixed({"spec": {}}), ""),
)  # fmt: skip
WEIGHTED = tuple(entry[1:] for entry in KINDS for _ in range(entry[0]))


def metadata(choice: Choice, cluster: str) -> Map:
    """An object's metadata."""
    found: Map = {"name": choice.one(CLUSTER_NAMES if cluster and choice.chance(0.6) else NAMES)}
    if choice.chance(0.3 if not cluster else 0.02):
        found["namespace"] = choice.one(NAMESPACES)
    if choice.chance(0.4):
        found["labels"] = labels(choice)
    if choice.chance(0.25):
        found["annotations"] = {
            key: choice.one(ANNOTATION_VALUES) for key in choice.some(("note", "a/b", "z", "team"), 1, 2)
        }
    if choice.chance(0.03):
        found["annotations"] = {"config.kubernetes.io/local-config": choice.one(("true", "false", ""))}
    if choice.chance(0.01):
        found["annotations"] = {"config.kubernetes.io/path": "x", "config.kubernetes.io/origin": "x"}
    if choice.chance(0.015):
        internal = {INTERNAL + key: value for key, value in choice.one(BUILD_ANNOTATIONS).items()}
        found["annotations"] = {**found.get("annotations", {}), **internal}
    if choice.chance(0.02):
        found["annotations"] = {"nginx.ingress.kubernetes.io/auth-secret": choice.one(NAMES)}
    if choice.chance(0.03):
        found["finalizers"] = choice.some(("a", "b", "c"), 1, 3)
    if choice.chance(0.02):
        found["ownerReferences"] = [{"uid": uid, "kind": "X", "name": "x"} for uid in choice.some(("1", "2"), 1, 2)]
    return found


def make_object(choice: Choice) -> Made:
    """One object."""
    if choice.chance(0.12):
        api, kind = choice.one(CUSTOM)
        maker, cluster = custom, ""
    else:
        api, kind, maker, cluster = choice.one(WEIGHTED)
    body = {"apiVersion": api, "kind": kind, "metadata": metadata(choice, cluster), **maker(choice)}
    return Made(body)
