"""JSON patches in JSON text whose tests compare strings as they are written.

Source: gopkg.in/evanphx/json-patch.v4 v4.13.0 `lazyNode.equal`, which compares the bytes of two values.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from kbuild.model.scalars import Json

# What a string may hold that Go writes in another way.
_SPELLED = "\\<>&\u2028\u2029"


class Text(str):
    """A string of a test. `raw` is as written, quotes included."""

    __slots__ = ("raw",)

    raw: str


def may_be_spelled(text: str) -> bool:
    """Whether a patch has tests and strings that Go would write in another way."""
    return '"test"' in text and any(mark in text for mark in _SPELLED)


def with_texts(text: str, parse_float: Callable[[str], object]) -> Json:
    """JSON whose tests have the spelling of their strings. Raises: ValueError, RecursionError."""
    import json.decoder
    import json.scanner

    def spelled(source: str, end: int, *options: bool) -> tuple[Text, int]:
        found, behind = scan(source, end, *options)
        value = Text(found)
        value.raw = source[end - 1 : behind]
        return value, behind

    decoder: Any = json.JSONDecoder(parse_float=parse_float)
    scan = decoder.parse_string
    decoder.parse_string = spelled
    decoder.scan_once = json.scanner.py_make_scanner(decoder)  # type: ignore[attr-defined]
    operations = decoder.decode(text)
    for operation in operations if type(operations) is list else ():
        if type(operation) is dict:
            is_test = operation.get("op") == "test"
            values = {key: item if is_test and key == "value" else unspelled(item) for key, item in operation.items()}
            operation.update(values)
    return operations


def unspelled(value: Json) -> Json:
    """A value whose strings are no more than that."""
    kind = type(value)
    if kind is dict:
        return {key: unspelled(item) for key, item in value.items()}
    if kind is list:
        return [unspelled(item) for item in value]
    return str(value) if kind is Text else value
