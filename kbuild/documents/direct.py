"""Bodies decoded as they were read, where the reference does not write them as text before.

Source: kyaml v0.21.1 `RNode.Map`.
"""

from __future__ import annotations

from kbuild.documents.generic import (
    AnyMap,
    UnusualError,
    check_duplicates,
    decode,
    marshalled,
    ordinary,
)
from kbuild.model.scalars import STR, Scalar

TYPE_CHECKING = False
if TYPE_CHECKING:
    from kbuild.model.scalars import Body, Json


def decoded(body: Body) -> Json:
    """The body as `generic.to_generic` gives it, but that a block may start with a tab, and a folded one is not folded again.

    Raises: OutputError.
    """
    try:
        return ordinary(body)
    except (UnusualError, TypeError):
        values = decode(body)
        check_duplicates(body)
        return marshalled(_with_texts(values))


def _with_texts(value: Json) -> Json:
    """Decoded values with texts for what the reference's writer would treat in a way of its own."""
    kind = type(value)
    if kind is dict:
        return {key: _with_texts(item) for key, item in value.items()}
    if kind is list:
        return [_with_texts(item) for item in value]
    if kind is AnyMap:
        return AnyMap([(key, _with_texts(item)) for key, item in value.entries], is_text=value.is_text)
    return value.text if kind is Scalar and value.tag == STR else value
