"""Lines that the reference writes through its logger: they begin with a time stamp."""

from __future__ import annotations


def stamped(text: str) -> str:
    """The line with the local time in front. Source: Go `log`, standard flags."""
    from time import strftime

    return strftime("%Y/%m/%d %H:%M:%S ") + text
