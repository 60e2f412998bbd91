"""Time as a capability: what reads the clock or sleeps is handed one, so that tests need neither."""

from __future__ import annotations

import time
from typing import Protocol

BACKOFF_FIRST_S, BACKOFF_MAX_S, RETRY_AFTER_MAX_S = 0.2, 10.0, 30.0


class Clock(Protocol):
    """Reads the time and waits."""

    def monotonic(self) -> float:
        """Seconds from some moment on."""

    def sleep(self, seconds: float) -> None:
        """Wait."""

    def now(self) -> float:
        """Seconds since 1970."""


class SystemClock:
    """The clock of the machine."""

    def monotonic(self) -> float:
        """Seconds from some moment on."""
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        """Wait."""
        time.sleep(seconds)

    def now(self) -> float:
        """Seconds since 1970."""
        return time.time()


def backoff_s(attempt: int, retry_after_s: float, spread: float) -> float:
    """How long to wait before a request is repeated for the `attempt`-th time (from 1).

    `spread` is a number from 0 to 1 that spreads clients apart: twenty per cent up or down. What the server asked for
    wins, up to half a minute.
    """
    if retry_after_s > 0:
        return min(retry_after_s, RETRY_AFTER_MAX_S) * (1 + 0.1 * spread)
    delay = min(BACKOFF_FIRST_S * 2.0 ** (attempt - 1), BACKOFF_MAX_S)
    return float(delay * (0.8 + 0.4 * spread))


def utc_text(seconds: float, *, micro: bool = False) -> str:
    """RFC 3339 in UTC, with six digits of a second where asked for (as a Lease has them)."""
    text = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds))
    return f"{text}.{int(seconds % 1 * 1_000_000):06d}Z" if micro else f"{text}Z"
