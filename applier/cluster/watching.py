"""Ends a thread that reads a watch: the wish to end, and the one stream that is open at the moment."""

from __future__ import annotations

from threading import Event
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from applier.cluster.transport import Stream


class Watching:
    """What the thread that watches and whoever ends it share. Safe to use from both."""

    def __init__(self) -> None:
        self._ended = Event()
        self._stream: Stream | None = None

    @property
    def has_ended(self) -> bool:
        """Whether somebody asked to end."""
        return self._ended.is_set()

    def end(self) -> None:
        """Ask to end, and wake up whoever reads; the thread then goes away by itself."""
        self._ended.set()
        stream = self._stream
        if stream is not None:
            stream.close()

    def hold(self, stream: Stream) -> Stream:
        """From now on this stream is the one that is read; it is closed at once where the end was asked for meanwhile."""
        self._stream = stream
        if self._ended.is_set():
            stream.close()
        return stream

    def drop(self) -> None:
        """Close the stream that was read."""
        stream, self._stream = self._stream, None
        if stream is not None:
            stream.close()

    def wait(self, seconds: float) -> None:
        """Sleep unless asked to end."""
        self._ended.wait(seconds)
