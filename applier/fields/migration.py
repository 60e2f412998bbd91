"""Taking over what other appliers own: without it, a field that leaves the manifests would stay for ever.

Entries of client-side apply and of former appliers are folded into ours by one JSON Patch; fields that they own besides
(a person's edits) stay theirs. Clearing managedFields is no shortcut: the server would record one manager for everything.
Source: client-go `csaupgrade`, fluxcd/pkg `ssa` patch of managed fields; checked on kube-apiserver 1.33.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from applier import keys
from applier.fields.managed import Manager, managers, restricted, union, without
from applier.model.ids import Body, split_api_version
from applier.model.values import annotations_of, mapping, mappings, text, uid_of

# Whom the server makes the manager of everything on an object without managers, when it is applied for the first time.
FIRST_APPLY = "before-first-apply"
# Managers that write whole manifests, by how they write. `kubectl-edit` and the like are people, not appliers.
UPDATERS = frozenset(
    [
        "kubectl-client-side-apply", "kubectl", "kubectl-create", "kubectl-replace", FIRST_APPLY, "helm",
        "kapp", "kapp-server",
    ]
)  # fmt: skip
APPLIERS = frozenset(
    ["kustomize-controller", "argocd-controller", "kubectl", "kubectl-last-applied", "kapp-server", "helm"]
)
_LAST_APPLIED_STEP: Mapping[str, Any] = {"f:metadata": {"f:annotations": {f"f:{keys.LAST_APPLIED}": {}}}}
_POINTER = f"/metadata/annotations/{keys.LAST_APPLIED.replace('~', '~0').replace('/', '~1')}"


def is_former(entry: Manager, own: str, folds: str = "") -> bool:
    """Whether an entry belongs to an applier whose place we take, or to one of the managers that `folds` begins."""
    if entry.subresource or (entry.name == own and (entry.operation == "Apply" or not folds)):
        return False
    if folds and (entry.name == own or entry.name.startswith(folds)):
        return True
    return entry.name in (APPLIERS if entry.operation == "Apply" else UPDATERS)


def stale_versions(live: Body, api_version: str, served: Iterable[str]) -> bool:
    """Whether an entry names a version of the group that is no longer served: applies then fail on unknown fields."""
    group, _ = split_api_version(api_version)
    known = {version for version in served if version}
    for entry in managers(live):
        other, version = split_api_version(entry.api_version)
        if known and version and other == group and version not in known:
            return True
    return False


def needs_migration(live: Body, own: str, api_version: str, served: Iterable[str], folds: str = "") -> bool:
    """Whether the live object must be migrated before it is applied."""
    if keys.LAST_APPLIED in annotations_of(live):
        return True
    for entry in mappings(mapping(live.get("metadata")).get("managedFields")):
        # Almost every object has only entries that need no second look.
        name = entry.get("manager")
        suspect = name in UPDATERS or name in APPLIERS or (bool(folds) and str(name).startswith((folds, own)))
        if suspect or entry.get("apiVersion") != api_version:
            return stale_versions(live, api_version, served) or any(
                is_former(one, own, folds) for one in managers(live)
            )
    return False


def migration_patch(
    live: Body, own: str, api_version: str, served: Iterable[str], folds: str = ""
) -> tuple[dict[str, Any], ...]:
    """The JSON Patch that migrates an object, or nothing. It fails rather than overwrite a newer state.

    `folds` begins the names of managers whose fields become ours as a whole, empty for none.
    """
    served = tuple(served)
    if not needs_migration(live, own, api_version, served, folds):
        return ()
    metadata = mapping(live.get("metadata"))
    patch: list[dict[str, Any]] = [
        {"op": "test", "path": "/metadata/uid", "value": uid_of(live)},
        {"op": "test", "path": "/metadata/resourceVersion", "value": text(metadata.get("resourceVersion"))},
        {
            "op": "replace",
            "path": "/metadata/managedFields",
            "value": migrated_fields(live, own, api_version, served, folds),
        },
    ]
    if keys.LAST_APPLIED in annotations_of(live):
        patch.append({"op": "remove", "path": _POINTER})
    return tuple(patch)


def migrated_fields(
    live: Body, own: str, api_version: str, served: Iterable[str], folds: str = ""
) -> list[dict[str, Any]]:
    """The managedFields of a live object with former appliers folded into ours."""
    last_applied = _last_applied(live)
    group, _ = split_api_version(api_version)
    known = frozenset(served)
    ours: dict[str, Any] = {}
    rest: list[dict[str, Any]] = []
    for raw, entry in zip(mappings(mapping(live.get("metadata")).get("managedFields")), managers(live), strict=True):
        entry_group, version = split_api_version(entry.api_version)
        current = dict(raw)
        if known and version and entry_group == group and version not in known:
            current["apiVersion"] = api_version
        if entry.name == own and entry.operation == "Apply" and not entry.subresource:
            ours = union(ours, entry.fields)
        elif is_former(entry, own, folds):
            limited = last_applied is not None and entry.operation == "Update" and not folds
            folded = restricted(entry.fields, last_applied) if limited else dict(entry.fields)
            ours = union(ours, without(folded, _LAST_APPLIED_STEP))
            remaining = without(without(entry.fields, folded), _LAST_APPLIED_STEP)
            if remaining:
                rest.append({**current, "fieldsV1": remaining})
        else:
            rest.append(current)
    entry_of_ours = {
        "manager": own,
        "operation": "Apply",
        "apiVersion": api_version,
        "fieldsType": "FieldsV1",
        "fieldsV1": ours,
    }
    return [entry_of_ours, *rest] if ours else rest


def _last_applied(live: Body) -> Mapping[str, Any] | None:
    """The configuration that client-side apply kept on the object; None where there is none that can be read."""
    value = annotations_of(live).get(keys.LAST_APPLIED)
    if not isinstance(value, str):
        return None
    try:
        found = json.loads(value)
    except ValueError:
        return None
    return found if isinstance(found, dict) else None
