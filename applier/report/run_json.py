"""Events and change sets as JSON: stable keys, one line for each event, one document for a run."""

from __future__ import annotations

import json
from typing import Any

from applier.failures import Failure
from applier.model import events
from applier.model.changes import Change, ChangeSet
from applier.model.ids import ObjectId
from applier.model.plan import Action
from applier.records import names_of

VERSION = 1


def schema_line() -> str:
    """The first line of a stream of events."""
    return json.dumps({"type": "schema", "version": events.SCHEMA_VERSION})


def event_line(event: events.Event) -> str:
    """An event as one line. Objects are told in the text form that inventories use, and by their parts."""
    return json.dumps(event_document(event))


def event_document(event: events.Event) -> dict[str, Any]:
    """An event as plain values, its type first; what is empty is left out."""
    found: dict[str, Any] = {"type": event.type}
    for name in names_of(event):
        value = getattr(event, name)
        if name == "changes":
            found |= _end(value)
        elif name == "id":
            found |= _subject(value) if value is not None else {}
        elif name == "at_s" or value or value == 0:
            found[_camel(name)] = _plain(value)
    return found


def _end(changes: ChangeSet) -> dict[str, Any]:
    """The end of a run, without its objects: their events were told already."""
    document = changes_document(changes)
    del document["objects"], document["version"]
    document["counts"] = changes.counts()
    return document


def changes_json(changes: ChangeSet) -> str:
    """A run as one document."""
    return json.dumps(changes_document(changes), indent=2)


def changes_document(changes: ChangeSet) -> dict[str, Any]:
    """A run as plain values."""
    return {
        "version": VERSION,
        "run": changes.run,
        "inventory": changes.inventory,
        "result": changes.result,
        "exitCode": changes.exit_code,
        "durations": dict(changes.durations_s),
        "requests": dict(changes.requests),
        "warnings": list(changes.warnings),
        "objects": [change_document(change) for change in changes.changes],
        "errors": [
            *(error_document(change) for change in changes.changes if change.outcome.is_failure),
            *(failure_document(failure) for failure in changes.errors),
        ],
    }


def change_document(change: Change) -> dict[str, Any]:
    """One object's outcome as plain values."""
    return {
        **_subject(change.id),
        "action": change.action.value,
        "outcome": change.outcome.value,
        "reason": change.reason,
        "errorClass": change.error_class.value if change.error_class is not None else "",
        "message": change.message,
        "fields": list(change.fields),
        "uid": change.uid,
        "rv": change.resource_version,
        "durationMs": change.duration_ms,
        "waitedMs": change.waited_ms,
        "blockedBy": [one.text for one in change.blocked_by],
    }


def error_document(change: Change) -> dict[str, Any]:
    """One failure as plain values."""
    return {
        "id": change.id.text,
        "class": change.error_class.value if change.error_class is not None else "",
        "reason": change.reason,
        "message": change.message,
        "hint": change.hint,
        "position": change.position,
    }


def failure_document(failure: Failure) -> dict[str, Any]:
    """A failure of the run itself as plain values."""
    return {
        "id": "",
        "class": failure.error_class.value,
        "reason": failure.condition.reason,
        "message": failure.message,
        "hint": failure.advice,
        "position": "",
    }


def _subject(object_id: ObjectId) -> dict[str, str]:
    return {
        "id": object_id.text,
        "group": object_id.group,
        "kind": object_id.kind,
        "namespace": object_id.namespace,
        "name": object_id.name,
    }


def _plain(value: Any) -> Any:
    if isinstance(value, ObjectId):
        return value.text
    if isinstance(value, Action):
        return value.value
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    return dict(value) if isinstance(value, dict) else value


def _camel(name: str) -> str:
    """`at_s` is `atSeconds`, `duration_ms` `durationMs`."""
    first, *rest = name.split("_")
    words = ["Seconds" if word == "s" else word.capitalize() for word in rest]
    return first + "".join(words)
