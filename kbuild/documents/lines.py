"""One line of block YAML: what it is, and the plain scalars that go on over several lines.

`classify` is called once per distinct line of a render. It declines (kind ODD or `Declined`) whatever the full parser should see.
Source: go.yaml.in/yaml v3.0.3 scanner.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from kbuild.documents.reader import Typing

    # indentation, kind, key, value, plain text (None: cannot go on below)
    Line = tuple[int, int, Any, Any, str | None]

BLANK = 0
KEY_SCALAR, KEY, BLOCK, KEY_OPEN, KEY_FLOW = 1, 2, 3, 4, 5
DASH, DASH_SCALAR, DASH_EMPTY, DASH_BLOCK, DASH_OPEN, DASH_FLOW = 10, 11, 12, 13, 14, 15
TEXT, TEXT_OPEN, TEXT_FLOW, ODD = 20, 21, 22, 23

_BLANK_LINE: Line = (-1, BLANK, None, None, None)
# Stands behind the last line of a text.
END: Line = (-2, ODD, None, None, None)
_ODD_START = frozenset("?&*!|>%@`[]{},\"'")
_SHORT = {
    "0": "\0", "a": "\a", "b": "\b", "t": "\t", "\t": "\t", "n": "\n", "v": "\v", "f": "\f", "r": "\r", "e": "\x1b", " ": " ",
    '"': '"', "'": "'", "\\": "\\", "N": "\x85", "_": "\xa0", "L": "\u2028", "P": "\u2029",
}  # fmt: skip
_HEX = {"x": 2, "u": 4, "U": 8}
# The colon of a key stands at most 1024 characters behind the key's start.
_MAX_KEY = 1000


class Declined(Exception):  # noqa: N818
    """The fast path does not read this: the full parser must."""


def classify(line: str, typing: Typing) -> Line:
    """What a line is; kind ODD for what only the full parser can say. Mutates: `typing.heads`."""
    head, colon, value = line.partition(": ")
    known = typing.heads.get(head) if colon else None
    try:
        if known is not None and "\t" not in value:
            return _value(known[0], known[1], value.strip(" "), typing)
        return _classify(line, typing)
    except Declined:
        return (len(line) - len(line.lstrip(" ")), ODD, None, None, None)


def _classify(line: str, typing: Typing) -> Line:
    content = line.lstrip(" ")
    if not content or content[0] == "#":
        return _BLANK_LINE
    indent = len(line) - len(content)
    content = content.rstrip(" ") if "\t" not in line else without_tabs(content)
    if content[0] == "-":
        if content == "-":
            return (indent, DASH_EMPTY, None, None, None)
        if content[1] == " ":
            return _dash(indent, line, content[1:].lstrip(" "), typing)
        if not indent and content.startswith("---"):
            raise Declined
    elif not indent and content.startswith("..."):
        raise Declined
    return _entry(indent, content, typing)


def without_tabs(content: str) -> str:
    """A line without the tabs that mean nothing: at its end, in a comment. Raises: Declined, where one may matter."""
    content = content.rstrip(" \t")
    if "\t" in content:
        start = content.find(" #")
        if not 0 < start < content.find("\t") or '"' in content[:start] or "'" in content[:start]:
            raise Declined
        return content[: start + 2]
    if not content or (content[-1] == "-" and content[-2:-1] in ("", " ")):
        raise Declined
    return content


def _dash(indent: int, line: str, content: str, typing: Typing) -> Line:
    """A list entry: a scalar of its own, or a line to be read again without its dash."""
    first = content[0]
    if first == "#":
        return (indent, DASH_EMPTY, None, None, None)
    if first in "|>":
        return (indent, DASH_BLOCK, None, _header(content), None)
    if first not in "\"'[{&*!?" and ": " not in content and content[-1] != ":" and not content.startswith("- "):
        if content == "-":
            return _nested(indent, line, typing)
        _, _, _, value, raw = _scalar(indent, content, typing)
        return (indent, DASH_SCALAR, None, value, raw)
    if first in "\"'" and not _is_quoted_key(content):
        return _quoted(indent, DASH_SCALAR, content, typing)
    if first in "[{":
        return (indent, DASH_FLOW, None, content, None)
    return _nested(indent, line, typing)


def _nested(indent: int, line: str, typing: Typing) -> Line:
    """A list entry that is more than a scalar: in place of a key, what the line is without its dash."""
    rest = f"{line[:indent]} {line[indent + 1 :]}"
    return (indent, DASH, classify(rest, typing), rest, None)


def _is_quoted_key(content: str) -> bool:
    """Whether a line that starts with a quote is a key."""
    end = closing_quote(content, 1)
    return end > 0 and content[end + 1 :].lstrip(" ")[:1] == ":"


def _entry(indent: int, content: str, typing: Typing) -> Line:
    """A key with its value, or a scalar on a line of its own."""
    first = content[0]
    if first in "\"'":
        end = closing_quote(content, 1)
        rest = content[end + 1 :]
        if end < 0 or rest[:1] != ":":
            return _quoted(indent, TEXT, content, typing)
        if end > _MAX_KEY or (len(rest) > 1 and rest[1] != " "):
            raise Declined
        text = unquote(content[: end + 1])
        if text == "<<":
            raise Declined
        return _value(indent, text, rest[1:].lstrip(" "), typing)
    if first in _ODD_START:
        if first in "[{":
            return (indent, TEXT_FLOW, None, content, None)
        raise Declined
    at = content.find(": ")
    if at < 0:
        if content[-1] != ":":
            return _scalar(indent, content, typing)
        at = len(content) - 1
    text = content[:at].rstrip(" ")
    if not text or text == "<<" or at > _MAX_KEY or " #" in text or text[0] == ":":
        raise Declined
    key = typing.key(text)
    typing.heads[" " * indent + content[:at]] = (indent, key)
    return _value(indent, key, content[at + 1 :].lstrip(" "), typing)


def _value(indent: int, key: Any, value: str, typing: Typing) -> Line:
    """A line whose key is known. Raises: Declined."""
    if not value or value[0] == "#":
        return (indent, KEY, key, None, None)
    first = value[0]
    if first in {'"', "'"}:
        end = closing_quote(value, 1)
        if end < 0:
            return (indent, KEY_OPEN, key, value, None)
        if end != len(value) - 1:
            check_rest(value[end + 1 :])
        typed = typing.single if first == "'" else typing.quoted
        return (indent, KEY_SCALAR, key, typed(unquote(value[: end + 1])), None)
    if first in "|>":
        return (indent, BLOCK, key, _header(value), None)
    if first in "[{":
        return (indent, KEY_FLOW, key, value, None)
    _, _, _, typed, raw = _scalar(indent, value, typing)
    return (indent, KEY_SCALAR, key, typed, raw)


def _quoted(indent: int, kind: int, text: str, typing: Typing) -> Line:
    """A quoted scalar behind a dash (DASH_SCALAR) or on a line of its own (TEXT). Raises: Declined."""
    end = closing_quote(text, 1)
    if end < 0:
        return (indent, DASH_OPEN if kind == DASH_SCALAR else TEXT_OPEN, None, text, None)
    check_rest(text[end + 1 :])
    typed = typing.single if text[0] == "'" else typing.quoted
    return (indent, kind, None, typed(unquote(text[: end + 1])), None)


def _scalar(indent: int, text: str, typing: Typing) -> Line:
    """A plain scalar up to the end of the line or a comment. Raises: Declined."""
    if text[0] in _ODD_START or (text[0] in "-?:" and (len(text) == 1 or text[1] == " ")):
        raise Declined
    ended = text.find(" #")
    if ended >= 0:
        text = text[:ended].rstrip(" ")
    if ": " in text or text[-1] == ":":
        raise Declined
    return (indent, TEXT, None, typing.plain(text), None if ended >= 0 else text)


def _header(text: str) -> tuple[str, str, int]:
    """(`|` or `>`, chomping, explicit indentation or 0) of a block scalar's header. Raises: Declined."""
    head = text.partition(" ")[0]
    check_rest(text[len(head) :])
    chomp, explicit = "", 0
    for char in head[1:]:
        if char in "+-" and not chomp:
            chomp = char
        elif char in "123456789" and not explicit:
            explicit = int(char)
        else:
            raise Declined
    return (text[0], chomp, explicit)


def check_rest(rest: str) -> None:
    """Raise Declined unless only blanks or a comment behind a blank follow a complete value."""
    stripped = rest.lstrip(" ")
    if stripped and (stripped[0] != "#" or len(stripped) == len(rest)):
        raise Declined


def closing_quote(text: str, at: int) -> int:
    """The index of the quote that ends the quoted scalar which starts at `at - 1`, -1 when it is not in this text."""
    quote = text[at - 1]
    while True:
        end = text.find(quote, at)
        if end < 0:
            return -1
        if quote == "'":
            if text[end + 1 : end + 2] != "'":
                return end
            at = end + 2
            continue
        slashes = end
        while text[slashes - 1] == "\\":
            slashes -= 1
        if (end - slashes) % 2 == 0:
            return end
        at = end + 1


def unquote(text: str) -> str:
    """The value of a quoted scalar on one line. Raises: Declined, for a bad escape."""
    inner = text[1:-1]
    if text[0] == "'":
        return inner.replace("''", "'") if "'" in inner else inner
    return unescape(inner) if "\\" in inner else inner


def unescape(text: str) -> str:
    """The value of a double-quoted text. Raises: Declined, for what is no escape."""
    pieces = text.split("\\")
    out = [pieces[0]]
    at = 1
    while at < len(pieces):
        piece = pieces[at]
        if not piece:
            # Two backslashes in a row: the piece between them is empty.
            at += 1
            if at == len(pieces):
                raise Declined
            out.append("\\" + pieces[at])
        else:
            code = piece[0]
            width = _HEX.get(code)
            if width is not None:
                digits = piece[1 : 1 + width]
                if len(digits) < width or digits.strip("0123456789abcdefABCDEF"):
                    raise Declined
                number = int(digits, 16)
                if 0xD800 <= number < 0xE000 or number > 0x10FFFF:
                    raise Declined
                out.append(chr(number) + piece[1 + width :])
            elif code in _SHORT:
                out.append(_SHORT[code] + piece[1:])
            else:
                raise Declined
        at += 1
    return "".join(out)


def fold_plain(lines: list[str], at: int, text: str, indent: int) -> tuple[str, int]:
    """A plain scalar with the lines below that continue it: deeper than `indent`. Raises: Declined.

    Returns the very same text where nothing continues it.
    """
    pieces, breaks, end = [text], 0, at
    count = len(lines)
    while at < count:
        line = lines[at]
        content = line.strip(" ")
        if not content:
            breaks += 1
            at += 1
            continue
        if len(line) - len(line.lstrip(" ")) <= indent:
            break
        if "\t" in line or (":" in content and (": " in content or content[-1] == ":")) or "#" in content:
            if content[0] == "#":
                _check_comment_ends(lines, at, indent)
                break
            if "\t" in line or " #" in content or ": " in content or content[-1] == ":":
                raise Declined
        pieces.append("\n" * breaks if breaks else " ")
        pieces.append(content)
        breaks = 0
        at += 1
        end = at
    return ("".join(pieces) if len(pieces) > 1 else text), end


def _check_comment_ends(lines: list[str], at: int, indent: int) -> None:
    """Raise Declined where text that belongs to a scalar follows a comment."""
    for line in lines[at:]:
        content = line.lstrip(" ")
        if content and content[0] != "#":
            if len(line) - len(content) > indent:
                raise Declined
            return
