"""Every label, annotation and name that the applier writes or honours: the one module that knows the prefix.

Kept apart so that the prefix is one constant, and so that nobody spells a key twice.
"""

from __future__ import annotations

PREFIX = "kbuild.dev"
FIELD_MANAGER = "kbuild"
TOOL = "kbuild"

# On the members of an inventory.
PART_OF = "applyset.kubernetes.io/part-of"
OWNER = f"{PREFIX}/owner"

# Wishes on an object.
DEPENDS_ON = f"{PREFIX}/depends-on"
PRUNE = f"{PREFIX}/prune"
RECREATE = f"{PREFIX}/recreate"
TIMEOUT = f"{PREFIX}/timeout"
WAIT_FOR = f"{PREFIX}/wait-for"

# On a resource of the agent: who suspended it, why, and until when (RFC 3339); it is resumed then.
SUSPENDED_BY, SUSPENDED_REASON = f"{PREFIX}/suspended-by", f"{PREFIX}/suspended-reason"
SUSPENDED_UNTIL = f"{PREFIX}/suspended-until"
# On a Kustomization: what one commit may delete without the prune guard's objection (`all`, kinds, or a number).
ALLOW_PRUNE = f"{PREFIX}/allow-prune"
# Wishes on an Alert.
NOTIFY, TRANSITIONS = f"{PREFIX}/notify", "transitions"

# On the head of an inventory.
APPLYSET_ID = "applyset.kubernetes.io/id"
APPLYSET_TOOLING = "applyset.kubernetes.io/tooling"
APPLYSET_KINDS = "applyset.kubernetes.io/contains-group-kinds"
APPLYSET_NAMESPACES = "applyset.kubernetes.io/additional-namespaces"

# On the further parts of a large inventory.
PART_OF_INVENTORY = f"{PREFIX}/inventory"
SHA256 = f"{PREFIX}/sha256"

# Words of other tools that are honoured or recognised.
CONFIG_DEPENDS_ON = "config.kubernetes.io/depends-on"
OWNING_INVENTORY = "config.k8s.io/owning-inventory"
KPT_INVENTORY_ID = "cli-utils.sigs.k8s.io/inventory-id"
KPT_ON_REMOVE = "cli-utils.sigs.k8s.io/on-remove"
LIFECYCLE_DELETION = "client.lifecycle.config.k8s.io/deletion"
LIFECYCLE_MUTATION = "client.lifecycle.config.k8s.io/mutation"
FLUX_NAME, FLUX_NAMESPACE = "kustomize.toolkit.fluxcd.io/name", "kustomize.toolkit.fluxcd.io/namespace"
FLUX_PRUNE, FLUX_SSA = "kustomize.toolkit.fluxcd.io/prune", "kustomize.toolkit.fluxcd.io/ssa"
FLUX_FORCE, FLUX_RECONCILE = "kustomize.toolkit.fluxcd.io/force", "kustomize.toolkit.fluxcd.io/reconcile"
FLUX_HELM_NAME, FLUX_HELM_NAMESPACE = "helm.toolkit.fluxcd.io/name", "helm.toolkit.fluxcd.io/namespace"
HELM_RELEASE, HELM_NAMESPACE = "meta.helm.sh/release-name", "meta.helm.sh/release-namespace"
HELM_POLICY, HELM_HOOK = "helm.sh/resource-policy", "helm.sh/hook"
ARGO_TRACKING, ARGO_SYNC = "argocd.argoproj.io/tracking-id", "argocd.argoproj.io/sync-options"
ARGO_HOOK, ARGO_WAVE = "argocd.argoproj.io/hook", "argocd.argoproj.io/sync-wave"
KAPP_APP = "kapp.k14s.io/app"
KAPP_CHANGE_GROUP, KAPP_CHANGE_RULE = "kapp.k14s.io/change-group", "kapp.k14s.io/change-rule"
LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"


def head_name(name: str) -> str:
    """The name of an inventory's ConfigMap and of its Lease."""
    return f"{TOOL}.{name}"


def chunk_name(name: str, generation: int, number: int) -> str:
    """The name of a further ConfigMap of a large inventory."""
    return f"{TOOL}.{name}.{generation}.{number}"
