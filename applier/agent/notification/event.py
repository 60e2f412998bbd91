"""An event as controllers post it: read from JSON, told apart from its repetitions, written again as Go writes it.

Source: fluxcd/pkg `apis/event`, notification-controller's event key.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

ERROR, INFO, TRACE = "error", "info", "trace"
_INVOLVED = ("kind", "namespace", "name", "uid", "apiVersion", "resourceVersion", "fieldPath")
_NEWER = ("action", "relatedObject")  # what events of later controllers have besides


class EventError(ValueError):
    """A document that is no event."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One event. Shape: `involved` has the fields of an object reference; `newer` what only later controllers send."""

    involved: Mapping[str, str]
    severity: str
    timestamp: str
    message: str
    reason: str
    metadata: Mapping[str, str] = field(default_factory=dict)
    controller: str = ""
    instance: str = ""
    newer: Mapping[str, Any] = field(default_factory=dict)

    @property
    def kind(self) -> str:
        """The kind of the object."""
        return self.involved.get("kind", "")

    @property
    def namespace(self) -> str:
        """The namespace of the object."""
        return self.involved.get("namespace", "")

    @property
    def name(self) -> str:
        """The name of the object."""
        return self.involved.get("name", "")

    @property
    def group(self) -> str:
        """The API group of the object."""
        return self.involved.get("apiVersion", "").rpartition("/")[0]

    @property
    def label(self) -> str:
        """The object in messages: `kustomization/web.flux-system`."""
        return f"{self.kind.lower()}/{self.name}.{self.namespace}"

    @property
    def is_error(self) -> bool:
        """Whether it tells a failure."""
        return self.severity == ERROR

    def own(self, name: str) -> str | None:
        """The value of a metadata key of the object's API group."""
        return self.metadata.get(f"{self.group}/{name}")

    def with_metadata(self, metadata: Mapping[str, str]) -> Event:
        """The same event with other metadata."""
        return replace(self, metadata=metadata)

    def document(self) -> dict[str, Any]:
        """The event in the order of its fields; metadata sorted, left out when empty."""
        return {
            "involvedObject": {name: self.involved[name] for name in _INVOLVED if self.involved.get(name)},
            "severity": self.severity,
            "timestamp": self.timestamp,
            "message": self.message,
            "reason": self.reason,
            **({"metadata": dict(sorted(self.metadata.items()))} if self.metadata else {}),
            "reportingController": self.controller,
            **({"reportingInstance": self.instance} if self.instance else {}),
            **self.newer,
        }

    def key(self) -> str:
        """What tells it apart from other events; severity and reason do not."""
        parts = [
            "event",
            f"name={self.name}",
            f"namespace={self.namespace}",
            f"kind={self.kind}",
            f"message={self.message}",
        ]
        for name in ("originRevision", "revision", "token"):
            value = self.own(name)
            if value is not None:
                parts.append(f"{name}={value}")
        return hashlib.sha256("/".join(parts).encode("utf-8", "replace")).hexdigest()


def read(document: bytes) -> Event:
    """An event from its JSON. Raises: EventError."""
    try:
        found = json.loads(document)
    except ValueError as problem:
        raise EventError(str(problem)) from None
    return of(found)


def of(found: Any) -> Event:
    """An event from its decoded document. Raises: EventError."""
    if not isinstance(found, Mapping):
        raise EventError("the event is no object")
    return Event(
        involved=_texts(found, "involvedObject"),
        severity=_text(found, "severity"),
        timestamp=_time(found, "timestamp"),
        message=_text(found, "message"),
        reason=_text(found, "reason"),
        metadata=_texts(found, "metadata"),
        controller=_text(found, "reportingController"),
        instance=_text(found, "reportingInstance"),
        newer={name: found[name] for name in _NEWER if found.get(name)},
    )


def _text(found: Mapping[str, Any], name: str) -> str:
    value = found.get(name)
    if value is not None and not isinstance(value, str):
        raise EventError(f"{name} is no text")
    return value or ""


def _time(found: Mapping[str, Any], name: str) -> str:
    """A time in UTC and whole seconds, as Go writes it whatever it has read."""
    text = _text(found, name)
    try:
        when = datetime.fromisoformat(text)
    except ValueError:
        when = None
    if when is None or when.tzinfo is None:
        raise EventError(f"no time: {text!r}")
    return when.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _texts(found: Mapping[str, Any], name: str) -> dict[str, str]:
    value = found.get(name)
    if value is None:
        return {}
    if not isinstance(value, Mapping) or not all(isinstance(one, str) for one in value.values()):
        raise EventError(f"{name} is no map of texts")
    return dict(value)


def encoded(value: Any) -> bytes:
    """JSON as Go writes it: compact, with the signs escaped that HTML would read."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    for sign in "<>&\u2028\u2029":
        if sign in text:
            text = text.replace(sign, f"\\u{ord(sign):04x}")
    return text.encode("utf-8", "replace")
