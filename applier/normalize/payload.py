"""A body to the payload that is sent: what the server owns is taken out, what means the same is written in one way.

The payload is also what fingerprints are made of, so the same object must always give the same payload.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from typing import Any, NamedTuple

from applier import keys
from applier.model import kinds
from applier.model.ids import GroupKind
from applier.model.kinds import is_builtin
from applier.model.values import at, mapping, mappings

SERVER_FIELDS = ("creationTimestamp", "uid", "resourceVersion", "generation", "selfLink", "managedFields")
# Empty values that mean the same as an absent one; owning them makes the server write on every apply. Everything else that
# is empty may be a marker (`emptyDir: {}`, `podSelector: {}`).
EMPTY_MEANS_ABSENT = frozenset(
    [
        "annotations", "args", "binaryData", "command", "data", "env", "envFrom", "finalizers", "hostAliases",
        "imagePullSecrets", "initContainers", "labels", "nodeSelector", "ownerReferences", "readinessGates",
        "secrets", "stringData", "subjects", "tolerations", "topologySpreadConstraints", "volumeDevices", "volumeMounts",
        "volumes",
    ]
)  # fmt: skip
_RULES = frozenset([kinds.ROLE, kinds.CLUSTER_ROLE])
_WEBHOOKS = frozenset([kinds.MUTATING_WEBHOOK, kinds.VALIDATING_WEBHOOK])


class Notes(NamedTuple):
    """What cleaning found. Shape: paths with dots and `[index]`."""

    nulls: list[str]
    null_items: list[str]
    bad_base64: list[str]
    owners: list[str]


def clean(body: Mapping[str, Any], kind: GroupKind) -> tuple[dict[str, Any], Notes]:
    """The payload of a body, and what had to be changed that a person should know. The body is not changed."""
    notes = Notes([], [], [], [])
    payload = _clean_map(body, notes, empties=is_builtin(kind.group))
    payload.pop("status", None)
    _clean_metadata(payload, notes)
    if kind in (kinds.SECRET, kinds.CONFIG_MAP):
        _canonical_data(payload, kind, notes)
    elif kind in _RULES and payload.get("rules") == []:
        del payload["rules"]
    else:
        _drop_placeholder_bundles(payload, kind)
    return payload, notes


def _clean(value: Any, notes: Notes, *, empties: bool) -> Any:
    return (
        _clean_map(value, notes, empties=empties) if type(value) is dict else _clean_list(value, notes, empties=empties)
    )


def _clean_map(value: Mapping[str, Any], notes: Notes, *, empties: bool) -> dict[str, Any]:
    result: dict[str, Any] = {}
    for key, item in value.items():
        kind = type(item)
        if item is None:
            notes.nulls.append(key)
            continue
        if kind is dict or kind is list:
            if not item and key in EMPTY_MEANS_ABSENT and (empties or key in ("annotations", "labels")):
                continue
            before = len(notes.nulls), len(notes.null_items)
            item = _clean(item, notes, empties=empties)
            if before != (len(notes.nulls), len(notes.null_items)):
                _prefix(notes.nulls, before[0], key, ".")
                _prefix(notes.null_items, before[1], key, "")
        result[key] = item
    return result


def _clean_list(value: list[Any], notes: Notes, *, empties: bool) -> list[Any]:
    result = []
    for index, item in enumerate(value):
        kind = type(item)
        if kind is dict or kind is list:
            before = len(notes.nulls), len(notes.null_items)
            item = _clean(item, notes, empties=empties)
            if before != (len(notes.nulls), len(notes.null_items)):
                _prefix(notes.nulls, before[0], f"[{index}]", ".")
                _prefix(notes.null_items, before[1], f"[{index}]", ".")
        elif item is None:
            notes.null_items.append(f"[{index}]")
        result.append(item)
    return result


def _prefix(paths: list[str], start: int, prefix: str, joint: str) -> None:
    """Put an outer part before the paths found below it. Mutates: `paths`."""
    for index in range(start, len(paths)):
        inner = paths[index]
        paths[index] = f"{prefix}{'' if inner.startswith('[') else joint or '.'}{inner}"


def _clean_metadata(payload: dict[str, Any], notes: Notes) -> None:
    """Take out what the server sets. Mutates: `payload`, whose maps are already our own copies."""
    metadata = payload.get("metadata")
    if not isinstance(metadata, dict):
        return
    for key in SERVER_FIELDS:
        metadata.pop(key, None)
    # A null creationTimestamp is what Go's serializers write; nobody needs to hear of it.
    notes.nulls[:] = [path for path in notes.nulls if not path.endswith("creationTimestamp")]
    found = metadata.get("annotations")
    if isinstance(found, dict) and found.pop(keys.LAST_APPLIED, None) is not None and not found:
        del metadata["annotations"]
    owners = metadata.get("ownerReferences")
    if isinstance(owners, list):
        kept = [owner for owner in owners if mapping(owner).get("uid")]
        notes.owners.extend(str(mapping(owner).get("name")) for owner in owners if not mapping(owner).get("uid"))
        if kept:
            metadata["ownerReferences"] = kept
        else:
            del metadata["ownerReferences"]


def _canonical_data(payload: dict[str, Any], kind: GroupKind, notes: Notes) -> None:
    """Secrets hold `data` only, base64 without line breaks; `stringData` would be owned and never be removed again.

    Mutates: `payload`.
    """
    encoded = "data" if kind == kinds.SECRET else "binaryData"
    data = payload.get(encoded)
    if isinstance(data, dict):
        for key, value in data.items():
            if isinstance(value, str):
                data[key] = _canonical_base64(value, f"{encoded}.{key}", notes)
    strings = payload.pop("stringData", None) if kind == kinds.SECRET else None
    if isinstance(strings, dict) and strings:
        merged = payload.setdefault("data", {})
        if isinstance(merged, dict):
            for key, value in strings.items():
                merged[key] = base64.b64encode(value.encode()).decode() if isinstance(value, str) else value


def _canonical_base64(value: str, path: str, notes: Notes) -> str:
    compact = "".join(value.split())
    try:
        return base64.b64encode(base64.b64decode(compact, validate=True)).decode()
    except (binascii.Error, ValueError):
        notes.bad_base64.append(path)
        return value


def _drop_placeholder_bundles(payload: dict[str, Any], kind: GroupKind) -> None:
    """Leave empty CA bundles out, so that injectors keep owning the field. Mutates: `payload`."""
    holders: list[Any] = []
    if kind in _WEBHOOKS:
        holders = [hook.get("clientConfig") for hook in mappings(payload.get("webhooks"))]
    elif kind == kinds.DEFINITION:
        holders = [at(payload, "spec", "conversion", "webhook", "clientConfig")]
    elif kind == kinds.API_SERVICE:
        holders = [payload.get("spec")]
    for holder in holders:
        if isinstance(holder, dict) and isinstance(holder.get("caBundle"), str) and _is_blank(holder["caBundle"]):
            del holder["caBundle"]


def _is_blank(bundle: str) -> bool:
    try:
        return not base64.b64decode("".join(bundle.split()), validate=True).strip()
    except (binascii.Error, ValueError):
        return False
