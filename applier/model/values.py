"""Reading plain JSON-like bodies that may hold anything: wrong types read as absent, never as an exception."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

_NOTHING: Mapping[str, Any] = {}


def mapping(value: Any) -> Mapping[str, Any]:
    """The value where it is a map, else an empty one."""
    # Bodies are dicts: the exact type is much cheaper to ask for than the abstract one.
    return value if type(value) is dict or isinstance(value, Mapping) else _NOTHING


def sequence(value: Any) -> Sequence[Any]:
    """The value where it is a list, else an empty one."""
    return value if isinstance(value, (list, tuple)) else ()


def mappings(value: Any) -> list[Mapping[str, Any]]:
    """The items of a list that are maps."""
    if not isinstance(value, (list, tuple)):
        return []
    return [item for item in value if type(item) is dict or isinstance(item, Mapping)]


def text(value: Any) -> str:
    """The value where it is a string, else an empty one."""
    return value if isinstance(value, str) else ""


def number(value: Any, default: int = 0) -> int:
    """The value where it is an integer (and no boolean), else the default."""
    return value if isinstance(value, int) and not isinstance(value, bool) else default


def at(value: Any, *path: str) -> Any:
    """What is at a path of map keys; None where any of them is missing."""
    for key in path:
        if type(value) is not dict and not isinstance(value, Mapping):
            return None
        value = value.get(key)
    return value


def annotations_of(body: Mapping[str, Any]) -> Mapping[str, Any]:
    """The annotations of an object."""
    return mapping(mapping(body.get("metadata")).get("annotations"))


def labels_of(body: Mapping[str, Any]) -> Mapping[str, Any]:
    """The labels of an object."""
    return mapping(mapping(body.get("metadata")).get("labels"))


def uid_of(body: Mapping[str, Any]) -> str:
    """The uid of an object, or `""`."""
    return text(mapping(body.get("metadata")).get("uid"))
