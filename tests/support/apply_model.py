"""Server-side apply over a small schema, written from its published rules and independent of the code under test.

Enough of it to know what an apply would change: granular maps, lists with keys and defaulted keys, sets, atomic values,
removal of what an applier no longer names, and loss of ownership where somebody else changes a value.
Source: Kubernetes documentation "Server-Side Apply"; structured-merge-diff v6 `merge`.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping
from typing import Any

# A schema is "leaf", "atomic", "set", ("map", schema of values), ("struct", {field: schema}), or
# ("list", {key field: default or None}, struct schema).
PORT = ("struct", {"containerPort": "leaf", "protocol": "leaf", "name": "leaf"})
CONTAINER = (
    "struct",
    {
        "name": "leaf",
        "image": "leaf",
        "args": "atomic",
        "env": ("list", {"name": None}, ("struct", {"name": "leaf", "value": "leaf"})),
        "ports": ("list", {"containerPort": None, "protocol": "TCP"}, PORT),
        "resources": ("struct", {"limits": ("map", "leaf"), "requests": ("map", "leaf")}),
    },
)
SCHEMA = (
    "struct",
    {
        "metadata": ("struct", {"labels": ("map", "leaf"), "annotations": ("map", "leaf"), "finalizers": "set"}),
        "spec": (
            "struct",
            {
                "replicas": "leaf",
                "paused": "leaf",
                "selector": "atomic",
                "containers": ("list", {"name": None}, CONTAINER),
                "nodeSelector": "atomic",
            },
        ),
        "data": ("map", "leaf"),
    },
)


def fields_of(value: Any, schema: Any) -> dict[str, Any]:
    """What an applier of a value owns."""
    if isinstance(schema, str):
        if schema == "set":
            return {f"v:{json.dumps(item, separators=(',', ':'))}": {} for item in value}
        return {}
    if schema[0] == "list":
        return {step_of(item, schema): {".": {}, **fields_of(item, schema[2])} for item in value}
    return {f"f:{key}": fields_of(item, child(schema, key)) for key, item in value.items()}


def step_of(item: Mapping[str, Any], schema: Any) -> str:
    """The step of a list item; key fields it lacks have their defaults."""
    key = {name: item.get(name, default) for name, default in schema[1].items()}
    return "k:" + json.dumps(key, separators=(",", ":"), sort_keys=True)


def child(schema: Any, key: str) -> Any:
    """The schema below a key."""
    return schema[1] if schema[0] == "map" else schema[1][key]


def apply(live: Any, payload: Any, owned: Mapping[str, Any], schema: Any = SCHEMA) -> tuple[Any, dict[str, Any]]:
    """The live value and our field set after an apply."""
    cleaned = remove(live, owned, fields_of(payload, schema), schema)
    return merged(cleaned, payload, schema), fields_of(payload, schema)


def remove(live: Any, before: Mapping[str, Any], after: Mapping[str, Any], schema: Any) -> Any:
    """Without what we owned and no longer name."""
    if isinstance(schema, str):
        if schema != "set":
            return live
        return [item for item in live if (step := f"v:{json.dumps(item)}") not in before or step in after]
    if schema[0] == "list":
        kept = []
        for item in live:
            step = step_of(item, schema)
            if step in before and step not in after:
                continue
            kept.append(remove(item, before[step], after[step], schema[2]) if step in before else item)
        return kept
    result = {}
    for key, item in live.items():
        step = f"f:{key}"
        if step in before and step not in after:
            rest = remove(item, before[step], {}, child(schema, key)) if before[step] else None
            if rest:
                result[key] = rest
            continue
        result[key] = remove(item, before[step], after[step], child(schema, key)) if step in before else item
    return result


def merged(live: Any, payload: Any, schema: Any) -> Any:
    """A payload laid over a live value; list items of the payload come in its order, those of others keep their place."""
    if isinstance(schema, str):
        if schema == "set":
            return [*payload, *(item for item in live or [] if item not in payload)]
        return copy.deepcopy(payload)
    if schema[0] == "list":
        held = {step_of(item, schema): item for item in live or []}
        found = [merged(held.get(step_of(item, schema), {}), defaulted(item, schema), schema[2]) for item in payload]
        named = {step_of(item, schema) for item in payload}
        return [*found, *(item for step, item in held.items() if step not in named)]
    result = dict(live or {})
    for key, item in payload.items():
        result[key] = merged(result.get(key), item, child(schema, key))
    return result


def defaulted(item: Mapping[str, Any], schema: Any) -> dict[str, Any]:
    """A list item with the defaults of its keys."""
    return {**{name: default for name, default in schema[1].items() if default is not None}, **item}


def update(live: Any, changed: Any, owned: Mapping[str, Any], schema: Any = SCHEMA) -> dict[str, Any]:
    """Our field set after somebody else's update from `live` to `changed`: what they changed is no longer ours."""
    if isinstance(schema, str):
        if schema == "set":
            return {step: below for step, below in owned.items() if json.loads(step[2:]) in (changed or [])}
        return dict(owned)
    if schema[0] == "list":
        now = {step_of(item, schema): item for item in changed or []}
        before = {step_of(item, schema): item for item in live or []}
        return {step: update(before[step], now[step], below, schema[2]) for step, below in owned.items() if step in now}
    result = {}
    for step, below in owned.items():
        key = step[2:]
        if step == ".":
            result[step] = below
        elif key in changed:
            schema_below = child(schema, key)
            if isinstance(schema_below, str) and schema_below != "set":
                if live[key] == changed[key]:
                    result[step] = below
            elif rest := update(live[key], changed[key], below, schema_below) if below else dict(below):
                result[step] = rest
            elif not below:
                result[step] = below
    return result
