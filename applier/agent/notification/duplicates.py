"""Events that came a short while ago are not taken again. In memory only, as Flux has it: a restart forgets."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field
from threading import Lock
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

WINDOW_S = 300.0
MAX_KEYS = 50_000


@dataclass(slots=True)
class Duplicates:
    """Keys of events with the time at which they came. Safe to use from several threads. Units: seconds."""

    monotonic: Callable[[], float]
    window_s: float = WINDOW_S
    _seen: OrderedDict[str, float] = field(default_factory=OrderedDict)
    _lock: Lock = field(default_factory=Lock)

    def is_new(self, key: str) -> bool:
        """Whether a key did not come within the window; from now on it has."""
        now = self.monotonic()
        with self._lock:
            while self._seen and (
                next(iter(self._seen.values())) <= now - self.window_s or len(self._seen) >= MAX_KEYS
            ):
                self._seen.popitem(last=False)
            if key in self._seen:
                return False
            self._seen[key] = now
            return True

    def forget(self, key: str) -> None:
        """Take a key as never come: its event could not be kept."""
        with self._lock:
            self._seen.pop(key, None)
