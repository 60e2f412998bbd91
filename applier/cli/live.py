"""The live region on a terminal: what is running and waited for, and one line of counters, drawn over and over.

It writes to standard error alone and leaves nothing behind. Names come from a cluster, so what could move the cursor is escaped.
"""

from __future__ import annotations

import os
import time
from threading import Event as Flag
from threading import Lock, Thread
from typing import TYPE_CHECKING

from applier.model import events
from applier.model.changes import Outcome
from applier.report.safe_text import line as printable

if TYPE_CHECKING:
    from applier.model.events import Event
    from applier.model.ids import ObjectId

EVERY_S = 0.1
MOST_LINES = 15
_DIM, _RED, _PLAIN = "\x1b[2m", "\x1b[31m", "\x1b[0m"


class Live:
    """Draws the state of a run. `take` may be called from any thread, `start` and `stop` around the run."""

    def __init__(self, descriptor: int, *, colour: bool) -> None:
        self.descriptor, self.colour = descriptor, colour
        self.running: dict[ObjectId, tuple[float, str]] = {}
        self.waiting: dict[ObjectId, tuple[float, str]] = {}
        self.total = self.applied = self.failed = self.pruned = self.healthy = 0
        self._started = time.monotonic()
        self._drawn = 0
        self._lock = Lock()
        self._ended = Flag()

    def start(self) -> None:
        """Begin to draw."""
        Thread(target=self._draw_often, name="progress", daemon=True).start()

    def stop(self) -> None:
        """Take the region away."""
        self._ended.set()
        with self._lock:
            self._write(self._wiped())
            self._drawn = 0

    def above(self, line: str) -> None:
        """A line that stays, above the region."""
        with self._lock:
            self._write(self._wiped() + printable(line) + "\n")
            self._drawn = 0

    def take(self, event: Event) -> None:
        """An event of the run."""
        with self._lock:
            self._take(event)

    def _take(self, event: Event) -> None:
        if isinstance(event, events.Planned):
            self.total = event.total
        elif isinstance(event, events.Started):
            self.running[event.id] = (time.monotonic(), event.action)
        elif isinstance(event, events.Waiting):
            self.running.pop(event.id, None)
            since = self.waiting.get(event.id, (time.monotonic(), ""))[0]
            words = ": ".join(part for part in (event.reason, event.message) if part)
            self.waiting[event.id] = (since, f"{event.status} {words}")
        elif isinstance(event, events.Applied | events.Pruned | events.Skipped | events.Failed | events.Healthy):
            self.running.pop(event.id, None)
            self._count(event)

    def _count(self, event: events.Applied | events.Pruned | events.Skipped | events.Failed | events.Healthy) -> None:
        if isinstance(event, events.Applied):
            self.applied += 1
            return
        self.waiting.pop(event.id, None)
        self.failed += isinstance(event, events.Failed)
        self.healthy += isinstance(event, events.Healthy)
        self.pruned += isinstance(event, events.Pruned) and event.outcome is Outcome.PRUNED

    def _draw_often(self) -> None:
        while not self._ended.wait(EVERY_S):
            with self._lock:
                if not self._ended.is_set():
                    lines = self._lines()
                    self._write(self._wiped() + "".join(f"{line}\n" for line in lines))
                    self._drawn = len(lines)

    def _lines(self) -> list[str]:
        width = _width(self.descriptor)
        now = time.monotonic()
        rows = [(since, object_id, words) for object_id, (since, words) in self.waiting.items()]
        rows += [(since, object_id, words) for object_id, (since, words) in self.running.items() if now - since > 1]
        rows.sort()
        lines = [
            _cut(f"  {now - since:5.0f}s  {object_id}  {printable(words)}", width) for since, object_id, words in rows
        ]
        if len(lines) > MOST_LINES:
            more = len(lines) - MOST_LINES
            lines = [*lines[:MOST_LINES], f"         and {more} more"]
        return [*lines, self._painted(_cut(self._counters(now), width))]

    def _counters(self, now: float) -> str:
        if not self.total:
            return f"reading the cluster  {now - self._started:.1f}s"
        parts = [f"applied {self.applied}/{self.total}"]
        parts += [f"waiting {len(self.waiting)}"] if self.waiting else []
        parts += [f"pruned {self.pruned}"] if self.pruned else []
        return "  ".join([*parts, f"failed {self.failed}", f"{now - self._started:.1f}s"])

    def _painted(self, line: str) -> str:
        if not self.colour:
            return line
        return f"{_RED if self.failed else _DIM}{line}{_PLAIN}"

    def _wiped(self) -> str:
        return f"\x1b[{self._drawn}A\x1b[J" if self._drawn else ""

    def _write(self, text: str) -> None:
        try:
            os.write(self.descriptor, text.encode("utf-8", "backslashreplace"))
        except OSError:
            self._ended.set()


def _cut(line: str, width: int) -> str:
    return line if len(line) <= width else line[: width - 1] + "…"


def _width(descriptor: int) -> int:
    try:
        return max(os.get_terminal_size(descriptor).columns, 20)
    except OSError:
        return 80
