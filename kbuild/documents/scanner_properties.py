"""Anchors, aliases, tags and directives of the full parser.

Source: go.yaml.in/yaml v3.0.3 `yaml_parser_scan_anchor`, `_scan_tag`, `_scan_directive`.
"""

from __future__ import annotations

import re

from kbuild.documents.tokens import (
    BLANK,
    BLANK_BREAK_OR_END,
    BREAK_OR_END,
    TAG,
    TAG_DIRECTIVE,
    VERSION,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from kbuild.documents.scanner_state import Scanner

_NAME = re.compile("[0-9A-Za-z_-]*")
_BLANKS = re.compile("[ \t]*")
_DIGITS = re.compile("[0-9]*")
_REST = re.compile("[^\r\n\x85\u2028\u2029\0]*")
_URI = re.compile(r"[0-9A-Za-z_\-;/?:@&=+$,.!~*'()\[\]]*")
_OCTET = re.compile("%[0-9A-Fa-f]{2}")
_AFTER_NAME = BLANK_BREAK_OR_END | frozenset("?:,]}%@`")


def scan_anchor(scanner: Scanner, kind: int) -> None:
    """Queue an anchor or an alias."""
    start = scanner.mark()
    name = _take(scanner, _NAME, 1)
    if not name or scanner.text[scanner.pos] not in _AFTER_NAME:
        raise scanner.error("did not find expected alphabetic or numeric character", start)
    scanner.tokens.append((kind, *start, name, None))


def _take(scanner: Scanner, pattern: re.Pattern[str], skipped: int = 0) -> str:
    """Consume what a pattern matches behind some characters."""
    found = pattern.match(scanner.text, scanner.pos + skipped)
    assert found is not None
    scanner.pos = found.end()
    return found.group()


def scan_tag(scanner: Scanner) -> None:
    """Queue a tag: handle and suffix; the handle is empty for `!<...>` and for `!` alone."""
    text, start = scanner.text, scanner.mark()
    if text[scanner.pos + 1] == "<":
        scanner.pos += 2
        handle, suffix = "", _scan_uri(scanner, start)
        if text[scanner.pos] != ">":
            raise scanner.error("did not find the expected '>'", start)
        scanner.pos += 1
    else:
        handle = _scan_handle(scanner, start, is_directive=False)
        if len(handle) > 1 and handle[-1] == "!":
            suffix = _scan_uri(scanner, start)
        else:
            suffix = _scan_uri(scanner, start, handle)
            handle = "!"
            if not suffix:
                handle, suffix = suffix, handle
    if text[scanner.pos] not in BLANK_BREAK_OR_END:
        raise scanner.error("did not find expected whitespace or line break", start)
    scanner.tokens.append((TAG, *start, handle, suffix))


def _scan_handle(scanner: Scanner, start: tuple[int, int], *, is_directive: bool) -> str:
    if scanner.text[scanner.pos] != "!":
        raise scanner.error("did not find expected '!'", start)
    handle = "!" + _take(scanner, _NAME, 1)
    if scanner.text[scanner.pos] == "!":
        scanner.pos += 1
        return handle + "!"
    if is_directive and handle != "!":
        raise scanner.error("did not find expected '!'", start)
    return handle


def _scan_uri(scanner: Scanner, start: tuple[int, int], head: str = "") -> str:
    """Consume a tag's URI, in which octets may be escaped; `head` is what was taken for a handle."""
    begin = scanner.pos
    data = bytearray(head[1:], "utf-8")
    while True:
        data += _take(scanner, _URI).encode()
        if scanner.text[scanner.pos] != "%":
            break
        _scan_octets(scanner, start, data)
    if not head and scanner.pos == begin:
        raise scanner.error("did not find expected tag URI", start)
    return data.decode("utf-8", "replace")


def _scan_octets(scanner: Scanner, start: tuple[int, int], data: bytearray) -> None:
    """Consume the escaped octets of one character."""
    width = 0
    while True:
        if not _OCTET.match(scanner.text, scanner.pos):
            raise scanner.error("did not find URI escaped octet", start)
        octet = int(scanner.text[scanner.pos + 1 : scanner.pos + 3], 16)
        if width:
            if octet & 0xC0 != 0x80:
                raise scanner.error("found an incorrect trailing UTF-8 octet", start)
        else:
            width = 1 if octet < 0x80 else 2 if octet & 0xE0 == 0xC0 else 3 if octet & 0xF0 == 0xE0 else 4
            if width == 4 and octet & 0xF8 != 0xF0:
                raise scanner.error("found an incorrect leading UTF-8 octet", start)
        data.append(octet)
        scanner.pos += 3
        width -= 1
        if not width:
            return


def scan_directive(scanner: Scanner) -> None:
    """Queue a `%YAML` or `%TAG` directive and consume its line."""
    text, start = scanner.text, scanner.mark()
    name = _take(scanner, _NAME, 1)
    if not name:
        raise scanner.error("could not find expected directive name", start)
    if text[scanner.pos] not in BLANK_BREAK_OR_END:
        raise scanner.error("found unexpected non-alphabetical character", start)
    if name == "YAML":
        scanner.tokens.append((VERSION, *start, _scan_version(scanner, start), None))
    elif name == "TAG":
        scanner.tokens.append((TAG_DIRECTIVE, *start, *_scan_tag_directive(scanner, start)))
    else:
        raise scanner.error("found unknown directive name", start)
    _take(scanner, _BLANKS)
    if text[scanner.pos] == "#":
        _take(scanner, _REST)
    if text[scanner.pos] not in BREAK_OR_END:
        raise scanner.error("did not find expected comment or line break", start)
    scanner.skip_break()


def _scan_version(scanner: Scanner, start: tuple[int, int]) -> tuple[int, int]:
    _take(scanner, _BLANKS)
    major = _scan_version_number(scanner, start)
    if scanner.text[scanner.pos] != ".":
        raise scanner.error("did not find expected digit or '.' character", start)
    scanner.pos += 1
    return major, _scan_version_number(scanner, start)


def _scan_version_number(scanner: Scanner, start: tuple[int, int]) -> int:
    begin = scanner.pos
    digits = _take(scanner, _DIGITS)
    if len(digits) > 2:
        scanner.pos = begin + 2
        raise scanner.error("found extremely long version number", start)
    if not digits:
        raise scanner.error("did not find expected version number", start)
    return int(digits)


def _scan_tag_directive(scanner: Scanner, start: tuple[int, int]) -> tuple[str, str]:
    _take(scanner, _BLANKS)
    handle = _scan_handle(scanner, start, is_directive=True)
    if scanner.text[scanner.pos] not in BLANK:
        raise scanner.error("did not find expected whitespace", start)
    _take(scanner, _BLANKS)
    prefix = _scan_uri(scanner, start)
    if scanner.text[scanner.pos] not in BLANK_BREAK_OR_END:
        raise scanner.error("did not find expected whitespace or line break", start)
    return handle, prefix
