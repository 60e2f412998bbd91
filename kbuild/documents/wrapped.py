"""A list around documents: `List` and `ResourceList` stand for their items.

Source: kyaml v0.21.1 `kio.ByteReader.Read`.
"""

from __future__ import annotations

from kbuild.documents.reader import split
from kbuild.model.scalars import Quoted, key_text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from kbuild.model.scalars import Json

    Documents = list[tuple[Json, int]]


def is_wrapped(documents: Documents, source: str | bytes = "") -> bool:
    """Whether there is one document, and it is a list of resources; `source` is the text that they were read from.

    A document without content counts, too.
    """
    if len(documents) != 1 or type(documents[0][0]) is not dict:
        return False
    body = documents[0][0]
    kind = body.get("kind")
    if not isinstance(kind, str) or kind not in ("List", "ResourceList"):
        return False
    return ("items" in body or "functionConfig" in body) and not is_parted(source)


def is_parted(source: str | bytes) -> bool:
    """Whether a line that separates documents stands in a text."""
    text = source.decode("utf-8", "surrogateescape") if isinstance(source, bytes) else source
    return "\n---" in text and len(split(text.replace("\r\n", "\n"))) > 1


def unwrap(documents: Documents, source: str | bytes = "") -> Documents:
    """A single `List` or `ResourceList` document replaced by its items."""
    if not is_wrapped(documents, source):
        return documents
    body, line = documents[0]
    items = body.get("items")
    if type(items) is list:
        return [(item, line) for item in items if item is not None]
    if type(items) is dict:
        return [(part, line) for key, item in items.items() for part in (Quoted(key_text(key)), item)]
    return []
