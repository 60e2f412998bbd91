"""The metadata of an event on its way to a provider: what is internal left out, the rest from four places made one map.

Source: notification-controller's event server, Flux RFC 0008.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from applier.agent.runtime.kinds import EVENT_PREFIX

if TYPE_CHECKING:
    from collections.abc import Mapping

    from applier.agent.notification.event import Event

INTERNAL = ("checksum", "digest", "token")
COMMIT_STATUS, UPDATE = "commit_status", "update"
COMMIT, CHANGE_REQUEST = f"{EVENT_PREFIX}commit", f"{EVENT_PREFIX}change_request"
REVISION_KEYS = ("commit", "originRevision", "revision")
CONFLICT = "metadata key conflicts detected (please refer to the Alert API docs and Flux RFC 0008 for more information)"


def is_status_update(event: Event) -> bool:
    """Whether an event is only there for the status of a commit."""
    return event.own(COMMIT_STATUS) == UPDATE


def combined(event: Event, spec: Mapping[str, Any]) -> tuple[dict[str, str], dict[str, str]]:
    """The metadata of an event for an alert's spec, and which keys came from several places, with their names."""
    prefix = f"{event.group}/"
    internal = {f"{prefix}{name}" for name in INTERNAL}
    seen = {name: value for name, value in event.metadata.items() if name not in internal}
    summary = str(spec.get("summary") or "")
    places: list[tuple[str, Mapping[str, str]]] = [
        ("involved object annotations", _below(seen, EVENT_PREFIX)),
        ("Alert object .spec.eventMetadata", spec.get("eventMetadata") or {}),
        ("Alert object .spec.summary", {"summary": summary} if summary else {}),
        ("involved object controller metadata", _below(seen, prefix)),
    ]
    found: dict[str, str] = {}
    origins: dict[str, list[str]] = {}
    for place, values in places:
        for name, value in values.items():
            found[name] = str(value)
            origins.setdefault(name, []).append(place)
    return found, {name: ", ".join(several) for name, several in origins.items() if len(several) > 1}


def _below(metadata: Mapping[str, str], prefix: str) -> dict[str, str]:
    return {name.removeprefix(prefix): value for name, value in metadata.items() if name.startswith(prefix)}
