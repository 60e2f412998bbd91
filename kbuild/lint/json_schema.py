"""The JSON Schema of kustomization files and components, for editors: made from the table that the strict decoder uses.

It allows what the reference reads: null for any field, any text where the reference knows some words and accepts all.
Source: kustomize v5.8.1 `types.Kustomization`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kbuild.fields.kustomization_fields import STRUCTS
from kbuild.lint.descriptions import DEPRECATED, DESCRIPTIONS
from kbuild.load.kustomization_file import COMPONENT, KUSTOMIZATION, VERSIONS

if TYPE_CHECKING:
    from kbuild.fields.kustomization_fields import Type

DIALECT = "https://json-schema.org/draft/2020-12/schema"
Schema = dict[str, Any]

_PLAIN: dict[str, Schema] = {
    "string": {"type": ["string", "null"]},
    "bool": {"type": ["boolean", "null"]},
    "int": {"type": ["integer", "null"], "minimum": -(2**63), "maximum": 2**63 - 1},
    "int64": {"type": ["integer", "null"], "minimum": -(2**63), "maximum": 2**63 - 1},
    "map": {"type": ["object", "null"], "additionalProperties": {"type": ["string", "null"]}},
    "values": {"type": ["object", "null"]},
    "PatchStrategicMerge": {"type": ["string", "null"]},
}
# Words that editors offer; the reference accepts other texts as well.
_WORDS = {
    ("ConfigMapArgs", "behavior"): ("create", "replace", "merge"),
    ("SecretArgs", "behavior"): ("create", "replace", "merge"),
    ("SecretArgs", "type"): ("Opaque", "kubernetes.io/tls", "kubernetes.io/dockerconfigjson", "kubernetes.io/basic-auth"),
    ("HelmChart", "valuesMerge"): ("override", "replace", "merge"),
}  # fmt: skip
_ITEM_WORDS = {("Kustomization", "buildMetadata"): ("managedByLabel", "originAnnotations", "transformerAnnotations")}


def kustomization_schema(kind: str = KUSTOMIZATION) -> Schema:
    """The schema of a kustomization file of one kind.

    Shape: a JSON Schema of draft 2020-12; the structs below the top are in `$defs`. Raises: KeyError, for a kind that
    is neither `Kustomization` nor `Component`.
    """
    top = _struct("Kustomization")
    properties = top["properties"]
    is_component = kind == COMPONENT
    properties["kind"] = {**properties["kind"], "const": kind} if is_component else _offered(properties["kind"], kind)
    properties["apiVersion"] = _offered(properties["apiVersion"], VERSIONS[kind])
    return {
        "$schema": DIALECT,
        "$id": f"urn:kbuild:kustomize:v5.8.1:{kind.lower()}",
        "title": kind,
        "description": DESCRIPTIONS[kind],
        **top,
        **({"required": ["kind"]} if is_component else {}),
        "$defs": {name: _struct(name) for name in sorted(_reached("Kustomization"))},
    }


def _offered(schema: Schema, word: str) -> Schema:
    return {**schema, "enum": [word, "", None]}


def _struct(name: str) -> Schema:
    """A struct as an object without other fields."""
    fields = STRUCTS[name]
    return {
        "type": "object" if name == "Kustomization" else ["object", "null"],
        "additionalProperties": False,
        "properties": {field: _field(name, field, fields[field][0]) for field in sorted(fields)},
    }


def _field(struct: str, field: str, kind: Type) -> Schema:
    schema = _of_type(kind)
    words, item_words = _WORDS.get((struct, field)), _ITEM_WORDS.get((struct, field))
    if words:
        schema = {"anyOf": [{"enum": list(words)}, schema]}
    if item_words:
        schema = {**schema, "items": {"anyOf": [{"enum": list(item_words)}, schema["items"]]}}
    description = DESCRIPTIONS.get(f"{struct}.{field}") or DESCRIPTIONS.get(f".{field}")
    if description:
        schema = {"description": description, **schema}
    newer = DEPRECATED.get(f"{struct}.{field}")
    return {**schema, "deprecated": True, "description": f"Deprecated: use {newer}."} if newer else schema


def _of_type(kind: Type) -> Schema:
    if isinstance(kind, tuple):
        return {"type": ["array", "null"], "items": _of_type(kind[0])}
    if kind == "SortOrder":
        return {"enum": ["legacy", "fifo", "", None]}
    plain = _PLAIN.get(kind)
    return dict(plain) if plain is not None else {"$ref": f"#/$defs/{kind}"}


def _reached(struct: str) -> set[str]:
    """The structs below one."""
    found: set[str] = set()
    queue = [struct]
    for name in queue:
        for kind, _ in STRUCTS[name].values():
            inner = kind[0] if isinstance(kind, tuple) else kind
            if inner in STRUCTS and inner not in found:
                found.add(inner)
                queue.append(inner)
    return found
