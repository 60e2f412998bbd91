"""Octets in other encodings than UTF-8: text of UTF-16 that begins with its mark, as some shells and editors write it.

Source: go.yaml.in/yaml v3.0.3 `yaml_parser_determine_encoding`, `yaml_parser_update_buffer`.
"""

from __future__ import annotations

from kbuild.documents.tokens import bare_error

TYPE_CHECKING = False
if TYPE_CHECKING:
    from kbuild.model.errors import YamlError

_CODES = {b"\xff\xfe": "utf-16-le", b"\xfe\xff": "utf-16-be"}
_BLOCK = 512
_LOW = range(0xDC00, 0xE000)


class WideText(str):
    """The text of UTF-16 as far as it can be read. Shape: `problem` is the error about the octets behind it, if there are any."""

    __slots__ = ("problem",)
    problem: YamlError | None

    def block_start(self, bad: int) -> int:
        """The index of the first character of the block of octets that holds the one at `bad`."""
        octets = len(self[:bad].encode("utf-16-le"))
        return len(self.encode("utf-16-le")[: octets - octets % _BLOCK].decode("utf-16-le", "ignore"))


def wide_text(data: bytes) -> WideText | None:
    """The text of UTF-16 with a mark in front, which stays there; None for other octets."""
    code = _CODES.get(data[:2])
    if code is None:
        return None
    problem = None
    try:
        text = WideText(data.decode(code))
    except UnicodeDecodeError as error:
        text = WideText(data[: error.start].decode(code))
        problem = _problem(data[error.start :], code)
    text.problem = problem
    return text


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
