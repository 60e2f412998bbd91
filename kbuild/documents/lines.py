"""One line of block YAML: what it is, and the scalars that go on over several lines.

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
TEXT, ODD = 20, 21

_BLANK_LINE: Line = (-1, BLANK, None, None, None)
_ODD_START = frozenset("?&*!|>%@`[]{},\"'")
_SHORT = {
    "0": "\0", "a": "\a", "b": "\b", "t": "\t", "\t": "\t", "n": "\n", "v": "\v", "f": "\f", "r": "\r", "e": "\x1b", " ": " ",
    '"': '"', "/": "/", "\\": "\\", "N": "\x85", "_": "\xa0", "L": "\u2028", "P": "\u2029",
}  # fmt: skip
_HEX = {"x": 2, "u": 4, "U": 8}
_MAX_KEY = 1000


class Declined(Exception):  # noqa: N818
    """The fast path does not read this: the full parser must."""


def classify(line: str, typing: Typing) -> Line:
    """What a line is; kind ODD for what only the full parser can say."""
    try:
        return _classify(line, typing)
    except Declined:
        return (len(line) - len(line.lstrip(" ")), ODD, None, None, None)


def _classify(line: str, typing: Typing) -> Line:
    content = line.lstrip(" ")
    if not content or content[0] == "#":
        return _BLANK_LINE
    if "\t" in line:
        if not content.strip("\t "):
            raise Declined
        if content.lstrip("\t ")[:1] == "#":
            return _BLANK_LINE
        raise Declined
    indent = len(line) - len(content)
    content = content.rstrip(" ")
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


def _dash(indent: int, line: str, content: str, typing: Typing) -> Line:
    """A list entry: a scalar of its own, or a line to be read again without its dash."""
    first = content[0]
    if first == "#":
        return (indent, DASH_EMPTY, None, None, None)
    if first in "|>":
        return (indent, DASH_BLOCK, None, _header(content), None)
    if first not in "\"'[{&*!?" and ": " not in content and content[-1] != ":" and not content.startswith("- "):
        if content == "-":
            return (indent, DASH, None, line[:indent] + " " + line[indent + 1 :], None)
        _, _, _, value, raw = _scalar(indent, content, typing)
        return (indent, DASH_SCALAR, None, value, raw)
    if first in "\"'" and not _is_quoted_key(content):
        return _value(indent, None, content, typing, dashed=True)
    if first in "[{":
        return (indent, DASH_FLOW, None, content, None)
    return (indent, DASH, None, line[:indent] + " " + line[indent + 1 :], None)


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
        if end < 0 or rest[:1] != ":" or (len(rest) > 1 and rest[1] != " "):
            raise Declined
        text = unquote(content[: end + 1])
        if text == "<<" or len(text) > _MAX_KEY:
            raise Declined
        return _value(indent, text, rest[1:].lstrip(" "), typing)
    if first in _ODD_START:
        raise Declined
    at = content.find(": ")
    if at < 0:
        if content[-1] != ":":
            return _scalar(indent, content, typing)
        at = len(content) - 1
    text = content[:at].rstrip(" ")
    if not text or text == "<<" or len(text) > _MAX_KEY or " #" in text or text[0] == ":":
        raise Declined
    return _value(indent, typing.key(text), content[at + 1 :].lstrip(" "), typing)


def _value(indent: int, key: Any, value: str, typing: Typing, *, dashed: bool = False) -> Line:
    """A line whose value part is known. Raises: Declined."""
    if not value or value[0] == "#":
        return (indent, KEY, key, None, None)
    first = value[0]
    if first == '"' or first == "'":
        end = closing_quote(value, 1)
        if end < 0:
            return (indent, DASH_OPEN if dashed else KEY_OPEN, key, value, None)
        check_rest(value[end + 1 :])
        text = typing.quoted(unquote(value[: end + 1]))
        return (indent, DASH_SCALAR if dashed else KEY_SCALAR, key, text, None)
    if first in "|>":
        return (indent, BLOCK, key, _header(value), None)
    if first in "[{":
        return (indent, KEY_FLOW, key, value, None)
    _, _, _, typed, raw = _scalar(indent, value, typing)
    return (indent, KEY_SCALAR, key, typed, raw)


def _scalar(indent: int, text: str, typing: Typing) -> Line:
    """A plain scalar up to the end of the line or a comment. Raises: Declined."""
    if text[0] in _ODD_START or text[0] in "-?:" and (len(text) == 1 or text[1] == " "):
        raise Declined
    ended = text.find(" #")
    if ended >= 0:
        text = text[:ended].rstrip(" ")
    if ": " in text or text[-1] == ":":
        raise Declined
    return (indent, TEXT, None, typing.plain(text), None if ended >= 0 else text)


def _header(text: str) -> tuple[str, str, int]:
    """(`|` or `>`, chomping, explicit indentation or 0) of a block scalar's header. Raises: Declined."""
    head = text.partition(" ")
    check_rest(text[len(head[0]) :])
    chomp, explicit = "", 0
    for char in head[0][1:]:
        if char in "+-" and not chomp:
            chomp = char
        elif char in "123456789" and not explicit:
            explicit = int(char)
        else:
            raise Declined
    return (text[0], chomp, explicit)


def check_rest(rest: str) -> None:
    """Raise Declined unless only blanks or a comment follow a complete value."""
    stripped = rest.lstrip(" ")
    if stripped and (stripped[0] != "#" or stripped is rest or len(stripped) == len(rest)):
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
    while at < len(lines):
        line = lines[at]
        content = line.strip(" ")
        if not content:
            breaks += 1
            at += 1
            continue
        if len(line) - len(line.lstrip(" ")) <= indent:
            break
        if content[0] == "#" or "\t" in line or " #" in content or ": " in content or content[-1] == ":":
            if content[0] == "#":
                _check_comment_ends(lines, at, indent)
                break
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


def quoted_lines(lines: list[str], at: int, first: str, indent: int) -> tuple[str, int]:
    """A quoted scalar that goes on over several lines. Raises: Declined."""
    quote = first[0]
    pieces = [_line_end(first[1:], quote)]
    breaks = 0
    for number in range(at + 1, len(lines)):
        line = lines[number]
        content = line.strip(" ")
        if "\t" in line or (content and len(line) - len(line.lstrip(" ")) <= indent):
            raise Declined
        if not content:
            breaks += 1
            continue
        end = closing_quote(quote + content, 1)
        pieces.append("\n" * breaks if breaks else " ")
        breaks = 0
        if end > 0:
            pieces.append((quote + content)[1:end])
            check_rest((quote + content)[end + 1 :])
            text = "".join(pieces)
            return (text.replace("''", "'") if quote == "'" else unescape(text) if "\\" in text else text), number + 1
        pieces.append(_line_end(content, quote))
    raise Declined


def _line_end(text: str, quote: str) -> str:
    """A line of a quoted scalar without the blanks before its break. Raises: Declined, for an escaped break."""
    stripped = text.rstrip(" ")
    if quote == '"' and stripped.endswith("\\"):
        raise Declined
    return stripped


def block_scalar(
    lines: list[str], at: int, header: tuple[str, str, int], indent: int, *, ends_open: bool
) -> tuple[str, int]:
    """A literal or folded block: its text, and the first line behind it. Raises: Declined."""
    style, chomp, explicit = header
    count = len(lines)
    start = at
    deepest = 0
    while at < count and not lines[at].strip(" "):
        deepest = max(deepest, len(lines[at]))
        at += 1
    if explicit:
        width = max(indent, 0) + explicit
    else:
        width = len(lines[at]) - len(lines[at].lstrip(" ")) if at < count else 0
        width = max(width, indent + 1)
        if deepest > width:
            raise Declined
    at = start
    body: list[str] = []
    while at < count:
        line = lines[at]
        if line[:width].strip(" "):
            if "\t" in line[:width]:
                raise Declined
            break
        body.append(line[width:])
        at += 1
    last = len(body)
    while last and not body[last - 1]:
        last -= 1
    open_end = ends_open and at == count
    trailing = len(body) - last
    text = _folded(body[:last]) if style == ">" else "\n".join(body[:last])
    if chomp == "-":
        return text, at
    if not last:
        return ("\n" * (trailing - open_end) if chomp == "+" else ""), at
    if open_end and not trailing:
        return text, at
    if chomp == "+":
        return text + "\n" * (1 + trailing - open_end), at
    return text + "\n", at


def _folded(lines: list[str]) -> str:
    """The lines of a folded block joined as the parser does: one break is a space unless a more indented line is near."""
    out: list[str] = []
    pending, was_indented, blanks = False, False, 0
    for line in lines:
        if not line:
            blanks += 1
            continue
        is_indented = line[0] in " \t"
        if pending:
            if not was_indented and not is_indented:
                if not blanks:
                    out.append(" ")
            else:
                out.append("\n")
        out.append("\n" * blanks)
        out.append(line)
        pending, was_indented, blanks = True, is_indented, 0
    return "".join(out)


def flow(text: str, typing: Typing) -> Any:
    """A flow collection that is complete on one line, built anew. Raises: Declined, for anything unusual in it."""
    if text == "{}":
        return {}
    if text == "[]":
        return []
    value, at = _flow_value(text, 0, typing)
    check_rest(text[at:])
    return value


def _flow_value(text: str, at: int, typing: Typing) -> tuple[Any, int]:
    first = text[at]
    if first == "[":
        return _flow_list(text, at + 1, typing)
    if first == "{":
        return _flow_map(text, at + 1, typing)
    if first in "\"'":
        end = closing_quote(text, at + 1)
        if end < 0:
            raise Declined
        return typing.quoted(unquote(text[at : end + 1])), end + 1
    plain, at = _flow_plain(text, at)
    return typing.plain(plain), at


def _flow_plain(text: str, at: int) -> tuple[str, int]:
    """A plain scalar inside a flow collection, up to a comma, bracket or a colon with a blank behind it."""
    end = at
    while end < len(text) and text[end] not in ",[]{}\"'#&*!|>%@`?":
        if text[end] == ":":
            if text[end + 1 : end + 2] in (" ", ""):
                break
            raise Declined
        end += 1
    plain = text[at:end].rstrip(" ")
    if not plain or plain[0] == "-" or end == len(text) or text[end] not in ",]}:":
        raise Declined
    return plain, end


def _skip(text: str, at: int) -> int:
    while at < len(text) and text[at] == " ":
        at += 1
    if at == len(text):
        raise Declined
    return at


def _flow_list(text: str, at: int, typing: Typing) -> tuple[list[Any], int]:
    result: list[Any] = []
    at = _skip(text, at)
    while text[at] != "]":
        value, at = _flow_value(text, at, typing)
        result.append(value)
        at = _skip(text, at)
        if text[at] == ",":
            at = _skip(text, at + 1)
        elif text[at] != "]":
            raise Declined
    return result, at + 1


def _flow_map(text: str, at: int, typing: Typing) -> tuple[dict[Any, Any], int]:
    result: dict[Any, Any] = {}
    at = _skip(text, at)
    while text[at] != "}":
        if text[at] in "\"'":
            end = closing_quote(text, at + 1)
            if end < 0:
                raise Declined
            key, at = unquote(text[at : end + 1]), end + 1
        else:
            plain, at = _flow_plain(text, at)
            key = typing.key(plain)
        if type(key) is not str or key in result or key == "<<" or text[at : at + 2] != ": ":
            raise Declined
        value, at = _flow_value(text, _skip(text, at + 2), typing)
        result[key] = value
        at = _skip(text, at)
        if text[at] == ",":
            at = _skip(text, at + 1)
        elif text[at] != "}":
            raise Declined
    return result, at + 1
