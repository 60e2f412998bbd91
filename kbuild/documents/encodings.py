"""Octets in other encodings than UTF-8: text of UTF-16 that begins with its mark, as some shells and editors write it.

Source: go.yaml.in/yaml v3.0.3 `yaml_parser_determine_encoding`, `yaml_parser_update_buffer`.
"""

from __future__ import annotations

from kbuild.documents.tokens import bare_error

TYPE_CHECKING = False
if TYPE_CHECKING:
    from kbuild.model.errors import YamlError

_CODES = {b"\xff\xfe": "utf-16-le", b"\xfe\xff": "utf-16-be"}
_LOW = range(0xDC00, 0xE000)


def wide_text(data: bytes) -> str | None:
    """The text of UTF-16 with a mark in front, which stays there; None for other octets. Raises: YamlError."""
    code = _CODES.get(data[:2])
    if code is None:
        return None
    try:
        return data.decode(code)
    except UnicodeDecodeError as error:
        raise _problem(data[error.start :], code) from None


def readable(data: bytes) -> str:
    """A text to look for places in, whatever its encoding is; octets that cannot be read are replaced."""
    code = _CODES.get(data[:2])
    return data.decode(code or "utf-8", "replace")


def _problem(rest: bytes, code: str) -> YamlError:
    """The error about octets that begin with what is no character."""
    order = "little" if code == "utf-16-le" else "big"
    if len(rest) < 2:
        return bare_error("incomplete UTF-16 character")
    if int.from_bytes(rest[:2], order) in _LOW:  # type: ignore[arg-type]
        return bare_error("unexpected low surrogate area")
    if len(rest) < 4:
        return bare_error("incomplete UTF-16 surrogate pair")
    return bare_error("expected low surrogate area")
