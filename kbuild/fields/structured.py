"""Structured text inside a scalar: JSON or YAML that a replacement reaches into.

Source: kustomize v5.8.1 `setValueInStructuredData`, `serializeStructuredData`.
"""

from __future__ import annotations

from kbuild.fields.paths import find_place, match
from kbuild.model.errors import FieldError, KbuildError
from kbuild.model.scalars import copy_body, is_null, text_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from kbuild.model.scalars import Json


def parse(text: str) -> Json:
    """The first document of a text, None when there is none. Raises: KbuildError."""
    from kbuild.documents import compose

    value = compose.compose(text)
    return None if value is compose.NOTHING else value


def holds_nothing(text: str) -> bool:
    """Whether a text has no document: it is empty, or nothing but comments. Raises: KbuildError."""
    from kbuild.documents import compose

    return not text.strip() or ("#" in text and compose.compose(text) is compose.NOTHING)


def set_inside(body: Json, parts: list[str], create: str, write: Callable[[Any, Any], None]) -> bool:
    """Write a field inside the first structured text on a path; returns whether there was one and it worked.

    `write(holder, key)` sets a place. Mutates: the body's scalar. Never raises: a failure leaves the path to the ordinary look-up.
    """
    try:
        place, rest = text_on_path(body, parts)
        if place is None:
            return False
        holder, key = place
        text = text_of(holder[key])
        wrapper = {"": parse(text)}
        if is_null(wrapper[""]):
            return False
        places = match(wrapper[""], rest, create)
        if not places:
            return False
        for inner_holder, inner_key in places:
            write(inner_holder, inner_key)
        new = serialised(wrapper[""], text)
    except (KbuildError, ValueError):
        return False
    from kbuild.documents.resolve import text_set

    holder[key] = text_set(holder[key], new)
    return True


def text_on_path(body: Json, parts: list[str]) -> tuple[tuple[Any, Any] | None, list[str]]:
    """(place of the first scalar on the path that parses as YAML, the parts behind it); the place is None for none."""
    for count in range(1, len(parts)):
        try:
            place = find_place(body, parts[:count])
        except FieldError:
            continue
        if place is None:
            continue
        value = place[0][place[1]]
        if type(value) is dict or type(value) is list:
            continue
        try:
            parse(text_of(value))
        except KbuildError:
            continue
        return place, parts[count:]
    return None, []


def serialised(value: Json, original: str) -> str:
    """The edited value as text in the style of the original: JSON (pretty where that was), else YAML without outer blanks.

    Raises: KbuildError, ValueError.
    """
    first = original.strip()[:1]
    if first not in ("{", "["):
        return styled(value, original).strip()
    from kbuild.documents.generic import to_generic
    from kbuild.documents.gojson import dumps

    generic = to_generic(copy_body(value))
    return dumps(generic, indent="  " if "\n" in original and "  " in original else "")


def styled(value: Json, original: str) -> str:
    """An edited value in the styles and with the comments of the text that it was read from; aliases are written out.

    Raises: KbuildError.
    """
    from kbuild.documents.anchors import expand
    from kbuild.documents.as_written import overlaid
    from kbuild.documents.commented import read_document
    from kbuild.documents.node_text import encode

    document = read_document(original)
    assert document.root is not None
    return encode(overlaid(expand(document.root), value), document.head, document.foot)


__all__ = ["parse", "serialised", "set_inside"]
