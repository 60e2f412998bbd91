"""The default field specs, in the order in which the reference has them after its own sorting.

Shape: each is (group, version, kind, path, create).
Source: kustomize v5.8.1 `builtinconfig.MakeDefaultConfig`.
"""

from __future__ import annotations

# fmt: off
NAME_PREFIX = (
    ("", "", "", "metadata/name", False),
)
NAME_SUFFIX = (
    ("", "", "", "metadata/name", False),
)
NAMESPACE = (
    ("", "", "Namespace", "metadata/name", True),
    ("apiextensions.k8s.io", "", "CustomResourceDefinition", "spec/conversion/webhook/clientConfig/service/namespace", False),
    ("apiregistration.k8s.io", "", "APIService", "spec/service/namespace", True),
)
COMMON_LABELS = (
    ("", "v1", "Service", "spec/selector", True),
    ("apps", "", "Deployment", "spec/template/spec/affinity/podAffinity/preferredDuringSchedulingIgnoredDuringExecution/podAffinityTerm/labelSelector/matchLabels", False),
    ("apps", "", "Deployment", "spec/template/spec/affinity/podAffinity/requiredDuringSchedulingIgnoredDuringExecution/labelSelector/matchLabels", False),
    ("apps", "", "Deployment", "spec/template/spec/affinity/podAntiAffinity/preferredDuringSchedulingIgnoredDuringExecution/podAffinityTerm/labelSelector/matchLabels", False),
    ("apps", "", "Deployment", "spec/template/spec/affinity/podAntiAffinity/requiredDuringSchedulingIgnoredDuringExecution/labelSelector/matchLabels", False),
    ("apps", "", "Deployment", "spec/template/spec/topologySpreadConstraints/labelSelector/matchLabels", False),
    ("", "", "Deployment", "spec/template/metadata/labels", True),
    ("", "", "Deployment", "spec/selector/matchLabels", True),
    ("apps", "", "StatefulSet", "spec/selector/matchLabels", True),
    ("apps", "", "StatefulSet", "spec/volumeClaimTemplates[]/metadata/labels", True),
    ("apps", "", "StatefulSet", "spec/template/spec/affinity/podAffinity/preferredDuringSchedulingIgnoredDuringExecution/podAffinityTerm/labelSelector/matchLabels", False),
    ("apps", "", "StatefulSet", "spec/template/spec/affinity/podAffinity/requiredDuringSchedulingIgnoredDuringExecution/labelSelector/matchLabels", False),
    ("apps", "", "StatefulSet", "spec/template/spec/affinity/podAntiAffinity/preferredDuringSchedulingIgnoredDuringExecution/podAffinityTerm/labelSelector/matchLabels", False),
    ("apps", "", "StatefulSet", "spec/template/spec/affinity/podAntiAffinity/requiredDuringSchedulingIgnoredDuringExecution/labelSelector/matchLabels", False),
    ("apps", "", "StatefulSet", "spec/template/spec/topologySpreadConstraints/labelSelector/matchLabels", False),
    ("apps", "", "StatefulSet", "spec/template/metadata/labels", True),
    ("batch", "", "CronJob", "spec/jobTemplate/metadata/labels", True),
    ("batch", "", "CronJob", "spec/jobTemplate/spec/template/metadata/labels", True),
    ("batch", "", "CronJob", "spec/jobTemplate/spec/selector/matchLabels", False),
    ("policy", "", "PodDisruptionBudget", "spec/selector/matchLabels", False),
    ("batch", "", "Job", "spec/selector/matchLabels", False),
    ("batch", "", "Job", "spec/template/metadata/labels", True),
    ("networking.k8s.io", "", "NetworkPolicy", "spec/egress/to/podSelector/matchLabels", False),
    ("networking.k8s.io", "", "NetworkPolicy", "spec/ingress/from/podSelector/matchLabels", False),
    ("networking.k8s.io", "", "NetworkPolicy", "spec/podSelector/matchLabels", False),
    ("", "v1", "ReplicationController", "spec/template/metadata/labels", True),
    ("", "v1", "ReplicationController", "spec/selector", True),
    ("", "", "DaemonSet", "spec/template/metadata/labels", True),
    ("", "", "DaemonSet", "spec/selector/matchLabels", True),
    ("", "", "ReplicaSet", "spec/template/metadata/labels", True),
    ("", "", "ReplicaSet", "spec/selector/matchLabels", True),
    ("", "", "", "metadata/labels", True),
)
TEMPLATE_LABELS = (
    ("", "", "Deployment", "spec/template/metadata/labels", True),
    ("apps", "", "StatefulSet", "spec/template/metadata/labels", True),
    ("apps", "", "StatefulSet", "spec/volumeClaimTemplates[]/metadata/labels", True),
    ("batch", "", "CronJob", "spec/jobTemplate/metadata/labels", True),
    ("batch", "", "CronJob", "spec/jobTemplate/spec/template/metadata/labels", True),
    ("batch", "", "Job", "spec/template/metadata/labels", True),
    ("", "v1", "ReplicationController", "spec/template/metadata/labels", True),
    ("", "", "DaemonSet", "spec/template/metadata/labels", True),
    ("", "", "ReplicaSet", "spec/template/metadata/labels", True),
    ("", "", "", "metadata/labels", True),
)
COMMON_ANNOTATIONS = (
    ("", "", "Deployment", "spec/template/metadata/annotations", True),
    ("", "", "StatefulSet", "spec/template/metadata/annotations", True),
    ("batch", "", "CronJob", "spec/jobTemplate/metadata/annotations", True),
    ("batch", "", "CronJob", "spec/jobTemplate/spec/template/metadata/annotations", True),
    ("batch", "", "Job", "spec/template/metadata/annotations", True),
    ("", "v1", "ReplicationController", "spec/template/metadata/annotations", True),
    ("", "", "DaemonSet", "spec/template/metadata/annotations", True),
    ("", "", "ReplicaSet", "spec/template/metadata/annotations", True),
    ("", "", "", "metadata/annotations", True),
)
IMAGES = (
    ("", "", "", "spec/containers[]/image", True),
    ("", "", "", "spec/initContainers[]/image", True),
    ("", "", "", "spec/volumes[]/image/reference", True),
    ("", "", "", "spec/template/spec/containers[]/image", True),
    ("", "", "", "spec/template/spec/initContainers[]/image", True),
    ("", "", "", "spec/template/spec/volumes[]/image/reference", True),
)
# What later versions of the reference have in other places (ADR 0017).
LATER_VOLUME_CLAIM_LABELS = (
    ("apps", "", "StatefulSet", "spec/volumeClaimTemplates[]/metadata/labels", True),
)
LATER_TEMPLATE_LABELS = tuple(spec for spec in TEMPLATE_LABELS if spec not in LATER_VOLUME_CLAIM_LABELS)
LATER_IMAGES = (*IMAGES, ("", "", "", "spec/jobTemplate/spec/template/spec/volumes[]/image/reference", True))
REPLICAS = (
    ("", "", "Deployment", "spec/replicas", True),
    ("", "", "StatefulSet", "spec/replicas", True),
    ("", "", "ReplicaSet", "spec/replicas", True),
    ("", "", "ReplicationController", "spec/replicas", True),
)
# fmt: on
