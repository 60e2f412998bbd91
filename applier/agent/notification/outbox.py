"""Notifications that are not delivered yet: on disk as well as in memory, so that a killed process loses none.

One file for each, written before its event is acknowledged and removed after its delivery. A process that dies in between
delivers once more: at least once, not exactly once. No credential is in the files; those are read at delivery.
"""

from __future__ import annotations

import json
import os
from collections import deque
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any

from applier.agent.notification import event as events
from applier.agent.runtime.queue import Key

if TYPE_CHECKING:
    from collections.abc import Callable

    from applier.agent.notification.event import Event

SUFFIX = ".json"
MAX_WAITING = 10_000


@dataclass(slots=True)
class Letter:
    """One notification for one alert.

    Shape: `event` has its final metadata; `provider` and `alert` are names in `namespace`; `number` orders them.
    Units: `since_s` seconds since 1970. `attempts` and `rounds` count since this process knows it.
    """

    namespace: str
    alert: str
    provider: str
    event: Event
    since_s: float
    status_id: str = ""
    number: int = 0
    attempts: int = 0
    rounds: int = 0
    round_began_s: float = 0.0

    @property
    def lane(self) -> Key:
        """Letters of one lane go out one after the other: one alert, one object."""
        subject = f"{self.event.kind}/{self.event.namespace}/{self.event.name}"
        return Key(f"{self.namespace}/{self.provider}", f"{self.alert}/{subject}")

    def document(self) -> dict[str, Any]:
        """What is written to disk."""
        return {
            "namespace": self.namespace, "alert": self.alert, "provider": self.provider, "since": self.since_s,
            "statusId": self.status_id, "event": self.event.document(),
        }  # fmt: skip


@dataclass(slots=True)
class Outbox:
    """Letters by lane. Safe to use from several threads. `note` hears of files that cannot be written or read."""

    folder: Path
    note: Callable[[str], None]
    _lanes: dict[Key, deque[Letter]] = field(default_factory=dict)
    _next: int = 1
    _count: int = 0
    _lock: Lock = field(default_factory=Lock)

    def open(self) -> list[Key]:
        """Take up what an earlier process left; returns the lanes that have letters."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            names = sorted(path.name for path in self.folder.iterdir())
        except OSError as problem:
            self.note(f"notifications cannot be kept on disk: {problem.strerror}")
            return []
        for name in names:
            letter = self._read(name) if name.endswith(SUFFIX) else None
            if letter is None:
                (self.folder / name).unlink(missing_ok=True)
                continue
            self._next = max(self._next, letter.number + 1)
            self._lanes.setdefault(letter.lane, deque()).append(letter)
            self._count += 1
        return list(self._lanes)

    def add(self, letter: Letter) -> int:
        """Keep a letter; returns how many its lane has now, 0 where there is no room for more."""
        with self._lock:
            if self._count >= MAX_WAITING:
                return 0
            letter.number, self._next = self._next, self._next + 1
            self._count += 1
            # Inside of the lock: a letter that is on its way out must be on disk, or it comes back after a restart.
            self._write(letter)
            waiting = self._lanes.setdefault(letter.lane, deque())
            waiting.append(letter)
            return len(waiting)

    def first(self, lane: Key) -> Letter | None:
        """The oldest letter of a lane."""
        with self._lock:
            found = self._lanes.get(lane)
            return found[0] if found else None

    def remove(self, letter: Letter) -> bool:
        """Forget a lane's oldest letter, which is delivered or given up; returns whether there are more in its lane."""
        with self._lock:
            waiting = self._lanes[letter.lane]
            waiting.popleft()
            self._count -= 1
            if not waiting:
                del self._lanes[letter.lane]
        try:
            self._path(letter).unlink(missing_ok=True)
        except OSError as problem:
            self.note(f"a delivered notification cannot be removed from disk: {problem.strerror}")
        return bool(waiting)

    def count(self) -> int:
        """How many letters wait."""
        return self._count

    def _path(self, letter: Letter) -> Path:
        return self.folder / f"{letter.number:016d}{SUFFIX}"

    def _write(self, letter: Letter) -> None:
        path = self._path(letter)
        draft = path.with_suffix(".new")
        try:
            descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with os.fdopen(descriptor, "wb") as file:
                file.write(json.dumps(letter.document()).encode())
            draft.replace(path)
        except OSError as problem:
            self.note(f"a notification is kept in memory only: {problem.strerror}")

    def _read(self, name: str) -> Letter | None:
        try:
            found = json.loads((self.folder / name).read_bytes())
            return Letter(
                namespace=str(found["namespace"]), alert=str(found["alert"]), provider=str(found["provider"]),
                event=events.of(found["event"]), since_s=float(found["since"]), status_id=str(found["statusId"]),
                number=int(name.removesuffix(SUFFIX)),
            )  # fmt: skip
        except (OSError, ValueError, KeyError, TypeError) as problem:
            self.note(f"a kept notification cannot be read: {type(problem).__name__}")
            return None
