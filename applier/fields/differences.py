"""What differs between two states of an object, leaving out what the server counts and times."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from applier.fields.managed import Manager, item_path, leaves, managers
from applier.fields.walk import same_value
from applier.model.ids import Body
from applier.model.values import mapping

_COUNTED = frozenset(["resourceVersion", "generation", "managedFields", "creationTimestamp", "uid", "selfLink"])
# By what items of lists are named in paths, the first that all items have. No claim about how the server merges them.
_NAMES = ("name", "containerPort", "port", "mountPath", "key", "ip", "topologyKey", "type", "uid")


def comparable(body: Body) -> dict[str, Any]:
    """An object without status and without what the server counts."""
    rest = {key: value for key, value in body.items() if key not in ("status", "metadata")}
    rest["metadata"] = {key: value for key, value in mapping(body.get("metadata")).items() if key not in _COUNTED}
    return rest


def changed_paths(before: Body, after: Body) -> tuple[str, ...]:
    """The paths that an apply changed; empty for one that changed nothing. Whose fields they are is no change of them."""
    return tuple(differing(comparable(before), comparable(after), ""))


def differing(one: Any, other: Any, path: str) -> Iterator[str]:
    """The paths at which two values differ; what is on one side only is one path."""
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        for key in sorted({*one, *other}):
            if key not in one or key not in other:
                yield f"{path}.{key}"
            else:
                yield from differing(one[key], other[key], f"{path}.{key}")
    elif isinstance(one, list) and isinstance(other, list):
        yield from _differing_items(one, other, path)
    elif not same_value(one, other):
        yield path


def _differing_items(one: list[Any], other: list[Any], path: str) -> Iterator[str]:
    name = item_name(one + other)
    if not name:
        if len(one) != len(other):
            yield path
            return
        for index, (mine, theirs) in enumerate(zip(one, other, strict=True)):
            yield from differing(mine, theirs, f"{path}[{index}]")
        return
    first, second = ({item[name]: item for item in items} for items in (one, other))
    for key in [*first, *(key for key in second if key not in first)]:
        inner = path + item_path({name: key})
        if key not in first or key not in second:
            yield inner
        else:
            yield from differing(first[key], second[key], inner)
    shared = [item[name] for item in one if item[name] in second]
    if shared != [item[name] for item in other if item[name] in first]:
        yield path


def item_name(items: list[Any]) -> str:
    """The key that names each item of a list, each once on either side; `""` where there is none."""
    if not items or not all(isinstance(item, Mapping) for item in items):
        return ""
    for name in _NAMES:
        values = [item.get(name) for item in items]
        if all(isinstance(value, (str, int)) for value in values) and _at_most_twice(values):
            return name
    return ""


def _at_most_twice(values: list[Any]) -> bool:
    """Items of both sides come together here, so a name may be there twice but not more often."""
    seen: dict[Any, int] = {}
    for value in values:
        seen[value] = seen.get(value, 0) + 1
    return all(count <= 2 for count in seen.values())


def last_writer(live: Body, path: str, own: str) -> Manager | None:
    """Who else owns a path (or what is above or below it), the latest first; None where nobody does."""
    found = [one for one in managers(live) if one.name != own and _owns(one.fields, path)]
    return max(found, key=lambda one: one.time, default=None)


def _owns(fields: Mapping[str, Any], path: str) -> bool:
    return any(leaf.startswith(path) or path.startswith(f"{leaf}.") for leaf in leaves(fields))
