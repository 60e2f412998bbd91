"""Escapes and bracketed classes of Go's regular expressions.

Each reader takes the expression and an index, and returns what stands there and the index behind it.
Source: Go `regexp/syntax` `parseEscape`, `parseClass`, `parseUnicodeClass`.
"""

from __future__ import annotations

from kbuild.fields.regexp_classes import PERL, POSIX, ranges, unicode_test
from kbuild.model.errors import ConfigurationError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from kbuild.fields.regexp_classes import Test

_LETTERS = {"a": "\a", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}
_OCTAL, _HEX = "01234567", "0123456789abcdefABCDEF"
_MAX_CHAR = 0x10FFFF


def bad(code: str, text: str) -> ConfigurationError:
    """The error for an expression, about a part of it."""
    return ConfigurationError(f"error parsing regexp: {code}: `{text}`")


def class_escape(text: str, at: int) -> tuple[Test, bool, int] | None:
    r"""The set of `\d`, `\W` or `\p{Greek}`, and whether it is negated; None for another escape. Raises: ConfigurationError."""
    kind = text[at + 1 : at + 2]
    if text[at : at + 1] != "\\" or not kind:
        return None
    if kind in "dDsSwW":
        return ranges(*PERL[kind.lower()]), kind.isupper(), at + 2
    return _unicode_class(text, at) if kind in "pP" else None


def _unicode_class(text: str, at: int) -> tuple[Test, bool, int]:
    end = at + 3
    name = text[at + 2 : end]
    if name == "{":
        end = text.find("}", at) + 1
        if not end:
            raise bad("invalid character class range", text[at:])
        name = text[at + 3 : end - 1]
    negated = text[at + 1] == "P"
    if name[:1] == "^":
        negated, name = not negated, name[1:]
    found = unicode_test(name)
    if found is None:
        raise bad("invalid character class range", text[at:end])
    return found[0], found[1] != negated, end


def read_escape(text: str, at: int) -> tuple[str, int]:
    """The character of an escape. Raises: ConfigurationError."""
    kind = text[at + 1 : at + 2]
    end = at + 2
    if not kind:
        raise bad("trailing backslash at end of expression", "")
    if kind == "x":
        return _hex_escape(text, at)
    if kind in _OCTAL and (kind == "0" or text[end : end + 1] in tuple(_OCTAL)):
        while end < at + 4 and text[end : end + 1] in tuple(_OCTAL):
            end += 1
        return chr(int(text[at + 1 : end], 8)), end
    if kind in _LETTERS:
        return _LETTERS[kind], end
    if kind < "\x80" and not kind.isalnum():
        return kind, end
    raise bad("invalid escape sequence", text[at:end])


def _hex_escape(text: str, at: int) -> tuple[str, int]:
    r"""`\x41` or `\x{1F600}`."""
    end = at + 3
    if text[at + 2 : end] == "{":
        code = 0
        while end < len(text):
            char = text[end]
            end += 1
            if char == "}" and end > at + 4:
                return chr(code), end
            if char not in _HEX:
                break
            code = code * 16 + int(char, 16)
            if code > _MAX_CHAR:
                break
        raise bad("invalid escape sequence", text[at:end])
    digits = text[at + 2 : at + 4]
    if len(digits) < 2 or digits.strip(_HEX):
        raise bad("invalid escape sequence", text[at : at + 4])
    return chr(int(digits, 16)), at + 4


def read_class(text: str, start: int) -> tuple[list[tuple[Test, bool]], bool, int]:
    """The items of a bracketed class, whether it is negated, and the index behind it. Raises: ConfigurationError."""
    at = start + 1
    negated = text[at : at + 1] == "^"
    at += negated
    items: list[tuple[Test, bool]] = []
    first = at
    while text[at : at + 1] != "]" or at == first:
        found = _named_class(text, at) or class_escape(text, at)
        if found is not None:
            items.append(found[:2])
            at = found[2]
            continue
        low_at = at
        low, at = _class_char(text, at, start)
        high = low
        if text[at : at + 1] == "-" and text[at + 1 : at + 2] not in ("", "]"):
            high, at = _class_char(text, at + 1, start)
            if high < low:
                raise bad("invalid character class range", text[low_at:at])
        items.append((ranges((low, high)), False))
    return items, negated, at + 1


def _class_char(text: str, at: int, start: int) -> tuple[str, int]:
    if at >= len(text):
        raise bad("missing closing ]", text[start:])
    return read_escape(text, at) if text[at] == "\\" else (text[at], at + 1)


def _named_class(text: str, at: int) -> tuple[Test, bool, int] | None:
    """`[:alpha:]` or `[:^alpha:]` inside of brackets."""
    if text[at : at + 2] != "[:" or len(text) <= at + 2:
        return None
    end = text.find(":]", at + 2)
    if end < 0:
        return None
    name = text[at + 2 : end]
    negated = name[:1] == "^"
    found = POSIX.get(name[1:] if negated else name)
    if found is None:
        raise bad("invalid character class range", text[at : end + 2])
    return ranges(*found), negated, end + 2
