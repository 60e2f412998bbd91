"""Comments between tokens: where they end, and whether the newer version keeps one for the token that follows.

Comments are dropped, but not without effect: the newer version reads a block of comment lines at one go, and a comment kept
before a list entry changes which of two errors it reports.
Source: go.yaml.in/yaml v3.0.3 `yaml_parser_scan_comments`, `yaml_parser_scan_line_comment`.
"""

from __future__ import annotations

import re

from kbuild.documents.tokens import BLANK, BLOCK_ENTRY, BREAK_OR_END, SCALAR, VALUE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from kbuild.documents.scanner_state import Scanner

_REST = "#[^\r\n\x85\u2028\u2029\0]*"
_COMMENT = re.compile(_REST)
# Tabs may stand before all comments of a block but the first.
_COMMENTS = re.compile(f"{_REST}(?:[\r\n][ \t\r\n]{{0,510}}{_REST})*")
_LINE_COMMENT = re.compile(f"[ \t]{{0,511}}{_REST}")
_BREAK = re.compile("\r\n|[\r\n\x85\u2028\u2029]")


def skip_comments(scanner: Scanner, pos: int, scan_line: int) -> int:
    """The index behind the comment at an index; for the newer version, behind all that are read with it.

    Units: `scan_line` is the 0-based line on which the search for the next token began.
    """
    text = scanner.text
    if not scanner.is_v3:
        return _COMMENT.match(text, pos).end()  # type: ignore[union-attr]
    if scanner.remarks is not None:
        return scanner.remarks.keep(scanner, pos)
    if not scanner.flow_level:
        scanner.has_head |= _leaves_head(scanner, pos, scan_line)
    end = _COMMENTS.match(text, pos).end()  # type: ignore[union-attr]
    for found in _BREAK.finditer(text, pos, end):
        scanner.line += 1
        scanner.line_start = found.end()
    return end


def skip_line_comment(scanner: Scanner) -> None:
    """Consume a comment behind a token on its line, as the newer version does before it looks for the next token."""
    kind = scanner.tokens[-1][0]
    if kind != BLOCK_ENTRY and not (kind == SCALAR and scanner.may_be_key):
        if scanner.remarks is not None:
            scanner.remarks.keep_line(scanner, scanner.remarks.token)
            return
        found = _LINE_COMMENT.match(scanner.text, scanner.pos)
        if found:
            scanner.pos = found.end()


def _leaves_head(scanner: Scanner, pos: int, scan_line: int) -> bool:
    """Whether the comments from an index on belong to what follows, and not to what stands before them."""
    text, indent, line = scanner.text, max(scanner.indent, 0), scanner.line
    begin = pos
    while begin and text[begin - 1] in " \t\r\n\x85\u2028\u2029":
        begin -= 1
    newlines = len(_BREAK.findall(text, begin, pos))
    column = pos - scanner.line_start
    foot_line = line - newlines + 1 + (1 if not newlines and column > 1 else 0) if scan_line else -1
    is_value = scanner.tokens[-1][0] == VALUE
    first_empty, recent_empty, is_open = newlines <= 1, False, True
    start_line, start_column = line, column + 1
    while True:
        pos = _COMMENT.match(text, pos).end() + 1  # type: ignore[union-attr]
        line += 1
        column = 0
        stop = pos + 511
        while pos < stop:
            char = text[pos : pos + 1] or "\0"
            column += 1
            if char in BREAK_OR_END:
                is_foot = (start_line == foot_line and not is_value) or start_column <= indent
                if not recent_empty and first_empty and is_foot:
                    is_open = False
                if char == "\0":
                    return is_open
                first_empty, recent_empty, column = False, True, 0
            elif char not in BLANK:
                break
            pos += 1
        if is_open and column <= indent and column != start_column:
            is_open = False
        if text[pos : pos + 1] != "#":
            return is_open
        if not is_open:
            start_line, start_column, is_open = line - 1, column, True
        recent_empty = False
