"""Comments between tokens, each kept for the token that it belongs to: before it, behind it, or at its foot.

Only errors and line numbers need them, so a scanner collects them when it is told to.
Source: go.yaml.in/yaml v3.0.3 `yaml_parser_scan_comments`, `_scan_line_comment`, `_unroll_indent`, `_unfold_comments`.
"""

from __future__ import annotations

import re

from kbuild.documents.tokens import (
    BLANK,
    BLOCK_END,
    BLOCK_ENTRY,
    BREAK_OR_END,
    BREAKS,
    FLOW_ENTRY,
    SEQUENCE_START,
    VALUE,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from kbuild.documents.scanner_state import Scanner
    from kbuild.documents.tokens import Token

_BREAK = re.compile("\r\n|[\r\n\x85\u2028\u2029]")
_REST = re.compile("[^\r\n\x85\u2028\u2029\0]*")
_LINE_COMMENT = re.compile("[ \t]{0,511}(#[^\r\n\x85\u2028\u2029\0]*)")
_GAP = frozenset(" \t\r\n\x85\u2028\u2029")
_FAR = 512


class Remark:
    """A comment. Shape: `token` is the index of the first token it can belong to; `scan` and `end` are where the search for it
    began and where it ended; `column` counts from 1, for one behind a token from 0.
    """

    __slots__ = ("column", "end", "foot", "head", "line", "row", "scan", "start", "token")

    def __init__(self, token: int, start: int, row: int, column: int) -> None:
        self.token, self.start, self.row, self.column = token, start, row, column
        self.scan = self.end = 0
        self.head = self.line = self.foot = ""

    def clear(self) -> None:
        """Forget everything: the comment was handed on."""
        self.__init__(0, 0, 0, 0)  # type: ignore[misc]


class Remarks:
    """The comments of one text, in order; `taken` of them were handed on."""

    __slots__ = ("_starts", "comments", "scan", "scan_row", "taken", "token")

    def __init__(self, text: str) -> None:
        self.comments: list[Remark] = []
        self.taken = self.scan = self.scan_row = self.token = 0
        self._starts = [0, *(found.end() for found in _BREAK.finditer(text))]

    def index(self, token: Token) -> int:
        """The index at which a token starts; that of the end of a block is known apart."""
        kind, line, column, value, _ = token
        if kind == BLOCK_END:
            return value  # type: ignore[no-any-return]
        return self._starts[line] + column if line < len(self._starts) else self._starts[-1] + _FAR

    def begin(self, scanner: Scanner) -> None:
        """Note where the search for the next token begins."""
        self.scan, self.scan_row = scanner.pos, scanner.line

    def behind(self, scanner: Scanner) -> None:
        """Note which token a comment behind the next one belongs to."""
        char = scanner.text[scanner.pos]
        if scanner.tokens and char == ("," if scanner.flow_level else ":"):
            self.token = self.index(scanner.tokens[-1])
        else:
            self.token = scanner.pos

    def keep_line(self, scanner: Scanner, token: int) -> None:
        """Keep a comment that stands behind a token on its line, and consume it."""
        found = _LINE_COMMENT.match(scanner.text, scanner.pos)
        if found and not _newlines(scanner.text, scanner.pos):
            at = found.start(1)
            remark = Remark(token, at, scanner.line, at - scanner.line_start)
            remark.line = found[1]
            self.comments.append(remark)
            scanner.pos = found.end()

    def lift(self, scanner: Scanner) -> None:
        """Let a comment behind the dash of a nested list's key belong to what follows."""
        if not self.comments or len(scanner.tokens) < 2:
            return
        remark = self.comments[-1]
        kinds = scanner.tokens[-2][0], scanner.tokens[-1][0]
        if kinds == (SEQUENCE_START, BLOCK_ENTRY) and remark.line and scanner.text[scanner.pos] not in BREAKS:
            remark.head, remark.line = remark.line, ""
            if remark.row == scanner.line - 1:
                remark.token = scanner.pos

    def close(self, scanner: Scanner, column: int) -> None:
        """Close the block collections that are deeper than a column, before the comments at their own."""
        mark = (scanner.pos if column < 0 else self.scan) - 1
        line, here = scanner.mark()
        while scanner.indent > column:
            stop = mark
            for remark in reversed(self.comments):
                if remark.end < stop:
                    break
                if remark.column == scanner.indent + 1:
                    mark = remark.start
                stop = remark.scan
            scanner.tokens.append((BLOCK_END, line, here, mark, None))
            scanner.indent = scanner.indents.pop()

    def keep(self, scanner: Scanner, pos: int) -> int:
        """Keep the comments that start at an index, with all that are read with them; the index behind them.

        Mutates: the scanner's line.
        """
        return _Block(self, scanner, pos).read()


class _Block:
    """Comment lines that follow each other, being divided into foots of what was and a head of what comes."""

    __slots__ = (
        "column", "first_empty", "foot_line", "indent", "line", "pos", "remarks", "row",
        "scan", "scanner", "start", "text", "token", "token_kind",
    )  # fmt: skip

    def __init__(self, remarks: Remarks, scanner: Scanner, pos: int) -> None:
        self.remarks, self.scanner, self.pos = remarks, scanner, pos
        tokens = scanner.tokens
        token = tokens[-2] if tokens[-1][0] == FLOW_ENTRY and len(tokens) > 1 else tokens[-1]
        self.token, self.token_kind = remarks.index(token), token[0]
        self.scan, self.indent = remarks.scan, max(scanner.indent, 0)
        # The line as the reference counts it: one that follows a comment at once counts as the same.
        self.line = self.row = scanner.line
        self.column = pos - scanner.line_start
        newlines = _newlines(scanner.text, pos)
        self.foot_line = -1
        if remarks.scan_row > 0:
            self.foot_line = self.line - newlines + 1 + (1 if not newlines and self.column > 1 else 0)
        self.text = ""
        # index, line and 1-based column of the first comment that is not kept yet
        self.start = (0, 0, 0)
        self.first_empty = newlines <= 1

    def read(self) -> int:
        """Keep everything; the index behind the last comment line."""
        text, scanner = self.scanner.text, self.scanner
        first_empty, recent_empty = self.first_empty, False
        base = at = self.pos
        while at - base < _FAR:
            self.column += 1
            char = text[at : at + 1] or "\0"
            if char in BLANK:
                at += 1
                continue
            closes = scanner.flow_level > 0 and char in "]}"
            if closes or char in BREAK_OR_END:
                if closes or not recent_empty:
                    self._divide(at, first_empty=first_empty, closes=closes, is_end=char == "\0")
                if char not in BREAKS:
                    break
                first_empty, recent_empty, self.column = False, True, 0
                self.line += 1
                self.row += 1
                at += 2 if text.startswith("\r\n", at) else 1
                continue
            if self.text and self.column - 1 < self.indent and self.column != self.start[2]:
                self._keep_foot(at)
            if char != "#":
                break
            if self.text:
                self.text += "\n"
            else:
                self.start = (at, self.line, self.column)
            recent_empty = False
            end = _REST.match(text, at).end()  # type: ignore[union-attr]
            self.text += text[at:end]
            scanner.line_start = at - self.column + 1
            scanner.line = self.line = self.row
            # The line break behind a comment is passed over.
            self.pos = base = end
            at, self.column = end + 1, 0
            self.row += 1
        if self.text:
            remark = Remark(self.start[0], *self.start)
            remark.scan, remark.end, remark.head = self.scan, at - 1, self.text
            self.remarks.comments.append(remark)
        return self.pos

    def _divide(self, at: int, *, first_empty: bool, closes: bool, is_end: bool) -> None:
        """At a line without a comment: what stood before the first is a foot of what was, or an empty line is kept."""
        is_foot = first_empty and (
            (self.start[1] == self.foot_line and self.token_kind != VALUE) or self.start[2] - 1 < self.indent
        )
        if not self.text:
            return
        if closes or is_foot:
            if self.start[2] - 1 < self.indent:
                self.token = self.start[0]
            self._keep_foot(at)
        elif not is_end:
            self.text += "\n"

    def _keep_foot(self, at: int) -> None:
        remark = Remark(self.token, *self.start)
        remark.scan, remark.end, remark.foot = self.scan, at, self.text
        self.remarks.comments.append(remark)
        self.scan = self.token = at
        self.text = ""


def _newlines(text: str, pos: int) -> int:
    """How many line breaks stand before an index, with nothing but blanks among them."""
    begin = pos
    while begin and text[begin - 1] in _GAP:
        begin -= 1
    return len(_BREAK.findall(text, begin, pos))


__all__ = ["Remark", "Remarks"]
