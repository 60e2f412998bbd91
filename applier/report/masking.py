"""Values that must not be shown, taken out of pairs of objects before anything prints them.

A reader still sees which keys there are, and which of them change; neither values nor their lengths nor digests of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from applier import keys
from applier.model.values import mapping

HIDDEN, BEFORE, AFTER = "***", "*** (before)", "*** (after)"
_SECRET = (("data",), ("stringData",))
_REDACTED_SUFFIX = "last-applied-configuration"


class Mask(NamedTuple):
    """A path below which values of one kind are hidden, from `Kind.path.to.field`."""

    kind: str
    path: tuple[str, ...]


def parse_mask(text: str) -> Mask:
    """Read `Kind.path.to.field`. Raises: ValueError."""
    kind, _, path = text.partition(".")
    if not kind or not path or "" in path.split("."):
        raise ValueError(f"not a mask: {text!r} (write Kind.path.to.field)")
    return Mask(kind, tuple(path.split(".")))


def masked_pair(before: Any, after: Any, kind: str, masks: Iterable[Mask] = ()) -> tuple[Any, Any]:
    """Two states of one object (either may be None) without what must not be shown. The objects are not changed."""
    paths = [mask.path for mask in masks if mask.kind == kind]
    if kind == "Secret":
        paths += _SECRET
    pair = _without_copies(before), _without_copies(after)
    for path in paths:
        pair = _hidden_at(*pair, path)
    return pair


def _without_copies(body: Any) -> Any:
    """Without the annotation that repeats the whole object."""
    found = mapping(mapping(mapping(body).get("metadata")).get("annotations"))
    if not any(str(key).endswith(_REDACTED_SUFFIX) for key in found):
        return body
    kept = {key: value for key, value in found.items() if not str(key).endswith(_REDACTED_SUFFIX)}
    assert keys.LAST_APPLIED not in kept
    return {**body, "metadata": {**body["metadata"], "annotations": kept}}


def _hidden_at(before: Any, after: Any, path: tuple[str, ...]) -> tuple[Any, Any]:
    """Hide everything at and below a path; lists on the way are gone through item by item."""
    if not path:
        return _hidden(before, after)
    if isinstance(before, list) or isinstance(after, list):
        return _hidden_items(before, after, path)
    one, other = mapping(before), mapping(after)
    key = path[0]
    inner = _hidden_at(one.get(key), other.get(key), path[1:])
    first = {**one, key: inner[0]} if key in one else before
    second = {**other, key: inner[1]} if key in other else after
    return first, second


def _hidden_items(before: Any, after: Any, path: tuple[str, ...]) -> tuple[Any, Any]:
    one, other = (value if isinstance(value, list) else [] for value in (before, after))
    length = max(len(one), len(other))
    pairs = [_hidden_at(_item(one, index), _item(other, index), path) for index in range(length)]
    first = [pair[0] for pair in pairs[: len(one)]] if isinstance(before, list) else before
    second = [pair[1] for pair in pairs[: len(other)]] if isinstance(after, list) else after
    return first, second


def _item(items: list[Any], index: int) -> Any:
    return items[index] if index < len(items) else None


def _hidden(before: Any, after: Any) -> tuple[Any, Any]:
    """Hide values: maps keep their keys; equal values look equal, changed ones differ, and nothing else is told."""
    if isinstance(before, Mapping) or isinstance(after, Mapping):
        one, other = mapping(before), mapping(after)
        pairs = {key: _hidden(one.get(key), other.get(key)) for key in {**one, **other}}
        first = {key: pairs[key][0] for key in one} if isinstance(before, Mapping) else _word(before, HIDDEN)
        second = {key: pairs[key][1] for key in other} if isinstance(after, Mapping) else _word(after, HIDDEN)
        return first, second
    if before is None or after is None or before == after:
        return _word(before, HIDDEN), _word(after, HIDDEN)
    return BEFORE, AFTER


def _word(value: Any, word: str) -> Any:
    return None if value is None else word
