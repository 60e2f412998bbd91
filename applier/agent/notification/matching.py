"""Which events an alert wants: by object, severity, and expressions over the message.

Source: notification-controller's event server; expressions are Go's (docs/adr/0045-match-expressions-in-linear-time.md).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from threading import Lock
from typing import TYPE_CHECKING, Any

import kbuild

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from applier.agent.notification.event import Event
    from applier.model.ids import Body

    Labels = Callable[[Event], Mapping[str, str]]

ALL = "*"
MAX_PATTERNS = 1_000


@dataclass(slots=True)
class Patterns:
    """Compiled expressions by their text. Safe to use from several threads: an expression grows while it matches."""

    _known: dict[str, kbuild.Regexp | None] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)

    def matches(self, pattern: str, text: str) -> bool | None:
        """Whether an expression matches somewhere in a text; None where it cannot be read."""
        with self._lock:
            if pattern not in self._known:
                if len(self._known) >= MAX_PATTERNS:
                    self._known.clear()
                self._known[pattern] = _compiled(pattern)
            found = self._known[pattern]
            return None if found is None else found.search(text)


@dataclass(slots=True)
class Verdict:
    """Whether an alert wants an event. Shape: `problems` are sentences about expressions that cannot be read."""

    is_wanted: bool
    problems: list[str] = field(default_factory=list)


def names_object(alert: Body, event: Event, labels: Labels) -> bool:
    """Whether an alert's sources name the object of an event. `labels` is asked only where labels decide."""
    spec, own = alert.get("spec") or {}, str(alert["metadata"]["namespace"])
    return any(_names(source, own, event, labels) for source in spec.get("eventSources") or ())


def _names(source: Mapping[str, Any], own: str, event: Event, labels: Labels) -> bool:
    if source.get("kind") != event.kind or (source.get("namespace") or own) != event.namespace:
        return False
    if source.get("name") != ALL:
        return source.get("name") == event.name
    wanted = source.get("matchLabels") or {}
    return not wanted or wanted.items() <= labels(event).items()


def wants_severity(spec: Mapping[str, Any], event: Event) -> bool:
    """Whether an alert's severity lets an event pass: `info` means everything."""
    wanted = spec.get("eventSeverity") or "info"
    return wanted in ("info", event.severity)


def wants_message(spec: Mapping[str, Any], message: str, patterns: Patterns) -> Verdict:
    """Whether the lists of an alert let a message pass; expressions that cannot be read count as absent."""
    verdict = Verdict(is_wanted=True)
    included = spec.get("inclusionList") or ()
    matching = [_found(pattern, message, patterns, verdict, "inclusion") for pattern in included]
    excluding = [
        _found(pattern, message, patterns, verdict, "exclusion") for pattern in spec.get("exclusionList") or ()
    ]
    verdict.is_wanted = (not included or any(matching)) and not any(excluding)
    return verdict


def _found(pattern: str, message: str, patterns: Patterns, verdict: Verdict, where: str) -> bool:
    found = patterns.matches(str(pattern), message)
    if found is None:
        verdict.problems.append(f"failed to compile {where} regex: {pattern}")
    return bool(found)


def _compiled(pattern: str) -> kbuild.Regexp | None:
    try:
        return kbuild.Regexp(pattern)
    except kbuild.ConfigurationError:
        return None
