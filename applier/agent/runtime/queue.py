"""The work queue of a controller: each key once, never twice at the same time, later where asked, with back-off on failure.

Source: the semantics of client-go's rate-limiting work queue.
"""

from __future__ import annotations

import heapq
from dataclasses import dataclass, field
from threading import Condition
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

MIN_DELAY_S, MAX_DELAY_S = 0.75, 900.0


class Key(NamedTuple):
    """An object by namespace and name."""

    namespace: str
    name: str

    def __str__(self) -> str:
        """`namespace/name`."""
        return f"{self.namespace}/{self.name}"


@dataclass(slots=True)
class Queue:
    """Keys that wait to be worked on. Safe to use from several threads.

    Units: `monotonic` gives seconds; delays are seconds. A key that is added while it is worked on is handed out again
    once `done` is told. Of several delayed additions of a key the earliest counts.
    """

    monotonic: Callable[[], float]
    min_delay_s: float = MIN_DELAY_S
    max_delay_s: float = MAX_DELAY_S
    _ready: dict[Key, float] = field(default_factory=dict)
    _due: dict[Key, float] = field(default_factory=dict)
    _heap: list[tuple[float, Key]] = field(default_factory=list)
    _working: set[Key] = field(default_factory=set)
    _again: set[Key] = field(default_factory=set)
    _failures: dict[Key, int] = field(default_factory=dict)
    _changed: Condition = field(default_factory=Condition)
    _closed: bool = False

    def add(self, key: Key) -> None:
        """Have a key worked on as soon as possible."""
        with self._changed:
            self._due.pop(key, None)
            self._make_ready(key)

    def add_after(self, key: Key, seconds: float) -> None:
        """Have a key worked on after a while, unless it is sooner anyway."""
        if seconds <= 0:
            self.add(key)
            return
        at = self.monotonic() + seconds
        with self._changed:
            if key in self._ready or at >= self._due.get(key, at + 1):
                return
            self._due[key] = at
            heapq.heappush(self._heap, (at, key))
            self._changed.notify()

    def add_limited(self, key: Key) -> float:
        """Have a key worked on after a delay that doubles with each failure in a row; returns the delay."""
        with self._changed:
            failures = self._failures.get(key, 0)
            self._failures[key] = failures + 1
        delay = float(min(self.min_delay_s * 2.0 ** min(failures, 40), self.max_delay_s))
        self.add_after(key, delay)
        return delay

    def forget(self, key: Key) -> None:
        """Forget the failures of a key."""
        with self._changed:
            self._failures.pop(key, None)

    def drop(self, key: Key) -> None:
        """Forget a key whose object is gone: its failures, and when it was due."""
        with self._changed:
            self._failures.pop(key, None)
            self._due.pop(key, None)

    def get(self) -> Key | None:
        """The next key, or None once the queue is closed. Waits."""
        with self._changed:
            while not self._closed:
                wait = self._promote()
                if self._ready:
                    key = next(iter(self._ready))
                    del self._ready[key]
                    self._working.add(key)
                    return key
                self._changed.wait(wait)
            return None

    def done(self, key: Key) -> None:
        """Tell that the work on a key has ended."""
        with self._changed:
            self._working.discard(key)
            if key in self._again:
                self._again.discard(key)
                self._make_ready(key)

    def close(self) -> None:
        """Hand out nothing more."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def depth(self) -> int:
        """How many keys wait to be handed out."""
        with self._changed:
            return len(self._ready)

    def _make_ready(self, key: Key) -> None:
        if key in self._working:
            self._again.add(key)
        elif key not in self._ready:
            self._ready[key] = 0.0
            self._changed.notify()

    def _promote(self) -> float | None:
        """Make every key ready that is due; returns the seconds until the next one."""
        now = self.monotonic()
        while self._heap:
            at, key = self._heap[0]
            if self._due.get(key) != at:
                heapq.heappop(self._heap)
            elif at <= now:
                heapq.heappop(self._heap)
                del self._due[key]
                self._make_ready(key)
            else:
                return at - now
        return None
