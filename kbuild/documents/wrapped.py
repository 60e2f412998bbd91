"""A list around documents: `List` and `ResourceList` stand for their items.

Source: kyaml v0.21.1 `kio.ByteReader.Read`.
"""

from __future__ import annotations

from kbuild.model.scalars import Quoted, key_text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from kbuild.model.scalars import Json

    Documents = list[tuple[Json, int]]


def is_wrapped(documents: Documents) -> bool:
    """Whether there is one document, and it is a list of resources."""
    if len(documents) != 1 or type(documents[0][0]) is not dict:
        return False
    body = documents[0][0]
    kind = body.get("kind")
    return isinstance(kind, str) and kind in ("List", "ResourceList") and ("items" in body or "functionConfig" in body)


def unwrap(documents: Documents) -> Documents:
    """A single `List` or `ResourceList` document replaced by its items."""
    if not is_wrapped(documents):
        return documents
    body, line = documents[0]
    items = body.get("items")
    if type(items) is list:
        return [(item, line) for item in items if item is not None]
    if type(items) is dict:
        return [(part, line) for key, item in items.items() for part in (Quoted(key_text(key)), item)]
    return []
