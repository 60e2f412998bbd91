"""A controller's JSON log line to a line for people, and which lines are wanted.

Source: flux2 v2.9 `logs`; the keys are those of controller-runtime's logger.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from applier.cli.operate import ages

if TYPE_CHECKING:
    from collections.abc import Mapping

Entry = dict[str, Any]
LEVELS = ("debug", "info", "error")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which lines are shown; empty for any, `since` in seconds since 1970."""

    level: str = ""
    kind: str = ""
    name: str = ""
    namespace: str = ""
    since: float = 0.0

    def holds(self, entry: Mapping[str, Any]) -> bool:
        """Whether a line is wanted; case does not matter."""
        fits = (
            (self.level, entry.get("level")),
            (self.kind, kind_of(entry)),
            (self.name, entry.get("name")),
            (self.namespace, entry.get("namespace")),
        )
        if any(want and want.lower() != str(have or "").lower() for want, have in fits):
            return False
        return not self.since or (ages.moment_of(str(entry.get("ts") or "")) or 0.0) >= self.since


def read(line: str | bytes) -> Entry | None:
    """The entry of a line; None for a line that is none."""
    if line[:1] not in ("{", b"{"):
        return None
    try:
        found = json.loads(line)
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


def kind_of(entry: Mapping[str, Any]) -> str:
    """The kind that a line is about, under its present and its former key."""
    return str(entry.get("controllerKind") or entry.get("reconciler kind") or "")


def text(entry: Mapping[str, Any]) -> str:
    """`<time> <level> <Kind>/<name>.<namespace> - <message> <error>`, without a line end.

    What an apply did (a text of the agent's, a map of Flux's controllers) stands behind the message.
    """
    subject = kind_of(entry)
    if entry.get("name"):
        subject += f"/{entry['name']}.{entry.get('namespace') or ''}"
    output = entry.get("output")
    done = "; ".join(output.splitlines()) if isinstance(output, str) else ""
    if isinstance(output, dict):
        done = "; ".join(f"{name} {word}" for name, word in output.items() if word != "unchanged")
    message = " ".join(filter(None, [str(entry.get("msg") or ""), done]))
    return f"{entry.get('ts')} {entry.get('level')} {subject} - {message} {entry.get('error') or ''}"
