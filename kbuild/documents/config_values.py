"""A node tree as the plain values of a configuration file, by the older version's rules.

Source: go.yaml.in/yaml v2.4.2 `decoder`, `resolve`; sigs.k8s.io/yaml v1.5.0 `convertToJSONableObject`.
"""

from __future__ import annotations

from kbuild.documents.anchors import check_depth
from kbuild.documents.go_text import float32_text, go_syntax
from kbuild.documents.json_text import without_stray_octets
from kbuild.documents.nodes import ALIAS_NODE, MAPPING_NODE, SCALAR_NODE, Node, short_tag
from kbuild.documents.parser import read_root
from kbuild.documents.parser_state import Parser
from kbuild.documents.resolve import timestamp
from kbuild.documents.tokens import bare_error
from kbuild.documents.yaml11 import resolve
from kbuild.model.errors import YamlError
from kbuild.model.scalars import BINARY, BOOL, FLOAT, INT, NULL, STR, TIMESTAMP

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from kbuild.model.scalars import Json

_KINDS = {bool: BOOL, int: INT, float: FLOAT, str: STR, type(None): NULL}
_RESOLVED_TAGS = (BOOL, INT, FLOAT, NULL, TIMESTAMP)
_MAX_UINT = 2**64
_MAX_INT = 2**63
_ALIASES_FREE, _DECODED_FREE = 100, 1_000
_RATIO_LOW, _RATIO_HIGH = 400_000, 4_000_000


class GoMap:
    """A map as it is before its keys become texts. Shape: `entries` maps (type, key) to (key, value)."""

    __slots__ = ("entries",)

    def __init__(self) -> None:
        self.entries: dict[tuple[type, Any], tuple[Any, Any]] = {}


def decode(text: str, *, strict: bool, is_finite: bool = True) -> Json:
    """The first document of a text as plain values. Raises: YamlError."""
    parser = Parser(text, is_v3=False)
    root = read_root(parser)
    if root is None:
        return None
    check_depth(parser.depth)
    decoder = _Decoder(strict=strict)
    decoder.count()
    value = decoder.value(root, 1)
    if decoder.problems:
        raise YamlError("yaml: unmarshal errors:\n  " + "\n  ".join(decoder.problems))
    return _plain_value(value, is_finite=is_finite)


class _Decoder:
    """One decoding: counts what comes out of aliases, and collects the duplicates of strict decoding."""

    __slots__ = ("active", "aliased", "decoded", "depth", "problems", "strict")

    def __init__(self, *, strict: bool) -> None:
        self.strict, self.decoded, self.aliased, self.depth = strict, 0, 0, 0
        self.active: set[int] = set()
        self.problems: list[str] = []

    def count(self) -> None:
        """Count one node. Raises: YamlError, when aliases made nearly all of many."""
        self.decoded += 1
        if self.depth:
            self.aliased += 1
            is_large = self.aliased > _ALIASES_FREE and self.decoded > _DECODED_FREE
            if is_large and self.aliased / self.decoded > _allowed_ratio(self.decoded):
                raise bare_error("document contains excessive aliasing")

    def value(self, node: Node, level: int) -> Any:
        """The value of a node."""
        self.count()
        if node.kind == SCALAR_NODE:
            return _scalar(node)
        check_depth(level)
        if node.kind == ALIAS_NODE:
            return self.of_alias(node, level, None)
        if node.kind == MAPPING_NODE:
            result = GoMap()
            self.fill(node, result, level)
            return result
        return [self.value(item, level + 1) for item in node.content]

    def of_alias(self, node: Node, level: int, into: GoMap | None) -> Any:
        """The value of what an alias points at, or its entries put into a map."""
        assert node.target is not None
        if id(node) in self.active:
            raise bare_error(f"anchor '{node.text}' value contains itself", node.line + 1, node.column + 1)
        self.active.add(id(node))
        self.depth += 1
        if into is None:
            result = self.value(node.target, level)
        else:
            self.count()
            self.fill(node.target, into, level)
            result = into
        self.depth -= 1
        self.active.discard(id(node))
        return result

    def fill(self, node: Node, result: GoMap, level: int) -> None:
        """Put the entries of a map node into a map, in order: a merge key overrides what stands before it."""
        items = iter(node.content)
        for key in items:
            item = next(items)
            if _is_merge(key):
                self.merge(item, result, level)
                continue
            key_value = self.value(key, level + 1)
            if type(key_value) is GoMap or type(key_value) is list:
                raise bare_error(f"invalid map key: {go_syntax(key_value)}", key.line + 1, key.column + 1)
            value = self.value(item, level + 1)
            identity = (type(key_value), key_value)
            if self.strict and identity in result.entries:
                self.problems.append(f"line {item.line + 1}: key {go_syntax(key_value)} already set in map")
            else:
                result.entries[identity] = (key_value, value)

    def merge(self, node: Node, result: GoMap, level: int) -> None:
        """Put what a merge key names into a map; of a list, the last entry first."""
        check_depth(level)
        kind = node.kind
        if kind == MAPPING_NODE:
            self.count()
            self.fill(node, result, level)
        elif kind == ALIAS_NODE:
            assert node.target is not None
            if node.target.kind != MAPPING_NODE:
                raise _no_map(node)
            self.count()
            self.of_alias(node, level, result)
        elif kind == SCALAR_NODE:
            raise _no_map(node)
        else:
            for item in reversed(node.content):
                if item.kind not in (ALIAS_NODE, MAPPING_NODE):
                    raise _no_map(item)
                self.merge(item, result, level)


def _no_map(node: Node) -> YamlError:
    return bare_error("map merge requires map or sequence of maps as the value", node.line + 1, node.column + 1)


def _allowed_ratio(decoded: int) -> float:
    """The share of nodes that may come out of aliases."""
    if decoded <= _RATIO_LOW:
        return 0.99
    if decoded >= _RATIO_HIGH:
        return 0.10
    return 0.99 - 0.89 * ((decoded - _RATIO_LOW) / (_RATIO_HIGH - _RATIO_LOW))


def _is_merge(key: Node) -> bool:
    if key.kind != SCALAR_NODE or key.text != "<<":
        return False
    return key.tag == "!" or (not key.tag and not key.style) or short_tag(key.tag) == "!!merge"


def _scalar(node: Node) -> Any:
    """The value of a scalar node. Raises: YamlError, when its text does not fit its tag."""
    text, tag = node.text, short_tag(node.tag)
    if not tag:
        return text if node.style else resolve(text)
    if tag == BINARY:
        return _binary(node)
    if tag not in _RESOLVED_TAGS:
        return text
    value = resolve(text)
    found = _KINDS[type(value)]
    if found == STR and tag == TIMESTAMP and timestamp(text) is not None:
        return text
    if found == tag:
        return value
    if tag == FLOAT and type(value) is int and value < _MAX_INT:
        return float(value)
    raise bare_error(f"cannot decode {found} `{text}` as a {tag}", node.line + 1, node.column + 1)


def _binary(node: Node) -> str:
    from binascii import Error, a2b_base64

    data = node.text.replace("\r", "").replace("\n", "")
    try:
        octets = a2b_base64(data.encode("ascii"), strict_mode=True)
    except (Error, UnicodeEncodeError):
        problem = "!!binary value contains invalid base64 data"
        raise bare_error(problem, node.line + 1, node.column + 1) from None
    return octets.decode("utf-8", "surrogateescape")


def _plain_value(value: Any, *, is_finite: bool) -> Json:
    """A decoded value with all keys as texts. Raises: YamlError, for what JSON does not have."""
    kind = type(value)
    if kind is str:
        return value if value.isascii() else without_stray_octets(value)
    if kind is GoMap:
        result = {}
        for key, item in value.entries.values():
            text = without_stray_octets(_key_text(key, item))
            result[text] = _plain_value(item, is_finite=is_finite)
        return result
    if kind is list:
        return [_plain_value(item, is_finite=is_finite) for item in value]
    if is_finite and kind is float and value - value != 0.0:
        raise infinite(value)
    return value


def infinite(value: float) -> YamlError:
    """The error for a number that JSON does not have."""
    name = "+Inf" if value > 0 else "-Inf" if value < 0 else "NaN"
    return YamlError(f"json: unsupported value: {name}")


def _key_text(key: Any, value: Any) -> str:
    """A key as text, as the reference prints it. Raises: YamlError, for null and for very large integers."""
    kind = type(key)
    if kind is str:
        return key  # type: ignore[no-any-return]
    if kind is bool:
        return "true" if key else "false"
    if kind is int and key < _MAX_INT:
        return str(key)
    if kind is float:
        return float32_text(key)
    name, text = ("%!s(<nil>)", "interface {}(nil)") if key is None else ("uint64", hex(key))
    text = "<nil>" if key is None else text
    raise YamlError(f"unsupported map key of type: {name}, key: {text}, value: {go_syntax(value, is_top=True)}")
