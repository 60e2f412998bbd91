"""Phases: the priority of kinds among what is ready. They are no barriers; what must wait has an edge."""

from __future__ import annotations

from applier.model.ids import ObjectId

OTHER = 60
_CLASSES = 10
_TABLE: tuple[tuple[int, str, str], ...] = (
    (0, "", "Namespace"),
    (5, "apiextensions.k8s.io", "CustomResourceDefinition"),
    (_CLASSES, "scheduling.k8s.io", "PriorityClass"),
    (_CLASSES, "storage.k8s.io", "CSIDriver"),
    (15, "", "ResourceQuota LimitRange"),
    (15, "networking.k8s.io", "NetworkPolicy"),
    (20, "", "ServiceAccount"),
    (20, "rbac.authorization.k8s.io", "ClusterRole Role"),
    (22, "rbac.authorization.k8s.io", "ClusterRoleBinding RoleBinding"),
    (25, "", "ConfigMap Secret"),
    (30, "", "PersistentVolume"),
    (31, "", "PersistentVolumeClaim"),
    (35, "", "Service Endpoints"),
    (35, "discovery.k8s.io", "EndpointSlice"),
    (40, "policy", "PodDisruptionBudget"),
    (45, "", "Pod ReplicationController"),
    (45, "apps", "ReplicaSet Deployment StatefulSet DaemonSet"),
    (45, "batch", "Job CronJob"),
    (50, "autoscaling", "HorizontalPodAutoscaler"),
    (50, "autoscaling.k8s.io", "VerticalPodAutoscaler"),
    (50, "keda.sh", "ScaledObject ScaledJob"),
    (50, "networking.k8s.io", "Ingress"),
    (50, "gateway.networking.k8s.io", "HTTPRoute GRPCRoute TCPRoute TLSRoute UDPRoute"),
    (50, "monitoring.coreos.com", "ServiceMonitor PodMonitor Probe PrometheusRule"),
    (80, "apiregistration.k8s.io", "APIService"),
    (90, "admissionregistration.k8s.io", "MutatingWebhookConfiguration MutatingAdmissionPolicy MutatingAdmissionPolicyBinding"),
    (
        91, "admissionregistration.k8s.io",
        "ValidatingWebhookConfiguration ValidatingAdmissionPolicy ValidatingAdmissionPolicyBinding",
    ),
)  # fmt: skip
_PHASES = {(group, kind): phase for phase, group, kinds in _TABLE for kind in kinds.split()}


def phase_of(object_id: ObjectId) -> int:
    """The phase of an object; kinds whose name ends in `Class` are definitions of classes whatever their group."""
    found = _PHASES.get(object_id[:2])
    if found is not None:
        return found
    return _CLASSES if object_id.kind.endswith("Class") else OTHER


def sort_key(object_id: ObjectId) -> tuple[int, str, str, str, str]:
    """The order of the ready queue when applying: phase, namespace, kind, name."""
    return (phase_of(object_id), object_id.namespace, object_id.kind, object_id.name, object_id.group)


def deletion_key(object_id: ObjectId) -> tuple[int, str, str, str, str]:
    """The order of the ready queue when deleting: the phases backwards."""
    return (-phase_of(object_id), object_id.namespace, object_id.kind, object_id.name, object_id.group)
