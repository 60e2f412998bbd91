"""Annotations about origins that somebody else wrote: read when the next step is noted beside them.

Source: kustomize v5.8.1, `Resource.GetOrigin`, `Resource.GetTransformations`, `RNode.SetAnnotations`.
"""

from __future__ import annotations

from kbuild.documents.annotations import take_origins
from kbuild.documents.config import read_config
from kbuild.documents.gojson import json_kind
from kbuild.documents.origin_text import BY, NOBODY
from kbuild.fields.kustomization_fields import embedded_in, of
from kbuild.model.errors import ConfigurationError, YamlError
from kbuild.model.scalars import OddKey, Quoted, is_null

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from kbuild.documents.origin_text import Origin
    from kbuild.model.resource import Resource
    from kbuild.model.scalars import Json

_TEXTS = ("path", "repo", "ref", "configuredIn")
_FRAME = "error unmarshaling JSON: while decoding JSON"


def read_origin(text: str) -> Origin:
    """The origin that an annotation says. Raises: YamlError, ConfigurationError, in the library's words."""
    return as_origin(_values(text))


def read_transformations(text: str) -> list[Origin | None]:
    """The steps that an annotation lists. Raises: YamlError, ConfigurationError, in the library's words."""
    steps = _values(text)
    if steps is None:
        return []
    if type(steps) is not list:
        reason = f"json: cannot unmarshal {json_kind(steps)} into Go value of type resource.Transformations"
        raise ConfigurationError(f"{_FRAME}: {reason}")
    return [None if step is None else as_origin(step) for step in steps]


def _values(text: str) -> Json:
    try:
        return read_config(text)
    except YamlError as error:
        raise error.within("error converting YAML to JSON") from None


def as_origin(value: Json) -> Origin:
    """An origin read from its values; what is not there is empty. Raises: ConfigurationError."""
    from kbuild.fields.structs import FieldMismatch, decode_with

    tables = {
        "Origin": of(path="string", repo="string", ref="string", configuredIn="string", configuredBy="ResourceIdentifier"),
        "ResourceIdentifier": {
            **embedded_in("TypeMeta", apiVersion="string", kind="string"),
            **embedded_in("NameMeta", name="string", namespace="string"),
        },
    }  # fmt: skip
    names = {"Origin": "resource.Origin", "ResourceIdentifier": "yaml.ResourceIdentifier"}
    try:
        fields: dict[str, Any] = {} if value is None else decode_with(tables, names, value, "Origin")
    except FieldMismatch as found:
        raise ConfigurationError(f"{_FRAME}: {found.reason}") from None
    path, repo, ref, configured_in = (fields.get(name, "") for name in _TEXTS)
    by = fields.get("configuredBy")
    api_version, kind, name, namespace = (by.get(name, "") for name in BY) if by else NOBODY
    return path, repo, ref, configured_in, (api_version, kind, name, namespace)


def take_annotations(resource: Resource) -> bool:
    """Take what somebody else wrote about origins out of the annotations, and leave the rest as the reference writes it anew.

    Returns whether there can be annotations at all. An origin or list of steps that is not read yet is its text.
    Mutates: `resource`. Raises: FieldError, for metadata that is no map; CrashError, for a list of annotations with a key too many.
    """
    body = resource.body
    meta = body.get("metadata")
    if type(meta) is not dict:
        if "metadata" not in body:
            body["metadata"] = {}
            return True
        if not is_null(meta):
            from kbuild.fields.walk import wrong_kind

            error = wrong_kind("MappingNode", meta)
            error.holder = resource
            raise error.at_place(resource.position)
        return False
    if "annotations" in meta:
        meta["annotations"] = _texts_of(meta["annotations"])
        take_origins(meta, resource)
        if not meta["annotations"]:
            del meta["annotations"]
    return True


def _texts_of(annotations: Json) -> dict[Any, Any]:
    """Annotations that are all texts; the same map where they are. Raises: CrashError."""
    from kbuild.merge.patch_texts import in_pairs, text_map

    if type(annotations) is list:
        annotations = in_pairs(annotations)
    elif type(annotations) is not dict:
        return {}
    if any(type(value) is not str and type(value) is not Quoted for value in annotations.values()) or any(
        type(key) is OddKey for key in annotations
    ):
        return text_map(annotations)
    return annotations  # type: ignore[no-any-return]
