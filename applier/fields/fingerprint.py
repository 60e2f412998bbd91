"""Fingerprints: what was sent, and what the server kept of it. Equal fingerprints prove that nothing has to be sent.

They need no schema and cover what the server fills in inside atomic values. Secrets have none: even a short digest in a
readable inventory would confirm guesses.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from hashlib import blake2b
from json import encoder
from typing import Any

from applier.fields.managed import Fields, applied_fields, item_key
from applier.model.ids import Body

_DIGEST_BYTES = 6


def _encoder() -> Callable[[Any], str]:
    """Values as compact JSON with sorted keys; the interpreter's encoder is made once and not for every value."""
    usual = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False, check_circular=False)
    make = getattr(encoder, "c_make_encoder", None)
    if make is None:
        return usual.encode
    parts = make(None, usual.default, encoder.encode_basestring, None, ":", ",", True, False, True)
    return lambda value: "".join(parts(value, 0))


_encode = _encoder()


def digest(value: Any) -> str:
    """12 hex digits of a JSON-like value; the order of map keys does not matter, that of lists does."""
    return blake2b(_encode(value).encode("utf-8", "surrogatepass"), digest_size=_DIGEST_BYTES).hexdigest()


def wanted_print(payload: Body) -> str:
    """The fingerprint of a payload."""
    return digest(payload)


def owned_print(live: Body, manager: str, api_version: str) -> str:
    """The fingerprint of what is ours in a live object, field set included; `""` where the server records no such set."""
    fields = applied_fields(live, manager, api_version)
    return "" if fields is None else digest((fields, projected(live, fields)))


def projected(value: Any, fields: Fields) -> Any:
    """The part of a value that a field set names; what has nothing below it is taken in full."""
    if not fields or type(fields) is not dict:
        return value
    if type(value) is dict:
        return {
            step: projected(value[name], below) if below else value[name]
            for step, below in fields.items()
            if (name := step[2:]) in value and step[0] == "f"
        }
    if isinstance(value, list):
        return _projected_list(value, fields)
    return value


def _projected_list(items: list[Any], fields: Fields) -> Any:
    """Owned items in the order of the live list."""
    by_names: dict[tuple[str, ...], dict[tuple[Any, ...], Fields]] = {}
    values = []
    for step, below in fields.items():
        if step.startswith("k:"):
            key = item_key(step)
            names = tuple(sorted(key))
            by_names.setdefault(names, {})[tuple(_hashable(key[name]) for name in names)] = below
        elif step.startswith("i:"):
            return items  # by position: the whole list is the only safe answer
        else:
            values.append(step)
    found: list[Any] = []
    for item in items:
        if type(item) is not dict:
            found.append(item)
            continue
        for names, wanted in by_names.items():
            below_item = wanted.get(tuple(_hashable(item.get(name)) for name in names))
            if below_item is not None:
                found.append(projected(item, below_item) if below_item else item)
    return [found, sorted(values)] if values else found


def _hashable(value: Any) -> Any:
    """A key field's value with its type, so that `1` and `true` are two keys."""
    return (
        (type(value).__name__, value)
        if isinstance(value, (str, int, float, bool))
        else (type(value).__name__, repr(value))
    )
