"""Variables in a text: `${name}`, with defaults, lengths, cases, parts, prefixes, suffixes and replacements.

Grammar, where `name` is `[A-Za-z_][A-Za-z0-9_]*`:

    text       = ( plain | "$$" | "${" expression "}" | "$" )*
    expression = "#" name | name [ operator argument ]
    operator   = ":-" ":=" "=" ":+" ":?" ":" "^^" "^" ",," "," "##" "#" "%%" "%" "//" "/#" "/%" "/"

Arguments may hold expressions. `$$` is one `$`, so that `$${x}` stays as `${x}`.
Source: drone/envsubst as changed by fluxcd/pkg, by its observed behaviour.
"""

from __future__ import annotations

import re
from fnmatch import translate
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
VALID_NAME = r"^[_[:alpha:]][_[:alpha:][:digit:]]*$"
_NUMBER = re.compile(r"[+-]?[0-9]+", re.ASCII)
# Longest first.
_OPERATORS = (":-", ":=", ":+", ":?", "^^", ",,", "##", "%%", "//", "/#", "/%", ":", "=", "^", ",", "#", "%", "/")
MAX_DEPTH = 100


class SubstitutionError(Exception):
    """A text that cannot be substituted: the sentence."""


def check_names(variables: Mapping[str, str]) -> None:
    """Refuse names that no expression can mean. Raises: SubstitutionError."""
    for name in variables:
        if _NAME.fullmatch(name) is None:
            raise SubstitutionError(f"'{name}' var name is invalid, must match '{VALID_NAME}'")


def substitute(text: str, variables: Mapping[str, str], *, is_strict: bool = True) -> str:
    """The text with its variables replaced. Strict means that one without value and default is an error.

    Raises: SubstitutionError.
    """
    if "$" not in text:
        return text
    found, at = _Reader(text, variables, is_strict).until_end(0, depth=0, is_argument=False)
    assert at == len(text)
    return found


class _Reader:
    def __init__(self, text: str, variables: Mapping[str, str], is_strict: bool) -> None:
        self.text, self.variables, self.is_strict = text, variables, is_strict

    def until_end(self, at: int, *, depth: int, is_argument: bool) -> tuple[str, int]:
        """The text from an index to the end, or of an argument to its closing brace, which is not taken."""
        if depth > MAX_DEPTH:
            raise SubstitutionError("bad substitution")
        text = self.text
        pieces: list[str] = []
        while at < len(text):
            if is_argument and text[at] == "}":
                return "".join(pieces), at
            if text.startswith("$$", at):
                pieces.append("$")
                at += 2
                # What follows belongs to the literal: `$${x}` is `${x}`.
                if text.startswith("{", at):
                    pieces.append("{")
                    at += 1
            elif text.startswith("${", at):
                piece, at = self.expression(at + 2, depth)
                pieces.append(piece)
            else:
                pieces.append(text[at])
                at += 1
        if is_argument:
            raise SubstitutionError("missing closing brace")
        return "".join(pieces), at

    def expression(self, at: int, depth: int) -> tuple[str, int]:
        """The value of an expression, and the index behind its closing brace."""
        text = self.text
        is_length = text.startswith("#", at)
        name_at = at + is_length
        matched = _NAME.match(text, name_at)
        if matched is None:
            raise SubstitutionError("unable to parse variable name")
        name, at = matched[0], matched.end()
        if is_length:
            self._close(at)
            return str(len(self.value(name, has_default=False).encode())), at + 1
        if text.startswith("}", at):
            return self.value(name, has_default=False), at + 1
        operator = next((found for found in _OPERATORS if text.startswith(found, at)), "")
        if not operator:
            raise SubstitutionError("missing closing brace")
        return self.operation(name, operator, at + len(operator), depth)

    def _close(self, at: int) -> None:
        if not self.text.startswith("}", at):
            raise SubstitutionError("missing closing brace")

    def operation(self, name: str, operator: str, at: int, depth: int) -> tuple[str, int]:
        """The value of `name operator argument`, and the index behind the closing brace."""
        if operator[0] in "^,":
            self._close(at)
            return _cased(self.value(name, has_default=False), operator), at + 1
        if operator[0] == "/":
            return self.replaced(name, operator, at, depth)
        argument, at = self.until_end(at, depth=depth + 1, is_argument=True)
        if operator in (":-", ":=", "=", ":+", ":?"):
            value = self.value(name, has_default=True)
            return value or argument, at + 1
        value = self.value(name, has_default=False)
        if operator == ":":
            return _part(value, argument), at + 1
        return _stripped(value, operator, argument), at + 1

    def replaced(self, name: str, operator: str, at: int, depth: int) -> tuple[str, int]:
        """`${name/old/new}` and its relatives; `old` is literal, a backslash keeps a slash in it."""
        text, old = self.text, ""
        while at < len(text) and text[at] not in "/}":
            if text.startswith("\\/", at):
                at += 1
            old += text[at]
            at += 1
        if not text.startswith("/", at):
            raise SubstitutionError("bad substitution" if at < len(text) else "missing closing brace")
        new, at = self.until_end(at + 1, depth=depth + 1, is_argument=True)
        value = self.value(name, has_default=False)
        if operator == "//":
            return value.replace(old, new) if old else value, at + 1
        if operator == "/#":
            return (new + value[len(old) :] if value.startswith(old) else value), at + 1
        if operator == "/%":
            is_end = bool(old) and value.endswith(old)
            return (value[: len(value) - len(old)] + new if is_end else value), at + 1
        return value.replace(old, new, 1) if old else value, at + 1

    def value(self, name: str, *, has_default: bool) -> str:
        """The value of a variable, empty for none. Raises: SubstitutionError, when strict and nothing stands in."""
        found = self.variables.get(name)
        if found is None:
            if self.is_strict and not has_default:
                raise SubstitutionError(f'variable not set (strict mode): "{name}"')
            return ""
        return found


def _cased(value: str, operator: str) -> str:
    if operator == "^^":
        return value.upper()
    if operator == ",,":
        return value.lower()
    return (value[:1].upper() if operator == "^" else value[:1].lower()) + value[1:]


def _part(value: str, argument: str) -> str:
    """A substring, `start` or `start:length`; a negative start counts from the end, an unreadable number takes all."""
    first, colon, second = argument.partition(":")
    if not _NUMBER.fullmatch(first) or (colon and not _NUMBER.fullmatch(second)):
        return value
    start, length = int(first), int(second) if colon else len(value)
    if start < 0:
        start = max(len(value) + start, 0)
    if colon and length < 0:
        return value[start : max(len(value) + length, start)]
    return value[start : start + length]


def _stripped(value: str, operator: str, pattern: str) -> str:
    """A value without a prefix (`#`) or suffix (`%`) that matches a glob, the shortest or, doubled, the longest."""
    matches = re.compile(translate(pattern)).match
    lengths = range(len(value) + 1)
    ordered = reversed(lengths) if len(operator) == 2 else lengths
    for length in ordered:
        if operator[0] == "#" and matches(value[:length]):
            return value[length:]
        if operator[0] == "%" and matches(value[len(value) - length :]):
            return value[: len(value) - length]
    return value
