"""The managedFields of an object: who owns what, in the form `f:name`, `k:{key}`, `v:value`, `i:index` and `.`."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple, TypeAlias

from applier.model.ids import Body
from applier.model.values import mapping, mappings, sequence, text

Fields: TypeAlias = Mapping[str, Any]


class Manager(NamedTuple):
    """One entry of managedFields. `operation` is `Apply` or `Update`."""

    name: str
    operation: str
    api_version: str
    subresource: str
    time: str
    fields: Fields


def managers(body: Body) -> Iterator[Manager]:
    """The managers of an object."""
    for entry in mappings(mapping(body.get("metadata")).get("managedFields")):
        yield Manager(
            text(entry.get("manager")),
            text(entry.get("operation")),
            text(entry.get("apiVersion")),
            text(entry.get("subresource")),
            text(entry.get("time")),
            mapping(entry.get("fieldsV1")),
        )


def applied_fields(body: Body, manager: str, api_version: str) -> Fields | None:
    """What a manager applied in that version; None unless there is exactly one such entry."""
    found = [
        entry
        for entry in mappings(mapping(body.get("metadata")).get("managedFields"))
        if entry.get("manager") == manager
        and entry.get("operation") == "Apply"
        and not entry.get("subresource")
        and entry.get("apiVersion") == api_version
    ]
    return mapping(found[0].get("fieldsV1")) if len(found) == 1 else None


def item_key(step: str) -> Mapping[str, Any]:
    """The key fields of a step `k:{…}`; empty where it cannot be read."""
    try:
        return mapping(json.loads(step[2:]))
    except ValueError:
        return {}


def has_key(item: Any, key: Mapping[str, Any]) -> bool:
    """Whether a list item has exactly these key fields."""
    return isinstance(item, Mapping) and all(name in item and item[name] == value for name, value in key.items())


def may_have_key(item: Any, key: Mapping[str, Any]) -> bool:
    """Whether a list item as written may be the one with these key fields: those it lacks may be defaulted."""
    if not isinstance(item, Mapping) or not any(name in item for name in key):
        return False
    return all(item[name] == value for name, value in key.items() if name in item)


def item_path(key: Mapping[str, Any]) -> str:
    """`[name="web"]`, as the server writes it."""
    inner = ",".join(f"{name}={json.dumps(value)}" for name, value in sorted(key.items()))
    return f"[{inner}]"


def step_path(step: str) -> str:
    """One step as part of a path for a person."""
    if step.startswith("f:"):
        return f".{step[2:]}"
    if step.startswith("k:"):
        return item_path(item_key(step))
    return f"[={step[2:]}]" if step.startswith("v:") else f"[{step[2:]}]"


def leaves(fields: Fields, path: str = "") -> Iterator[str]:
    """The paths of everything owned that has nothing below it."""
    for step, below in fields.items():
        if step == ".":
            continue
        inner = mapping(below)
        if any(child != "." for child in inner):
            yield from leaves(inner, path + step_path(step))
        else:
            yield path + step_path(step)


def union(one: Fields, other: Fields) -> dict[str, Any]:
    """Everything that is in either of two sets."""
    result = dict(one)
    for step, below in other.items():
        result[step] = union(mapping(result[step]), mapping(below)) if step in result else below
    return result


def without(fields: Fields, taken: Fields) -> dict[str, Any]:
    """A set without what is in another; branches that become empty go."""
    result = {}
    for step, below in fields.items():
        if step not in taken:
            result[step] = below
            continue
        rest = without(mapping(below), mapping(taken[step]))
        if any(child != "." for child in rest):
            result[step] = rest
    return result


def restricted(fields: Fields, value: Any) -> dict[str, Any]:
    """The part of a set whose paths a value has."""
    result: dict[str, Any] = {}
    for step, below in fields.items():
        found, inner = _child(step, value)
        if not found:
            continue
        if not mapping(below):
            result[step] = below
        elif kept := restricted(mapping(below), inner):
            result[step] = kept
    return result


def _child(step: str, value: Any) -> tuple[bool, Any]:
    """Whether a value has what a step names, and what is there."""
    if step == ".":
        return True, value
    if step.startswith("f:"):
        name = step[2:]
        return isinstance(value, Mapping) and name in value, mapping(value).get(name)
    items = sequence(value)
    if step.startswith("k:"):
        key = item_key(step)
        found = next((item for item in items if may_have_key(item, key)), None)
        return found is not None, found
    if step.startswith("v:"):
        try:
            wanted = json.loads(step[2:])
        except ValueError:
            return False, None
        return wanted in items, wanted
    return False, None
