"""`crds`: OpenAPI-like type definitions that say where custom kinds hold annotations, selectors and names.

Source: kustomize v5.8.1 `accumulator.LoadConfigFromCRDs`.
"""

from __future__ import annotations

from kbuild.documents.config import read_config, read_json
from kbuild.documents.gojson import dumps
from kbuild.fields.configuration import NameBackReference, TransformerConfig, merge_references, merge_specs
from kbuild.fields.spec import FieldSpec
from kbuild.fields.structs import coerced
from kbuild.model.errors import ConfigurationError, KbuildError, YamlError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import Any

    from kbuild.model.context import Context

_ANNOTATION, _SELECTOR, _IDENTITY = "x-kubernetes-annotation", "x-kubernetes-label-selector", "x-kubernetes-identity"
_VERSION, _KIND = "x-kubernetes-object-ref-api-version", "x-kubernetes-object-ref-kind"
_NAME_KEY = "x-kubernetes-object-ref-name-key"
_ROOT_PROPERTIES = ("kind", "apiVersion", "metadata")


def contents(paths: list[str], context: Context) -> Iterator[tuple[str, bytes]]:
    """Every file with its content. Raises: KbuildError."""
    for number, path in enumerate(paths):
        try:
            yield path, context.read(path)
        except KbuildError as error:
            raise error.below(number) from None


def configuration_from_crds(documents: Iterable[tuple[str, bytes]]) -> TransformerConfig:
    """The configuration that the files (path, content) amount to. Raises: ConfigurationError."""
    merged = TransformerConfig({})
    for number, (path, content) in enumerate(documents):
        try:
            types = definitions(content)
        except KbuildError as error:
            raise error.within(f"unable to parse open API definition from '{path}'").below(number) from None
        merged = merged.merged(configuration_of(types))
    return merged


def definitions(content: bytes) -> dict[str, Any]:
    """Type name to properties. Raises: ConfigurationError, YamlError."""
    if not content:
        raise ConfigurationError("runtime error: index out of range [0] with length 0")
    text = content.decode("utf-8", "replace")
    if text[0] == "{":
        values, is_good = read_json_definitions(text)
    else:
        values, is_good = read_yaml_definitions(content)
        text = ""
    if not is_good:
        from kbuild.fields.crds_check import check_definitions

        try:
            check_definitions(text or dumps(values))
        except ConfigurationError as error:
            raise error if text else error.within("error unmarshaling JSON: while decoding JSON") from None
    return {name: properties_of(values[name]) for name in sorted(values or ())}


def read_json_definitions(text: str) -> tuple[Any, bool]:
    """(what a JSON text holds, whether it surely is what it ought to be). Raises: ConfigurationError."""
    repeated = []

    def make_object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) < len(pairs):
            repeated.append(found)
        return found

    try:
        values = read_json(text, make_object=make_object)
    except ValueError as error:
        from kbuild.documents.json_errors import go_reason

        raise ConfigurationError(go_reason(text) or str(error)) from None
    return values, not repeated and "\\ud" not in text and "\\uD" not in text and fit(values)


def read_yaml_definitions(content: bytes) -> tuple[Any, bool]:
    """The same of a YAML text. Raises: YamlError."""
    try:
        values = read_config(content)
    except YamlError as error:
        raise error.within("error converting YAML to JSON") from None
    for definition in values.values() if type(values) is dict else ():
        for name in definition if type(definition) is dict else ():
            if name.lower() == "dependencies" and type(definition[name]) is list:
                # Where texts are wanted, the library makes texts of numbers and booleans.
                definition[name] = [coerced(item) if _is_coerced(item) else item for item in definition[name]]
    return values, fit(values)


def _is_coerced(value: Any) -> bool:
    return isinstance(value, (int, float))


def fit(values: Any) -> bool:
    """Whether all definitions surely are what they ought to be."""
    from kbuild.schema.swagger_types import Checker

    checker = Checker()
    wanted = {"schema": "spec.Schema", "dependencies": "[]string"}
    return values is None or (
        type(values) is dict
        and all(
            definition is None
            or (
                type(definition) is dict
                and all(checker.fits(item, wanted.get(name.lower(), "any")) for name, item in definition.items())
            )
            for definition in values.values()
        )
    )


def properties_of(definition: Any) -> dict[str, Any]:
    """The properties of a definition's schema."""
    schemas = [item for name, item in (definition or {}).items() if name.lower() == "schema" and type(item) is dict]
    return (schemas[-1].get("properties") if schemas else None) or {}


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
            extensions = {key: value for key, value in schema.items() if isinstance(value, str)}
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
