"""Text to tokens, by the rules of the reference's YAML library in its two versions.

The queue looks as far ahead as the reference does, because that decides which of two errors is found first.
Source: go.yaml.in/yaml v3.0.3 and v2.4.2 scanner (a port of libyaml 0.1, YAML 1.1).
"""

from __future__ import annotations

import re

from kbuild.documents import scanner_properties, scanner_scalars
from kbuild.documents.source import Source
from kbuild.documents.tokens import (
    ALIAS, ANCHOR, BLANK_BREAK_OR_END, BLOCK_END, BLOCK_ENTRY, BREAKS, DOCUMENT_END, DOCUMENT_START, FLOW_ENTRY,
    FLOW_MAPPING_END, FLOW_MAPPING_START, FLOW_SEQUENCE_END, FLOW_SEQUENCE_START, KEY, MAPPING_START, SCALAR,
    SEQUENCE_START, STREAM_END, STREAM_START, VALUE, scan_error,
)  # fmt: skip

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from kbuild.documents.tokens import Token
    from kbuild.model.errors import YamlError

_MAX_DEPTH = 10_000
_MAX_SIMPLE_KEY = 1024
_KEEP_CONSUMED = 1_000
_LOOK_AHEAD = 2

_SPACES = re.compile(" *")
_BLANKS = re.compile("[ \t]*")
_COMMENT = re.compile("#[^\r\n\x85\u2028\u2029\0]*")
# The newer version reads comments on consecutive lines at one go, and lets tabs stand before all but the first.
_COMMENTS = re.compile("(?:#[^\r\n\x85\u2028\u2029\0]*)(?:[\r\n][ \t\r\n]{0,510}#[^\r\n\x85\u2028\u2029\0]*)*")
_LINE_COMMENT = re.compile("[ \t]{0,511}(?:#[^\r\n\x85\u2028\u2029\0]*)")
_BREAK = re.compile("\r\n|[\r\n\x85\u2028\u2029]")


class SimpleKey:
    """A place where a key without `?` may have begun; `number` counts tokens from the start of the stream."""

    __slots__ = ("column", "index", "line", "number", "possible", "required")

    def __init__(self, scanner: Scanner, *, possible: bool, required: bool) -> None:
        self.possible, self.required = possible, required
        self.number = scanner.parsed + len(scanner.tokens) - scanner.head
        self.index, self.line = scanner.pos, scanner.line
        self.column = scanner.pos - scanner.line_start


class Scanner:
    """The state of reading one text, and the queue of tokens.

    Shape: `pos` indexes `text`; `line` counts from 0; `indents` are the columns of the open block collections below
    `indent`; `keys` has one entry per flow level; `levels` maps a token's number to the level at which it may be a key.
    """

    __slots__ = (
        "available", "doubled_mark", "flow_level", "head", "indent", "indents", "is_v3", "keys", "levels", "limit", "line",
        "line_start", "look_ahead", "may_be_key", "parsed", "pos", "problem", "text", "tokens",
    )  # fmt: skip

    def __init__(self, source: Source, *, is_v3: bool) -> None:
        self.text, self.limit, self.problem, self.doubled_mark = (
            source.text, source.limit, source.problem, source.doubled_mark,
        )  # fmt: skip
        self.is_v3, self.look_ahead = is_v3, _LOOK_AHEAD if is_v3 else 0
        self.pos = self.line = self.line_start = self.head = self.parsed = self.flow_level = 0
        self.indent, self.available, self.may_be_key = -1, False, True
        self.indents: list[int] = []
        self.tokens: list[Token] = []
        self.levels: dict[int, int] = {}
        self.keys: list[SimpleKey] = []

    def peek(self) -> Token:
        """The next token. Raises: YamlError."""
        if not self.available:
            _fetch_more(self)
        return self.tokens[self.head]

    def skip(self) -> None:
        """Drop the token that was peeked at."""
        self.available = False
        self.parsed += 1
        self.head += 1
        if self.head > _KEEP_CONSUMED:
            del self.tokens[: self.head]
            self.head = 0

    def add(self, kind: int, width: int) -> None:
        """Queue a token for the next characters, and consume them."""
        self.tokens.append((kind, self.line, self.pos - self.line_start, None, None))
        self.pos += width

    def skip_break(self) -> str:
        """Consume a line break, if there is one; the break as it counts in a scalar."""
        char = self.text[self.pos]
        if char not in BREAKS:
            return ""
        self.pos += 2 if char == "\r" and self.text[self.pos + 1] == "\n" else 1
        self.line += 1
        self.line_start = self.pos
        return char if char in "\u2028\u2029" else "\n"

    def mark(self) -> tuple[int, int]:
        """The 0-based line and column of the next character."""
        return self.line, self.pos - self.line_start

    def error(self, problem: str, context: tuple[int, int] | None = None) -> YamlError:
        """The error for a problem here, or the one that the reader has with what comes next."""
        if self.problem is not None and self.pos + 2 > self.limit:
            return self.problem
        here = self.mark()
        return scan_error(problem, here, here if context is None else context, is_v3=self.is_v3)


def _fetch_more(scanner: Scanner) -> None:
    """Make sure that the token at the head of the queue is final."""
    while True:
        if scanner.head < len(scanner.tokens) - scanner.look_ahead:
            level = scanner.levels.get(scanner.parsed)
            if level is None or level >= len(scanner.keys) or not _is_possible(scanner, scanner.keys[level]):
                break
        _fetch_next(scanner)
    scanner.available = True


def _fetch_next(scanner: Scanner) -> None:
    """Queue at least one more token."""
    if not scanner.keys:
        scanner.keys.append(SimpleKey(scanner, possible=False, required=False))
        scanner.tokens.append((STREAM_START, 0, 0, None, None))
        return
    _skip_to_token(scanner)
    text, pos = scanner.text, scanner.pos
    column = pos - scanner.line_start
    if scanner.indent > column:
        _unroll(scanner, column)
    if scanner.problem is not None and pos + 4 > scanner.limit:
        raise scanner.problem
    char = text[pos]
    if char == "\0":
        _stream_end(scanner)
    elif column == 0 and char == "%":
        _unroll(scanner, -1)
        _remove_key(scanner)
        scanner.may_be_key = False
        scanner_properties.scan_directive(scanner)
    elif column == 0 and char in "-." and is_document_mark(text, pos):
        _unroll(scanner, -1)
        _remove_key(scanner)
        scanner.may_be_key = False
        scanner.add(DOCUMENT_START if char == "-" else DOCUMENT_END, 3)
    else:
        _FETCHERS.get(char, _plain)(scanner)
        if scanner.is_v3 and text[scanner.pos] in " \t#":
            _skip_line_comment(scanner)
    if scanner.problem is not None and scanner.pos >= scanner.limit:
        raise scanner.problem


def is_document_mark(text: str, pos: int) -> bool:
    """Whether `---` or `...` and a blank stand here."""
    return text.startswith(("---", "..."), pos) and text[pos + 3] in BLANK_BREAK_OR_END


def _skip_to_token(scanner: Scanner) -> None:
    """Consume blanks, comments and line breaks; tabs only where they cannot be indentation."""
    text = scanner.text
    while True:
        pos = scanner.pos
        if pos < scanner.doubled_mark and pos == scanner.line_start and text[pos] != "\0":
            pos += 1
        tabs = scanner.flow_level or not scanner.may_be_key
        pos = (_BLANKS if tabs else _SPACES).match(text, pos).end()  # type: ignore[union-attr]
        if text[pos] == "#":
            pos = _skip_comments(scanner, pos)
        scanner.pos = pos
        if text[pos] not in BREAKS:
            return
        scanner.skip_break()
        if not scanner.flow_level:
            scanner.may_be_key = True


def _skip_comments(scanner: Scanner, pos: int) -> int:
    """The index behind the comment at an index, or behind all on consecutive lines."""
    text = scanner.text
    if not scanner.is_v3:
        return _COMMENT.match(text, pos).end()  # type: ignore[union-attr]
    end = _COMMENTS.match(text, pos).end()  # type: ignore[union-attr]
    for found in _BREAK.finditer(text, pos, end):
        scanner.line += 1
        scanner.line_start = found.end()
    return end


def _skip_line_comment(scanner: Scanner) -> None:
    """Consume a comment behind a token on its line, as the newer version does before it looks for the next token."""
    kind = scanner.tokens[-1][0]
    if kind != BLOCK_ENTRY and not (kind == SCALAR and scanner.may_be_key):
        found = _LINE_COMMENT.match(scanner.text, scanner.pos)
        if found:
            scanner.pos = found.end()


def _is_possible(scanner: Scanner, key: SimpleKey) -> bool:
    """Whether a key that may have begun can still be one: same line, not too far back."""
    if not key.possible:
        return False
    if key.line < scanner.line or key.index + _MAX_SIMPLE_KEY < scanner.pos:
        if key.required:
            raise scanner.error("could not find expected ':'", (key.line, key.column))
        key.possible = False
        return False
    return True


def save_key(scanner: Scanner) -> None:
    """Note that a key may begin here."""
    if scanner.may_be_key:
        required = not scanner.flow_level and scanner.indent == scanner.pos - scanner.line_start
        key = SimpleKey(scanner, possible=True, required=required)
        _remove_key(scanner)
        scanner.keys[-1] = key
        scanner.levels[key.number] = len(scanner.keys) - 1


def _remove_key(scanner: Scanner) -> None:
    """Give up the key that may have begun at this flow level."""
    key = scanner.keys[-1]
    if key.possible:
        if key.required:
            raise scanner.error("could not find expected ':'", (key.line, key.column))
        key.possible = False
        scanner.levels.pop(key.number, None)


def _roll(scanner: Scanner, kind: int, mark: tuple[int, int], number: int = -1) -> None:
    """Open a block collection at a column, if that is deeper than the open one."""
    line, column = mark
    if scanner.flow_level or scanner.indent >= column:
        return
    scanner.indents.append(scanner.indent)
    scanner.indent = column
    if len(scanner.indents) > _MAX_DEPTH:
        key = scanner.keys[-1]
        raise scanner.error(f"exceeded max depth of {_MAX_DEPTH}", (key.line, key.column))
    _insert(scanner, (kind, line, column, None, None), number)


def _insert(scanner: Scanner, token: Token, number: int) -> None:
    """Queue a token before the one of a number; at the end, when that one was consumed already (as the reference does)."""
    if number < scanner.parsed:
        scanner.tokens.append(token)
    else:
        scanner.tokens.insert(scanner.head + number - scanner.parsed, token)


def _unroll(scanner: Scanner, column: int) -> None:
    """Close the block collections that are deeper than a column."""
    if scanner.flow_level:
        return
    line, here = scanner.mark()
    while scanner.indent > column:
        scanner.tokens.append((BLOCK_END, line, here, None, None))
        scanner.indent = scanner.indents.pop()


def _stream_end(scanner: Scanner) -> None:
    if scanner.pos != scanner.line_start:
        scanner.line_start = scanner.pos
        scanner.line += 1
    _unroll(scanner, -1)
    _remove_key(scanner)
    scanner.may_be_key = False
    scanner.add(STREAM_END, 0)


def _flow_start(scanner: Scanner) -> None:
    save_key(scanner)
    scanner.keys.append(SimpleKey(scanner, possible=False, required=False))
    scanner.flow_level += 1
    if scanner.flow_level > _MAX_DEPTH:
        raise scanner.error(f"exceeded max depth of {_MAX_DEPTH}")
    scanner.may_be_key = True
    scanner.add(FLOW_SEQUENCE_START if scanner.text[scanner.pos] == "[" else FLOW_MAPPING_START, 1)


def _flow_end(scanner: Scanner) -> None:
    _remove_key(scanner)
    if scanner.flow_level:
        scanner.flow_level -= 1
        scanner.levels.pop(scanner.keys.pop().number, None)
    scanner.may_be_key = False
    scanner.add(FLOW_SEQUENCE_END if scanner.text[scanner.pos] == "]" else FLOW_MAPPING_END, 1)


def _flow_entry(scanner: Scanner) -> None:
    _remove_key(scanner)
    scanner.may_be_key = True
    scanner.add(FLOW_ENTRY, 1)


def _dash(scanner: Scanner) -> None:
    """A list entry in block context; also queued in flow context, where the parser complains."""
    if scanner.text[scanner.pos + 1] not in BLANK_BREAK_OR_END:
        _plain(scanner)
        return
    if not scanner.flow_level:
        if not scanner.may_be_key:
            raise scanner.error("block sequence entries are not allowed in this context")
        _roll(scanner, SEQUENCE_START, scanner.mark())
    _remove_key(scanner)
    scanner.may_be_key = True
    scanner.add(BLOCK_ENTRY, 1)


def _question(scanner: Scanner) -> None:
    if not scanner.flow_level:
        if scanner.text[scanner.pos + 1] not in BLANK_BREAK_OR_END:
            _plain(scanner)
            return
        if not scanner.may_be_key:
            raise scanner.error("mapping keys are not allowed in this context")
        _roll(scanner, MAPPING_START, scanner.mark())
    _remove_key(scanner)
    scanner.may_be_key = not scanner.flow_level
    scanner.add(KEY, 1)


def _colon(scanner: Scanner) -> None:
    if not scanner.flow_level and scanner.text[scanner.pos + 1] not in BLANK_BREAK_OR_END:
        _plain(scanner)
        return
    key = scanner.keys[-1]
    if _is_possible(scanner, key):
        place = (key.line, key.column)
        _insert(scanner, (KEY, *place, None, None), key.number)
        _roll(scanner, MAPPING_START, place, key.number)
        key.possible = False
        scanner.levels.pop(key.number, None)
        scanner.may_be_key = False
    else:
        if not scanner.flow_level:
            if not scanner.may_be_key:
                raise scanner.error("mapping values are not allowed in this context")
            _roll(scanner, MAPPING_START, scanner.mark())
        scanner.may_be_key = not scanner.flow_level
    scanner.add(VALUE, 1)


def _alias(scanner: Scanner) -> None:
    save_key(scanner)
    scanner.may_be_key = False
    scanner_properties.scan_anchor(scanner, ALIAS if scanner.text[scanner.pos] == "*" else ANCHOR)


def _tag(scanner: Scanner) -> None:
    save_key(scanner)
    scanner.may_be_key = False
    scanner_properties.scan_tag(scanner)


def _quoted(scanner: Scanner) -> None:
    save_key(scanner)
    scanner.may_be_key = False
    scanner_scalars.scan_quoted(scanner)


def _block(scanner: Scanner) -> None:
    if scanner.flow_level:
        _nothing(scanner)
    _remove_key(scanner)
    scanner.may_be_key = True
    scanner_scalars.scan_block(scanner)


def _plain(scanner: Scanner) -> None:
    save_key(scanner)
    scanner.may_be_key = False
    scanner_scalars.scan_plain(scanner)


def _nothing(scanner: Scanner) -> None:
    raise scanner.error("found character that cannot start any token")


_FETCHERS: dict[str, Callable[[Scanner], None]] = {
    **dict.fromkeys("[{", _flow_start), **dict.fromkeys("]}", _flow_end), ",": _flow_entry,
    "-": _dash, "?": _question, ":": _colon, **dict.fromkeys("*&", _alias), "!": _tag,
    **dict.fromkeys("|>", _block), **dict.fromkeys("'\"", _quoted), **dict.fromkeys("%@`\t", _nothing),
}  # fmt: skip
