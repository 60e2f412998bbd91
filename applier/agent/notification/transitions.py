"""Failures and recoveries in pairs, for alerts that ask for it: told once when an object fails, once when it is well again.

Beyond Flux, where a failure repeats itself and no recovery follows. The state outlives the process.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field, replace
from threading import Lock
from typing import TYPE_CHECKING, Any

from applier import keys
from applier.agent.notification.event import INFO
from applier.agent.runtime.durations import text_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from applier.agent.notification.event import Event
    from applier.model.ids import Body

MAX_FAILING = 10_000
SUCCEEDED, NEW_ARTIFACT = "Succeeded", "NewArtifact"


def are_wanted(alert: Body) -> bool:
    """Whether an alert asks for failures and recoveries in pairs."""
    return (alert["metadata"].get("annotations") or {}).get(keys.NOTIFY) == keys.TRANSITIONS


def is_success(event: Event) -> bool:
    """Whether an event tells that all is well with its object."""
    return event.severity == INFO and (event.reason.endswith(SUCCEEDED) or event.reason == NEW_ARTIFACT)


@dataclass(slots=True)
class Transitions:
    """Which objects have failed, for which alert. Safe to use from several threads. Units: seconds since 1970."""

    path: Path
    note: Callable[[str], None]
    _failing: dict[str, dict[str, Any]] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)

    def open(self) -> None:
        """Take up what an earlier process knew."""
        try:
            found = json.loads(self.path.read_bytes())
        except (OSError, ValueError):
            return
        if isinstance(found, dict):
            self._failing = {name: state for name, state in found.items() if _is_state(state)}

    def is_known(self, alert: Body, event: Event) -> bool:
        """Whether a failure was told already: the same reason at the same revision."""
        with self._lock:
            state = self._failing.get(_key(alert, event))
        return state is not None and (state["reason"], state["revision"]) == (event.reason, event.own("revision") or "")

    def failed(self, alert: Body, event: Event, now_s: float) -> None:
        """Remember that a failure was told."""
        key = _key(alert, event)
        with self._lock:
            since_s = self._failing.get(key, {}).get("since", now_s)
            if len(self._failing) >= MAX_FAILING:
                self._failing.pop(next(iter(self._failing)))
            self._failing[key] = {"reason": event.reason, "revision": event.own("revision") or "", "since": since_s}
            self._write()

    def recovered(self, alert: Body, event: Event, now_s: float) -> Event | None:
        """The event to tell where an object's failure is over, None where none was told."""
        with self._lock:
            state = self._failing.pop(_key(alert, event), None)
            if state is None:
                return None
            self._write()
        taken = text_of(float(round(max(now_s - state["since"], 0.0))))
        return replace(event, message=f"Recovered from {state['reason']} after {taken}: {event.message}")

    def _write(self) -> None:
        draft = self.path.with_suffix(".new")
        try:
            descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with os.fdopen(descriptor, "wb") as file:
                file.write(json.dumps(self._failing).encode())
            draft.replace(self.path)
        except OSError as problem:
            self.note(f"failures are remembered in memory only: {problem.strerror}")


def _is_state(state: Any) -> bool:
    return (
        isinstance(state, dict)
        and isinstance(state.get("since"), (int, float))
        and {"reason", "revision"} <= state.keys()
    )


def _key(alert: Mapping[str, Any], event: Event) -> str:
    metadata = alert["metadata"]
    return "/".join((str(metadata["namespace"]), str(metadata["name"]), event.kind, event.namespace, event.name))
