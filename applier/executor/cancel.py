"""Stopping a run from another thread or a signal handler."""

from __future__ import annotations

from threading import Event
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


class Cancellation:
    """A wish to stop. Any thread may call `cancel`; the run then starts nothing new and ends in order.

    `exit_code` is what the run shall end with: 130 after Ctrl-C, 143 after SIGTERM.
    """

    def __init__(self) -> None:
        self._event = Event()
        self._wake: Callable[[], None] | None = None
        self.exit_code = 130

    @property
    def requested(self) -> bool:
        """Whether somebody asked to stop."""
        return self._event.is_set()

    def cancel(self, exit_code: int = 130) -> None:
        """Ask to stop."""
        if not self._event.is_set():
            self.exit_code = exit_code
            self._event.set()
        wake = self._wake
        if wake is not None:
            wake()

    def on_cancel(self, wake: Callable[[], None] | None) -> None:
        """What wakes the run up; the run sets it, and takes it away."""
        self._wake = wake

    def wait(self, seconds: float) -> bool:
        """Sleep unless asked to stop; returns whether that is so."""
        return self._event.wait(seconds)
