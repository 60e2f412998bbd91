"""Standard output that may go away, and standard error for everything that is no data."""

from __future__ import annotations

import sys
from threading import Lock


class Output:
    """Writes text to one stream; after its reader went away, writes nothing and says nothing."""

    def __init__(self, descriptor: int) -> None:
        self._stream = sys.stdout if descriptor == 1 else sys.stderr
        self._lock = Lock()
        self.is_closed = False

    @property
    def is_terminal(self) -> bool:
        """Whether a person reads it."""
        try:
            return self._stream.isatty()
        except ValueError:
            return False

    def line(self, text: str) -> None:
        """One line, flushed."""
        self.write(text + "\n")

    def write(self, text: str) -> None:
        """Text as it is, flushed."""
        if self.is_closed:
            return
        with self._lock:
            try:
                self._stream.write(text)
                self._stream.flush()
            except (BrokenPipeError, ValueError):
                self.is_closed = True
            except UnicodeEncodeError:
                self._stream.write(text.encode("ascii", "backslashreplace").decode("ascii"))
