"""Why a text is no JSON, in the words of Go's decoder.

Source: Go `encoding/json` scanner.
"""

from __future__ import annotations

_SPACE = " \t\r\n"
_END = "unexpected end of JSON input"


class _BadJsonError(Exception):
    pass


def go_reason(text: str) -> str:
    """The decoder's sentence for the first mistake, `""` when there is none."""
    try:
        at = _spaces(text, _value(text, _spaces(text, 0)))
        if at < len(text):
            raise _bad(text, at, "after top-level value")
    except _BadJsonError as error:
        return str(error)
    except RecursionError:
        return "exceeded max depth"
    return ""


def _bad(text: str, at: int, context: str) -> _BadJsonError:
    if at >= len(text):
        return _BadJsonError(_END)
    char = text[at]
    shown = {"'": "'\\''", '"': "'\"'"}.get(char)
    if shown is None:
        from kbuild.model.quote import go_quote

        # The scanner sees bytes: of a longer character only the first.
        shown = f"'{go_quote(chr(char.encode('utf-8', 'replace')[0]))[1:-1]}'"
    return _BadJsonError(f"invalid character {shown} {context}")


def _spaces(text: str, at: int) -> int:
    while at < len(text) and text[at] in _SPACE:
        at += 1
    return at


def _value(text: str, at: int) -> int:
    """The position behind the value that starts at `at`. Raises: _BadJsonError."""
    char = text[at : at + 1]
    if char == "{":
        return _members(text, at + 1)
    if char == "[":
        return _items(text, at + 1)
    if char == '"':
        return _string(text, at + 1)
    if char == "-" or char.isdigit():
        return _number(text, at)
    for word in ("true", "false", "null"):
        if char == word[0]:
            for offset, letter in enumerate(word):
                if text[at + offset : at + offset + 1] != letter:
                    raise _bad(text, at + offset, f"in literal {word} (expecting '{letter}')")
            return at + len(word)
    raise _bad(text, at, "looking for beginning of value")


def _items(text: str, at: int) -> int:
    at = _spaces(text, at)
    if text[at : at + 1] == "]":
        return at + 1
    while True:
        at = _spaces(text, _value(text, _spaces(text, at)))
        if text[at : at + 1] == "]":
            return at + 1
        if text[at : at + 1] != ",":
            raise _bad(text, at, "after array element")
        at += 1


def _members(text: str, at: int) -> int:
    at = _spaces(text, at)
    if text[at : at + 1] == "}":
        return at + 1
    while True:
        at = _spaces(text, at)
        if text[at : at + 1] != '"':
            raise _bad(text, at, "looking for beginning of object key string")
        at = _spaces(text, _string(text, at + 1))
        if text[at : at + 1] != ":":
            raise _bad(text, at, "after object key")
        at = _spaces(text, _value(text, _spaces(text, at + 1)))
        if text[at : at + 1] == "}":
            return at + 1
        if text[at : at + 1] != ",":
            raise _bad(text, at, "after object key:value pair")
        at += 1


def _string(text: str, at: int) -> int:
    while at < len(text):
        char = text[at]
        if char == '"':
            return at + 1
        if char < " ":
            raise _bad(text, at, "in string literal")
        if char == "\\":
            at = _escape(text, at + 1)
        at += 1
    raise _BadJsonError(_END)


def _escape(text: str, at: int) -> int:
    """The last character of the escape whose letter is at `at`."""
    letter = text[at : at + 1]
    if letter == "u":
        for place in range(at + 1, at + 5):
            if text[place : place + 1] not in tuple("0123456789abcdefABCDEF"):
                raise _bad(text, place, "in \\u hexadecimal character escape")
        return at + 4
    if not letter or letter not in '"\\/bfnrt':
        raise _bad(text, at, "in string escape code")
    return at


def _number(text: str, at: int) -> int:
    if text[at] == "-":
        at += 1
        if not text[at : at + 1].isdigit():
            raise _bad(text, at, "in numeric literal")
    at = at + 1 if text[at] == "0" else _digits(text, at)
    if text[at : at + 1] == ".":
        at += 1
        if not text[at : at + 1].isdigit():
            raise _bad(text, at, "after decimal point in numeric literal")
        at = _digits(text, at)
    if text[at : at + 1] in ("e", "E"):
        at += 1
        if text[at : at + 1] in ("+", "-"):
            at += 1
        if not text[at : at + 1].isdigit():
            raise _bad(text, at, "in exponent of numeric literal")
        at = _digits(text, at)
    return at


def _digits(text: str, at: int) -> int:
    while text[at : at + 1].isdigit():
        at += 1
    return at
