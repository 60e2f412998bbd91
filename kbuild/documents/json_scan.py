"""JSON text character by character: where values end, and why they do not, in the words of Go's second JSON package.

Octets that are no UTF-8 stand in a text as lone surrogates.
Source: kube-openapi `internal/third_party/go-json-experiment/json`, `consumeValue`.
"""

from __future__ import annotations

from kbuild.model.quote import go_quote

_SPACE = " \t\r\n"
DIGITS = "0123456789"
_HEX = frozenset("0123456789abcdefABCDEF")
LITERALS = {"n": "null", "t": "true", "f": "false"}


class JsonError(Exception):
    """What is wrong with a text, as the reference says it."""


def quoted(char: str) -> str:
    """A character in quotes; an octet that is none by its number."""
    if "\udc80" <= char <= "\udcff":
        return f"'\\x{ord(char) & 0xFF:x}'"
    return "'\\''" if char == "'" else "'\"'" if char == '"' else f"'{go_quote(char)[1:-1]}'"


def note(names: set[str], raw: str) -> None:
    """Remember a name. Raises: JsonError, where it was there before."""
    name = unquoted(raw)
    if name in names:
        raise JsonError(f"json: duplicate name {raw} in object")
    names.add(name)


def bad(text: str, at: int, where: str) -> JsonError:
    """The error for a character that cannot stand where it stands."""
    return JsonError(f"json: invalid character {quoted(text[at])} {where}")


def blanks(text: str, at: int) -> int:
    """The first place from here that holds no blank."""
    while at < len(text) and text[at] in _SPACE:
        at += 1
    return at


def inside(text: str, at: int) -> int:
    """The same inside a value, where the text must not end."""
    at = blanks(text, at)
    if at == len(text):
        raise JsonError("unexpected EOF")
    return at


def behind(text: str, at: int) -> int:
    """The place behind the value that begins here."""
    char = text[at]
    if char == '"':
        return _behind_string(text, at)
    if char == "-" or char in DIGITS:
        return _behind_number(text, at)
    if char in LITERALS:
        return _behind_literal(text, at, LITERALS[char])
    if char in "{[":
        return _behind_group(text, at, is_object=char == "{")
    raise bad(text, at, "at start of value")


def _behind_literal(text: str, at: int, word: str) -> int:
    for offset, letter in enumerate(word):
        if at + offset == len(text):
            raise JsonError("unexpected EOF")
        if text[at + offset] != letter:
            raise bad(text, at + offset, f"within literal {word} (expecting '{letter}')")
    return at + len(word)


def _behind_number(text: str, at: int) -> int:
    at = _digits(text, at + (text[at] == "-"), may_have_more=text[at : at + 2].lstrip("-")[:1] != "0")
    if text[at : at + 1] == ".":
        at = _digits(text, at + 1)
    if text[at : at + 1] in ("e", "E"):
        at = _digits(text, at + 1 + (text[at + 1 : at + 2] in ("+", "-")))
    return at


def _digits(text: str, at: int, *, may_have_more: bool = True) -> int:
    if at >= len(text):
        raise JsonError("unexpected EOF")
    if text[at] not in DIGITS:
        raise bad(text, at, "within number (expecting digit)")
    at += 1
    while may_have_more and at < len(text) and text[at] in DIGITS:
        at += 1
    return at


def _behind_string(text: str, at: int) -> int:
    at += 1
    while at < len(text):
        char = text[at]
        if char == '"':
            return at + 1
        if char == "\\":
            at = _behind_escape(text, at)
            continue
        if "\udc80" <= char <= "\udcff":
            raise JsonError("json: invalid UTF-8 within string")
        if char < " ":
            raise bad(text, at, "within string (expecting non-control character)")
        at += 1
    raise JsonError("unexpected EOF")


def _behind_escape(text: str, at: int) -> int:
    letter = text[at + 1 : at + 2]
    if not letter:
        raise JsonError("unexpected EOF")
    if letter != "u":
        if letter not in '"\\/bfnrt':
            raise _bad_escape(text[at : at + 2])
        return at + 2
    first = _code(text, at)
    at += 6
    if 0xD800 <= first < 0xE000:
        if len(text) >= at + 2 and text[at : at + 2] != "\\u":
            raise JsonError("json: invalid unpaired surrogate half within string")
        second = _code(text, at)
        if first >= 0xDC00 or not 0xDC00 <= second < 0xE000:
            raise JsonError("json: invalid surrogate pair in string")
        at += 6
    return at


def _code(text: str, at: int) -> int:
    """The number that an escape with `u` gives."""
    found = text[at : at + 6]
    is_good = all(char == wanted for char, wanted in zip(found, "\\u", strict=False)) and _HEX.issuperset(found[2:])
    if not is_good:
        raise _bad_escape(found)
    if len(found) < len("\\uXXXX"):
        raise JsonError("unexpected EOF")
    return int(found[-4:], 16)


def _behind_group(text: str, at: int, *, is_object: bool) -> int:
    """The place behind an object or array."""
    close, name = ("}", "object") if is_object else ("]", "array")
    names: set[str] = set()
    at = inside(text, at + 1)
    if text[at] == close:
        return at + 1
    while True:
        at = inside(text, at)
        if is_object:
            at = _behind_name(text, at, names)
        at = inside(text, behind(text, at))
        if text[at] == close:
            return at + 1
        if text[at] != ",":
            raise bad(text, at, f"after {name} value (expecting ',' or '{close}')")
        at += 1


def _behind_name(text: str, at: int, names: set[str]) -> int:
    """Where the value of a name begins."""
    if text[at] != '"':
        raise bad(text, at, "at start of string (expecting '\"')")
    end = _behind_string(text, at)
    note(names, text[at:end])
    at = inside(text, end)
    if text[at] != ":":
        raise bad(text, at, "after object name (expecting ':')")
    return inside(text, at + 1)


def _bad_escape(found: str) -> JsonError:
    return JsonError(f"json: invalid escape sequence {go_quote(found)} within string")


def unquoted(raw: str) -> str:
    """The text of a string."""
    if "\\" not in raw:
        return raw[1:-1]
    from json import loads

    return str(loads(raw))
