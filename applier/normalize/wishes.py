"""The annotations of an object that say how it shall be treated, read once; what is not honoured is said, not ignored."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from applier import keys
from applier.model.desired import Dependency, WriteMode
from applier.model.ids import ObjectId

_DURATION = r"(?:(\d+)h)?(?:(\d+)m)?(?:(\d+(?:\.\d+)?)s)?"
_HOOKS = (keys.HELM_HOOK, keys.ARGO_HOOK)
_LATER = (keys.KAPP_CHANGE_GROUP, keys.KAPP_CHANGE_RULE)


def write_mode(annotations: Mapping[str, Any]) -> WriteMode:
    """How the object may be written."""
    ssa = str(annotations.get(keys.FLUX_SSA) or "").lower()
    if ssa == "ignore" or annotations.get(keys.FLUX_RECONCILE) == "disabled":
        return "ignore"
    if ssa == "ifnotpresent" or annotations.get(keys.LIFECYCLE_MUTATION) == "ignore":
        return "create-only"
    return "merge" if ssa == "merge" else "apply"


def may_recreate(annotations: Mapping[str, Any]) -> bool:
    """Whether the object itself allows to be deleted and created again."""
    return annotations.get(keys.RECREATE) == "true" or str(annotations.get(keys.FLUX_FORCE)).lower() == "enabled"


def hook(annotations: Mapping[str, Any]) -> str:
    """The hook annotation that the object carries, or `""`."""
    return next((key for key in annotations if key in _HOOKS), "")


def not_honoured(annotations: Mapping[str, Any]) -> Iterator[str]:
    """The ordering annotations of other tools that have no effect here."""
    for key in annotations:
        if key.startswith(_LATER) or key == keys.ARGO_WAVE:
            yield key


def seconds(text: str) -> float:
    """A duration such as `90s`, `5m` or `1h30m`, in seconds; a bare number counts as seconds.

    Raises: ValueError.
    """
    if re.fullmatch(r"\d+(\.\d+)?", text):
        return float(text)
    found = re.fullmatch(_DURATION, text)
    if found is None or not text:
        raise ValueError(f"not a duration: {text!r} (write 90s, 5m or 1h30m)")
    hours, minutes, rest = found.groups()
    return int(hours or 0) * 3600 + int(minutes or 0) * 60 + float(rest or 0)


def dependencies(annotations: Mapping[str, Any]) -> tuple[list[Dependency], list[str]]:
    """What the object waits for, and what is wrong with how it says so.

    Shape: entries are separated by commas, `group/Kind/name` for cluster-scoped and `group/namespaces/ns/Kind/name` for
    namespaced objects; the core group is empty (`/Kind/name`). Our own annotation also takes `@applied`.
    Source: cli-utils `object/dependson`.
    """
    found: list[Dependency] = []
    problems: list[str] = []
    for key in (keys.CONFIG_DEPENDS_ON, keys.DEPENDS_ON):
        value = annotations.get(key)
        if not isinstance(value, str):
            continue
        for index, part in enumerate(value.split(",")):
            try:
                dependency = _dependency(part.strip(), key)
                if any(other.id == dependency.id for other in found):
                    raise ValueError("is a duplicate")
                found.append(dependency)
            except ValueError as error:
                problems.append(f"annotation {key}: entry {index} ({part.strip()!r}) {error}")
    return found, problems


def _dependency(text: str, key: str) -> Dependency:
    applied = key == keys.DEPENDS_ON and text.endswith("@applied")
    fields = text.removesuffix("@applied").split("/") if applied else text.split("/")
    if len(fields) == 3:
        group, kind, name = fields
        target = ObjectId(group, kind, "", name)
    elif len(fields) == 5 and fields[1] == "namespaces":
        group, _, namespace, kind, name = fields
        if not namespace:
            raise ValueError("has an empty namespace")
        target = ObjectId(group, kind, namespace, name)
    else:
        raise ValueError("is neither group/Kind/name nor group/namespaces/namespace/Kind/name")
    if not target.kind:
        raise ValueError("has an empty kind")
    if not target.name:
        raise ValueError("has an empty name")
    return Dependency(target, applied, key)
