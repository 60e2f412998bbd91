"""Texts on the way through JSON: what the reference's YAML reader makes of a text that stands in JSON.

Source: Go encoding/json; go.yaml.in/yaml v2.4.2 scanner.
"""

from __future__ import annotations

from kbuild.model.errors import OutputError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from kbuild.model.scalars import Json

_MAX_SIMPLE_KEY = 1024


class _BreakError(Exception):
    """What a raw U+0085 leads to, behind so many of them in one text."""

    def __init__(self, reason: str, text: str, breaks: int) -> None:
        super().__init__(reason)
        self.reason, self.text, self.breaks = reason, text, breaks


def after_json(value: Json) -> Json:
    """What is left after the text went through JSON and was read again as YAML. Raises: OutputError."""
    try:
        return _after_json(value)
    except _BreakError as error:
        before = 0
        for text in _texts(value):
            if text is error.text:
                break
            before += text.count("\x85")
        raise OutputError(f"yaml: line {before + error.breaks}: {error.reason}") from None


def _after_json(value: Json) -> Json:
    kind = type(value)
    if kind is dict:
        return {key_after_json(key): _after_json(item) for key, item in value.items()}
    if kind is list:
        return [_after_json(item) for item in value]
    if kind is int:
        return value if -(2**63) <= value < 2**64 else float(value)
    return text_after_json(value) if kind is str else value


def _texts(value: Json) -> Iterator[str]:
    """Keys and texts in the order in which JSON has them."""
    if type(value) is dict:
        for key, item in value.items():
            yield key
            yield from _texts(item)
    elif type(value) is list:
        for item in value:
            yield from _texts(item)
    elif type(value) is str:
        yield value


def without_stray_octets(text: str) -> str:
    """A text as JSON carries it: every octet that is no UTF-8 (a lone surrogate here) becomes U+FFFD."""
    return "".join(["\ufffd" if "\ud800" <= char < "\ue000" else char for char in text])


def is_long_key(key: str) -> bool:
    """Whether a key is too long, as it stands in the JSON text, for the YAML reader behind it."""
    from kbuild.documents.gojson import quote

    return len(quote(key)) > _MAX_SIMPLE_KEY


def key_after_json(key: str) -> str:
    """A key of a JSON text as it is read. Raises: OutputError or _BreakError, where it cannot be."""
    if "\x85" in key:
        text_after_json(key)
        raise _BreakError("did not find expected ',' or '}'", key, key.count("\x85"))
    if is_long_key(key):
        raise OutputError("yaml: did not find expected ',' or '}'")
    return text_after_json(key)


def text_after_json(text: str) -> str:
    """A string of a JSON text as it is read. Raises: OutputError or _BreakError, for what YAML does not allow."""
    if text.isascii() and "\x7f" not in text:
        return text
    for char in text:
        if ("\x7f" <= char < "\xa0" and char != "\x85") or char in "\ufffe\uffff":
            raise OutputError("yaml: control characters are not allowed")
    return _fold_next_lines(text) if "\x85" in text else text


def _fold_next_lines(text: str) -> str:
    """A raw U+0085 inside a JSON string is a line break to the YAML reader, and folded. Raises: _BreakError.

    What follows it stands at the begin of a line, where `--- ` and `... ` separate documents.
    """
    out, *pieces = text.split("\x85")
    last = len(pieces) - 1
    breaks = 0
    for at, piece in enumerate(pieces):
        if piece[:3] in ("---", "...") and (piece[3:4] == " " or (len(piece) == 3 and at < last)):
            raise _BreakError("found unexpected document indicator", text, at + 2)
        breaks += 1
        stripped = piece.lstrip(" ")
        if stripped or at == last:
            out = out.rstrip(" ") + (" " if breaks == 1 else "\n" * (breaks - 1)) + stripped
            breaks = 0
    return out
