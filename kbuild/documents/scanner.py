"""Text to tokens, by the rules of the reference's YAML library in its two versions.

The queue looks as far ahead as the reference does, because that decides which of two errors is found first.
Source: go.yaml.in/yaml v3.0.3 and v2.4.2 scanner (a port of libyaml 0.1, YAML 1.1).
"""

from __future__ import annotations

import re

from kbuild.documents import scanner_properties, scanner_scalars
from kbuild.documents.scanner_comments import skip_comments, skip_line_comment
from kbuild.documents.scanner_state import (
    MAX_DEPTH,
    Scanner,
    SimpleKey,
    insert,
    is_possible,
    remove_key,
    roll,
    save_key,
    unroll,
)
from kbuild.documents.tokens import (
    ALIAS,
    ANCHOR,
    BLANK_BREAK_OR_END,
    BLOCK_ENTRY,
    BREAKS,
    DOCUMENT_END,
    DOCUMENT_START,
    FLOW_ENTRY,
    FLOW_MAPPING_END,
    FLOW_MAPPING_START,
    FLOW_SEQUENCE_END,
    FLOW_SEQUENCE_START,
    KEY,
    MAPPING_START,
    SEQUENCE_START,
    STREAM_END,
    STREAM_START,
    VALUE,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from kbuild.documents.source import Source

_SPACES = re.compile(" *")
_BLANKS = re.compile("[ \t]*")


def scanner_of(source: Source, *, is_v3: bool) -> Scanner:
    """A scanner at the start of a source."""
    return Scanner(source, _fetch_next, is_v3=is_v3)


def _fetch_next(scanner: Scanner) -> None:
    """Queue at least one more token."""
    if not scanner.keys:
        scanner.keys.append(SimpleKey(scanner, possible=False, required=False))
        scanner.tokens.append((STREAM_START, 0, 0, None, None))
        return
    remarks = scanner.remarks
    if remarks is not None:
        remarks.begin(scanner)
    _skip_to_token(scanner)
    text, pos = scanner.text, scanner.pos
    column = pos - scanner.line_start
    if scanner.indent > column:
        unroll(scanner, column)
    if scanner.problem is not None and pos + 4 > scanner.limit:
        raise scanner.problem
    char = text[pos]
    if char == "\0":
        _stream_end(scanner)
    elif column == 0 and char == "%":
        unroll(scanner, -1)
        remove_key(scanner)
        scanner.may_be_key = False
        scanner_properties.scan_directive(scanner)
    elif column == 0 and char in "-." and is_document_mark(text, pos):
        unroll(scanner, -1)
        remove_key(scanner)
        scanner.may_be_key = False
        scanner.add(DOCUMENT_START if char == "-" else DOCUMENT_END, 3)
    else:
        if remarks is not None:
            remarks.behind(scanner)
        _FETCHERS.get(char, _plain)(scanner)
        if scanner.is_v3 and text[scanner.pos] in " \t#":
            skip_line_comment(scanner)
    if scanner.problem is not None and scanner.pos >= scanner.limit:
        raise scanner.problem


def is_document_mark(text: str, pos: int) -> bool:
    """Whether `---` or `...` and a blank stand here."""
    return text.startswith(("---", "..."), pos) and text[pos + 3] in BLANK_BREAK_OR_END


def _skip_to_token(scanner: Scanner) -> None:
    """Consume blanks, comments and line breaks; tabs only where they cannot be indentation."""
    text, scan_line = scanner.text, scanner.line
    scanner.has_head = False
    while True:
        pos = scanner.pos
        if pos < scanner.doubled_mark and pos == scanner.line_start and text[pos] != "\0":
            pos += 1
        tabs = scanner.flow_level or not scanner.may_be_key
        pos = (_BLANKS if tabs else _SPACES).match(text, pos).end()  # type: ignore[union-attr]
        if scanner.remarks is not None:
            scanner.pos = pos
            scanner.remarks.lift(scanner)
        if text[pos] == "#":
            pos = skip_comments(scanner, pos, scan_line)
        scanner.pos = pos
        if text[pos] not in BREAKS:
            return
        scanner.skip_break()
        if not scanner.flow_level:
            scanner.may_be_key = True


def _stream_end(scanner: Scanner) -> None:
    if scanner.pos != scanner.line_start:
        scanner.line_start = scanner.pos
        scanner.line += 1
    unroll(scanner, -1)
    remove_key(scanner)
    scanner.may_be_key = False
    scanner.add(STREAM_END, 0)


def _flow_start(scanner: Scanner) -> None:
    save_key(scanner)
    scanner.keys.append(SimpleKey(scanner, possible=False, required=False))
    scanner.flow_level += 1
    if scanner.flow_level > MAX_DEPTH:
        raise scanner.error(f"exceeded max depth of {MAX_DEPTH}")
    scanner.may_be_key = True
    scanner.add(FLOW_SEQUENCE_START if scanner.text[scanner.pos] == "[" else FLOW_MAPPING_START, 1)


def _flow_end(scanner: Scanner) -> None:
    remove_key(scanner)
    if scanner.flow_level:
        scanner.flow_level -= 1
        scanner.levels.pop(scanner.keys.pop().number, None)
    scanner.may_be_key = False
    scanner.add(FLOW_SEQUENCE_END if scanner.text[scanner.pos] == "]" else FLOW_MAPPING_END, 1)


def _flow_entry(scanner: Scanner) -> None:
    remove_key(scanner)
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
        roll(scanner, SEQUENCE_START, scanner.mark())
    remove_key(scanner)
    scanner.may_be_key = True
    scanner.tokens.append((BLOCK_ENTRY, *scanner.mark(), None, scanner.has_head))
    scanner.pos += 1


def _question(scanner: Scanner) -> None:
    if not scanner.flow_level:
        if scanner.text[scanner.pos + 1] not in BLANK_BREAK_OR_END:
            _plain(scanner)
            return
        if not scanner.may_be_key:
            raise scanner.error("mapping keys are not allowed in this context")
        roll(scanner, MAPPING_START, scanner.mark())
    remove_key(scanner)
    scanner.may_be_key = not scanner.flow_level
    scanner.add(KEY, 1)


def _colon(scanner: Scanner) -> None:
    if not scanner.flow_level and scanner.text[scanner.pos + 1] not in BLANK_BREAK_OR_END:
        _plain(scanner)
        return
    key = scanner.keys[-1]
    if is_possible(scanner, key):
        place = (key.line, key.column)
        insert(scanner, (KEY, *place, None, None), key.number)
        roll(scanner, MAPPING_START, place, key.number)
        key.possible = False
        scanner.levels.pop(key.number, None)
        scanner.may_be_key = False
    else:
        if not scanner.flow_level:
            if not scanner.may_be_key:
                raise scanner.error("mapping values are not allowed in this context")
            roll(scanner, MAPPING_START, scanner.mark())
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
    remove_key(scanner)
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
