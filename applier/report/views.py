"""Which part of a live object a diff shows: the fields that are ours or that we are about to write, and no defaults."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from applier.fields import quantity
from applier.fields.differences import item_name
from applier.fields.managed import Fields, has_key, item_key
from applier.model.values import mapping

_UNSHOWN = frozenset(["status"])
_UNSHOWN_METADATA = frozenset(
    ["managedFields", "uid", "resourceVersion", "generation", "creationTimestamp", "selfLink"]
)


def owned_view(wanted: Any, live: Any, fields: Fields, keys: tuple[str, str] = ("", "")) -> Any:
    """The live side of a diff: what a payload names, and what we own and it no longer names.

    A quantity that is written in another way is shown as the payload writes it.
    """
    if isinstance(wanted, Mapping) and isinstance(live, Mapping):
        names = [*wanted, *(step[2:] for step in fields if step.startswith("f:") and step[2:] not in wanted)]
        return {
            name: owned_view(wanted.get(name), live[name], mapping(fields.get(f"f:{name}")), (keys[1], name))
            for name in names
            if name in live
        }
    if isinstance(wanted, list) and isinstance(live, list):
        return _list_view(wanted, live, fields)
    is_quantity = keys[0] in quantity.HOLDERS or keys in quantity.FIELDS
    return wanted if is_quantity and wanted != live and quantity.equal(wanted, live) else live


def _list_view(wanted: list[Any], live: list[Any], fields: Fields) -> list[Any]:
    owned = [(item_key(step), mapping(below)) for step, below in fields.items() if step.startswith("k:")]
    name = item_name(wanted + live)
    if not name and not owned:
        if len(wanted) != len(live):
            return live
        return [owned_view(one, held, {}) for one, held in zip(wanted, live, strict=True)]
    found = []
    by_name = {item[name]: item for item in wanted} if name else {}
    for held in live:
        below = next((inner for key, inner in owned if has_key(held, key)), None)
        one = by_name.get(held[name]) if name else _matching(wanted, held)
        if one is not None or below is not None:
            found.append(owned_view(one, held, below or {}))
    return found


def _matching(wanted: list[Any], held: Any) -> Any:
    """The one item whose plain values are all those of a live item; None where there are more, or none."""
    if not isinstance(held, Mapping):
        return held if held in wanted else None
    found = [
        item
        for item in wanted
        if isinstance(item, Mapping) and all(_fits(value, held.get(key)) for key, value in item.items())
    ]
    return found[0] if len(found) == 1 else None


def _fits(value: Any, held: Any) -> bool:
    return isinstance(value, (Mapping, list)) or value == held


def whole_view(body: Any) -> Any:
    """An object without what the server counts, times and reports."""
    if not isinstance(body, Mapping):
        return body
    rest = {key: value for key, value in body.items() if key not in _UNSHOWN}
    if isinstance(body.get("metadata"), Mapping):
        rest["metadata"] = {key: value for key, value in body["metadata"].items() if key not in _UNSHOWN_METADATA}
    return rest
