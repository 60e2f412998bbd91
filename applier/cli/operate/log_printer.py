"""Prints the lines of logs that are wanted, whole ones, from any number of threads."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from threading import Lock

from applier.cli.operate import log_lines


@dataclass(slots=True)
class Printer:
    """Prints the lines that are wanted. Safe to use from several threads."""

    wanted: log_lines.Wanted
    _lock: Lock = field(default_factory=Lock)

    def take(self, line: str | bytes) -> str:
        """Print a line if it is wanted; returns its time, empty for a line that is none of a controller's."""
        entry = log_lines.read(line)
        if entry is None:
            return ""
        if self.wanted.holds(entry):
            with self._lock:
                sys.stdout.write(log_lines.text(entry) + "\n")
                sys.stdout.flush()
        return str(entry.get("ts") or "")
