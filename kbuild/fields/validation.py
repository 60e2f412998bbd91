"""Whether a body is a resource at all: a kind, and a name unless it is a list.

Source: kyaml v0.21.1 `RNode.GetValidatedMetadata`.
"""

from __future__ import annotations

from kbuild.model.errors import ResourceError
from kbuild.model.scalars import OddKey, is_null, known_text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from kbuild.model.scalars import Body, Json


def validate(body: Json) -> None:
    """Raise ResourceError for a body without metadata, kind or name, in the reference's words."""
    if type(body) is dict:
        meta = body.get("metadata")
        if type(meta) is dict:
            name, kind = meta.get("name"), body.get("kind")
            if type(name) is str and name and type(kind) is str and kind:
                return
    _validate_slowly(body)


def _validate_slowly(body: Json) -> None:
    if type(body) is not dict:
        raise ResourceError("missing Resource metadata")
    kind, api_version = known_text(body.get("kind")), known_text(body.get("apiVersion"))
    meta = body.get("metadata")
    meta = meta if type(meta) is dict else {}
    name, namespace = known_text(meta.get("name")), known_text(meta.get("namespace"))
    if not _says_anything(body, meta):
        raise ResourceError("missing Resource metadata")
    shown = "{{" + f"{api_version} {kind}" + "} {{" + f"{name} {namespace}" + "} " + f"{_map(meta.get('labels'))} "
    shown += f"{_map(meta.get('annotations'))}" + "}}"
    if not kind:
        raise ResourceError(f"missing kind in object {shown}")
    if not name and not kind.endswith("List"):
        raise ResourceError(f"missing metadata.name in object {shown}")


def _says_anything(body: Body, meta: Body) -> bool:
    """Whether any of the fields that identify a resource is there and not empty."""
    values = [meta.get(field) for field in ("name", "namespace", "labels", "annotations")]
    return not all(is_null(found) or found in ({}, []) for found in (body.get("kind"), body.get("apiVersion"), *values))


def _map(value: Json) -> str:
    """A string map as Go prints it."""
    if type(value) is not dict:
        return "map[]"
    texts: dict[str, str] = {}
    for key, item in value.items():
        texts.setdefault(key.text if type(key) is OddKey else key, known_text(item))
    return "map[" + " ".join(f"{key}:{texts[key]}" for key in sorted(texts)) + "]"
