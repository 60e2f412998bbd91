"""The state of the scanner: the queue of tokens, the keys that may have begun, the open block collections.

Source: go.yaml.in/yaml v3.0.3 and v2.4.2 `yaml_parser_fetch_more_tokens`, `_save_simple_key`, `_roll_indent`.
"""

from __future__ import annotations

from kbuild.documents.tokens import BLOCK_END, BREAKS, scan_error
from kbuild.model.errors import Position

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from kbuild.documents.remarks import Remarks
    from kbuild.documents.source import Source
    from kbuild.documents.tokens import Token
    from kbuild.model.errors import YamlError

MAX_DEPTH = 10_000
_MAX_SIMPLE_KEY = 1024
_KEEP_CONSUMED = 1_000
_LOOK_AHEAD = 2


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
    `indent`; `keys` has one entry per flow level; `levels` maps a token's number to the level at which it may be a key;
    `has_head` says whether a comment is kept for the token that comes next; `remarks` are the comments, where they are wanted.
    """

    __slots__ = (
        "available", "doubled_mark", "fetch_next", "flow_level",
        "has_head", "head", "indent", "indents", "is_v3", "keys", "levels", "limit", "line",
        "line_start", "look_ahead", "may_be_key", "parsed", "pos", "problem", "remarks", "text", "tokens",
    )  # fmt: skip

    def __init__(self, source: Source, fetch_next: Callable[[Scanner], None], *, is_v3: bool) -> None:
        self.fetch_next = fetch_next
        self.text, self.limit, self.problem, self.doubled_mark = (
            source.text, source.limit, source.problem, source.doubled_mark,
        )  # fmt: skip
        self.is_v3, self.look_ahead = is_v3, _LOOK_AHEAD if is_v3 else 0
        self.pos = self.line = self.line_start = self.head = self.parsed = self.flow_level = 0
        self.indent, self.available, self.may_be_key, self.has_head = -1, False, True, False
        self.indents: list[int] = []
        self.remarks: Remarks | None = None
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
        return self.placed(scan_error(problem, here, here if context is None else context, is_v3=self.is_v3))

    def placed(self, error: YamlError) -> YamlError:
        """An error with a place inside the text: behind a last line without a break the reference counts one more."""
        pos = self.pos
        if error.line > self.line and 0 < pos == self.line_start and self.text[pos - 1] not in BREAKS:
            start = 1 + max(self.text.rfind(char, 0, pos) for char in BREAKS)
            error.position = Position("", self.line, pos - start + 1)
        return error


def _fetch_more(scanner: Scanner) -> None:
    """Make sure that the token at the head of the queue is final."""
    while True:
        if scanner.head < len(scanner.tokens) - scanner.look_ahead:
            level = scanner.levels.get(scanner.parsed)
            if level is None or level >= len(scanner.keys) or not is_possible(scanner, scanner.keys[level]):
                break
        scanner.fetch_next(scanner)
    scanner.available = True


def is_possible(scanner: Scanner, key: SimpleKey) -> bool:
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
        remove_key(scanner)
        scanner.keys[-1] = key
        scanner.levels[key.number] = len(scanner.keys) - 1


def remove_key(scanner: Scanner) -> None:
    """Give up the key that may have begun at this flow level."""
    key = scanner.keys[-1]
    if key.possible:
        if key.required:
            raise scanner.error("could not find expected ':'", (key.line, key.column))
        key.possible = False
        scanner.levels.pop(key.number, None)


def roll(scanner: Scanner, kind: int, mark: tuple[int, int], number: int = -1) -> None:
    """Open a block collection at a column, if that is deeper than the open one."""
    line, column = mark
    if scanner.flow_level or scanner.indent >= column:
        return
    scanner.indents.append(scanner.indent)
    scanner.indent = column
    if len(scanner.indents) > MAX_DEPTH:
        key = scanner.keys[-1]
        raise scanner.error(f"exceeded max depth of {MAX_DEPTH}", (key.line, key.column))
    insert(scanner, (kind, line, column, None, None), number)


def insert(scanner: Scanner, token: Token, number: int) -> None:
    """Queue a token before the one of a number; at the end, when that one was consumed already (as the reference does)."""
    if number < scanner.parsed:
        scanner.tokens.append(token)
    else:
        scanner.tokens.insert(scanner.head + number - scanner.parsed, token)


def unroll(scanner: Scanner, column: int) -> None:
    """Close the block collections that are deeper than a column."""
    if scanner.flow_level:
        return
    if scanner.remarks is not None:
        scanner.remarks.close(scanner, column)
        return
    line, here = scanner.mark()
    while scanner.indent > column:
        scanner.tokens.append((BLOCK_END, line, here, None, None))
        scanner.indent = scanner.indents.pop()
