"""Text of others made safe to print: names and messages come from servers and manifests and may hold anything."""

from __future__ import annotations

import re

_UNSAFE = "[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]"
_UNSAFE_IN_LINE = "[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]"


def line(text: str) -> str:
    """The text on one line: control characters, line ends and marks that turn the direction are written as escapes."""
    return text if text.isprintable() else re.sub(_UNSAFE_IN_LINE, _escape, text)


def lines(text: str) -> str:
    """The text with its line ends and tabs, everything else as in `line`."""
    return text if text.isprintable() else re.sub(_UNSAFE, _escape, text)


def _escape(match: re.Match[str]) -> str:
    return match.group().encode("unicode_escape").decode()


def shortened(text: str, width: int) -> str:
    """The text on one line of at most `width` characters."""
    whole = line(text)
    return whole if len(whole) <= width else f"{whole[: max(width - 1, 0)]}…"


def plural(count: int, word: str) -> str:
    """`1 object`, `2 objects`."""
    return f"{count} {word}{'' if count == 1 else 's'}"
