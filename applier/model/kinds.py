"""Facts about kinds that do not depend on a cluster: which groups are Kubernetes' own, and who bears pods."""

from __future__ import annotations

from applier.model.ids import GroupKind

BUILTIN_GROUPS = frozenset(
    [
        "", "admissionregistration.k8s.io", "apiextensions.k8s.io", "apiregistration.k8s.io", "apps",
        "authentication.k8s.io", "authorization.k8s.io", "autoscaling", "batch", "certificates.k8s.io",
        "coordination.k8s.io", "discovery.k8s.io", "events.k8s.io", "extensions", "flowcontrol.apiserver.k8s.io",
        "internal.apiserver.k8s.io", "networking.k8s.io", "node.k8s.io", "policy", "rbac.authorization.k8s.io",
        "resource.k8s.io", "scheduling.k8s.io", "storage.k8s.io", "storagemigration.k8s.io",
    ]
)  # fmt: skip

NAMESPACE = GroupKind("", "Namespace")
SECRET = GroupKind("", "Secret")
CONFIG_MAP = GroupKind("", "ConfigMap")
SERVICE = GroupKind("", "Service")
SERVICE_ACCOUNT = GroupKind("", "ServiceAccount")
VOLUME = GroupKind("", "PersistentVolume")
CLAIM = GroupKind("", "PersistentVolumeClaim")
DEFINITION = GroupKind("apiextensions.k8s.io", "CustomResourceDefinition")
API_SERVICE = GroupKind("apiregistration.k8s.io", "APIService")
MUTATING_WEBHOOK = GroupKind("admissionregistration.k8s.io", "MutatingWebhookConfiguration")
VALIDATING_WEBHOOK = GroupKind("admissionregistration.k8s.io", "ValidatingWebhookConfiguration")
ROLE = GroupKind("rbac.authorization.k8s.io", "Role")
CLUSTER_ROLE = GroupKind("rbac.authorization.k8s.io", "ClusterRole")
ROLE_BINDING = GroupKind("rbac.authorization.k8s.io", "RoleBinding")
CLUSTER_ROLE_BINDING = GroupKind("rbac.authorization.k8s.io", "ClusterRoleBinding")

# Where the pod template is, as a path below the body.
_TEMPLATE = ("spec", "template")
POD_TEMPLATES = {
    GroupKind("", "Pod"): (),
    GroupKind("", "PodTemplate"): ("template",),
    GroupKind("", "ReplicationController"): _TEMPLATE,
    GroupKind("apps", "Deployment"): _TEMPLATE,
    GroupKind("apps", "StatefulSet"): _TEMPLATE,
    GroupKind("apps", "DaemonSet"): _TEMPLATE,
    GroupKind("apps", "ReplicaSet"): _TEMPLATE,
    GroupKind("batch", "Job"): _TEMPLATE,
    GroupKind("batch", "CronJob"): ("spec", "jobTemplate", "spec", "template"),
}  # fmt: skip


def is_builtin(group: str) -> bool:
    """Whether a group is one of Kubernetes' own, whose schemas and shapes are known."""
    return group in BUILTIN_GROUPS
