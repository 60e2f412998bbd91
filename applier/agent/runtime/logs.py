"""JSON log lines on standard error, with the keys that Flux's controllers write and `logs` reads.

Secrets never get here: who logs hands in messages that are fit for people.
"""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass, field
from threading import Lock
from typing import TYPE_CHECKING, TextIO

from applier.clock import Clock, SystemClock, utc_text

if TYPE_CHECKING:
    from applier.agent.runtime.queue import Key

LEVELS = ("debug", "info", "error")


@dataclass(frozen=True, slots=True)
class Subject:
    """What a line is about: a kind, and the object."""

    controller: str
    group: str
    kind: str
    key: Key | None = None


@dataclass(slots=True)
class Log:
    """Writes lines of at least one level. Safe to use from several threads."""

    level: str = "info"
    out: TextIO = field(default_factory=lambda: sys.stderr)
    clock: Clock = field(default_factory=SystemClock)
    _lock: Lock = field(default_factory=Lock)

    def write(self, level: str, message: str, subject: Subject | None = None, **fields: object) -> None:
        """One line. `fields` are added as they are; None values are left out."""
        if LEVELS.index(level) < LEVELS.index(self.level):
            return
        now = self.clock.now()
        line: dict[str, object] = {
            "level": level,
            "ts": f"{utc_text(now)[:-1]}.{int(now % 1 * 1000):03d}Z",
            "msg": message,
        }
        if subject is not None:
            line |= {
                "controller": subject.controller,
                "controllerGroup": subject.group,
                "controllerKind": subject.kind,
            }
            if subject.key is not None:
                own = {"name": subject.key.name, "namespace": subject.key.namespace}
                line |= {subject.kind: own, **own}
        line |= {name: value for name, value in fields.items() if value is not None}
        text = json.dumps(line, ensure_ascii=False, default=str) + "\n"
        with self._lock:
            self.out.write(text)
            self.out.flush()
