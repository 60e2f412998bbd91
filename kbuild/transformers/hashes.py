"""The name suffix that tells one content of a ConfigMap or Secret from another.

Source: kustomize v5.8.1 `HashTransformer`, `hasher.Hasher`.
"""

from __future__ import annotations

from kbuild.documents.generic import to_json_values
from kbuild.documents.gojson import dumps
from kbuild.documents.history import store_previous_id
from kbuild.documents.resolve import string_set
from kbuild.model.scalars import text_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from kbuild.model.context import Context
    from kbuild.model.resources import Resources
    from kbuild.model.scalars import Json

_LETTERS = str.maketrans("013ae", "ghkmt")


class HashTransformer:
    """Appends the hash to the names of the resources that want one. Config: none."""

    def __init__(self, _config: dict[str, Any], _context: Context) -> None:
        pass

    def transform(self, resources: Resources) -> None:
        """Rename. Mutates: bodies and histories. Raises: OutputError, for content that cannot be converted."""
        for resource in resources.items:
            if resource.needs_hash:
                suffix = content_hash(resource.body)
                store_previous_id(resource)
                meta = resource.body["metadata"]
                meta["name"] = string_set(meta.get("name"), f"{resource.id.name}-{suffix}")
                resources.touched(resource)


def content_hash(body: dict[str, Any]) -> str:
    """Ten letters and digits that depend on kind and data; the name does not enter."""
    kind = text_of(body.get("kind"))
    if kind == "ConfigMap":
        fields = {"kind": kind, "name": "", "data": value(body, "data")}
        optional = "binaryData"
    elif kind == "Secret":
        fields = {"kind": kind, "type": value(body, "type"), "name": "", "data": value(body, "data")}
        optional = "stringData"
    else:
        return digest(dumps(to_json_values(body)))
    if type(body.get(optional)) is dict:
        fields[optional] = value(body, optional)
    return digest(dumps(fields))


def value(body: dict[str, Any], name: str) -> Json:
    """A field as it enters the hash: a map as JSON, a scalar's text (also that of a null), `""` when it is missing."""
    if name not in body:
        return ""
    found = body[name]
    if type(found) is dict:
        return to_json_values(found)
    return None if type(found) is list else text_of(found)


def digest(text: str) -> str:
    """The first ten hexadecimal digits of the text's SHA-256, five of them replaced by letters that spell nothing."""
    try:
        from _sha2 import sha256
    except ImportError:
        # Python 3.11 calls it so; both cost far less to load than hashlib with OpenSSL.
        from _sha256 import sha256

    shown: str = sha256(text.encode()).hexdigest()
    return shown[:10].translate(_LETTERS)
