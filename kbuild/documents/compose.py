"""The full parser's front door: a text as a body, or as the plain values of a configuration.

Reads everything that YAML has, at the price of speed; the line-based reader comes here with what it declines.
Decision record: docs/adr/0003-own-full-parser.md.
Source: go.yaml.in/yaml v3.0.3 decode, kyaml v0.21.1 `DeAnchor`.
"""

from __future__ import annotations

from kbuild.documents.anchors import check_depth, expand, node_tag
from kbuild.documents.nodes import MAPPING_NODE, SCALAR_NODE, Node, scalar_tag
from kbuild.documents.parser import read_root
from kbuild.documents.parser_state import Parser
from kbuild.documents.resolve import EMPTY, FLOW_EMPTY, block, folded, plain, tagged
from kbuild.documents.tokens import bare_error
from kbuild.model.errors import ResourceError, YamlError
from kbuild.model.scalars import NULL, STR, OddKey, Quoted, Scalar, single

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from kbuild.model.scalars import Json

# What a text without a document composes to.
NOTHING = object()


def compose(text: str, edit: Callable[[Node], None] | None = None) -> Json:
    """The first document of a text as a body; NOTHING when there is none. `edit` may change the tree as it was written.

    Shape: aliases and merge keys are expanded; the second of two equal keys and keys that are no strings are `OddKey`
    (a map or list as key has no text).
    Raises: YamlError, whose position is relative to the text; ResourceError, for a bad merge key.
    """
    parser = Parser(text, is_v3=True)
    root = read_root(parser)
    if root is None:
        return NOTHING
    if node_tag(root) == NULL:
        return EMPTY
    check_depth(parser.depth)
    if edit is not None:
        edit(root)
    root = expand(root)
    duplicates: list[OddKey] = []
    body = value_of(root, duplicates)
    if duplicates:
        from kbuild.documents.layout import note_lines

        note_lines(body, text, edit)
    return body


def value_of(node: Node, duplicates: list[OddKey] | None = None) -> Json:
    """A node, its aliases expanded, as a body. Mutates: `duplicates`, to which the later ones of equal keys and maps and lists as keys are added."""
    if node.kind == SCALAR_NODE:
        return _scalar(node)
    if node.kind != MAPPING_NODE:
        return [_in_flow(item, duplicates) if node.style else value_of(item, duplicates) for item in node.content]
    result: dict[Any, Any] = {}
    seen: dict[str | int, int] = {}
    items = iter(node.content)
    for key in items:
        text = key.text
        is_scalar = key.kind == SCALAR_NODE
        tag = scalar_tag(key) if is_scalar else "!!map" if key.kind == MAPPING_NODE else "!!seq"
        # Keys of one kind with one text collide, whatever their tags are.
        identity = text if is_scalar else key.kind
        item = next(items)
        value = _in_flow(item, duplicates) if node.style else value_of(item, duplicates)
        if tag == STR and identity not in seen:
            result[text] = value
        else:
            odd = OddKey(text, tag, identity in seen, None if is_scalar else (value_of(key), key.line + 1))
            odd.quoted = tag == NULL and bool(key.style)
            odd.lines = key.line + 1, seen.get(identity, 0)
            if (odd.duplicate or not is_scalar) and duplicates is not None:
                duplicates.append(odd)
            result[odd] = value
        seen.setdefault(identity, key.line + 1)
    return result


def _in_flow(node: Node, duplicates: list[OddKey] | None) -> Json:
    """A node of a flow collection as a value: nothing is an empty text, a plain text with a colon a string."""
    if is_empty(node):
        return FLOW_EMPTY
    value = value_of(node, duplicates)
    return node.text if type(value) is Scalar and ":" in node.text and not (node.style or node.tag) else value


def is_empty(node: Node) -> bool:
    """Whether nothing at all is written where a value could be."""
    return node.kind == SCALAR_NODE and not (node.text or node.style or node.tag)


def _scalar(node: Node) -> Json:
    if not node.tag or node.tag == "!":
        if not node.style:
            return plain(node.text)
        if node.style == "'":
            return single(node.text)
        return folded(node.text) if node.style == ">" else block(node.text) if node.style == "|" else Quoted(node.text)
    return tagged(node.text, scalar_tag(node), quoted=bool(node.style), explicit=True)


def compose_config(text: str, *, strict: bool = False, is_finite: bool = True) -> Json:
    """The first document of a configuration as plain JSON values, None when there is none.

    Shape: YAML 1.1 booleans; keys as texts, the last of equal ones wins; dates as written.
    Raises: YamlError, in the words of the reference's older parser; `strict` refuses equal keys, `is_finite` numbers that
    JSON does not have.
    """
    from kbuild.documents.config_values import decode

    return decode(text, strict=strict, is_finite=is_finite)


def undecodable(data: bytes, *, is_config: bool = False) -> YamlError:
    """The error for bytes that are no UTF-8: the first that the reference would report."""
    text = data.decode("utf-8", "surrogateescape")
    try:
        if is_config:
            compose_config(text)
        else:
            from kbuild.documents.reader import split

            for chunk, line in split(text.replace("\r\n", "\n")):
                _compose_at(chunk, line)
    except YamlError as error:
        return error
    except ResourceError as error:
        return YamlError(error.reason, error.position)
    return bare_error("invalid leading UTF-8 octet")


def _compose_at(chunk: str, line: int) -> None:
    """Compose a chunk that begins at a line of the file. Raises: YamlError, with the position in the file."""
    try:
        compose(chunk)
    except YamlError as error:
        error.position = type(error.position)("", line + max(error.line, 1) - 1, error.column)
        raise
