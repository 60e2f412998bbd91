"""Tokens to the node tree of a document.

Each state is a function that consumes tokens and names the next state; a state that has to come back is pushed on
`returns`. Nesting uses that stack and never Python's.
Source: go.yaml.in/yaml v3.0.3 and v2.4.2 `yaml_parser_state_machine`, `parser.parse`.
"""

from __future__ import annotations

from kbuild.documents.nodes import ALIAS_NODE, MAPPING_NODE, SCALAR_NODE, SEQUENCE_NODE, Node
from kbuild.documents.tokens import (
    ALIAS,
    ANCHOR,
    BLOCK_END,
    BLOCK_ENTRY,
    DOCUMENT_END,
    DOCUMENT_START,
    FLOW_ENTRY,
    FLOW_MAPPING_END,
    FLOW_MAPPING_START,
    FLOW_SEQUENCE_END,
    FLOW_SEQUENCE_START,
    KEY,
    MAPPING_START,
    SCALAR,
    SEQUENCE_START,
    STREAM_END,
    TAG,
    TAG_DIRECTIVE,
    VALUE,
    VERSION,
    bare_error,
)
from kbuild.model.errors import YamlError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from kbuild.documents.parser_state import Parser, State
    from kbuild.documents.tokens import Token

_LONG_TAG = "tag:yaml.org,2002:"
_FLOW_STYLES = {FLOW_MAPPING_START: "{", FLOW_SEQUENCE_START: "["}


def read_root(parser: Parser) -> Node | None:
    """The root of the first document, None when there is none. Raises: YamlError."""
    state: State | None = _stream_start
    while state is not None:
        state = state(parser)
    return parser.root


def _stream_start(parser: Parser) -> State | None:
    parser.peek()
    token = parser.take()
    if token[0] == STREAM_END:
        return None
    if token[0] not in (VERSION, TAG_DIRECTIVE, DOCUMENT_START):
        _read_directives(parser)
        parser.begin()
        parser.returns.append(_document_end)
        return _block_node
    token = _read_directives(parser)
    if token[0] != DOCUMENT_START:
        raise parser.error("did not find expected <document start>", token)
    parser.returns.append(_document_end)
    parser.scanner.skip()
    return _document_content


def _read_directives(parser: Parser) -> Token:
    """Read `%YAML` and `%TAG` lines; the token behind them."""
    token = parser.peek()
    has_version = False
    while token[0] in (VERSION, TAG_DIRECTIVE):
        if token[0] == VERSION:
            if has_version:
                raise parser.error("found duplicate %YAML directive", token)
            if token[3] != (1, 1):
                raise parser.error("found incompatible YAML document", token)
            has_version = True
        else:
            if token[3] in parser.handles:
                raise parser.error("found duplicate %TAG directive", token)
            parser.handles[token[3]] = token[4]
        token = parser.take()
    parser.handles.setdefault("!", "!")
    parser.handles.setdefault("!!", _LONG_TAG)
    return token


def _document_content(parser: Parser) -> State:
    token = parser.peek()
    if token[0] in (VERSION, TAG_DIRECTIVE, DOCUMENT_START, DOCUMENT_END, STREAM_END):
        parser.empty(token)
        return parser.returns.pop()
    return _block_node(parser)


def _document_end(parser: Parser) -> None:
    parser.peek()
    parser.end()


def _block_node(parser: Parser) -> State:
    return _node(parser, is_block=True)


def _node(parser: Parser, *, is_block: bool, may_be_indentless: bool = False) -> State:
    """Any node: alias, properties and content."""
    token = parser.peek()
    kind = token[0]
    start = token[1], token[2]
    if kind == SCALAR:
        parser.add(Node(SCALAR_NODE, start, "", token[3], token[4]))
        parser.scanner.skip()
        return parser.returns.pop()
    if kind == ALIAS:
        _add_alias(parser, token)
        return parser.returns.pop()
    anchor = tag = ""
    if kind in (ANCHOR, TAG):
        anchor, tag = _read_properties(parser, token)
        token = parser.peek()
        kind = token[0]
    if kind == SCALAR:
        node = Node(SCALAR_NODE, start, tag, token[3], token[4])
        parser.scanner.skip()
    elif kind in _COLLECTIONS and (is_block or kind in (FLOW_SEQUENCE_START, FLOW_MAPPING_START)):
        node_kind, state = _COLLECTIONS[kind]
        return _start(parser, Node(node_kind, start, tag, style=_FLOW_STYLES.get(kind, "")), anchor, state)
    elif may_be_indentless and kind == BLOCK_ENTRY:
        return _start(parser, Node(SEQUENCE_NODE, start, tag), anchor, _indentless_entry)
    elif anchor or tag:
        node = Node(SCALAR_NODE, start, tag)
    else:
        raise parser.error("did not find expected node content", token, start)
    if anchor:
        parser.anchors[anchor] = node
    parser.add(node)
    return parser.returns.pop()


def _start(parser: Parser, node: Node, anchor: str, state: State) -> State:
    if anchor:
        parser.anchors[anchor] = node
    parser.start(node)
    return state


def _add_alias(parser: Parser, token: Token) -> None:
    node = Node(ALIAS_NODE, (token[1], token[2]), "", token[3])
    parser.scanner.skip()
    node.target = parser.anchors.get(node.text)
    if node.target is None:
        raise bare_error(f"unknown anchor '{node.text}' referenced", token[1] + 1, token[2] + 1)
    parser.has_aliases = True
    parser.add(node)


def _read_properties(parser: Parser, token: Token) -> tuple[str, str]:
    """The anchor and the tag before a node, in either order."""
    anchor = tag = ""
    start = token[1], token[2]
    tag_token = None
    for _ in range(2):
        if token[0] == ANCHOR and not anchor:
            anchor = token[3]
        elif token[0] == TAG and tag_token is None:
            tag_token = token
        else:
            break
        token = parser.take()
    if tag_token is not None:
        handle, tag = tag_token[3], tag_token[4]
        if handle:
            tag = parser.handles[handle] + tag if handle in parser.handles else ""
            if not tag:
                raise parser.error("found undefined tag handle", tag_token, start)
    return anchor, tag


def _sequence_first(parser: Parser) -> State:
    parser.enter()
    return _sequence_entry(parser)


def _sequence_entry(parser: Parser) -> State:
    token = parser.peek()
    if token[0] == BLOCK_ENTRY:
        following = _behind_dash(parser, token)
        if following[0] not in (BLOCK_ENTRY, BLOCK_END):
            parser.returns.append(_sequence_entry)
            return _node(parser, is_block=True)
        parser.empty(token)
        return _sequence_entry
    start = parser.starts.pop()
    if token[0] == BLOCK_END:
        parser.scanner.skip()
        return parser.close()
    raise parser.error("did not find expected '-' indicator", token, start)


def _indentless_entry(parser: Parser) -> State:
    token = parser.peek()
    if token[0] != BLOCK_ENTRY:
        return parser.close()
    following = _behind_dash(parser, token)
    if following[0] not in (BLOCK_ENTRY, KEY, VALUE, BLOCK_END):
        parser.returns.append(_indentless_entry)
        return _node(parser, is_block=True)
    parser.empty(token)
    return _indentless_entry


def _behind_dash(parser: Parser, token: Token) -> Token:
    """The token behind a dash. Raises: YamlError.

    With a comment kept for the entry, the reference overlooks the first error and reports the one that it runs into next.
    """
    if not token[4]:
        return parser.pass_dash()
    try:
        return parser.pass_dash()
    except YamlError:
        parser.peek()
        raise


def _mapping_first(parser: Parser) -> State:
    parser.enter()
    return _mapping_key(parser)


def _mapping_key(parser: Parser) -> State:
    token = parser.peek()
    if token[0] == KEY:
        following = parser.take()
        if following[0] not in (KEY, VALUE, BLOCK_END):
            parser.returns.append(_mapping_value)
            return _node(parser, is_block=True, may_be_indentless=True)
        parser.empty(token)
        return _mapping_value
    start = parser.starts.pop()
    if token[0] == BLOCK_END:
        parser.scanner.skip()
        return parser.close()
    raise parser.error("did not find expected key", token, start)


def _mapping_value(parser: Parser) -> State:
    token = parser.peek()
    if token[0] == VALUE:
        following = parser.take()
        if following[0] not in (KEY, VALUE, BLOCK_END):
            parser.returns.append(_mapping_key)
            return _node(parser, is_block=True, may_be_indentless=True)
    parser.empty(token)
    return _mapping_key


def _flow_sequence_first(parser: Parser) -> State:
    return _flow_sequence_item(parser, parser.enter())


def _flow_sequence_entry(parser: Parser) -> State:
    token = parser.peek()
    if token[0] == FLOW_ENTRY:
        token = parser.take()
    elif token[0] != FLOW_SEQUENCE_END:
        raise parser.error("did not find expected ',' or ']'", token, parser.starts.pop())
    return _flow_sequence_item(parser, token)


def _flow_sequence_item(parser: Parser, token: Token) -> State:
    """An item, a pair that is a map of its own, or the end."""
    if token[0] == KEY:
        parser.start(Node(MAPPING_NODE, (token[1], token[2]), style="{"))
        parser.scanner.skip()
        return _pair_key
    if token[0] == FLOW_SEQUENCE_END:
        parser.starts.pop()
        parser.scanner.skip()
        return parser.close()
    parser.returns.append(_flow_sequence_entry)
    return _node(parser, is_block=False)


def _pair_key(parser: Parser) -> State:
    token = parser.peek()
    if token[0] not in (VALUE, FLOW_ENTRY, FLOW_SEQUENCE_END):
        parser.returns.append(_pair_value)
        return _node(parser, is_block=False)
    # The reference drops this token, so `[? : a]` loses its colon.
    parser.scanner.skip()
    parser.empty(token)
    return _pair_value


def _pair_value(parser: Parser) -> State:
    token = parser.peek()
    if token[0] == VALUE:
        token = parser.take()
        if token[0] not in (FLOW_ENTRY, FLOW_SEQUENCE_END):
            parser.returns.append(_pair_end)
            return _node(parser, is_block=False)
    parser.empty(token)
    return _pair_end


def _pair_end(parser: Parser) -> State:
    parser.peek()
    parser.open.pop()
    return _flow_sequence_entry


def _flow_mapping_first(parser: Parser) -> State:
    return _flow_mapping_item(parser, parser.enter())


def _flow_mapping_key(parser: Parser) -> State:
    token = parser.peek()
    if token[0] == FLOW_ENTRY:
        token = parser.take()
    elif token[0] != FLOW_MAPPING_END:
        raise parser.error("did not find expected ',' or '}'", token, parser.starts.pop())
    return _flow_mapping_item(parser, token)


def _flow_mapping_item(parser: Parser, token: Token) -> State:
    """A key, with or without `?`, or the end."""
    if token[0] == KEY:
        token = parser.take()
        if token[0] not in (VALUE, FLOW_ENTRY, FLOW_MAPPING_END):
            parser.returns.append(_flow_mapping_value)
            return _node(parser, is_block=False)
        parser.empty(token)
        return _flow_mapping_value
    if token[0] == FLOW_MAPPING_END:
        parser.starts.pop()
        parser.scanner.skip()
        return parser.close()
    parser.returns.append(_flow_mapping_no_value)
    return _node(parser, is_block=False)


def _flow_mapping_value(parser: Parser) -> State:
    token = parser.peek()
    if token[0] == VALUE:
        token = parser.take()
        if token[0] not in (FLOW_ENTRY, FLOW_MAPPING_END):
            parser.returns.append(_flow_mapping_key)
            return _node(parser, is_block=False)
    parser.empty(token)
    return _flow_mapping_key


def _flow_mapping_no_value(parser: Parser) -> State:
    parser.empty(parser.peek())
    return _flow_mapping_key


_COLLECTIONS: dict[int, tuple[int, State]] = {
    SEQUENCE_START: (SEQUENCE_NODE, _sequence_first),
    MAPPING_START: (MAPPING_NODE, _mapping_first),
    FLOW_SEQUENCE_START: (SEQUENCE_NODE, _flow_sequence_first),
    FLOW_MAPPING_START: (MAPPING_NODE, _flow_mapping_first),
}
