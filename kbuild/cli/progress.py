"""A line on the terminal while a render takes long. A timer signal draws it, so that the work itself pays nothing."""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import FrameType

    from kbuild.counters import Counters

FIRST_S, EVERY_S = 1.0, 0.25


class Progress:
    """Draws what the counters say on standard error, from one second after `start` on; `stop` wipes it.

    Only a terminal gets it: logs, pipes and files stay as the reference's.
    """

    __slots__ = ("counters", "drawn", "ticks")

    def __init__(self, counters: Counters) -> None:
        self.counters, self.ticks, self.drawn = counters, 0, False

    def start(self) -> None:
        """Begin to draw."""
        import _signal

        _signal.signal(_signal.SIGALRM, self._tick)
        _signal.setitimer(_signal.ITIMER_REAL, FIRST_S, EVERY_S)

    def stop(self) -> None:
        """Draw no more and leave the line empty."""
        import _signal

        _signal.setitimer(_signal.ITIMER_REAL, 0)
        self.wipe()

    def wipe(self) -> None:
        """Take the line away, before something else is written."""
        if self.drawn:
            self.drawn = False
            os.write(2, b"\r\x1b[K")

    def _tick(self, _signal_number: int, _frame: FrameType | None) -> None:
        seconds = FIRST_S + EVERY_S * self.ticks
        self.ticks += 1
        self.drawn = True
        os.write(2, f"\r\x1b[K{sentence(self.counters, seconds)}".encode())


def sentence(counters: Counters, seconds: float) -> str:
    """One line, shorter than a narrow terminal: `rendering ... 3.2 s, 120 files, 80 merges`."""
    merges = f", {counters.merges} merges" if counters.merges else ""
    remotes = f", {counters.remotes} remote sources" if counters.remotes else ""
    return f"rendering ... {seconds:.0f} s, {counters.reads} files{remotes}{merges}"
