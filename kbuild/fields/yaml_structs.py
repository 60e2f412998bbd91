"""Configurations that the reference reads as YAML, not as JSON: those of the transformers for prefixes and suffixes.

The library takes the text of any scalar, leaves out the nulls of lists, and tells of everything that is wrong at once,
with lines of the configuration as it is written out.
Source: go.yaml.in/yaml v3.0.3 `decoder`.
"""

from __future__ import annotations

from kbuild.documents.nodes import MAPPING_NODE, SCALAR_NODE, SEQUENCE_NODE, scalar_tag
from kbuild.model.errors import ConfigurationError
from kbuild.model.scalars import BOOL, NULL, STR

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from kbuild.documents.nodes import Node

_SPEC = {**dict.fromkeys(("group", "version", "kind", "path"), "string"), "create": "bool"}
_TRUE = ("y", "Y", "yes", "Yes", "YES", "on", "On", "ON")
_FALSE = ("n", "N", "no", "No", "NO", "off", "Off", "OFF")
_MOST, _SHOWN = 10, 7


def decode_affix(values: dict[str, Any], key: str) -> dict[str, Any]:
    """The text at a key and the `fieldSpecs` of a configuration; what is missing or null is left out.

    Raises: ConfigurationError, for all fields of wrong types.
    """
    from kbuild.documents.parser import read_root
    from kbuild.documents.parser_state import Parser
    from kbuild.documents.writer import marshal

    root = read_root(Parser(marshal(values), is_v3=True))
    assert root is not None
    decoder = _Decoder()
    found = decoder.struct(root, {key: "string", "fieldSpecs": "types.FsSlice"})
    if decoder.problems:
        raise ConfigurationError("yaml: unmarshal errors:\n  " + "\n  ".join(decoder.problems))
    return found


class _Decoder:
    """One decoding, with what it has found wrong."""

    __slots__ = ("problems",)

    def __init__(self) -> None:
        self.problems: list[str] = []

    def struct(self, node: Node, types: dict[str, str]) -> dict[str, Any]:
        """The fields of a map that a struct has."""
        found = {}
        items = iter(node.content)
        for key in items:
            value = self.value(next(items), types[key.text]) if key.text in types else None
            if value is not None:
                found[key.text] = value
        return found

    def value(self, node: Node, wanted: str) -> Any:
        """A value of a type, None for what is null or wrong."""
        tag = scalar_tag(node) if node.kind == SCALAR_NODE else "!!map" if node.kind == MAPPING_NODE else "!!seq"
        if tag == NULL:
            return None
        if wanted == "string" and node.kind == SCALAR_NODE:
            return node.text
        if wanted == "bool" and tag == BOOL:
            return node.text.lower() == "true"
        if wanted == "bool" and tag == STR and node.text in (*_TRUE, *_FALSE):
            return node.text in _TRUE
        if wanted == "types.FsSlice" and node.kind == SEQUENCE_NODE:
            specs = [self.value(item, "types.FieldSpec") for item in node.content]
            return [spec for spec in specs if spec is not None]
        if wanted == "types.FieldSpec" and node.kind == MAPPING_NODE:
            return self.struct(node, _SPEC)
        self.problems.append(f"line {node.line + 1}: cannot unmarshal {tag}{_shown(node)} into {wanted}")
        return None


def _shown(node: Node) -> str:
    """A scalar as the library mentions it: the beginning of a long one."""
    if node.kind != SCALAR_NODE:
        return ""
    octets = node.text.encode("utf-8", "replace")
    if len(octets) <= _MOST:
        return f" `{node.text}`"
    return f" `{octets[:_SHOWN].decode('utf-8', 'replace')}...`"
