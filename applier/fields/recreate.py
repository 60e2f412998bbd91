"""Whether an object may be deleted and created again when a field of it cannot be changed, and how that is tried first."""

from __future__ import annotations

from typing import Any

from applier.model import kinds
from applier.model.desired import Desired
from applier.model.ids import Body, GroupKind
from applier.model.policy import Policy
from applier.model.values import at, mapping, text

_STATEFUL = frozenset([kinds.CLAIM, kinds.VOLUME, kinds.NAMESPACE, kinds.DEFINITION, GroupKind("apps", "StatefulSet")])
PROBE_SUFFIX = "-kbuild-probe"
MAX_NAME = 63


def is_stateless(body: Body, kind: GroupKind) -> bool:
    """Whether deleting an object loses nothing that creating it again does not bring back."""
    if kind in _STATEFUL:
        return False
    if kind == kinds.SECRET:
        return text(body.get("type")) != "kubernetes.io/service-account-token"
    return not (kind == kinds.SERVICE and at(body, "spec", "type") == "LoadBalancer")


def may_recreate(desired: Desired, policy: Policy) -> bool:
    """What `--recreate` says about an object."""
    if policy.recreate == "all":
        return True
    if policy.recreate == "stateless" and is_stateless(desired.body, desired.id.group_kind):
        return True
    return policy.recreate in ("listed", "stateless") and desired.recreate


def probe(payload: Body) -> dict[str, Any]:
    """The payload under another name, whose dry-run create proves that the object could be created."""
    metadata = dict(mapping(payload.get("metadata")))
    metadata["name"] = text(metadata.get("name"))[: MAX_NAME - len(PROBE_SUFFIX)].rstrip("-.") + PROBE_SUFFIX
    return {**payload, "metadata": metadata}
