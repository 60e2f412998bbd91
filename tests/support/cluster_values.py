"""Values for the applier's unit tests: kinds that a server serves, live objects, desired objects, in a few words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from applier.inventory.names import applyset_id
from applier.model.desired import Desired, Document
from applier.model.ids import GroupKind, ObjectId
from applier.model.inventory import InventoryRef
from applier.model.policy import Policy
from applier.model.snapshot import Discovery, KindFact
from applier.normalize import normalize

REF = InventoryRef("t", "app")
PART_OF = applyset_id(REF)

_KINDS = """
v1 ConfigMap Secret Service ServiceAccount Pod PersistentVolumeClaim ResourceQuota LimitRange Endpoints
v1! Namespace PersistentVolume Node
apps/v1 Deployment StatefulSet DaemonSet ReplicaSet
batch/v1 Job CronJob
policy/v1 PodDisruptionBudget
autoscaling/v2 HorizontalPodAutoscaler
networking.k8s.io/v1 Ingress NetworkPolicy
networking.k8s.io/v1! IngressClass
rbac.authorization.k8s.io/v1 Role RoleBinding
rbac.authorization.k8s.io/v1! ClusterRole ClusterRoleBinding
storage.k8s.io/v1! StorageClass
scheduling.k8s.io/v1! PriorityClass
node.k8s.io/v1! RuntimeClass
apiextensions.k8s.io/v1! CustomResourceDefinition
apiregistration.k8s.io/v1! APIService
admissionregistration.k8s.io/v1! MutatingWebhookConfiguration ValidatingWebhookConfiguration
coordination.k8s.io/v1 Lease
"""


def discovery(extra: str = "", broken: Mapping[str, str] | None = None, *, complete: bool = True) -> Discovery:
    """The kinds above and some more, in the same form: `group/version[!] Kind …`; `!` means cluster-scoped."""
    kinds = {}
    for line in (_KINDS + extra).split("\n"):
        if line.strip():
            api_version, *names = line.split()
            group, _, version = api_version.rstrip("!").rpartition("/")
            for name in names:
                kind = GroupKind(group, name)
                scoped = not api_version.endswith("!")
                kinds[kind] = KindFact(kind=kind, plural=f"{name.lower()}s", namespaced=scoped, versions=(version,))
    return Discovery(kinds=kinds, broken=broken or {}, complete=complete)


def body(kind: str, path: str, **rest: Any) -> dict[str, Any]:
    """A body: `kind` is `Kind` or `group/version/Kind`, `path` is `namespace/name` or a name; `annotations` and `labels` go to metadata."""
    api_version, _, short = kind.rpartition("/")
    namespace, _, name = path.rpartition("/")
    metadata: dict[str, Any] = {"name": name}
    if namespace:
        metadata["namespace"] = namespace
    for key in ("annotations", "labels", "uid", "generation", "deletionTimestamp", "ownerReferences", "managedFields"):
        if key in rest:
            metadata[key] = rest.pop(key)
    return {"apiVersion": api_version or "v1", "kind": short, "metadata": metadata, **rest}


def normalized(
    bodies: Iterable[Mapping[str, Any]], policy: Policy | None = None, extra: str = ""
) -> tuple[Desired, ...]:
    """The desired objects of bodies."""
    documents = [Document(one, f"set.yaml:{number}") for number, one in enumerate(bodies, 1)]
    return normalize(documents, discovery(extra), policy or Policy(labels=False), REF).desired


def oid(text: str) -> ObjectId:
    """`[group/]Kind namespace/name` or `[group/]Kind name`, as ids print."""
    kind, path = text.split(" ")
    group, _, short = kind.rpartition("/")
    namespace, _, name = path.rpartition("/")
    return ObjectId(group, short, namespace, name)
