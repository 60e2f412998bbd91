"""`crds`: OpenAPI-like type definitions that say where custom kinds hold annotations, selectors and names.

Source: kustomize v5.8.1 `accumulator.LoadConfigFromCRDs`.
"""

from __future__ import annotations

from kbuild.documents.config import read_config, read_json
from kbuild.documents.gojson import json_kind
from kbuild.fields.configuration import NameBackReference, TransformerConfig, merge_references, merge_specs
from kbuild.fields.spec import FieldSpec
from kbuild.model.errors import ConfigurationError, KbuildError, YamlError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

_ANNOTATION, _SELECTOR, _IDENTITY = "x-kubernetes-annotation", "x-kubernetes-label-selector", "x-kubernetes-identity"
_VERSION, _KIND = "x-kubernetes-object-ref-api-version", "x-kubernetes-object-ref-kind"
_NAME_KEY = "x-kubernetes-object-ref-name-key"
_ROOT_PROPERTIES = ("kind", "apiVersion", "metadata")


def configuration_from_crds(documents: Iterable[tuple[str, bytes]]) -> TransformerConfig:
    """The configuration that the files (path, content) amount to. Raises: ConfigurationError."""
    merged = TransformerConfig({})
    for path, content in documents:
        try:
            types = definitions(content)
        except KbuildError as error:
            raise error.within(f"unable to parse open API definition from '{path}'") from None
        merged = merged.merged(configuration_of(types))
    return merged


def definitions(content: bytes) -> dict[str, Any]:
    """Type name to properties. Raises: ConfigurationError, YamlError."""
    if not content:
        raise ConfigurationError("runtime error: index out of range [0] with length 0")
    frame = ""
    if content[:1] == b"{":
        try:
            values = read_json(content)
        except ValueError as error:
            from kbuild.documents.json_errors import go_reason

            reason = go_reason(content.decode("utf-8", "replace")) or str(error)
            raise ConfigurationError(reason) from None
    else:
        try:
            values = read_config(content)
        except YamlError as error:
            raise error.within("error converting YAML to JSON") from None
        frame = "error unmarshaling JSON: while decoding JSON: "
    if values is None:
        return {}
    if type(values) is not dict:
        raise ConfigurationError(
            f"{frame}json: cannot unmarshal {json_kind(values)} into Go value of type accumulator.nameToApiMap"
        )
    result = {}
    for name in sorted(values):
        try:
            schema = schema_of(values[name])
        except ConfigurationError as error:
            error.reason = frame + error.reason
            raise
        properties = schema.get("properties") if schema else None
        result[name] = properties or {}
    return result


def schema_of(definition: Any) -> dict[str, Any] | None:
    """The schema of a definition. Raises: ConfigurationError."""
    from kbuild.fields.schema_types import check_schema

    if definition is not None and type(definition) is not dict:
        raise ConfigurationError(
            f"json: cannot unmarshal {json_kind(definition)} into Go value of type accumulator.OpenAPIDefinition"
        )
    found = None
    for key, value in sorted((definition or {}).items(), key=lambda entry: entry[0]):
        if key.lower() == "dependencies":
            check_texts(value, "Go struct field OpenAPIDefinition.Dependencies of type")
        elif key.lower() == "schema":
            check_schema(value)
            found = value
    return found


def check_texts(value: Any, place: str) -> None:
    """Raise ConfigurationError for what is no list of texts."""
    if value is not None and type(value) is not list:
        raise ConfigurationError(f"json: cannot unmarshal {json_kind(value)} into {place} []string")
    for item in value or ():
        if item is not None and type(item) is not str:
            raise ConfigurationError(f"json: cannot unmarshal {json_kind(item)} into {place} string")


def configuration_of(types: dict[str, Any]) -> TransformerConfig:
    """The configuration of one file: of every type that looks like a Kubernetes object. Raises: ConfigurationError."""
    merged = TransformerConfig({})
    for name, properties in types.items():
        if all(wanted in properties for wanted in _ROOT_PROPERTIES):
            found = _Found(types, name.rpartition(".")[2])
            found.visit(name, ())
            merged = merged.merged(found.configuration())
    return merged


class _Found:
    """What one root type says."""

    def __init__(self, types: dict[str, Any], kind: str) -> None:
        self.types, self.kind = types, kind
        self.annotations: list[FieldSpec] = []
        self.labels: list[FieldSpec] = []
        self.prefix: list[FieldSpec] = []
        self.references: list[NameBackReference] = []

    def configuration(self) -> TransformerConfig:
        """The specs found."""
        return TransformerConfig(
            {
                "common_annotations": tuple(self.annotations),
                "common_labels": tuple(self.labels),
                "name_prefix": tuple(self.prefix),
                "name_reference": tuple(self.references),
            }
        )

    def visit(self, type_name: str, path: tuple[str, ...]) -> None:
        """Collect the specs of a type's properties and of the types they refer to. Raises: ConfigurationError."""
        if len(path) > 100:
            raise ConfigurationError(f"type {type_name} refers to itself")
        for name, schema in self.types.get(type_name, {}).items():
            if type(schema) is not dict:
                continue
            extensions = {key.lower(): value for key, value in schema.items() if isinstance(value, str)}
            below = (*path, name)
            for key, specs in ((_ANNOTATION, self.annotations), (_SELECTOR, self.labels), (_IDENTITY, self.prefix)):
                if key in extensions:
                    specs[:] = merge_specs(specs, [self.spec(below)])
            if _VERSION in extensions and _KIND in extensions:
                referrer = self.spec((*below, extensions.get(_NAME_KEY, "name")))
                reference = NameBackReference("", extensions[_VERSION], extensions[_KIND], (referrer,))
                self.references = merge_references(self.references, [reference])
            if isinstance(schema.get("$ref"), str):
                self.visit(schema["$ref"], below)

    def spec(self, path: tuple[str, ...]) -> FieldSpec:
        """A spec of the root type's kind."""
        return FieldSpec("", "", self.kind, "/".join(path), False)
