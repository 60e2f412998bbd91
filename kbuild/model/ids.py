"""Resource identity: group, version, kind, name, namespace, and the texts the reference prints for them.

Source: kyaml v0.21.1 `resid`, as run in v5.8.1.
"""

from __future__ import annotations

from _operator import itemgetter

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

CLUSTER_SCOPED_NAMESPACE = "_non_namespaceable_"
DEFAULT_NAMESPACE = "default"

# apiVersion -> kinds that are cluster-scoped for certain; anything else counts as namespaced.
_BOTH = ("v1", "v1beta1")
_TABLE = (
    ("admissionregistration.k8s.io", _BOTH, "MutatingWebhookConfiguration ValidatingWebhookConfiguration"),
    ("apiextensions.k8s.io", _BOTH, "CustomResourceDefinition"),
    ("apiregistration.k8s.io", _BOTH, "APIService"),
    ("certificates.k8s.io", _BOTH, "CertificateSigningRequest"),
    ("flowcontrol.apiserver.k8s.io", ("v1beta1",), "FlowSchema PriorityLevelConfiguration"),
    ("networking.k8s.io", _BOTH, "IngressClass"),
    ("node.k8s.io", _BOTH, "RuntimeClass"),
    ("policy", ("v1beta1",), "PodSecurityPolicy"),
    ("rbac.authorization.k8s.io", _BOTH, "ClusterRole ClusterRoleBinding"),
    ("scheduling.k8s.io", _BOTH, "PriorityClass"),
    ("storage.k8s.io", _BOTH, "CSIDriver CSINode StorageClass VolumeAttachment"),
)
_CORE = "ComponentStatus Namespace Node NodeProxyOptions PersistentVolume"
CLUSTER_SCOPED = frozenset(
    [
        (f"{group}/{version}", kind)
        for group, versions, kinds in _TABLE
        for version in versions
        for kind in kinds.split()
    ]
    + [("v1", kind) for kind in _CORE.split()]
)


# Later versions of the reference know these, too: kubernetes-sigs/kustomize#6056.
LATER_CLUSTER_SCOPED = frozenset(
    ("admissionregistration.k8s.io/v1", kind)
    for kind in ("ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding")
)


class ObjectId(tuple):  # type: ignore[type-arg]
    """(group, version, kind, name, namespace, cluster_scoped): a tuple, so that it is cheap to make and to hash.

    `namespace` is the written one (`""` when absent). Two ids name the same object when their `key()`s are equal.
    """

    __slots__ = ()

    def __new__(
        cls, group: str, version: str, kind: str, name: str, namespace: str, cluster_scoped: bool = False
    ) -> ObjectId:
        return tuple.__new__(cls, (group, version, kind, name, namespace, cluster_scoped))

    group: str = property(itemgetter(0))  # type: ignore[assignment]
    version: str = property(itemgetter(1))  # type: ignore[assignment]
    kind: str = property(itemgetter(2))  # type: ignore[assignment]
    name: str = property(itemgetter(3))  # type: ignore[assignment]
    namespace: str = property(itemgetter(4))  # type: ignore[assignment]
    cluster_scoped: bool = property(itemgetter(5))  # type: ignore[assignment]

    @property
    def effective_namespace(self) -> str:
        """`default` for an empty namespace, one pseudo namespace for cluster-scoped kinds."""
        return effective_namespace(self[4], cluster_scoped=self[5])

    def key(self) -> tuple[str, str, str, str, str]:
        """What identity means: group, version, kind, name, effective namespace."""
        group, version, kind, name, namespace, is_cluster_scoped = self
        return (
            group,
            version,
            kind,
            name,
            CLUSTER_SCOPED_NAMESPACE if is_cluster_scoped else namespace or DEFAULT_NAMESPACE,
        )

    @property
    def api_version(self) -> str:
        """`group/version`, or the version alone for the core group."""
        return f"{self[0]}/{self[1]}" if self[0] else self[1]

    def gvk_text(self) -> str:
        """`Kind.version.group` with `[noKind] [noVer] [noGrp]` for empty parts."""
        return gvk_text(self[0], self[1], self[2])

    def __str__(self) -> str:
        return f"{self.gvk_text()}/{self[3] or '[noName]'}.{self[4] or '[noNs]'}"

    def __getnewargs__(self) -> tuple[Any, ...]:
        return tuple(self)


def effective_namespace(namespace: str, *, cluster_scoped: bool) -> str:
    """The namespace that identity is decided by."""
    if cluster_scoped:
        return CLUSTER_SCOPED_NAMESPACE
    return namespace or DEFAULT_NAMESPACE


def gvk_text(group: str, version: str, kind: str) -> str:
    """`Kind.version.group` as the reference prints it."""
    return f"{kind or '[noKind]'}.{version or '[noVer]'}.{group or '[noGrp]'}"


def split_api_version(api_version: str) -> tuple[str, str]:
    """`(group, version)` of an apiVersion: the part before and after the first `/`."""
    group, slash, version = api_version.partition("/")
    return (group, version) if slash else ("", api_version)
