"""Texts on the way through JSON: what the reference's YAML reader makes of a text that stands in JSON.

Source: Go encoding/json; go.yaml.in/yaml v2.4.2 scanner.
"""

from __future__ import annotations

from kbuild.model.errors import OutputError

_MAX_SIMPLE_KEY = 1024


def without_stray_octets(text: str) -> str:
    """A text as JSON carries it: every octet that is no UTF-8 (a lone surrogate here) becomes U+FFFD."""
    return "".join(["\ufffd" if "\ud800" <= char < "\ue000" else char for char in text])


def is_long_key(key: str) -> bool:
    """Whether a key is too long, as it stands in the JSON text, for the YAML reader behind it."""
    from kbuild.documents.gojson import quote

    return len(quote(key)) > _MAX_SIMPLE_KEY


def key_after_json(key: str) -> str:
    """A key of a JSON text as it is read. Raises: OutputError, where it cannot be."""
    breaks = key.count("\x85")
    if breaks:
        raise OutputError(f"yaml: line {breaks}: did not find expected ',' or '}}'")
    if is_long_key(key):
        raise OutputError("yaml: did not find expected ',' or '}'")
    return text_after_json(key)


def text_after_json(text: str) -> str:
    """A string of a JSON text as it is read. Raises: OutputError, for what YAML does not allow."""
    if text.isascii() and "\x7f" not in text:
        return text
    for char in text:
        if ("\x7f" <= char < "\xa0" and char != "\x85") or char in "\ufffe\uffff":
            raise OutputError("yaml: control characters are not allowed")
    return _fold_next_lines(text) if "\x85" in text else text


def _fold_next_lines(text: str) -> str:
    """A raw U+0085 inside a JSON string is a line break to the YAML reader, and folded. Raises: OutputError.

    What follows it stands at the begin of a line, where `--- ` and `... ` separate documents.
    """
    out, *pieces = text.split("\x85")
    last = len(pieces) - 1
    breaks = 0
    for at, piece in enumerate(pieces):
        if piece[:3] in ("---", "...") and (piece[3:4] == " " or (len(piece) == 3 and at < last)):
            raise OutputError(f"yaml: line {at + 2}: found unexpected document indicator")
        breaks += 1
        stripped = piece.lstrip(" ")
        if stripped or at == last:
            out = out.rstrip(" ") + (" " if breaks == 1 else "\n" * (breaks - 1)) + stripped
            breaks = 0
    return out
