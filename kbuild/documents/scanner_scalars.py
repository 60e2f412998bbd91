"""Scalars of the full parser: plain, quoted and block, with the folding of lines.

Source: go.yaml.in/yaml v3.0.3 `yaml_parser_scan_plain_scalar`, `_scan_flow_scalar`, `_scan_block_scalar`.
"""

from __future__ import annotations

import re

from kbuild.documents.tokens import BLANK, BLANK_BREAK_OR_END, BREAK_OR_END, BREAKS, SCALAR

TYPE_CHECKING = False
if TYPE_CHECKING:
    from kbuild.documents.scanner_state import Scanner

_END = " \t\r\n\x85\u2028\u2029\0"
_BLANKS = re.compile("[ \t]*")
_LINE = re.compile("[^\r\n\x85\u2028\u2029\0]*")
_WORD = f"(?:[^{_END}:]++|:(?![{_END}]))++"
_FLOW_WORD = rf"(?:[^{_END}:,?\[\]{{}}]++|:(?![{_END}]))++"
_PLAIN = re.compile(f"{_WORD}(?:[ \t]++(?!#){_WORD})*+")
_FLOW_PLAIN = re.compile(f"{_FLOW_WORD}(?:[ \t]++(?!#){_FLOW_WORD})*+")
_WHOLE_DOUBLE = re.compile('"([^"\\\\\r\n\x85\u2028\u2029\0]*)"')
_WHOLE_SINGLE = re.compile("'([^'\r\n\x85\u2028\u2029\0]*)'(?!')")
_DOUBLE_RUN = re.compile(rf'[^"\\{_END}]+')
_SINGLE_RUN = re.compile(f"[^'{_END}]+")

_ESCAPES = {
    "0": "\0", "a": "\a", "b": "\b", "t": "\t", "\t": "\t", "n": "\n", "v": "\v", "f": "\f", "r": "\r", "e": "\x1b",
    " ": " ", '"': '"', "'": "'", "\\": "\\", "N": "\x85", "_": "\xa0", "L": "\u2028", "P": "\u2029",
}  # fmt: skip
_HEX_WIDTH = {"x": 2, "u": 4, "U": 8}
_HEX = re.compile("[0-9A-Fa-f]*")


def _is_document_mark(scanner: Scanner) -> bool:
    return (
        scanner.pos == scanner.line_start
        and scanner.text.startswith(("---", "..."), scanner.pos)
        and scanner.text[scanner.pos + 3] in BLANK_BREAK_OR_END
    )


def _folded(first: str, others: str) -> str:
    """What a line break and the ones after it amount to between two texts."""
    return (others or " ") if first == "\n" else first + others


def scan_plain(scanner: Scanner) -> None:
    """Queue a plain scalar; it goes on over lines that are deeper than the open block collection."""
    text = scanner.text
    start = scanner.mark()
    pattern = _FLOW_PLAIN if scanner.flow_level else _PLAIN
    value, joint, broke = "", "", False
    while True:
        if _is_document_mark(scanner) or text[scanner.pos] == "#":
            break
        found = pattern.match(text, scanner.pos)
        if found:
            value += joint + found.group()
            broke = False
            scanner.pos = found.end()
        scanner.pos = _BLANKS.match(text, scanner.pos).end()  # type: ignore[union-attr]
        if text[scanner.pos] not in BREAKS:
            break
        joint = _skip_plain_breaks(scanner, start)
        broke = True
        if not scanner.flow_level and scanner.pos - scanner.line_start <= scanner.indent:
            break
    scanner.tokens.append((SCALAR, *start, value, ""))
    if broke:
        scanner.may_be_key = True


def _skip_plain_breaks(scanner: Scanner, start: tuple[int, int]) -> str:
    """Consume line breaks and indentation below a plain scalar; what they amount to. Raises: YamlError, at a tab."""
    text = scanner.text
    first, others = scanner.skip_break(), ""
    while True:
        end = _BLANKS.match(text, scanner.pos).end()  # type: ignore[union-attr]
        if end > scanner.pos:
            tab = text.find("\t", scanner.pos, end)
            if tab >= 0 and tab - scanner.line_start <= scanner.indent:
                scanner.pos = tab
                raise scanner.error("found a tab character that violates indentation", start)
            scanner.pos = end
        if text[end] not in BREAKS:
            return _folded(first, others)
        others += scanner.skip_break()


def scan_quoted(scanner: Scanner) -> None:
    """Queue a single- or double-quoted scalar."""
    text, pos = scanner.text, scanner.pos
    start = scanner.mark()
    quote = text[pos]
    whole = (_WHOLE_SINGLE if quote == "'" else _WHOLE_DOUBLE).match(text, pos)
    if whole:
        value = whole.group(1)
        scanner.pos = whole.end()
    else:
        scanner.pos += 1
        value = _quoted_lines(scanner, start, quote)
    scanner.tokens.append((SCALAR, *start, value, quote))


def _quoted_lines(scanner: Scanner, start: tuple[int, int], quote: str) -> str:
    """The value of a quoted scalar with escapes or line breaks, up to and with its closing quote."""
    text = scanner.text
    parts: list[str] = []
    while True:
        if _is_document_mark(scanner):
            raise scanner.error("found unexpected document indicator", start)
        if text[scanner.pos] == "\0":
            raise scanner.error("found unexpected end of stream", start)
        broke = _quoted_words(scanner, start, quote, parts)
        if text[scanner.pos] == quote:
            scanner.pos += 1
            return "".join(parts)
        parts.append(_quoted_blanks(scanner, broke=broke))


def _quoted_words(scanner: Scanner, start: tuple[int, int], quote: str, parts: list[str]) -> bool:
    """Consume what is neither blank nor line break; whether that ended with an escaped line break."""
    text = scanner.text
    run = _SINGLE_RUN if quote == "'" else _DOUBLE_RUN
    while True:
        found = run.match(text, scanner.pos)
        if found:
            parts.append(found.group())
            scanner.pos = found.end()
        char = text[scanner.pos]
        if char in BLANK_BREAK_OR_END:
            return False
        if quote == "'":
            if text[scanner.pos + 1] != "'":
                return False
            parts.append("'")
            scanner.pos += 2
        elif char == quote:
            return False
        elif text[scanner.pos + 1] in BREAKS:
            scanner.pos += 1
            scanner.skip_break()
            return True
        else:
            parts.append(_escape(scanner, start))


def _quoted_blanks(scanner: Scanner, *, broke: bool) -> str:
    """Consume blanks and line breaks inside quotes; what they amount to."""
    text = scanner.text
    blanks = first = others = ""
    while True:
        char = text[scanner.pos]
        if char in BLANK:
            end = _BLANKS.match(text, scanner.pos).end()  # type: ignore[union-attr]
            if not broke:
                blanks = text[scanner.pos : end]
            scanner.pos = end
        elif char in BREAKS:
            if broke:
                others += scanner.skip_break()
            else:
                first = scanner.skip_break()
                broke = True
        else:
            return _folded(first, others) if broke and first else others if broke else blanks


def _escape(scanner: Scanner, start: tuple[int, int]) -> str:
    """Consume an escape sequence; its character. Raises: YamlError."""
    text = scanner.text
    letter = text[scanner.pos + 1]
    char = _ESCAPES.get(letter)
    if char is not None:
        scanner.pos += 2
        return char
    width = _HEX_WIDTH.get(letter)
    if width is None:
        raise scanner.error("found unknown escape character", start)
    scanner.pos += 2
    digits = text[scanner.pos : scanner.pos + width]
    if _HEX.match(digits).end() != width:  # type: ignore[union-attr]
        raise scanner.error("did not find expected hexdecimal number", start)
    code = int(digits, 16)
    if 0xD800 <= code <= 0xDFFF or code > 0x10FFFF:
        raise scanner.error("found invalid Unicode character escape code", start)
    scanner.pos += width
    return chr(code)


def scan_block(scanner: Scanner) -> None:
    """Queue a literal or folded block scalar."""
    text = scanner.text
    start = scanner.mark()
    style = text[scanner.pos]
    scanner.pos += 1
    chomping, increment = _block_header(scanner, start)
    indent = max(scanner.indent, 0) + increment if increment else 0
    indent, breaks = _block_breaks(scanner, indent, start)
    is_literal = style == "|"
    parts: list[str] = []
    last_break, was_blank = "", False
    while scanner.pos - scanner.line_start == indent and text[scanner.pos] != "\0":
        is_blank = text[scanner.pos] in BLANK
        if is_literal or was_blank or is_blank or last_break != "\n":
            parts.append(last_break)
        elif not breaks:
            parts.append(" ")
        parts.append(breaks)
        was_blank = is_blank
        end = _LINE.match(text, scanner.pos).end()  # type: ignore[union-attr]
        parts.append(text[scanner.pos : end])
        scanner.pos = end
        last_break = scanner.skip_break()
        indent, breaks = _block_breaks(scanner, indent, start)
    if chomping != "-":
        parts.append(last_break)
    if chomping == "+":
        parts.append(breaks)
    scanner.tokens.append((SCALAR, *start, "".join(parts), style))


def _block_header(scanner: Scanner, start: tuple[int, int]) -> tuple[str, int]:
    """Consume the rest of the line of a block scalar's indicator; its chomping and its indentation hint."""
    text = scanner.text
    chomping, increment = "", 0
    if text[scanner.pos] in "+-":
        chomping = text[scanner.pos]
        scanner.pos += 1
        increment = _block_hint(scanner, start)
    else:
        increment = _block_hint(scanner, start)
        if increment and text[scanner.pos] in "+-":
            chomping = text[scanner.pos]
            scanner.pos += 1
    scanner.pos = _BLANKS.match(text, scanner.pos).end()  # type: ignore[union-attr]
    if text[scanner.pos] == "#":
        if scanner.remarks is not None:
            scanner.remarks.keep_line(scanner, scanner.pos - (scanner.mark()[1] - start[1]))
        scanner.pos = _LINE.match(text, scanner.pos).end()  # type: ignore[union-attr]
    if text[scanner.pos] not in BREAK_OR_END:
        raise scanner.error("did not find expected comment or line break", start)
    scanner.skip_break()
    return chomping, increment


def _block_hint(scanner: Scanner, start: tuple[int, int]) -> int:
    """Consume an indentation hint; 0 when there is none."""
    char = scanner.text[scanner.pos]
    if char not in "0123456789":
        return 0
    if char == "0":
        raise scanner.error("found an indentation indicator equal to 0", start)
    scanner.pos += 1
    return int(char)


def _block_breaks(scanner: Scanner, indent: int, start: tuple[int, int]) -> tuple[int, str]:
    """Consume indentation and empty lines of a block scalar; the indentation, found out if it was 0, and the breaks."""
    text = scanner.text
    breaks, deepest = "", 0
    while True:
        pos = scanner.pos
        stop = scanner.line_start + indent if indent else len(text)
        while pos < stop and text[pos] == " ":
            pos += 1
        scanner.pos = pos
        column = pos - scanner.line_start
        deepest = max(deepest, column)
        char = text[pos]
        if char == "\t" and (not indent or column < indent):
            raise scanner.error("found a tab character where an indentation space is expected", start)
        if char not in BREAKS:
            break
        breaks += scanner.skip_break()
    return indent or max(deepest, scanner.indent + 1, 1), breaks
