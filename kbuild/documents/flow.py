"""Flow collections (`{a: b}`, `[a, b]`) on one or more lines, JSON texts among them.

Source: go.yaml.in/yaml v3.0.3 scanner in flow context.
"""

from __future__ import annotations

from kbuild.documents.lines import Declined, check_rest, closing_quote, unquote
from kbuild.model.scalars import Scalar

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from kbuild.documents.reader import Typing

_NO_START = frozenset("-?:,[]{}#&*!|>'\"%@`")
_MAX_KEY = 1000


def flow(lines: list[str], at: int, text: str, typing: Typing, *, is_root: bool) -> tuple[Any, int]:
    """A flow collection that starts with `text` on a line, built anew, and the index of the line behind it.

    Raises: Declined, for anything unusual in it; only the document's root may be indented with tabs.
    """
    known = typing.flows.get(text)
    if known is not None:
        return known.copy(), at + 1
    reader = _Flow(lines, at, text, typing, is_root=is_root)
    value = reader.value()
    check_rest(reader.text[reader.at :].replace("\t", " "))
    if reader.line == at and is_flat(value):
        typing.flows[text] = value
        value = value.copy()
    return value, reader.line + 1


def is_flat(value: Any) -> bool:
    """Whether a collection holds nothing but scalars, which nobody changes in place."""
    for item in value.values() if type(value) is dict else value:
        if type(item) is dict or type(item) is list:
            return False
    return True


class _Flow:
    """A place in a flow collection: the text of its line, the index in it, the index of the line."""

    __slots__ = ("at", "is_root", "line", "lines", "text", "typing")

    def __init__(self, lines: list[str], line: int, text: str, typing: Typing, *, is_root: bool) -> None:
        self.lines, self.line, self.text, self.typing, self.is_root = lines, line, text, typing, is_root
        self.at = 0

    def next(self) -> str:
        """The first character of the next token, on this line or below. Raises: Declined, at the end of the text."""
        text, at = self.text, self.at
        while True:
            end = len(text)
            while at < end and text[at] in " \t":
                at += 1
            if at < end and text[at] != "#":
                self.text, self.at = text, at
                return text[at]
            if at < end and at and text[at - 1] not in " \t":
                raise Declined
            self.line += 1
            if self.line >= len(self.lines):
                raise Declined
            text, at = self.lines[self.line], 0
            if text.startswith(("---", "...", "%")) or (not self.is_root and "\t" in text):
                raise Declined

    def value(self) -> Any:
        """The value that starts here. Raises: Declined."""
        first = self.text[self.at]
        if first == "[":
            return self.list()
        if first == "{":
            return self.map()
        if first == "'":
            return self.typing.single(self.quoted())
        if first == '"':
            return self.typing.quoted(self.quoted())
        text = self.plain()
        value = self.typing.plain(text)
        # The reference quotes a plain text with a colon when it writes a flow collection, so a time loses its type.
        return text if ":" in text and type(value) is Scalar else value

    def quoted(self) -> str:
        """The text of the quoted scalar that starts here. Raises: Declined."""
        start = self.at
        end = closing_quote(self.text, start + 1)
        if end < 0:
            raise Declined
        self.at = end + 1
        return unquote(self.text[start : end + 1])

    def plain(self) -> str:
        """The text of the plain scalar that starts here, which ends on this line. Raises: Declined."""
        text, start = self.text, self.at
        if text[start] in _NO_START and (text[start] != "-" or text[start + 1 : start + 2] in ("", " ", "\t")):
            raise Declined
        end, count = start, len(text)
        while end < count and text[end] not in ",[]{}?":
            if text[end] == ":" and text[end + 1 : end + 2] in ("", " ", "\t"):
                break
            if text[end] == "#" and text[end - 1] == " ":
                break
            end += 1
        self.at = end
        plain = text[start:end].rstrip(" ")
        if "\t" in plain or text[end : end + 1] == "?":
            raise Declined
        return plain

    def list(self) -> list[Any]:
        """The rest of a list. Raises: Declined."""
        result: list[Any] = []
        self.at += 1
        while self.next() != "]":
            result.append(self.value())
            after = self.next()
            if after == ",":
                self.at += 1
            elif after != "]":
                raise Declined
        self.at += 1
        return result

    def map(self) -> dict[Any, Any]:
        """The rest of a map. Raises: Declined."""
        result: dict[Any, Any] = {}
        self.at += 1
        while self.next() != "}":
            key = self.key()
            self.next()
            value = self.value()
            if value is self.typing.null:
                value = self.typing.flow_null
            if key in result and not self.typing.last_wins:
                raise Declined
            result[key] = value
            after = self.next()
            if after == ",":
                self.at += 1
            elif after != "}":
                raise Declined
        self.at += 1
        return result

    def key(self) -> Any:
        """A key and its colon. Raises: Declined."""
        start, line = self.at, self.line
        is_quoted = self.text[start] in "\"'"
        key = self.quoted() if is_quoted else self.typing.key(self.plain())
        if key == "<<" or self.next() != ":" or self.line != line or self.at - start > _MAX_KEY:
            raise Declined
        self.at += 1
        return key
