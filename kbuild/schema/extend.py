"""A schema from the `openapi` field of a kustomization.

Source: kyaml v0.21.1 `openapi.SetSchema`, `AddDefinitions`.
"""

from __future__ import annotations

from kbuild.documents.config import read_config
from kbuild.model.errors import ConfigurationError
from kbuild.schema.schema import Schema

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from kbuild.schema.schema import Node

BUILTIN_VERSION = "v1.21.2"


def schema_from_settings(settings: Mapping[str, str], content: bytes | None) -> Schema | None:
    """The schema that `path` (whose content is given) or `version` asks for; None when neither does.

    Raises: ConfigurationError, YamlError.
    """
    version = settings.get("version", "")
    if content is not None:
        if "version" in settings:
            raise ConfigurationError("builtin version and custom schema provided, cannot use both")
        return schema_from_openapi(read_config(content))
    if not version:
        return None
    if version != BUILTIN_VERSION:
        raise ConfigurationError("the specified OpenAPI version is not built in")
    return Schema.builtin()


def schema_from_openapi(document: Any) -> Schema:
    """The schema of an OpenAPI v2 document: it replaces the built-in one. Raises: ConfigurationError."""
    definitions = document.get("definitions") if isinstance(document, dict) else None
    if document is not None and not isinstance(document, dict):
        raise ConfigurationError("invalid schema file: it is no OpenAPI document")
    table = _Table(definitions if isinstance(definitions, dict) else {})
    kinds = {}
    for name, definition in table.definitions.items():
        for found in kinds_of(definition):
            kinds[found] = table.named(name)
    return Schema(tuple(table.nodes), kinds, frozenset())


def kinds_of(definition: Any) -> list[tuple[str, str]]:
    """The (apiVersion, kind) pairs that a definition is the schema of."""
    entries = definition.get("x-kubernetes-group-version-kind") if isinstance(definition, dict) else None
    result = []
    for entry in entries if isinstance(entries, list) else ():
        if isinstance(entry, dict) and isinstance(entry.get("version"), str) and isinstance(entry.get("kind"), str):
            group = entry.get("group") or ""
            result.append((f"{group}/{entry['version']}" if group else entry["version"], entry["kind"]))
    return result


class _Table:
    """Definitions turned into nodes; a definition that contains itself refers to its own node."""

    def __init__(self, definitions: dict[str, Any]) -> None:
        self.definitions = definitions
        self.nodes: list[Node] = [({}, -1, -1, None)]
        self._names: dict[str, int] = {}

    def named(self, name: str) -> int:
        """The node of a definition, -1 for an unknown one."""
        found = self._names.get(name)
        if found is None:
            definition = self.definitions.get(name)
            if not isinstance(definition, dict):
                return -1
            found = self._names[name] = len(self.nodes)
            self.nodes.append(self.nodes[0])
            self.nodes[found] = self.content(definition)
        return found

    def index(self, schema: Any) -> int:
        """The node of any schema in the document."""
        if not isinstance(schema, dict):
            return -1
        reference = schema.get("$ref")
        if isinstance(reference, str):
            return self.named(reference.rpartition("/")[2])
        at = len(self.nodes)
        self.nodes.append(self.nodes[0])
        self.nodes[at] = self.content(schema)
        return at

    def content(self, schema: dict[str, Any]) -> Node:
        """What a schema says about fields, elements and merge keys."""
        properties = schema.get("properties")
        fields = {name: self.index(inner) for name, inner in properties.items()} if isinstance(properties, dict) else {}
        keys = None
        strategy = schema.get("x-kubernetes-patch-strategy")
        if isinstance(strategy, str) and "merge" in strategy.split(","):
            listed, single = schema.get("x-kubernetes-list-map-keys"), schema.get("x-kubernetes-patch-merge-key")
            if isinstance(listed, list):
                keys = tuple(str(key) for key in listed)
            else:
                keys = (single,) if isinstance(single, str) else ()
        items = self.index(schema["items"]) if schema.get("type") == "array" and "items" in schema else -1
        return fields, self.index(schema.get("additionalProperties")), items, keys
