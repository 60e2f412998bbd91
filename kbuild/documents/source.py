"""What the full parser reads: text with an end mark, cut where the reference's reader would stop.

The reference decodes its input in blocks of 512 bytes and refuses a whole block at once, so a syntax error in an
earlier block is reported before an unreadable character in a later one, and not the other way round.
Source: go.yaml.in/yaml v3.0.3 `yaml_parser_update_buffer`, `yaml_parser_determine_encoding`.
"""

from __future__ import annotations

import re

from kbuild.documents.tokens import PADDING, bare_error

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from kbuild.model.errors import YamlError

_BLOCK = 512
_BOM = "\ufeff"
_FORBIDDEN = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_BREAK = re.compile("\r\n|[\n\r\x85\u2028\u2029]")
_NO_LIMIT = 1 << 62


class Source:
    """Text for a scanner.

    Shape: `text` ends in NULs; no character from `limit` on can be had, because of `problem`. Up to `doubled_mark` a
    second byte order mark at the very start makes the reference skip the first character of every line.
    """

    __slots__ = ("doubled_mark", "limit", "problem", "text")

    def __init__(self, text: str) -> None:
        self.limit = _NO_LIMIT
        self.problem: YamlError | None = None
        self.doubled_mark = 0
        found = None if text.isascii() and text.isprintable() else _FORBIDDEN.search(text)
        if found is not None:
            self._cut(text, found.start())
        elif type(text) is not str:
            self._cut_wide(text)
        if self.limit != _NO_LIMIT:
            text = text[: self.limit + (1 if text[:1] == _BOM else 0)]
        if text[:1] == _BOM:
            text = text[1:]
            if text[:1] == _BOM:
                self.doubled_mark = max(1, len(_encoded(text)[: _BLOCK - 3].decode("utf-8", "ignore")) - 3)
        self.text = text + PADDING

    def _cut(self, text: Any, bad: int) -> None:
        """Make the text end before the block that holds the forbidden character at an index."""
        lines = _BREAK.split(text[:bad])
        problem = "control characters are not allowed"
        if "\ud800" <= text[bad] <= "\udfff":
            problem = _undecodable_problem(_encoded(text[bad:]))
        self.problem = bare_error(problem, len(lines), len(lines[-1]) + 1)
        marks = 1 if text[:1] == _BOM else 0
        # Octets that may go on are kept for the next block; they are only wrong when there is none.
        start = bad if problem.startswith("incomplete") else _block_start(text, bad, 3 * marks)
        self.limit = (start if type(text) is str else max(text.block_start(bad), 1)) - marks

    def _cut_wide(self, text: Any) -> None:
        """Make the text of UTF-16 end where it cannot be read any further."""
        if text.problem is not None:
            self.problem = text.problem
            is_open = "incomplete" in text.problem.reason
            self.limit = (len(text) if is_open else max(text.block_start(len(text)), 1)) - 1


def _block_start(text: str, bad: int, skipped: int) -> int:
    """The index of the first character of the block that holds the one at `bad`."""
    if bad < _BLOCK // 4:
        return 1 if skipped else 0
    data = _encoded(text)
    target = len(_encoded(text[:bad]))
    start = 0
    while True:
        end = start + _BLOCK
        while end < len(data) and data[end] & 0xC0 == 0x80:
            end -= 1
        if end > target:
            return len(data[: max(start, skipped)].decode("utf-8", "surrogateescape"))
        start = end


def _encoded(text: str) -> bytes:
    """The octets of a text, in which escaped octets may stand for what is no UTF-8."""
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogatepass")


def _undecodable_problem(data: bytes) -> str:
    """What the reference says about octets that do not start with a UTF-8 character."""
    octet = data[0]
    width = 2 if octet & 0xE0 == 0xC0 else 3 if octet & 0xF0 == 0xE0 else 4 if octet & 0xF8 == 0xF0 else 0
    if not width:
        return "invalid leading UTF-8 octet"
    if width > len(data):
        return "incomplete UTF-8 octet sequence"
    value = octet & (0xFF >> (width + 1))
    for trailing in data[1:width]:
        if trailing & 0xC0 != 0x80:
            return "invalid trailing UTF-8 octet"
        value = value << 6 | trailing & 0x3F
    if value < (0, 0, 0x80, 0x800, 0x10000)[width]:
        return "invalid length of a UTF-8 sequence"
    return "invalid Unicode character"
