"""Values that SOPS encrypted, taken out of built Secrets before anything prints them. Source: flux2 v2.9 `build`."""

from __future__ import annotations

import base64
import binascii
import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

MASK = "**SOPS**"
_DOCKER = "kubernetes.io/dockerconfigjson"
_ENCRYPTED = b"ENC["


def masked(body: Mapping[str, Any]) -> dict[str, Any]:
    """An object without encrypted values and without SOPS' own field."""
    found = {name: value for name, value in body.items() if name != "sops"}
    if body.get("kind") != "Secret":
        return found
    is_whole = isinstance(body.get("sops"), dict) and "mac" in body["sops"]
    shown = json.dumps({"mask": MASK}, separators=(",", ":")) if body.get("type") == _DOCKER else MASK
    for field, encode in (("data", True), ("stringData", False)):
        values = body.get(field)
        if isinstance(values, dict):
            found[field] = {
                name: _word(shown if is_whole else MASK, encode=encode)
                if is_whole or _is_encrypted(value, encode=encode)
                else value
                for name, value in values.items()
            }
    return found


def is_masked(body: Mapping[str, Any]) -> bool:
    """Whether a Secret has values that were taken out: only its keys can be compared."""
    if body.get("kind") != "Secret":
        return False
    words = {field: _word(MASK, encode=field == "data") for field in ("data", "stringData")}
    return any(
        MASK.encode() in _plain(value, encode=field == "data") or value == words[field]
        for field in words
        for value in (body.get(field) or {}).values()
    )


def _word(text: str, *, encode: bool) -> str:
    return base64.b64encode(text.encode()).decode() if encode else text


def _is_encrypted(value: object, *, encode: bool) -> bool:
    plain = _plain(value, encode=encode)
    return _ENCRYPTED in plain and b"sops" in plain


def _plain(value: object, *, encode: bool) -> bytes:
    text = str(value).encode()
    if not encode:
        return text
    try:
        return base64.b64decode(text)
    except binascii.Error:
        return b""
