"""JSON text read token by token, and why it is none, in the words of Go's second JSON package.

Source: kube-openapi `internal/third_party/go-json-experiment/json`, `Decoder`.
"""

from __future__ import annotations

from kbuild.documents.json_scan import DIGITS, LITERALS, JsonError, bad, behind, blanks, inside, note, quoted, unquoted

_NAMES = {**LITERALS, '"': "string", "0": "number", "{": "{", "}": "}", "[": "[", "]": "]"}
_MISSING_NAME = "json: missing string for object name"
_MISMATCH = "json: mismatching structural token for object or array"


def kind_name(kind: str) -> str:
    """How the reference names a kind of token: it knows a character by its first octet."""
    if kind in _NAMES:
        return _NAMES[kind]
    octet = (kind or "\0").encode("utf-8", "surrogateescape")[:1]
    return f"<invalid json.Kind: {quoted(octet.decode('ascii', 'surrogateescape'))}>"


class _Level:
    """An object or array that is open. Shape: `names` are the names seen in an object, as they stand in the text."""

    __slots__ = ("is_object", "length", "names")

    def __init__(self, *, is_object: bool) -> None:
        self.is_object, self.length = is_object, 0
        self.names: set[str] = set()

    def wants_name(self) -> bool:
        """Whether a name comes next."""
        return self.is_object and self.length % 2 == 0

    def wants_value(self) -> bool:
        """Whether the value of a name comes next."""
        return self.is_object and self.length % 2 == 1


class Tokens:
    """A text and how far it has been read. Octets that are no UTF-8 stand in it as lone surrogates."""

    __slots__ = ("_at", "_text", "levels")

    def __init__(self, text: str) -> None:
        self._text, self._at = text, 0
        self.levels = [_Level(is_object=False)]

    def place(self) -> tuple[int, int]:
        """(depth, number of tokens at this depth)."""
        return len(self.levels), self.levels[-1].length

    def peek(self) -> str:
        """The kind of the next token: its first character, `0` for a number, `""` where there is none."""
        try:
            return self._find()[1]
        except JsonError:
            return ""

    def token(self) -> tuple[str, str]:
        """(kind, text) of the next token. Raises: JsonError."""
        at, kind = self._find()
        if kind in ("{", "}", "[", "]"):
            self._turn(kind)
            self._at = at + 1
            return kind, kind
        if kind not in _NAMES:
            raise bad(self._text, at, "at start of token")
        return self._take(at, kind)

    def value(self) -> tuple[str, str]:
        """(kind, text) of the next value, with all that is in it. Raises: JsonError."""
        at, kind = self._find()
        return self._take(at, kind)

    def skip(self) -> None:
        """Pass over the next value. Raises: JsonError."""
        if self.peek() not in ("{", "["):
            self.value()
            return
        depth = len(self.levels)
        self.token()
        while len(self.levels) > depth:
            self.token()

    def end(self) -> None:
        """Raise JsonError where there is anything but blanks left."""
        at = blanks(self._text, self._at)
        if at < len(self._text):
            raise bad(self._text, at, "after top-level value")

    def _find(self) -> tuple[int, str]:
        """Where the next token is, and its kind, behind the comma or colon that has to be there."""
        level, text = self.levels[-1], self._text
        at = blanks(self._text, self._at)
        if at == len(text):
            raise JsonError("EOF" if len(self.levels) == 1 else "unexpected EOF")
        found = text[at] if text[at] in ":," else ""
        if found:
            at = inside(self._text, at + 1)
        kind = "0" if text[at] == "-" or text[at] in DIGITS else text[at]
        needed = ""
        if level.wants_value():
            needed = ":"
        elif level.length and kind not in "}]" and len(self.levels) > 1:
            needed = ","
        if needed != found:
            if not needed:
                raise JsonError(f"json: invalid character {quoted(found)} before next token")
            what = "':' after object name" if needed == ":" else "',' after object or array value"
            raise JsonError(f"json: missing character {what}")
        return at, kind

    def _take(self, at: int, kind: str) -> tuple[str, str]:
        """Read a whole value, or a name."""
        end = behind(self._text, at)
        level, raw = self.levels[-1], self._text[at:end]
        if level.wants_name():
            if kind != '"':
                raise JsonError(_MISSING_NAME)
            note(level.names, raw)
        level.length += 1
        self._at = end
        return kind, raw

    def _turn(self, kind: str) -> None:
        """Open or close an object or array."""
        level = self.levels[-1]
        if kind in ("{", "["):
            if level.wants_name():
                raise JsonError(_MISSING_NAME)
            level.length += 1
            self.levels.append(_Level(is_object=kind == "{"))
            return
        if len(self.levels) == 1 or level.is_object != (kind == "}"):
            raise JsonError(_MISMATCH)
        if level.wants_value():
            raise JsonError("json: missing value after object name")
        self.levels.pop()


__all__ = ["JsonError", "Tokens", "kind_name", "unquoted"]
