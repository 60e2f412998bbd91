"""Streams of JSON documents, as tools write them, read by the interpreter's own JSON scanner.

It takes only what a YAML reader reads in the same way beyond doubt, and leaves everything else to that.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

MARKER = "---\n"
_LONG_KEY, _LONG_NUMBER = 500, 18


class _Declined(Exception):  # noqa: N818 - it says that something else must read the text, and is no error
    """Not plain enough."""


class _Decoder:
    """What the scanner wants to know: maps get their keys sorted, unusual numbers are declined."""

    __slots__ = ()
    strict = True
    object_hook = None

    def object_pairs_hook(self, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        """A map with sorted keys, each there once, short and no merge key. Raises: _Declined."""
        found = dict(sorted(pairs)) if len(pairs) > 1 else dict(pairs)
        if len(found) != len(pairs) or "<<" in found or (found and len(max(found, key=len)) > _LONG_KEY):
            raise _Declined
        return found

    def parse_int(self, text: str) -> int:
        """Raises: _Declined, for what may be beyond 64 bits, and for a zero with a sign."""
        if len(text) > _LONG_NUMBER or text == "-0":
            raise _Declined
        return int(text)

    def parse_float(self, _text: str) -> float:
        """Raises: _Declined: floats are printed by rules of their own."""
        raise _Declined

    parse_constant = parse_float


def read(text: str) -> list[tuple[dict[str, Any], int]] | None:
    """The documents of a text that holds JSON objects alone, separated by `---`, each with the 1-based line
    at which its chunk starts (a first marker is part of it).

    None for every other text, right or wrong.
    """
    at, start = len(MARKER) if text.startswith(MARKER) else 0, 0
    if not text.startswith("{", at) or not _is_plain(text):
        return None
    try:
        from _json import make_scanner
    except ImportError:
        return None
    scan = make_scanner(_Decoder())  # type: ignore[arg-type]
    found: list[tuple[dict[str, Any], int]] = []
    line = 1
    try:
        while text.startswith("{", at):
            body, end = scan(text, at)
            found.append((body, line))
            behind = end
            while text.startswith("\n", behind):
                behind += 1
            if behind == len(text):
                return found
            if behind == end or not text.startswith(MARKER, behind):
                return None
            behind += len(MARKER)
            line += text.count("\n", start, behind)
            at = start = behind
    except (_Declined, StopIteration, ValueError, TypeError, RecursionError, SystemError, AttributeError):
        pass
    return None


def _is_plain(text: str) -> bool:
    """Whether a text is ASCII without tabs, controls and escapes that YAML lacks or reads otherwise, no line starting with a colon."""
    if not text.isascii() or "\\u" in text or "\\/" in text:
        return False
    dense = text.replace(" ", "")
    return "\n:" not in dense and dense.replace("\n", "").isprintable()
