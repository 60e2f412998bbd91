"""Stopping a run from another thread or a signal handler."""

from __future__ import annotations

from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


class Cancellation:
    """A wish to stop. Any thread may call `cancel`; the run then starts nothing new and ends in order.

    `exit_code` is what the run shall end with: 130 after Ctrl-C, 143 after SIGTERM; `requested` says whether somebody asked.
    """

    def __init__(self) -> None:
        self.requested = False
        self.exit_code = 130
        # Not an `Event`: a signal may come while the same thread holds the lock of one, and setting it would never end.
        self._asked: SimpleQueue[None] = SimpleQueue()
        self._wake: Callable[[], None] | None = None

    def cancel(self, exit_code: int = 130) -> None:
        """Ask to stop."""
        if not self.requested:
            self.exit_code, self.requested = exit_code, True
            self._asked.put(None)
        wake = self._wake
        if wake is not None:
            wake()

    def on_cancel(self, wake: Callable[[], None] | None) -> None:
        """What wakes the run up; the run sets it, and takes it away."""
        self._wake = wake

    def wait(self, seconds: float) -> bool:
        """Sleep unless asked to stop; returns whether that is so."""
        try:
            self._asked.get(timeout=max(seconds, 0.0))
        except Empty:
            return self.requested
        self._asked.put(None)  # for whoever else sleeps
        return True
